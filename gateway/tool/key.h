/* cresset key: makes and changes key files. */
#pragma once

/* `cresset key make|derive|export|rotate|revoke|list FILE ...`. Returns a tool_exit. */
int tool_key(int argc, char **argv);
