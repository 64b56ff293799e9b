/* APRS messages: to a station or to all, with their acknowledgements. */
#include <string.h>

#include "drivers/codec/aprs_decoders.h"

enum { ADDRESSEE_SIZE = 9, HEAD_SIZE = 11, NUMBER_MAX = 5 };

static bool starts_with(const char *text, const char *head)
{
	return strncmp(text, head, strlen(head)) == 0;
}

static struct aprs_span trim_end(struct aprs_span span)
{
	while (span.size > 0 && (span.at[span.size - 1] <= ' ' || span.at[span.size - 1] == 0x7f))
		span.size--;
	return span;
}

/* Length of the letters and digits at the beginning, at most NUMBER_MAX + 1. */
static size_t count_alphanumeric(struct aprs_span span)
{
	size_t count = 0;
	while (count < span.size && count <= NUMBER_MAX && aprs_is_alphanumeric(span.at[count]))
		count++;
	return count;
}

/* Reads a whole span as `MM`, `MM}` or `MM}AA` (a reply-ack: MM is the number, AA the one acknowledged by the way). */
static bool take_numbers(struct aprs_span span, char *number, size_t number_size, char *reply, size_t reply_size)
{
	size_t count = count_alphanumeric(span);
	if (count < 1 || count > NUMBER_MAX)
		return false;
	struct aprs_span first = {span.at, count}, second = aprs_skip(span, count + 1);
	if (count < span.size && span.at[count] != '}')
		return false;
	if (second.size > NUMBER_MAX || count_alphanumeric(second) != second.size)
		return false;
	aprs_copy(number, number_size, first);
	if (second.size > 0)
		aprs_copy(reply, reply_size, second);
	return true;
}

/* "ack42", "rej42" and nothing else in the text; "ack42}17" acknowledges 42 to a sender of reply-acks. */
static bool take_ack(struct aprs_span text, struct aprs_packet *packet)
{
	char ignored[NUMBER_MAX + 1];
	bool rejected = text.size > 3 && memcmp(text.at, "rej", 3) == 0;
	if (!rejected && (text.size <= 3 || memcmp(text.at, "ack", 3) != 0))
		return false;
	if (!take_numbers(aprs_skip(text, 3), packet->ack, sizeof(packet->ack), ignored, sizeof(ignored)))
		return false;
	packet->type = rejected ? APRS_MESSAGE_REJ : APRS_MESSAGE_ACK;
	return true;
}

/* The number behind the last `{`. Returns the text in front of it, or all of it if there is none. */
static struct aprs_span take_number(struct aprs_span text, struct aprs_packet *packet)
{
	for (size_t i = text.size; i-- > 0;) {
		if (text.at[i] != '{')
			continue;
		if (take_numbers(aprs_skip(text, i + 1), packet->number, sizeof(packet->number), packet->ack,
				 sizeof(packet->ack)))
			text.size = i;
		break;
	}
	return text;
}

/* BLN0-BLN9 with or without the name of a group are bulletins, BLNA-BLNZ announcements. */
static enum aprs_type type_of_addressee(const char *addressee)
{
	if (starts_with(addressee, "NWS-") || starts_with(addressee, "NWS_"))
		return APRS_NWS;
	if (!starts_with(addressee, "BLN") || addressee[3] == 0)
		return APRS_MESSAGE;
	return aprs_is_digit((uint8_t)addressee[3]) ? APRS_BULLETIN : APRS_ANNOUNCEMENT;
}

static bool is_addressee_character(uint8_t c)
{
	return aprs_is_alphanumeric(c) || c == '-' || c == '_' || c == ' ';
}

static bool is_addressee(struct aprs_span span)
{
	for (size_t i = 0; i < span.size; i++)
		if (!is_addressee_character(span.at[i]))
			return false;
	return span.at[0] != ' ';
}

/* A message:
 *
 *   | : | addressee, padded with spaces | : | text | { number |
 *   | 1 |               9               | 1 | 0-67 |    1-5   |
 *
 * Without a number it is not to be acknowledged. */
const char *aprs_decode_message(struct aprs_span information, struct aprs_packet *packet)
{
	packet->type = APRS_MESSAGE;
	if (information.size < HEAD_SIZE)
		return "message too short";
	struct aprs_span addressee = {information.at + 1, ADDRESSEE_SIZE};
	if (information.at[HEAD_SIZE - 1] != ':' || !is_addressee(addressee))
		return "invalid addressee";
	aprs_copy(packet->addressee, sizeof(packet->addressee), addressee);
	packet->type = type_of_addressee(packet->addressee);
	struct aprs_span text = trim_end(aprs_skip(information, HEAD_SIZE));
	if (packet->type == APRS_MESSAGE && take_ack(text, packet))
		return NULL;
	aprs_set_text(packet, take_number(text, packet));
	return NULL;
}
