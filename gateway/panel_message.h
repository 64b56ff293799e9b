/* What the gateway itself has to say: as messages, as if a station of the gateway's name had been heard by a radio named "panel". */
#pragma once

#include "drivers/message.h"

enum { PANEL_RUN_MAX = 24 };

/* Who says it, and how many it said. */
struct panel_voice {
	char station[MESSAGE_STATION_MAX];
	char run[PANEL_RUN_MAX]; /* random, so that no id comes again after a restart, whatever the clock says */
	unsigned said;
};

/* -errno if the system has no random bytes to give. gateway: its name, 1 to 23 characters. */
int panel_voice_begin(struct panel_voice *voice, const char *gateway);

/* The panic button: a distress. */
void panel_message_panic(struct panel_voice *voice, struct message *message);

/* The two below begin (over = NULL), or are over: then an Update that refers to the alert of that id, urgency Past. It is no Cancel, since
 * what was said was true. */

/* The lid: Immediate, Severe, GATEWAY_TAMPER, of class URGENT. */
void panel_message_tamper(struct panel_voice *voice, struct message *message, const char *over);
/* The mains: Expected, Moderate, of class SAFETY. Neither the Common Alerting Protocol nor the field's list of events has one for it, so it
 * goes as category Infra with a text; BATTERY_LOW would say what nobody measured. */
void panel_message_mains(struct panel_voice *voice, struct message *message, const char *over);

/* A contact: what it means only the rules of the file say, by its name, which must be a constant. Without one it is an alert Expected,
 * Moderate, as a sensor of other networks. */
void panel_message_contact(struct panel_voice *voice, struct message *message, const char *contact);
