/* What to do about a device node that may not be opened. */
#pragma once

#include <stddef.h>

/* Words for EACCES and EPERM of that node: "permission denied. Add the user cresset to the group dialout." */
void rights_explain(const char *node, int error, char *text, size_t size);
