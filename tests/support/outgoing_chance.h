/* What tests of random sequences on the way down share: chance by which a run can be run again, pauses of the code under test included, and
 * what an hour had on the air. */
#pragma once

#include <sys/random.h>

#include "tests/support/outgoing_rig.h"

enum { HOUR_MS = 3600000 };

static uint64_t chance;

/* 0 to most - 1. */
static unsigned pick(unsigned most)
{
	chance ^= chance << 13;
	chance ^= chance >> 7;
	chance ^= chance << 17;
	return (unsigned)(chance >> 33) % most;
}

ssize_t getrandom(void *buffer, size_t size, unsigned flags)
{
	(void)flags;
	for (size_t i = 0; i < size; i++)
		((uint8_t *)buffer)[i] = (uint8_t)pick(256);
	return (ssize_t)size;
}

/* Of a radio in the hour from then on, without those that `but` is true for (NULL: none). */
RIG_HELPER int64_t rig_spent_ms(unsigned radio, int64_t from_ms, bool (*but)(const struct rig_sent *sent))
{
	int64_t sum_ms = 0;
	for (size_t i = 0; i < rig->sent_count; i++) {
		const struct rig_sent *sent = &rig->sent[i];
		int64_t end_ms = sent->ended_ms < from_ms + HOUR_MS ? sent->ended_ms : from_ms + HOUR_MS;
		bool counts = sent->radio == radio && (!but || !but(sent));
		if (counts && sent->began_ms >= from_ms && end_ms > sent->began_ms)
			sum_ms += end_ms - sent->began_ms;
	}
	return sum_ms;
}
