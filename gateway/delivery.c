/* The stages of one message: sending, awaiting, and one of three ends. */
#include "gateway/delivery.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct part {
	uint8_t *bytes; /* as they went, NULL = not rendered yet */
	size_t size;
	char ref[MESSAGE_ID_MAX];
};

struct delivery {
	struct entry *entry;
	struct air_plan plan;
	uint16_t id;
	enum delivery_stage stage;
	struct part parts[AIR_PARTS_MAX];
	char from[MESSAGE_STATION_MAX];
	uint8_t wanted;  /* bits of the parts that are to go in this round, bit 0 = the first */
	uint8_t have;    /* that the addressee has */
	uint8_t went;    /* that were transmitted at least once */
	unsigned flying; /* the part in the radio */
	unsigned repeats, failures;
	int64_t due_ms;
};

static uint8_t all_of(const struct delivery *delivery)
{
	return (uint8_t)((1u << delivery->plan.parts) - 1);
}

struct delivery *delivery_new(struct entry *entry, const struct air_plan *plan, uint16_t id)
{
	struct delivery *delivery = calloc(1, sizeof(*delivery));
	if (!delivery)
		return NULL;
	*delivery = (struct delivery){.entry = entry, .plan = *plan, .id = id};
	delivery->wanted = all_of(delivery);
	return delivery;
}

void delivery_free(struct delivery *delivery)
{
	if (!delivery)
		return;
	for (size_t i = 0; i < AIR_PARTS_MAX; i++)
		free(delivery->parts[i].bytes);
	free(delivery);
}

enum delivery_stage delivery_stage(const struct delivery *delivery)
{
	return delivery->stage;
}

bool delivery_begun(const struct delivery *delivery)
{
	return delivery->went != 0;
}

/* ---- frames ---- */

unsigned delivery_part(const struct delivery *delivery)
{
	return delivery->wanted ? (unsigned)__builtin_ctz(delivery->wanted) : 0;
}

size_t delivery_size(const struct delivery *delivery)
{
	unsigned part = delivery_part(delivery);
	return delivery->parts[part].bytes ? delivery->parts[part].size : delivery->plan.sizes[part];
}

const uint8_t *delivery_bytes(const struct delivery *delivery)
{
	return delivery->parts[delivery_part(delivery)].bytes;
}

struct air_utterance delivery_utterance(const struct delivery *delivery)
{
	return (struct air_utterance){.part = delivery_part(delivery), .id = delivery->id};
}

int delivery_rendered(struct delivery *delivery, const struct air_utterance *utterance, const void *bytes, size_t size)
{
	struct part *part = &delivery->parts[delivery_part(delivery)];
	uint8_t *copy = malloc(size ? size : 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, bytes, size);
	free(part->bytes);
	part->bytes = copy;
	part->size = size;
	memcpy(part->ref, utterance->ref, sizeof(part->ref));
	memcpy(delivery->from, utterance->from, sizeof(delivery->from));
	return 0;
}

void delivery_started(struct delivery *delivery)
{
	delivery->flying = delivery_part(delivery);
}

/* What cannot be acknowledged: once more, or that was it. */
static void finish_blind(struct delivery *delivery, const struct delivery_settings *settings, int64_t now_ms,
			 double jitter)
{
	if (delivery->repeats >= settings->blind_repeats) {
		delivery->stage = DELIVERY_SENT;
		return;
	}
	delivery->repeats++;
	delivery->stage = DELIVERY_AWAITING;
	delivery->due_ms = now_ms + (int64_t)((double)settings->blind_gap_ms * (1 + jitter));
}

/* Each repetition waits longer: what was not heard for collisions must not meet them again. */
static void await(struct delivery *delivery, const struct delivery_settings *settings, int64_t now_ms, double jitter)
{
	double wait_ms = (double)settings->ack_timeout_ms * (1 + delivery->repeats) * (1 + jitter / 2);
	delivery->stage = DELIVERY_AWAITING;
	delivery->due_ms = now_ms + (int64_t)wait_ms;
}

void delivery_went(struct delivery *delivery, const struct delivery_settings *settings, int64_t now_ms, double jitter)
{
	uint8_t bit = (uint8_t)(1u << delivery->flying);
	delivery->went |= bit;
	delivery->wanted &= (uint8_t)~bit;
	delivery->failures = 0;
	if (delivery->stage != DELIVERY_SENDING || delivery->wanted)
		return;
	if (delivery->plan.confirmable)
		await(delivery, settings, now_ms, jitter);
	else
		finish_blind(delivery, settings, now_ms, jitter);
}

bool delivery_failed(struct delivery *delivery, const struct delivery_settings *settings)
{
	return delivery->failures++ < settings->retries;
}

/* ---- acknowledgements ---- */

static bool names(const struct delivery *delivery, const struct message *message, unsigned part)
{
	const char *ref = delivery->parts[part].ref;
	return ref[0] && strcmp(ref, message->ack.ref) == 0;
}

static bool is_ours(const struct delivery *delivery, const struct message *message)
{
	bool meant = !delivery->from[0] || strcmp(delivery->from, message->to) == 0;
	bool believed = !delivery->plan.sealed || message->authenticity == AUTHENTICITY_VERIFIED;
	return message->ack.ref[0] && meant && believed &&
	       strcmp(message->station, entry_station(delivery->entry)) == 0;
}

/* What is still missing goes at once: the addressee listens, as it has just spoken. */
static void note_parts(struct delivery *delivery, uint8_t bitmap)
{
	uint8_t before = delivery->have;
	delivery->have |= bitmap & all_of(delivery);
	if (delivery->have == all_of(delivery)) {
		delivery->stage = DELIVERY_CONFIRMED;
		return;
	}
	if (delivery->have != before)
		delivery->repeats = 0;
	if (delivery->stage == DELIVERY_AWAITING && delivery->have == before)
		return;
	delivery->wanted = all_of(delivery) & (uint8_t)~delivery->have;
	delivery->stage = DELIVERY_SENDING;
}

bool delivery_heard(struct delivery *delivery, const struct message *message)
{
	unsigned part = 0;
	if (delivery->stage > DELIVERY_AWAITING || !is_ours(delivery, message))
		return false;
	while (part < delivery->plan.parts && !names(delivery, message, part))
		part++;
	if (part == delivery->plan.parts)
		return false;
	if (message->ack.rejected) {
		delivery->stage = DELIVERY_REJECTED;
		return true;
	}
	bool of_parts = message->ack.bitmap >= 0 && message->ack.level == 0 && delivery->plan.parts > 1;
	note_parts(delivery, of_parts ? (uint8_t)message->ack.bitmap : all_of(delivery));
	return true;
}

bool delivery_is_settled(const struct delivery *delivery)
{
	return delivery->stage == DELIVERY_CONFIRMED || delivery->stage == DELIVERY_REJECTED;
}

void delivery_confirm(struct delivery *delivery)
{
	if (!delivery->wanted && delivery->stage != DELIVERY_REJECTED)
		note_parts(delivery, all_of(delivery));
}

bool delivery_is_confirmable(const struct delivery *delivery)
{
	return delivery->plan.confirmable;
}

int64_t delivery_due_ms(const struct delivery *delivery)
{
	return delivery->due_ms;
}

/* The last of what is missing is enough to make the addressee say what it has. */
static uint8_t last_missing(const struct delivery *delivery)
{
	unsigned missing = all_of(delivery) & (unsigned)~delivery->have;
	return (uint8_t)(1u << (31 - __builtin_clz(missing)));
}

void delivery_tick(struct delivery *delivery, const struct delivery_settings *settings, int64_t now_ms)
{
	if (delivery->stage != DELIVERY_AWAITING || now_ms < delivery->due_ms)
		return;
	if (!delivery->plan.confirmable) {
		delivery->wanted = all_of(delivery);
		delivery->stage = DELIVERY_SENDING;
		return;
	}
	if (delivery->repeats >= settings->retries) {
		delivery->stage = DELIVERY_NO_ACK;
		return;
	}
	delivery->repeats++;
	delivery->wanted = last_missing(delivery);
	delivery->stage = DELIVERY_SENDING;
}

void delivery_give_up(struct delivery *delivery)
{
	if (delivery->stage == DELIVERY_AWAITING)
		delivery->stage = delivery->plan.confirmable ? DELIVERY_NO_ACK : DELIVERY_SENT;
}

struct delivery_progress delivery_progress(const struct delivery *delivery)
{
	uint8_t done = delivery->plan.confirmable ? delivery->have : delivery->went;
	return (struct delivery_progress){.parts = delivery->plan.parts,
					  .parts_done = (unsigned)__builtin_popcount(done),
					  .repeats = delivery->repeats};
}
