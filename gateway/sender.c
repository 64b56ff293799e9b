/* The sender: its lanes, and what the answers say. */
#include "gateway/sender.h"

#include <errno.h>
#include <stdlib.h>

#include "gateway/clock.h"
#include "gateway/priorities.h"
#include "gateway/sender_internal.h"

#define US_PER_MS       1000
#define MESSAGE_BYTES   250.0   /* first guess */
#define FULL_PROPERTIES 64000.0 /* bytes/s: on a slower link the properties that repeat the payload are left out */
#define OVERSIZE        0x95    /* MQTT 5 reason code "packet too large" */
#define NO_SUBSCRIBER   0x10
#define FIRST_ERROR     0x80

struct pace_mark sender_account(struct sender *sender, enum sender_lane which, int64_t now_us)
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

void sender_break_off(struct sender *sender, enum sender_lane which)
{
	sender->lost |= 1u << which;
	sd_event_source_set_enabled(sender->broken, SD_EVENT_ONESHOT);
}

bool sender_link_is_fast(const struct sender *sender)
{
	return !pace_is_known(sender->pace) || pace_rate(sender->pace) >= FULL_PROPERTIES;
}

bool sender_publish(struct sender *sender, enum sender_lane which, struct entry *entry, int64_t now_us, int64_t now_ms)
{
	bool full = entry->class <= CLASS_SAFETY && sender_link_is_fast(sender);
	int error = lane_publish(sender->lanes[which], entry, now_us, now_ms, full);
	switch (error) {
	case 0:
		sender->count_published->value++;
		return true;
	case -ENOTCONN:
		sender_break_off(sender, which);
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

static int on_wake(sd_event_source *source, void *context)
{
	struct sender *sender = context;
	sd_event_source_set_enabled(source, SD_EVENT_OFF);
	sender_pump_urgent(sender);
	sender_pump_bulk(sender);
	return 0;
}

static int on_overdue(sd_event_source *source, uint64_t due_us, void *context)
{
	(void)source;
	(void)due_us;
	sender_repeat_urgent(context);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t due_us, void *context)
{
	(void)source;
	(void)due_us;
	sender_pump_bulk(context);
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
	sender->answered_us[which] = clock_mono_us();
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
		pace_answered(sender->pace, &sender->youngest, clock_mono_us());
		sender->youngest.sent_us = 0;
	}
	sender_pump_urgent(sender);
	sender_pump_bulk(sender);
}

int64_t sender_silence_us(const struct sender *sender)
{
	int64_t now_us = clock_mono_us(), longest_us = 0;
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
		sender_break_off(sender, SENDER_URGENT);
	return error;
}

int sender_subscribe(struct sender *sender, enum sender_lane which, const char *filter, enum mqtt_interest interest)
{
	int error = lane_subscribe(sender->lanes[which], filter, interest);
	if (error == -ENOTCONN && lane_up(sender->lanes[which]))
		sender_break_off(sender, which);
	return error;
}

void sender_release(struct sender *sender, enum sender_lane which)
{
	lane_release(sender->lanes[which]);
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
