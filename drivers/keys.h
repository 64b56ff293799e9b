/* How a driver declares its own configuration keys, so that the trunk can check the file and print the help. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum driver_key_type { KEY_TEXT, KEY_INTEGER, KEY_NUMBER, KEY_FLAG, KEY_CHOICE };

struct driver_key {
	const char *name; /* snake_case with the unit: "txdelay_ms" */
	enum driver_key_type type;
	double min, max;            /* KEY_INTEGER and KEY_NUMBER; KEY_TEXT: max bytes */
	const char *fallback;       /* default as it would stand in the file; NULL = must be given */
	const char *const *choices; /* KEY_CHOICE: NULL-terminated */
	const char *help;           /* one line */
};

/* One value for each key, in the order of the table. text lives as long as the configuration. */
union driver_value {
	const char *text; /* KEY_TEXT, KEY_CHOICE */
	int64_t integer;
	double number;
	bool flag;
};
