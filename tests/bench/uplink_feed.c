/* The real uplink with a backlog that never empties: bulk of an exact size and, after a while, alerts at a steady rate. */
#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <systemd/sd-event.h>

#include "gateway/clock.h"
#include "gateway/counters.h"
#include "gateway/schedule.h"
#include "gateway/uplink.h"
#include "gateway/worker.h"
#include "tests/support/feed.h"

#define BACKLOG      400 /* kept in the schedule */
#define NS_PER_US    1000
#define US_PER_S     1000000
#define EXPIRY_MS    3600000
#define PREFIX       "cresset/v1/op/"
#define REFILL_US    20000
#define DRAIN_WAIT_S 30

struct options {
	struct uplink_broker broker;
	double seconds, settle_s, alert_rate;
	size_t bulk_size, alert_size;
	unsigned alerts;
	bool drain;
};

struct feed {
	struct options options;
	struct schedule *schedule;
	struct uplink *uplink;
	sd_event *event;
	sd_event_source *alert_timer, *refill_timer, *report_timer;
	uint64_t row, bulk_delivered, alerts_delivered, refused;
	unsigned bulk_made, alerts_made, bulk_waiting;
	int64_t start_us, alert_due_us;
	bool stopped;
};

static int64_t now_us(void)
{
	return feed_now_ns() / NS_PER_US;
}

static void put(struct feed *feed, enum message_class class, unsigned number, size_t size, const char *topic)
{
	char payload[FEED_PAYLOAD_MAX + 1], id[32];
	int64_t wall = clock_steady_ms();
	feed_payload(payload, size, number, feed_now_ns());
	snprintf(id, sizeof(id), "%c-%u", class == CLASS_BULK ? 'b' : 'a', number);
	struct entry_parts parts = {.class = class,
				    .kind = class == CLASS_BULK ? KIND_POSITION : KIND_DISTRESS,
				    .outlet = "uplink",
				    .id = id,
				    .station = strrchr(topic, '/') + 1,
				    .topic = topic + strlen(PREFIX),
				    .payload = payload,
				    .payload_size = size,
				    .heard_us = now_us(),
				    .accepted_at_ms = wall,
				    .expires_at_ms = class == CLASS_BULK ? wall + EXPIRY_MS : 0};
	struct entry *entry = entry_new(&parts, ++feed->row);
	if (!entry)
		abort();
	schedule_put(feed->schedule, entry);
}

static void refill(struct feed *feed)
{
	char topic[FEED_TOPIC_MAX];
	while (!feed->stopped && feed->bulk_waiting < BACKLOG) {
		feed_bulk_topic(topic, feed->bulk_made);
		put(feed, CLASS_BULK, feed->bulk_made++, feed->options.bulk_size, topic);
		feed->bulk_waiting++;
	}
	uplink_wake(feed->uplink);
}

static int on_refill(sd_event_source *source, uint64_t due_us, void *context)
{
	struct feed *feed = context;
	(void)due_us;
	if (feed->bulk_waiting < BACKLOG / 2)
		refill(feed);
	sd_event_source_set_time_relative(source, REFILL_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int on_alert(sd_event_source *source, uint64_t due_us, void *context)
{
	struct feed *feed = context;
	(void)due_us;
	if (feed->alerts_made >= feed->options.alerts)
		return 0;
	put(feed, CLASS_DISTRESS, feed->alerts_made++, feed->options.alert_size, FEED_TOPIC_ALERT);
	uplink_wake(feed->uplink);
	feed->alert_due_us += (int64_t)(US_PER_S / feed->options.alert_rate);
	sd_event_source_set_time(source, (uint64_t)feed->alert_due_us);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void report(struct feed *feed)
{
	struct uplink_status status = uplink_status(feed->uplink);
	printf("{\"seconds\":%.1f,\"connected\":%s,\"rate_bps\":%.0f,\"rtt_ms\":%.1f,\"base_rtt_ms\":%.1f,"
	       "\"unacknowledged\":%llu,\"bulk_made\":%u,\"bulk_delivered\":%llu,\"alerts_made\":%u,"
	       "\"alerts_delivered\":%llu,\"refused\":%llu}\n",
	       (double)(now_us() - feed->start_us) / US_PER_S, status.connected ? "true" : "false", status.rate_bps,
	       status.rtt_ms, status.min_rtt_ms, (unsigned long long)status.unacknowledged_bytes,
	       feed->bulk_made - feed->bulk_waiting, (unsigned long long)feed->bulk_delivered, feed->alerts_made,
	       (unsigned long long)feed->alerts_delivered, (unsigned long long)feed->refused);
	fflush(stdout);
}

/* What was still waiting is taken back, so that nothing counts as sent that was not. */
static void stop_feeding(struct feed *feed)
{
	struct entry *entry;
	feed->stopped = true;
	while ((entry = schedule_take(feed->schedule, CLASS_BULK, CLASS_BULK, clock_steady_ms()))) {
		feed->bulk_waiting--;
		entry_unref(entry);
	}
}

static int on_report(sd_event_source *source, uint64_t due_us, void *context)
{
	struct feed *feed = context;
	double seconds = (double)(now_us() - feed->start_us) / US_PER_S;
	(void)due_us;
	report(feed);
	if (seconds >= feed->options.seconds && !feed->stopped)
		stop_feeding(feed);
	if (feed->stopped &&
	    (uplink_status(feed->uplink).unacknowledged_bytes == 0 || seconds > feed->options.seconds + DRAIN_WAIT_S))
		return sd_event_exit(feed->event, 0);
	sd_event_source_set_time_relative(source, US_PER_S);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void on_done(void *context, struct entry *entry, enum uplink_result result, int code)
{
	struct feed *feed = context;
	(void)code;
	if (result == UPLINK_REFUSED)
		feed->refused++;
	else if (entry->class == CLASS_BULK)
		feed->bulk_delivered++;
	else
		feed->alerts_delivered++;
	if (entry->class == CLASS_BULK)
		feed->bulk_waiting--;
	entry_unref(entry);
}

static void on_state(void *context, bool connected, const char *text)
{
	struct feed *feed = context;
	(void)text;
	if (!connected || feed->alert_due_us)
		return;
	feed->start_us = now_us();
	feed->alert_due_us = feed->start_us + (int64_t)(feed->options.settle_s * US_PER_S);
	sd_event_source_set_time(feed->alert_timer, (uint64_t)feed->alert_due_us);
	sd_event_source_set_enabled(feed->alert_timer, SD_EVENT_ONESHOT);
	refill(feed);
}

static void on_drop(void *context, struct entry *entry, const char *reason)
{
	(void)context;
	fprintf(stderr, "uplink_feed: dropped: %s\n", reason);
	entry_unref(entry);
}

static int start(struct feed *feed, struct worker *worker, struct counters *counters)
{
	static struct uplink_settings settings = {.broker_count = 1,
						  .client_id = "feed",
						  .topic_prefix = PREFIX,
						  .state_topic = "gw/gw1/state",
						  .session = 1,
						  .keepalive_ms = 60000,
						  .connect_timeout_ms = 30000,
						  .session_expiry_ms = 60000,
						  .back_to_better_ms = 600000};
	struct uplink_callbacks callbacks = {.context = feed, .done = on_done, .state = on_state};
	uint64_t now = (uint64_t)now_us();
	settings.brokers = &feed->options.broker;
	feed->start_us = now_us();
	feed->uplink = uplink_new(&settings, feed->schedule, &callbacks, feed->event, worker, counters);
	if (!feed->uplink)
		return -1;
	sd_event_add_time(feed->event, &feed->alert_timer, CLOCK_MONOTONIC, now, 1, on_alert, feed);
	sd_event_source_set_enabled(feed->alert_timer, SD_EVENT_OFF);
	sd_event_add_time(feed->event, &feed->refill_timer, CLOCK_MONOTONIC, now + REFILL_US, 1000, on_refill, feed);
	return sd_event_add_time(feed->event, &feed->report_timer, CLOCK_MONOTONIC, now + US_PER_S, 1000, on_report,
				 feed);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct options *options = state->input;
	switch (key) {
	case 'h':
		options->broker.host = text;
		break;
	case 'p':
		options->broker.port = (uint16_t)atoi(text);
		break;
	case 's':
		options->seconds = atof(text);
		break;
	case 'w':
		options->settle_s = atof(text);
		break;
	case 'b':
		options->bulk_size = (size_t)atoll(text);
		break;
	case 'a':
		options->alert_size = (size_t)atoll(text);
		break;
	case 'n':
		options->alerts = (unsigned)atoi(text);
		break;
	case 'r':
		options->alert_rate = atof(text);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	if (options->bulk_size > FEED_PAYLOAD_MAX || options->alert_size > FEED_PAYLOAD_MAX ||
	    options->bulk_size < FEED_PAYLOAD_MIN || options->alert_size < FEED_PAYLOAD_MIN || options->alert_rate <= 0)
		argp_error(state, "'%s' is out of range", text);
	return 0;
}

static const struct argp_option argp_options[] = {
    {"host", 'h', "ADDRESS", 0, "of the broker (127.0.0.1)"},
    {"port", 'p', "PORT", 0, "of the broker (1883)"},
    {"seconds", 's', "S", 0, "how long to feed, from the connection on (70)"},
    {"settle", 'w', "S", 0, "bulk alone before the first alert (5)"},
    {"bulk-size", 'b', "BYTES", 0, "payload (200)"},
    {"alert-size", 'a', "BYTES", 0, "payload (100)"},
    {"alerts", 'n', "NUMBER", 0, "of alerts (300)"},
    {"alert-rate", 'r', "PER-SECOND", 0, "of alerts (5)"},
    {0}};

static const struct argp argp = {argp_options, parse, NULL,
				 "Feeds the uplink; prints one JSON object a second with its state and counters."};

int main(int argc, char **argv)
{
	struct feed feed = {.options = {.broker = {.host = "127.0.0.1", .port = 1883},
					.seconds = 70,
					.settle_s = 5,
					.bulk_size = 200,
					.alert_size = 100,
					.alerts = 300,
					.alert_rate = 5}};
	struct schedule_settings bounds = {.weight = {0, 0, 6, 3, 1}};
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	argp_parse(&argp, argc, argv, 0, NULL, &feed.options);
	for (int i = 0; i < CLASS_COUNT; i++)
		bounds.class_bytes[i] = 64 << 20;
	struct counters *counters = counters_new();
	feed.schedule = schedule_new(&bounds, on_drop, &feed);
	if (!feed.schedule || sd_event_default(&feed.event) < 0)
		return EXIT_FAILURE;
	struct worker *worker = worker_new(feed.event);
	if (!worker || start(&feed, worker, counters) < 0)
		return EXIT_FAILURE;
	int code = sd_event_loop(feed.event);
	report(&feed);
	sd_event_source_disable_unref(feed.alert_timer);
	sd_event_source_disable_unref(feed.refill_timer);
	sd_event_source_disable_unref(feed.report_timer);
	uplink_free(feed.uplink);
	worker_free(worker);
	schedule_free(feed.schedule);
	counters_free(counters);
	sd_event_unref(feed.event);
	return code < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
