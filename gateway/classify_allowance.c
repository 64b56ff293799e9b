/* A token bucket for each station in a table of fixed size; a bucket is refilled whole, a minute after its first use. */
#include "gateway/classify_allowance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/message.h"

static const int64_t refill_ms = 60000;

struct bucket {
	char station[MESSAGE_STATION_MAX];
	unsigned used; /* 0 = the place is free */
	int64_t first_ms, last_ms;
};

struct allowance {
	unsigned per_minute;
	size_t places;
	struct bucket buckets[];
};

struct allowance *allowance_new(unsigned per_minute, size_t stations)
{
	struct allowance *allowance = calloc(1, sizeof(*allowance) + stations * sizeof(allowance->buckets[0]));
	if (!allowance)
		return NULL;
	allowance->per_minute = per_minute;
	allowance->places = stations;
	return allowance;
}

void allowance_free(struct allowance *allowance)
{
	free(allowance);
}

/* A clock that jumped back empties the bucket rather than keep it used up for long. */
static bool is_refilled(const struct bucket *bucket, int64_t now_ms)
{
	return bucket->used == 0 || now_ms - bucket->first_ms >= refill_ms || now_ms < bucket->first_ms;
}

static bool gives_way_before(const struct bucket *a, const struct bucket *b, int64_t now_ms)
{
	unsigned a_used = is_refilled(a, now_ms) ? 0 : a->used, b_used = is_refilled(b, now_ms) ? 0 : b->used;
	return a_used != b_used ? a_used < b_used : a->last_ms < b->last_ms;
}

/* The station's bucket, or else the place it gets. Only URGENT messages come here: looking at all places is cheap enough. */
static struct bucket *find(struct allowance *allowance, const char *station, int64_t now_ms)
{
	struct bucket *weakest = &allowance->buckets[0];
	for (size_t i = 0; i < allowance->places; i++) {
		struct bucket *bucket = &allowance->buckets[i];
		if (bucket->used > 0 && strncmp(bucket->station, station, sizeof(bucket->station) - 1) == 0)
			return bucket;
		if (gives_way_before(bucket, weakest, now_ms))
			weakest = bucket;
	}
	weakest->used = 0;
	snprintf(weakest->station, sizeof(weakest->station), "%s", station);
	return weakest;
}

bool allowance_take(struct allowance *allowance, const char *station, int64_t now_ms)
{
	struct bucket *bucket = find(allowance, station, now_ms);
	if (is_refilled(bucket, now_ms)) {
		bucket->used = 0;
		bucket->first_ms = now_ms;
	}
	bucket->last_ms = now_ms;
	if (bucket->used >= allowance->per_minute)
		return false;
	bucket->used++;
	return true;
}
