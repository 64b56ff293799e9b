/* The transmit scheduler of one radio: which frame may begin now, and when to ask again. Pure: the clock (clock_steady_ms) is passed in.
 *
 * The order is that of schedule.h, with shares in airtime, and chosen anew for each frame. Over it are two gates:
 *   - the ledger: what the sub-band allows in any hour, with its reserve for DISTRESS and URGENT. While one of these waits for airtime
 *     nothing else goes, because it would eat what the alert waits for. Of the rest, the one that is next and waits keeps its place, so
 *     that short ones never overtake a long one for ever. Only SAFETY passes a ROUTINE or BULK that waits, on credit: the
 *     shares stay what they are.
 *   - the listening share: after an ordinary frame of airtime A, nothing of ROUTINE and BULK before another A * (1 / share - 1) has
 *     passed, so that the field can be heard between frames. SAFETY goes all the same, and what it sends counts, but
 *     never puts off a ROUTINE or BULK frame whose turn had come.
 * Exercises go only while nothing Actual waits, and never from the reserve, whatever their class.
 *
 * Nothing is taken out of the queues before it may begin: what waits can expire, be cancelled, or be passed by an alert until then. Carrier
 * sense, back-off, repeats and acknowledgements are the caller's. */
#pragma once

#include "gateway/ledger.h"
#include "gateway/schedule.h"

struct transmit;

struct transmit_settings {
	struct schedule_settings schedule; /* bounds and weights; cost and quantum are set here */
	struct ledger *ledger;             /* borrowed; NULL = no limit */
	double listening_share;            /* of the channel for ordinary traffic; 0 or 1 = all of it */
	/* Airtime of the entry's next frame. Asked often: keep it at hand. Below 0 counts as 0: sending will tell what is wrong. */
	int64_t (*airtime_us)(void *context, const struct entry *entry);
	/* Frames that an entry still takes, for estimates; NULL = one each. */
	unsigned (*frames)(void *context, const struct entry *entry);
	/* As in schedule.h, and with one reason more: "no_airtime", a frame longer than may ever be sent here. */
	schedule_drop_fn *drop;
	void *context; /* of all three */
};

struct transmit *transmit_new(const struct transmit_settings *settings);
/* Gives back the references of what is still in it. */
void transmit_free(struct transmit *transmit);

/* Another ledger from now on, NULL = no limit: the radio was set to another sub-band. */
void transmit_set_ledger(struct transmit *transmit, struct ledger *ledger);

/* As in schedule.h: a new entry; one that could not be sent at all, first again; one of which a frame went and more are to go, its
 * station behind the others; one that waits until a time. Each takes over the reference. After any of them, and after transmit_spent and
 * transmit_remove, ask transmit_take again. */
void transmit_put(struct transmit *transmit, struct entry *entry);
void transmit_give_back(struct transmit *transmit, struct entry *entry);
void transmit_return(struct transmit *transmit, struct entry *entry);
void transmit_hold(struct transmit *transmit, struct entry *entry, int64_t until_ms);
/* Takes this one out; its reference is the caller's again. False = it is not here. */
bool transmit_remove(struct transmit *transmit, struct entry *entry);

/* The entry whose next frame may begin now, its reference the caller's. NULL: nothing may, ask again at *again_ms (INT64_MAX = when
 * something comes). Lets expired ones go and held ones back, so that an exact time is kept without transmit_tick. */
struct entry *transmit_take(struct transmit *transmit, int64_t now_ms, int64_t *again_ms);
/* A frame of that entry is on the air from now_ms on, or at the latest since then: books it, at the ledger and for the listening share. */
void transmit_spent(struct transmit *transmit, const struct entry *entry, int64_t airtime_us, int64_t now_ms);

/* When the Actual DISTRESS or URGENT that is next will have airtime; now_ms: it has, or there is none; LEDGER_NEVER: never. */
int64_t transmit_alert_ms(struct transmit *transmit, int64_t now_ms);

/* The frame that was booked last, at booked_ms, began at really_ms, or INT64_MIN: was not transmitted, so that nobody listens for the sake of
 * it; see ledger_amend. */
void transmit_amend(struct transmit *transmit, const struct entry *entry, int64_t airtime_us, int64_t booked_ms,
		    int64_t really_ms);

/* Lets go of what has expired and puts back what was held. Call every few seconds. */
void transmit_tick(struct transmit *transmit, int64_t now_ms);

/* Whether an Actual DISTRESS or URGENT waits (held ones not counted). */
bool transmit_has_urgent(const struct transmit *transmit);
struct schedule_level transmit_level(const struct transmit *transmit, enum message_class class);
/* Every entry, waiting or held. Return false to stop. */
void transmit_each(const struct transmit *transmit, schedule_each_fn *each, void *context);

enum transmit_why {
	TRANSMIT_TURN,      /* others go before it, or it is next */
	TRANSMIT_AIRTIME,   /* for airtime that the sub-band allows */
	TRANSMIT_LISTENING, /* the channel is left to the field */
	TRANSMIT_HELD,      /* until the time it was held for */
};

/* About when an entry's next frame will begin if nothing new comes and the channel is free, and what it waits for most. at_ms INT64_MAX:
 * never. Return false to stop. */
typedef bool transmit_outlook_fn(void *context, const struct entry *entry, int64_t at_ms, enum transmit_why why);
/* Calls each for all of them: class by class, Actual before exercises, in each in the order in which they will go; what is held comes
 * last. Asks for the airtime of every one. */
void transmit_outlook(const struct transmit *transmit, int64_t now_ms, transmit_outlook_fn *each, void *context);
