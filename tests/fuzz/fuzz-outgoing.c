/* Any bytes as a command to a radio, or as what the gateway kept of one: refused with a text, or taken and written the same way again. And any
 * bytes as a topic, a line break and a command as it comes over MQTT: taken, or refused with a code and a text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/command.h"
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

static void command(const uint8_t *data, size_t size)
{
	static struct given_command given;
	struct command_fault fault;
	char topic[256];
	size_t topic_size = 0;
	while (topic_size < size && topic_size < sizeof(topic) - 1 && data[topic_size] && data[topic_size] != '\n')
		topic_size++;
	memcpy(topic, data, topic_size);
	topic[topic_size] = '\0';
	size_t rest = topic_size < size ? topic_size + 1 : size;
	int result = command_read(topic, data + rest, size - rest, &given, &fault);
	if (result != 0) {
		if (!fault.code || !fault.text[0] || strlen(fault.text) >= sizeof(fault.text))
			abort();
		return;
	}
	/* Nobody else may anything, and what is taken has what its kind needs. */
	if (given.audience >= AUDIENCE_NOBODY || given.what >= COMMAND_NOTHING || !given.id[0] ||
	    (given.what == COMMAND_CANCEL && !given.ref[0]) ||
	    (given.audience != AUDIENCE_SECURITY && given.what == COMMAND_TEXT && !given.message.to[0]) ||
	    (given.audience == AUDIENCE_ORGANISATION && (given.what != COMMAND_TEXT || !given.organisation[0])))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try(json_parse_outgoing, data, size);
	try(json_parse_kept, data, size);
	command(data, size);
	return 0;
}
