/* What the files of the sender share: urgent entries go at once on two lanes, the others at the pace of the link on a third. */
#pragma once

#include "gateway/lane.h"
#include "gateway/latency.h"
#include "gateway/pace.h"
#include "gateway/sender.h"
#include "gateway/urgent.h"

struct sender {
	const struct uplink_settings *settings;
	struct schedule *schedule;
	struct sender_callbacks callbacks;
	sd_event *event;
	sd_event_source *wake, *timer, *overdue, *broken;
	struct pace *pace;
	struct lane *lanes[SENDER_LANES];
	struct urgent urgent;
	uint32_t urgent_rtt_us;            /* as the kernel of this side sees it */
	unsigned lost;                     /* lanes found lost while publishing, a bit each */
	struct pace_mark youngest;         /* of the bulk answered in this read */
	int64_t answered_us[SENDER_LANES]; /* the last time */
	int64_t refreshed_us, limited_said_us, guessed_us;
	bool bulk_unsent;
	double message_bytes; /* of a bulk message lately */
	struct latency latency[CLASS_COUNT];
	uint64_t delivered[CLASS_COUNT];
	struct counter *count_published, *count_delivered, *count_no_subscriber, *count_refused, *count_given_back,
	    *count_repeated;
};

/* Tells the pace what went over the wire since the last time, by the kernel's count. Returns the mark of the lane's part. */
struct pace_mark sender_account(struct sender *sender, enum sender_lane which, int64_t now_us);
/* Publishes one; false: the lane takes no more. */
bool sender_publish(struct sender *sender, enum sender_lane which, struct entry *entry, int64_t now_us, int64_t now_ms);
/* The lane is lost; told to whom it concerns in a turn of its own. */
void sender_break_off(struct sender *sender, enum sender_lane which);
/* Until the rate is known the link passes for fast: what comes before the first bulk finds it empty. */
bool sender_link_is_fast(const struct sender *sender);

/* Publishes what is urgent, a bounded number a turn. */
void sender_pump_urgent(struct sender *sender);
/* Repeats on the other lane what should have been answered by now, and sets the timer for the next. */
void sender_repeat_urgent(struct sender *sender);

/* Publishes what the pace allows now, and sets the timer for the rest. */
void sender_pump_bulk(struct sender *sender);
