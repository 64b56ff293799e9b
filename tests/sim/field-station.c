/* Stations of the field that speak the field frame through Ebyte modules, as handsets would (tests/support/handset.h): sealed with the
 * keys of a file, in the design's carriage, over the modules' serial lines.
 *
 *   field-station --keys FILE [--bitrate N] [--quiet-ms N] [--ack-ms N] [--repeats N] [--miss N]... STATION=PORT ...
 *
 * bitrate: of the modules on the air, so that no frame goes before the last one has left. miss: the N-th frame that a station would hear
 * of a gateway is lost. On standard input, one a line, each answered
 * by "sent COUNTER" or "no ...":
 *   STATION MESSAGE         see tests/support/handset_words.h
 *   STATION seen COUNTER    its user has seen what came under that counter
 *   STATION count           answered by "counts FRAMES REPEATS": transmitted so far
 * What its user is told is a line of JSON: {"event":"text","station":17,"from":61000,"counter":4,"pieces":1,"text":"..."}. */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "drivers/air/field_state.h"
#include "drivers/codec/carriage.h"
#include "drivers/services.h"
#include "gateway/keys.h"
#include "tests/support/handset_words.h"

enum { STATIONS_MAX = 64, LINE_SIZE = 2048, GAP_MS = 60, MISS_MAX = 64 };

struct station {
	const struct stations *all;
	unsigned number;
	int port;
	struct handset *handset;
	struct carriage_decoder decoder;
	unsigned heard; /* frames of gateways */
};

struct stations {
	const char *keys_path;
	int bitrate;
	int64_t quiet_ms, ack_ms; /* 0 = as usual */
	int repeats;              /* -1 = as usual */
	uint64_t missed;          /* bit N: of the frames that a station hears, the N-th */
	struct keys *keys;
	const char *ports[STATIONS_MAX];
	struct station list[STATIONS_MAX];
	size_t count;
};

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* ---- what a handset needs ---- */

static int seal(void *context, struct field_crypt *crypt)
{
	const struct station *station = context;
	struct sealed sealed;
	field_to_sealed(crypt, &sealed);
	int error = keys_seal(station->all->keys, &sealed);
	memcpy(crypt->tag, sealed.tag, sizeof(crypt->tag));
	return error;
}

static int open_sealed(void *context, struct field_crypt *crypt)
{
	const struct station *station = context;
	struct sealed sealed;
	field_to_sealed(crypt, &sealed);
	return keys_open(station->all->keys, &sealed, 0);
}

static int64_t airtime_ms(void *context, size_t size)
{
	const struct station *station = context;
	return (int64_t)(size + CARRIAGE_OVERHEAD) * 8000 / station->all->bitrate + GAP_MS;
}

static uint32_t wall_s(void *context)
{
	(void)context;
	return (uint32_t)time(NULL);
}

static void transmit(void *context, const uint8_t *frame, size_t size)
{
	const struct station *station = context;
	uint8_t carried[CARRIAGE_MAX];
	size_t carried_size = carriage_encode(frame, size, carried);
	if (write(station->port, carried, carried_size) != (ssize_t)carried_size)
		fprintf(stderr, "field-station: %u: no room: %s\n", station->number, strerror(errno));
}

static void add_number(json_t *line, const char *name, json_int_t number)
{
	json_object_set_new(line, name, json_integer(number));
}

static void told(void *context, const struct handset_event *event)
{
	const struct station *station = context;
	json_t *line = json_pack("{s:s, s:i}", "event", event->what, "station", (int)station->number);
	if (event->from)
		add_number(line, "from", event->from);
	add_number(line, "counter", event->counter);
	if (event->pieces)
		add_number(line, "pieces", event->pieces);
	if (event->level)
		add_number(line, "level", event->level);
	if (event->detail >= 0)
		add_number(line, "detail", event->detail);
	if (event->to_all)
		json_object_set_new(line, "to_all", json_true());
	if (event->text)
		json_object_set_new(line, "text", json_stringn(event->text, event->text_size));
	char *text = json_dumps(line, JSON_COMPACT);
	printf("%s\n", text);
	free(text);
	json_decref(line);
}

/* ---- orders ---- */

static struct station *find_station(struct stations *stations, unsigned number)
{
	for (size_t i = 0; i < stations->count; i++)
		if (stations->list[i].number == number)
			return &stations->list[i];
	return NULL;
}

static void answer(int error, uint32_t counter)
{
	if (error == 0)
		printf("sent %u\n", counter);
	else if (error == -EMSGSIZE)
		printf("no room: too long\n");
	else
		printf("no key, or too much waits\n");
}

static void obey(struct stations *stations, const char *line)
{
	static struct handset_words words;
	unsigned number;
	uint32_t counter = 0;
	int at = 0;
	struct station *station = sscanf(line, "%u %n", &number, &at) == 1 ? find_station(stations, number) : NULL;
	const char *order = line + at;
	if (!station) {
		printf("no such station\n");
	} else if (strcmp(order, "count") == 0) {
		const struct handset_counts counts = handset_counts(station->handset);
		printf("counts %u %u\n", counts.frames, counts.repeats);
	} else if (sscanf(order, "seen %u", &counter) == 1) {
		answer(handset_seen(station->handset, counter, now_ms()), counter);
	} else if (handset_words_read(order, &words)) {
		int error = handset_say(station->handset, &words, now_ms(), &counter);
		answer(error, counter);
	} else {
		printf("no such message\n");
	}
}

/* ---- life ---- */

static int open_port(const char *path)
{
	struct termios line;
	int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || tcgetattr(fd, &line) < 0)
		return -1;
	cfmakeraw(&line);
	cfsetspeed(&line, B9600);
	return tcsetattr(fd, TCSANOW, &line) < 0 ? -1 : fd;
}

/* "17=/run/x/node17" */
static bool start_station(struct stations *stations, struct station *station, const char *text)
{
	int at = 0;
	if (sscanf(text, "%u=%n", &station->number, &at) != 1 || !at || station->number >= FIELD_ALL)
		return false;
	const struct handset_callbacks callbacks = {
	    .context = station,
	    .seal = seal,
	    .open = open_sealed,
	    .airtime_ms = airtime_ms,
	    .transmit = transmit,
	    .told = told,
	    .wall_s = wall_s,
	};
	struct handset_settings settings = handset_defaults((uint16_t)station->number);
	if (stations->quiet_ms)
		settings.quiet_ms = stations->quiet_ms;
	if (stations->ack_ms)
		settings.ack_timeout_ms = stations->ack_ms;
	if (stations->repeats >= 0)
		settings.repeats = (unsigned)stations->repeats;
	station->all = stations;
	station->handset = handset_new(&settings, &callbacks);
	station->port = open_port(text + at);
	return station->handset && station->port >= 0;
}

static bool is_missed(struct station *station, const uint8_t *frame, size_t size)
{
	struct field_header header;
	if (field_header_decode(frame, size, &header) != FIELD_OK || !header.down)
		return false;
	station->heard++;
	return station->heard < MISS_MAX && station->all->missed >> station->heard & 1;
}

static void read_port(struct station *station)
{
	uint8_t buffer[512];
	ssize_t got = read(station->port, buffer, sizeof(buffer));
	const uint8_t *bytes = buffer;
	size_t size = got > 0 ? (size_t)got : 0;
	while (carriage_decode(&station->decoder, &bytes, &size)) {
		const struct carriage_decoder *found = &station->decoder;
		if (!is_missed(station, found->frame, found->frame_size))
			handset_hear(station->handset, found->frame, found->frame_size, now_ms());
	}
}

static int patience_ms(const struct stations *stations)
{
	int64_t due_ms = INT64_MAX, now = now_ms();
	for (size_t i = 0; i < stations->count; i++) {
		int64_t at_ms = handset_due_ms(stations->list[i].handset);
		if (at_ms < due_ms)
			due_ms = at_ms;
	}
	if (due_ms <= now)
		return 0;
	return due_ms - now > 1000 ? 1000 : (int)(due_ms - now);
}

/* Whole lines of standard input; false at its end. */
static bool read_orders(struct stations *stations)
{
	static char line[LINE_SIZE];
	static size_t used;
	ssize_t got = read(STDIN_FILENO, line + used, sizeof(line) - 1 - used);
	if (got <= 0)
		return false;
	used += (size_t)got;
	line[used] = '\0';
	char *start = line, *end;
	while ((end = strchr(start, '\n'))) {
		*end = '\0';
		obey(stations, start);
		start = end + 1;
	}
	used = strlen(start);
	memmove(line, start, used);
	return used < sizeof(line) - 1;
}

static void run(struct stations *stations)
{
	struct pollfd polled[STATIONS_MAX + 1] = {{.fd = STDIN_FILENO, .events = POLLIN}};
	for (size_t i = 0; i < stations->count; i++)
		polled[i + 1] = (struct pollfd){.fd = stations->list[i].port, .events = POLLIN};
	while (poll(polled, stations->count + 1, patience_ms(stations)) >= 0) {
		for (size_t i = 0; i < stations->count; i++) {
			if (polled[i + 1].revents & POLLIN)
				read_port(&stations->list[i]);
			handset_tick(stations->list[i].handset, now_ms());
		}
		if (polled[0].revents && !read_orders(stations))
			break;
	}
}

static const struct argp_option options[] = {
    {"keys", 'k', "FILE", 0, "Keys of the stations", 0},
    {"bitrate", 'b', "N", 0, "Bits a second on the air (2400)", 0},
    {"quiet-ms", 'q', "N", 0, "Pieces break off: after this it says which have come", 0},
    {"ack-ms", 'a', "N", 0, "How long an acknowledgement is waited for", 0},
    {"repeats", 'r', "N", 0, "How often what is not acknowledged is repeated", 0},
    {"miss", 'm', "N", 0, "The N-th frame of a gateway is lost (1 to 63)", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct stations *stations = state->input;
	switch (key) {
	case 'k':
		stations->keys_path = text;
		return 0;
	case 'b':
		stations->bitrate = atoi(text) > 0 ? atoi(text) : 1;
		return 0;
	case 'q':
		stations->quiet_ms = atoi(text);
		return 0;
	case 'a':
		stations->ack_ms = atoi(text);
		return 0;
	case 'r':
		stations->repeats = atoi(text);
		return 0;
	case 'm':
		stations->missed |= atoi(text) > 0 && atoi(text) < MISS_MAX ? UINT64_C(1) << atoi(text) : 0;
		return 0;
	case ARGP_KEY_ARG:
		if (stations->count == STATIONS_MAX)
			argp_error(state, "at most %d stations", STATIONS_MAX);
		stations->ports[stations->count++] = text;
		return 0;
	case ARGP_KEY_END:
		if (!stations->keys_path || !stations->count)
			argp_usage(state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int main(int argc, char **argv)
{
	static struct stations stations = {.bitrate = 2400, .repeats = -1};
	static const struct argp argp = {
	    options, parse, "STATION=PORT...", "Handsets on simulated Ebyte modules.", NULL, NULL, NULL};
	char error[256];
	argp_parse(&argp, argc, argv, 0, NULL, &stations);
	stations.keys = keys_load(stations.keys_path, error, sizeof(error));
	if (!stations.keys) {
		fprintf(stderr, "field-station: %s\n", error);
		return 1;
	}
	for (size_t i = 0; i < stations.count; i++) {
		if (!start_station(&stations, &stations.list[i], stations.ports[i])) {
			fprintf(stderr, "field-station: %s: %s\n", stations.ports[i], strerror(errno));
			return 1;
		}
	}
	setlinebuf(stdout);
	printf("ready\n");
	run(&stations);
	for (size_t i = 0; i < stations.count; i++)
		handset_free(stations.list[i].handset);
	keys_free(stations.keys);
	return 0;
}
