/* The yardstick of the ingest benchmark: a loop that does nothing but publish one payload N times at QoS 1 with libmosquitto. */
#include <argp.h>
#include <errno.h>
#include <mosquitto.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define PAYLOAD_MAX 65536

struct settings {
	const char *topic;
	int port;
	size_t size;
	uint32_t count, window;
};

struct progress {
	bool connected;
	uint32_t sent, acknowledged;
};

static void on_connect(struct mosquitto *client, void *data, int code)
{
	struct progress *progress = data;

	(void)client;
	progress->connected = code == 0;
}

static void on_publish(struct mosquitto *client, void *data, int id)
{
	struct progress *progress = data;

	(void)client;
	(void)id;
	progress->acknowledged++;
}

/* Waits for the socket and serves it once; false when the broker has gone. */
static bool serve(struct mosquitto *client)
{
	struct pollfd polls = {.fd = mosquitto_socket(client),
			       .events = (short)(POLLIN | (mosquitto_want_write(client) ? POLLOUT : 0))};

	if (poll(&polls, 1, 1000) < 0 && errno != EINTR)
		return false;
	if ((polls.revents & POLLOUT) && mosquitto_loop_write(client, 1))
		return false;
	if ((polls.revents & ~POLLOUT) && mosquitto_loop_read(client, 1))
		return false;
	return mosquitto_loop_misc(client) == MOSQ_ERR_SUCCESS;
}

static bool publish_all(struct mosquitto *client, struct progress *progress, const struct settings *settings)
{
	static char payload[PAYLOAD_MAX];

	memset(payload, 'x', settings->size);
	while (progress->acknowledged < settings->count) {
		while (progress->connected && progress->sent < settings->count &&
		       progress->sent - progress->acknowledged < settings->window) {
			if (mosquitto_publish(client, NULL, settings->topic, (int)settings->size, payload, 1, false))
				return false;
			progress->sent++;
		}
		if (!serve(client))
			return false;
	}
	return true;
}

static double cpu_us(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e6 +
	       (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct settings *settings = state->input;

	switch (key) {
	case 'p':
		settings->port = atoi(text);
		break;
	case 't':
		settings->topic = text;
		break;
	case 's':
		settings->size = (size_t)atoi(text);
		break;
	case 'n':
		settings->count = (uint32_t)atoi(text);
		break;
	case 'w':
		settings->window = (uint32_t)atoi(text);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	if (settings->size > PAYLOAD_MAX || !settings->count || !settings->window)
		argp_error(state, "'%s' is out of range", text);
	return 0;
}

static const struct argp_option options[] = {{"port", 'p', "PORT", 0, "of the broker on loopback (1883)"},
					     {"topic", 't', "TOPIC", 0, "where to"},
					     {"size", 's', "BYTES", 0, "of the payload (400)"},
					     {"count", 'n', "N", 0, "how many (30000)"},
					     {"window", 'w', "N", 0, "at most so many unacknowledged (100)"},
					     {0}};

static const struct argp argp = {options, parse, NULL,
				 "Publishes one payload N times; prints the processor time it took."};

int main(int argc, char **argv)
{
	struct settings settings = {.topic = "bare/1", .port = 1883, .size = 400, .count = 30000, .window = 100};
	struct progress progress = {0};
	struct mosquitto *client;
	double before_us;
	bool ok;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	argp_parse(&argp, argc, argv, 0, NULL, &settings);
	mosquitto_lib_init();
	client = mosquitto_new(NULL, true, &progress);
	if (!client)
		return EXIT_FAILURE;
	mosquitto_connect_callback_set(client, on_connect);
	mosquitto_publish_callback_set(client, on_publish);
	mosquitto_max_inflight_messages_set(client, 0);
	mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
	before_us = cpu_us();
	ok = mosquitto_connect(client, "127.0.0.1", settings.port, 60) == MOSQ_ERR_SUCCESS &&
	     publish_all(client, &progress, &settings);
	if (ok)
		printf("{\"published\": %u, \"cpu_us\": %.0f}\n", progress.acknowledged, cpu_us() - before_us);
	else
		fprintf(stderr, "bare_publish: the broker has gone after %u messages\n", progress.acknowledged);
	mosquitto_destroy(client);
	mosquitto_lib_cleanup();
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
