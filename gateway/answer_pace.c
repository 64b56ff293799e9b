/* Counting answers. */
#include "gateway/answer_pace.h"

#include <string.h>

enum {
	FRAME_AGAIN_MS = 2000, /* a repeat is heard by several radios and relays */
	FRAME_AGAIN_MAX_MS = 600000,
	PATIENT_ANSWERS = 8,
	CHAT_MS = 600000,
	CHAT_ANSWERS = 6,
};

struct answer_bucket answer_bucket_of(unsigned burst, int64_t each_ms)
{
	return (struct answer_bucket){.burst = burst, .left = burst, .each_ms = each_ms};
}

bool answer_bucket_take(struct answer_bucket *bucket, int64_t now_ms)
{
	double grown = (double)(now_ms - bucket->since_ms) / (double)bucket->each_ms;
	bucket->left += grown > 0 ? grown : 0;
	bucket->since_ms = now_ms;
	if (bucket->left > bucket->burst)
		bucket->left = bucket->burst;
	if (bucket->left < 1)
		return false;
	bucket->left--;
	return true;
}

bool answer_is_within(int64_t then_ms, int64_t now_ms, int64_t span_ms)
{
	return then_ms > 0 && now_ms - then_ms < span_ms && then_ms - now_ms < span_ms;
}

int64_t answer_frame_pause_ms(const struct origin *origin)
{
	int64_t pause_ms = FRAME_AGAIN_MS;
	for (uint32_t i = PATIENT_ANSWERS; i < origin->answers && pause_ms < FRAME_AGAIN_MAX_MS; i++)
		pause_ms *= 2;
	return pause_ms < FRAME_AGAIN_MAX_MS ? pause_ms : FRAME_AGAIN_MAX_MS;
}

bool answer_is_chatty(const struct origins *origins, const struct origin *origin, int64_t now_ms)
{
	size_t count = 0;
	if (origin->class <= CLASS_URGENT || origin->network == ORIGIN_FIELD || origin->network == ORIGIN_APRS)
		return false;
	for (size_t i = 0; i < origins_count(origins) && count < CHAT_ANSWERS; i++) {
		const struct origin *other = origins_at(origins, i);
		count += answer_is_within(other->said_ms, now_ms, CHAT_MS) &&
			 strcmp(other->station, origin->station) == 0;
	}
	return count >= CHAT_ANSWERS;
}
