/* One message's way: how it is said, what of it has come, and where it goes if it does not get through. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/json.h"
#include "gateway/outgoing_internal.h"

enum { NUMBER_BASE = 36, NUMBER_DIGITS = 5, BLIND_GAP_MS = 8000 };

struct errand *errand_find(const struct outgoing *outgoing, const struct entry *entry)
{
	struct errand *errand = entry->has_errand ? outgoing->errands : NULL;
	while (errand && errand->entry != entry)
		errand = errand->next;
	return errand;
}

void errand_free(struct outgoing *outgoing, struct errand *errand)
{
	for (struct errand **at = &outgoing->errands; errand && *at; at = &(*at)->next)
		if (*at == errand) {
			*at = errand->next;
			break;
		}
	if (!errand)
		return;
	delivery_free(errand->delivery);
	errand->entry->has_errand = false;
	entry_unref(errand->entry);
	free(errand);
}

/* An acknowledgement of a distress or alert that is lost leaves its sender alone, and nobody acknowledges it. Its addressee knows the same
 * bytes again. */
struct delivery_settings errand_settings(const struct errand *errand)
{
	const struct radio_settings *settings = errand->lane->settings;
	bool matters = errand->entry->kind == KIND_ACK && errand->entry->class <= CLASS_URGENT;
	return (struct delivery_settings){.ack_timeout_ms = settings->ack_timeout_ms,
					  .retries = settings->retries,
					  .blind_repeats = matters ? 1 : 0,
					  .blind_gap_ms = BLIND_GAP_MS};
}

/* The number by which the addressee acknowledges it on networks that have such: the same at each repetition, also after a restart. */
static void give_number(struct message *message)
{
	static const char digits[NUMBER_BASE + 1] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	uint32_t hash = 2166136261u; /* FNV-1a */
	for (const char *at = message->id; *at; at++)
		hash = (hash ^ (uint8_t)*at) * 16777619u;
	for (size_t i = 0; i < NUMBER_DIGITS; i++, hash /= NUMBER_BASE)
		message->aprs.message_number[i] = digits[hash % NUMBER_BASE];
	message->aprs.message_number[NUMBER_DIGITS] = '\0';
}

int errand_read(const struct entry *entry, struct message *message, bool *pinned)
{
	char error[128], radio[MESSAGE_NAME_MAX];
	int result = json_parse_kept(entry_payload(entry), entry->payload_size, message, radio, error, sizeof(error));
	*pinned = radio[0];
	bool said = message->kind == KIND_TEXT || message->kind == KIND_ALERT;
	if (result == 0 && said && message->to[0] && message->ack_wanted && !message->aprs.message_number[0])
		give_number(message);
	return result;
}

static struct errand *make(struct exit_lane *lane, struct entry *entry, const struct air_plan *plan)
{
	struct outgoing *outgoing = lane->outgoing;
	struct errand *errand = calloc(1, sizeof(*errand));
	struct delivery *delivery = delivery_new(entry, plan, ++outgoing->utterances);
	if (!errand || !delivery) {
		delivery_free(delivery);
		free(errand);
		return NULL;
	}
	*errand = (struct errand){
	    .next = outgoing->errands, .entry = entry_ref(entry), .lane = lane, .delivery = delivery};
	entry->has_errand = true;
	outgoing->errands = errand;
	return errand;
}

struct errand *errand_of(struct exit_lane *lane, struct entry *entry, int *error)
{
	struct errand *errand = errand_find(lane->outgoing, entry);
	struct message message;
	struct air_plan plan;
	bool pinned;
	*error = 0;
	if (errand)
		return errand;
	if (!lane->radio) {
		*error = -EAGAIN;
		return NULL;
	}
	*error = errand_read(entry, &message, &pinned);
	if (*error == 0)
		*error = radio_plan(lane->radio, &message, &plan);
	if (*error == 0 && !(errand = make(lane, entry, &plan)))
		*error = -EAGAIN;
	return errand;
}

/* Asked for everything that waits, so that it makes no errand. What cannot be planned costs nothing: sending it tells what is wrong. */
static void ask_frames(const struct exit_lane *lane, struct entry *entry)
{
	struct message message;
	struct air_plan plan;
	bool pinned;
	if (entry->frames || !lane->radio || errand_read(entry, &message, &pinned) < 0 ||
	    radio_plan(lane->radio, &message, &plan) < 0)
		return;
	entry->frames = (uint8_t)plan.parts;
	entry->frame_size = (uint32_t)plan.sizes[0];
}

int64_t errand_airtime_us(void *context, const struct entry *entry)
{
	const struct exit_lane *lane = context;
	const struct errand *errand = errand_find(lane->outgoing, entry);
	if (errand)
		return radio_airtime_us(lane->radio, delivery_size(errand->delivery));
	ask_frames(lane, (struct entry *)entry);
	/* Never remembered: a module may tell later, or anew, how fast it is. */
	return entry->frames ? radio_airtime_us(lane->radio, entry->frame_size) : 0;
}

/* Other errors may pass: a key file is replaced, a node tells its contacts. */
int errand_refusal(const struct exit_lane *lane, const struct entry *entry)
{
	struct message message;
	struct air_plan plan;
	bool pinned;
	if (!lane->radio || errand_read(entry, &message, &pinned) < 0)
		return 0;
	int error = radio_plan(lane->radio, &message, &plan);
	return error == -EMSGSIZE || error == -EOPNOTSUPP || error == -EACCES ? error : 0;
}

unsigned errand_frames(void *context, const struct entry *entry)
{
	const struct exit_lane *lane = context;
	const struct errand *errand = errand_find(lane->outgoing, entry);
	if (!errand) {
		ask_frames(lane, (struct entry *)entry);
		return entry->frames ? entry->frames : 1;
	}
	struct delivery_progress progress = delivery_progress(errand->delivery);
	return progress.parts > progress.parts_done ? progress.parts - progress.parts_done : 1;
}

ssize_t errand_render(struct errand *errand, const uint8_t **bytes)
{
	struct delivery *delivery = errand->delivery;
	if (!delivery_bytes(delivery)) {
		struct message message;
		bool pinned;
		uint8_t fresh[MESSAGE_RAW_MAX];
		struct air_utterance utterance = delivery_utterance(delivery);
		ssize_t size = errand_read(errand->entry, &message, &pinned);
		if (size == 0)
			size = radio_render(errand->lane->radio, &message, &utterance, fresh, sizeof(fresh));
		if (size >= 0 && delivery_rendered(delivery, &utterance, fresh, (size_t)size) < 0)
			size = -EAGAIN;
		if (size < 0)
			return size;
	}
	*bytes = delivery_bytes(delivery);
	return (ssize_t)delivery_size(delivery);
}

struct past errand_past(const struct errand *errand)
{
	struct past past = {.sent = false};
	if (!errand)
		return past;
	past = errand->past;
	struct delivery_progress progress = delivery_progress(errand->delivery);
	if (delivery_is_confirmable(errand->delivery) || progress.parts_done < progress.parts)
		return past;
	past.sent = true;
	past.sent_assumed = errand->assumed;
	return past;
}

/* ---- the next way ---- */

static bool has_expired(const struct entry *entry)
{
	return entry->expires_at_ms && entry->expires_at_ms <= clock_steady_ms();
}

/* The best of those that were not tried; without: bits of radios, besides. */
static bool next_way(const struct errand *errand, uint32_t without, struct way *way)
{
	struct message message;
	struct past past = errand->past;
	bool pinned;
	past.lanes |= 1u << errand->lane->index | without;
	if (errand->superseded || has_expired(errand->entry) || errand_read(errand->entry, &message, &pinned) < 0 ||
	    pinned || !message.to[0])
		return false;
	return outgoing_way(errand->lane->outgoing, message.kind, message.id, message.to, &past, way);
}

static bool is_alert(const struct entry *entry)
{
	return entry->class <= CLASS_URGENT && !entry->exercise;
}

bool errand_need_not_wait(const struct errand *errand)
{
	struct way way;
	return is_alert(errand->entry) && next_way(errand, outgoing_down_lanes(errand->lane->outgoing), &way) &&
	       way.lane;
}

static bool move_on(struct errand *errand)
{
	struct outgoing *outgoing = errand->lane->outgoing;
	uint32_t down = is_alert(errand->entry) ? outgoing_down_lanes(outgoing) : 0;
	struct way way;
	bool found = next_way(errand, down, &way) || next_way(errand, 0, &way);
	errand->past.lanes |= 1u << errand->lane->index;
	return found && outgoing_move(outgoing, errand->entry, &way, &errand->past);
}

void errand_failed(struct errand *errand, const char *code)
{
	struct outgoing *outgoing = errand->lane->outgoing;
	struct entry *entry = entry_ref(errand->entry);
	errand->past = errand_past(errand);
	past_failed(&errand->past, code);
	const struct past past = errand->past;
	bool moves = move_on(errand);
	errand_free(outgoing, errand);
	if (moves)
		keeper_finish(outgoing->publisher->keeper, entry);
	else if (past.sent)
		outgoing_conclude(outgoing, entry, RECEIPT_SENT, NULL, past.sent_assumed);
	else
		outgoing_conclude(outgoing, entry, RECEIPT_FAILED, past.code, false);
	outgoing_due(outgoing, clock_steady_ms());
}

/* ---- stages ---- */

static void conclude(struct errand *errand, enum receipt_stage stage, const char *code)
{
	struct outgoing *outgoing = errand->lane->outgoing;
	struct entry *entry = entry_ref(errand->entry);
	bool assumed = errand->assumed && stage == RECEIPT_SENT;
	errand_free(outgoing, errand);
	outgoing_conclude(outgoing, entry, stage, code, assumed);
}

/* Who delivered it is what its sender is told. */
static void conclude_elsewhere(struct errand *errand)
{
	struct outgoing *outgoing = errand->lane->outgoing;
	struct entry *entry = entry_ref(errand->entry);
	enum receipt_stage stage = errand->elsewhere;
	bool assumed = errand->assumed_elsewhere;
	char outlet[sizeof(errand->past.left_outlet)];
	memcpy(outlet, errand->past.left_outlet, sizeof(outlet));
	errand_free(outgoing, errand);
	outgoing_conclude_by(outgoing, entry, outlet, stage, NULL, assumed);
}

static void go_on(struct errand *errand)
{
	errand->awaiting = false;
	lane_return(errand->lane, entry_ref(errand->entry));
}

void errand_follow(struct errand *errand)
{
	if (errand->elsewhere != RECEIPT_QUEUED) {
		conclude_elsewhere(errand);
		return;
	}
	switch (delivery_stage(errand->delivery)) {
	case DELIVERY_SENDING:
		go_on(errand);
		break;
	case DELIVERY_AWAITING:
		if (errand->superseded) {
			conclude(errand, RECEIPT_SENT, NULL);
			break;
		}
		errand->awaiting = true;
		outgoing_due(errand->lane->outgoing, delivery_due_ms(errand->delivery));
		break;
	case DELIVERY_SENT:
		conclude(errand, RECEIPT_SENT, NULL);
		break;
	case DELIVERY_CONFIRMED:
		conclude(errand, RECEIPT_CONFIRMED, NULL);
		break;
	case DELIVERY_NO_ACK:
		errand_failed(errand, "no_ack");
		break;
	case DELIVERY_REJECTED:
		/* It got there: no other radio is needed. */
		conclude(errand, RECEIPT_FAILED, "rejected");
		break;
	}
}

struct entry *errand_withdraw(struct errand *errand, const struct handed_receipt *receipt)
{
	struct entry *entry = errand->entry;
	if (errand->lane->flying == errand) {
		errand->elsewhere = receipt->stage;
		errand->assumed_elsewhere = receipt->assumed;
		return NULL;
	}
	if (errand->awaiting || !transmit_remove(errand->lane->transmit, entry))
		entry_ref(entry);
	errand_free(errand->lane->outgoing, errand);
	return entry;
}

bool errand_is_settled(const struct errand *errand)
{
	return errand->elsewhere != RECEIPT_QUEUED || delivery_is_settled(errand->delivery);
}

void errand_supersede(struct errand *errand)
{
	errand->superseded = true;
	if (errand->lane->flying == errand)
		return; /* its end is told to errand_follow */
	if (!errand->awaiting && transmit_remove(errand->lane->transmit, errand->entry))
		entry_unref(errand->entry);
	conclude(errand, errand->entry->begun ? RECEIPT_SENT : RECEIPT_CANCELLED, NULL);
}
