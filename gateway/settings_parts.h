/* The parts of reading the settings, a section of the file each. All take the top mapping; errors go to settings->config. */
#pragma once

#include "gateway/settings.h"
#include "gateway/settings_keys.h"

/* Needs settings->gateway, for the topics and the default client id. */
void settings_read_uplink(struct settings *settings, struct config_node *root);
void settings_read_radios(struct settings *settings, struct config_node *root);
/* Keywords and rules. Needs the radios, because rules may name them. */
void settings_read_rules(struct settings *settings, struct config_node *root);
void settings_read_stations(struct settings *settings, struct config_node *root);

/* A text that lives as long as the settings; "" when out of memory, which then is an error of the config. */
const char *settings_text(struct settings *settings, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A path that is not absolute is an error at that key, because nobody knows where a service was started. "" is allowed. */
void settings_check_absolute(struct settings *settings, const struct config_node *node, const char *key,
			     const char *path);
