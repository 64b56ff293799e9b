/* The way down without a machine: route_down, outgoing, receipts and ledgers as they are, with radios, disk, event loop and clock that a
 * test leads by the hand. The functions of radio.h, store.h, clock.h and sd-event that they call are these; so only tests that want nothing
 * else of those include it, and each once. */
#pragma once

#include "tests/support/outgoing_rig_disk.h"
#include "tests/support/outgoing_rig_radio.h"
#include "tests/support/outgoing_rig_uplink.h"

/* ---- runs ---- */

static void rig_loaded(struct entry *entry)
{
	entry->disk = ENTRY_ON_DISK;
	if (strcmp(entry_outlet(entry), "uplink") == 0)
		schedule_put(rig->uplink, entry);
	else
		route_down_loaded(&rig->down, entry);
}

static int rig_by_row(const void *one, const void *other)
{
	uint64_t a = ((const struct rig_row *)one)->row, b = ((const struct rig_row *)other)->row;
	return a < b ? -1 : a > b;
}

static void rig_start(void)
{
	static const uint8_t key[16] = {1};
	const struct route_callbacks callbacks = {.accepted = rig_accepted, .receipt = rig_receipt};
	rig->counters = counters_new();
	rig->classify = classify_new(&rig->settings.classify);
	rig->uplink = schedule_new(&rig->settings.schedule, rig_uplink_dropped, NULL);
	rig->keeper = keeper_new(&rig_store, 1000, NULL);
	rig->ledgers = ledger_memory_new(&rig_store, rig->counters);
	rig->publisher = (struct publisher){.settings = &rig->settings,
					    .classify = rig->classify,
					    .store = &rig_store,
					    .keeper = rig->keeper,
					    .schedule = rig->uplink,
					    .accepted = counters_get(rig->counters, "route", "accepted"),
					    .counters = rig->counters,
					    .logistics_key = key,
					    .scheduled = rig_scheduled};
	rig->down = (struct route_down){.store = &rig_store,
					.keeper = rig->keeper,
					.publisher = &rig->publisher,
					.key = key,
					.ledgers = rig->ledgers,
					.callbacks = callbacks};
	assert_true(route_down_begin(&rig->down, NULL, rig->counters));
	if (rig->settings.neighbours.enabled) {
		rig->neighbours = neighbours_new(&rig->settings.neighbours, rig->settings.gateway.name, rig->counters);
		outgoing_use_neighbours(rig->down.outgoing, rig->neighbours);
	}
	qsort(rig->rows, RIG_ROWS, sizeof(*rig->rows), rig_by_row);
	for (size_t i = 0; i < RIG_ROWS; i++)
		if (rig->rows[i].row)
			rig_loaded(rig_copy(rig->rows[i].copy));
	route_down_settle(&rig->down);
	for (unsigned i = 0; i < RIG_RADIOS; i++)
		if (!rig->radios[i].absent)
			outgoing_add_radio(rig->down.outgoing, i, &rig->radios[i]);
	rig_run();
}

/* What was in the air as the process ended was there. */
static void rig_cut_frames(void)
{
	for (unsigned i = 0; i < RIG_RADIOS; i++) {
		struct radio *radio = &rig->radios[i];
		if (radio->on_air && rig->sent_count < RIG_SENT) {
			struct rig_sent *sent = &rig->sent[rig->sent_count++];
			*sent = (struct rig_sent){
			    .radio = i, .part = radio->part, .began_ms = radio->began_ms, .ended_ms = rig->now_ms};
			memcpy(sent->id, radio->id, sizeof(sent->id));
		}
		radio->busy = radio->on_air = false;
	}
}

static void rig_drop_ops(void)
{
	while (rig->ops) {
		struct rig_op *op = rig->ops;
		rig->ops = op->next;
		rig_free_op(op);
	}
}

static void rig_end(bool killed)
{
	rig_cut_frames();
	if (killed)
		rig_drop_ops();
	uint64_t next_row = rig->next_row;
	keeper_free(rig->keeper);
	ledger_memory_free(rig->ledgers);
	route_down_keep(&rig->down);
	rig->publisher.receipts = NULL;
	/* The store writes what it has as it closes, and calls back no more; a kill writes nothing. */
	for (struct rig_op *op = rig->ops; op && !killed && !rig->disk_full; op = op->next) {
		struct rig_row *row = rig_row(op->type == RIG_PUT ? 0 : op->row);
		struct rig_block *block = op->type == RIG_KEEP ? rig_block(op->block.name) : NULL;
		if (op->type == RIG_PUT && row)
			*row = (struct rig_row){op->row, rig_copy(op->entry)};
		if (op->type == RIG_DELETE && row) {
			entry_unref(row->copy);
			*row = (struct rig_row){0};
		}
		if (block) {
			free(block->bytes);
			*block = op->block;
			op->block.bytes = NULL;
		}
	}
	rig_drop_ops();
	route_down_end(&rig->down);
	neighbours_free(rig->neighbours);
	rig->neighbours = NULL;
	schedule_free(rig->uplink);
	classify_free(rig->classify);
	counters_free(rig->counters);
	rig->next_row = next_row;
	assert_null(rig->sources);
}

RIG_HELPER void rig_again(bool killed)
{
	rig_end(killed);
	rig_start();
}

static const struct modem_ops rig_modem = {.name = "fake", .mtu = RIG_FRAME_SIZE};
static const struct air_ops rig_air = {.name = "aprs", .mtu = RIG_FRAME_SIZE};

RIG_HELPER void rig_new(void)
{
	static const char *const names[] = {"one", "two", "three"};
	rig = calloc(1, sizeof(*rig));
	assert_non_null(rig);
	rig->now_ms = RIG_START_MS;
	rig->settings = (struct settings){.gateway = {.name = "base1", .operation = "op1", .clock = CLOCK_SOURCE_NTP},
					  .classify = classify_defaults(),
					  .radios = rig->radio_settings,
					  .radio_count = RIG_RADIOS};
	for (unsigned i = 0; i < RIG_RADIOS; i++) {
		rig->radio_settings[i] = (struct radio_settings){.name = names[i],
								 .enabled = true,
								 .ack_timeout_ms = 10000,
								 .retries = 2,
								 .listening_share_pct = 100,
								 .modem = &rig_modem,
								 .air = &rig_air};
		rig->radios[i] = (struct radio){.up = true, .us_per_byte = 4000};
	}
	rig_start();
}

RIG_HELPER void rig_free(void)
{
	rig_end(true);
	for (size_t i = 0; i < RIG_ROWS; i++)
		entry_unref(rig->rows[i].copy);
	for (size_t i = 0; i < RIG_BLOCKS; i++)
		free(rig->blocks[i].bytes);
	free(rig);
	rig = NULL;
}

/* ---- messages ---- */

/* kind KIND_TEXT or KIND_ALERT (urgent); to "" = all, by radio "one". */
RIG_HELPER int rig_send(const char *id, enum message_kind kind, const char *to, const char *text, bool exercise)
{
	struct message message;
	message_init(&message);
	message.kind = kind;
	message.status = exercise ? STATUS_EXERCISE : STATUS_ACTUAL;
	snprintf(message.id, sizeof(message.id), "%s", id);
	snprintf(message.to, sizeof(message.to), "%s", to);
	snprintf(message.text, sizeof(message.text), "%s", text);
	if (kind == KIND_ALERT) {
		message.body_kind = KIND_ALERT;
		message.urgency = URGENCY_IMMEDIATE;
		message.severity = SEVERITY_EXTREME;
	}
	json_want_ack(&message, false);
	return route_down_send(&rig->down, "sec", &message, to[0] ? NULL : "one");
}

/* The station acknowledges what that radio said last with such a number, as far back as `back`. */
RIG_HELPER bool rig_ack(unsigned number, const char *station, unsigned back)
{
	struct message message;
	message_init(&message);
	message.kind = KIND_ACK;
	message.ack.bitmap = -1;
	message.authenticity = AUTHENTICITY_VERIFIED;
	snprintf(message.station, sizeof(message.station), "%s", station);
	snprintf(message.ack.ref, sizeof(message.ack.ref), "u%u-%u", number, rig->radios[number].renderings - back);
	return outgoing_heard(rig->down.outgoing, &rig->radios[number], &message);
}

/* What is to become of everything: disk and radios answer until nothing is left to do. */
RIG_HELPER void rig_settle(void)
{
	rig_disk(SIZE_MAX);
	rig_run();
	rig_deliver();
}

/* Accepted, on disk, and begun where it can be. */
RIG_HELPER void rig_begin(const char *id, enum message_kind kind, const char *to, const char *text)
{
	assert_int_equal(rig_send(id, kind, to, text, false), 0);
	rig_settle();
}

RIG_HELPER void rig_assert_end(const char *id, enum receipt_stage stage, const char *code)
{
	rig_settle();
	const struct rig_said *final = rig_final(id, true);
	if (!final) {
		fail_msg("%s has no end", id);
		return;
	}
	assert_string_equal(receipt_stage_name(final->stage), receipt_stage_name(stage));
	assert_string_equal(final->code, code);
}
