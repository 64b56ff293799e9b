/* Rules that turn what was heard into a kind and a class; the sender's name only serves to count its URGENT messages. */
#include "gateway/classify.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "drivers/message_body.h"
#include "gateway/classify_allowance.h"
#include "gateway/classify_movements.h"

enum { STATIONS_MAX = 1024, MOVEMENTS_MAX = 256 };

struct classify {
	struct classify_settings settings;
	struct allowance *allowance;
	struct movements *movements;
};

/* Calls for help in the languages of the field, in the letters that radios have. */
static const char *const builtin_keywords[] = {"SOS",     "MAYDAY",     "PAN PAN", "PAN-PAN",    "EMERGENCY", "ALERTE",
					       "URGENCE", "AU SECOURS", "SOCORRO", "EMERGENCIA", "DHARURA",   NULL};

struct classify_settings classify_defaults(void)
{
	const int64_t hour_ms = 3600 * 1000;
	return (struct classify_settings){
	    .keywords = builtin_keywords,
	    .urgent_per_minute = 3,
	    .expiry_ms = {[CLASS_URGENT] = 24 * hour_ms,
			  [CLASS_SAFETY] = 6 * hour_ms,
			  [CLASS_ROUTINE] = 24 * hour_ms,
			  [CLASS_BULK] = hour_ms},
	};
}

struct classify *classify_new(const struct classify_settings *settings)
{
	struct classify *classify = calloc(1, sizeof(*classify));
	if (!classify)
		return NULL;
	classify->settings = settings ? *settings : classify_defaults();
	if (!classify->settings.keywords)
		classify->settings.keywords = builtin_keywords;
	classify->allowance = allowance_new(classify->settings.urgent_per_minute, STATIONS_MAX);
	classify->movements = movements_new(MOVEMENTS_MAX);
	if (!classify->allowance || !classify->movements)
		goto fail;
	return classify;
fail:
	classify_free(classify);
	return NULL;
}

void classify_free(struct classify *classify)
{
	if (!classify)
		return;
	allowance_free(classify->allowance);
	movements_free(classify->movements);
	free(classify);
}

static bool is_word_byte(unsigned char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
	       byte >= 0x80;
}

/* Whether the first word of text is the keyword; quotes, spaces and exclamation marks before it do not hide it. */
static bool starts_with_word(const char *text, const char *keyword)
{
	while (*text && !is_word_byte((unsigned char)*text))
		text++;
	size_t size = strlen(keyword);
	return size > 0 && strncasecmp(text, keyword, size) == 0 && !is_word_byte((unsigned char)text[size]);
}

/* Kinds whose text a person wrote freely. */
static bool has_free_text(const struct message *message)
{
	return message->text[0] &&
	       (message->kind == KIND_TEXT || message->kind == KIND_POSITION || message->kind == KIND_TELEMETRY);
}

/* For a protocol that names its data types but not their kind. */
static enum message_kind kind_of_data_type(const char *data_type)
{
	static const struct {
		const char *data_type;
		enum message_kind kind;
	} table[] = {
	    {"message", KIND_TEXT},        {"bulletin", KIND_TEXT},     {"announcement", KIND_TEXT},
	    {"status", KIND_TEXT},         {"text", KIND_TEXT},         {"position", KIND_POSITION},
	    {"object", KIND_POSITION},     {"item", KIND_POSITION},     {"mic-e", KIND_POSITION},
	    {"telemetry", KIND_TELEMETRY}, {"weather", KIND_TELEMETRY},
	};
	for (size_t i = 0; data_type && i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(table[i].data_type, data_type) == 0)
			return table[i].kind;
	return KIND_RAW;
}

static void make_alert(struct message *message, enum alert_urgency urgency, enum alert_severity severity)
{
	message->kind = KIND_ALERT;
	message->urgency = urgency;
	message->severity = severity;
}

static bool rule_matches(const struct classify_rule *rule, const struct message *message, const char *radio)
{
	if (rule->radio && strcmp(rule->radio, radio) != 0)
		return false;
	if (rule->data_type && (!message->data_type || strcmp(rule->data_type, message->data_type) != 0))
		return false;
	return !rule->keyword || (has_free_text(message) && starts_with_word(message->text, rule->keyword));
}

static void apply_rule(const struct classify_rule *rule, struct message *message)
{
	bool keyword_alone = rule->keyword && !rule->radio && !rule->data_type;
	if (rule->kind == KIND_ALERT)
		make_alert(message, rule->urgency, rule->severity);
	else if (rule->kind == KIND_DISTRESS && keyword_alone)
		make_alert(message, URGENCY_IMMEDIATE, SEVERITY_EXTREME);
	else if (rule->kind == KIND_DISTRESS)
		message->kind = KIND_DISTRESS;
}

static const struct classify_rule *find_rule(const struct classify_settings *settings, const struct message *message,
					     const char *radio)
{
	for (size_t i = 0; i < settings->rule_count; i++)
		if (rule_matches(&settings->rules[i], message, radio))
			return &settings->rules[i];
	return NULL;
}

static bool has_keyword(const struct classify_settings *settings, const struct message *message)
{
	if (!has_free_text(message))
		return false;
	for (const char *const *keyword = settings->keywords; *keyword; keyword++)
		if (starts_with_word(message->text, *keyword))
			return true;
	return false;
}

static bool takes_class_of_rule(enum message_kind kind)
{
	return kind == KIND_TEXT || kind == KIND_POSITION || kind == KIND_TELEMETRY || kind == KIND_RAW;
}

/* Kinds of the field frame that say themselves how urgent they are. */
static bool speaks_for_itself(const struct message *message)
{
	return message->body_kind != KIND_NONE && message->kind == message->body_kind &&
	       !takes_class_of_rule(message->kind);
}

/* The kind; returns the class that a rule gives to kinds without one of their own, -1 = none. */
static int settle_kind(const struct classify_settings *settings, struct message *message, const char *radio)
{
	if (message->kind == KIND_NONE)
		message->kind = kind_of_data_type(message->data_type);
	if (message->hint == HINT_EMERGENCY)
		message->kind = KIND_DISTRESS;
	if (message->kind == KIND_DISTRESS || speaks_for_itself(message))
		return -1;
	const struct classify_rule *rule = find_rule(settings, message, radio);
	if (rule)
		apply_rule(rule, message);
	bool decided = rule && rule->kind != KIND_NONE;
	if (!decided && message->kind != KIND_ALERT &&
	    (message->hint == HINT_PRIORITY || has_keyword(settings, message)))
		make_alert(message, URGENCY_IMMEDIATE, SEVERITY_SEVERE);
	return rule ? rule->class : -1;
}

/* A cancel of a distress goes with it. A check-in that somebody missed is URGENT however the gateway that says so rates it. */
static enum message_class class_of_alert(const struct message *message)
{
	bool native = message->body_kind == KIND_ALERT;
	bool grave = message->severity == SEVERITY_EXTREME || message->severity == SEVERITY_SEVERE;
	if (message->incident[0])
		return CLASS_DISTRESS;
	if (native && message->body.alert.event == EVENT_MISSED_CHECKIN)
		return CLASS_URGENT;
	return message->urgency == URGENCY_IMMEDIATE && grave ? CLASS_URGENT : CLASS_SAFETY;
}

/* An acknowledgement goes with what it acknowledges; those of foreign networks go with their texts. */
static enum message_class class_of_ack(const struct message *message)
{
	if (message->incident[0])
		return CLASS_DISTRESS;
	return message->ack.level ? CLASS_SAFETY : CLASS_ROUTINE;
}

static enum message_class class_of_rollcall(const struct message *message)
{
	bool major = message->body_kind == KIND_ROLLCALL && message->body.rollcall.type == ROLLCALL_MAJOR_INCIDENT;
	return major ? CLASS_URGENT : CLASS_SAFETY;
}

static enum message_class class_of_request(const struct message *message)
{
	bool native = message->body_kind == KIND_REQUEST;
	int urgency = native ? message->body.request.urgency : (int)message->urgency;
	return urgency == URGENCY_IMMEDIATE ? CLASS_SAFETY : CLASS_ROUTINE;
}

bool classify_is_covert(const struct message *message)
{
	return message->kind == KIND_CHECKIN && message->body_kind == KIND_CHECKIN &&
	       message->body.checkin.state == CHECKIN_DURESS;
}

enum message_class classify_class(const struct message *message)
{
	switch (message->kind) {
	case KIND_DISTRESS:
	case KIND_INCIDENT:
		return CLASS_DISTRESS;
	case KIND_ALERT:
		return class_of_alert(message);
	case KIND_ACK:
		return class_of_ack(message);
	case KIND_CHECKIN:
		return classify_is_covert(message) ? CLASS_DISTRESS : CLASS_SAFETY;
	case KIND_ROLLCALL:
		return class_of_rollcall(message);
	case KIND_MOVEMENT:
		return CLASS_SAFETY;
	case KIND_REQUEST:
		return class_of_request(message);
	case KIND_TEXT:
	case KIND_SITREP:
	case KIND_ACTIVITY:
	case KIND_RECEIPT:
	case KIND_STATE:
		return CLASS_ROUTINE;
	default:
		return CLASS_BULK;
	}
}

/* Only a verified one: else whoever invents a movement would lift the positions of others. */
static void note_movement(struct movements *movements, const struct message *message, int64_t now_ms)
{
	bool drill = message->status != STATUS_ACTUAL;
	const struct body_movement *body = &message->body.movement;
	if (message->body_kind != KIND_MOVEMENT || message->authenticity != AUTHENTICITY_VERIFIED)
		return;
	if (body->op == MOVEMENT_CLOSED)
		movements_close(movements, message->station, body->id, drill);
	else
		movements_open(movements, message->station, body->id, drill, now_ms);
}

static bool is_awaited(const struct movements *movements, const struct message *message)
{
	return message->kind == KIND_POSITION && message->class == CLASS_BULK &&
	       movements_has(movements, message->station, message->status != STATUS_ACTUAL);
}

void classify_message(struct classify *classify, struct message *message, const char *radio, int64_t now_ms)
{
	int class = settle_kind(&classify->settings, message, radio ? radio : "");
	message->demoted = false;
	if (message->status > STATUS_SYSTEM)
		message->status = STATUS_ACTUAL;
	message->class = classify_class(message);
	if (takes_class_of_rule(message->kind) && class >= CLASS_URGENT && class < CLASS_COUNT)
		message->class = (enum message_class) class;
	if (message->kind == KIND_MOVEMENT)
		note_movement(classify->movements, message, now_ms);
	if (is_awaited(classify->movements, message))
		message->class = CLASS_ROUTINE;
	if (message->body_kind == KIND_REQUEST)
		message->body.request.missing = message_request_missing(&message->body.request);
	if (message->class == CLASS_URGENT && !allowance_take(classify->allowance, message->station, now_ms)) {
		message->class = CLASS_SAFETY;
		message->demoted = true;
	}
}

int64_t classify_expiry_ms(const struct classify *classify, enum message_class class, int64_t accepted_at_ms)
{
	if ((unsigned)class >= CLASS_COUNT || classify->settings.expiry_ms[class] == 0)
		return 0;
	return accepted_at_ms + classify->settings.expiry_ms[class];
}

/* Unix time of a message's own end, 0 = it has none. */
static int64_t own_end_ms(const struct message *message)
{
	if (message->body_kind != message->kind)
		return 0;
	if (message->kind == KIND_ALERT)
		return message->body.alert.expires_at_ms;
	return message->kind == KIND_REQUEST ? message->body.request.needed_by_ms : 0;
}

int64_t classify_message_expiry_ms(const struct classify *classify, const struct message *message,
				   int64_t accepted_at_ms, int64_t wall_ms)
{
	const int64_t least_ms = 15 * 60 * 1000, most_ms = INT64_C(30) * 24 * 3600 * 1000;
	int64_t end_ms = own_end_ms(message), now_ms = wall_ms ? wall_ms : message->sent_at_ms;
	int64_t expiry_ms = classify_expiry_ms(classify, message->class, accepted_at_ms);
	if (message->class != CLASS_DISTRESS && end_ms > 0 && now_ms > 0) {
		int64_t left_ms = end_ms - now_ms;
		left_ms = left_ms < least_ms ? least_ms : left_ms > most_ms ? most_ms : left_ms;
		expiry_ms = accepted_at_ms + left_ms;
	}
	int64_t life_ends_ms = message->life_ms > 0 ? accepted_at_ms + message->life_ms : expiry_ms;
	return expiry_ms && expiry_ms < life_ends_ms ? expiry_ms : life_ends_ms;
}
