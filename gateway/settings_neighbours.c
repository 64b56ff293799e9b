/* The settings of delivery by neighbour gateways. */
#include "gateway/settings_parts.h"

#include <string.h>

#define TOKEN_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

static void check_names(struct settings *settings, struct config_node *node)
{
	const char *const *names = settings->neighbours.gateways;
	for (size_t i = 0; names && names[i]; i++)
		if (strspn(names[i], TOKEN_CHARACTERS) != strlen(names[i]))
			config_error(settings->config, node, "gateways",
				     "'%.31s' cannot be the name of a gateway: A-Z a-z 0-9 _ - only.", names[i]);
		else if (strcmp(names[i], settings->gateway.name) == 0)
			config_error(settings->config, node, "gateways", "'%.31s' is this gateway itself. Take it out.",
				     names[i]);
}

void settings_read_neighbours(struct settings *settings, struct config_node *root)
{
	union config_value values[NEIGHBOURS_KEYS];
	struct config *config = settings->config;
	struct config_node *node = config_section(config, root, "neighbours");
	config_read(config, node, neighbours_keys, NEIGHBOURS_KEYS, values);
	settings->neighbours = (struct neighbours_settings){
	    .enabled = values[NEIGHBOURS_ENABLED].flag,
	    .hold_ms = values[NEIGHBOURS_HOLD].integer,
	    .report_every_ms = values[NEIGHBOURS_REPORT].integer,
	    .gateways = values[NEIGHBOURS_GATEWAYS].texts,
	};
	check_names(settings, node);
	if (settings->neighbours.enabled && settings->uplink.broker_count == 0)
		config_error(config, node, "enabled", "needs a broker (uplink.brokers).");
}
