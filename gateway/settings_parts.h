/* The parts of reading the settings, a section of the file each. All take the top mapping; errors go to settings->config. */
#pragma once

#include "gateway/settings.h"
#include "gateway/settings_keys.h"

/* Needs settings->gateway, for the topics and the default client id. */
void settings_read_uplink(struct settings *settings, struct config_node *root);
void settings_read_radios(struct settings *settings, struct config_node *root);
/* Whether the radio, read without errors, may transmit as it is configured: its region, duty cycle and the reserve for alerts. */
void settings_check_rules(struct settings *settings, struct config_node *node, const struct radio_settings *radio);
/* Needs settings->gateway, and the radios, because they may have the same lines. */
void settings_read_panel(struct settings *settings, struct config_node *root);
/* Keywords and rules. Needs the radios and the panel's contacts, because rules may name them. */
void settings_read_rules(struct settings *settings, struct config_node *root);
/* Meshtastic's own topics. Needs the uplink and the radios. */
void settings_read_mesh_face(struct settings *settings, struct config_node *root);
/* Needs the uplink. */
void settings_read_neighbours(struct settings *settings, struct config_node *root);
void settings_read_stations(struct settings *settings, struct config_node *root);

/* Lays the file of the board that the radio names under its keys. Before anything else of the radio is read. */
void settings_lay_board(struct settings *settings, struct config_node *radio);

/* One text for each line of the driver, NULL = not wired, out of the radio's section `lines`. NULL: out of memory. */
const char *const *settings_read_lines(struct settings *settings, struct config_node *radio,
				       const struct modem_ops *ops);
/* Whether a line of radios[last] is a line of it or of one before it, too. */
void settings_check_lines(struct settings *settings, struct config_node *radio, const struct radio_settings *radios,
			  size_t last);

/* Whether two texts name the same line, whatever words stand behind it. */
bool settings_same_line(const char *one, const char *other);
/* The radio (not switched off) that has this line, NULL = none has. */
const char *settings_line_user(const struct settings *settings, const char *text);
/* The text of a line that is wired, NULL = "none" or nothing, or with an error that says what is wrong with it. */
const char *settings_check_line(struct config *config, const struct config_node *node, const char *key,
				const char *text);

/* A text that lives as long as the settings; "" when out of memory, which then is an error of the config. */
const char *settings_text(struct settings *settings, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What stands in a file of its own, which not everybody may read, without the line break that editors put behind it. what: "the password".
 * NULL, and an error at that key: it cannot be read, or holds something else beside it. */
const char *settings_read_secret(struct settings *settings, const struct config_node *node, const char *key,
				 const char *path, const char *what);

/* A path that is not absolute is an error at that key, because nobody knows where a service was started. "" is allowed. */
void settings_check_absolute(struct settings *settings, const struct config_node *node, const char *key,
			     const char *path);
