/* Whether a radio may transmit as it is configured: its drivers are asked for channel and airtime on memory that is thrown away, and the
 * radio rules judge. */
#include "gateway/settings_parts.h"

#include <errno.h>
#include <stdlib.h>

#include "gateway/radio_services.h"

static const double duty_cycle_min_pct = 0.01;

/* What the rules look at. false: it never transmits, or there is no memory to find out. */
static bool look_at(const struct radio_settings *radio, struct radio_case *is)
{
	struct services services = radio_services(NULL);
	void *modem = calloc(1, radio->modem->state_size ? radio->modem->state_size : 1);
	void *air = calloc(1, radio->air->state_size ? radio->air->state_size : 1);
	size_t size = 0;
	if (modem && air && radio->modem->init(modem, &services, radio->modem_values) == 0 &&
	    radio->air->init(air, &services, radio->air_values) == 0)
		size = radio_rules_alert_size(radio->air->plan, air);
	if (size) {
		is->known = radio->modem->channel ? radio->modem->channel(modem, &is->channel) : -EOPNOTSUPP;
		is->alert_us = radio->modem->airtime_us ? radio->modem->airtime_us(modem, size) : 0;
	}
	free(modem);
	free(air);
	return size > 0;
}

static bool keeps_rules(const struct radio_settings *radio)
{
	return radio->rules.region != region_names[0] || radio->rules.duty_cycle_pct >= 0;
}

static void say_unjudged(struct config *config, struct config_node *node, const struct radio_settings *radio)
{
	if (radio->modem->channel)
		config_error(config, node, "region",
			     "cannot be kept, because nothing tells where the module transmits. Give %s.frequency_mhz.",
			     radio->modem->name);
	else
		config_error(config, node, "region",
			     "cannot be kept with modem %s, which does not know where its radio transmits. Set it to "
			     "none, and duty_cycle_pct to what the country allows.",
			     radio->modem->name);
}

/* At the driver's key that has to be corrected, where the file has it. */
static void say_of_driver(struct config *config, struct config_node *node, const struct radio_settings *radio,
			  const char *key, const char *text)
{
	struct config_node *driver = config_section(config, node, radio->modem->name);
	if (config_has(driver, key))
		config_error(config, driver, key, "%s", text);
	else
		config_error(config, node, "region", "%s", text);
}

static void say_fault(struct config *config, struct config_node *node, const struct radio_settings *radio,
		      const struct radio_allowance *allowance)
{
	bool own = radio->rules.duty_cycle_pct >= 0;
	switch (allowance->fault) {
	case RADIO_RULES_FINE:
		break;
	case RADIO_RULES_UNKNOWN:
		config_warning(config, node, "region", "%s", allowance->text);
		break;
	case RADIO_RULES_UNJUDGED:
		say_unjudged(config, node, radio);
		break;
	case RADIO_RULES_BAND:
		say_of_driver(config, node, radio, "frequency_mhz", allowance->text);
		break;
	case RADIO_RULES_POWER:
		say_of_driver(config, node, radio, "power_dbm", allowance->text);
		break;
	case RADIO_RULES_RESERVE:
		config_error(config, node, own ? "duty_cycle_pct" : "region", "%s", allowance->text);
		break;
	}
}

static void warn(struct config *config, const struct config_node *node, const struct radio_settings *radio,
		 const struct radio_case *is, const struct radio_allowance *allowance)
{
	const struct region_band *band = allowance->band;
	int64_t limit_us = allowance->ledger.limit_us;
	if (is->known == 0 && !keeps_rules(radio))
		config_warning(config, node, "region",
			       "is none: at %.10g MHz the radio transmits without any limit. Set it to the country's.",
			       is->channel.frequency_hz / 1e6);
	if (band && band->hour_us && (limit_us == 0 || limit_us > band->hour_us))
		config_warning(config, node, "duty_cycle_pct", "is more than the %.4g %% of band %s of %s.",
			       (double)band->hour_us / 36e6, band->name, band->region);
}

void settings_check_rules(struct settings *settings, struct config_node *node, const struct radio_settings *radio)
{
	struct radio_case is = {0};
	struct radio_allowance allowance;
	double duty_pct = radio->rules.duty_cycle_pct;
	if (duty_pct < duty_cycle_min_pct && duty_pct != -1) {
		config_error(settings->config, node, "duty_cycle_pct", "must be -1, or from 0.01 to 100.");
		return;
	}
	if (!radio->modem || !radio->air || !radio->modem_values || !radio->air_values || !look_at(radio, &is))
		return;
	radio_rules_judge(&radio->rules, &is, &allowance);
	say_fault(settings->config, node, radio, &allowance);
	if (allowance.fault == RADIO_RULES_FINE)
		warn(settings->config, node, radio, &is, &allowance);
}
