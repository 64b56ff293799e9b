/* Keywords and rules that say what a message is, and the registry that says whose station it is. */
#include "gateway/settings_parts.h"

#include <stdlib.h>
#include <string.h>

/* Index of "by_kind" among the choices of `class`; the classes follow it. */
enum { BY_KIND = 0, KIND_KEEP = 0, KIND_CHOICE_DISTRESS, KIND_CHOICE_ALERT, RULES_MAX = 256 };

static const char *none_if_empty(const char *text)
{
	return text[0] ? text : NULL;
}

/* Why these are no keys of a rule is worth more than that they are unknown. */
static void refuse_senders(struct config *config, struct config_node *node)
{
	static const char *const keys[] = {"station", "callsign", "call_sign", "from", "sender", "organisation"};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		config_refuse(config, node, keys[i],
			      "a rule cannot look at who sent a message: its class comes from what is said, never from "
			      "who says it. Take this line out.");
}

static void check_radio(struct settings *settings, const struct config_node *node, const char *name)
{
	const char **names = config_keep(settings->config, (settings->radio_count + 1) * sizeof(*names));
	bool found = !name[0];
	for (size_t i = 0; names && i < settings->radio_count; i++) {
		names[i] = settings->radios[i].name;
		found = found || strcmp(names[i], name) == 0;
	}
	if (names && !found)
		config_error_choice(settings->config, node, "radio", name, names);
}

/* What a contact says is nothing but its name. */
static void check_contact(struct settings *settings, const struct config_node *node, const char *name)
{
	static const char *const without[] = {"radio", "data_type", "keyword", "class"};
	const struct panel_settings *panel = &settings->panel;
	const char *names[PANEL_CONTACTS_MAX + 1] = {NULL};
	bool found = !name[0];
	for (size_t i = 0; i < panel->contact_count; i++) {
		names[i] = panel->contacts[i].name;
		found = found || strcmp(names[i], name) == 0;
	}
	if (!found && !names[0])
		config_error(settings->config, node, "line", "there is no contact '%s' in panel.contacts.", name);
	else if (!found)
		config_error_choice(settings->config, node, "line", name, names);
	for (size_t i = 0; name[0] && i < sizeof(without) / sizeof(without[0]); i++)
		if (config_has(node, without[i]))
			config_error(settings->config, node, without[i],
				     "has no use with 'line'. Take one of them out.");
}

static void check_rule(struct settings *settings, const struct config_node *node, const union config_value *values)
{
	struct config *config = settings->config;
	int64_t kind = values[RULE_KIND].integer, class = values[RULE_CLASS].integer;
	check_radio(settings, node, values[RULE_RADIO].text);
	check_contact(settings, node, values[RULE_LINE].text);
	if (!values[RULE_RADIO].text[0] && !values[RULE_LINE].text[0] && !values[RULE_DATA_TYPE].text[0] &&
	    !values[RULE_KEYWORD].text[0])
		config_error(config, node, NULL,
			     "this rule is true of every message. Give radio, line, data_type or keyword.");
	if (!config_has(node, "kind") && !config_has(node, "class"))
		config_error(config, node, NULL, "this rule changes nothing. Give kind or class.");
	if (kind != KIND_KEEP && class != BY_KIND)
		config_error(config, node, "class",
			     "the class of a distress or an alert comes from its kind, urgency and "
			     "severity. Take class or kind out.");
	static const char *const alert_only[] = {"urgency", "severity"};
	for (size_t i = 0; i < 2; i++)
		if (kind != KIND_CHOICE_ALERT && config_has(node, alert_only[i]))
			config_error(config, node, alert_only[i],
				     "only an alert has one. Add 'kind: alert' or take it out.");
}

static struct classify_rule read_rule(struct settings *settings, struct config_node *node)
{
	static const enum message_kind kinds[] = {KIND_NONE, KIND_DISTRESS, KIND_ALERT};
	union config_value values[RULE_KEYS];
	refuse_senders(settings->config, node);
	config_read(settings->config, node, rule_keys, RULE_KEYS, values);
	check_rule(settings, node, values);
	enum message_kind kind = kinds[values[RULE_KIND].integer];
	bool alert = kind == KIND_ALERT;
	const char *line = values[RULE_LINE].text;
	return (struct classify_rule){
	    .radio = line[0] ? PANEL_RADIO : none_if_empty(values[RULE_RADIO].text),
	    .data_type = none_if_empty(line[0] ? line : values[RULE_DATA_TYPE].text),
	    .keyword = none_if_empty(values[RULE_KEYWORD].text),
	    .kind = kind,
	    .urgency = alert ? (enum alert_urgency)values[RULE_URGENCY].integer : URGENCY_UNKNOWN,
	    .severity = alert ? (enum alert_severity)values[RULE_SEVERITY].integer : SEVERITY_UNKNOWN,
	    .class = (int)values[RULE_CLASS].integer - 1,
	};
}

void settings_read_rules(struct settings *settings, struct config_node *root)
{
	struct config *config = settings->config;
	struct classify_rule *rules = config_keep(config, RULES_MAX * sizeof(*rules));
	union config_value keywords;
	size_t count = 0;
	config_read(config, root, word_keys, 1, &keywords);
	struct config_node *node = config_list(config, root, "rules");
	for (; node && rules && count < RULES_MAX; node = config_next(config, node))
		rules[count++] = read_rule(settings, node);
	if (node)
		config_error(config, node, NULL, "more than %d rules.", RULES_MAX);
	settings->classify.keywords = keywords.texts;
	settings->classify.rules = rules;
	settings->classify.rule_count = count;
}

/* A station and where it stands, until all are sorted. */
struct registration {
	struct station_settings station;
	const struct config_node *node;
};

static int compare_stations(const void *one, const void *other)
{
	const struct station_settings *a = one, *b = other;
	return strcmp(a->station, b->station);
}

static int compare_registrations(const void *one, const void *other)
{
	const struct registration *a = one, *b = other;
	int order = compare_stations(&a->station, &b->station);
	unsigned line = config_line(a->node), other_line = config_line(b->node);
	return order ? order : (line > other_line) - (line < other_line);
}

static struct registration read_station(struct config *config, struct config_node *node)
{
	union config_value values[STATION_KEYS];
	config_read(config, node, station_keys, STATION_KEYS, values);
	return (struct registration){
	    .station = {values[STATION_STATION].text, values[STATION_ORGANISATION].text},
	    .node = node,
	};
}

static void check_double(struct config *config, const struct registration *before, const struct registration *last)
{
	if (last->station.station[0] && compare_stations(&before->station, &last->station) == 0)
		config_error(config, last->node, "station", "stands in line %u, too. Keep one of them.",
			     config_line(before->node));
}

void settings_read_stations(struct settings *settings, struct config_node *root)
{
	struct config *config = settings->config;
	size_t count = 0, i = 0;
	struct config_node *first = config_list(config, root, "stations");
	for (struct config_node *node = first; node; node = config_next(config, node))
		count++;
	struct registration *all = calloc(count + 1, sizeof(*all));
	struct station_settings *stations = config_keep(config, (count + 1) * sizeof(*stations));
	if (!all || !stations) {
		free(all);
		return;
	}
	for (struct config_node *node = first; node && i < count; node = config_next(config, node))
		all[i++] = read_station(config, node);
	qsort(all, count, sizeof(*all), compare_registrations);
	for (i = 0; i < count; i++) {
		stations[i] = all[i].station;
		if (i > 0)
			check_double(config, &all[i - 1], &all[i]);
	}
	free(all);
	settings->stations = stations;
	settings->station_count = count;
}

const char *settings_organisation(const struct settings *settings, const char *station)
{
	struct station_settings wanted = {.station = station};
	const struct station_settings *found = NULL;
	if (settings->station_count > 0)
		found = bsearch(&wanted, settings->stations, settings->station_count, sizeof(wanted), compare_stations);
	return found ? found->organisation : "unassigned";
}
