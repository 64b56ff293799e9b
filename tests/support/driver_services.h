/* A trunk for drivers under test: a clock that is set by hand, and a record of everything a driver does. */
#pragma once

#include "drivers/air.h"
#include "drivers/modem.h"

enum {
	RECORD_DATAGRAMS_MAX = 64,
	RECORD_BYTES_MAX = 4096,
	RECORD_DROPS_MAX = 64,
	RECORD_SENT_MAX = 16,
	RECORD_LINES_MAX = 8,
	RECORD_FINDINGS_MAX = 64,
	RECORD_COUNTERS_MAX = 256,
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

	struct message said_back; /* the last of them */
	size_t said_back_count;

	char heard_again[MESSAGE_ID_MAX]; /* the last of them */
	size_t heard_again_count;

	const char *drops[RECORD_DROPS_MAX];
	size_t drop_count;

	struct record_sent sent[RECORD_SENT_MAX];
	size_t sent_count;

	int lines[RECORD_LINES_MAX]; /* levels; a test sets the inputs, a driver the outputs; -ENODEV = not wired */
	size_t line_sets;            /* how often an output was set */
	const char *refused_key, *refused_why; /* the last refuse, NULL = none */
	unsigned baud;                         /* the last set_baud, 0 = none */
	size_t changes;                        /* calls of changed() */

	struct record_finding {
		char name[32], value[96];
	} findings[RECORD_FINDINGS_MAX];
	size_t finding_count;
	bool examined;           /* the examination ended */
	char examined_error[96]; /* with this */

	size_t unsafe; /* what unsafe() answers */

	/* Seals are not made but pretended: the text is inverted, the tag is a checksum over key epoch, station, nonce, associated data and
	 * plain text. A station in `revoked` opens only with epochs_back 1, one in `keyless` has no key. */
	uint16_t revoked, keyless; /* 0 = none */
	struct record_counter {
		uint16_t station;
		unsigned epochs_back;
		uint32_t counter;
	} taken
	    [RECORD_COUNTERS_MAX]; /* by take_counter, without any window: an equal one is -EEXIST, below `stale_below` -ESTALE */
	size_t taken_count;
	uint32_t stale_below;
	uint32_t next_counter; /* what next_counter gives next */
	bool counters_out;     /* next_counter answers -EAGAIN */
};

/* Services that write into record, which must outlive them. */
struct services record_services(struct record *record);

/* Forgets what was done, keeps the clock and the answers. */
void record_clear(struct record *record);
/* Whether as much was heard, dropped, sent, written and told, and the same bytes: so it must be in whatever pieces the input came. */
bool record_agrees(const struct record *one, const struct record *other);

/* Pretended seals for field_seal and field_open; record is the struct record. */
struct field_crypt;
int record_seal(void *record, struct field_crypt *crypt);
int record_open(void *record, struct field_crypt *crypt);

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
