/* The ledger: two lists in the order of their ends, and sums over what of them is less than an hour ago. */
#include "gateway/ledger.h"

#include <stdlib.h>
#include <string.h>

enum {
	HOUR_MS = 3600000,
	MINUTE_MS = 60000,
	ASK_AGAIN_MS = 1000,
	ROOM_FIRST = 64,
	ROOM_MAX = 4096,
	PUT_ROWS = 64, /* minutes of an hour, and a few for what lies across its edges */
};

/* One transmission, or several taken together. */
struct spell {
	int64_t ended_ms;
	uint32_t airtime_us; /* more than an hour is as good as any more */
	uint32_t stamp;      /* ledger->stamp when it was booked */
};

/* By ended_ms. */
struct past {
	struct spell *spells;
	size_t count, room;
};

struct ledger {
	struct ledger_settings settings;
	struct past other, urgent;
	int64_t assumed_ms;  /* until then ordinary traffic counts as having used its share; INT64_MIN = it does not */
	int64_t recalled_ms; /* until then something of former runs counts; INT64_MIN = nothing */
	int64_t ahead_us;
	uint32_t stamp; /* counts calls of ledger_put; what was booked before has a lower one, */
	uint32_t kept;  /* and what is on disk one below this */
};

struct ledger *ledger_new(const struct ledger_settings *settings)
{
	struct ledger *ledger = calloc(1, sizeof(*ledger));
	if (!ledger)
		return NULL;
	ledger->other = (struct past){calloc(ROOM_FIRST, sizeof(struct spell)), 0, ROOM_FIRST};
	ledger->urgent = (struct past){calloc(ROOM_FIRST, sizeof(struct spell)), 0, ROOM_FIRST};
	if (!ledger->other.spells || !ledger->urgent.spells) {
		ledger_free(ledger);
		return NULL;
	}
	ledger->settings = *settings;
	ledger->assumed_ms = ledger->recalled_ms = INT64_MIN;
	ledger->ahead_us = INT64_MAX;
	ledger->stamp = ledger->kept = 1;
	return ledger;
}

void ledger_free(struct ledger *ledger)
{
	if (!ledger)
		return;
	free(ledger->other.spells);
	free(ledger->urgent.spells);
	free(ledger);
}

void ledger_set(struct ledger *ledger, const struct ledger_settings *settings)
{
	ledger->settings = *settings;
}

/* ---- the lists ---- */

static int64_t leaves_ms(const struct spell *spell)
{
	return spell->ended_ms + HOUR_MS;
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* `later` ended last. */
static struct spell together(struct spell earlier, struct spell later)
{
	uint64_t sum = (uint64_t)earlier.airtime_us + later.airtime_us;
	later.airtime_us = sum > UINT32_MAX ? UINT32_MAX : (uint32_t)sum;
	later.stamp = earlier.stamp > later.stamp ? earlier.stamp : later.stamp;
	return later;
}

static void forget(struct past *past, int64_t now_ms)
{
	size_t gone = 0;
	while (gone < past->count && leaves_ms(&past->spells[gone]) <= now_ms)
		gone++;
	past->count -= gone;
	if (gone)
		memmove(past->spells, past->spells + gone, past->count * sizeof(*past->spells));
}

/* Takes together what ended within so many milliseconds, into `most` rows at most; rows may be the list itself. Returns their number. */
static size_t gather(const struct past *past, int64_t within_ms, struct spell *rows, size_t most)
{
	size_t count = 0;
	int64_t first_ms = 0;
	for (size_t i = 0; i < past->count; i++) {
		struct spell spell = past->spells[i];
		if (count > 0 && (count == most || spell.ended_ms - first_ms < within_ms)) {
			rows[count - 1] = together(rows[count - 1], spell);
			continue;
		}
		first_ms = spell.ended_ms;
		rows[count++] = spell;
	}
	return count;
}

static void make_room(struct past *past)
{
	if (past->count < past->room)
		return;
	struct spell *spells = NULL;
	if (past->room < ROOM_MAX)
		spells = realloc(past->spells, 2 * past->room * sizeof(*spells));
	if (!spells) {
		/* Nothing is older than an hour, and hardly anything ends in more than one: about half of the rooms become free. */
		past->count = gather(past, 4 * HOUR_MS / (int64_t)past->room, past->spells, past->room - 1);
		return;
	}
	past->spells = spells;
	past->room *= 2;
}

static void add(struct past *past, struct spell spell)
{
	make_room(past);
	size_t at = past->count++;
	for (; at > 0 && past->spells[at - 1].ended_ms > spell.ended_ms; at--)
		past->spells[at] = past->spells[at - 1];
	past->spells[at] = spell;
}

/* Without a limit nobody needs to know it to the millisecond. */
static bool add_to_last(struct past *past, struct spell spell)
{
	if (past->count == 0)
		return false;
	struct spell *last = &past->spells[past->count - 1];
	if (spell.ended_ms < last->ended_ms || spell.ended_ms / MINUTE_MS != last->ended_ms / MINUTE_MS)
		return false;
	*last = together(*last, spell);
	return true;
}

static uint32_t bounded(int64_t airtime_us)
{
	return airtime_us < 0 ? 0 : airtime_us > UINT32_MAX ? UINT32_MAX : (uint32_t)airtime_us;
}

void ledger_spend(struct ledger *ledger, bool urgent, int64_t airtime_us, int64_t now_ms)
{
	struct past *past = urgent ? &ledger->urgent : &ledger->other;
	uint32_t airtime = bounded(airtime_us);
	struct spell spell = {now_ms + ((int64_t)airtime + 999) / 1000, airtime, ledger->stamp};
	forget(&ledger->other, now_ms);
	forget(&ledger->urgent, now_ms);
	if (ledger->settings.limit_us || !add_to_last(past, spell))
		add(past, spell);
}

static bool take_out(struct past *past, int64_t ended_ms, uint32_t airtime_us)
{
	size_t at = past->count;
	while (at > 0 && past->spells[at - 1].ended_ms >= ended_ms) {
		const struct spell *spell = &past->spells[--at];
		if (spell->ended_ms != ended_ms || spell->airtime_us != airtime_us)
			continue;
		past->count--;
		memmove(past->spells + at, past->spells + at + 1, (past->count - at) * sizeof(*past->spells));
		return true;
	}
	return false;
}

void ledger_amend(struct ledger *ledger, bool urgent, int64_t airtime_us, int64_t booked_ms, int64_t really_ms)
{
	uint32_t airtime = bounded(airtime_us);
	if (!ledger->settings.limit_us || really_ms == booked_ms)
		return;
	take_out(urgent ? &ledger->urgent : &ledger->other, booked_ms + ((int64_t)airtime + 999) / 1000, airtime);
	if (really_ms != INT64_MIN)
		ledger_spend(ledger, urgent, airtime_us, really_ms);
}

/* ---- what counts at a time ---- */

struct view {
	const struct ledger *ledger;
	size_t other_at, urgent_at;            /* the first of each list that counts */
	int64_t other_us, urgent_us, spent_us; /* other_us: with what is assumed; spent_us: without */
	int64_t known_us, unkept_us;           /* of ordinary traffic */
	bool assumed;
};

static bool is_unkept(const struct ledger *ledger, const struct spell *spell)
{
	return spell->stamp >= ledger->kept;
}

static int64_t share_us(const struct ledger *ledger)
{
	return larger(ledger->settings.limit_us - ledger->settings.reserve_us, 0);
}

/* Takes out what has left by then. */
static void move_on(struct view *view, int64_t at_ms)
{
	const struct past *other = &view->ledger->other, *urgent = &view->ledger->urgent;
	for (; view->other_at < other->count && leaves_ms(&other->spells[view->other_at]) <= at_ms; view->other_at++) {
		const struct spell *spell = &other->spells[view->other_at];
		view->known_us -= spell->airtime_us;
		view->unkept_us -= is_unkept(view->ledger, spell) ? spell->airtime_us : 0;
	}
	for (; view->urgent_at < urgent->count && leaves_ms(&urgent->spells[view->urgent_at]) <= at_ms;
	     view->urgent_at++)
		view->urgent_us -= urgent->spells[view->urgent_at].airtime_us;
	view->assumed = at_ms < view->ledger->assumed_ms;
	view->other_us = view->assumed ? larger(view->known_us, share_us(view->ledger)) : view->known_us;
	/* What is not known of former runs counts longer than it should; they have not used more than their share for all that. */
	if (at_ms < view->ledger->recalled_ms && view->other_us > share_us(view->ledger))
		view->other_us = share_us(view->ledger);
	view->spent_us = view->known_us + view->urgent_us;
}

static struct view view_at(const struct ledger *ledger, int64_t now_ms)
{
	struct view view = {.ledger = ledger};
	for (size_t i = 0; i < ledger->other.count; i++) {
		const struct spell *spell = &ledger->other.spells[i];
		view.known_us += spell->airtime_us;
		view.unkept_us += is_unkept(ledger, spell) ? spell->airtime_us : 0;
	}
	for (size_t i = 0; i < ledger->urgent.count; i++)
		view.urgent_us += ledger->urgent.spells[i].airtime_us;
	move_on(&view, now_ms);
	return view;
}

/* When the next of it leaves, INT64_MAX = nothing is left. */
static int64_t next_ms(const struct view *view)
{
	const struct past *other = &view->ledger->other, *urgent = &view->ledger->urgent;
	int64_t next = view->assumed ? view->ledger->assumed_ms : INT64_MAX;
	if (view->other_at < other->count && leaves_ms(&other->spells[view->other_at]) < next)
		next = leaves_ms(&other->spells[view->other_at]);
	if (view->urgent_at < urgent->count && leaves_ms(&urgent->spells[view->urgent_at]) < next)
		next = leaves_ms(&urgent->spells[view->urgent_at]);
	return next;
}

static int64_t left_us(const struct view *view, bool urgent)
{
	const struct ledger_settings *settings = &view->ledger->settings;
	int64_t held_us = urgent ? view->urgent_us : larger(view->urgent_us, settings->reserve_us);
	return settings->limit_us - view->other_us - held_us;
}

static bool fits(const struct view *view, bool urgent, int64_t airtime_us)
{
	int64_t ahead_us = view->ledger->ahead_us;
	bool booked = urgent || airtime_us > ahead_us || view->unkept_us + airtime_us <= ahead_us;
	return booked && airtime_us <= left_us(view, urgent);
}

int64_t ledger_when_ms(const struct ledger *ledger, bool urgent, int64_t airtime_us, int64_t now_ms)
{
	const struct ledger_settings *settings = &ledger->settings;
	if (settings->dwell_us && airtime_us > settings->dwell_us)
		return LEDGER_NEVER;
	if (!settings->limit_us)
		return now_ms;
	if (airtime_us > (urgent ? settings->limit_us : share_us(ledger)))
		return LEDGER_NEVER;
	int64_t when_ms = now_ms;
	struct view view = view_at(ledger, now_ms);
	while (!fits(&view, urgent, airtime_us) && when_ms < INT64_MAX) {
		when_ms = next_ms(&view);
		move_on(&view, when_ms);
	}
	bool disk = !urgent && airtime_us > ledger->ahead_us;
	return disk ? larger(when_ms, now_ms + ASK_AGAIN_MS) : when_ms;
}

struct ledger_level ledger_level(const struct ledger *ledger, int64_t now_ms)
{
	struct view view = view_at(ledger, now_ms);
	int64_t next = next_ms(&view);
	struct ledger_level level = {
	    .limit_us = ledger->settings.limit_us,
	    .reserve_us = ledger->settings.reserve_us,
	    .spent_us = view.spent_us,
	    .urgent_us = view.urgent_us,
	    .more_ms = next == INT64_MAX ? 0 : next,
	};
	if (level.limit_us) {
		level.left_us = larger(left_us(&view, false), 0);
		level.left_urgent_us = larger(left_us(&view, true), 0);
	}
	return level;
}

/* ---- across restarts ---- */

void ledger_assume_used(struct ledger *ledger, int64_t until_ms)
{
	ledger->assumed_ms = larger(ledger->assumed_ms, until_ms + HOUR_MS);
}

void ledger_assume_known(struct ledger *ledger)
{
	ledger->assumed_ms = INT64_MIN;
}

void ledger_assume_more(struct ledger *ledger, int64_t airtime_us, int64_t until_ms)
{
	ledger->recalled_ms = larger(ledger->recalled_ms, until_ms + HOUR_MS);
	add(&ledger->other, (struct spell){until_ms, bounded(airtime_us), 0});
}

void ledger_book(struct ledger *ledger, int64_t ahead_us)
{
	ledger->ahead_us = ahead_us;
}

int64_t ledger_unkept_us(const struct ledger *ledger, int64_t now_ms)
{
	return view_at(ledger, now_ms).unkept_us;
}

void ledger_kept(struct ledger *ledger)
{
	ledger->kept = ledger->stamp;
}

static void put_past(const struct past *past, struct block_writer *writer)
{
	struct spell rows[PUT_ROWS];
	size_t count = gather(past, MINUTE_MS, rows, PUT_ROWS);
	block_put_u32(writer, (uint32_t)count);
	for (size_t i = 0; i < count; i++) {
		block_put_u64(writer, (uint64_t)rows[i].ended_ms);
		block_put_u32(writer, rows[i].airtime_us);
	}
}

void ledger_put(struct ledger *ledger, struct block_writer *writer, int64_t now_ms)
{
	forget(&ledger->other, now_ms);
	forget(&ledger->urgent, now_ms);
	block_put_u64(writer, ledger->assumed_ms > now_ms ? (uint64_t)ledger->assumed_ms : 0);
	put_past(&ledger->other, writer);
	put_past(&ledger->urgent, writer);
	ledger->stamp++;
}

/* A time of another run as one of this; what would lie after `latest` is that. */
static int64_t shifted(uint64_t saved_ms, int64_t shift_ms, int64_t latest_ms)
{
	int64_t ms;
	return __builtin_add_overflow((int64_t)saved_ms, shift_ms, &ms) || ms > latest_ms ? latest_ms : ms;
}

static void get_past(struct past *past, struct block_reader *reader, int64_t shift_ms, int64_t now_ms)
{
	uint32_t count = block_get_u32(reader);
	if (count > PUT_ROWS)
		reader->failed = true;
	for (uint32_t i = 0; i < count && !reader->failed; i++) {
		int64_t ended_ms = shifted(block_get_u64(reader), shift_ms, now_ms);
		uint32_t airtime_us = block_get_u32(reader);
		if (!reader->failed && ended_ms > now_ms - HOUR_MS)
			add(past, (struct spell){ended_ms, airtime_us, 0});
	}
}

bool ledger_get(struct ledger *ledger, struct block_reader *reader, int64_t shift_ms, int64_t now_ms)
{
	uint64_t assumed_ms = block_get_u64(reader);
	ledger->recalled_ms = larger(ledger->recalled_ms, now_ms + HOUR_MS);
	if (assumed_ms)
		ledger->assumed_ms = larger(ledger->assumed_ms, shifted(assumed_ms, shift_ms, now_ms + HOUR_MS));
	get_past(&ledger->other, reader, shift_ms, now_ms);
	get_past(&ledger->urgent, reader, shift_ms, now_ms);
	return !reader->failed;
}
