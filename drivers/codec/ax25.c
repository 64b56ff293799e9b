/* AX.25 unnumbered information (UI) frames as KISS carries them. */
#include "drivers/codec/ax25.h"

#include <string.h>

enum {
	CONTROL_UI = 0x03,
	CONTROL_POLL_MASK = 0x10,
	PID_NO_LAYER_3 = 0xf0,
	ADDRESS_LAST = 0x01,
	ADDRESS_RESERVED = 0x60,
	ADDRESS_COMMAND = 0x80, /* of destination and source */
	ADDRESS_USED = 0x80,    /* of a digipeater */
	CALL_SIZE = 6,
};

static bool is_call_character(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* One address. The low bit of its six characters must be clear, spaces stand only at the end. */
static bool decode_address(const uint8_t *bytes, struct ax25_address *address)
{
	size_t length = 0;
	for (size_t i = 0; i < CALL_SIZE; i++) {
		char c = (char)(bytes[i] >> 1);
		if (bytes[i] & 1)
			return false;
		if (c == ' ')
			continue;
		if (length != i || !is_call_character(c))
			return false;
		address->call[length++] = c;
	}
	memset(address->call + length, 0, sizeof(address->call) - length);
	address->ssid = bytes[CALL_SIZE] >> 1 & 0x0f;
	address->used = (bytes[CALL_SIZE] & ADDRESS_USED) != 0;
	return length > 0;
}

/* Number of addresses up to the one marked as last, 0 = none is marked among the ten there may be. */
static size_t count_addresses(const uint8_t *bytes, size_t size)
{
	for (size_t count = 1; count <= AX25_DIGIPEATERS_MAX + 2 && count * AX25_ADDRESS_SIZE <= size; count++)
		if (bytes[count * AX25_ADDRESS_SIZE - 1] & ADDRESS_LAST)
			return count;
	return 0;
}

static enum ax25_result decode_addresses(const uint8_t *bytes, size_t count, struct ax25_frame *frame)
{
	if (!decode_address(bytes, &frame->destination) || !decode_address(bytes + AX25_ADDRESS_SIZE, &frame->source))
		return AX25_BAD_ADDRESS;
	frame->digipeater_count = count - 2;
	for (size_t i = 0; i < frame->digipeater_count; i++)
		if (!decode_address(bytes + (2 + i) * AX25_ADDRESS_SIZE, &frame->digipeaters[i]))
			return AX25_BAD_ADDRESS;
	return AX25_OK;
}

enum ax25_result ax25_decode(const uint8_t *bytes, size_t size, struct ax25_frame *frame)
{
	if (size < 2 * AX25_ADDRESS_SIZE + 2)
		return AX25_TOO_SHORT;
	size_t count = count_addresses(bytes, size);
	if (count < 2)
		return AX25_BAD_PATH;
	size_t head = count * AX25_ADDRESS_SIZE;
	if (size < head + 2)
		return AX25_TOO_SHORT;
	enum ax25_result result = decode_addresses(bytes, count, frame);
	if (result != AX25_OK)
		return result;
	if ((bytes[head] & ~CONTROL_POLL_MASK) != CONTROL_UI)
		return AX25_NOT_UI;
	if (bytes[head + 1] != PID_NO_LAYER_3)
		return AX25_NOT_APRS;
	frame->information = bytes + head + 2;
	frame->information_size = size - head - 2;
	if (frame->information_size == 0)
		return AX25_NO_INFORMATION;
	return frame->information_size > AX25_INFORMATION_MAX ? AX25_TOO_LONG : AX25_OK;
}

const char *ax25_result_name(enum ax25_result result)
{
	static const char *const names[] = {
	    [AX25_OK] = "",
	    [AX25_TOO_SHORT] = "ax25_too_short",
	    [AX25_BAD_ADDRESS] = "ax25_bad_address",
	    [AX25_BAD_PATH] = "ax25_bad_path",
	    [AX25_NOT_UI] = "ax25_not_ui",
	    [AX25_NOT_APRS] = "ax25_not_aprs",
	    [AX25_NO_INFORMATION] = "ax25_no_information",
	    [AX25_TOO_LONG] = "ax25_too_long",
	};
	return names[result];
}

static void encode_address(const struct ax25_address *address, uint8_t flags, uint8_t *bytes)
{
	size_t length = strlen(address->call);
	for (size_t i = 0; i < CALL_SIZE; i++)
		bytes[i] = (uint8_t)((i < length ? address->call[i] : ' ') << 1);
	bytes[CALL_SIZE] = (uint8_t)(ADDRESS_RESERVED | (address->ssid & 0x0f) << 1 | flags);
}

size_t ax25_encode(const struct ax25_frame *frame, uint8_t *bytes, size_t size)
{
	size_t count = frame->digipeater_count;
	size_t head = (2 + count) * AX25_ADDRESS_SIZE;
	if (count > AX25_DIGIPEATERS_MAX || frame->information_size == 0 ||
	    frame->information_size > AX25_INFORMATION_SEND_MAX || size < head + 2 + frame->information_size)
		return 0;
	encode_address(&frame->destination, ADDRESS_COMMAND, bytes);
	encode_address(&frame->source, 0, bytes + AX25_ADDRESS_SIZE);
	for (size_t i = 0; i < count; i++)
		encode_address(&frame->digipeaters[i], frame->digipeaters[i].used ? ADDRESS_USED : 0,
			       bytes + (2 + i) * AX25_ADDRESS_SIZE);
	bytes[head - 1] |= ADDRESS_LAST;
	bytes[head] = CONTROL_UI;
	bytes[head + 1] = PID_NO_LAYER_3;
	memcpy(bytes + head + 2, frame->information, frame->information_size);
	return head + 2 + frame->information_size;
}

/* "0" to "15" without leading zero; -1 = something else. */
static int parse_ssid(const char *text, size_t size)
{
	if (size == 1 && text[0] >= '0' && text[0] <= '9')
		return text[0] - '0';
	if (size == 2 && text[0] == '1' && text[1] >= '0' && text[1] <= '5')
		return 10 + text[1] - '0';
	return -1;
}

bool ax25_address_parse(const char *text, size_t size, struct ax25_address *address)
{
	memset(address, 0, sizeof(*address));
	if (size > 0 && text[size - 1] == '*') {
		address->used = true;
		size--;
	}
	size_t length = 0;
	while (length < size && length < CALL_SIZE && is_call_character(text[length]))
		length++;
	if (length == 0)
		return false;
	memcpy(address->call, text, length);
	if (length == size)
		return true;
	int ssid = text[length] == '-' ? parse_ssid(text + length + 1, size - length - 1) : -1;
	address->ssid = (uint8_t)(ssid < 0 ? 0 : ssid);
	return ssid >= 0;
}

size_t ax25_address_format(const struct ax25_address *address, char *text)
{
	size_t length = strlen(address->call);
	memcpy(text, address->call, length);
	if (address->ssid > 0) {
		text[length++] = '-';
		if (address->ssid > 9)
			text[length++] = '1';
		text[length++] = (char)('0' + address->ssid % 10);
	}
	text[length] = 0;
	return length;
}

int ax25_path_format(const struct ax25_frame *frame, char *text)
{
	size_t used = frame->digipeater_count;
	while (used > 0 && !frame->digipeaters[used - 1].used)
		used--;
	for (size_t i = 0; i < frame->digipeater_count; i++) {
		if (i > 0)
			*text++ = ',';
		text += ax25_address_format(&frame->digipeaters[i], text);
		if (i + 1 == used)
			*text++ = '*';
	}
	*text = 0;
	return (int)used;
}
