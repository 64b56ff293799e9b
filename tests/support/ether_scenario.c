/* What a simulated ether is like, from YAML. */
#include "tests/support/ether_scenario.h"

#include <math.h>
#include <string.h>

#include "config/config.h"
#include "tests/support/ether_bands.h"

static const struct ether_place origin = {.height_m = 2, .antenna_dbi = 2.15};

static const char *const regions[] = {"none", "eu868", "eu433", "us915", "au915", "as923", "in865", "kr920", NULL};

enum { REGION, SEED, RANDOM_LOSS, CLUTTER, FADING, NOISE_FIGURE, SCENARIO_KEYS };
static const struct config_key scenario_keys[SCENARIO_KEYS] = {
    [REGION] = {"region", CONFIG_CHOICE, 0, 0, "none", regions, "rules the auditor applies"},
    [SEED] = {"seed", CONFIG_INTEGER, 0, 0, "1", NULL, "everything random comes from it"},
    [RANDOM_LOSS] = {"random_loss", CONFIG_NUMBER, 0, 1, "0", NULL, "part of the readable packets that are missed"},
    [CLUTTER] = {"clutter_db", CONFIG_NUMBER, 0, 200, "0", NULL, "added to every reckoned loss"},
    [FADING] = {"fading_db", CONFIG_NUMBER, 0, 40, "0", NULL, "standard deviation of each packet's loss"},
    [NOISE_FIGURE] = {"noise_figure_db", CONFIG_NUMBER, 0, 60, "6", NULL, "of every receiver"},
};

enum { X, Y, HEIGHT, ANTENNA, PLACE_KEYS };
static const struct config_key place_keys[PLACE_KEYS] = {
    [X] = {"x_m", CONFIG_NUMBER, -1e6, 1e6, "0", NULL, "metres east"},
    [Y] = {"y_m", CONFIG_NUMBER, -1e6, 1e6, "0", NULL, "metres north"},
    [HEIGHT] = {"height_m", CONFIG_NUMBER, 0.1, 20000, "2", NULL, "of the antenna above ground"},
    [ANTENNA] = {"antenna_dbi", CONFIG_NUMBER, -20, 30, "2.15", NULL, "gain"},
};

enum { FROM, TO, LOSS, HIDDEN, LINK_KEYS };
static const struct config_key link_keys[LINK_KEYS] = {
    [FROM] = {"from", CONFIG_TEXT, 1, ETHER_NAME_MAX - 1, NULL, NULL, "one end"},
    [TO] = {"to", CONFIG_TEXT, 1, ETHER_NAME_MAX - 1, NULL, NULL, "the other end"},
    [LOSS] = {"loss_db", CONFIG_NUMBER, 0, 400, "0", NULL, "from socket to socket"},
    [HIDDEN] = {"hidden", CONFIG_FLAG, 0, 0, "false", NULL, "neither hears the other"},
};

void ether_scenario_init(struct ether_scenario *scenario)
{
	memset(scenario, 0, sizeof(*scenario));
	scenario->seed = 1;
	scenario->noise_figure_db = 6;
}

bool ether_scenario_place(struct ether_scenario *scenario, const char *name, const struct ether_place *place)
{
	if (scenario->place_count == ETHER_PLACES_MAX || strlen(name) >= ETHER_NAME_MAX)
		return false;
	struct ether_placed *placed = &scenario->places[scenario->place_count++];
	snprintf(placed->name, sizeof(placed->name), "%s", name);
	placed->place = *place;
	return true;
}

bool ether_scenario_link(struct ether_scenario *scenario, const char *from, const char *to, double loss_db)
{
	if (scenario->link_count == ETHER_LINKS_MAX || strlen(from) >= ETHER_NAME_MAX || strlen(to) >= ETHER_NAME_MAX)
		return false;
	struct ether_link *link = &scenario->links[scenario->link_count++];
	snprintf(link->from, sizeof(link->from), "%s", from);
	snprintf(link->to, sizeof(link->to), "%s", to);
	link->loss_db = loss_db;
	return true;
}

struct ether_place ether_scenario_place_of(const struct ether_scenario *scenario, const char *name)
{
	for (size_t i = 0; i < scenario->place_count; i++)
		if (strcmp(scenario->places[i].name, name) == 0)
			return scenario->places[i].place;
	return origin;
}

static bool joins(const struct ether_link *link, const char *one, const char *other)
{
	return strcmp(link->from, one) == 0 && strcmp(link->to, other) == 0;
}

double ether_scenario_loss_db(const struct ether_scenario *scenario, const char *one, const char *other)
{
	for (size_t i = 0; i < scenario->link_count; i++)
		if (joins(&scenario->links[i], one, other) || joins(&scenario->links[i], other, one))
			return scenario->links[i].loss_db;
	return -1;
}

static void read_places(struct ether_scenario *scenario, struct config *config)
{
	struct config_node *node = config_mapping(config, config_root(config), "stations");
	for (; node; node = config_next(config, node)) {
		union config_value values[PLACE_KEYS];
		config_read(config, node, place_keys, PLACE_KEYS, values);
		const struct ether_place place = {values[X].number, values[Y].number, values[HEIGHT].number,
						  values[ANTENNA].number};
		if (!ether_scenario_place(scenario, config_name(node), &place))
			config_error(config, node, NULL, "too many stations, or too long a name.");
	}
}

static void read_links(struct ether_scenario *scenario, struct config *config)
{
	struct config_node *node = config_list(config, config_root(config), "links");
	for (; node; node = config_next(config, node)) {
		union config_value values[LINK_KEYS];
		config_read(config, node, link_keys, LINK_KEYS, values);
		bool hidden = values[HIDDEN].flag;
		if (hidden == config_has(node, "loss_db"))
			config_error(config, node, NULL, "needs either loss_db or 'hidden: true'.");
		else if (!ether_scenario_link(scenario, values[FROM].text, values[TO].text,
					      hidden ? INFINITY : values[LOSS].number))
			config_error(config, node, NULL, "too many links.");
	}
}

bool ether_scenario_load(struct ether_scenario *scenario, const char *path, FILE *errors)
{
	struct config *config = config_load(path);
	union config_value values[SCENARIO_KEYS];
	ether_scenario_init(scenario);
	if (!config)
		return false;
	config_read(config, config_root(config), scenario_keys, SCENARIO_KEYS, values);
	if (values[REGION].integer > 0)
		snprintf(scenario->region, sizeof(scenario->region), "%s", regions[values[REGION].integer]);
	scenario->seed = (uint64_t)values[SEED].integer;
	scenario->random_loss = values[RANDOM_LOSS].number;
	scenario->clutter_db = values[CLUTTER].number;
	scenario->fading_db = values[FADING].number;
	scenario->noise_figure_db = values[NOISE_FIGURE].number;
	read_places(scenario, config);
	read_links(scenario, config);
	config_finish(config);
	for (size_t i = 0; config_error_text(config, i); i++)
		fprintf(errors, "%s\n", config_error_text(config, i));
	bool fine = config_error_count(config) == 0;
	config_free(config);
	return fine;
}
