/* What a message is and how urgent: kind and class from what was said and how it came, never from who said it. Pure. */
#pragma once

#include "drivers/message.h"

/* All that is given must match. A rule of the file can raise anything, but never lowers a distress; and a keyword alone, without radio or
 * data_type, makes at most an alert Immediate/Extreme of a message, whatever kind says. */
struct classify_rule {
	const char *radio;          /* name of a radio, NULL = any */
	const char *data_type;      /* of the air protocol, NULL = any */
	const char *keyword;        /* at the start of a free text, any case, as a whole word; NULL = any text */
	enum message_kind kind;     /* KIND_DISTRESS or KIND_ALERT, KIND_NONE = keep */
	enum alert_urgency urgency; /* KIND_ALERT */
	enum alert_severity severity;
	/* Only for kinds that have no class of their own (text, position, telemetry, raw): CLASS_URGENT to CLASS_BULK; -1 (or
	 * CLASS_DISTRESS, which only a distress has) = from the kind. */
	int class;
};

struct classify_settings {
	const struct classify_rule *rules; /* the file's, tried first, in order */
	size_t rule_count;
	const char *const *keywords;    /* NULL-terminated; NULL = the built-in list (SOS, MAYDAY, ALERTE, ...) */
	unsigned urgent_per_minute;     /* allowance of a station, 3 */
	int64_t expiry_ms[CLASS_COUNT]; /* 0 = never */
};

/* The settings of a file that says nothing. */
struct classify_settings classify_defaults(void);

struct classify;
/* What settings points to must outlive it; NULL = the defaults. NULL: out of memory. */
struct classify *classify_new(const struct classify_settings *settings);
void classify_free(struct classify *classify);

/* Sets kind, class, urgency, severity, demoted, and what a request has missing. An unknown status becomes Actual. radio may be "" or
 * NULL. Rules are for what other networks carry and for texts, positions and telemetry; the other kinds of the field frame say
 * themselves what they are. An URGENT beyond the station's allowance becomes SAFETY with demoted set; DISTRESS is never limited. The
 * positions of a station with an open, verified movement are ROUTINE. For an acknowledgement or cancel set message->incident before, if it
 * speaks of one. now_ms: any clock that does not jump back. */
void classify_message(struct classify *classify, struct message *message, const char *radio, int64_t now_ms);

/* The class of a message by its kind, urgency and severity, before any allowance. */
enum message_class classify_class(const struct message *message);

/* A check-in whose sender is forced: a distress that must look like any other check-in everywhere but at the security desk. */
bool classify_is_covert(const struct message *message);

/* Time after which a message of that class is of no use, on the clock of accepted_at_ms; 0 = never. */
int64_t classify_expiry_ms(const struct classify *classify, enum message_class class, int64_t accepted_at_ms);

/* The same for a message, which may have an end of its own: an alert its expiry, a request the time it is needed by. wall_ms: what the wall
 * clock said at accepted_at_ms, 0 = the clock is not to be trusted; the sender's is used then. Clocks in the field are often wrong, so
 * that an end of its own is never nearer than a quarter of an hour; nor is it further than 30 days. A command's life_ms bounds all that. */
int64_t classify_message_expiry_ms(const struct classify *classify, const struct message *message,
				   int64_t accepted_at_ms, int64_t wall_ms);
