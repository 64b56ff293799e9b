/* Headquarters' subscriber: one line for every message that arrives, with its class, number and times. */
#include <argp.h>
#include <mosquitto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "tests/support/feed.h"

struct settings {
	const char *host;
	int port;
};

static void on_connect(struct mosquitto *client, void *data, int code)
{
	(void)data;
	if (code || mosquitto_subscribe(client, NULL, FEED_TOPIC_FILTER, 1)) {
		fprintf(stderr, "hq_listen: the broker at headquarters refuses: %s\n", mosquitto_connack_string(code));
		exit(EXIT_FAILURE);
	}
}

static void on_subscribe(struct mosquitto *client, void *data, int id, int count, const int *granted)
{
	(void)client;
	(void)data;
	(void)id;
	(void)count;
	(void)granted;
	printf("ready\n");
	fflush(stdout);
}

static const char *class_of(const char *topic)
{
	if (strcmp(topic, FEED_TOPIC_ALERT) == 0)
		return "alert";
	return strncmp(topic, FEED_TOPIC_BULK, strlen("cresset/v1/op/track/")) == 0 ? "bulk" : NULL;
}

/* Messages that are not the feed's (state, birth) are not counted. */
static void on_message(struct mosquitto *client, void *data, const struct mosquitto_message *message)
{
	const char *class = class_of(message->topic);
	long long sent_ns;
	unsigned number;
	char head[FEED_PAYLOAD_MIN + 1];

	(void)client;
	(void)data;
	if (!class || message->payloadlen < FEED_PAYLOAD_MIN)
		return;
	memcpy(head, message->payload, FEED_PAYLOAD_MIN);
	head[FEED_PAYLOAD_MIN] = '\0';
	if (sscanf(head, "{\"n\":%u,\"t\":%lld,", &number, &sent_ns) != 2)
		return;
	printf("%s %u %lld %lld %d\n", class, number, sent_ns, (long long)feed_now_ns(), message->payloadlen);
	fflush(stdout);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct settings *settings = state->input;

	if (key == 'h')
		settings->host = text;
	else if (key == 'p')
		settings->port = atoi(text);
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

static const struct argp_option options[] = {
    {"host", 'h', "ADDRESS", 0, "of the broker (127.0.0.1)"}, {"port", 'p', "PORT", 0, "of the broker (1883)"}, {0}};

static const struct argp argp = {
    options, parse, NULL, "Prints \"ready\", then \"CLASS NUMBER SENT_NS RECEIVED_NS BYTES\" for every message."};

int main(int argc, char **argv)
{
	struct settings settings = {.host = "127.0.0.1", .port = 1883};
	struct mosquitto *client;
	int code;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	argp_parse(&argp, argc, argv, 0, NULL, &settings);
	mosquitto_lib_init();
	client = mosquitto_new(NULL, true, NULL);
	if (!client)
		return EXIT_FAILURE;
	mosquitto_connect_callback_set(client, on_connect);
	mosquitto_subscribe_callback_set(client, on_subscribe);
	mosquitto_message_callback_set(client, on_message);
	code = mosquitto_connect(client, settings.host, settings.port, 60);
	if (!code)
		code = mosquitto_loop_forever(client, 1000, 1);
	fprintf(stderr, "hq_listen: the broker at headquarters: %s\n", mosquitto_strerror(code));
	mosquitto_destroy(client);
	mosquitto_lib_cleanup();
	return EXIT_FAILURE;
}
