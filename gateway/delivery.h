/* One message on its way to the field, frame by frame: which frame goes next, which have come, when it is repeated and when it is given
 * up. Pure: the clock is passed in. What was once rendered is repeated byte by byte, so that whoever heard it already knows it again. */
#pragma once

#include "drivers/air.h"
#include "gateway/entry.h"

struct delivery;

struct delivery_settings {
	int64_t ack_timeout_ms; /* for the acknowledgement, behind the last frame; longer with each repetition */
	unsigned retries;       /* repetitions without any progress before it is given up */
	/* What nobody acknowledges is sent so many times more, after that time, because what is lost cannot be known. */
	unsigned blind_repeats;
	int64_t blind_gap_ms;
};

enum delivery_stage {
	DELIVERY_SENDING,   /* a frame is to go */
	DELIVERY_AWAITING,  /* all went; until delivery_due_ms the acknowledgement is awaited, or its repetition */
	DELIVERY_SENT,      /* all went, and nobody can say more */
	DELIVERY_CONFIRMED, /* the addressee has all of it */
	DELIVERY_NO_ACK,    /* given up */
	DELIVERY_REJECTED,  /* the addressee has said that it does not take it */
};

/* Borrows the entry. id: utterance.id of its parts. NULL: out of memory. */
struct delivery *delivery_new(struct entry *entry, const struct air_plan *plan, uint16_t id);
void delivery_free(struct delivery *delivery);

enum delivery_stage delivery_stage(const struct delivery *delivery);
/* Whether anything of it was transmitted. */
bool delivery_begun(const struct delivery *delivery);

/* SENDING: what goes next, and its size. */
unsigned delivery_part(const struct delivery *delivery);
size_t delivery_size(const struct delivery *delivery);
/* The bytes of that frame, or NULL: it is to be rendered with *utterance first, and handed to delivery_rendered, which copies. -ENOMEM. */
const uint8_t *delivery_bytes(const struct delivery *delivery);
struct air_utterance delivery_utterance(const struct delivery *delivery);
int delivery_rendered(struct delivery *delivery, const struct air_utterance *utterance, const void *bytes, size_t size);

/* That frame is in the radio from now on. */
void delivery_started(struct delivery *delivery);
/* The frame in the radio was transmitted, its end at now_ms. jitter: 0 to 1, random: stretches the time waited by up to a half. */
void delivery_went(struct delivery *delivery, const struct delivery_settings *settings, int64_t now_ms, double jitter);
/* It could not be transmitted: whether it is to be tried again. */
bool delivery_failed(struct delivery *delivery, const struct delivery_settings *settings);

/* The addressee has spoken: it has all of it, or does not take it. */
bool delivery_is_settled(const struct delivery *delivery);

/* An acknowledgement was heard. False: it speaks of something else, or is not to be believed. */
bool delivery_heard(struct delivery *delivery, const struct message *message);
/* The modem itself says that the addressee has it. */
void delivery_confirm(struct delivery *delivery);
/* Whether it waits for its addressee, and not only for its repetition. */
bool delivery_is_confirmable(const struct delivery *delivery);
/* AWAITING: until when, and what if it is later than that. */
int64_t delivery_due_ms(const struct delivery *delivery);
void delivery_tick(struct delivery *delivery, const struct delivery_settings *settings, int64_t now_ms);

/* AWAITING: its time is over. */
void delivery_give_up(struct delivery *delivery);

struct delivery_progress {
	unsigned parts, parts_done; /* done: transmitted, or where that can be known, acknowledged */
	unsigned repeats;
};
struct delivery_progress delivery_progress(const struct delivery *delivery);
