/* Asks a radio what the radio rules look at. */
#include "gateway/radio_allowance.h"

static int plan(const void *state, const struct message *message, struct air_plan *found)
{
	return radio_air_plan(state, message, found);
}

void radio_allowance_find(const struct radio_driver *modem, const struct radio_air *air,
			  const struct radio_rules *rules, struct radio_allowance *allowance)
{
	*allowance = (struct radio_allowance){.fault = RADIO_RULES_FINE};
	size_t size = rules ? radio_rules_alert_size(plan, air) : 0;
	if (size == 0)
		return;
	struct radio_case is = {.alert_us = radio_driver_airtime_us(modem, size)};
	is.known = radio_driver_channel(modem, &is.channel);
	radio_rules_judge(rules, &is, allowance);
}
