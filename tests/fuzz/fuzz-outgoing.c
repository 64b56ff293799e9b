/* Any bytes as a command to a radio, or as what the gateway kept of one: refused with a text, or taken and written the same way again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef int parse_fn(const char *json, size_t size, struct message *message, char *radio, char *error,
		     size_t error_size);

static void try(parse_fn *parse, const uint8_t *data, size_t size)
{
	struct message message, again;
	char radio[MESSAGE_NAME_MAX], error[96] = "";
	size_t written_size = 0;
	if (parse((const char *)data, size, &message, radio, error, sizeof(error)) != 0) {
		if (!error[0])
			abort();
		return;
	}
	char *written = json_outgoing(&message, radio, &written_size);
	if (!written || parse(written, written_size, &again, NULL, error, sizeof(error)) != 0 ||
	    strcmp(message.text, again.text) != 0 || strcmp(message.id, again.id) != 0 ||
	    strcmp(message.ack.ref, again.ack.ref) != 0 || message.kind != again.kind ||
	    message.ack.level != again.ack.level || message.ack.bitmap != again.ack.bitmap)
		abort();
	free(written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try(json_parse_outgoing, data, size);
	try(json_parse_kept, data, size);
	return 0;
}
