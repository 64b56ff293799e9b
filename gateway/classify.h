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

/* Sets kind, class, urgency, severity and demoted. radio may be "" or NULL. An URGENT beyond the station's allowance becomes SAFETY
 * with demoted set; DISTRESS is never limited. now_ms: any clock that does not jump back. */
void classify_message(struct classify *classify, struct message *message, const char *radio, int64_t now_ms);

/* The class of a message by its kind, urgency and severity, before any allowance. */
enum message_class classify_class(const struct message *message);

/* Wall time after which a message of that class is of no use, 0 = never. */
int64_t classify_expiry_ms(const struct classify *classify, enum message_class class, int64_t accepted_at_ms);
