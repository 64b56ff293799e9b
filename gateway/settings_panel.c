/* The panel's settings: its lines, each of which nobody else may have, and its contacts. */
#include "gateway/settings_parts.h"

#include <string.h>

/* Whoever uses this line of the panel already, a line before `line` or a contact; NULL = nobody. */
static const char *user_of(const struct panel_settings *panel, size_t line, const char *text)
{
	for (size_t i = 0; i < line; i++)
		if (panel->lines[i] && settings_same_line(panel->lines[i], text))
			return panel_wiring[i].name;
	for (size_t i = 0; i < panel->contact_count; i++)
		if (settings_same_line(panel->contacts[i].line, text))
			return panel->contacts[i].name;
	return NULL;
}

/* NULL with an error if it is another's. */
static const char *check_line(struct settings *settings, const struct config_node *node, size_t line, const char *key,
			      const char *text)
{
	const char *wired = settings_check_line(settings->config, node, key, text);
	const char *radio = wired ? settings_line_user(settings, wired) : NULL;
	const char *other = wired ? user_of(&settings->panel, line, wired) : NULL;
	if (radio)
		config_error(settings->config, node, key, "is a line of radio '%s', too.", radio);
	else if (other)
		config_error(settings->config, node, key, "is the line of '%s', too.", other);
	return radio || other ? NULL : wired;
}

static void read_lines(struct settings *settings, struct config_node *panel)
{
	union config_value values[PANEL_LINES];
	struct config_node *node = config_section(settings->config, panel, "lines");
	config_read(settings->config, node, panel_line_keys, PANEL_LINES, values);
	for (size_t i = 0; i < PANEL_LINES; i++)
		settings->panel.lines[i] = check_line(settings, node, i, panel_line_keys[i].name, values[i].text);
}

/* A contact's name stands in messages and rules. */
static void check_name(struct config *config, const struct config_node *node, const char *name)
{
	static const struct config_key token = {"name", CONFIG_TOKEN, 1, MESSAGE_NAME_MAX - 1, NULL, NULL, NULL};
	config_check(config, node, &token, name);
	for (size_t i = 0; i < PANEL_LINES; i++)
		if (strcmp(panel_wiring[i].name, name) == 0)
			config_error(config, node, NULL,
				     "no contact can have the name '%s', which is a line of the panel.", name);
}

static void read_contacts(struct settings *settings, struct config_node *panel)
{
	struct config *config = settings->config;
	struct panel_contact *contacts = config_keep(config, PANEL_CONTACTS_MAX * sizeof(*contacts));
	struct config_node *node = config_mapping(config, panel, "contacts");
	settings->panel.contacts = contacts;
	for (; node && contacts; node = config_next(config, node)) {
		union config_value value;
		size_t count = settings->panel.contact_count;
		if (count == PANEL_CONTACTS_MAX) {
			config_error(config, node, NULL, "more than %d contacts.", PANEL_CONTACTS_MAX);
			return;
		}
		check_name(config, node, config_name(node));
		config_read(config, node, contact_keys, 1, &value);
		const char *line = check_line(settings, node, PANEL_LINES, "line", value.text);
		if (!line)
			continue;
		contacts[count] = (struct panel_contact){config_name(node), line};
		settings->panel.contact_count++;
	}
}

/* The gateway is a station of its own then. */
static void check_gateway(struct settings *settings, const struct config_node *root)
{
	const char *name = settings->gateway.name;
	if (panel_is_wired(&settings->panel) && strlen(name) >= MESSAGE_STATION_MAX)
		config_error(
		    settings->config, root, "panel",
		    "needs a gateway.name of at most %d characters, because what it says is said in that name.",
		    MESSAGE_STATION_MAX - 1);
}

void settings_read_panel(struct settings *settings, struct config_node *root)
{
	union config_value values[PANEL_KEYS];
	struct config_node *node = config_section(settings->config, root, "panel");
	config_read(settings->config, node, panel_keys, PANEL_KEYS, values);
	settings->panel = (struct panel_settings){
	    .hold_ms = values[PANEL_KEY_HOLD].integer,
	    .repeat_ms = values[PANEL_KEY_REPEAT].integer,
	    .debounce_ms = values[PANEL_KEY_DEBOUNCE].integer,
	    .mains_after_ms = values[PANEL_KEY_MAINS_AFTER].integer,
	    .siren_max_ms = values[PANEL_KEY_SIREN_MAX].integer,
	    .exercises = values[PANEL_KEY_EXERCISES].flag,
	};
	read_lines(settings, node);
	read_contacts(settings, node);
	check_gateway(settings, root);
}
