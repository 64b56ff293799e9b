/* What a handset says: whole or in pieces, and again until it is acknowledged. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/codec/field_bodies.h"
#include "tests/support/handset_internal.h"

static uint8_t all_of(const struct saying *saying)
{
	return (uint8_t)((1u << saying->total) - 1);
}

static bool is_done(const struct saying *saying)
{
	return saying->have == all_of(saying) && (saying->stored || !saying->wanted);
}

static struct saying *free_saying(struct handset *handset)
{
	for (size_t i = 0; i < SAYINGS_MAX; i++)
		if (!handset->sayings[i].used)
			return &handset->sayings[i];
	return NULL;
}

static void queue_piece(struct handset *handset, struct saying *saying, unsigned index, int64_t at_ms, bool repeat)
{
	struct queued frame = {.size = saying->sizes[index], .at_ms = at_ms, .saying = saying, .repeat = repeat};
	memcpy(frame.bytes, saying->frames[index], frame.size);
	if (handset_queue(handset, &frame)) {
		saying->queued++;
		saying->due_ms = INT64_MAX;
	}
}

/* Seals the pieces; a message that fits is one frame without a fragment's head. */
static int cut(struct handset *handset, const struct handset_words *words, struct field_header *header,
	       struct saying *saying)
{
	size_t room = field_body_room(header), most = room - FIELD_FRAGMENT_SIZE;
	bool whole = words->size <= room;
	saying->total = whole ? 1 : (unsigned)((words->size + most - 1) / most);
	header->fragment = !whole;
	if (saying->total > FIELD_FRAGMENTS_MAX || (!whole && field_is_never_fragmented(header->kind)))
		return -EMSGSIZE;
	const uint16_t id = (uint16_t)handset->counter;
	for (unsigned i = 0; i < saying->total; i++) {
		uint8_t body[FIELD_BODY_MAX];
		size_t left = words->size - i * most;
		struct field_fragment fragment = {.id = id,
						  .index = (uint8_t)i,
						  .total = (uint8_t)saying->total,
						  .bytes = words->body + i * most,
						  .size = left < most ? left : most};
		size_t size = whole ? words->size : field_fragment_encode(&fragment, body, sizeof(body));
		struct queued frame;
		int error = handset_frame(handset, header, whole ? words->body : body, size, &frame);
		if (error)
			return error;
		saying->counters[i] = header->counter;
		saying->sizes[i] = frame.size;
		memcpy(saying->frames[i], frame.bytes, frame.size);
	}
	return 0;
}

int handset_say(struct handset *handset, const struct handset_words *words, int64_t now_ms, uint32_t *counter)
{
	struct saying *saying = free_saying(handset);
	struct field_header header = {
	    .kind = words->kind,
	    .status = words->status,
	    .ack_wanted = words->ack_wanted,
	    .position = words->position,
	    .encrypted = true,
	    .hop_limit = 3,
	    .station = handset->settings.station,
	    .time_s = handset->callbacks.wall_s(handset->callbacks.context),
	};
	if (!saying || handset->queue_count + FIELD_FRAGMENTS_MAX > QUEUE_MAX)
		return -EBUSY;
	*saying = (struct saying){.wanted = words->ack_wanted};
	int error = cut(handset, words, &header, saying);
	if (error)
		return error;
	saying->used = true;
	if (saying->total == 1)
		saying->have = 1;
	for (unsigned i = 0; i < saying->total; i++)
		queue_piece(handset, saying, i, now_ms, false);
	*counter = saying->counters[0];
	return 0;
}

/* ---- acknowledgements ---- */

static void tell(struct handset *handset, const struct saying *saying, const struct handset_event *event)
{
	struct handset_event told = *event;
	told.counter = saying->counters[0];
	told.pieces = saying->total;
	handset->callbacks.told(handset->callbacks.context, &told);
}

/* The wait begins when the last frame has left. */
void saying_went(struct handset *handset, struct saying *saying, int64_t end_ms)
{
	if (saying->queued)
		saying->queued--;
	if (saying->queued)
		return;
	if (is_done(saying)) {
		saying->used = false;
		return;
	}
	unsigned times = saying->tries < 4 ? 1 + saying->tries : 4;
	double wait_ms = (double)handset->settings.ack_timeout_ms * times * (1 + handset_chance(handset) / 2);
	saying->due_ms = end_ms + (int64_t)wait_ms;
}

static void forget_queued(struct handset *handset, struct saying *saying)
{
	size_t kept = 0;
	for (size_t i = 0; i < handset->queue_count; i++)
		if (handset->queue[i].saying != saying)
			handset->queue[kept++] = handset->queue[i];
	handset->queue_count = kept;
	saying->queued = 0;
}

static void finish(struct handset *handset, struct saying *saying)
{
	forget_queued(handset, saying);
	saying->used = false;
}

static void note_pieces(struct handset *handset, struct saying *saying, uint8_t bitmap, int64_t now_ms)
{
	uint8_t before = saying->have;
	saying->have |= bitmap & all_of(saying);
	if (saying->have != before)
		saying->tries = 0;
	tell(handset, saying, &(struct handset_event){.what = "pieces", .detail = bitmap});
	if (is_done(saying)) {
		finish(handset, saying);
		return;
	}
	if (saying->queued)
		return;
	if (saying->have == all_of(saying))
		saying_went(handset, saying, now_ms); /* stored is still to come */
	for (unsigned i = 0; i < saying->total && saying->have != all_of(saying); i++)
		if (!(saying->have >> i & 1))
			queue_piece(handset, saying, i, now_ms + ANSWER_DELAY_MS, true);
}

static struct saying *saying_of(struct handset *handset, uint32_t counter)
{
	for (size_t i = 0; i < SAYINGS_MAX; i++)
		for (unsigned j = 0; handset->sayings[i].used && j < handset->sayings[i].total; j++)
			if (handset->sayings[i].counters[j] == counter)
				return &handset->sayings[i];
	return NULL;
}

void saying_acknowledged(struct handset *handset, const struct field_header *header, const struct field_ack *ack,
			 int64_t now_ms)
{
	if (ack->ref_station != handset->settings.station)
		return;
	struct saying *saying = saying_of(handset, ack->ref_counter);
	if (ack->level == 0) {
		if (saying)
			note_pieces(handset, saying, ack->detail, now_ms);
		return;
	}
	int detail = ack->detail == FIELD_NONE_U8 ? -1 : ack->detail;
	handset->callbacks.told(handset->callbacks.context, &(struct handset_event){.what = "ack",
										    .from = header->from,
										    .counter = ack->ref_counter,
										    .level = ack->level,
										    .detail = detail});
	if (!saying)
		return;
	saying->stored = true;
	saying->have = all_of(saying);
	finish(handset, saying);
}

/* ---- once more ---- */

static void repeat(struct handset *handset, struct saying *saying, int64_t now_ms)
{
	unsigned missing = all_of(saying) & (unsigned)~saying->have;
	unsigned index = missing ? 31 - (unsigned)__builtin_clz(missing) : saying->total - 1;
	if (saying->tries++ == handset->settings.repeats) {
		tell(handset, saying, &(struct handset_event){.what = "given_up", .detail = saying->have});
		finish(handset, saying);
		return;
	}
	queue_piece(handset, saying, index, now_ms, true);
}

void sayings_tick(struct handset *handset, int64_t now_ms)
{
	for (size_t i = 0; i < SAYINGS_MAX; i++)
		if (handset->sayings[i].used && handset->sayings[i].due_ms <= now_ms)
			repeat(handset, &handset->sayings[i], now_ms);
}

int64_t sayings_due_ms(const struct handset *handset)
{
	int64_t due_ms = INT64_MAX;
	for (size_t i = 0; i < SAYINGS_MAX; i++)
		if (handset->sayings[i].used && handset->sayings[i].due_ms < due_ms)
			due_ms = handset->sayings[i].due_ms;
	return due_ms;
}

int handset_acknowledge(struct handset *handset, uint32_t counter, uint8_t level, uint8_t detail, int64_t now_ms)
{
	const struct field_ack ack = {
	    .ref_station = handset->settings.station, .ref_counter = counter, .level = level, .detail = detail};
	struct field_header header = {
	    .kind = FIELD_ACK,
	    .encrypted = true,
	    .hop_limit = 3,
	    .station = handset->settings.station,
	    .time_s = handset->callbacks.wall_s(handset->callbacks.context),
	};
	struct queued frame = {.at_ms = now_ms + ANSWER_DELAY_MS};
	uint8_t body[FIELD_ACK_SIZE];
	size_t size = field_ack_encode(&ack, body, sizeof(body));
	int error = handset_frame(handset, &header, body, size, &frame);
	if (error)
		return error;
	return handset_queue(handset, &frame) ? 0 : -EBUSY;
}

int handset_seen(struct handset *handset, uint32_t counter, int64_t now_ms)
{
	enum { BASE_SEEN = 2 };
	return handset_acknowledge(handset, counter, BASE_SEEN, FIELD_NONE_U8, now_ms);
}
