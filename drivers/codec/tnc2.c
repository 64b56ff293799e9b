/* The written form of a packet. */
#include "drivers/codec/tnc2.h"

#include <stdbool.h>
#include <string.h>

#include "drivers/codec/ax25.h"

enum { NAME_MAX_ON_INTERNET = 9, NAME_MAX_BEHIND_Q = 32 };

static bool is_name(const char *text, size_t size, size_t max)
{
	if (size == 0 || size > max || text[0] == '-' || text[size - 1] == '-')
		return false;
	for (size_t i = 0; i < size; i++) {
		char c = text[i];
		if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
			return false;
	}
	return true;
}

static bool take_source(const char *text, size_t size, struct tnc2_packet *packet)
{
	if (!is_name(text, size, NAME_MAX_ON_INTERNET))
		return false;
	if (size > 2 && memcmp(text + size - 2, "-0", 2) == 0)
		size -= 2;
	memcpy(packet->source, text, size);
	packet->source[size] = 0;
	return true;
}

static bool take_destination(const char *text, size_t size, struct tnc2_packet *packet)
{
	struct ax25_address address;
	if (!ax25_address_parse(text, size, &address) || address.used)
		return false;
	memcpy(packet->destination, address.call, sizeof(packet->destination));
	return true;
}

/* One name of the path, counted from 1. */
static bool take_hop(const char *text, size_t size, int number, bool *behind_q, struct tnc2_packet *packet)
{
	if (size > 0 && text[size - 1] == '*') {
		packet->used = number;
		size--;
	}
	if (!is_name(text, size, *behind_q ? NAME_MAX_BEHIND_Q : NAME_MAX_ON_INTERNET))
		return false;
	*behind_q |= size == 3 && text[0] == 'q';
	return true;
}

/* Everything between the destination and the colon, which is "" or begins with a comma. */
static bool take_path(const char *text, size_t size, struct tnc2_packet *packet)
{
	bool behind_q = false;
	packet->used = 0;
	packet->path[0] = 0;
	if (size == 0)
		return true;
	if (--size >= sizeof(packet->path))
		return false;
	memcpy(packet->path, ++text, size);
	packet->path[size] = 0;
	for (int number = 1;; number++) {
		const char *comma = memchr(text, ',', size);
		size_t length = comma ? (size_t)(comma - text) : size;
		if (!take_hop(text, length, number, &behind_q, packet))
			return false;
		if (!comma)
			return true;
		text += length + 1;
		size -= length + 1;
	}
}

static size_t trim_line_end(const char *line, size_t size)
{
	while (size > 0 && (line[size - 1] == '\r' || line[size - 1] == '\n'))
		size--;
	return size;
}

enum tnc2_result tnc2_parse(const char *line, size_t size, struct tnc2_packet *packet)
{
	size = trim_line_end(line, size);
	const char *colon = size > 0 ? memchr(line, ':', size) : NULL;
	packet->header_size = colon ? (size_t)(colon - line) : 0;
	const char *arrow = colon ? memchr(line, '>', packet->header_size) : NULL;
	if (!arrow)
		return TNC2_NO_HEADER;
	if (!take_source(line, (size_t)(arrow - line), packet))
		return TNC2_BAD_SOURCE;
	const char *destination = arrow + 1;
	const char *comma = memchr(destination, ',', (size_t)(colon - destination));
	const char *end = comma ? comma : colon;
	if (!take_destination(destination, (size_t)(end - destination), packet))
		return TNC2_BAD_DESTINATION;
	if (!take_path(end, (size_t)(colon - end), packet))
		return TNC2_BAD_PATH;
	packet->information = (const uint8_t *)colon + 1;
	packet->information_size = size - packet->header_size - 1;
	if (packet->information_size == 0)
		return TNC2_NO_INFORMATION;
	return packet->information_size > TNC2_INFORMATION_MAX ? TNC2_TOO_LONG : TNC2_OK;
}

const char *tnc2_result_name(enum tnc2_result result)
{
	static const char *const names[] = {
	    [TNC2_OK] = "",
	    [TNC2_NO_HEADER] = "tnc2_no_header",
	    [TNC2_BAD_SOURCE] = "tnc2_bad_source",
	    [TNC2_BAD_DESTINATION] = "tnc2_bad_destination",
	    [TNC2_BAD_PATH] = "tnc2_bad_path",
	    [TNC2_NO_INFORMATION] = "tnc2_no_information",
	    [TNC2_TOO_LONG] = "tnc2_too_long",
	};
	return names[result];
}
