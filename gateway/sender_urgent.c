/* The urgent lanes of the sender: at once, and once more by the other lane where the answer is overdue. */
#include <errno.h>

#include "gateway/clock.h"
#include "gateway/sender_internal.h"

#define TURN_MAX   64    /* entries published in one go */
#define DUE_MIN_US 30000 /* later than this and a part of the round trip an answer is overdue */
#define DUE_SHARE  32

/* Room for the class URGENT is bounded like that of bulk, so that a DISTRESS does not wait behind a flood of them in the socket. */
static enum message_class urgent_until(const struct sender *sender)
{
	size_t bytes = lane_flight_bytes(sender->lanes[SENDER_URGENT]) +
		       lane_flight_bytes(sender->lanes[SENDER_SECOND]);
	return (double)bytes < pace_window(sender->pace) ? CLASS_URGENT : CLASS_DISTRESS;
}

static enum sender_lane which_lane(const struct sender *sender, const struct lane *lane)
{
	return lane == sender->lanes[SENDER_SECOND] ? SENDER_SECOND : SENDER_URGENT;
}

static void watch_overdue(struct sender *sender)
{
	int64_t due_us = urgent_due_us(&sender->urgent);
	if (due_us == INT64_MAX)
		return;
	sd_event_source_set_time(sender->overdue, (uint64_t)due_us);
	sd_event_source_set_enabled(sender->overdue, SD_EVENT_ONESHOT);
}

/* Accounts for what was published on an urgent lane, and notes when it should be answered. */
static void after_urgent(struct sender *sender, struct lane *lane, int64_t now_us)
{
	struct pace_mark mark = sender_account(sender, which_lane(sender, lane), now_us);
	int64_t due_us = pace_due_us(sender->pace, &mark), rtt_us = sender->urgent_rtt_us;
	int64_t least_us = now_us + rtt_us + rtt_us / DUE_SHARE + DUE_MIN_US;
	lane_mark(lane, &mark, due_us > least_us ? due_us : least_us);
	watch_overdue(sender);
}

void sender_pump_urgent(struct sender *sender)
{
	struct entry *entry;
	struct lane *lane;
	unsigned count = 0;
	if (!schedule_ready(sender->schedule, CLASS_DISTRESS, CLASS_URGENT))
		return;
	int64_t now_us = clock_mono_us(), now_ms = clock_steady_ms();
	for (; count < TURN_MAX && (lane = urgent_lane(&sender->urgent, now_us)); count++) {
		entry = schedule_take(sender->schedule, CLASS_DISTRESS, urgent_until(sender), now_ms);
		if (!entry)
			break;
		sender_account(sender, which_lane(sender, lane), now_us);
		bool more = sender_publish(sender, which_lane(sender, lane), entry, now_us, now_ms);
		after_urgent(sender, lane, now_us);
		if (!more)
			break;
	}
	if (count == TURN_MAX)
		sd_event_source_set_enabled(sender->wake, SD_EVENT_ONESHOT);
}

void sender_repeat_urgent(struct sender *sender)
{
	struct lane *used = NULL;
	int64_t now_us = clock_mono_us();
	int count = urgent_repeat(&sender->urgent, now_us, clock_steady_ms(), sender_link_is_fast(sender), &used);
	if (used)
		after_urgent(sender, used, now_us);
	if (count > 0)
		sender->count_repeated->value += (uint64_t)count;
	if (count == -ENOTCONN)
		sender_break_off(sender, which_lane(sender, used));
	else if (!used && urgent_due_us(&sender->urgent) <= now_us)
		return; /* both are overdue: repeating would not help, the next message asks again */
	watch_overdue(sender);
}
