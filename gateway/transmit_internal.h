/* What the scheduler of a radio and its estimates have in common. */
#pragma once

#include "gateway/transmit.h"

struct transmit {
	struct transmit_settings settings;
	struct schedule *schedule;
	double share;            /* of the listening share; 1 = not limited */
	int64_t quiet_until_ms;  /* the field is listened to until then */
	int64_t quiet_before_ms; /* the same before the last frame was booked */
	int64_t
	    promised_ms; /* a ROUTINE or BULK whose turn it is goes then at the latest; INT64_MAX = none is promised */
};

/* Whether it may use the reserve. An exercise may not, because an alert could need it within the hour. */
static inline bool transmit_urgent(const struct entry *entry)
{
	return entry->class <= CLASS_URGENT && !entry->exercise;
}

int64_t transmit_airtime_us(const struct transmit *transmit, const struct entry *entry);
/* Until when ROUTINE and BULK leave the channel to the field. */
int64_t transmit_listening_ms(const struct transmit *transmit);
