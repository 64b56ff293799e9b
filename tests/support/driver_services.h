/* A trunk for drivers under test: a clock that is set by hand, and a record of everything a driver does. */
#pragma once

#include "drivers/air.h"
#include "drivers/modem.h"

enum {
	RECORD_DATAGRAMS_MAX = 64,
	RECORD_BYTES_MAX = 4096,
	RECORD_DROPS_MAX = 64,
	RECORD_SENT_MAX = 16,
};

struct record_sent {
	enum send_result result;
	bool assumed;
	const char *code;
};

/* Counts go on when an array is full; the arrays keep the first entries. */
struct record {
	int64_t now_us, wall_ms, alarm_us;
	int write_result; /* what write() answers */

	uint8_t written[RECORD_BYTES_MAX];
	size_t written_size;

	/* datagrams, one after the other */
	uint8_t heard[RECORD_BYTES_MAX];
	size_t heard_sizes[RECORD_DATAGRAMS_MAX];
	size_t heard_size, heard_count;

	struct message message; /* the last one */
	size_t message_count;

	const char *drops[RECORD_DROPS_MAX];
	size_t drop_count;

	struct record_sent sent[RECORD_SENT_MAX];
	size_t sent_count;
};

/* Services that write into record, which must outlive them. */
struct services record_services(struct record *record);

/* Forgets what was done, keeps the clock and the answers. */
void record_clear(struct record *record);

/* How often this reason stands in the record. */
size_t record_drops(const struct record *record, const char *reason);

/* A driver with its state and values, set up as the trunk would. */
struct driver_under_test {
	const struct modem_ops *modem; /* one of the two is NULL */
	const struct air_ops *air;
	struct services services;
	union driver_value *values;
	void *state;
	int init_result;
};

/* A value that differs from the fall-back, as it would stand in the configuration. */
struct driver_setting {
	const char *name, *text;
};

/* Makes a driver with its fall-back values and these settings (ended by a NULL name; NULL = none) and calls its init.
 * An unknown driver or setting ends the program. Everything belongs to the caller, who gives it back with
 * driver_under_test_free. */
struct driver_under_test *modem_under_test(const char *name, struct record *record,
					   const struct driver_setting *settings);
struct driver_under_test *air_under_test(const char *name, struct record *record,
					 const struct driver_setting *settings);
void driver_under_test_free(struct driver_under_test *driver);
