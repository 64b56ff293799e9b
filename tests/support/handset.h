/* A station of the field as a whole: what the firmware of a handset would do with field frames. Says its messages, long ones in pieces;
 * repeats what is not acknowledged; hears what gateways say, answers it, and tells its user. Pure: clock, cipher and radio are passed in,
 * so that a benchmark may have many of them. Written from the rules in drivers/codec/field.h, and not from the gateway's code. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/codec/field.h"

struct handset;

struct handset_settings {
	uint16_t station;
	uint32_t first_counter;
	uint64_t seed; /* for what is random */
	int64_t
	    ack_timeout_ms; /* behind the end of a message; longer with each repetition, and up to half as long again by chance */
	int64_t quiet_ms; /* pieces break off: after this it says which have come */
	unsigned repeats; /* of what is not acknowledged */
};
struct handset_settings handset_defaults(uint16_t station);

/* What its user is told. Texts are valid until the call returns. */
struct handset_event {
	const char *what; /* "text", "alert", "rollcall", "ack", "pieces", "whole", "again", "given_up" */
	uint16_t from;    /* gateway; 0 where it is about the handset's own message */
	uint32_t counter; /* of what was heard, or of its own message */
	bool to_all;
	unsigned pieces; /* of the message: 1 = in one frame */
	int level;       /* ack: the level; 0 with "pieces" */
	int detail;      /* ack: minutes, or a code; "pieces": the bitmap; rollcall: its id; -1 = none */
	const char *text;
	size_t text_size;
};

struct handset_callbacks {
	void *context;
	field_cipher *seal, *open; /* called with context */
	int64_t (*airtime_ms)(void *context, size_t frame_size);
	void (*transmit)(void *context, const uint8_t *frame, size_t size);
	void (*told)(void *context, const struct handset_event *event);
	uint32_t (*wall_s)(void *context); /* Unix, 0 = not known */
};

/* NULL: out of memory. */
struct handset *handset_new(const struct handset_settings *settings, const struct handset_callbacks *callbacks);
void handset_free(struct handset *handset);

/* What it is to say: the body of a kind, at most FIELD_WHOLE_MAX bytes. ack_wanted: it is repeated until somebody has stored it. */
struct handset_words {
	uint8_t kind, status;
	bool position, ack_wanted;
	uint8_t body[FIELD_WHOLE_MAX];
	size_t size;
};
/* Queues a message; *counter: of its first frame. 0, -EMSGSIZE, -EBUSY (too much waits), or what the cipher said. */
int handset_say(struct handset *handset, const struct handset_words *words, int64_t now_ms, uint32_t *counter);
/* Its user has seen what came under that counter: says so to the gateway. 0, or as above. */
int handset_seen(struct handset *handset, uint32_t counter, int64_t now_ms);

/* A frame as its radio gives it. */
void handset_hear(struct handset *handset, const uint8_t *frame, size_t size, int64_t now_ms);

/* When something is to be done next, INT64_MAX = nothing; and does what is due. */
int64_t handset_due_ms(const struct handset *handset);
void handset_tick(struct handset *handset, int64_t now_ms);

/* Frames transmitted so far, and how many of them had been transmitted before. */
struct handset_counts {
	unsigned frames, repeats;
};
struct handset_counts handset_counts(const struct handset *handset);
