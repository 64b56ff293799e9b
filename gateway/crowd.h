/* A flood of alerts, when more of them wait than store.bounds allows: nobody's first one is lost, and memory and disk stay bounded.
 *
 * URGENT beyond its bound goes on as SAFETY, marked as demoted: that class has a bound by which the oldest go.
 * DISTRESS is never demoted and never expires. But a repeat is already in its incident, with count, last time and position; so
 * beyond half the bound a repeat from a station that still has one waiting is not queued a second time, and beyond the whole bound no
 * repeat is. What opens an incident always is. When the queue is short again the incidents themselves are published, so that
 * headquarters learns the counts and positions it did not get one by one. Beyond the bound, what only speaks of an incident
 * (acknowledgements, cancels) goes as SAFETY, marked as demoted. */
#pragma once

#include "gateway/incident.h"
#include "gateway/publisher.h"

struct crowd {
	struct publisher *publisher;
	const struct incidents *incidents;
	struct counter *demoted, *merged;
	bool said_urgent; /* since the queue was short */
	bool merging;     /* repeats were left out since the queue was short */
};

struct crowd crowd_begin(struct publisher *publisher, const struct incidents *incidents, struct counters *counters);
/* Call between classifying and publishing: may lower an URGENT message's class. */
void crowd_settle(struct crowd *crowd, struct message *message);
/* Whether a DISTRESS message that was entered into its incident needs no place of its own in the queue. Counted. */
bool crowd_merges(struct crowd *crowd, const struct message *message);
/* Call every few seconds. */
void crowd_tick(struct crowd *crowd);
