/* The table of open incidents: who is merged with whom, who gives way, who may raise a level. */
#include "gateway/incident.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/block.h"

enum {
	MERGE_MS = 60 * 1000, /* UNVERIFIED ones of one radio */
	WIDEST = 16,          /* times the capacity */
	PLACES_STEP = 16,     /* places are taken from the heap this many at a time */
	MAGIC = 0x49495243,   /* "CRII" */
	VERSION = 1,
	CANCEL = 1, /* bits of an incident's flags */
	COVERT = 2,
	/* Most bytes of one: texts with their lengths, u8 x 6, count, times, numbers of the position. */
	SAVED_MAX = MESSAGE_ID_MAX + 2 * MESSAGE_STATION_MAX + 2 * MESSAGE_NAME_MAX + 6 + 4 + 3 * 8 + 7 * 8,
};

struct place {
	struct incident incident;
	char first_station[MESSAGE_STATION_MAX]; /* who opened it, also when others were merged */
};

struct incidents {
	size_t capacity, count, allocated;
	struct place *places; /* in the order they were opened */
	uint64_t given_way;
};

struct incidents *incidents_new(size_t capacity)
{
	struct incidents *incidents = calloc(1, sizeof(*incidents));
	if (incidents)
		incidents->capacity = capacity ? capacity : 1;
	return incidents;
}

void incidents_free(struct incidents *incidents)
{
	if (!incidents)
		return;
	free(incidents->places);
	free(incidents);
}

size_t incidents_count(const struct incidents *incidents)
{
	return incidents->count;
}

const struct incident *incidents_at(const struct incidents *incidents, size_t index)
{
	return index < incidents->count ? &incidents->places[index].incident : NULL;
}

uint64_t incidents_given_way(const struct incidents *incidents)
{
	return incidents->given_way;
}

static void copy_text(char *to, size_t size, const char *from)
{
	size_t length = strnlen(from, size - 1);
	memcpy(to, from, length);
	to[length] = '\0';
}

/* What nobody can name is taken for real. */
static enum message_status known_status(enum message_status status)
{
	return status > STATUS_SYSTEM ? STATUS_ACTUAL : status;
}

/* Mixed with others it would be seen with them. */
static bool is_covert(const struct message *message)
{
	return message->kind == KIND_CHECKIN;
}

static struct place *find_station(struct incidents *incidents, const struct message *message)
{
	for (size_t i = 0; i < incidents->count; i++) {
		struct place *place = &incidents->places[i];
		if (place->incident.status == known_status(message->status) &&
		    place->incident.authenticity == message->authenticity &&
		    place->incident.covert == is_covert(message) && strcmp(place->first_station, message->station) == 0)
			return place;
	}
	return NULL;
}

/* Counted from the first, not the last: a flood opens one a minute and cannot hide what comes later in an old one. Nor can
 * one that a person has seen: another station must be seen for itself. */
static struct place *find_unverified(struct incidents *incidents, const struct message *message, const char *radio,
				     int64_t now_ms)
{
	if (message->authenticity != AUTHENTICITY_UNVERIFIED)
		return NULL;
	for (size_t i = incidents->count; i-- > 0;) {
		const struct incident *incident = &incidents->places[i].incident;
		int64_t age_ms = now_ms - incident->first_ms;
		if (incident->authenticity == AUTHENTICITY_UNVERIFIED && incident->covert == is_covert(message) &&
		    incident->status == known_status(message->status) && age_ms < MERGE_MS && age_ms > -MERGE_MS &&
		    !incident->operator_id[0] && strncmp(incident->radio, radio, sizeof(incident->radio) - 1) == 0)
			return &incidents->places[i];
	}
	return NULL;
}

/* How readily an incident gives way: 0 never. */
static int readiness(const struct incident *incident, bool widest)
{
	bool seen = incident->operator_id[0] != '\0', unverified = incident->authenticity == AUTHENTICITY_UNVERIFIED;
	if (incident->status != STATUS_ACTUAL)
		return 4;
	if (seen)
		return unverified ? 3 : 2;
	return unverified && widest ? 1 : 0;
}

static void remove_at(struct incidents *incidents, size_t index)
{
	incidents->count--;
	memmove(&incidents->places[index], &incidents->places[index + 1],
		(incidents->count - index) * sizeof(*incidents->places));
}

static void make_way(struct incidents *incidents)
{
	bool widest = incidents->count / WIDEST >= incidents->capacity;
	size_t chosen = 0;
	int most = 0;
	for (size_t i = 0; i < incidents->count; i++) {
		const struct incident *incident = &incidents->places[i].incident;
		int ready = readiness(incident, widest);
		if (ready > most ||
		    (ready && ready == most && incident->last_ms < incidents->places[chosen].incident.last_ms)) {
			most = ready;
			chosen = i;
		}
	}
	if (!most)
		return;
	remove_at(incidents, chosen);
	incidents->given_way++;
}

/* A zeroed place at the end, or NULL. */
static struct place *new_place(struct incidents *incidents)
{
	if (incidents->count >= incidents->capacity)
		make_way(incidents);
	if (incidents->count == incidents->allocated) {
		size_t wanted = incidents->allocated + PLACES_STEP;
		struct place *places = reallocarray(incidents->places, wanted, sizeof(*places));
		if (!places)
			return NULL;
		incidents->places = places;
		incidents->allocated = wanted;
	}
	struct place *place = &incidents->places[incidents->count++];
	memset(place, 0, sizeof(*place));
	return place;
}

static struct place *open_incident(struct incidents *incidents, const struct message *message, const char *radio,
				   int64_t now_ms)
{
	struct place *place = new_place(incidents);
	if (!place)
		return NULL;
	struct incident *incident = &place->incident;
	copy_text(incident->id, sizeof(incident->id), message->id);
	copy_text(incident->station, sizeof(incident->station), message->station);
	copy_text(place->first_station, sizeof(place->first_station), message->station);
	copy_text(incident->radio, sizeof(incident->radio), radio);
	incident->status = known_status(message->status);
	incident->authenticity = message->authenticity;
	incident->level = ACK_STORED;
	incident->first_ms = now_ms;
	incident->position = message->position;
	incident->covert = is_covert(message);
	return place;
}

const struct incident *incidents_enter(struct incidents *incidents, struct message *message, const char *radio,
				       int64_t now_ms)
{
	struct place *place = find_station(incidents, message);
	if (!place && (place = find_unverified(incidents, message, radio, now_ms)) != NULL)
		place->incident.station[0] = '\0';
	if (!place)
		place = open_incident(incidents, message, radio, now_ms);
	if (!place) {
		copy_text(message->incident, sizeof(message->incident), message->id);
		message->incident_count = 1;
		return NULL;
	}
	struct incident *incident = &place->incident;
	incident->count += incident->count < UINT32_MAX;
	incident->last_ms = now_ms;
	if (message->position.valid)
		incident->position = message->position;
	copy_text(message->incident, sizeof(message->incident), incident->id);
	message->incident_count = incident->count;
	return incident;
}

static struct incident *find_id(struct incidents *incidents, const char *id)
{
	for (size_t i = 0; i < incidents->count; i++)
		if (strcmp(incidents->places[i].incident.id, id) == 0)
			return &incidents->places[i].incident;
	return NULL;
}

/* Whether ref is an id of that station: its name, "-", and one more part. */
static bool is_id_of(const char *ref, const char *station)
{
	size_t size = strlen(station);
	return size > 0 && strncmp(ref, station, size) == 0 && ref[size] == '-' && ref[size + 1] &&
	       !strchr(ref + size + 1, '-');
}

static bool may_speak_of(const struct message *message, const struct incident *incident)
{
	return message->authenticity != AUTHENTICITY_UNVERIFIED && incident->status == known_status(message->status) &&
	       (message->authenticity == AUTHENTICITY_VERIFIED || message->authenticity == incident->authenticity);
}

const struct incident *incidents_of(const struct incidents *incidents, const struct message *message, const char *ref)
{
	const struct incident *found = NULL;
	for (size_t i = 0; i < incidents->count && ref[0]; i++) {
		const struct place *place = &incidents->places[i];
		if (!may_speak_of(message, &place->incident))
			continue;
		if (strcmp(place->incident.id, ref) == 0)
			return &place->incident;
		if (is_id_of(ref, place->first_station))
			found = &place->incident;
	}
	return found;
}

static bool is_operator_id(const char *id)
{
	size_t length = id ? strlen(id) : 0;
	for (size_t i = 0; i < length; i++)
		if (id[i] < 0x20 || id[i] > 0x7e)
			return false;
	return length > 0 && length < MESSAGE_NAME_MAX;
}

int incidents_acknowledge(struct incidents *incidents, const char *id, enum ack_level level, const char *operator_id,
			  int64_t now_ms, struct incident *after)
{
	struct incident *incident = find_id(incidents, id);
	bool by_machine = level == ACK_STORED || level == ACK_HQ_RECEIVED;
	if (!incident)
		return -ENOENT;
	if (level < ACK_STORED || level > ACK_CLOSED || (!by_machine && !is_operator_id(operator_id)))
		return -EINVAL;
	if (level <= incident->level)
		return -EALREADY;
	incident->level = level;
	incident->acknowledged_ms = now_ms;
	if (!by_machine)
		copy_text(incident->operator_id, sizeof(incident->operator_id), operator_id);
	if (after)
		*after = *incident;
	if (level == ACK_CLOSED)
		remove_at(incidents, (size_t)((struct place *)incident - incidents->places));
	return 0;
}

int incidents_request_cancel(struct incidents *incidents, const char *id)
{
	struct incident *incident = find_id(incidents, id);
	if (!incident)
		return -ENOENT;
	incident->cancel_requested = true;
	return 0;
}

static void put_position(struct block_writer *writer, const struct message_position *position)
{
	block_put_u8(writer, position->valid);
	block_put_u8(writer, position->ambiguity);
	block_put_double(writer, position->lat_deg);
	block_put_double(writer, position->lon_deg);
	block_put_double(writer, position->alt_m);
	block_put_double(writer, position->speed_kmh);
	block_put_double(writer, position->course_deg);
	block_put_double(writer, position->accuracy_m);
	block_put_double(writer, position->fix_age_s);
}

static void put_place(struct block_writer *writer, const struct place *place)
{
	const struct incident *incident = &place->incident;
	block_put_text(writer, incident->id);
	block_put_text(writer, incident->station);
	block_put_text(writer, place->first_station);
	block_put_text(writer, incident->radio);
	block_put_text(writer, incident->operator_id);
	block_put_u8(writer, (uint8_t)incident->status);
	block_put_u8(writer, (uint8_t)incident->authenticity);
	block_put_u8(writer, (uint8_t)incident->level);
	block_put_u8(writer, (incident->cancel_requested ? CANCEL : 0) | (incident->covert ? COVERT : 0));
	block_put_u32(writer, incident->count);
	block_put_u64(writer, (uint64_t)incident->first_ms);
	block_put_u64(writer, (uint64_t)incident->last_ms);
	block_put_u64(writer, (uint64_t)incident->acknowledged_ms);
	put_position(writer, &incident->position);
}

uint8_t *incidents_save(const struct incidents *incidents, size_t *size)
{
	size_t room = BLOCK_HEAD + 4 + incidents->count * SAVED_MAX + BLOCK_TAIL;
	uint8_t *bytes = malloc(room);
	struct block_writer writer;
	if (!bytes)
		return NULL;
	block_begin(&writer, bytes, room, MAGIC, VERSION);
	block_put_u32(&writer, (uint32_t)incidents->count);
	for (size_t i = 0; i < incidents->count; i++)
		put_place(&writer, &incidents->places[i]);
	*size = block_finish(&writer);
	return bytes;
}

static bool get_position(struct block_reader *reader, struct message_position *position)
{
	uint8_t valid = block_get_u8(reader);
	position->valid = valid;
	position->ambiguity = block_get_u8(reader);
	position->lat_deg = block_get_double(reader);
	position->lon_deg = block_get_double(reader);
	position->alt_m = block_get_double(reader);
	position->speed_kmh = block_get_double(reader);
	position->course_deg = block_get_double(reader);
	position->accuracy_m = block_get_double(reader);
	position->fix_age_s = block_get_double(reader);
	bool on_earth = fabs(position->lat_deg) <= 90 && fabs(position->lon_deg) <= 180;
	return valid <= 1 && position->ambiguity <= 4 && (on_earth || !valid);
}

static bool get_place(struct block_reader *reader, struct place *place)
{
	struct incident *incident = &place->incident;
	block_get_text(reader, incident->id, sizeof(incident->id));
	block_get_text(reader, incident->station, sizeof(incident->station));
	block_get_text(reader, place->first_station, sizeof(place->first_station));
	block_get_text(reader, incident->radio, sizeof(incident->radio));
	block_get_text(reader, incident->operator_id, sizeof(incident->operator_id));
	unsigned status = block_get_u8(reader), authenticity = block_get_u8(reader), level = block_get_u8(reader);
	unsigned flags = block_get_u8(reader);
	incident->status = (enum message_status)status;
	incident->authenticity = (enum message_authenticity)authenticity;
	incident->level = (enum ack_level)level;
	incident->cancel_requested = flags & CANCEL;
	incident->covert = flags & COVERT;
	incident->count = block_get_u32(reader);
	incident->first_ms = (int64_t)block_get_u64(reader);
	incident->last_ms = (int64_t)block_get_u64(reader);
	incident->acknowledged_ms = (int64_t)block_get_u64(reader);
	bool placed = get_position(reader, &incident->position);
	return placed && !reader->failed && status <= STATUS_SYSTEM && authenticity <= AUTHENTICITY_STALE &&
	       level >= ACK_STORED && level < ACK_CLOSED && flags <= (CANCEL | COVERT) && incident->count > 0 &&
	       incident->first_ms >= 0 && incident->first_ms <= INT64_MAX / 2;
}

bool incidents_recall(struct incidents *incidents, const uint8_t *bytes, size_t size)
{
	struct block_reader reader;
	if (incidents->count || !block_open(&reader, bytes, size, MAGIC, VERSION))
		return false;
	uint32_t count = block_get_u32(&reader);
	bool good = true;
	for (uint32_t i = 0; i < count && good; i++) {
		struct place *place = new_place(incidents);
		good = place && get_place(&reader, place);
	}
	good = good && block_ended(&reader);
	if (!good)
		incidents->count = 0;
	return good;
}

bool incidents_merge(struct incidents *incidents, const uint8_t *bytes, size_t size)
{
	struct incidents *saved = incidents_new(incidents->capacity);
	bool good = saved && incidents_recall(saved, bytes, size);
	for (size_t i = 0; good && i < saved->count; i++) {
		if (find_id(incidents, saved->places[i].incident.id))
			continue;
		struct place *place = new_place(incidents);
		if (place)
			*place = saved->places[i];
		good = place != NULL;
	}
	incidents_free(saved);
	return good;
}
