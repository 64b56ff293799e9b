/* What waits for radios that are down goes by another way, if there is one. */
#include "gateway/clock.h"
#include "gateway/outgoing_internal.h"

enum {
	DOWN_MS = 30000, /* a radio that is down for so long is not waited for */
	RESCUED_AT_ONCE = 16,
	LOOKED_AT = 64, /* at once, besides alerts: each is read again for it */
};

struct rescued {
	struct entry *entry;
	struct way way;
	struct past past;
};

struct rescue {
	const struct outgoing *outgoing;
	int64_t now_ms;
	size_t from, at, looked_at; /* where it was left off, and where it is now */
	struct rescued found[RESCUED_AT_ONCE];
	size_t count;
};

static bool is_up(const struct exit_lane *lane)
{
	return lane->radio && radio_status(lane->radio).state == RADIO_UP;
}

bool lane_is_given_up(const struct exit_lane *lane, int64_t now_ms)
{
	return lane->down_ms && now_ms - lane->down_ms >= DOWN_MS && !is_up(lane);
}

uint32_t outgoing_down_lanes(const struct outgoing *outgoing)
{
	uint32_t lanes = 0;
	for (size_t i = 0; i < outgoing->count; i++)
		lanes |= is_up(&outgoing->lanes[i]) ? 0 : 1u << i;
	return lanes;
}

/* The radio has not failed: it is one of the ways again when another one has. */
static struct past past_of(const struct errand *errand)
{
	struct past past = {.lanes = 0};
	if (errand)
		past = errand->past;
	past_forgive(&past);
	return past;
}

static bool has_way(const struct rescue *rescue, const struct entry *entry, struct rescued *rescued)
{
	struct message message;
	struct past past = rescued->past;
	bool pinned;
	past.lanes |= outgoing_down_lanes(rescue->outgoing);
	if (!entry_id(entry)[0] || errand_read(entry, &message, &pinned) < 0 || pinned || !message.to[0] ||
	    handover_again_ms(rescue->outgoing, &past) > rescue->now_ms)
		return false;
	return outgoing_way(rescue->outgoing, message.kind, message.id, message.to, &past, &rescued->way);
}

/* Alerts each time, the others in turns. */
static bool has_turn(struct rescue *rescue, const struct entry *entry)
{
	bool turn = rescue->at >= rescue->from && rescue->looked_at < LOOKED_AT;
	rescue->looked_at += turn;
	rescue->at++;
	return turn || entry->class <= CLASS_URGENT;
}

static bool look_at(void *context, const struct entry *entry)
{
	struct rescue *rescue = context;
	if (!has_turn(rescue, entry))
		return true;
	const struct errand *errand = errand_find(rescue->outgoing, entry);
	struct rescued *rescued = &rescue->found[rescue->count];
	/* What waits here for its repetition begins anew on another radio; but not what was sent as well as anybody can tell. */
	if (errand && delivery_begun(errand->delivery) && !delivery_is_confirmable(errand->delivery))
		return true;
	*rescued = (struct rescued){.entry = (struct entry *)entry, .past = past_of(errand)};
	rescue->count += has_way(rescue, entry, rescued);
	return rescue->count < RESCUED_AT_ONCE;
}

static void move_from(struct outgoing *outgoing, struct exit_lane *lane, struct rescued *rescued)
{
	struct entry *entry = rescued->entry;
	if (!transmit_remove(lane->transmit, entry))
		return;
	if (outgoing_move(outgoing, entry, &rescued->way, &rescued->past)) {
		errand_free(outgoing, errand_find(outgoing, entry));
		keeper_finish(outgoing->publisher->keeper, entry);
	} else {
		lane_put(lane, entry);
	}
}

/* Since when the radio is down, 0 = it is up. One that could not be made is down. */
static void note_state(struct exit_lane *lane, int64_t now_ms)
{
	if (is_up(lane))
		lane->down_ms = 0;
	else if (!lane->down_ms)
		lane->down_ms = now_ms;
}

void outgoing_rescue(struct outgoing *outgoing, int64_t now_ms)
{
	for (size_t i = 0; i < outgoing->count; i++) {
		struct exit_lane *lane = &outgoing->lanes[i];
		note_state(lane, now_ms);
		if (!lane_is_given_up(lane, now_ms))
			continue;
		struct rescue rescue = {.outgoing = outgoing, .now_ms = now_ms, .from = lane->rescued_to};
		transmit_each(lane->transmit, look_at, &rescue);
		lane->rescued_to = rescue.looked_at < LOOKED_AT ? 0 : rescue.from + LOOKED_AT;
		for (size_t j = 0; j < rescue.count; j++)
			move_from(outgoing, lane, &rescue.found[j]);
	}
}
