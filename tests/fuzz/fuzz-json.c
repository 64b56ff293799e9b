/* A message full of any bytes comes out as JSON that another implementation reads, and its topic has only the letters it may. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(char *line)
{
	json_t *object = line ? json_loads(line, JSON_REJECT_DUPLICATES, NULL) : NULL;
	if (!object)
		abort();
	json_decref(object);
	free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct json_context context = {.gateway = "base1", .radio = "vhf"};
	struct message message;
	char topic[128];
	size_t line_size = 0;
	message_init(&message);
	/* Texts, numbers and enumerations are taken as they come; what the driver promises (constants, flags) is left alone. */
	if (size > 0)
		message.kind = (enum message_kind)(data[0] % KIND_COUNT);
	if (size > 1)
		message.ack.level = (enum ack_level)data[1];
	if (size > 2)
		message.body_kind = (enum message_kind)(data[2] % KIND_COUNT);
	if (size > 3)
		message.sensitivity = data[3];
	memcpy(&message.body, data, size < sizeof(message.body) ? size : sizeof(message.body));
	memcpy(message.text, data, size < sizeof(message.text) ? size : sizeof(message.text));
	memcpy(message.station, data, size < sizeof(message.station) - 1 ? size : sizeof(message.station) - 1);
	memcpy(message.heard.path, data, size < sizeof(message.heard.path) ? size : sizeof(message.heard.path));
	memcpy(&message.received_at_ms, data, size < 8 ? size : 8);
	message.position.valid = true;
	memcpy(&message.position.lat_deg, data, size < 8 ? size : 8);
	double value = message.position.lat_deg;
	static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		message_add_number(&message, names[i], value, (uint8_t)i);
	message.raw_size = size;
	check(json_message(&message, &context, &line_size));
	check(json_payload(&message, &context, &line_size));
	check(json_logistics(&message, CLASS_SAFETY, "l-1", "", &context, &line_size));
	if (json_logistics_topic(&message, "l-1", &context, topic, sizeof(topic)) > 0 && strpbrk(topic, "+#$ \x7f"))
		abort();
	if (json_topic(&message, &context, topic, sizeof(topic)) > 0 && strpbrk(topic, "+#$ \x7f"))
		abort();
	return 0;
}
