/* The traffic of the latency benchmark, the same for every system: topics, payloads and their times. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define FEED_STATIONS     16
#define FEED_TOPIC_MAX    64
#define FEED_PAYLOAD_MAX  4096
#define FEED_PAYLOAD_MIN  48
#define FEED_TOPIC_FILTER "cresset/v1/op/+/gw1/#"
#define FEED_TOPIC_ALERT  "cresset/v1/op/sec/gw1/distress/N0CALL-7"
#define FEED_TOPIC_BULK   "cresset/v1/op/track/gw1/N0CALL-%u"

/* CLOCK_MONOTONIC: shared by the network namespaces of one machine, so that a latency is one subtraction. */
int64_t feed_now_ns(void);

/* The topic of the bulk message `number`: FEED_STATIONS stations in turn. */
void feed_bulk_topic(char topic[FEED_TOPIC_MAX], uint32_t number);

/* Writes {"n":number,"t":sent_ns,"pad":"..."} of exactly `size` bytes (FEED_PAYLOAD_MIN..FEED_PAYLOAD_MAX), with a final zero. */
void feed_payload(char payload[FEED_PAYLOAD_MAX + 1], size_t size, uint32_t number, int64_t sent_ns);
