/* Time passes in outgoing_rig.h, and receipts reach its uplink. */
#pragma once

#include "tests/support/outgoing_rig_state.h"

/* ---- the loop ---- */

static sd_event_source *rig_next_source(void)
{
	for (sd_event_source *source = rig->sources; source; source = source->next)
		if (source->enabled != SD_EVENT_OFF && (source->on_turn || source->at_us <= (uint64_t)clock_mono_us()))
			return source;
	return NULL;
}
/* Until nothing is to be done at this time. */
static void rig_run(void)
{
	sd_event_source *source;
	for (int i = 0; (source = rig_next_source()); i++) {
		assert_true(i < 10000);
		source->enabled = SD_EVENT_OFF;
		if (source->on_turn)
			source->on_turn(source, source->context);
		else
			source->on_time(source, source->at_us, source->context);
	}
}
/* To the next timer, or for so long. */
static int64_t rig_step_ms(int64_t most_ms)
{
	int64_t now_us = clock_mono_us(), most_us = most_ms * 1000;
	for (const sd_event_source *source = rig->sources; source; source = source->next)
		if (source->enabled != SD_EVENT_OFF && !source->on_turn && (int64_t)source->at_us > now_us &&
		    (int64_t)source->at_us - now_us < most_us)
			most_us = (int64_t)source->at_us - now_us;
	return (most_us + 999) / 1000;
}
RIG_HELPER void rig_pass(int64_t ms)
{
	for (int64_t step; ms > 0; ms -= step) {
		step = rig_step_ms(ms > 600000 ? 120000 : ms > 5000 ? 5000 : ms);
		rig->now_ms += step;
		route_down_tick(&rig->down, rig->now_ms);
		ledger_memory_tick(rig->ledgers);
		rig_run();
	}
}

/* ---- the uplink ---- */

static void rig_uplink_dropped(void *context, struct entry *entry, const char *reason)
{
	(void)context, (void)reason;
	keeper_finish(rig->keeper, entry);
}
static void rig_scheduled(void *context)
{
	(void)context;
}
static void rig_accepted(void *context, const char *id, bool on_disk)
{
	(void)context, (void)id, (void)on_disk;
	rig->accepted++;
}
static void rig_receipt(void *context, const struct receipt *receipt)
{
	(void)context, (void)receipt;
}

static void rig_note(const struct entry *entry)
{
	char text[2048];
	assert_true(rig->said_count < RIG_SAID && entry->payload_size < sizeof(text));
	struct rig_said *said = &rig->said[rig->said_count++];
	*said = (struct rig_said){0};
	const char *id = strrchr(entry_topic(entry), '/') + 1;
	snprintf(said->command, sizeof(said->command), "%s", id);
	memcpy(text, entry_payload(entry), entry->payload_size);
	text[entry->payload_size] = '\0';
	for (int stage = RECEIPT_QUEUED; stage <= RECEIPT_CANCELLED; stage++) {
		char wanted[64];
		snprintf(wanted, sizeof(wanted), "\"stage\":\"%s\"", receipt_stage_name((enum receipt_stage)stage));
		if (strstr(text, wanted))
			said->stage = (enum receipt_stage)stage;
	}
	const char *code = strstr(text, "\"code\":\"");
	if (code)
		snprintf(said->code, sizeof(said->code), "%.*s", (int)strcspn(code + 8, "\""), code + 8);
	said->delayed = strstr(text, "go_at") != NULL;
}

/* The broker takes all that waits for it. */
RIG_HELPER void rig_deliver(void)
{
	struct entry *entry;
	while ((entry = schedule_take(rig->uplink, CLASS_DISTRESS, CLASS_BULK, rig->now_ms))) {
		rig_note(entry);
		receipts_delivered(rig->down.receipts, entry_id(entry));
		keeper_finish(rig->keeper, entry);
	}
}

/* The first end that was said of a command, NULL = none; where there is another, the test fails. */
RIG_HELPER const struct rig_said *rig_final(const char *id, bool once)
{
	const struct rig_said *final = NULL;
	for (size_t i = 0; i < rig->said_count; i++) {
		const struct rig_said *said = &rig->said[i];
		if (strcmp(said->command, id) != 0 || said->stage < RECEIPT_CONFIRMED)
			continue;
		if (once && final && (final->stage != said->stage || strcmp(final->code, said->code) != 0))
			fail_msg("%s ended twice: %s %s, then %s %s", id, receipt_stage_name(final->stage), final->code,
				 receipt_stage_name(said->stage), said->code);
		final = final ? final : said;
	}
	return final;
}
RIG_HELPER bool rig_was_said(const char *id, enum receipt_stage stage)
{
	for (size_t i = 0; i < rig->said_count; i++)
		if (rig->said[i].stage == stage && strcmp(rig->said[i].command, id) == 0)
			return true;
	return false;
}
