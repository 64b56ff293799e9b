/* Stations of the field that speak the field frame through Ebyte modules: seals with the keys of a file, frames as the design's carriage
 * has it, and writes to the modules' serial lines, as the firmware of a handset would.
 *
 *   field-station --keys FILE STATION=PORT ...
 *
 * On standard input, one message a line, answered by "sent SIZE" or "no ..." on standard output:
 *   STATION checkin STATE [LAT LON]      state 1 = all well, 8 = under duress
 *   STATION position LAT LON
 *   STATION distress NATURE [LAT LON]    nature 7 = panic button
 *   STATION text WORDS
 * Each station counts its frames from 1 on and knows the time. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "drivers/air/field_state.h"
#include "drivers/codec/carriage.h"
#include "drivers/codec/field.h"
#include "drivers/codec/field_bodies.h"
#include "drivers/services.h"
#include "gateway/keys.h"

enum { STATIONS_MAX = 64, LINE_SIZE = 256, BATTERY_PCT = 80 };

struct station {
	unsigned number;
	int port;
	uint32_t counter;
};

struct stations {
	struct keys *keys;
	struct station list[STATIONS_MAX];
	size_t count;
};

/* A message as its line says it. */
struct order {
	unsigned station, code; /* state or nature */
	char kind[16];
	char words[LINE_SIZE];
	bool placed;
	double lat, lon;
};

static int seal(void *user, struct field_crypt *crypt)
{
	struct sealed sealed;
	field_to_sealed(crypt, &sealed);
	int error = keys_seal(user, &sealed);
	memcpy(crypt->tag, sealed.tag, sizeof(crypt->tag));
	return error;
}

static int32_t e7(double degrees)
{
	return (int32_t)lround(degrees * 1e7);
}

static size_t write_distress(const struct order *order, const struct field_header *header, uint8_t *body)
{
	const struct field_distress distress = {
	    .nature = (uint8_t)order->code,
	    .persons = FIELD_NONE_U8,
	    .battery_pct = BATTERY_PCT,
	    .lat_e7 = e7(order->lat),
	    .lon_e7 = e7(order->lon),
	    .fix_age_10s = 1,
	    .accuracy_10m = 1,
	};
	return field_distress_encode(&distress, header->position, body, field_body_room(header));
}

static size_t write_checkin(const struct order *order, const struct field_header *header, uint8_t *body)
{
	const struct field_checkin checkin = {
	    .state = (uint8_t)order->code,
	    .headcount = FIELD_NONE_U8,
	    .battery_pct = BATTERY_PCT,
	    .lat_e7 = e7(order->lat),
	    .lon_e7 = e7(order->lon),
	};
	return field_checkin_encode(&checkin, header->position, body, field_body_room(header));
}

static size_t write_position(const struct order *order, const struct field_header *header, uint8_t *body)
{
	const struct field_position position = {
	    .lat_e7 = e7(order->lat),
	    .lon_e7 = e7(order->lon),
	    .alt_m = FIELD_NONE_I16,
	    .speed_kmh = FIELD_NONE_U8,
	    .course_2deg = FIELD_NONE_U8,
	    .accuracy_10m = 1,
	    .battery_pct = BATTERY_PCT,
	};
	return field_position_encode(&position, body, field_body_room(header));
}

static size_t write_text(const struct order *order, const struct field_header *header, uint8_t *body)
{
	const struct field_text text = {
	    .to = FIELD_ALL,
	    .text = {.bytes = order->words, .size = strlen(order->words)},
	};
	return field_text_encode(&text, body, field_body_room(header));
}

static const struct kind {
	const char *name;
	enum field_kind kind;
	size_t (*write)(const struct order *order, const struct field_header *header, uint8_t *body);
} kinds[] = {
    {"distress", FIELD_DISTRESS, write_distress},
    {"checkin", FIELD_CHECKIN, write_checkin},
    {"position", FIELD_POSITION, write_position},
    {"text", FIELD_TEXT, write_text},
};

static const struct kind *find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

static bool read_order(const char *line, struct order *order)
{
	int at = 0;
	*order = (struct order){0};
	if (sscanf(line, "%u %15s %n", &order->station, order->kind, &at) != 2 || !at)
		return false;
	const struct kind *kind = find_kind(order->kind);
	if (!kind)
		return false;
	snprintf(order->words, sizeof(order->words), "%s", line + at);
	if (kind->kind == FIELD_TEXT)
		return true;
	if (kind->kind == FIELD_POSITION)
		return sscanf(line + at, "%lf %lf", &order->lat, &order->lon) == 2;
	order->placed = sscanf(line + at, "%u %lf %lf", &order->code, &order->lat, &order->lon) == 3;
	return order->placed || sscanf(line + at, "%u", &order->code) == 1;
}

/* The sealed frame; 0 = there is no key, or the text is too long. */
static size_t make_frame(struct keys *keys, struct station *station, const struct order *order, uint8_t *frame)
{
	const struct kind *kind = find_kind(order->kind);
	const struct field_header header = {
	    .kind = (uint8_t)kind->kind,
	    .position = order->placed,
	    .encrypted = true,
	    .hop_limit = 3,
	    .station = (uint16_t)station->number,
	    .counter = ++station->counter,
	    .time_s = (uint32_t)time(NULL),
	};
	size_t head = field_header_encode(&header, frame);
	size_t body = kind->write(order, &header, frame + head);
	if (!body || field_seal(frame, head + body, seal, keys) != 0)
		return 0;
	return head + body + FIELD_TAG_SIZE;
}

static struct station *find_station(struct stations *stations, unsigned number)
{
	for (size_t i = 0; i < stations->count; i++)
		if (stations->list[i].number == number)
			return &stations->list[i];
	return NULL;
}

static void obey(struct stations *stations, const char *line)
{
	struct order order;
	uint8_t frame[FIELD_FRAME_MAX], carried[CARRIAGE_MAX];
	struct station *station = read_order(line, &order) ? find_station(stations, order.station) : NULL;
	if (!station) {
		printf("no such message or station\n");
		return;
	}
	size_t size = make_frame(stations->keys, station, &order, frame);
	size_t carried_size = size ? carriage_encode(frame, size, carried) : 0;
	if (!carried_size)
		printf("no key, or too long\n");
	else if (write(station->port, carried, carried_size) != (ssize_t)carried_size)
		printf("no room: %s\n", strerror(errno));
	else
		printf("sent %zu\n", size);
}

static int open_port(const char *path)
{
	struct termios line;
	int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || tcgetattr(fd, &line) < 0)
		return -1;
	cfmakeraw(&line);
	cfsetspeed(&line, B9600);
	return tcsetattr(fd, TCSANOW, &line) < 0 ? -1 : fd;
}

/* "17=/run/x/node17" */
static bool add_station(struct stations *stations, const char *text)
{
	int at = 0;
	struct station *station = &stations->list[stations->count];
	if (stations->count == STATIONS_MAX || sscanf(text, "%u=%n", &station->number, &at) != 1 || !at ||
	    station->number >= FIELD_ALL)
		return false;
	station->port = open_port(text + at);
	stations->count++;
	return station->port >= 0;
}

int main(int argc, char **argv)
{
	static struct stations stations;
	char error[256], line[LINE_SIZE];
	if (argc < 4 || strcmp(argv[1], "--keys") != 0) {
		fprintf(stderr, "usage: field-station --keys FILE STATION=PORT ...\n");
		return 2;
	}
	stations.keys = keys_load(argv[2], error, sizeof(error));
	if (!stations.keys) {
		fprintf(stderr, "field-station: %s\n", error);
		return 1;
	}
	for (int i = 3; i < argc; i++) {
		if (!add_station(&stations, argv[i])) {
			fprintf(stderr, "field-station: %s: %s\n", argv[i], strerror(errno));
			return 1;
		}
	}
	setlinebuf(stdout);
	printf("ready\n");
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		obey(&stations, line);
	}
	keys_free(stations.keys);
	return 0;
}
