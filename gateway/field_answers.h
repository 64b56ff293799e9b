/* Answers to the field in the running gateway: kept in a block of the store, spoken through outgoing, woken by a timer of their own. */
#pragma once

#include <systemd/sd-event.h>

#include "gateway/incident.h"
#include "gateway/outgoing.h"
#include "gateway/publisher.h"

struct field_answers;

/* Takes up what a former run kept. All is borrowed. NULL: out of memory. */
struct field_answers *field_answers_new(struct publisher *publisher, struct outgoing *outgoing,
					const struct incidents *incidents, sd_event *event);
/* Keeps what changed. Before store_close. NULL is allowed. */
void field_answers_free(struct field_answers *answers);

/* See answer.h; the clock is read here. radio: NULL = the panel. */
void field_answers_heard(struct field_answers *answers, const struct message *message,
			 const struct radio_settings *radio);
void field_answers_heard_again(struct field_answers *answers, const char *id);
/* An entry of the uplink is on disk, or the broker has it; a former run left it; it was given up for that reason. */
void field_answers_stored(struct field_answers *answers, const struct entry *entry);
void field_answers_found(struct field_answers *answers, const struct entry *entry);
void field_answers_lost(struct field_answers *answers, const struct entry *entry, const char *reason);

/* The id of the open incident that a message of that id counts to, or NULL. */
const char *field_answers_incident(const struct field_answers *answers, const char *id);
/* What kind of message that id was, KIND_NONE: nothing is known of it. */
enum message_kind field_answers_kind(const struct field_answers *answers, const char *id);
/* A level was given to an incident, or to the message of that id; as answer_level. */
void field_answers_incident_level(struct field_answers *answers, const char *incident, enum ack_level level,
				  int eta_min);
int field_answers_level(struct field_answers *answers, const char *id, enum ack_level level, int eta_min);

/* As answer_receipt. */
bool field_answers_receipt(struct field_answers *answers, struct receipt *receipt);

/* The store could be read only now. */
void field_answers_recall_late(struct field_answers *answers);
/* Call every few seconds. */
void field_answers_tick(struct field_answers *answers);
