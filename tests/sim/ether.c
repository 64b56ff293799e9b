/* The simulated ether as a program: joins transceivers over a unix socket (tests/support/ether_client.h) and keeps time. All it knows of
 * radio is in tests/support/ether_model.h.
 *
 *   ether --socket PATH [--scenario FILE] [--seed N] [--speed N] [--trace]
 *
 * Runs until SIGTERM or SIGINT, then writes one line of JSON: transmissions, airtime, collisions, each station's use of each sub-band, and
 * overruns. Exit status: 0, 1 trouble, 2 usage, 3 the auditor found an overrun. --speed: simulated seconds in a real one. --trace: a line
 * of JSON for every transmission as it begins. */
#include <argp.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/ether_model.h"
#include "tests/support/hex.h"

enum { LINE_SIZE = 2 * ETHER_PAYLOAD_MAX + 128, CLIENTS_MAX = 256, EXIT_OVERRUN = 3 };

struct client {
	int fd, station; /* station -1: not joined */
	char name[ETHER_NAME_MAX];
};

struct ether {
	const char *socket_path, *scenario_path;
	double speed;
	bool trace, seed_given;
	uint64_t seed;
	struct ether_scenario scenario;
	struct ether_model *model;
	int listener;
	struct client clients[CLIENTS_MAX];
	size_t client_count;
	int64_t begin_us;
};

static volatile sig_atomic_t ended;

static void end(int number)
{
	(void)number;
	ended = 1;
}

static int64_t real_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ll + now.tv_nsec / 1000;
}

static int64_t now_us(const struct ether *ether)
{
	return (int64_t)((double)(real_us() - ether->begin_us) * ether->speed);
}

/* A client that takes nothing loses news, as a radio whose port nobody reads. */
static void say(const struct client *client, const char *text)
{
	if (send(client->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		fprintf(stderr, "ether: %s takes no news\n", client->name);
}

static void complain(const struct client *client, const char *what)
{
	char line[128];
	snprintf(line, sizeof(line), "error %s", what);
	say(client, line);
}

static void join(struct ether *ether, struct client *client, const char *name)
{
	char line[64];
	if (client->station >= 0) {
		complain(client, "already joined");
		return;
	}
	int station = ether_model_join(ether->model, name);
	if (station < 0) {
		complain(client, station == -EEXIST ? "a transceiver of that name is here" : "no such name");
		return;
	}
	client->station = station;
	snprintf(client->name, sizeof(client->name), "%.*s", ETHER_NAME_MAX - 1, name);
	snprintf(line, sizeof(line), "welcome %.6g", ether->speed);
	say(client, line);
}

static bool read_tuning(const char *words, struct ether_tuning *tuning)
{
	memset(tuning, 0, sizeof(*tuning));
	if (sscanf(words, "%u afsk %u %u %d", &tuning->frequency_hz, &tuning->afsk_baud, &tuning->txdelay_ms,
		   &tuning->power_dbm) == 4)
		return true;
	tuning->afsk_baud = 0;
	tuning->implicit = strstr(words, " implicit") != NULL;
	tuning->no_crc = strstr(words, " nocrc") != NULL;
	return sscanf(words, "%u %u %u %u %u %u %d", &tuning->frequency_hz, &tuning->bandwidth_hz,
		      &tuning->spreading_factor, &tuning->coding_rate, &tuning->preamble, &tuning->sync,
		      &tuning->power_dbm) == 7;
}

static void tune(struct ether *ether, const struct client *client, const char *words)
{
	struct ether_tuning tuning;
	if (!read_tuning(words, &tuning))
		complain(client, "tune: not understood");
	else
		switch (ether_model_tune(ether->model, client->station, now_us(ether), &tuning)) {
		case -EINVAL:
			complain(client, "tune: no such figures");
			break;
		case -EBUSY:
			complain(client, "tune: still sending");
			break;
		}
}

static void transmit(struct ether *ether, const struct client *client, const char *hex)
{
	uint8_t bytes[ETHER_PAYLOAD_MAX];
	size_t size = hex_read(hex, bytes, ETHER_PAYLOAD_MAX);
	int64_t at_us = now_us(ether);
	int64_t airtime_us = ether_model_send(ether->model, client->station, at_us, bytes, size);
	if (airtime_us < 0)
		complain(client, airtime_us == -ENOTCONN ? "send: not tuned"
				 : airtime_us == -EBUSY  ? "send: still sending"
							 : "send: bad size");
	else if (ether->trace)
		printf("{\"at_us\": %lld, \"station\": \"%s\", \"size\": %zu, \"airtime_us\": %lld}\n",
		       (long long)at_us, client->name, size, (long long)airtime_us);
}

static void obey(struct ether *ether, struct client *client, const char *line)
{
	if (strncmp(line, "join ", 5) == 0)
		join(ether, client, line + 5);
	else if (client->station < 0)
		complain(client, "not joined");
	else if (strncmp(line, "tune ", 5) == 0)
		tune(ether, client, line + 5);
	else if (strcmp(line, "off") == 0)
		ether_model_off(ether->model, client->station, now_us(ether));
	else if (strncmp(line, "send ", 5) == 0)
		transmit(ether, client, line + 5);
	else if (strcmp(line, "listen") == 0)
		say(client,
		    ether_model_carrier(ether->model, client->station, now_us(ether)) ? "carrier 1" : "carrier 0");
	else
		complain(client, "no such word");
}

static void tell(const struct ether *ether, const struct ether_arrival *arrival)
{
	char line[LINE_SIZE];
	const struct ether_news *news = &arrival->news;
	int at = 0;
	if (news->event == ETHER_SENT)
		snprintf(line, sizeof(line), "sent %lld", (long long)news->airtime_us);
	else if (news->event == ETHER_SPOILT)
		snprintf(line, sizeof(line), "spoilt %.1f", news->rssi_dbm);
	else
		at = snprintf(line, sizeof(line), "heard %.1f %.2f ", news->rssi_dbm, news->snr_db);
	for (size_t i = 0; i < news->size; i++)
		at += snprintf(line + at, sizeof(line) - (size_t)at, "%02x", news->bytes[i]);
	for (size_t i = 0; i < ether->client_count; i++)
		if (ether->clients[i].station == arrival->station)
			say(&ether->clients[i], line);
}

static void tell_all(struct ether *ether)
{
	struct ether_arrival arrival;
	while (ether_model_take(ether->model, now_us(ether), &arrival))
		tell(ether, &arrival);
}

/* False: the client is gone. */
static bool serve(struct ether *ether, struct client *client)
{
	char line[LINE_SIZE];
	ssize_t size = recv(client->fd, line, sizeof(line) - 1, MSG_DONTWAIT);
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (size <= 0)
		return false;
	line[size] = 0;
	obey(ether, client, line);
	return true;
}

static void dismiss(struct ether *ether, size_t index)
{
	struct client *client = &ether->clients[index];
	if (client->station >= 0)
		ether_model_leave(ether->model, client->station, now_us(ether));
	close(client->fd);
	*client = ether->clients[--ether->client_count];
}

static void welcome(struct ether *ether)
{
	int fd = accept4(ether->listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return;
	if (ether->client_count == CLIENTS_MAX)
		close(fd);
	else
		ether->clients[ether->client_count++] = (struct client){.fd = fd, .station = -1};
}

/* How long nothing will happen by itself; NULL = for ever. */
static const struct timespec *patience(const struct ether *ether, struct timespec *wait)
{
	int64_t due_us = ether_model_due_us(ether->model);
	if (due_us < 0)
		return NULL;
	double real = (double)(due_us - now_us(ether)) / ether->speed;
	int64_t left_us = real > 0 ? (int64_t)real + 1 : 0;
	*wait = (struct timespec){.tv_sec = left_us / 1000000, .tv_nsec = left_us % 1000000 * 1000};
	return wait;
}

static void turn(struct ether *ether, const sigset_t *open_mask)
{
	struct pollfd polled[CLIENTS_MAX + 1] = {{.fd = ether->listener, .events = POLLIN}};
	struct timespec wait;
	size_t count = ether->client_count;
	for (size_t i = 0; i < count; i++)
		polled[i + 1] = (struct pollfd){.fd = ether->clients[i].fd, .events = POLLIN};
	int ready = ppoll(polled, count + 1, patience(ether, &wait), open_mask);
	tell_all(ether);
	if (ready <= 0)
		return;
	/* Backwards: who is dismissed is replaced by the last. */
	for (size_t i = count; i-- > 0;)
		if (polled[i + 1].revents && !serve(ether, &ether->clients[i]))
			dismiss(ether, i);
	if (polled[0].revents)
		welcome(ether);
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 64) == 0)
		return fd;
	int error = errno;
	if (fd >= 0)
		close(fd);
	errno = error;
	return -1;
}

static void run(struct ether *ether)
{
	sigset_t closed, before;
	sigemptyset(&closed);
	sigaddset(&closed, SIGTERM);
	sigaddset(&closed, SIGINT);
	sigprocmask(SIG_BLOCK, &closed, &before);
	signal(SIGTERM, end);
	signal(SIGINT, end);
	setlinebuf(stdout);
	ether->begin_us = real_us();
	while (!ended)
		turn(ether, &before);
}

static int report(const struct ether *ether)
{
	json_t *document = ether_model_report(ether->model);
	json_dumpf(document, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(document);
	return ether_auditor_overruns(ether_model_auditor(ether->model)) ? EXIT_OVERRUN : 0;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct ether *ether = state->input;
	switch (key) {
	case 's':
		ether->socket_path = argument;
		return 0;
	case 'f':
		ether->scenario_path = argument;
		return 0;
	case 'n':
		ether->seed = strtoull(argument, NULL, 10);
		ether->seed_given = true;
		return 0;
	case 'x':
		ether->speed = strtod(argument, NULL);
		if (!(ether->speed >= 0.01 && ether->speed <= 10000))
			argp_error(state, "--speed is a number from 0.01 to 10000");
		return 0;
	case 't':
		ether->trace = true;
		return 0;
	case ARGP_KEY_END:
		if (!ether->socket_path[0])
			argp_error(state, "--socket is needed");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int main(int argc, char **argv)
{
	static const struct argp_option options[] = {
	    {"socket", 's', "PATH", 0, "unix socket to listen on", 0},
	    {"scenario", 'f', "FILE", 0, "YAML: region, places, losses, seed", 0},
	    {"seed", 'n', "N", 0, "instead of the scenario's", 0},
	    {"speed", 'x', "N", 0, "simulated seconds in a real one", 0},
	    {"trace", 't', NULL, 0, "a line for every transmission", 0},
	    {0},
	};
	static const struct argp argp = {options, parse, NULL, "A simulated ether for simulated transceivers."};
	static struct ether ether = {.socket_path = "", .speed = 1};
	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, &ether);
	ether_scenario_init(&ether.scenario);
	if (ether.scenario_path && !ether_scenario_load(&ether.scenario, ether.scenario_path, stderr))
		return 1;
	if (ether.seed_given)
		ether.scenario.seed = ether.seed;
	ether.listener = listen_at(ether.socket_path);
	if (ether.listener < 0) {
		fprintf(stderr, "ether: %s: %s\n", ether.socket_path, strerror(errno));
		return 1;
	}
	ether.model = ether_model_new(&ether.scenario);
	run(&ether);
	int result = report(&ether);
	ether_model_free(ether.model);
	unlink(ether.socket_path);
	return result;
}
