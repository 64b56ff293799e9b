/* The lines of REYAX RYLR modules. */
#include "drivers/codec/rylr.h"

#include <stdio.h>
#include <string.h>

enum { NUMBER_DIGITS_MAX = 5 };

void rylr_decoder_reset(struct rylr_decoder *decoder)
{
	decoder->used = decoder->consumed = decoder->needed = 0;
	decoder->late = decoder->skipping = false;
}

/* A place in the buffer. Reading beyond the end is no fault: more may come. */
enum reading { READ, SHORT, WRONG };

struct cursor {
	const uint8_t *bytes;
	size_t at, size;
};

static void skip_spaces(struct cursor *cursor)
{
	while (cursor->at < cursor->size && cursor->bytes[cursor->at] == ' ')
		cursor->at++;
}

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

/* Digits with spaces around them, and a sign where it is allowed. Short until something follows that is no digit. */
static enum reading read_number(struct cursor *cursor, bool is_signed, int *number)
{
	int sign = 1, digits = 0, value = 0;
	skip_spaces(cursor);
	if (cursor->at < cursor->size && is_signed &&
	    (cursor->bytes[cursor->at] == '-' || cursor->bytes[cursor->at] == '+'))
		sign = cursor->bytes[cursor->at++] == '-' ? -1 : 1;
	for (; cursor->at < cursor->size && is_digit(cursor->bytes[cursor->at]); cursor->at++) {
		value = value * 10 + (cursor->bytes[cursor->at] - '0');
		if (++digits > NUMBER_DIGITS_MAX)
			return WRONG;
	}
	*number = sign * value;
	skip_spaces(cursor);
	if (cursor->at == cursor->size)
		return SHORT;
	return digits ? READ : WRONG;
}

static enum reading read_comma(struct cursor *cursor)
{
	skip_spaces(cursor);
	if (cursor->at == cursor->size)
		return SHORT;
	return cursor->bytes[cursor->at++] == ',' ? READ : WRONG;
}

/* | +RCV= | address | , | length | , | up to the first byte of data */
static enum reading read_head(struct cursor *cursor, unsigned *address, size_t *length)
{
	int numbers[2];
	for (int i = 0; i < 2; i++) {
		enum reading reading = read_number(cursor, false, &numbers[i]);
		if (reading != READ)
			return reading;
		if (cursor->bytes[cursor->at++] != ',')
			return WRONG;
	}
	*address = (unsigned)numbers[0];
	*length = (size_t)numbers[1];
	return *address <= UINT16_MAX && *length <= RYLR_DATA_MAX ? READ : WRONG;
}

static bool ends_line(uint8_t byte)
{
	return byte == '\r' || byte == '\n';
}

/* | , | RSSI | , | SNR | end of line, or the next line where the end was lost */
static enum reading read_tail(struct cursor *cursor, int *rssi_dbm, int *snr_db)
{
	int *const numbers[2] = {rssi_dbm, snr_db};
	for (int i = 0; i < 2; i++) {
		enum reading reading = read_comma(cursor);
		if (reading == READ)
			reading = read_number(cursor, true, numbers[i]);
		if (reading != READ)
			return reading;
	}
	return ends_line(cursor->bytes[cursor->at]) || cursor->bytes[cursor->at] == '+' ? READ : WRONG;
}

/* The guide shows a space in front of the data, real modules write none: it is one only where the packet does not end otherwise. */
static enum reading read_data(struct rylr_decoder *decoder, struct cursor *cursor, size_t start, size_t length)
{
	cursor->at = start + length;
	/* So many spaces in front of it that the packet has no room: none that a module wrote. */
	if (cursor->at >= sizeof(decoder->buffer))
		return WRONG;
	decoder->data = cursor->bytes + start;
	decoder->data_size = length;
	if (cursor->size <= cursor->at) {
		decoder->needed = cursor->at + 1;
		return SHORT;
	}
	return read_tail(cursor, &decoder->rssi_dbm, &decoder->snr_db);
}

static enum reading read_received(struct rylr_decoder *decoder)
{
	struct cursor cursor = {decoder->buffer, strlen("+RCV="), decoder->used};
	size_t length;
	enum reading reading = read_head(&cursor, &decoder->address, &length);
	if (reading != READ)
		return reading;
	size_t start = cursor.at;
	reading = read_data(decoder, &cursor, start, length);
	if (reading == WRONG && length && start < decoder->used && decoder->buffer[start] == ' ')
		reading = read_data(decoder, &cursor, start + 1, length);
	decoder->consumed = reading == READ ? cursor.at : 0;
	return reading;
}

/* Gives up what the buffer begins with: the rest is looked at anew from the next line or the next plus, which may still have to come. */
static enum rylr_event skip(struct rylr_decoder *decoder, enum rylr_event event)
{
	size_t end = 1;
	while (end < decoder->used && decoder->buffer[end] != '+' && !ends_line(decoder->buffer[end]))
		end++;
	decoder->skipping = end == decoder->used;
	decoder->consumed = end;
	decoder->data = decoder->buffer;
	decoder->data_size = end;
	return event;
}

static bool is_name(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if ((text[i] < 'A' || text[i] > 'Z') && !is_digit((uint8_t)text[i]))
			return false;
	return size > 0;
}

/* | + | NAME | = | value | */
static enum rylr_event read_answer(struct rylr_decoder *decoder, const char *line)
{
	size_t name_size = strcspn(line + 1, "=");
	if (line[1 + name_size] != '=' || name_size >= sizeof(decoder->name) || !is_name(line + 1, name_size))
		return skip(decoder, RYLR_NOISE);
	const char *value = line + 1 + name_size + 1;
	snprintf(decoder->name, sizeof(decoder->name), "%.*s", (int)name_size, line + 1);
	snprintf(decoder->value, sizeof(decoder->value), "%s", value + strspn(value, " "));
	if (strcmp(decoder->name, "ERR") != 0)
		return RYLR_ANSWER;
	struct cursor cursor = {(const uint8_t *)value, 0, strlen(value) + 1};
	int error;
	if (read_number(&cursor, false, &error) != READ || value[cursor.at])
		return skip(decoder, RYLR_NOISE);
	decoder->error = (unsigned)error;
	return RYLR_ERROR;
}

static enum rylr_event read_line(struct rylr_decoder *decoder, size_t size)
{
	static const struct {
		const char *text;
		enum rylr_event event;
	} words[] = {{"+OK", RYLR_OK}, {"+RESET", RYLR_RESET}, {"+READY", RYLR_READY}, {"+FACTORY", RYLR_FACTORY}};
	char line[RYLR_LINE_MAX + 1];
	decoder->consumed = size;
	while (size && decoder->buffer[size - 1] == ' ')
		size--;
	memcpy(line, decoder->buffer, size);
	line[size] = 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(line, words[i].text) == 0)
			return words[i].event;
	return strlen(line) == size ? read_answer(decoder, line) : skip(decoder, RYLR_NOISE);
}

/* What stands in the buffer in front of the next plus or behind the end of a line. */
static enum rylr_event read_noise(struct rylr_decoder *decoder)
{
	size_t end = 0;
	while (end < decoder->used && end < RYLR_NOISE_MAX && decoder->buffer[end] != '+' &&
	       !ends_line(decoder->buffer[end]))
		end++;
	if (end == decoder->used && end < RYLR_NOISE_MAX && !decoder->late)
		return RYLR_NEED_MORE;
	decoder->consumed = end;
	decoder->data = decoder->buffer;
	decoder->data_size = end;
	return RYLR_NOISE;
}

static enum rylr_event read_text(struct rylr_decoder *decoder)
{
	size_t end = 0;
	while (end < decoder->used && !ends_line(decoder->buffer[end]))
		end++;
	if (end < decoder->used && end <= RYLR_LINE_MAX)
		return read_line(decoder, end);
	return end > RYLR_LINE_MAX || decoder->late ? skip(decoder, RYLR_NOISE) : RYLR_NEED_MORE;
}

/* What the buffer begins with. It never begins with the end of a line. */
static enum rylr_event examine(struct rylr_decoder *decoder)
{
	static const char received[] = "+RCV=";
	if (decoder->used == 0 || (decoder->used < decoder->needed && !decoder->late))
		return RYLR_NEED_MORE;
	if (decoder->buffer[0] != '+')
		return read_noise(decoder);
	if (decoder->used < strlen(received) || memcmp(decoder->buffer, received, strlen(received)) != 0)
		return read_text(decoder);
	enum reading reading = read_received(decoder);
	if (reading == READ)
		return RYLR_RECEIVED;
	bool hopeless = reading == WRONG || decoder->late || decoder->used == sizeof(decoder->buffer);
	return hopeless ? skip(decoder, RYLR_BAD_RECEIVED) : RYLR_NEED_MORE;
}

/* Takes what the last event was about out of the buffer, and the ends of lines behind it. */
static void forget_consumed(struct rylr_decoder *decoder)
{
	size_t at = decoder->consumed;
	while (decoder->skipping && at < decoder->used && decoder->buffer[at] != '+' && !ends_line(decoder->buffer[at]))
		at++;
	if (at < decoder->used)
		decoder->skipping = false;
	while (at < decoder->used && ends_line(decoder->buffer[at]))
		at++;
	if (!at)
		return;
	memmove(decoder->buffer, decoder->buffer + at, decoder->used - at);
	decoder->used -= at;
	decoder->consumed = decoder->needed = 0;
}

enum rylr_event rylr_decode(struct rylr_decoder *decoder, const uint8_t **bytes, size_t *size)
{
	for (;;) {
		forget_consumed(decoder);
		decoder->event = examine(decoder);
		if (decoder->event != RYLR_NEED_MORE)
			return decoder->event;
		decoder->late = decoder->late && decoder->used;
		if (*size == 0)
			return RYLR_NEED_MORE;
		decoder->buffer[decoder->used++] = *(*bytes)++;
		(*size)--;
	}
}

bool rylr_waits(const struct rylr_decoder *decoder)
{
	return decoder->used > decoder->consumed;
}

void rylr_give_up(struct rylr_decoder *decoder)
{
	decoder->late = true;
}

size_t rylr_compose_send(unsigned address, const void *data, size_t size, uint8_t *out)
{
	char head[24];
	if (size > RYLR_DATA_MAX || address > UINT16_MAX)
		return 0;
	size_t used = (size_t)snprintf(head, sizeof(head), "AT+SEND=%u,%zu,", address, size);
	memcpy(out, head, used);
	memcpy(out + used, data, size);
	memcpy(out + used + size, "\r\n", 2);
	return used + size + 2;
}

const char *rylr_error_text(unsigned error)
{
	switch (error) {
	case RYLR_ERROR_NO_END:
		return "the command had no end of line";
	case RYLR_ERROR_NO_AT:
		return "the command did not begin with AT";
	case RYLR_ERROR_NO_EQUALS:
		return "the command had no equals sign";
	case RYLR_ERROR_UNKNOWN_COMMAND:
		return "command not known";
	case RYLR_ERROR_LENGTH:
		return "the length does not fit the data";
	case RYLR_ERROR_TX_TIME:
		return "the transmission took too long";
	case RYLR_ERROR_RX_CRC:
		return "CRC error in a received packet";
	case RYLR_ERROR_TOO_LONG:
		return "more than 240 bytes of data";
	case RYLR_ERROR_FLASH:
		return "the setting could not be written to flash";
	case RYLR_ERROR_UNKNOWN:
		return "unknown failure";
	case RYLR_ERROR_TX_BUSY:
		return "the last transmission is not over";
	case RYLR_ERROR_PREAMBLE:
		return "preamble not allowed with this network id";
	case RYLR_ERROR_RX_HEADER:
		return "header error in a received packet";
	case RYLR_ERROR_SMART_TIMES:
		return "times of the smart receiving mode not allowed";
	default:
		return "an error that is in no guide";
	}
}
