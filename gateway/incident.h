/* Open incidents: repeats of a distress are one incident with a count, and only a person closes it. Pure. */
#pragma once

#include "drivers/message.h"

struct incident {
	char id[MESSAGE_ID_MAX];           /* id of the first distress */
	char station[MESSAGE_STATION_MAX]; /* "" once UNVERIFIED ones of several stations were merged */
	char radio[MESSAGE_NAME_MAX];      /* that heard the first */
	enum message_status status;
	enum message_authenticity authenticity;
	enum ack_level level;               /* the highest given so far, ACK_STORED at first */
	char operator_id[MESSAGE_NAME_MAX]; /* of the last human level, "" = no person has seen it */
	uint32_t count;
	int64_t first_ms, last_ms, acknowledged_ms; /* acknowledged_ms: when the level was given, 0 = never */
	struct message_position position;           /* the last known */
	bool cancel_requested;
	bool covert; /* a check-in under duress: shown at the security desk and nowhere else */
};

struct incidents;

/* A table that is meant to hold `capacity` incidents (256 is plenty) and takes memory only for those that are open. */
struct incidents *incidents_new(size_t capacity);
void incidents_free(struct incidents *incidents);

/* Enters a distress (KIND_DISTRESS), or a check-in under duress (KIND_CHECKIN: covert), heard by that radio and sets message->incident and incident_count. It counts to the open
 * incident of the same station, status and authenticity, so that one that is not authentic never changes one that is, and
 * exercises never mix with Actual, nor covert ones with others. An UNVERIFIED one without such an incident counts to the one that the same radio opened
 * less than a minute before and that no person has acknowledged, whatever the station; its station is "" from then on. Otherwise an incident is opened.
 *
 * When all places are taken, one that is an exercise or test gives way, else one that is UNVERIFIED and was seen by a person, else
 * one that was seen by a person; of several the one not heard of for longest. If there is none, the table grows: what nobody
 * has seen is not dropped. Only beyond 16 times the capacity UNVERIFIED ones that nobody has seen give way too, oldest first.
 *
 * Returns the incident, valid until the next call that changes the table. NULL: out of memory; the message then stands for
 * itself, with its own id and a count of 1. */
const struct incident *incidents_enter(struct incidents *incidents, struct message *message, const char *radio,
				       int64_t now_ms);

/* Raises the level of an open incident. 0, -ENOENT (no such id), -EALREADY (that level or a higher one was given), -EINVAL (not one of
 * STORED to CLOSED; or a level that only a person can give, which is all but STORED and HQ_RECEIVED, without an operator_id of 1 to
 * 31 printable ASCII characters). A CLOSED incident leaves the table; *after (may be NULL) is filled first. */
int incidents_acknowledge(struct incidents *incidents, const char *id, enum ack_level level, const char *operator_id,
			  int64_t now_ms, struct incident *after);

/* The open incident that a message from the field may speak of by ref: the id of the incident, or of a repeat that was merged into it
 * ("f-17-4001" is of station "f-17"). It must be of the same status, and one that is not VERIFIED speaks only of those of its own kind;
 * UNVERIFIED of none. NULL: no such. */
const struct incident *incidents_of(const struct incidents *incidents, const struct message *message, const char *ref);

/* Marks that the field asked to cancel. It stays open: a person closes it. 0 or -ENOENT. */
int incidents_request_cancel(struct incidents *incidents, const char *id);

/* Open ones, in the order they were opened. */
size_t incidents_count(const struct incidents *incidents);
const struct incident *incidents_at(const struct incidents *incidents, size_t index);
/* How many gave way to others since the start: to be counted as drops. */
uint64_t incidents_given_way(const struct incidents *incidents);

/* A block of bytes to be kept across restarts, and back. The returned block is the caller's to free, NULL: out of memory. */
uint8_t *incidents_save(const struct incidents *incidents, size_t *size);
/* Into a table without incidents. A damaged or foreign block is refused whole: false, and the table stays empty. */
bool incidents_recall(struct incidents *incidents, const uint8_t *bytes, size_t size);
/* Adds what was saved to those already open, where the disk came late; one that is open under the same id stays as it is. false: damaged
 * or out of memory. */
bool incidents_merge(struct incidents *incidents, const uint8_t *bytes, size_t size);
