/* The traffic of the latency benchmark, the same for every system: topics, payloads and their times. */
#include "tests/support/feed.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

int64_t feed_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

void feed_bulk_topic(char topic[FEED_TOPIC_MAX], uint32_t number)
{
	snprintf(topic, FEED_TOPIC_MAX, FEED_TOPIC_BULK, (unsigned)(number % FEED_STATIONS));
}

void feed_payload(char payload[FEED_PAYLOAD_MAX + 1], size_t size, uint32_t number, int64_t sent_ns)
{
	int used;

	memset(payload, '.', size);
	used = snprintf(payload, size, "{\"n\":%u,\"t\":%lld,\"pad\":\"", (unsigned)number, (long long)sent_ns);
	payload[used] = '.';
	memcpy(payload + size - 2, "\"}", 3);
}
