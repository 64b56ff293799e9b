/* The way down without a machine: route_down, outgoing, receipts and ledgers as they are, with radios, disk, event loop and clock that a
 * test leads by the hand. The functions of radio.h, store.h, clock.h and sd-event that they call are these; so only tests that want nothing
 * else of those include it, and each once. */
#pragma once

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/clock.h"
#include "gateway/outgoing_internal.h"
#include "gateway/route_down.h"

enum { RIG_RADIOS = 2, RIG_ROWS = 512, RIG_BLOCKS = 300, RIG_SENT = 8192, RIG_SAID = 4096, RIG_FRAME_SIZE = 50 };
#define RIG_START_MS INT64_C(1790000000000)

/* ---- event loop ---- */

struct sd_event_source {
	struct sd_event_source *next;
	sd_event_time_handler_t on_time;
	sd_event_handler_t on_turn;
	void *context;
	uint64_t at_us;
	int enabled;
};

/* ---- radios ---- */

struct radio {
	bool up, busy, channel_busy, on_air;
	bool fails_at_once; /* the next datagram is refused by the module while it is handed over */
	int error;          /* what radio_send gives, 0 = it sends */
	int64_t us_per_byte, began_ms;
	char id[MESSAGE_ID_MAX]; /* of the message whose frame is in it */
	unsigned part, parts;
	bool confirmable;
	unsigned renderings;
	struct radio_allowance allowance;
};

/* A frame that began on the air. */
struct rig_sent {
	char id[MESSAGE_ID_MAX];
	unsigned radio, part;
	bool whole;
	int64_t began_ms, ended_ms;
};

/* ---- disk ---- */

struct rig_row {
	uint64_t row; /* 0 = free */
	struct entry *copy;
};

struct rig_block {
	char name[96];
	size_t size;
	uint8_t *bytes;
};

/* What waits for the disk, in its order. */
struct rig_op {
	struct rig_op *next;
	enum { RIG_PUT, RIG_DELETE, RIG_KEEP } type;
	uint64_t row;
	struct entry *entry;
	bool told; /* that it is in memory only */
	struct rig_block block;
};

struct rig_said {
	char command[MESSAGE_ID_MAX];
	enum receipt_stage stage;
	char code[32];
	bool delayed;
};

struct rig {
	int64_t now_ms;
	struct sd_event_source *sources;
	struct settings settings;
	struct radio_settings radio_settings[RIG_RADIOS];
	struct radio radios[RIG_RADIOS];
	struct rig_sent sent[RIG_SENT];
	size_t sent_count;
	/* survives a kill */
	struct rig_row rows[RIG_ROWS];
	struct rig_block blocks[RIG_BLOCKS];
	uint64_t next_row;
	/* does not */
	struct rig_op *ops;
	bool disk_full;
	struct counters *counters;
	struct classify *classify;
	struct keeper *keeper;
	struct schedule *uplink;
	struct ledger_memory *ledgers;
	struct publisher publisher;
	struct route_down down;
	struct rig_said said[RIG_SAID]; /* receipts that reached the uplink */
	size_t said_count;
	size_t accepted;
};

#define RIG_HELPER static __attribute__((unused)) /* not every test needs all of them */

static struct rig *rig;

int64_t clock_mono_us(void)
{
	return (rig->now_ms - RIG_START_MS + 1000) * 1000;
}
int64_t clock_wall_ms(void)
{
	return rig->now_ms;
}
int64_t clock_boot_ms(void)
{
	return rig->now_ms - RIG_START_MS + 1000;
}
uint64_t clock_boot_id(void)
{
	return 1;
}
int64_t clock_steady_ms(void)
{
	return rig->now_ms;
}
int64_t clock_steady_lag_ms(void)
{
	return 0;
}
void clock_steady_resume(int64_t lag_ms)
{
	(void)lag_ms;
}

static sd_event_source *rig_source(void *context)
{
	sd_event_source *source = calloc(1, sizeof(*source));
	assert_non_null(source);
	source->context = context;
	source->enabled = SD_EVENT_ONESHOT;
	source->next = rig->sources;
	return rig->sources = source;
}
int sd_event_add_defer(sd_event *event, sd_event_source **source, sd_event_handler_t callback, void *context)
{
	(void)event;
	*source = rig_source(context);
	(*source)->on_turn = callback;
	return 0;
}
int sd_event_add_time(sd_event *event, sd_event_source **source, clockid_t clock, uint64_t at_us, uint64_t accuracy_us,
		      sd_event_time_handler_t callback, void *context)
{
	(void)event, (void)clock, (void)accuracy_us;
	*source = rig_source(context);
	(*source)->on_time = callback;
	(*source)->at_us = at_us;
	return 0;
}
int sd_event_source_set_time(sd_event_source *source, uint64_t at_us)
{
	source->at_us = at_us;
	return 0;
}
int sd_event_source_get_time(sd_event_source *source, uint64_t *at_us)
{
	*at_us = source->at_us;
	return 0;
}
int sd_event_source_set_enabled(sd_event_source *source, int enabled)
{
	source->enabled = enabled;
	return 0;
}
int sd_event_source_get_enabled(sd_event_source *source, int *enabled)
{
	*enabled = source->enabled;
	return 0;
}
int sd_event_source_set_priority(sd_event_source *source, int64_t priority)
{
	(void)source, (void)priority;
	return 0;
}
sd_event_source *sd_event_source_disable_unref(sd_event_source *source)
{
	for (sd_event_source **at = &rig->sources; source && *at; at = &(*at)->next)
		if (*at == source) {
			*at = source->next;
			free(source);
			break;
		}
	return NULL;
}

/* ---- the store ---- */

struct store {
	int nothing;
};
static struct store rig_store;

uint64_t store_new_row(struct store *store)
{
	(void)store;
	return ++rig->next_row;
}
static struct rig_op *rig_queue(int type, uint64_t row)
{
	struct rig_op *op = calloc(1, sizeof(*op)), **end = &rig->ops;
	assert_non_null(op);
	op->type = type;
	op->row = row;
	while (*end)
		end = &(*end)->next;
	return *end = op;
}
RIG_HELPER void rig_free_op(struct rig_op *op)
{
	entry_unref(op->entry);
	free(op->block.bytes);
	free(op);
}
void store_put(struct store *store, struct entry *entry, bool urgent)
{
	(void)store, (void)urgent;
	if (entry->disk == ENTRY_ON_DISK)
		return;
	for (const struct rig_op *op = rig->ops; op; op = op->next)
		if (op->type == RIG_PUT && op->row == entry->row)
			return;
	rig_queue(RIG_PUT, entry->row)->entry = entry_ref(entry);
	entry->disk = ENTRY_WRITING;
}
void store_forget(struct store *store, struct entry *entry)
{
	(void)store;
	bool on_disk = entry->disk == ENTRY_ON_DISK;
	entry->disk = ENTRY_IN_MEMORY;
	for (struct rig_op **at = &rig->ops; *at; at = &(*at)->next) {
		struct rig_op *op = *at;
		if (op->type != RIG_PUT || op->row != entry->row)
			continue;
		*at = op->next;
		rig_free_op(op);
		return;
	}
	if (on_disk)
		rig_queue(RIG_DELETE, entry->row);
}
bool store_keep(struct store *store, const char *name, const void *bytes, size_t size)
{
	(void)store;
	struct rig_op *op = rig_queue(RIG_KEEP, 0);
	snprintf(op->block.name, sizeof(op->block.name), "%s", name);
	op->block.bytes = malloc(size ? size : 1);
	assert_non_null(op->block.bytes);
	memcpy(op->block.bytes, bytes, size);
	op->block.size = size;
	return true;
}
void store_hurry(struct store *store)
{
	(void)store;
}
static struct rig_block *rig_block(const char *name)
{
	for (size_t i = 0; i < RIG_BLOCKS; i++)
		if (!rig->blocks[i].name[0] || strcmp(rig->blocks[i].name, name) == 0)
			return &rig->blocks[i];
	fail_msg("no room for block %s", name);
	return NULL;
}
const void *store_recall(const struct store *store, const char *name, size_t *size)
{
	(void)store;
	const struct rig_block *block = rig_block(name);
	*size = block->size;
	return block->name[0] ? block->bytes : NULL;
}
unsigned store_replaced(const struct store *store)
{
	(void)store;
	return 0;
}
enum store_health store_health(const struct store *store)
{
	(void)store;
	return rig->disk_full ? STORE_FULL : STORE_OK;
}

static struct entry *rig_copy(const struct entry *entry)
{
	struct entry_parts parts = {.class = (enum message_class)entry->class,
				    .kind = (enum message_kind)entry->kind,
				    .outlet = entry_outlet(entry),
				    .id = entry_id(entry),
				    .station = entry_station(entry),
				    .topic = entry_topic(entry),
				    .payload = entry_payload(entry),
				    .payload_size = entry->payload_size,
				    .accepted_at_ms = entry->accepted_at_ms,
				    .expires_at_ms = entry->expires_at_ms};
	struct entry *copy = entry_new(&parts, entry->row);
	assert_non_null(copy);
	return copy;
}

static struct rig_row *rig_row(uint64_t row)
{
	for (size_t i = 0; i < RIG_ROWS; i++)
		if (rig->rows[i].row == row)
			return &rig->rows[i];
	return NULL;
}

static void rig_written(struct rig_op *op)
{
	struct rig_row *row = rig_row(op->type == RIG_PUT ? 0 : op->row);
	if (op->type == RIG_PUT) {
		assert_non_null(row);
		*row = (struct rig_row){op->row, rig_copy(op->entry)};
		op->entry->disk = ENTRY_ON_DISK;
		route_down_stored(&rig->down, op->entry, true);
	} else if (op->type == RIG_DELETE) {
		if (row)
			entry_unref(row->copy);
		if (row)
			*row = (struct rig_row){0};
	} else {
		struct rig_block *block = rig_block(op->block.name);
		free(block->bytes);
		*block = op->block;
		op->block.bytes = NULL;
		receipts_kept(rig->down.receipts, block->name);
		ledger_memory_kept(rig->ledgers, block->name);
		outgoing_wake(rig->down.outgoing);
	}
}

/* The disk answers for so many of what waits for it; a full one says so. */
static void rig_disk(size_t count)
{
	struct rig_op *op;
	for (; count > 0 && !rig->disk_full && (op = rig->ops); count--) {
		rig->ops = op->next;
		rig_written(op);
		rig_free_op(op);
	}
	for (op = rig->ops; rig->disk_full && op;) {
		if (op->type != RIG_PUT || op->told) {
			op = op->next;
			continue;
		}
		struct entry *entry = entry_ref(op->entry);
		op->told = true;
		entry->disk = ENTRY_IN_MEMORY;
		route_down_stored(&rig->down, entry, false);
		entry_unref(entry);
		op = rig->ops; /* what it led to may have taken others out */
	}
}

/* ---- the radios ---- */

bool radio_channel_busy(const struct radio *radio)
{
	return radio->channel_busy;
}
bool radio_ready(const struct radio *radio)
{
	return radio->up && !radio->busy;
}
/* "3 parts": the number of the text; one that begins with "L" is too long for the first radio. */
int radio_plan(const struct radio *radio, const struct message *message, struct air_plan *plan)
{
	*plan = (struct air_plan){.parts = 1, .text_max = 40};
	if (message->text[0] == 'L' && radio == &rig->radios[0])
		return -EMSGSIZE;
	if (message->text[0] >= '1' && message->text[0] <= '8')
		plan->parts = (unsigned)(message->text[0] - '0');
	for (unsigned i = 0; i < plan->parts; i++)
		plan->sizes[i] = RIG_FRAME_SIZE;
	plan->confirmable = message->ack_wanted && message->to[0];
	return 0;
}
ssize_t radio_render(struct radio *radio, const struct message *message, struct air_utterance *utterance,
		     uint8_t *bytes, size_t size)
{
	assert_true(size >= RIG_FRAME_SIZE);
	memset(bytes, 0, RIG_FRAME_SIZE);
	snprintf(utterance->ref, sizeof(utterance->ref), "u%u-%u", (unsigned)(radio - rig->radios),
		 ++radio->renderings);
	struct air_plan plan;
	radio_plan(radio, message, &plan);
	bytes[0] = (uint8_t)utterance->part;
	bytes[1] = (uint8_t)plan.parts;
	bytes[2] = plan.confirmable;
	memcpy(bytes + 3, &radio->renderings, sizeof(radio->renderings));
	snprintf((char *)bytes + 7, 30, "%.29s", message->id);
	return RIG_FRAME_SIZE;
}
int64_t radio_airtime_us(const struct radio *radio, size_t size)
{
	return radio->us_per_byte * (int64_t)size;
}
const struct radio_allowance *radio_allowance(const struct radio *radio)
{
	return &radio->allowance;
}
struct radio_status radio_status(const struct radio *radio)
{
	return (struct radio_status){.state = radio->up ? RADIO_UP : RADIO_DOWN};
}

static void rig_tell(struct radio *radio, enum send_result result, const char *code)
{
	if (!radio->busy)
		return;
	if (result == SEND_ON_AIR && radio->on_air)
		return;
	if (result == SEND_ON_AIR) {
		radio->on_air = true;
		radio->began_ms = rig->now_ms;
	} else {
		bool on_air = radio->on_air;
		radio->busy = radio->on_air = false;
		if (on_air) {
			assert_true(rig->sent_count < RIG_SENT);
			struct rig_sent *sent = &rig->sent[rig->sent_count++];
			*sent = (struct rig_sent){.radio = (unsigned)(radio - rig->radios),
						  .part = radio->part,
						  .whole = result == SEND_DONE || result == SEND_CONFIRMED,
						  .began_ms = radio->began_ms,
						  .ended_ms = rig->now_ms};
			memcpy(sent->id, radio->id, sizeof(sent->id));
		}
	}
	outgoing_sent(rig->down.outgoing, radio, result, false, code);
}
int radio_send(struct radio *radio, const void *bytes, size_t size)
{
	const uint8_t *frame = bytes;
	assert_int_equal(size, RIG_FRAME_SIZE);
	if (!radio_ready(radio))
		return -EAGAIN;
	if (radio->error)
		return radio->error;
	radio->busy = true;
	radio->part = frame[0];
	radio->parts = frame[1];
	radio->confirmable = frame[2];
	snprintf(radio->id, sizeof(radio->id), "%s", (const char *)frame + 7);
	if (radio->fails_at_once) {
		radio->fails_at_once = false;
		rig_tell(radio, SEND_FAILED, "refused");
	}
	return 0;
}
void radio_hurry(struct radio *radio)
{
	if (radio->busy && !radio->on_air)
		rig_tell(radio, SEND_GIVEN_BACK, "");
}

/* The frame in a radio, from its beginning to its end. */
RIG_HELPER void rig_frame(unsigned number, enum send_result result, const char *code)
{
	struct radio *radio = &rig->radios[number];
	if (!radio->busy)
		return;
	rig_tell(radio, SEND_ON_AIR, "");
	rig->now_ms += (radio->us_per_byte * RIG_FRAME_SIZE + 999) / 1000;
	rig_tell(radio, result, code);
}

RIG_HELPER void rig_unplug(unsigned number)
{
	rig->radios[number].up = false;
	rig_tell(&rig->radios[number], SEND_FAILED, "radio_lost");
	outgoing_wake(rig->down.outgoing);
}

RIG_HELPER void rig_plug(unsigned number)
{
	rig->radios[number].up = true;
	outgoing_wake(rig->down.outgoing);
}

void emergency_refer(const struct emergency *emergency, struct message *message)
{
	(void)emergency, (void)message;
}

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
	qsort(rig->rows, RIG_ROWS, sizeof(*rig->rows), rig_by_row);
	for (size_t i = 0; i < RIG_ROWS; i++)
		if (rig->rows[i].row)
			rig_loaded(rig_copy(rig->rows[i].copy));
	route_down_settle(&rig->down);
	for (unsigned i = 0; i < RIG_RADIOS; i++)
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
	static const char *const names[] = {"one", "two"};
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
