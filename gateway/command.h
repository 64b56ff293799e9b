/* A command as headquarters gives it: its topic and its JSON in; who asks for what out, and whether that one may. Pure; uses jansson. */
#pragma once

#include "gateway/json.h"

enum command_audience {
	AUDIENCE_SECURITY,
	AUDIENCE_COORDINATION,
	AUDIENCE_ORGANISATION,
	AUDIENCE_GATEWAY, /* another one, which hands something over */
	AUDIENCE_NOBODY,  /* any other: may do nothing */
};

enum command_what {
	COMMAND_TEXT,
	COMMAND_ALERT,
	COMMAND_ROLLCALL,
	COMMAND_ACK,
	COMMAND_CANCEL,
	COMMAND_LIST,
	COMMAND_NOTHING, /* no such command */
};

/* Why a command is not carried out: the code of its receipt, and for people where it is wrong. None of its content is in it. */
struct command_fault {
	const char *code; /* a constant */
	char text[160];   /* "" = the code says all */
};

enum { COMMAND_ORGANISATION_MAX = 64 };

struct given_command {
	enum command_audience audience;
	enum command_what what;
	char sender[COMMAND_ORGANISATION_MAX +
		    4];           /* "sec", "coord", "org/<organisation>", "gw/<gateway>": the topic without <what> */
	const char *organisation; /* inside sender, also the gateway; "" = none */
	char id[COMMAND_ID_MAX + 1];  /* "" = it could not be read, and no receipt can name it */
	char ref[COMMAND_ID_MAX + 1]; /* ack, cancel: what they speak of */
	char radio[MESSAGE_NAME_MAX]; /* "" = not said */
	int64_t expires_at_ms;        /* Unix, 0 = not said */
	enum message_status status;
	struct message message; /* text, alert, rollcall, and of an ack level, operator and eta */
};

/* Reads a command. topic: below gw/<gw>/down/, "sec/text" or "org/<organisation>/text". Checked: every member, its type and length; that the
 * audience may give this command at all, and this level or one without addressee. Whether a station belongs to the organisation, and what ref
 * speaks of, is for the caller. 0, or -EINVAL with *fault: "bad_topic", "bad_json", "bad_id" (then there is no id), "not_allowed",
 * "bad_command". command->organisation points into *command: do not copy it. */
int command_read(const char *topic, const void *json, size_t size, struct given_command *command,
		 struct command_fault *fault);

/* "text", "alert", ...; "" of COMMAND_NOTHING. */
const char *command_what_name(enum command_what what);
