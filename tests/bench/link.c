/* A slow link between two network namespaces: serializes every packet at a rate, with a tail-drop FIFO, delay and loss. */
#include <argp.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/netside.h"

#define PACKET_MAX 65536
#define NS_PER_S   INT64_C(1000000000)
#define NS_PER_MS  INT64_C(1000000)
#define LATE_NS    (5 * NS_PER_MS)

struct settings {
	int64_t rate_bps;
	int64_t delay_ns; /* one way */
	double loss;      /* 0..1, of packets, each way */
	size_t fifo_bytes;
	uint64_t seed;
	int mtu;
};

struct packet {
	struct packet *next;
	int64_t at_ns; /* waiting: when it arrived; in flight: when it is due at the far end */
	size_t size;
	uint8_t bytes[];
};

struct line {
	struct packet *head, *tail;
};

/* One direction of the link: waiting (the FIFO) -> sending (being serialized) -> flying (the delay). */
struct direction {
	int from, to;
	struct line waiting, flying;
	size_t waiting_bytes;
	struct packet *sending;
	int64_t sent_at_ns; /* when `sending` will have left; without one, when the last one left */
	uint64_t random;
	uint64_t packets, bytes, dropped, lost;
	/* How much later than due packets were handed over: the error of this tool, on a machine that is too busy. */
	int64_t late_max_ns;
	uint64_t late_packets; /* by more than LATE_NS */
};

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* splitmix64 (public domain, S. Vigna), scaled to [0, 1). */
static double random_unit(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return (double)(z >> 11) / (double)(UINT64_C(1) << 53);
}

static void line_push(struct line *line, struct packet *packet)
{
	packet->next = NULL;
	if (line->tail)
		line->tail->next = packet;
	else
		line->head = packet;
	line->tail = packet;
}

static struct packet *line_pop(struct line *line)
{
	struct packet *packet = line->head;

	if (!packet)
		return NULL;
	line->head = packet->next;
	if (!line->head)
		line->tail = NULL;
	return packet;
}

/* Begins with the next waiting packet. The start is where the last one ended, not when we woke up, so that the rate is exact
 * however late this process is scheduled. */
static bool start_sending(struct direction *way, const struct settings *settings)
{
	struct packet *packet = line_pop(&way->waiting);
	int64_t start;

	if (!packet)
		return false;
	start = packet->at_ns > way->sent_at_ns ? packet->at_ns : way->sent_at_ns;
	way->waiting_bytes -= packet->size;
	way->sending = packet;
	way->sent_at_ns = start + (int64_t)packet->size * 8 * NS_PER_S / settings->rate_bps;
	return true;
}

/* Takes what the namespace sends now; what does not fit into the FIFO is dropped, as a modem does. The packet that is being
 * serialized does not count as waiting. */
static void accept_packets(struct direction *way, const struct settings *settings)
{
	static uint8_t buffer[PACKET_MAX];
	struct packet *packet;
	ssize_t size;

	while ((size = read(way->from, buffer, sizeof buffer)) > 0) {
		if (way->waiting_bytes + (size_t)size > settings->fifo_bytes ||
		    !(packet = malloc(sizeof *packet + (size_t)size))) {
			way->dropped++;
			continue;
		}
		packet->at_ns = now_ns();
		packet->size = (size_t)size;
		memcpy(packet->bytes, buffer, packet->size);
		line_push(&way->waiting, packet);
		way->waiting_bytes += packet->size;
		if (!way->sending)
			start_sending(way, settings);
	}
}

/* The packet in the serializer has left: it flies, or is lost having cost its time on the wire. */
static void finish_sending(struct direction *way, const struct settings *settings)
{
	struct packet *packet = way->sending;

	way->sending = NULL;
	way->packets++;
	way->bytes += packet->size;
	if (random_unit(&way->random) < settings->loss) {
		way->lost++;
		free(packet);
		return;
	}
	packet->at_ns = way->sent_at_ns + settings->delay_ns;
	line_push(&way->flying, packet);
}

static void deliver(struct direction *way, int64_t now)
{
	struct packet *packet;

	while (way->flying.head && way->flying.head->at_ns <= now) {
		packet = line_pop(&way->flying);
		if (now - packet->at_ns > way->late_max_ns)
			way->late_max_ns = now - packet->at_ns;
		way->late_packets += now - packet->at_ns > LATE_NS;
		if (write(way->to, packet->bytes, packet->size) < 0)
			way->dropped++;
		free(packet);
	}
}

/* Moves everything that is due. Returns when the next thing is due, INT64_MAX if nothing is on its way. */
static int64_t advance(struct direction *way, const struct settings *settings)
{
	int64_t now = now_ns(), next = INT64_MAX;

	for (;;) {
		if (way->sending && way->sent_at_ns <= now)
			finish_sending(way, settings);
		else if (way->sending || !start_sending(way, settings))
			break;
	}
	deliver(way, now);
	if (way->sending)
		next = way->sent_at_ns;
	if (way->flying.head && way->flying.head->at_ns < next)
		next = way->flying.head->at_ns;
	return next;
}

static void print_way(const char *name, const struct direction *way)
{
	printf("\"%s\": {\"packets\": %llu, \"bytes\": %llu, \"dropped\": %llu, \"lost\": %llu, ", name,
	       (unsigned long long)way->packets, (unsigned long long)way->bytes, (unsigned long long)way->dropped,
	       (unsigned long long)way->lost);
	printf("\"waiting_bytes\": %zu, \"late_packets\": %llu, \"late_max_us\": %lld}", way->waiting_bytes,
	       (unsigned long long)way->late_packets, (long long)(way->late_max_ns / 1000));
}

static void print_stats(const struct direction ways[2])
{
	printf("{");
	print_way("a_to_b", &ways[0]);
	printf(", ");
	print_way("b_to_a", &ways[1]);
	printf("}\n");
	fflush(stdout);
}

/* One command from standard input: "rate BITS_PER_SECOND" (from the next packet on), "stats" or "quit". */
static bool obey(const char *command, struct settings *settings, const struct direction ways[2])
{
	long long rate;

	if (sscanf(command, "rate %lld", &rate) == 1 && rate > 0)
		settings->rate_bps = rate;
	else if (strncmp(command, "stats", 5) == 0)
		print_stats(ways);
	else if (strncmp(command, "quit", 4) == 0)
		return false;
	else
		fprintf(stderr, "link: unknown command, known are: rate BITS_PER_SECOND, stats, quit\n");
	return true;
}

/* Reads what has come on standard input and obeys each whole line. False at its end: whoever started the link has gone. */
static bool read_commands(struct settings *settings, const struct direction ways[2])
{
	static char text[256];
	static size_t used;
	char *end;
	ssize_t size = read(STDIN_FILENO, text + used, sizeof text - 1 - used);

	if (size <= 0)
		return false;
	used += (size_t)size;
	text[used] = '\0';
	while ((end = strchr(text, '\n'))) {
		*end++ = '\0';
		if (!obey(text, settings, ways))
			return false;
		used -= (size_t)(end - text);
		memmove(text, end, used + 1);
	}
	if (used == sizeof text - 1)
		used = 0;
	return true;
}

static void relay(struct settings *settings, struct direction ways[2])
{
	struct pollfd polls[3] = {{.fd = ways[0].from, .events = POLLIN},
				  {.fd = ways[1].from, .events = POLLIN},
				  {.fd = STDIN_FILENO, .events = POLLIN}};
	struct timespec wait;
	int64_t next, other, left;

	for (;;) {
		next = advance(&ways[0], settings);
		other = advance(&ways[1], settings);
		if (other < next)
			next = other;
		left = next == INT64_MAX ? NS_PER_S : next - now_ns();
		if (left < 0)
			left = 0;
		wait = (struct timespec){.tv_sec = left / NS_PER_S, .tv_nsec = left % NS_PER_S};
		if (ppoll(polls, 3, &wait, NULL) < 0 && errno != EINTR)
			return;
		if (polls[0].revents)
			accept_packets(&ways[0], settings);
		if (polls[1].revents)
			accept_packets(&ways[1], settings);
		if (polls[2].revents && !read_commands(settings, ways))
			return;
	}
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct settings *settings = state->input;

	switch (key) {
	case 'r':
		settings->rate_bps = atoll(text);
		break;
	case 'd':
		settings->delay_ns = (int64_t)(atof(text) * NS_PER_MS);
		break;
	case 'l':
		settings->loss = atof(text);
		break;
	case 'f':
		settings->fifo_bytes = (size_t)atoll(text);
		break;
	case 'm':
		settings->mtu = atoi(text);
		break;
	case 's':
		settings->seed = (uint64_t)atoll(text);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	if (settings->rate_bps <= 0 || settings->delay_ns < 0 || settings->loss < 0 || settings->loss >= 1)
		argp_error(state, "'%s' is out of range", text);
	return 0;
}

static const struct argp_option options[] = {{"rate", 'r', "BITS/S", 0, "serialize packets at this rate (64000)"},
					     {"delay-ms", 'd', "MS", 0, "one-way delay (0)"},
					     {"loss", 'l', "0..1", 0, "share of packets lost at random, each way (0)"},
					     {"fifo", 'f', "BYTES", 0, "queue before the wire, tail drop (32768)"},
					     {"mtu", 'm', "BYTES", 0, "of the devices (1500)"},
					     {"seed", 's', "NUMBER", 0, "of the losses (1)"},
					     {0}};

static const struct argp argp = {options, parse, NULL,
				 "A slow link between two network namespaces, 10.77.0.1 (a) and 10.77.0.2 (b).\v"
				 "Prints {\"a\": PID, \"b\": PID, \"userns\": BOOL}: run programs inside with nsenter "
				 "--net (and --user) of these processes. "
				 "Obeys \"rate BITS/S\", \"stats\" and \"quit\" on standard input and ends with it. "
				 "Exit status 77: not permitted here."};

int main(int argc, char **argv)
{
	struct settings settings = {.rate_bps = 64000, .fifo_bytes = 32768, .seed = 1, .mtu = 1500};
	static struct direction ways[2]; /* what is on its way when this ends, ends with it */
	pid_t parent = getppid(), side_a, side_b;
	bool owner;

	argp_parse(&argp, argc, argv, 0, NULL, &settings);
	owner = netside_own();
	netside_end_with(parent);
	ways[0].from = ways[1].to = netside_open(settings.mtu, "10.77.0.1", &side_a);
	ways[1].from = ways[0].to = netside_open(settings.mtu, "10.77.0.2", &side_b);
	ways[0].random = settings.seed;
	ways[1].random = ~settings.seed;
	prctl(PR_SET_TIMERSLACK, 1UL);
	/* Ahead of the programs it measures where that is allowed; without it the figures only get a little worse. */
	(void)sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){.sched_priority = 1});
	printf("{\"a\": %d, \"b\": %d, \"userns\": %s}\n", (int)side_a, (int)side_b, owner ? "true" : "false");
	fflush(stdout);
	relay(&settings, ways);
	return EXIT_SUCCESS;
}
