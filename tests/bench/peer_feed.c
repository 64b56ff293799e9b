/* The local publisher of the peers: gives a field broker with a bridge more bulk than its link carries, and alerts on time. */
#include <argp.h>
#include <errno.h>
#include <mosquitto.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <signal.h>

#include "tests/support/feed.h"

#define NS_PER_S     INT64_C(1000000000)
#define WINDOW       200 /* unacknowledged towards the local broker */
#define GIVE_UP_NS   (20 * NS_PER_S)
#define BULK_TICK_NS (NS_PER_S / 100)

struct settings {
	const char *host;
	int port;
	double settle_s;
	uint32_t backlog; /* published at once, before anything else */
	double bulk_rate; /* offered all the time after that, messages/s */
	size_t bulk_size, alert_size;
	uint32_t alerts;
	double alert_rate;
	double seconds; /* all in all */
};

/* One connection to the field broker. Alerts have one of their own, so that they never wait in this program. */
struct publisher {
	struct mosquitto *client;
	size_t size;
	bool connected;
	uint32_t sent, acknowledged;
};

static void on_connect(struct mosquitto *client, void *data, int code)
{
	struct publisher *publisher = data;

	(void)client;
	publisher->connected = code == 0;
}

static void on_publish(struct mosquitto *client, void *data, int id)
{
	struct publisher *publisher = data;

	(void)client;
	(void)id;
	publisher->acknowledged++;
}

static void die(const char *what, int code)
{
	fprintf(stderr, "peer_feed: %s: %s\n", what,
		code == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(code));
	exit(EXIT_FAILURE);
}

static void publish(struct publisher *publisher, const char *topic)
{
	char payload[FEED_PAYLOAD_MAX + 1];
	int code;

	feed_payload(payload, publisher->size, publisher->sent, feed_now_ns());
	code = mosquitto_publish(publisher->client, NULL, topic, (int)publisher->size, payload, 1, false);
	if (code)
		die("publish", code);
	publisher->sent++;
}

static void publish_bulk(struct publisher *bulk, uint32_t due)
{
	char topic[FEED_TOPIC_MAX];

	while (bulk->sent < due && bulk->sent - bulk->acknowledged < WINDOW) {
		feed_bulk_topic(topic, bulk->sent);
		publish(bulk, topic);
	}
}

/* Serves both connections for at most `wait_ns`. */
static void serve(struct publisher publishers[2], int64_t wait_ns)
{
	struct pollfd polls[2];
	struct timespec wait = {.tv_sec = wait_ns / NS_PER_S, .tv_nsec = wait_ns % NS_PER_S};
	int code = 0, i;

	for (i = 0; i < 2; i++) {
		polls[i].fd = mosquitto_socket(publishers[i].client);
		polls[i].events = (short)(POLLIN | (mosquitto_want_write(publishers[i].client) ? POLLOUT : 0));
		polls[i].revents = 0;
	}
	if (ppoll(polls, 2, &wait, NULL) < 0 && errno != EINTR)
		die("poll", MOSQ_ERR_ERRNO);
	for (i = 0; i < 2; i++) {
		if (polls[i].revents & POLLOUT)
			code = mosquitto_loop_write(publishers[i].client, 1);
		if (!code && (polls[i].revents & (POLLIN | POLLHUP | POLLERR)))
			code = mosquitto_loop_read(publishers[i].client, 1);
		if (!code)
			code = mosquitto_loop_misc(publishers[i].client);
		if (code)
			die("the local broker", code);
	}
}

static void connect_both(struct publisher publishers[2], const struct settings *settings)
{
	int64_t give_up = feed_now_ns() + GIVE_UP_NS;
	int code, i;

	for (i = 0; i < 2; i++) {
		publishers[i].client = mosquitto_new(NULL, true, &publishers[i]);
		if (!publishers[i].client)
			die("a client", MOSQ_ERR_NOMEM);
		mosquitto_connect_callback_set(publishers[i].client, on_connect);
		mosquitto_publish_callback_set(publishers[i].client, on_publish);
		mosquitto_max_inflight_messages_set(publishers[i].client, 0);
		mosquitto_int_option(publishers[i].client, MOSQ_OPT_TCP_NODELAY, 1);
		code = mosquitto_connect(publishers[i].client, settings->host, settings->port, 60);
		if (code)
			die("connecting to the local broker", code);
	}
	while (!publishers[0].connected || !publishers[1].connected) {
		if (feed_now_ns() > give_up)
			die("the local broker", MOSQ_ERR_NO_CONN);
		serve(publishers, NS_PER_S / 10);
	}
}

/* The backlog at once, bulk at its rate beside the alerts, which begin after the settling time and are sent on the dot. */
static void feed(struct publisher publishers[2], const struct settings *settings)
{
	struct publisher *bulk = &publishers[0], *alerts = &publishers[1];
	int64_t start = feed_now_ns(), now = start, end = start + (int64_t)(settings->seconds * (double)NS_PER_S);
	int64_t alert_due = start + (int64_t)(settings->settle_s * (double)NS_PER_S), wait;

	for (; now < end; now = feed_now_ns()) {
		if (alerts->sent < settings->alerts && now >= alert_due) {
			publish(alerts, FEED_TOPIC_ALERT);
			alert_due += (int64_t)((double)NS_PER_S / settings->alert_rate);
		}
		publish_bulk(bulk, settings->backlog +
				       (uint32_t)((double)(now - start) / (double)NS_PER_S * settings->bulk_rate));
		wait = BULK_TICK_NS;
		if (alerts->sent < settings->alerts && alert_due - now < wait)
			wait = alert_due > now ? alert_due - now : 0;
		serve(publishers, wait);
	}
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct settings *settings = state->input;

	switch (key) {
	case 'h':
		settings->host = text;
		break;
	case 'p':
		settings->port = atoi(text);
		break;
	case 't':
		settings->settle_s = atof(text);
		break;
	case 's':
		settings->seconds = atof(text);
		break;
	case 'l':
		settings->backlog = (uint32_t)atoi(text);
		break;
	case 'r':
		settings->bulk_rate = atof(text);
		break;
	case 'b':
		settings->bulk_size = (size_t)atoi(text);
		break;
	case 'a':
		settings->alert_size = (size_t)atoi(text);
		break;
	case 'n':
		settings->alerts = (uint32_t)atoi(text);
		break;
	case 'R':
		settings->alert_rate = atof(text);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	if (settings->bulk_size < FEED_PAYLOAD_MIN || settings->bulk_size > FEED_PAYLOAD_MAX ||
	    settings->alert_size < FEED_PAYLOAD_MIN || settings->alert_size > FEED_PAYLOAD_MAX ||
	    settings->alert_rate <= 0)
		argp_error(state, "'%s' is out of range", text);
	return 0;
}

static const struct argp_option options[] = {{"host", 'h', "ADDRESS", 0, "of the local broker (127.0.0.1)"},
					     {"port", 'p', "PORT", 0, "of the local broker (1883)"},
					     {"seconds", 's', "S", 0, "length of the whole run (80)"},
					     {"settle", 't', "S", 0, "bulk alone before the first alert (15)"},
					     {"backlog", 'l', "N", 0, "bulk messages at once at the start (2000)"},
					     {"bulk-rate", 'r', "N/S", 0, "bulk messages a second after that (50)"},
					     {"bulk-size", 'b', "BYTES", 0, "of a bulk payload (200)"},
					     {"alert-size", 'a', "BYTES", 0, "of an alert payload (100)"},
					     {"alerts", 'n', "N", 0, "how many (300)"},
					     {"alert-rate", 'R', "N/S", 0, "alerts a second (5)"},
					     {0}};

static const struct argp argp = {options, parse, NULL,
				 "Feeds a field broker with bulk and alerts; prints what it published."};

int main(int argc, char **argv)
{
	struct settings settings = {.host = "127.0.0.1",
				    .port = 1883,
				    .settle_s = 15,
				    .seconds = 80,
				    .backlog = 2000,
				    .bulk_rate = 50,
				    .bulk_size = 200,
				    .alert_size = 100,
				    .alerts = 300,
				    .alert_rate = 5};
	struct publisher publishers[2] = {0};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	argp_parse(&argp, argc, argv, 0, NULL, &settings);
	publishers[0].size = settings.bulk_size;
	publishers[1].size = settings.alert_size;
	mosquitto_lib_init();
	connect_both(publishers, &settings);
	feed(publishers, &settings);
	printf("{\"bulk_sent\": %u, \"bulk_acknowledged\": %u, \"alerts_sent\": %u, \"alerts_acknowledged\": %u}\n",
	       publishers[0].sent, publishers[0].acknowledged, publishers[1].sent, publishers[1].acknowledged);
	mosquitto_destroy(publishers[0].client);
	mosquitto_destroy(publishers[1].client);
	mosquitto_lib_cleanup();
	return EXIT_SUCCESS;
}
