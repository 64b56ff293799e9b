/* Lines to bodies of the field frame. */
#include "tests/support/handset_words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "drivers/codec/field_bodies.h"

enum { BATTERY_PCT = 80, IMMEDIATE = 1, SEVERE = 2 };

/* What stands behind the kind. */
struct line {
	const char *words;
	unsigned code;
	bool placed;
	double lat, lon;
};

static int32_t e7(double degrees)
{
	return (int32_t)lround(degrees * 1e7);
}

static bool read_code(struct line *line)
{
	line->placed = sscanf(line->words, "%u %lf %lf", &line->code, &line->lat, &line->lon) == 3;
	return line->placed || sscanf(line->words, "%u", &line->code) == 1;
}

static struct field_text_span span(const char *words)
{
	return (struct field_text_span){.bytes = words, .size = strlen(words)};
}

static size_t write_distress(struct line *line, uint8_t *body, size_t room)
{
	if (!read_code(line))
		return 0;
	const struct field_distress distress = {
	    .nature = (uint8_t)line->code,
	    .persons = FIELD_NONE_U8,
	    .battery_pct = BATTERY_PCT,
	    .lat_e7 = e7(line->lat),
	    .lon_e7 = e7(line->lon),
	    .fix_age_10s = 1,
	    .accuracy_10m = 1,
	};
	return field_distress_encode(&distress, line->placed, body, room);
}

static size_t write_checkin(struct line *line, uint8_t *body, size_t room)
{
	if (!read_code(line))
		return 0;
	const struct field_checkin checkin = {
	    .state = (uint8_t)line->code,
	    .headcount = FIELD_NONE_U8,
	    .battery_pct = BATTERY_PCT,
	    .lat_e7 = e7(line->lat),
	    .lon_e7 = e7(line->lon),
	};
	return field_checkin_encode(&checkin, line->placed, body, room);
}

static size_t write_position(struct line *line, uint8_t *body, size_t room)
{
	if (sscanf(line->words, "%lf %lf", &line->lat, &line->lon) != 2)
		return 0;
	const struct field_position position = {
	    .lat_e7 = e7(line->lat),
	    .lon_e7 = e7(line->lon),
	    .alt_m = FIELD_NONE_I16,
	    .speed_kmh = FIELD_NONE_U8,
	    .course_2deg = FIELD_NONE_U8,
	    .accuracy_10m = 1,
	    .battery_pct = BATTERY_PCT,
	};
	return field_position_encode(&position, body, room);
}

static size_t write_alert(struct line *line, uint8_t *body, size_t room)
{
	const struct field_alert alert = {
	    .urgency = IMMEDIATE,
	    .severity = SEVERE,
	    .lat_e7 = FIELD_NONE_DEGREES,
	    .lon_e7 = FIELD_NONE_DEGREES,
	    .radius_10m = FIELD_NONE_U16,
	    .persons = FIELD_NONE_U8,
	    .text = span(line->words),
	};
	return field_alert_encode(&alert, body, room);
}

static size_t write_text(struct line *line, uint8_t *body, size_t room)
{
	const struct field_text text = {.to = FIELD_ALL, .text = span(line->words)};
	return line->words[0] ? field_text_encode(&text, body, room) : 0;
}

static size_t write_request(struct line *line, uint8_t *body, size_t room)
{
	int at = 0;
	if (sscanf(line->words, "%u %n", &line->code, &at) != 1)
		return 0;
	const struct field_request request = {
	    .type = (uint8_t)line->code,
	    .urgency = IMMEDIATE,
	    .window_h = FIELD_NONE_U8,
	    .lat_e7 = FIELD_NONE_DEGREES,
	    .lon_e7 = FIELD_NONE_DEGREES,
	    .place = FIELD_NONE_U16,
	    .vehicles = FIELD_NONE_U8,
	    .persons = FIELD_NONE_U8,
	    .text = span(line->words + at),
	};
	return field_request_encode(&request, body, room);
}

static const struct kind {
	const char *name;
	enum field_kind kind;
	bool ack_wanted;
	size_t (*write)(struct line *line, uint8_t *body, size_t room);
} kinds[] = {
    {"distress", FIELD_DISTRESS, true, write_distress},
    {"alert", FIELD_ALERT, true, write_alert},
    {"checkin", FIELD_CHECKIN, false, write_checkin},
    {"position", FIELD_POSITION, false, write_position},
    {"text", FIELD_TEXT, false, write_text},
    {"request", FIELD_REQUEST, false, write_request},
};

static const struct kind *find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

bool handset_words_read(const char *text, struct handset_words *words)
{
	char name[16];
	int at = 0;
	if (sscanf(text, "%15s %n", name, &at) != 1 || !at)
		return false;
	char *mark = name + strlen(name) - 1;
	const char wish = *mark == '+' || *mark == '-' ? *mark : '\0';
	if (wish)
		*mark = '\0';
	const struct kind *kind = find_kind(name);
	if (!kind)
		return false;
	struct line line = {.words = text + at};
	*words = (struct handset_words){.kind = (uint8_t)kind->kind};
	words->size = kind->write(&line, words->body, sizeof(words->body));
	words->position = line.placed;
	words->ack_wanted = wish ? wish == '+' : kind->ack_wanted;
	return words->size > 0;
}
