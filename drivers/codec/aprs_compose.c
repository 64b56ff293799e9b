/* Writing APRS information fields. */
#include "drivers/codec/aprs_compose.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "drivers/codec/aprs_decoders.h"

enum { ADDRESSEE_MAX = 9, NUMBER_MAX = 5 };

static bool is_text(const char *text, const char *forbidden)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f || strchr(forbidden, *text))
			return false;
	return true;
}

static bool is_word(const char *text, size_t max, const char *also)
{
	size_t size = strlen(text);
	for (size_t i = 0; i < size; i++)
		if (!aprs_is_alphanumeric((uint8_t)text[i]) && !strchr(also, text[i]))
			return false;
	return size > 0 && size <= max;
}

/* True for the types that a message to that kind of addressee is read as. */
static bool is_message(enum aprs_type type)
{
	return type == APRS_MESSAGE || type == APRS_BULLETIN || type == APRS_ANNOUNCEMENT || type == APRS_NWS;
}

/* A field is only sent if it is read again as what it was meant to be. */
static int check(enum aprs_type type, const uint8_t *out, int size)
{
	struct aprs_packet packet;
	aprs_parse("", out, (size_t)size, &packet);
	bool same = packet.type == type || (type == APRS_MESSAGE && is_message(packet.type));
	return !packet.error && same && packet.timestamp[0] == 0 ? size : APRS_COMPOSE_INVALID;
}

int aprs_compose_message(const char *addressee, const char *text, const char *number, uint8_t *out)
{
	char field[APRS_COMPOSED_MAX + 1];
	if (!is_word(addressee, ADDRESSEE_MAX, "-_") || (number[0] && !is_word(number, NUMBER_MAX, "")))
		return APRS_COMPOSE_INVALID;
	if (!text[0] || !is_text(text, "|~{"))
		return APRS_COMPOSE_INVALID;
	if (strlen(text) > APRS_MESSAGE_TEXT_MAX)
		return APRS_COMPOSE_TOO_LONG;
	int size = snprintf(field, sizeof(field), ":%-9s:%s%s%s", addressee, text, number[0] ? "{" : "", number);
	memcpy(out, field, (size_t)size);
	return check(APRS_MESSAGE, out, size);
}

int aprs_compose_ack(const char *addressee, const char *number, int rejected, uint8_t *out)
{
	char field[APRS_COMPOSED_MAX + 1];
	if (!is_word(addressee, ADDRESSEE_MAX, "-_") || !is_word(number, NUMBER_MAX, ""))
		return APRS_COMPOSE_INVALID;
	int size = snprintf(field, sizeof(field), ":%-9s:%s%s", addressee, rejected ? "rej" : "ack", number);
	memcpy(out, field, (size_t)size);
	return check(rejected ? APRS_MESSAGE_REJ : APRS_MESSAGE_ACK, out, size);
}

int aprs_compose_status(const char *text, uint8_t *out)
{
	char field[APRS_COMPOSED_MAX + 1];
	if (!text[0] || !is_text(text, "|~"))
		return APRS_COMPOSE_INVALID;
	if (strlen(text) > APRS_STATUS_TEXT_MAX)
		return APRS_COMPOSE_TOO_LONG;
	int size = snprintf(field, sizeof(field), ">%s", text);
	memcpy(out, field, (size_t)size);
	return check(APRS_STATUS, out, size);
}
