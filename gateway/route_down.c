/* Commands between what is remembered of them and the radios. */
#include "gateway/route_down.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/classify.h"
#include "gateway/clock.h"
#include "gateway/siphash.h"
#include "gateway/waiting.h"

/* ---- taking ---- */

uint64_t route_down_content(const struct route_down *down, const char *sender, const char *text)
{
	/* Two hashes, so that no sender can look like another with a longer text. */
	uint64_t parts[] = {siphash24(down->key, sender, strlen(sender)), siphash24(down->key, text, strlen(text))};
	return siphash24(down->key, parts, sizeof(parts));
}

static int content_of(const struct route_down *down, const char *sender, const struct message *message,
		      const char *radio, uint64_t *content)
{
	size_t size;
	char *json = json_outgoing(message, radio, &size);
	if (!json)
		return -ENOMEM;
	*content = route_down_content(down, sender, json);
	free(json);
	return 0;
}

/* Remembered before the message is handed to the store, so that both reach the disk together. */
static int take(struct route_down *down, const struct message *message, const char *radio, uint64_t content)
{
	struct receipts_command command = {.id = message->id,
					   .what = COMMAND_TEXT,
					   .class = classify_class(message),
					   .status = message->status,
					   .content = content,
					   .taken_at_ms = clock_wall_ms()};
	int result = receipts_take(down->receipts, &command, false, clock_steady_ms());
	if (result < 0)
		return result;
	result = outgoing_take(down->outgoing, message, radio);
	if (result < 0)
		receipts_forget(down->receipts, message->id);
	return result;
}

static bool is_answer(const char *id)
{
	return strncmp(id, ANSWER_ID, strlen(ANSWER_ID)) == 0;
}

int route_down_send(struct route_down *down, const char *sender, const struct message *asked, const char *radio)
{
	struct message copy = *asked, *message = &copy;
	uint64_t content;
	if (is_answer(message->id))
		return -EPERM;
	int error = content_of(down, sender, message, radio, &content);
	if (error == 0)
		error = receipts_find(down->receipts, message->id, content);
	if (error == 0)
		error = outgoing_find(down->outgoing, message, radio);
	if (error < 0)
		return error;
	/* Who may give it was asked before it came here. */
	copy.authenticity = AUTHENTICITY_VERIFIED;
	emergency_refer(down->emergency, message);
	return take(down, message, radio, content);
}

/* ---- taking back ---- */

/* It may not be in a queue yet, but be on its way to the disk: then it is let go when it is there. */
static void cancel_before_it_waits(struct route_down *down, const char *id)
{
	struct receipt receipt = {.command = id, .stage = RECEIPT_CANCELLED, .at_ms = clock_wall_ms()};
	publisher_receipt(down->publisher, &receipt, "");
	down->callbacks.receipt(down->callbacks.context, &receipt);
}

int route_down_cancel(struct route_down *down, const char *id)
{
	enum receipt_stage stage;
	int result = receipts_final(down->receipts, id, &stage);
	if (result < 0)
		return result;
	if (stage == RECEIPT_SENT || stage == RECEIPT_CONFIRMED)
		return -EBUSY;
	if (stage != RECEIPT_QUEUED)
		return -ENOENT;
	result = outgoing_cancel(down->outgoing, id);
	if (result != -ENOENT)
		return result;
	cancel_before_it_waits(down, id);
	return 0;
}

/* Whether a message that has reached the disk is not wanted any more. */
static bool is_cancelled(const struct route_down *down, const struct entry *entry)
{
	enum receipt_stage stage;
	return !entry->finished && receipts_final(down->receipts, entry_id(entry), &stage) == 0 &&
	       stage == RECEIPT_CANCELLED;
}

static void let_go(struct route_down *down, struct entry *entry, bool on_disk)
{
	if (!entry->told)
		down->callbacks.accepted(down->callbacks.context, entry_id(entry), on_disk);
	entry->told = true;
	keeper_finish(down->keeper, entry_ref(entry));
}

void route_down_stored(struct route_down *down, struct entry *entry, bool on_disk)
{
	if (is_cancelled(down, entry))
		let_go(down, entry, on_disk);
	else
		outgoing_stored(down->outgoing, entry, on_disk);
}

/* ---- a former run ---- */

/* Its command may be in no block that was kept; or the block says that it is over, and only the entry was still to be deleted. */
void route_down_loaded(struct route_down *down, struct entry *entry)
{
	struct receipts_command command = {
	    .id = entry_id(entry),
	    .what = COMMAND_TEXT,
	    .class = (enum message_class)entry->class,
	    .status = entry->exercise ? STATUS_EXERCISE : STATUS_ACTUAL,
	    .taken_at_ms = entry->accepted_at_ms + clock_steady_lag_ms(),
	    .radio = entry_outlet(entry),
	};
	if (!is_answer(command.id) && !receipts_loaded(down->receipts, &command, clock_steady_ms())) {
		keeper_finish(down->keeper, entry);
		return;
	}
	entry->begun = receipts_on_air(down->receipts, command.id);
	outgoing_loaded(down->outgoing, entry);
}

void route_down_settle(struct route_down *down)
{
	down->unsettled = false;
	receipts_settle(down->receipts, clock_steady_ms(), clock_wall_ms());
}

void route_down_recall_late(struct route_down *down)
{
	receipts_recall_late(down->receipts);
	down->unsettled = true;
}

void route_down_tick(struct route_down *down, int64_t now_ms)
{
	if (down->unsettled)
		route_down_settle(down);
	receipts_tick(down->receipts, now_ms);
	outgoing_tick(down->outgoing, now_ms);
}

/* ---- what outgoing tells ---- */

static void on_accepted(void *context, const char *id, bool on_disk)
{
	struct route_down *down = context;
	if (!on_disk)
		receipts_in_memory(down->receipts, id);
	down->callbacks.accepted(down->callbacks.context, id, on_disk);
}

static void on_receipt(void *context, const struct receipt *receipt)
{
	struct route_down *down = context;
	down->callbacks.receipt(down->callbacks.context, receipt);
}

/* ---- where receipts are kept and published ---- */

static bool keep_receipts(void *context, const char *name, const void *bytes, size_t size)
{
	struct route_down *down = context;
	bool kept = store_keep(down->store, name, bytes, size);
	store_hurry(down->store);
	return kept;
}

static const void *recall_receipts(void *context, const char *name, size_t *size)
{
	struct route_down *down = context;
	return store_recall(down->store, name, size);
}

static void publish_receipt(void *context, enum command_what what, const struct receipt *receipt, const char *radio)
{
	struct route_down *down = context;
	struct receipt whole = *receipt;
	char *waiting = NULL;
	/* A list that is asked for again says what waits now. */
	if (what == COMMAND_LIST && receipt->stage == RECEIPT_CONFIRMED) {
		whole.waiting = waiting = waiting_json(down->outgoing, clock_steady_lag_ms(), &whole.more);
		whole.at_ms = clock_wall_ms();
	}
	publisher_kept_receipt(down->publisher, &whole, radio);
	free(waiting);
}

/* ---- the object ---- */

bool route_down_begin(struct route_down *down, sd_event *event, struct counters *counters)
{
	const struct receipts_hooks hooks = {down, keep_receipts, recall_receipts, publish_receipt};
	const struct outgoing_callbacks callbacks = {down, on_accepted, on_receipt};
	const char *gateway = down->publisher->settings->gateway.name;
	down->receipts = receipts_new(gateway, &hooks, counters, clock_steady_ms());
	down->publisher->receipts = down->receipts;
	if (down->receipts)
		down->outgoing = outgoing_new(down->publisher, down->ledgers, &callbacks, event);
	return down->outgoing != NULL;
}

void route_down_keep(struct route_down *down)
{
	receipts_free(down->receipts);
	down->receipts = NULL;
}

void route_down_end(struct route_down *down)
{
	outgoing_free(down->outgoing);
	down->outgoing = NULL;
}
