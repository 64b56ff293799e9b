/* Any bytes as a topic, a line break and what another gateway says there: a report, a state or a receipt is refused, or it is what its topic says. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/json_neighbour.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void report(const char *topic, const uint8_t *json, size_t size)
{
	struct reach_report report, again;
	char written_topic[256];
	if (json_parse_reach(topic, json, size, &report) != 0)
		return;
	if (json_reach_topic(&report, written_topic, sizeof(written_topic)) < 0 || strcmp(written_topic, topic) != 0)
		abort();
	size_t written_size;
	char *written = json_reach(&report, &written_size);
	if (!written || json_parse_reach(topic, written, written_size, &again) != 0 ||
	    again.heard.hops != report.heard.hops)
		abort();
	free(written);
}

static void presence(const char *topic, const uint8_t *json, size_t size)
{
	struct presence presence;
	if (json_parse_presence(topic, json, size, &presence) != 0)
		return;
	if (!presence.gateway[0] || strchr(presence.gateway, '/') || (presence.online && presence.session > INT64_MAX))
		abort();
}

static void receipt(const char *topic, const uint8_t *json, size_t size)
{
	struct handed_receipt receipt;
	char gateway[MESSAGE_NAME_MAX];
	if (json_is_handed_receipt(topic, gateway) && (!gateway[0] || strchr(gateway, '/')))
		abort();
	if (json_parse_handed_receipt(json, size, &receipt) == 0 && !json_is_handed(receipt.id))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char topic[256];
	size_t topic_size = 0;
	while (topic_size < size && topic_size < sizeof(topic) - 1 && data[topic_size] && data[topic_size] != '\n')
		topic_size++;
	memcpy(topic, data, topic_size);
	topic[topic_size] = '\0';
	size_t rest = topic_size < size ? topic_size + 1 : size;
	report(topic, data + rest, size - rest);
	presence(topic, data + rest, size - rest);
	receipt(topic, data + rest, size - rest);
	return 0;
}
