/* What a handset hears: frames of gateways to it or to all, opened, told once, answered each time. */
#include <string.h>

#include "drivers/codec/field_bodies.h"
#include "tests/support/handset_internal.h"

enum { STORED = 1, SET_MS = 600000 };

struct frame {
	uint8_t bytes[FIELD_FRAME_MAX];
	struct field_header header;
	const uint8_t *body;
	size_t size;
};

static void tell(const struct handset *handset, const struct field_header *header, const struct handset_event *event)
{
	struct handset_event told = *event;
	told.from = header->from;
	told.counter = header->counter;
	told.to_all = header->station == FIELD_ALL;
	handset->callbacks.told(handset->callbacks.context, &told);
}

static bool was_heard(struct handset *handset, const struct field_header *header)
{
	const struct heard_frame frame = {true, header->from, header->station, header->counter};
	for (size_t i = 0; i < HEARD_MAX; i++) {
		const struct heard_frame *other = &handset->heard[i];
		if (other->used && other->from == frame.from && other->to == frame.to &&
		    other->counter == frame.counter)
			return true;
	}
	handset->heard[handset->heard_next++ % HEARD_MAX] = frame;
	return false;
}

/* ---- bodies ---- */

static void hear_text(struct handset *handset, const struct field_header *header, const uint8_t *body, size_t size,
		      unsigned pieces)
{
	struct field_text text;
	if (field_text_decode(body, size, &text))
		tell(handset, header,
		     &(struct handset_event){.what = "text",
					     .pieces = pieces,
					     .detail = text.language,
					     .text = text.text.bytes,
					     .text_size = text.text.size});
}

static void hear_alert(struct handset *handset, const struct field_header *header, const uint8_t *body, size_t size)
{
	struct field_alert alert;
	if (field_alert_decode(body, size, &alert))
		tell(handset, header,
		     &(struct handset_event){.what = "alert",
					     .pieces = 1,
					     .detail = alert.event,
					     .text = alert.text.bytes,
					     .text_size = alert.text.size});
}

/* The slots of the window in turn, by number of the station; without slots any time in it. */
static int64_t slot_ms(struct handset *handset, const struct field_rollcall *rollcall)
{
	unsigned window_s = rollcall->window_min == FIELD_NONE_U8 ? 60 : rollcall->window_min * 60u;
	unsigned slot_s = rollcall->slot_s == FIELD_NONE_U8 ? 0 : rollcall->slot_s;
	if (!slot_s || slot_s > window_s)
		return (int64_t)(handset_chance(handset) * window_s * 1000);
	return (int64_t)(handset->settings.station % (window_s / slot_s)) * slot_s * 1000;
}

static void hear_rollcall(struct handset *handset, const struct field_header *header, const uint8_t *body, size_t size,
			  int64_t now_ms)
{
	struct field_rollcall rollcall;
	struct handset_words words = {.kind = FIELD_CHECKIN, .status = header->status, .ack_wanted = true};
	uint32_t counter;
	if (!field_rollcall_decode(body, size, &rollcall))
		return;
	tell(handset, header, &(struct handset_event){.what = "rollcall", .pieces = 1, .detail = rollcall.id});
	const struct field_checkin checkin = {
	    .state = 1, .rollcall = rollcall.id, .headcount = FIELD_NONE_U8, .battery_pct = FIELD_NONE_U8};
	words.size = field_checkin_encode(&checkin, false, words.body, sizeof(words.body));
	handset_say(handset, &words, now_ms + slot_ms(handset, &rollcall), &counter);
}

static void hear_ack(struct handset *handset, const struct frame *frame, int64_t now_ms)
{
	struct field_ack ack;
	if (field_ack_decode(frame->body, frame->size, &ack))
		saying_acknowledged(handset, &frame->header, &ack, now_ms);
}

static void hear_whole(struct handset *handset, const struct frame *frame, int64_t now_ms)
{
	const struct field_header *header = &frame->header;
	bool again = was_heard(handset, header);
	if (again)
		tell(handset, header, &(struct handset_event){.what = "again", .pieces = 1, .detail = -1});
	else if (header->kind == FIELD_TEXT)
		hear_text(handset, header, frame->body, frame->size, 1);
	else if (header->kind == FIELD_ALERT)
		hear_alert(handset, header, frame->body, frame->size);
	else if (header->kind == FIELD_ROLLCALL)
		hear_rollcall(handset, header, frame->body, frame->size, now_ms);
	else if (header->kind == FIELD_ACK)
		hear_ack(handset, frame, now_ms);
	if (header->ack_wanted && header->kind != FIELD_ACK && header->station != FIELD_ALL)
		handset_acknowledge(handset, header->counter, STORED, FIELD_NONE_U8, now_ms);
}

/* ---- pieces ---- */

static uint8_t all_of(const struct set *set)
{
	return (uint8_t)((1u << set->total) - 1);
}

/* The set that a piece belongs to: of the same gateway, number and time; else a new one in the place of the oldest. */
static struct set *set_of(struct handset *handset, const struct field_header *header,
			  const struct field_fragment *fragment, int64_t now_ms)
{
	struct set *oldest = &handset->sets[0];
	for (size_t i = 0; i < SETS_MAX; i++) {
		struct set *set = &handset->sets[i];
		const struct field_header *of = &set->header;
		if (set->used && of->from == header->from && of->station == header->station &&
		    of->time_s == header->time_s && of->kind == header->kind && set->id == fragment->id)
			return set;
		if (!set->used || (oldest->used && set->since_ms < oldest->since_ms))
			oldest = set;
	}
	*oldest = (struct set){.used = true,
			       .header = *header,
			       .id = fragment->id,
			       .total = fragment->total,
			       .since_ms = now_ms,
			       .quiet_ms = INT64_MAX};
	return oldest;
}

static void say_pieces(struct handset *handset, struct set *set, int64_t now_ms)
{
	set->quiet_ms = INT64_MAX;
	if (set->header.station != FIELD_ALL && set->have)
		handset_acknowledge(handset, set->counters[__builtin_ctz(set->have)], 0, set->have, now_ms);
}

static void join(struct handset *handset, struct set *set)
{
	uint8_t body[FIELD_FRAGMENTS_MAX * FIELD_BODY_MAX];
	size_t size = 0;
	for (unsigned i = 0; i < set->total; i++) {
		memcpy(body + size, set->pieces[i], set->sizes[i]);
		size += set->sizes[i];
	}
	set->finished = true;
	if (set->header.kind == FIELD_TEXT)
		hear_text(handset, &set->header, body, size, set->total);
}

static void keep(struct set *set, const struct frame *frame, const struct field_fragment *fragment)
{
	set->have |= (uint8_t)(1u << fragment->index);
	set->counters[fragment->index] = frame->header.counter;
	set->sizes[fragment->index] = fragment->size;
	memcpy(set->pieces[fragment->index], fragment->bytes, fragment->size);
	if (fragment->index == 0)
		set->header = frame->header;
}

static void hear_piece(struct handset *handset, const struct frame *frame, int64_t now_ms)
{
	struct field_fragment fragment;
	if (field_is_never_fragmented(frame->header.kind) ||
	    !field_fragment_decode(frame->body, frame->size, &fragment))
		return;
	struct set *set = set_of(handset, &frame->header, &fragment, now_ms);
	if (set->total != fragment.total)
		return;
	if (set->have >> fragment.index & 1)
		tell(handset, &frame->header,
		     &(struct handset_event){.what = "again", .pieces = set->total, .detail = fragment.index});
	else
		keep(set, frame, &fragment);
	if (set->have == all_of(set) && !set->finished)
		join(handset, set);
	uint8_t behind = all_of(set) & (uint8_t) ~((2u << fragment.index) - 1);
	if (set->finished || (set->have & behind) == behind)
		say_pieces(handset, set, now_ms);
	else
		set->quiet_ms = now_ms + handset->settings.quiet_ms;
}

void sets_tick(struct handset *handset, int64_t now_ms)
{
	for (size_t i = 0; i < SETS_MAX; i++) {
		struct set *set = &handset->sets[i];
		if (set->used && set->quiet_ms <= now_ms)
			say_pieces(handset, set, now_ms);
		if (set->used && now_ms > set->since_ms + SET_MS)
			set->used = false;
	}
}

int64_t sets_due_ms(const struct handset *handset)
{
	int64_t due_ms = INT64_MAX;
	for (size_t i = 0; i < SETS_MAX; i++)
		if (handset->sets[i].used && handset->sets[i].quiet_ms < due_ms)
			due_ms = handset->sets[i].quiet_ms;
	return due_ms;
}

/* ---- frames ---- */

void handset_hear(struct handset *handset, const uint8_t *bytes, size_t size, int64_t now_ms)
{
	struct frame frame;
	struct field_header *header = &frame.header;
	if (field_header_decode(bytes, size, header) != FIELD_OK || !header->down ||
	    (header->station != handset->settings.station && header->station != FIELD_ALL))
		return;
	memcpy(frame.bytes, bytes, size);
	if (field_open(frame.bytes, size, header, handset->callbacks.open, handset->callbacks.context) != 0)
		return;
	size_t head = field_header_size(header);
	frame.body = frame.bytes + head;
	frame.size = size - head - FIELD_TAG_SIZE;
	if (header->fragment)
		hear_piece(handset, &frame, now_ms);
	else
		hear_whole(handset, &frame, now_ms);
}
