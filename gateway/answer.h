/* What stations are told of their messages: each level of the design once it is true and not before, never a lower one after a higher
 * one. Pure: the clock is passed in, and what is said goes out by callbacks.
 *
 *   level                    when                                                            how
 *   STORED                   the message is on disk or with the broker, and its sender       field: ack frame; APRS: ack of the number,
 *                            asked for it, or it is DISTRESS or URGENT                       for alerts a text; meshes: a direct text
 *   BASE_SEEN ... CLOSED     a person or headquarters gave it                                ack frame, or text
 *   NOT_AUTHENTIC            a field frame in a known station's name did not prove it        ack frame
 *   EXPIRED                  STORED was said, and then headquarters could not be told        ack frame, or text
 */
#pragma once

#include "gateway/counters.h"
#include "gateway/json.h"
#include "gateway/origin.h"
#include "gateway/words.h"

struct answer;

struct answer_settings {
	enum words_language language;
	/* Check-ins are answered no sooner than this after they were heard. An ordinary one reaches the disk later than one under duress,
	 * and whoever looks over a shoulder must not see which it was. */
	int64_t settle_ms;
};

struct answer_callbacks {
	void *context;
	/* Puts it on its way; its class is the message's. radio: its name, or NULL = any that reaches the station. kept: it is worth a place on
	 * disk. 0 or negative errno; -ENODEV: there is no such radio. */
	int (*take)(void *context, const struct message *message, const char *radio, bool kept);
	/* What still waits of that id is not to be sent any more; an id that is not known is none of the callee's business. */
	void (*cancel)(void *context, const char *id);
	/* The table is to be kept: soon, or some time. */
	void (*changed)(void *context, bool soon);
	/* answer_due is to be called then, of the steady clock. */
	void (*due)(void *context, int64_t at_ms);
};

/* origins is borrowed. NULL: out of memory. */
struct answer *answer_new(const struct answer_settings *settings, const struct answer_callbacks *callbacks,
			  struct origins *origins, struct counters *counters);
void answer_free(struct answer *answer);

/* All times are of the steady clock. */

/* A message was heard for the first time, classified and entered into its incident, and is to be published. air: name of the air protocol
 * of that radio. What came by way of a broker or a gateway of another network, was said of somebody else, or by nobody who could be reached, is
 * passed over. */
void answer_heard(struct answer *answer, const struct message *message, const char *radio, const char *air,
		  int64_t now_ms);
/* The same transmission was heard once more: perhaps its sender did not hear the answer. */
void answer_heard_again(struct answer *answer, const char *id, int64_t now_ms);

/* The message of that id is on disk, or the broker has it. */
void answer_stored(struct answer *answer, const char *id, int64_t now_ms);
/* A former run has left it on disk: if its sender was not told so, that follows. */
void answer_found(struct answer *answer, const char *id, int64_t now_ms);
/* It is given up without headquarters having it. */
void answer_lost(struct answer *answer, const char *id, int64_t now_ms);

/* A level was given to the incident, or to a message that belongs to none. eta_min: -1 = not given. Whether a person may give it was asked
 * before. answer_level: 0, -ENOENT (nothing is known of that id), -EALREADY (that or a higher one was said). */
void answer_incident(struct answer *answer, const char *incident, enum ack_level level, int eta_min, int64_t now_ms);
int answer_level(struct answer *answer, const char *id, enum ack_level level, int eta_min, int64_t now_ms);

/* Something is to be said of a message of that station besides, once: no level, only this text, in the class of ordinary answers. 0 or what
 * take gave; -ENOENT. */
int answer_text(struct answer *answer, const char *id, const char *text, int64_t now_ms);

/* What became of an answer. Whether headquarters is to have this receipt: of DISTRESS and URGENT alone; receipt->ref is then what was
 * answered, valid until the next call. Other receipts are passed over: true. */
bool answer_receipt(struct answer *answer, struct receipt *receipt);

/* What waited for its time. */
void answer_due(struct answer *answer, int64_t now_ms);
