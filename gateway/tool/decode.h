/* cresset decode: captures in, JSON lines out. */
#pragma once

/* `cresset decode --modem kiss|none --air aprs [--format hex|tnc2|raw] [FILE...]`. One JSON line for every message found and one
 * {"error","input"} for what cannot be decoded. Returns 0, 1 (something could not be decoded or read) or 2 (usage). */
int tool_decode(int argc, char **argv);
