/* Any bytes as a command to a radio: refused with a text, or taken and written the same way again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message message, again;
	char radio[MESSAGE_NAME_MAX], error[96] = "";
	size_t written_size = 0;
	if (json_parse_outgoing((const char *)data, size, &message, radio, error, sizeof(error)) != 0) {
		if (!error[0])
			abort();
		return 0;
	}
	char *written = json_outgoing(&message, radio, &written_size);
	if (!written || json_parse_outgoing(written, written_size, &again, NULL, error, sizeof(error)) != 0 ||
	    strcmp(message.text, again.text) != 0 || strcmp(message.id, again.id) != 0 ||
	    strcmp(message.ack.ref, again.ack.ref) != 0 || message.kind != again.kind)
		abort();
	free(written);
	return 0;
}
