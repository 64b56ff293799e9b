/* When each entry will go, about: turns frame by frame inside a class, the classes as if their shares flowed, the gates at the end. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/schedule_order.h"
#include "gateway/transmit_internal.h"

enum {
	FRAMES_MAX = 64,
	HOUR_MS = 3600000,
	GROUP_COUNT = 2 * CLASS_COUNT, /* the classes, and those of exercises behind them */
};

/* One frame that is to go. */
struct frame {
	const struct entry *entry;
	unsigned group; /* of GROUP_COUNT */
	unsigned round; /* how many frames of the same station and class go before it */
	size_t place;   /* of its station's turn, and of the entry in it */
	bool first;     /* of its entry: the one that is told of */
	int64_t airtime_us;
};

struct outlook {
	const struct transmit *transmit;
	int64_t now_ms;
	struct frame *frames;
	size_t count, room;
	int64_t total_us[GROUP_COUNT];
	struct ledger_level level; /* of the ledger, now */
	/* When a frame so long goes by itself; they are mostly alike, and each asks the whole hour. */
	int64_t alone_us, alone_ms;
	bool alone_urgent;
	int64_t alert_ms; /* an alert waits for airtime until then, and everything behind it too */
};

struct prospect {
	int64_t at_ms;
	enum transmit_why why;
};

static unsigned group_of(const struct entry *entry)
{
	return order_class(entry) + (entry->exercise ? CLASS_COUNT : 0);
}

static void add_frame(struct outlook *outlook, const struct frame *frame)
{
	if (!outlook->frames || outlook->count == outlook->room) {
		outlook->room = outlook->room ? 2 * outlook->room : 64;
		outlook->frames = reallocarray(outlook->frames, outlook->room, sizeof(*outlook->frames));
		if (!outlook->frames)
			abort(); /* as in turns.h */
	}
	outlook->frames[outlook->count++] = *frame;
	outlook->total_us[frame->group] += frame->airtime_us;
}

static unsigned frames_of(const struct transmit *transmit, const struct entry *entry)
{
	unsigned frames = transmit->settings.frames ? transmit->settings.frames(transmit->settings.context, entry) : 1;
	return frames < 1 ? 1 : frames > FRAMES_MAX ? FRAMES_MAX : frames;
}

/* They come station by station, so that the frame before is of the same station or of another one altogether. */
static bool add_waiting(void *context, const struct entry *entry)
{
	struct outlook *outlook = context;
	const struct frame *before = outlook->count > 0 ? &outlook->frames[outlook->count - 1] : NULL;
	struct frame frame = {.entry = entry,
			      .group = group_of(entry),
			      .place = outlook->count,
			      .airtime_us = transmit_airtime_us(outlook->transmit, entry)};
	if (before && before->group == frame.group && strcmp(entry_station(before->entry), entry_station(entry)) == 0) {
		frame.round = before->round + 1;
		frame.place = before->place;
	}
	unsigned frames = frames_of(outlook->transmit, entry);
	for (unsigned i = 0; i < frames; i++) {
		frame.first = i == 0;
		add_frame(outlook, &frame);
		frame.round++;
	}
	return true;
}

static int compare_frames(const void *one, const void *other)
{
	const struct frame *a = one, *b = other;
	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	if (a->round != b->round)
		return a->round < b->round ? -1 : 1;
	return a->place < b->place ? -1 : a->place > b->place;
}

static int64_t weight_of(const struct outlook *outlook, unsigned class)
{
	unsigned weight = outlook->transmit->settings.schedule.weight[class];
	return weight ? weight : 1;
}

/* What goes before a frame that has own_us of its group before it, of the groups from that one on: of some everything, of others their
 * share until this one's has paid for it. */
static int64_t ahead_us(const struct outlook *outlook, const struct frame *frame, int64_t own_us, unsigned from)
{
	int64_t ahead_us = own_us, paid_us = own_us + frame->airtime_us;
	unsigned group = frame->group, class = group % CLASS_COUNT, base = group - class;
	for (unsigned other = from; other < base + CLASS_COUNT; other++) {
		int64_t share_us = outlook->total_us[other];
		if (other == group || (other > group && class < CLASS_SAFETY))
			continue;
		if (other >= base + CLASS_SAFETY && class >= CLASS_SAFETY) {
			int64_t fair_us = paid_us * weight_of(outlook, other - base) / weight_of(outlook, class);
			share_us = share_us < fair_us ? share_us : fair_us;
		}
		ahead_us += share_us;
	}
	return ahead_us;
}

static int64_t alone_ms(struct outlook *outlook, bool urgent, int64_t own_us)
{
	if (outlook->alone_us != own_us || outlook->alone_urgent != urgent)
		outlook->alone_ms = ledger_when_ms(outlook->transmit->settings.ledger, urgent, own_us, outlook->now_ms);
	outlook->alone_us = own_us;
	outlook->alone_urgent = urgent;
	return outlook->alone_ms;
}

/* When so much airtime will have been free, if it is used as it comes. */
static int64_t airtime_ms(struct outlook *outlook, bool urgent, int64_t needed_us, int64_t own_us)
{
	const struct ledger *ledger = outlook->transmit->settings.ledger;
	if (!ledger)
		return outlook->now_ms;
	struct ledger_level level = outlook->level;
	int64_t own_ms = alone_ms(outlook, urgent, own_us);
	int64_t hour_us = level.limit_us - (urgent ? 0 : level.reserve_us);
	if (own_ms == LEDGER_NEVER || level.limit_us == 0 || hour_us <= 0)
		return own_ms;
	int64_t hours = needed_us > 0 ? (needed_us - 1) / hour_us : 0;
	int64_t at_ms = ledger_when_ms(ledger, urgent, needed_us - hours * hour_us, outlook->now_ms);
	/* All of it together may be longer than one transmission is allowed to be. */
	return (at_ms == LEDGER_NEVER ? own_ms : at_ms) + hours * HOUR_MS;
}

static void later(struct prospect *prospect, int64_t at_ms, enum transmit_why why)
{
	if (at_ms > prospect->at_ms)
		*prospect = (struct prospect){at_ms, why};
}

static struct prospect prospect_of(struct outlook *outlook, const struct frame *frame, int64_t own_us)
{
	const struct transmit *transmit = outlook->transmit;
	bool urgent = transmit_urgent(frame->entry);
	int64_t all_us = ahead_us(outlook, frame, own_us, CLASS_DISTRESS);
	int64_t ordinary_us = urgent ? all_us : ahead_us(outlook, frame, own_us, CLASS_SAFETY);
	struct prospect prospect = {outlook->now_ms + all_us / 1000, TRANSMIT_TURN};
	if (order_class(frame->entry) > CLASS_SAFETY && transmit->share < 1) {
		int64_t quiet_ms = transmit_listening_ms(transmit);
		int64_t from_ms = quiet_ms > outlook->now_ms ? quiet_ms : outlook->now_ms;
		later(&prospect, from_ms + (int64_t)((double)ordinary_us / 1000 / transmit->share), TRANSMIT_LISTENING);
	}
	later(&prospect, airtime_ms(outlook, urgent, ordinary_us + frame->airtime_us, frame->airtime_us),
	      TRANSMIT_AIRTIME);
	later(&prospect, outlook->alert_ms, TRANSMIT_AIRTIME);
	if (urgent && prospect.why == TRANSMIT_AIRTIME)
		outlook->alert_ms = prospect.at_ms;
	return prospect;
}

struct held_call {
	transmit_outlook_fn *each;
	void *context;
};

static bool tell_held(void *context, const struct entry *entry, int64_t until_ms)
{
	const struct held_call *call = context;
	return call->each(call->context, entry, until_ms, TRANSMIT_HELD);
}

void transmit_outlook(const struct transmit *transmit, int64_t now_ms, transmit_outlook_fn *each, void *context)
{
	struct outlook outlook = {.transmit = transmit, .now_ms = now_ms, .alone_us = -1, .alert_ms = INT64_MIN};
	struct held_call call = {each, context};
	int64_t own_us = 0;
	bool on = true;
	if (transmit->settings.ledger)
		outlook.level = ledger_level(transmit->settings.ledger, now_ms);
	schedule_each_waiting(transmit->schedule, add_waiting, &outlook);
	if (outlook.count > 0)
		qsort(outlook.frames, outlook.count, sizeof(*outlook.frames), compare_frames);
	for (size_t i = 0; on && i < outlook.count; i++) {
		const struct frame *frame = &outlook.frames[i];
		if (i > 0 && frame->group != frame[-1].group)
			own_us = 0;
		struct prospect prospect = prospect_of(&outlook, frame, own_us);
		if (frame->first)
			on = each(context, frame->entry, prospect.at_ms, prospect.why);
		own_us += frame->airtime_us;
	}
	free(outlook.frames);
	if (on)
		schedule_each_held(transmit->schedule, tell_held, &call);
}
