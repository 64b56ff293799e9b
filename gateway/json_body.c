/* What each kind says beyond the common members: the field frame's bodies by their tables, and what other networks say. */
#include <math.h>
#include <string.h>

#include "drivers/message_body.h"
#include "gateway/json_parts.h"

static void put_bits(struct writer *writer, const struct body_member *member, int64_t bits)
{
	if (bits == 0)
		return;
	writer_open_array(writer, member->name);
	for (unsigned i = 0; i < member->names->count; i++)
		if (bits >> i & 1)
			writer_item(writer, body_name(member->names, i));
	writer_close_array(writer);
}

static void put_day(struct writer *writer, const struct body_member *member, int64_t day)
{
	char text[32];
	if (day >= 0)
		writer_text(writer, member->name, json_day((unsigned)(BODY_FIRST_DAY + day), text), sizeof(text));
}

static void put_number(struct writer *writer, const struct body_member *member, int64_t value)
{
	switch (member->type) {
	case BODY_NAME:
		writer_text(writer, member->name, body_name(member->names, value), SIZE_MAX);
		break;
	case BODY_BITS:
		put_bits(writer, member, value);
		break;
	case BODY_TIME:
		writer_time(writer, member->name, value);
		break;
	case BODY_DAY:
		put_day(writer, member, value);
		break;
	case BODY_FLAG:
		if (value)
			writer_flag(writer, member->name, true);
		break;
	default:
		if (value != member->absent)
			writer_integer(writer, member->name, value);
	}
}

void json_put_member(struct writer *writer, const struct message *message, const struct body_member *member)
{
	if (member->type == BODY_ID || member->type == BODY_TEXT)
		writer_text(writer, member->name, (const char *)message + member->offset, member->size);
	else if (member->type == BODY_NUMBER)
		writer_number(writer, member->name, message_body_number(message, member), 2);
	else
		put_number(writer, member, message_body_get(message, member));
}

static void put_members(struct writer *writer, const struct message *message, struct body_table table)
{
	for (size_t i = 0; i < table.count; i++)
		json_put_member(writer, message, &table.members[i]);
}

/* A kind that the gateway gave to what was something else on the air. */
static void put_raised(struct writer *writer, const struct message *message)
{
	if (message->kind == message->body_kind)
		return;
	if (message->kind == KIND_DISTRESS) {
		writer_text(writer, "nature", "UNSPECIFIED", SIZE_MAX);
	} else if (message->kind == KIND_ALERT) {
		writer_text(writer, "urgency", message_urgency_name(message->urgency), SIZE_MAX);
		writer_text(writer, "severity", message_severity_name(message->severity), SIZE_MAX);
	}
}

static void put_ack(struct writer *writer, const struct message *message)
{
	if (message->kind != KIND_ACK)
		return;
	put_members(writer, message, message_body_table(KIND_ACK));
	if (!message->ack.level)
		writer_flag(writer, "accepted", !message->ack.rejected);
}

static void put_incident(struct writer *writer, const struct message *message)
{
	WRITER_TEXT(writer, "incident", message->incident);
	if (message->incident_count > 0)
		writer_integer(writer, "incident_count", message->incident_count);
}

/* Of what became something else only these can be left: no member of theirs has the name of one that put_raised writes. */
static bool keeps_its_body(const struct message *message)
{
	enum message_kind kind = message->body_kind;
	return kind == message->kind || kind == KIND_TEXT || kind == KIND_POSITION || kind == KIND_TELEMETRY;
}

static void put_native(struct writer *writer, const struct message *message)
{
	if (message->body_kind == KIND_NONE)
		return;
	if (message->body_kind != KIND_ACK && keeps_its_body(message))
		put_members(writer, message, message_body_table(message->body_kind));
	put_members(writer, message, message_body_common());
}

/* What a foreign network says beside it: kept whatever the kind came to be, since a rule may make an alert out of an object. */
static void put_foreign(struct writer *writer, const struct message *message)
{
	writer_text(writer, "data_type", message->data_type, MESSAGE_NAME_MAX);
	if (message->body_kind != KIND_MOVEMENT) /* which has a place of that name */
		WRITER_TEXT(writer, "to", message->to);
	WRITER_TEXT(writer, "name", message->aprs.name);
	if (message->aprs.has_alive)
		writer_flag(writer, "alive", message->aprs.alive);
	if (message->aprs.has_messaging)
		writer_flag(writer, "messaging", message->aprs.messaging);
	WRITER_TEXT(writer, "symbol", message->aprs.symbol);
	WRITER_TEXT(writer, "message_number", message->aprs.message_number);
	if (message->kind != KIND_ACK)
		WRITER_TEXT(writer, "ack_ref", message->ack.ref);
	WRITER_TEXT(writer, "timestamp", message->aprs.timestamp);
	WRITER_TEXT(writer, "condition", message->aprs.condition);
	WRITER_TEXT(writer, "antenna", message->aprs.antenna);
	WRITER_TEXT(writer, "bits", message->aprs.bits);
	if (message->body_kind == KIND_NONE)
		WRITER_TEXT(writer, "software", message->aprs.software);
	WRITER_TEXT(writer, "third_party", message->aprs.third_party);
}

/* Whether name is stem, "_" and that number of one digit; "analog_3" is the third of "analog". */
static bool is_nth(const char *name, const char *stem, size_t stem_size, size_t nth)
{
	return nth <= 9 && strncmp(name, stem, stem_size) == 0 && name[stem_size] == '_' &&
	       name[stem_size + 1] == (char)('0' + nth) && name[stem_size + 2] == '\0';
}

/* A run "x_1", "x_2", ... becomes the array "x". Returns how many values it took. */
static size_t put_series(struct writer *writer, const struct message_number *numbers, size_t count, size_t stem_size)
{
	char stem[MESSAGE_NAME_MAX];
	memcpy(stem, numbers[0].name, stem_size);
	stem[stem_size] = '\0';
	size_t taken = 0;
	writer_open_array(writer, stem);
	for (; taken < count && is_nth(numbers[taken].name, stem, stem_size, taken + 1); taken++)
		writer_element(writer, numbers[taken].value, numbers[taken].decimals);
	writer_close_array(writer);
	return taken;
}

static void put_numbers(struct writer *writer, const struct message_number *numbers, size_t count)
{
	for (size_t i = 0; i < count;) {
		size_t size = strlen(numbers[i].name);
		if (size > 2 && size < MESSAGE_NAME_MAX && is_nth(numbers[i].name, numbers[i].name, size - 2, 1)) {
			i += put_series(writer, numbers + i, count - i, size - 2);
			continue;
		}
		writer_measured(writer, numbers[i].name, numbers[i].value, numbers[i].decimals);
		i++;
	}
}

static void put_raw(struct writer *writer, const struct message *message)
{
	static const char hex[] = "0123456789abcdef";
	char text[MESSAGE_RAW_MAX * 2 + 1];
	size_t size = message->raw_size < MESSAGE_RAW_MAX ? message->raw_size : MESSAGE_RAW_MAX;
	for (size_t i = 0; i < size; i++) {
		text[2 * i] = hex[message->raw[i] >> 4];
		text[2 * i + 1] = hex[message->raw[i] & 15];
	}
	text[2 * size] = '\0';
	if (size > 0)
		writer_text(writer, "raw_hex", text, SIZE_MAX);
	WRITER_TEXT(writer, "error", message->parse_error);
}

void json_put_body(struct writer *writer, const struct message *message)
{
	size_t mark = writer_open(writer, "body");
	put_raised(writer, message);
	put_ack(writer, message);
	put_native(writer, message);
	put_incident(writer, message);
	put_foreign(writer, message);
	size_t count = message->number_count < MESSAGE_NUMBERS_MAX ? message->number_count : MESSAGE_NUMBERS_MAX;
	put_numbers(writer, message->numbers, count);
	put_raw(writer, message);
	if (message->demoted)
		writer_flag(writer, "demoted", true);
	writer_close(writer, mark);
}
