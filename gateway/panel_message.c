/* Messages of the panel. */
#include "gateway/panel_message.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#include "drivers/message_body.h"

/* Numbers of the design's enumerations that only pass through. */
enum {
	CERTAINTY_OBSERVED = 1,
	CATEGORY_SECURITY = 4,
	CATEGORY_INFRA = 10,
	RESPONSE_PREPARE = 3,
	RESPONSE_ASSESS = 7,
	RESPONSE_ALL_CLEAR = 8,
	SENSITIVITY_SECURITY = 3,
};

int panel_voice_begin(struct panel_voice *voice, const char *gateway)
{
	unsigned long long run;
	if (getrandom(&run, sizeof(run), 0) != sizeof(run))
		return -EIO;
	voice->said = 0;
	snprintf(voice->station, sizeof(voice->station), "%s", gateway);
	snprintf(voice->run, sizeof(voice->run), "%016llx", run);
	return 0;
}

static void begin(struct panel_voice *voice, struct message *message, enum message_kind kind, const char *data_type)
{
	message_init(message);
	message->kind = kind;
	message->authenticity = AUTHENTICITY_VERIFIED;
	message->data_type = data_type;
	snprintf(message->station, sizeof(message->station), "%s", voice->station);
	snprintf(message->id, sizeof(message->id), "p-%s-%s-%u", voice->station, voice->run, ++voice->said);
}

static void begin_native(struct panel_voice *voice, struct message *message, enum message_kind kind,
			 const char *data_type)
{
	begin(voice, message, kind, data_type);
	message->body_kind = kind;
	message->sensitivity = SENSITIVITY_SECURITY;
	message_body_init(kind, &message->body);
}

void panel_message_panic(struct panel_voice *voice, struct message *message)
{
	begin_native(voice, message, KIND_DISTRESS, "panic");
	message->body.distress.nature = NATURE_PANIC_BUTTON;
}

static void begin_alert(struct panel_voice *voice, struct message *message, const char *data_type, const char *over)
{
	begin_native(voice, message, KIND_ALERT, data_type);
	message->body.alert.certainty = CERTAINTY_OBSERVED;
	if (!over)
		return;
	message->body.alert.type = ALERT_TYPE_UPDATE;
	snprintf(message->body.alert.ref, sizeof(message->body.alert.ref), "%s", over);
}

void panel_message_tamper(struct panel_voice *voice, struct message *message, const char *over)
{
	begin_alert(voice, message, "tamper", over);
	message->urgency = over ? URGENCY_PAST : URGENCY_IMMEDIATE;
	message->severity = SEVERITY_SEVERE;
	message->body.alert.event = EVENT_GATEWAY_TAMPER;
	message->body.alert.category = CATEGORY_SECURITY;
	/* A lid that is shut again still has to be looked under. */
	message->body.alert.response = RESPONSE_ASSESS;
	snprintf(message->text, sizeof(message->text), "The gateway's housing %s.",
		 over ? "is closed again" : "is open");
}

void panel_message_mains(struct panel_voice *voice, struct message *message, const char *over)
{
	begin_alert(voice, message, "mains", over);
	message->urgency = over ? URGENCY_PAST : URGENCY_EXPECTED;
	message->severity = SEVERITY_MODERATE;
	message->body.alert.category = CATEGORY_INFRA;
	message->body.alert.response = over ? RESPONSE_ALL_CLEAR : RESPONSE_PREPARE;
	snprintf(message->text, sizeof(message->text), "The gateway %s.",
		 over ? "has mains power again" : "has lost its mains power");
}

void panel_message_contact(struct panel_voice *voice, struct message *message, const char *contact)
{
	begin(voice, message, KIND_ALERT, contact);
	message->urgency = URGENCY_EXPECTED;
	message->severity = SEVERITY_MODERATE;
}
