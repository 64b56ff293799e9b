/* What a message that was heard has to do with open incidents: it opens one, is one more of it, speaks of it, or asks to cancel it. */
#pragma once

#include "gateway/publisher.h"
#include "gateway/remember.h"

struct emergency {
	struct publisher *publisher;
	struct remember *remember;
	struct counter *given_way;
};

struct emergency emergency_begin(struct publisher *publisher, struct remember *remember, struct counters *counters);

/* Before the message is classified: an acknowledgement or a cancel from the field that speaks of an open incident gets its id. */
void emergency_refer(const struct emergency *emergency, struct message *message);
/* Before it is published: a distress, or a check-in under duress, enters its incident. */
void emergency_enter(struct emergency *emergency, struct message *message, const char *radio);
/* After it is published: the incident as it now stands, where the message changed more than its count. */
void emergency_follow(struct emergency *emergency, const struct message *message);
