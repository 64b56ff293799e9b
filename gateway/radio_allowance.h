/* The radio rules applied to a radio at work: its module and its air protocol are asked what the rules look at. */
#pragma once

#include "gateway/radio_air.h"
#include "gateway/radio_driver.h"
#include "gateway/radio_rules.h"

/* rules NULL: none. */
void radio_allowance_find(const struct radio_driver *modem, const struct radio_air *air,
			  const struct radio_rules *rules, struct radio_allowance *allowance);
