/* Messages and open incidents. */
#include "gateway/emergency.h"

#include <stdio.h>
#include <string.h>

#include "gateway/log.h"

struct emergency emergency_begin(struct publisher *publisher, struct remember *remember, struct counters *counters)
{
	return (struct emergency){.publisher = publisher,
				  .remember = remember,
				  .given_way = counters_get(counters, "route", "drop.incident_gave_way")};
}

static bool is_cancel(const struct message *message)
{
	return message->kind == KIND_ALERT && message->body_kind == KIND_ALERT &&
	       message->body.alert.type == ALERT_TYPE_CANCEL;
}

void emergency_refer(const struct emergency *emergency, struct message *message)
{
	const char *ref = is_cancel(message)                                ? message->body.alert.ref
			  : message->kind == KIND_ACK && message->ack.level ? message->ack.ref
									    : "";
	const struct incident *incident = incidents_of(remember_incidents(emergency->remember), message, ref);
	if (incident)
		snprintf(message->incident, sizeof(message->incident), "%s", incident->id);
}

void emergency_enter(struct emergency *emergency, struct message *message, const char *radio)
{
	struct incidents *incidents = remember_incidents(emergency->remember);
	if (message->kind != KIND_DISTRESS && !classify_is_covert(message))
		return;
	const struct incident *incident = incidents_enter(incidents, message, radio, message->received_at_ms);
	emergency->given_way->value = incidents_given_way(incidents);
	if (incident && incident->count == 1 && !incident->covert)
		log_notice("radio %s: distress heard (%s), incident %s", radio,
			   message_authenticity_name(message->authenticity), incident->id);
}

static const struct incident *find(const struct incidents *incidents, const char *id)
{
	for (size_t i = 0; i < incidents_count(incidents); i++)
		if (strcmp(incidents_at(incidents, i)->id, id) == 0)
			return incidents_at(incidents, i);
	return NULL;
}

/* Only asked for: a radio may have been taken, so a person closes it. */
static void request_cancel(struct emergency *emergency, const char *id)
{
	struct incidents *incidents = remember_incidents(emergency->remember);
	const struct incident *incident = find(incidents, id);
	if (!incident || incident->cancel_requested)
		return;
	incidents_request_cancel(incidents, id);
	publisher_incident(emergency->publisher, incident);
	remember_incidents_changed(emergency->remember, true);
}

void emergency_follow(struct emergency *emergency, const struct message *message)
{
	const struct incidents *incidents = remember_incidents(emergency->remember);
	bool covert = classify_is_covert(message), first = message->incident_count == 1;
	if (is_cancel(message) && message->incident[0])
		request_cancel(emergency, message->incident);
	if (message->kind != KIND_DISTRESS && !covert)
		return;
	/* Nobody looks among the check-ins for a distress. */
	const struct incident *incident = covert && first ? find(incidents, message->incident) : NULL;
	if (incident)
		publisher_incident(emergency->publisher, incident);
	/* After the publish: rendering the table of incidents is no reason to be late. */
	remember_incidents_changed(emergency->remember, first);
}
