/* The sender: two lanes, the pace of the bulk one, and what the answers say. */
#include "gateway/sender.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "gateway/clock.h"
#include "gateway/lane.h"
#include "gateway/latency.h"
#include "gateway/log.h"
#include "gateway/pace.h"
#include "gateway/priorities.h"
#include "gateway/urgent.h"

#define US_PER_MS        1000
#define TURN_MAX         64        /* urgent entries published in one go */
#define FLIGHT_BYTES_MAX (1 << 20) /* of the bulk lane */
#define BLOCKED_US       5000      /* looking again when the congestion window holds a segment back */
#define FAST_RATE        500000.0 /* bytes/s: above, our own reckoning will do for REFRESH_US after asking the kernel */
#define REFRESH_US       1000
#define SEGMENT_HEADER   52.0
#define MESSAGE_BYTES    250.0   /* first guess */
#define FULL_PROPERTIES  64000.0 /* bytes/s: on a slower link the properties that repeat the payload are left out */
#define OVERSIZE         0x95    /* MQTT 5 reason code "packet too large" */
#define NO_SUBSCRIBER    0x10
#define FIRST_ERROR      0x80
#define LIMITED_SAY_US   INT64_C(600000000)
#define DUE_MIN_US       30000 /* later than this and a part of the round trip an answer is overdue */
#define DUE_SHARE        32

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
	int64_t refreshed_us, limited_said_us;
	bool bulk_unsent;
	double message_bytes; /* of a bulk message lately */
	struct latency latency[CLASS_COUNT];
	uint64_t delivered[CLASS_COUNT];
	struct counter *count_published, *count_delivered, *count_no_subscriber, *count_refused, *count_given_back,
	    *count_repeated;
};

static int64_t clock_us(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

/* Tells the pace what went over the wire since the last time, by the kernel's count. Returns the mark of the lane's part. */
static struct pace_mark account(struct sender *sender, enum sender_lane which, int64_t now_us)
{
	struct lane_news news = lane_news(sender->lanes[which]);
	if (which == SENDER_BULK)
		sender->bulk_unsent = news.unsent;
	else if (news.rtt_us)
		sender->urgent_rtt_us = news.rtt_us;
	if (news.lost)
		pace_disturbed(sender->pace);
	return pace_sent(sender->pace, now_us, (double)news.wire_bytes);
}

static void refresh(struct sender *sender, int64_t now_us)
{
	sender->refreshed_us = now_us;
	for (int i = 0; i < SENDER_LANES; i++)
		account(sender, (enum sender_lane)i, now_us);
}

static bool reckoning_will_do(const struct sender *sender, int64_t now_us)
{
	return pace_rate(sender->pace) > FAST_RATE && now_us - sender->refreshed_us < REFRESH_US;
}

static void break_off(struct sender *sender, enum sender_lane which)
{
	sender->lost |= 1u << which;
	sd_event_source_set_enabled(sender->broken, SD_EVENT_ONESHOT);
}

/* Until the rate is known the link passes for fast: what comes before the first bulk finds it empty. */
static bool link_is_fast(const struct sender *sender)
{
	return !pace_is_known(sender->pace) || pace_rate(sender->pace) >= FULL_PROPERTIES;
}

/* Publishes one; false: the lane takes no more. */
static bool publish(struct sender *sender, enum sender_lane which, struct entry *entry, int64_t now_us, int64_t now_ms)
{
	bool full = entry->class <= CLASS_SAFETY && link_is_fast(sender);
	int error = lane_publish(sender->lanes[which], entry, now_us, now_ms, full);
	switch (error) {
	case 0:
		sender->count_published->value++;
		return true;
	case -ENOTCONN:
		break_off(sender, which);
		return false;
	case -ENOMEM:
		schedule_give_back(sender->schedule, entry);
		return false;
	default:
		sender->count_refused->value++;
		sender->callbacks.done(sender->callbacks.context, entry, UPLINK_REFUSED, OVERSIZE);
		return true;
	}
}

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
	struct pace_mark mark = account(sender, which_lane(sender, lane), now_us);
	int64_t due_us = pace_due_us(sender->pace, &mark), rtt_us = sender->urgent_rtt_us;
	int64_t least_us = now_us + rtt_us + rtt_us / DUE_SHARE + DUE_MIN_US;
	lane_mark(lane, &mark, due_us > least_us ? due_us : least_us);
	watch_overdue(sender);
}

static void pump_urgent(struct sender *sender)
{
	struct entry *entry;
	struct lane *lane;
	unsigned count = 0;
	if (!schedule_ready(sender->schedule, CLASS_DISTRESS, CLASS_URGENT))
		return;
	int64_t now_us = clock_us(CLOCK_MONOTONIC), now_ms = clock_steady_ms();
	for (; count < TURN_MAX && (lane = urgent_lane(&sender->urgent, now_us)); count++) {
		entry = schedule_take(sender->schedule, CLASS_DISTRESS, urgent_until(sender), now_ms);
		if (!entry)
			break;
		account(sender, which_lane(sender, lane), now_us);
		bool more = publish(sender, which_lane(sender, lane), entry, now_us, now_ms);
		after_urgent(sender, lane, now_us);
		if (!more)
			break;
	}
	if (count == TURN_MAX)
		sd_event_source_set_enabled(sender->wake, SD_EVENT_ONESHOT);
}

static int on_overdue(sd_event_source *source, uint64_t due_us, void *context)
{
	struct sender *sender = context;
	struct lane *used = NULL;
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	(void)source;
	(void)due_us;
	int count = urgent_repeat(&sender->urgent, now_us, clock_steady_ms(), link_is_fast(sender), &used);
	if (used)
		after_urgent(sender, used, now_us);
	if (count > 0)
		sender->count_repeated->value += (uint64_t)count;
	if (count == -ENOTCONN)
		break_off(sender, which_lane(sender, used));
	else if (!used && urgent_due_us(&sender->urgent) <= now_us)
		return 0; /* both are overdue: repeating would not help, the next message asks again */
	watch_overdue(sender);
	return 0;
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
		if (!entry || !publish(sender, SENDER_BULK, entry, now_us, now_ms))
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
		mark = account(sender, SENDER_BULK, now_us);
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

/* Whether the bulk lane may be given something now; if only later, the timer is set. */
static bool bulk_may_go(struct sender *sender, int64_t now_us)
{
	struct lane *lane = sender->lanes[SENDER_BULK];
	if (!lane_up(lane) || !schedule_ready(sender->schedule, CLASS_SAFETY, CLASS_BULK))
		return false;
	int64_t next_us = pace_next_us(sender->pace, now_us);
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

static void pump_bulk(struct sender *sender)
{
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	if (!bulk_may_go(sender, now_us))
		return;
	int64_t next_us = pace_next_us(sender->pace, now_us);
	if (next_us <= now_us) {
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

static int on_wake(sd_event_source *source, void *context)
{
	struct sender *sender = context;
	sd_event_source_set_enabled(source, SD_EVENT_OFF);
	pump_urgent(sender);
	pump_bulk(sender);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t due_us, void *context)
{
	(void)source;
	(void)due_us;
	pump_bulk(context);
	return 0;
}

static int on_broken(sd_event_source *source, void *context)
{
	struct sender *sender = context;
	sd_event_source_set_enabled(source, SD_EVENT_OFF);
	unsigned lost = sender->lost;
	sender->lost = 0;
	/* Losing the first urgent or the bulk connection ends all of them. */
	for (int i = 0; i < SENDER_LANES; i++)
		if (lost & 1u << i) {
			sender->callbacks.broken(sender->callbacks.context, (enum sender_lane)i);
			break;
		}
	return 0;
}

static int add_sources(struct sender *sender)
{
	int error = sd_event_add_defer(sender->event, &sender->wake, on_wake, sender);
	if (error >= 0)
		error = sd_event_add_defer(sender->event, &sender->broken, on_broken, sender);
	if (error >= 0)
		error = sd_event_add_time(sender->event, &sender->timer, CLOCK_MONOTONIC, 0, 1, on_timer, sender);
	if (error >= 0)
		error = sd_event_add_time(sender->event, &sender->overdue, CLOCK_MONOTONIC, 0, 1, on_overdue, sender);
	if (error < 0)
		return error;
	sd_event_source_set_enabled(sender->overdue, SD_EVENT_OFF);
	sd_event_source_set_priority(sender->overdue, PRIORITY_URGENT);
	sd_event_source_set_enabled(sender->wake, SD_EVENT_OFF);
	sd_event_source_set_enabled(sender->broken, SD_EVENT_OFF);
	sd_event_source_set_enabled(sender->timer, SD_EVENT_OFF);
	sd_event_source_set_priority(sender->wake, PRIORITY_URGENT);
	sd_event_source_set_priority(sender->broken, PRIORITY_URGENT);
	return sd_event_source_set_priority(sender->timer, PRIORITY_BULK);
}

static void find_counters(struct sender *sender, struct counters *counters)
{
	sender->count_published = counters_get(counters, "uplink", "published");
	sender->count_delivered = counters_get(counters, "uplink", "delivered");
	sender->count_no_subscriber = counters_get(counters, "uplink", "no_subscriber");
	sender->count_refused = counters_get(counters, "uplink", "refused");
	sender->count_repeated = counters_get(counters, "uplink", "repeated");
	sender->count_given_back = counters_get(counters, "uplink", "given_back");
}

struct sender *sender_new(const struct uplink_settings *settings, struct schedule *schedule,
			  const struct sender_callbacks *callbacks, sd_event *event, struct counters *counters)
{
	struct sender *sender = calloc(1, sizeof(*sender));
	if (!sender)
		return NULL;
	*sender = (struct sender){.settings = settings,
				  .schedule = schedule,
				  .callbacks = *callbacks,
				  .event = sd_event_ref(event),
				  .message_bytes = MESSAGE_BYTES};
	find_counters(sender, counters);
	sender->pace = pace_new((double)settings->bulk_rate_max_bps / 8);
	bool complete = sender->pace != NULL;
	for (int i = 0; i < SENDER_LANES; i++) {
		sender->lanes[i] = lane_new(settings->topic_prefix);
		complete = complete && sender->lanes[i];
	}
	sender->urgent = (struct urgent){.lanes = {sender->lanes[SENDER_URGENT], sender->lanes[SENDER_SECOND]}};
	if (complete && add_sources(sender) >= 0)
		return sender;
	sender_free(sender);
	return NULL;
}

void sender_free(struct sender *sender)
{
	if (!sender)
		return;
	for (int i = 0; i < SENDER_LANES; i++) {
		if (sender->lanes[i])
			lane_detach(sender->lanes[i], sender->schedule);
		lane_free(sender->lanes[i]);
	}
	sd_event_source_disable_unref(sender->wake);
	sd_event_source_disable_unref(sender->broken);
	sd_event_source_disable_unref(sender->timer);
	sd_event_source_disable_unref(sender->overdue);
	pace_free(sender->pace);
	sd_event_unref(sender->event);
	free(sender);
}

int sender_attach(struct sender *sender, enum sender_lane which, struct mqtt *mqtt)
{
	int error = lane_attach(sender->lanes[which], mqtt);
	sender_wake(sender);
	return error;
}

void sender_detach(struct sender *sender, enum sender_lane which)
{
	sender->count_given_back->value += lane_detach(sender->lanes[which], sender->schedule);
	sender_wake(sender);
}

void sender_detach_all(struct sender *sender)
{
	for (int i = 0; i < SENDER_LANES; i++)
		sender_detach(sender, (enum sender_lane)i);
	sd_event_source_set_enabled(sender->timer, SD_EVENT_OFF);
	sd_event_source_set_enabled(sender->overdue, SD_EVENT_OFF);
	sd_event_source_set_enabled(sender->broken, SD_EVENT_OFF);
	sender->lost = 0;
}

static void note_delivered(struct sender *sender, const struct entry *entry, int64_t now_us)
{
	enum message_class class = entry_shown_class(entry);
	sender->delivered[class]++;
	sender->count_delivered->value++;
	if (entry->heard_us)
		latency_add(&sender->latency[class], (double)(now_us - entry->heard_us) / US_PER_MS);
}

void sender_answered(struct sender *sender, enum sender_lane which, uint16_t mid, int code)
{
	struct flight *flight = lane_answered(sender->lanes[which], mid);
	enum uplink_result result = UPLINK_DELIVERED;
	if (!flight)
		return;
	sender->answered_us[which] = clock_us(CLOCK_MONOTONIC);
	if (flight->answered) {
		entry_unref(flight->entry);
		free(flight);
		return;
	}
	if (which == SENDER_BULK && flight->mark.sent_us && flight->mark.sent_us >= sender->youngest.sent_us)
		sender->youngest = flight->mark;
	if (code >= FIRST_ERROR) {
		result = UPLINK_REFUSED;
		sender->count_refused->value++;
	} else {
		note_delivered(sender, flight->entry, sender->answered_us[which]);
	}
	if (code == NO_SUBSCRIBER) {
		result = UPLINK_NO_SUBSCRIBER;
		sender->count_no_subscriber->value++;
	}
	sender->callbacks.done(sender->callbacks.context, flight->entry, result, code);
	free(flight);
}

void sender_served(struct sender *sender, enum sender_lane which)
{
	if (which == SENDER_BULK && sender->youngest.sent_us) {
		pace_answered(sender->pace, &sender->youngest, clock_us(CLOCK_MONOTONIC));
		sender->youngest.sent_us = 0;
	}
	pump_urgent(sender);
	pump_bulk(sender);
}

int64_t sender_silence_us(const struct sender *sender)
{
	int64_t now_us = clock_us(CLOCK_MONOTONIC), longest_us = 0;
	for (int i = 0; i < SENDER_LANES; i++) {
		const struct flight *oldest = lane_oldest(sender->lanes[i]);
		int64_t since_us = oldest && oldest->sent_us > sender->answered_us[i] ? oldest->sent_us
										      : sender->answered_us[i];
		if (oldest && now_us - since_us > longest_us)
			longest_us = now_us - since_us;
	}
	return longest_us;
}

void sender_wake(struct sender *sender)
{
	sd_event_source_set_enabled(sender->wake, SD_EVENT_ONESHOT);
}

int sender_retain(struct sender *sender, const char *topic, const char *json)
{
	int error = lane_publish_retained(sender->lanes[SENDER_URGENT], topic, json);
	if (error == -ENOTCONN && lane_up(sender->lanes[SENDER_URGENT]))
		break_off(sender, SENDER_URGENT);
	return error;
}

int sender_subscribe(struct sender *sender, enum sender_lane which, const char *filter)
{
	int error = lane_subscribe(sender->lanes[which], filter, which != SENDER_BULK);
	if (error == -ENOTCONN && lane_up(sender->lanes[which]))
		break_off(sender, which);
	return error;
}

void sender_status(const struct sender *sender, struct uplink_status *status)
{
	status->rate_bps = 8 * pace_rate(sender->pace);
	status->rtt_ms = pace_rtt_us(sender->pace) / US_PER_MS;
	status->min_rtt_ms = pace_base_rtt_us(sender->pace) / US_PER_MS;
	status->urgent_waiting = lane_flights(sender->lanes[SENDER_URGENT]) +
				 lane_flights(sender->lanes[SENDER_SECOND]);
	status->unacknowledged_bytes = 0;
	for (int i = 0; i < SENDER_LANES; i++)
		status->unacknowledged_bytes += lane_flight_bytes(sender->lanes[i]);
	for (int i = 0; i < CLASS_COUNT; i++) {
		status->delivered[i] = sender->delivered[i];
		status->latency_p50_ms[i] = latency_percentile(&sender->latency[i], 0.50);
		status->latency_p95_ms[i] = latency_percentile(&sender->latency[i], 0.95);
	}
}
