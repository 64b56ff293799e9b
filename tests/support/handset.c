/* Queue and clock of a handset: one frame at a time. */
#include "tests/support/handset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/handset_internal.h"

struct handset_settings handset_defaults(uint16_t station)
{
	return (struct handset_settings){
	    .station = station,
	    .first_counter = 1,
	    .seed = station + 1u,
	    .ack_timeout_ms = 8000,
	    .quiet_ms = 10000,
	    .repeats = 3,
	};
}

struct handset *handset_new(const struct handset_settings *settings, const struct handset_callbacks *callbacks)
{
	struct handset *handset = calloc(1, sizeof(*handset));
	if (!handset)
		return NULL;
	handset->settings = *settings;
	handset->callbacks = *callbacks;
	handset->random = settings->seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	handset->counter = settings->first_counter;
	return handset;
}

void handset_free(struct handset *handset)
{
	free(handset);
}

/* xorshift64* */
double handset_chance(struct handset *handset)
{
	uint64_t state = handset->random;
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	handset->random = state;
	return (double)(state * UINT64_C(0x2545f4914f6cdd1d) >> 11) / (double)(UINT64_C(1) << 53);
}

bool handset_queue(struct handset *handset, const struct queued *frame)
{
	if (handset->queue_count == QUEUE_MAX)
		return false;
	handset->queue[handset->queue_count++] = *frame;
	return true;
}

int handset_frame(struct handset *handset, struct field_header *header, const uint8_t *body, size_t size,
		  struct queued *frame)
{
	if (size > field_body_room(header))
		return -EMSGSIZE;
	header->counter = handset->counter++;
	size_t head = field_header_encode(header, frame->bytes);
	memcpy(frame->bytes + head, body, size);
	frame->size = head + size + FIELD_TAG_SIZE;
	return field_seal(frame->bytes, head + size, handset->callbacks.seal, handset->callbacks.context);
}

static size_t next_of_queue(const struct handset *handset)
{
	size_t next = 0;
	for (size_t i = 1; i < handset->queue_count; i++)
		if (handset->queue[i].at_ms < handset->queue[next].at_ms)
			next = i;
	return next;
}

static int64_t queue_due_ms(const struct handset *handset)
{
	if (!handset->queue_count)
		return INT64_MAX;
	int64_t at_ms = handset->queue[next_of_queue(handset)].at_ms;
	return at_ms > handset->free_ms ? at_ms : handset->free_ms;
}

static void transmit_next(struct handset *handset, int64_t now_ms)
{
	size_t next = next_of_queue(handset);
	struct queued frame = handset->queue[next];
	handset->queue_count--;
	memmove(handset->queue + next, handset->queue + next + 1, (handset->queue_count - next) * sizeof(frame));
	handset->free_ms = now_ms + handset->callbacks.airtime_ms(handset->callbacks.context, frame.size);
	handset->counts.frames++;
	handset->counts.repeats += frame.repeat;
	if (frame.saying)
		saying_went(handset, frame.saying, handset->free_ms);
	handset->callbacks.transmit(handset->callbacks.context, frame.bytes, frame.size);
}

static int64_t earlier(int64_t one_ms, int64_t other_ms)
{
	return one_ms < other_ms ? one_ms : other_ms;
}

int64_t handset_due_ms(const struct handset *handset)
{
	return earlier(queue_due_ms(handset), earlier(sayings_due_ms(handset), sets_due_ms(handset)));
}

void handset_tick(struct handset *handset, int64_t now_ms)
{
	sayings_tick(handset, now_ms);
	sets_tick(handset, now_ms);
	if (queue_due_ms(handset) <= now_ms)
		transmit_next(handset, now_ms);
}

struct handset_counts handset_counts(const struct handset *handset)
{
	return handset->counts;
}
