/* How often the gateway answers: whoever plays back a recording, answers by machine, or makes up stations must not make it talk for ever.
 * Pure. */
#pragma once

#include "gateway/origin.h"

/* So many at once, then one in so many ms. */
struct answer_bucket {
	double burst, left;
	int64_t each_ms, since_ms;
};

struct answer_bucket answer_bucket_of(unsigned burst, int64_t each_ms);
/* Takes one; false: there is none. */
bool answer_bucket_take(struct answer_bucket *bucket, int64_t now_ms);

/* Whether then lies within the span before now or, where a clock was set, behind it; then_ms 0 = never. */
bool answer_is_within(int64_t then_ms, int64_t now_ms, int64_t span_ms);

/* How long a field frame is not answered again after it was: short at first, for a station that is hard of hearing, longer with each answer. */
int64_t answer_frame_pause_ms(const struct origin *origin);

/* Whether that station of a mesh was answered so often lately, in words that are not urgent, that it may be a machine. */
bool answer_is_chatty(const struct origins *origins, const struct origin *origin, int64_t now_ms);
