/* Any bytes as an AX.25 frame: a frame that is taken can be written and read again, and says the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/codec/ax25.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_text(const struct ax25_address *address)
{
	struct ax25_address again;
	char text[AX25_ADDRESS_TEXT_MAX];
	size_t size = ax25_address_format(address, text);
	if (!ax25_address_parse(text, size, &again) || strcmp(again.call, address->call) != 0 ||
	    again.ssid != address->ssid)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct ax25_frame frame, again;
	struct ax25_address address;
	uint8_t out[AX25_FRAME_SEND_MAX];
	char path[AX25_PATH_TEXT_MAX], path_again[AX25_PATH_TEXT_MAX];
	ax25_address_parse((const char *)bytes, size, &address);
	if (ax25_decode(bytes, size, &frame) != AX25_OK)
		return 0;
	check_text(&frame.source);
	check_text(&frame.destination);
	int used = ax25_path_format(&frame, path);
	size_t written = ax25_encode(&frame, out, sizeof(out));
	if (!written)
		return 0;
	if (ax25_decode(out, written, &again) != AX25_OK || ax25_path_format(&again, path_again) != used ||
	    strcmp(path, path_again) != 0 || again.information_size != frame.information_size ||
	    memcmp(again.information, frame.information, frame.information_size) != 0)
		abort();
	return 0;
}
