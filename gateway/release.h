/* Puts every output line of the settings to its safe level, for `cressetd --release-lines`: after a crash the Pi's pins stay as the dead
 * process left them, a transmitter keyed and a siren on. */
#pragma once

/* What was not put back is logged, each line with its reason; a file with errors is used as far as it goes. Returns the exit code: 0 all
 * are at their safe levels (or there are none), 1 not. */
int release_lines(const char *settings_path);
