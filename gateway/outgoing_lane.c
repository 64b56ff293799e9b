/* One radio's turns: at each frame boundary it is asked anew what goes next. */
#include <errno.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/outgoing_internal.h"

enum { SLOT_MS = 100, SLOTS = 8, SLOTS_URGENT = 2 };

static bool is_urgent(const struct exit_lane *lane)
{
	return schedule_ready(lane->schedule, CLASS_DISTRESS, CLASS_URGENT);
}

/* After somebody else has spoken, others wait as well: a random pause keeps them apart. An alert's is short. */
static bool channel_is_quiet(struct exit_lane *lane)
{
	int64_t now_ms = clock_steady_ms();
	if (radio_channel_busy(lane->radio)) {
		lane->channel_was_busy = true;
		return false;
	}
	if (lane->channel_was_busy) {
		int slots = is_urgent(lane) ? SLOTS_URGENT : SLOTS;
		lane->channel_was_busy = false;
		lane->quiet_until_ms = now_ms + (int64_t)(outgoing_random() * slots * SLOT_MS);
	}
	if (now_ms >= lane->quiet_until_ms)
		return true;
	outgoing_due(lane->outgoing, lane->quiet_until_ms);
	return false;
}

/* Puts a frame into the radio: 0; -EAGAIN, -ENOTCONN: not now; else it never will go. */
static int send_frame(struct errand *errand)
{
	struct exit_lane *lane = errand->lane;
	const uint8_t *bytes;
	ssize_t size = errand_render(errand, &bytes);
	if (size < 0)
		return (int)size;
	/* A driver may tell of progress before radio_send returns. */
	lane->flying = errand;
	delivery_started(errand->delivery);
	int result = radio_send(lane->radio, bytes, (size_t)size);
	if (result < 0)
		lane->flying = NULL;
	return result;
}

/* Takes over the reference of an entry that was taken from the schedule. False: the radio takes nothing now. */
static bool lane_send(struct exit_lane *lane, struct entry *entry)
{
	int error;
	struct errand *errand = errand_of(lane, entry, &error);
	if (errand)
		error = send_frame(errand);
	if (error == -EAGAIN || error == -ENOTCONN) {
		schedule_give_back(lane->schedule, entry);
		return false;
	}
	if (error == 0) {
		entry_unref(entry); /* the errand has one */
		return true;
	}
	if (errand) {
		entry_unref(entry);
		errand_failed(errand, outgoing_failure_code(error));
	} else {
		outgoing_conclude(lane->outgoing, entry, RECEIPT_FAILED, outgoing_failure_code(error), false);
	}
	return true;
}

void lane_turn(struct exit_lane *lane)
{
	while (lane->radio && !lane->flying && channel_is_quiet(lane) && radio_ready(lane->radio)) {
		struct entry *entry = schedule_take(lane->schedule, CLASS_DISTRESS, CLASS_BULK, clock_steady_ms());
		if (!entry || !lane_send(lane, entry))
			return;
	}
}

/* An alert does not wait for the acknowledgement of something else that the modem waits for. */
void lane_put(struct exit_lane *lane, struct entry *entry)
{
	const struct errand *flying = lane->flying;
	bool urgent = entry->class <= CLASS_URGENT && flying && flying->entry->class > entry->class;
	schedule_put(lane->schedule, entry);
	if (urgent && lane->radio)
		radio_hurry(lane->radio);
	outgoing_wake(lane->outgoing);
}

void lane_return(struct exit_lane *lane, struct entry *entry)
{
	schedule_give_back(lane->schedule, entry);
	outgoing_wake(lane->outgoing);
}

/* What was cut short goes again when the radio is back. */
static bool was_cut(const char *code)
{
	return strcmp(code, "radio_lost") == 0 || strcmp(code, "control_lost") == 0;
}

static void frame_failed(struct errand *errand, const char *code)
{
	struct delivery_settings settings = errand_settings(errand);
	if (delivery_stage(errand->delivery) == DELIVERY_CONFIRMED)
		errand_follow(errand);
	else if (was_cut(code) && delivery_failed(errand->delivery, &settings))
		schedule_give_back(errand->lane->schedule, entry_ref(errand->entry));
	else
		errand_failed(errand, code);
}

static void frame_went(struct errand *errand, bool confirmed, bool assumed)
{
	struct delivery_settings settings = errand_settings(errand);
	errand->assumed = errand->assumed || assumed;
	delivery_went(errand->delivery, &settings, clock_steady_ms(), outgoing_random());
	if (confirmed)
		delivery_confirm(errand->delivery);
	errand_follow(errand);
}

void lane_sent(struct exit_lane *lane, enum send_result result, bool assumed, const char *code)
{
	struct errand *errand = lane->flying;
	if (!errand)
		return;
	if (result == SEND_ON_AIR) {
		if (!errand->announced)
			outgoing_say(lane->outgoing, errand->entry, RECEIPT_ON_AIR, NULL, assumed);
		errand->announced = true;
		return;
	}
	lane->flying = NULL;
	outgoing_wake(lane->outgoing);
	if (result == SEND_GIVEN_BACK && delivery_stage(errand->delivery) == DELIVERY_SENDING)
		schedule_give_back(lane->schedule, entry_ref(errand->entry));
	else if (result == SEND_GIVEN_BACK)
		errand_follow(errand);
	else if (result == SEND_FAILED)
		frame_failed(errand, code);
	else
		frame_went(errand, result == SEND_CONFIRMED, assumed);
}
