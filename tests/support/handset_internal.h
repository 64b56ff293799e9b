/* The parts of a handset: queue and clock (handset.c), what it says (handset_say.c), what it hears (handset_hear.c). */
#pragma once

#include "drivers/codec/field_bodies.h"
#include "tests/support/handset.h"

enum {
	QUEUE_MAX = 64,
	SAYINGS_MAX = 8,
	HEARD_MAX = 64,
	SETS_MAX = 2,
	ANSWER_DELAY_MS = 60, /* a radio that has just spoken needs a moment until it hears */
};

struct saying;

struct queued {
	uint8_t bytes[FIELD_FRAME_MAX];
	size_t size;
	int64_t at_ms;
	struct saying *saying; /* NULL = nobody waits for an answer to it */
	bool repeat;
};

/* A message of its own, until it is acknowledged. */
struct saying {
	bool used;
	unsigned total, queued, tries;
	bool wanted, stored; /* somebody has stored it */
	uint8_t have;        /* pieces that a gateway has; all of them where there is one frame */
	int64_t due_ms;      /* INT64_MAX = frames of it are still to go */
	uint32_t counters[FIELD_FRAGMENTS_MAX];
	size_t sizes[FIELD_FRAGMENTS_MAX];
	uint8_t frames[FIELD_FRAGMENTS_MAX][FIELD_FRAME_MAX];
};

/* What was heard, so that it is not told twice. */
struct heard_frame {
	bool used;
	uint16_t from, to;
	uint32_t counter;
};

/* A long message on its way here; a finished one stays until the next takes its place. */
struct set {
	bool used, finished;
	struct field_header header;
	uint16_t id;
	uint8_t total, have;
	int64_t since_ms, quiet_ms; /* quiet: INT64_MAX = nothing is to be said by itself */
	uint32_t counters[FIELD_FRAGMENTS_MAX];
	size_t sizes[FIELD_FRAGMENTS_MAX];
	uint8_t pieces[FIELD_FRAGMENTS_MAX][FIELD_BODY_MAX];
};

struct handset {
	struct handset_settings settings;
	struct handset_callbacks callbacks;
	uint64_t random;
	uint32_t counter;
	struct queued queue[QUEUE_MAX];
	size_t queue_count;
	int64_t free_ms; /* its radio transmits until then */
	struct saying sayings[SAYINGS_MAX];
	struct heard_frame heard[HEARD_MAX];
	size_t heard_next;
	struct set sets[SETS_MAX];
	struct handset_counts counts;
};

/* 0 to 1. */
double handset_chance(struct handset *handset);
/* Puts a frame into its queue, not to go before at_ms. False: no room. */
bool handset_queue(struct handset *handset, const struct queued *frame);
/* Writes, seals and queues one frame; *header gets its counter. 0, -EMSGSIZE, -EBUSY, or what the cipher said. */
int handset_frame(struct handset *handset, struct field_header *header, const uint8_t *body, size_t size,
		  struct queued *frame);

/* handset_say.c */
void saying_went(struct handset *handset, struct saying *saying, int64_t end_ms);
void saying_acknowledged(struct handset *handset, const struct field_header *header, const struct field_ack *ack,
			 int64_t now_ms);
void sayings_tick(struct handset *handset, int64_t now_ms);
int64_t sayings_due_ms(const struct handset *handset);
/* An ack of its own, soon. */
int handset_acknowledge(struct handset *handset, uint32_t counter, uint8_t level, uint8_t detail, int64_t now_ms);

/* handset_hear.c */
void sets_tick(struct handset *handset, int64_t now_ms);
int64_t sets_due_ms(const struct handset *handset);
