/* Open incidents: repeats of a distress are one incident with a count, and only a person closes it. Pure. */
#pragma once

#include "drivers/message.h"

struct incident {
	char id[MESSAGE_ID_MAX];           /* id of the first distress */
	char station[MESSAGE_STATION_MAX]; /* "" once UNVERIFIED ones of several stations were merged */
	char radio[MESSAGE_NAME_MAX];
	enum message_status status;
	enum message_authenticity authenticity;
	enum ack_level level;               /* the highest given so far, ACK_STORED at first */
	char operator_id[MESSAGE_NAME_MAX]; /* of the last human level */
	uint32_t count;
	int64_t first_ms, last_ms;
	struct message_position position; /* the last known */
	bool cancel_requested;
};

struct incidents;
struct incidents *incidents_new(size_t capacity);
void incidents_free(struct incidents *incidents);

/* Enters a distress (KIND_DISTRESS) heard by that radio: opens an incident or counts it to the open one of its station; UNVERIFIED
 * ones of one radio within a minute go to one incident. Exercise and Actual never merge. Sets message->incident and
 * incident_count. Returns the incident; when all places are taken the oldest incident with the highest level gives way, and
 * if none was acknowledged the newest is still entered by widening. */
const struct incident *incidents_enter(struct incidents *incidents, struct message *message, const char *radio,
				       int64_t now_ms);

/* Raises the level of an open incident. 0, -ENOENT (no such id), -EALREADY (that level or a higher one was given). A CLOSED
 * incident leaves the table; *after (may be NULL) is filled first. */
int incidents_acknowledge(struct incidents *incidents, const char *id, enum ack_level level, const char *operator_id,
			  int64_t now_ms, struct incident *after);

size_t incidents_count(const struct incidents *incidents);
const struct incident *incidents_at(const struct incidents *incidents, size_t index);

/* A block of bytes to be kept across restarts, and back. The returned block is the caller's to free. */
uint8_t *incidents_save(const struct incidents *incidents, size_t *size);
bool incidents_recall(struct incidents *incidents, const uint8_t *bytes, size_t size);
