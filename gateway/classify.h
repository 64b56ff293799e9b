/* What a message is and how urgent: kind and class from what was said and how it came, never from who said it. Pure. */
#pragma once

#include "drivers/message.h"

struct classify_rule {
	const char *radio;      /* name of a radio, NULL = any */
	const char *data_type;  /* of the air protocol, NULL = any */
	const char *keyword;    /* at the start of a free text, any case, as a whole word; NULL = any text */
	enum message_kind kind; /* KIND_DISTRESS or KIND_ALERT, KIND_NONE = keep */
	enum alert_urgency urgency;
	enum alert_severity severity;
	int class
	    ; /* only for kinds that have no class of their own (text, position, telemetry, raw); -1 = from the kind */
};

struct classify_settings {
	const struct classify_rule *rules; /* the file's, tried first, in order */
	size_t rule_count;
	const char *const *keywords;    /* NULL-terminated; NULL = the built-in list (SOS, MAYDAY, ALERTE, ...) */
	unsigned urgent_per_minute;     /* allowance of a station, 3 */
	int64_t expiry_ms[CLASS_COUNT]; /* 0 = never */
};

struct classify;
struct classify *classify_new(const struct classify_settings *settings);
void classify_free(struct classify *classify);

/* Sets kind, class, urgency, severity and demoted. radio may be "". An URGENT beyond the station's allowance becomes SAFETY
 * with demoted set; DISTRESS is never limited. now_ms: any clock that does not jump back. */
void classify_message(struct classify *classify, struct message *message, const char *radio, int64_t now_ms);

/* Wall time after which a message of that class is of no use, 0 = never. */
int64_t classify_expiry_ms(const struct classify *classify, enum message_class class, int64_t accepted_at_ms);
