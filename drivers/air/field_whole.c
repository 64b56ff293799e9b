/* Long bodies of the field frame, put together from their fragments. */
#include "drivers/air/field_whole.h"

#include <string.h>

static struct field_whole *find(struct field_wholes *wholes, const struct field_piece *piece)
{
	for (size_t i = 0; i < FIELD_WHOLES_MAX; i++) {
		struct field_whole *whole = &wholes->slots[i];
		if (whole->used && whole->header.station == piece->header->station &&
		    whole->epochs_back == piece->epochs_back)
			return whole;
	}
	return NULL;
}

/* A free slot, else the oldest. */
static struct field_whole *choose(struct field_wholes *wholes)
{
	struct field_whole *oldest = &wholes->slots[0];
	for (size_t i = 0; i < FIELD_WHOLES_MAX; i++) {
		struct field_whole *whole = &wholes->slots[i];
		if (!whole->used)
			return whole;
		if (whole->since_us < oldest->since_us)
			oldest = whole;
	}
	return oldest;
}

static void begin(struct field_whole *whole, const struct field_piece *piece)
{
	*whole = (struct field_whole){
	    .used = true,
	    .header = *piece->header,
	    .epochs_back = piece->epochs_back,
	    .id = piece->fragment->id,
	    .total = piece->fragment->total,
	};
}

static void give_back(struct field_whole *whole)
{
	whole->used = false;
}

static bool is_complete(const struct field_whole *whole)
{
	return whole->have == (1u << whole->total) - 1;
}

static void keep(struct field_whole *whole, const struct field_piece *piece, int64_t now_us)
{
	const struct field_fragment *fragment = piece->fragment;
	whole->since_us = now_us;
	whole->have |= (uint8_t)(1u << fragment->index);
	whole->fresh |= !piece->seen;
	whole->counters[fragment->index] = piece->header->counter;
	whole->sizes[fragment->index] = (uint8_t)fragment->size;
	memcpy(whole->pieces[fragment->index], fragment->bytes, fragment->size);
	if (fragment->index == 0) {
		whole->header = *piece->header;
		whole->hash = piece->hash;
	}
}

/* A station without a clock that starts anew may begin again with the same numbers. It goes on with later counters, and further off than the
 * window in which frames are taken no piece of the other message can be on its way. */
static bool is_of(const struct field_whole *whole, const struct field_piece *piece)
{
	uint32_t one = whole->header.counter, other = piece->header->counter;
	return whole->id == piece->fragment->id && whole->header.time_s == piece->header->time_s &&
	       (one > other ? one - other : other - one) < FIELD_SPAN_MAX;
}

/* The set this piece belongs to, begun if need be; NULL = it must not begin one. */
static struct field_whole *set_of(struct field_wholes *wholes, const struct field_piece *piece, size_t *lost)
{
	struct field_whole *whole = find(wholes, piece);
	if (whole && is_of(whole, piece))
		return whole;
	if (!whole)
		whole = choose(wholes);
	if (whole->used && piece->seen)
		return NULL;
	*lost += whole->used;
	begin(whole, piece);
	return whole;
}

enum field_add field_wholes_add(struct field_wholes *wholes, const struct field_piece *piece, int64_t now_us,
				struct field_whole **whole, size_t *lost)
{
	const struct field_fragment *fragment = piece->fragment;
	if (fragment->size > FIELD_PIECE_MAX)
		return FIELD_ADD_BAD;
	*whole = NULL;
	struct field_whole *set = set_of(wholes, piece, lost);
	if (!set)
		return FIELD_ADD_REPEATED;
	if (set->total != fragment->total || set->header.kind != piece->header->kind)
		return FIELD_ADD_BAD;
	*whole = set;
	if (set->have >> fragment->index & 1)
		return FIELD_ADD_REPEATED;
	keep(set, piece, now_us);
	if (!is_complete(set))
		return FIELD_ADD_KEPT;
	if (set->fresh)
		return FIELD_ADD_WHOLE;
	give_back(set);
	*whole = NULL;
	return FIELD_ADD_REPEATED;
}

size_t field_whole_join(const struct field_whole *whole, uint8_t body[FIELD_WHOLE_MAX])
{
	size_t size = 0;
	for (size_t i = 0; i < whole->total; i++) {
		if (size + whole->sizes[i] > FIELD_WHOLE_MAX)
			return 0;
		memcpy(body + size, whole->pieces[i], whole->sizes[i]);
		size += whole->sizes[i];
	}
	return size;
}

void field_whole_finish(struct field_wholes *wholes, struct field_whole *whole)
{
	wholes->finished[wholes->finished_next++ % FIELD_FINISHED_MAX] = (struct field_finished){
	    .used = true,
	    .header = whole->header,
	    .epochs_back = whole->epochs_back,
	    .id = whole->id,
	    .total = whole->total,
	    .told = whole->told,
	};
	give_back(whole);
}

struct field_finished *field_wholes_finished(struct field_wholes *wholes, const struct field_piece *piece)
{
	const struct field_header *header = piece->header;
	const struct field_fragment *fragment = piece->fragment;
	for (size_t i = 0; piece->seen && i < FIELD_FINISHED_MAX; i++) {
		struct field_finished *finished = &wholes->finished[i];
		if (finished->used && finished->header.station == header->station &&
		    finished->header.time_s == header->time_s && finished->epochs_back == piece->epochs_back &&
		    finished->id == fragment->id && finished->total == fragment->total)
			return finished;
	}
	return NULL;
}

uint8_t field_whole_first(const struct field_whole *whole)
{
	uint8_t index = 0;
	while (index + 1 < whole->total && !(whole->have >> index & 1))
		index++;
	return index;
}

bool field_whole_has_all_behind(const struct field_whole *whole, uint8_t index)
{
	const unsigned all = (1u << whole->total) - 1;
	return ((unsigned)whole->have | ((2u << index) - 1)) == (all | ((2u << index) - 1));
}

size_t field_wholes_expire(struct field_wholes *wholes, int64_t before_us)
{
	size_t count = 0;
	for (size_t i = 0; i < FIELD_WHOLES_MAX; i++) {
		struct field_whole *whole = &wholes->slots[i];
		if (whole->used && whole->since_us < before_us) {
			give_back(whole);
			count++;
		}
	}
	return count;
}

int64_t field_wholes_oldest_us(const struct field_wholes *wholes)
{
	int64_t oldest_us = INT64_MAX;
	for (size_t i = 0; i < FIELD_WHOLES_MAX; i++)
		if (wholes->slots[i].used && wholes->slots[i].since_us < oldest_us)
			oldest_us = wholes->slots[i].since_us;
	return oldest_us;
}

int64_t field_wholes_quiet_us(const struct field_wholes *wholes)
{
	int64_t next_us = INT64_MAX;
	for (size_t i = 0; i < FIELD_WHOLES_MAX; i++) {
		const struct field_whole *whole = &wholes->slots[i];
		if (whole->used && whole->quiet_us && whole->quiet_us < next_us)
			next_us = whole->quiet_us;
	}
	return next_us;
}
