/* The GPIO lines of a radio: named by its modem and its control, written as hw/lines.h has it. */
#include "gateway/settings_parts.h"

#include <string.h>

#include "hw/lines.h"

enum { LINE_BYTES_MAX = 255 };

static const char not_wired[] = "none";

const char *settings_check_line(struct config *config, const struct config_node *node, const char *key,
				const char *text)
{
	if (!text[0] || strcmp(text, not_wired) == 0)
		return NULL;
	const char *wrong = line_check(text);
	if (wrong)
		config_error(config, node, key, "%s.", wrong);
	return wrong ? NULL : text;
}

static const char *read_line(struct config *config, const struct config_node *node, const struct modem_line *line,
			     const char *text)
{
	if (line->required && strcmp(text, not_wired) == 0)
		config_error(config, node, line->name, "must be wired: %s", line->help);
	return settings_check_line(config, node, line->name, text);
}

const char *const *settings_read_lines(struct settings *settings, struct config_node *radio,
				       const struct modem_ops *ops)
{
	struct config *config = settings->config;
	struct config_node *node = config_section(config, radio, "lines");
	struct config_key *table = config_keep(config, (ops->line_count + 1) * sizeof(*table));
	union config_value *read = config_keep(config, (ops->line_count + 1) * sizeof(*read));
	const char **texts = config_keep(config, (ops->line_count + 1) * sizeof(*texts));
	if (!table || !read || !texts)
		return NULL;
	for (size_t i = 0; i < ops->line_count; i++)
		table[i] = (struct config_key){.name = ops->lines[i].name,
					       .type = CONFIG_TEXT,
					       .min = 1,
					       .max = LINE_BYTES_MAX,
					       .fallback = ops->lines[i].required ? NULL : "",
					       .help = ops->lines[i].help};
	config_read(config, node, table, ops->line_count, read);
	for (size_t i = 0; i < ops->line_count; i++)
		texts[i] = read_line(config, node, &ops->lines[i], read[i].text);
	return texts;
}

/* The place alone, without the words behind it. */
bool settings_same_line(const char *one, const char *other)
{
	size_t size = strcspn(one, " ");
	return size == strcspn(other, " ") && strncmp(one, other, size) == 0;
}

struct wiring {
	const struct radio_settings *radio;
	const struct modem_line *table;
	const char *const *texts;
	size_t count;
};

static struct wiring wiring_of(const struct radio_settings *radio, bool control)
{
	const struct modem_ops *ops = control ? radio->control : radio->modem;
	const char *const *texts = control ? radio->control_lines : radio->lines;
	return (struct wiring){radio, ops ? ops->lines : NULL, texts, ops && texts ? ops->line_count : 0};
}

/* The first line of the wiring that is at this place; -1: none. */
static int find_place(const struct wiring *wiring, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (wiring->texts[i] && settings_same_line(wiring->texts[i], text))
			return (int)i;
	return -1;
}

void settings_check_lines(struct settings *settings, struct config_node *node, const struct radio_settings *radios,
			  size_t last)
{
	if (!radios[last].enabled)
		return;
	struct config_node *section = config_section(settings->config, node, "lines");
	for (size_t mine = 2 * last; mine < 2 * last + 2; mine++) {
		struct wiring own = wiring_of(&radios[mine / 2], mine % 2);
		for (size_t i = 0; i < own.count; i++)
			for (size_t other = 0; own.texts[i] && other <= mine; other++) {
				struct wiring before = wiring_of(&radios[other / 2], other % 2);
				int at = before.radio->enabled
					     ? find_place(&before, other == mine ? i : before.count, own.texts[i])
					     : -1;
				if (at >= 0)
					config_error(settings->config, section, own.table[i].name,
						     "is line '%s' of radio '%s', too.", before.table[at].name,
						     before.radio->name);
			}
	}
}

const char *settings_line_user(const struct settings *settings, const char *text)
{
	for (size_t part = 0; part < 2 * settings->radio_count; part++) {
		struct wiring wiring = wiring_of(&settings->radios[part / 2], part % 2);
		if (wiring.radio->enabled && find_place(&wiring, wiring.count, text) >= 0)
			return wiring.radio->name;
	}
	return NULL;
}

static size_t panel_outputs(const struct panel_settings *panel, struct line_release *outputs, size_t count, size_t max)
{
	for (size_t i = PANEL_OUTPUTS; i < PANEL_LINES; i++) {
		if (!panel->lines[i])
			continue;
		if (count < max)
			outputs[count] = (struct line_release){panel->lines[i], panel_wiring[i].how, false};
		count++;
	}
	return count;
}

size_t settings_outputs(const struct settings *settings, struct line_release *outputs, size_t max)
{
	size_t count = 0;
	for (size_t part = 0; part < 2 * settings->radio_count; part++) {
		struct wiring wiring = wiring_of(&settings->radios[part / 2], part % 2);
		for (size_t i = 0; i < wiring.count; i++) {
			if (!wiring.table[i].output || !wiring.texts[i])
				continue;
			if (count < max)
				outputs[count] = (struct line_release){wiring.texts[i], wiring.table[i].how,
								       wiring.table[i].safe};
			count++;
		}
	}
	return panel_outputs(&settings->panel, outputs, count, max);
}
