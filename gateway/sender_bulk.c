/* The bulk lane of the sender: as much as the pace allows, in whole segments. */
#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/sender_internal.h"

#define FLIGHT_BYTES_MAX (1 << 20)
#define BLOCKED_US       5000     /* looking again when the congestion window holds a segment back */
#define FAST_RATE        500000.0 /* bytes/s: above, our own reckoning will do for REFRESH_US after asking the kernel */
#define REFRESH_US       1000
#define SEGMENT_HEADER   52.0
#define LIMITED_SAY_US   INT64_C(600000000)
#define GUESS_US         INT64_C(1000000)

static void refresh(struct sender *sender, int64_t now_us)
{
	sender->refreshed_us = now_us;
	for (int i = 0; i < SENDER_LANES; i++)
		sender_account(sender, (enum sender_lane)i, now_us);
}

static bool reckoning_will_do(const struct sender *sender, int64_t now_us)
{
	return pace_rate(sender->pace) > FAST_RATE && now_us - sender->refreshed_us < REFRESH_US;
}

static void arm(struct sender *sender, int64_t at_us)
{
	sd_event_source_set_time(sender->timer, (uint64_t)at_us);
	sd_event_source_set_enabled(sender->timer, SD_EVENT_ONESHOT);
}

/* What may go down at once is published between cork and uncork: whole segments instead of one for each message. The size of the next
 * message is guessed from those before. */
static void send_burst(struct sender *sender, int64_t now_us)
{
	struct lane *lane = sender->lanes[SENDER_BULK];
	double allowed = pace_burst(sender->pace) - SEGMENT_HEADER;
	uint64_t before = lane_reckoned_bytes(lane), bytes = 0;
	int64_t now_ms = clock_steady_ms();
	bool corked = allowed > sender->message_bytes;
	struct entry *entry;
	if (corked)
		lane_cork(lane, true);
	do {
		entry = schedule_take(sender->schedule, CLASS_SAFETY, CLASS_BULK, now_ms);
		if (!entry || !sender_publish(sender, SENDER_BULK, entry, now_us, now_ms))
			break;
		uint64_t size = lane_reckoned_bytes(lane) - before - bytes;
		bytes += size;
		sender->message_bytes += ((double)size - sender->message_bytes) / 8;
	} while (lane_room(lane) && (double)bytes + sender->message_bytes <= allowed);
	if (corked)
		lane_cork(lane, false);
}

static void after_burst(struct sender *sender, int64_t now_us)
{
	struct lane *lane = sender->lanes[SENDER_BULK];
	double published = (double)lane_reckoned_bytes(lane);
	struct pace_mark mark;
	if (reckoning_will_do(sender, now_us))
		mark = pace_sent(sender->pace, now_us, (double)lane_take_reckoned(lane));
	else
		mark = sender_account(sender, SENDER_BULK, now_us);
	if (mark.wire_bytes < published / 2)
		mark.sent_us = 0;
	lane_mark(lane, &mark, INT64_MAX);
}

static void say_limited(struct sender *sender, int64_t now_us)
{
	if (!lane_at_receive_maximum(sender->lanes[SENDER_BULK]) ||
	    (sender->limited_said_us && now_us - sender->limited_said_us < LIMITED_SAY_US))
		return;
	sender->limited_said_us = now_us;
	log_notice(
	    "uplink: the broker takes only %u messages without answer (receive maximum), which holds bulk below what "
	    "the link carries; raise max_inflight_messages there",
	    lane_flights(sender->lanes[SENDER_BULK]));
}

/* Answers to bulk alone tell what the line carries. Until they have, a message a second goes in any case: acknowledgements of many commands,
 * reckoned by the first guess of a slow line, would hold it up for minutes. */
static int64_t next_bulk_us(const struct sender *sender, int64_t now_us)
{
	int64_t next_us = pace_next_us(sender->pace, now_us), guess_us = sender->guessed_us + GUESS_US;
	if (pace_is_known(sender->pace) || lane_flights(sender->lanes[SENDER_BULK]) > 0 || guess_us > next_us)
		return next_us;
	return guess_us > now_us ? guess_us : now_us;
}

/* Whether the bulk lane may be given something now; if only later, the timer is set. */
static bool bulk_may_go(struct sender *sender, int64_t now_us)
{
	struct lane *lane = sender->lanes[SENDER_BULK];
	if (!lane_up(lane) || !schedule_ready(sender->schedule, CLASS_SAFETY, CLASS_BULK))
		return false;
	int64_t next_us = next_bulk_us(sender, now_us);
	if (next_us > now_us) {
		arm(sender, next_us);
		return false;
	}
	if (!lane_room(lane)) {
		say_limited(sender, now_us);
		return false;
	}
	double flight_bytes = (double)lane_flight_bytes(lane);
	if (flight_bytes > FLIGHT_BYTES_MAX || flight_bytes > pace_window(sender->pace))
		return false;
	if (!reckoning_will_do(sender, now_us))
		refresh(sender, now_us);
	if (sender->bulk_unsent) {
		arm(sender, now_us + BLOCKED_US);
		sender->refreshed_us = 0;
		return false;
	}
	return true;
}

void sender_pump_bulk(struct sender *sender)
{
	int64_t now_us = clock_mono_us();
	if (!bulk_may_go(sender, now_us))
		return;
	int64_t next_us = next_bulk_us(sender, now_us);
	if (next_us <= now_us) {
		sender->guessed_us = now_us;
		send_burst(sender, now_us);
		after_burst(sender, now_us);
		next_us = pace_next_us(sender->pace, now_us);
	}
	if (schedule_ready(sender->schedule, CLASS_SAFETY, CLASS_BULK))
		arm(sender, next_us);
	else if (schedule_ready(sender->schedule, CLASS_DISTRESS, CLASS_URGENT))
		/* An exercise that waited behind the bulk. */
		sd_event_source_set_enabled(sender->wake, SD_EVENT_ONESHOT);
}
