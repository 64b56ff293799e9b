/* The radios' settings: port, modem, control and air of each, with the drivers' own keys checked against the drivers' own tables. */
#include "gateway/settings_parts.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/radio_services.h"

/* As many are named in a message at most. */
enum { DRIVERS_MAX = 64 };

static enum config_type type_of(enum driver_key_type type)
{
	switch (type) {
	case KEY_INTEGER:
		return CONFIG_INTEGER;
	case KEY_NUMBER:
		return CONFIG_NUMBER;
	case KEY_FLAG:
		return CONFIG_FLAG;
	case KEY_CHOICE:
		return CONFIG_CHOICE;
	default:
		return CONFIG_TEXT;
	}
}

static struct config_key to_config_key(const struct driver_key *key)
{
	return (struct config_key){
	    .name = key->name,
	    .type = type_of(key->type),
	    .min = key->min,
	    .max = key->max,
	    .fallback = key->fallback,
	    .choices = key->choices,
	    .help = key->help,
	};
}

static union driver_value to_driver_value(const struct driver_key *key, union config_value value)
{
	switch (key->type) {
	case KEY_INTEGER:
		return (union driver_value){.integer = value.integer};
	case KEY_NUMBER:
		return (union driver_value){.number = value.number};
	case KEY_FLAG:
		return (union driver_value){.flag = value.flag};
	case KEY_CHOICE:
		return (union driver_value){.text = key->choices[value.integer]};
	default:
		return (union driver_value){.text = value.text};
	}
}

/* Where a driver's refusal is to be said. */
struct refusal {
	struct config *config;
	struct config_node *node;
};

static void on_refused(void *owner, const char *key, const char *why)
{
	const struct refusal *refusal = owner;
	config_error(refusal->config, refusal->node, key, "%s.", why);
}

/* Values that do not go together are the driver's to find: it is tried once, on memory that is thrown away. */
static void try_driver(struct config *config, struct config_node *node, size_t state_size,
		       int (*init)(void *state, const struct services *services, const union driver_value *values),
		       const union driver_value *values)
{
	struct refusal refusal = {config, node};
	struct services services = radio_services(&refusal);
	size_t before = config_error_count(config);
	void *state = calloc(1, state_size ? state_size : 1);
	services.refuse = on_refused;
	if (state && values && init(state, &services, values) < 0 && config_error_count(config) == before)
		config_error(config, node, NULL, "the driver does not accept these settings.");
	free(state);
}

struct key_table {
	const struct driver_key *keys;
	size_t count;
};

/* The driver's keys stand in a mapping of its name inside the radio's; more: those of another driver of that name, whose values follow.
 * NULL: out of memory, or there are no keys. */
static const union driver_value *read_driver(struct config *config, struct config_node *node, struct key_table own,
					     struct key_table more)
{
	size_t count = own.count + more.count;
	struct config_key *table = config_keep(config, count * sizeof(*table));
	union config_value *read = config_keep(config, count * sizeof(*read));
	union driver_value *values = config_keep(config, count * sizeof(*values));
	if (!table || !read || !values)
		return NULL;
	for (size_t i = 0; i < count; i++)
		table[i] = to_config_key(i < own.count ? &own.keys[i] : &more.keys[i - own.count]);
	config_read(config, node, table, count, read);
	for (size_t i = 0; i < count; i++)
		values[i] = to_driver_value(i < own.count ? &own.keys[i] : &more.keys[i - own.count], read[i]);
	return values;
}

static const struct key_table no_keys = {NULL, 0};

static const union driver_value *read_modem_keys(struct config *config, struct config_node *radio,
						 const struct modem_ops *modem)
{
	struct config_node *node = config_section(config, radio, modem->name);
	size_t before = config_error_count(config);
	const union driver_value *values = read_driver(config, node, (struct key_table){modem->keys, modem->key_count},
						       no_keys);
	if (config_error_count(config) == before)
		try_driver(config, node, modem->state_size, modem->init, values);
	return values;
}

/* A modem that one air protocol alone is spoken through shares its name and the mapping with that. */
static void read_fused_keys(struct config *config, struct config_node *radio, const struct air_ops *air,
			    struct radio_settings *settings)
{
	const struct modem_ops *modem = settings->modem;
	struct config_node *node = config_section(config, radio, modem->name);
	size_t before = config_error_count(config);
	settings->modem_values = read_driver(config, node, (struct key_table){modem->keys, modem->key_count},
					     (struct key_table){air->keys, air->key_count});
	if (!settings->modem_values)
		return;
	settings->air_values = settings->modem_values + modem->key_count;
	if (config_error_count(config) != before)
		return;
	try_driver(config, node, modem->state_size, modem->init, settings->modem_values);
	try_driver(config, node, air->state_size, air->init, settings->air_values);
}

static const union driver_value *read_air_keys(struct config *config, struct config_node *radio,
					       const struct air_ops *air)
{
	struct config_node *node = config_section(config, radio, air->name);
	size_t before = config_error_count(config);
	const union driver_value *values = read_driver(config, node, (struct key_table){air->keys, air->key_count},
						       no_keys);
	if (config_error_count(config) == before)
		try_driver(config, node, air->state_size, air->init, values);
	return values;
}

static void ignore_drivers(struct config *config, struct config_node *node)
{
	const struct modem_ops *const *modems = modem_all();
	const struct air_ops *const *airs = air_all();
	for (size_t i = 0; modems[i]; i++)
		config_skip(config, node, modems[i]->name);
	for (size_t i = 0; airs[i]; i++)
		config_skip(config, node, airs[i]->name);
}

/* A control has no send. */
static const struct modem_ops *choose_modem(struct config *config, const struct config_node *node, const char *key,
					    const char *name, bool control)
{
	const char *names[DRIVERS_MAX + 1] = {NULL};
	size_t count = 0;
	const struct modem_ops *const *all = modem_all();
	for (size_t i = 0; all[i] && count < DRIVERS_MAX; i++)
		if (!all[i]->send == control)
			names[count++] = all[i]->name;
	const struct modem_ops *modem = modem_find(name);
	if (modem && !modem->send == control)
		return modem;
	if (name[0])
		config_error_choice(config, node, key, name, names);
	return NULL;
}

static const struct air_ops *choose_air(struct config *config, const struct config_node *node, const char *name)
{
	const char *names[DRIVERS_MAX + 1] = {NULL};
	const struct air_ops *const *all = air_all();
	for (size_t i = 0; all[i] && i < DRIVERS_MAX; i++)
		names[i] = all[i]->name;
	const struct air_ops *air = air_find(name);
	if (!air && name[0])
		config_error_choice(config, node, "air", name, names);
	return air;
}

static bool belongs(const struct radio_settings *radio, const char *name)
{
	return strcmp(radio->modem->name, name) == 0 || strcmp(radio->air->name, name) == 0 ||
	       (radio->control && strcmp(radio->control->name, name) == 0);
}

/* A modem that has an air of its own name carries nothing else. */
static void check_pair(struct config *config, const struct config_node *node, const struct radio_settings *radio)
{
	const char *modem = radio->modem->name;
	if (air_find(modem) && strcmp(modem, radio->air->name) != 0)
		config_error(config, node, "air", "must be %s, for nothing else is spoken through that modem.", modem);
}

/* Keys of drivers that this radio does not have: they are known, but would do nothing here. */
static void refuse_others(struct config *config, struct config_node *node, const struct radio_settings *radio)
{
	static const char reason[] =
	    "belongs to a driver that is neither this radio's modem nor its control nor its air. Take it out.";
	const struct modem_ops *const *modems = modem_all();
	const struct air_ops *const *airs = air_all();
	for (size_t i = 0; modems[i]; i++)
		if (!belongs(radio, modems[i]->name))
			config_refuse(config, node, modems[i]->name, reason);
	for (size_t i = 0; airs[i]; i++)
		if (!belongs(radio, airs[i]->name))
			config_refuse(config, node, airs[i]->name, reason);
}

/* Speed of a port: what the file says, or else what the driver's modules are delivered with. */
static unsigned baud_of(const struct config_node *node, const char *key, union config_value value,
			const struct modem_ops *ops)
{
	return config_has(node, key) || !ops->baud ? (unsigned)value.integer : ops->baud;
}

static void read_modem(struct settings *settings, struct config_node *node, const union config_value *values,
		       struct radio_settings *radio)
{
	const struct modem_ops *modem = choose_modem(settings->config, node, "modem", values[RADIO_MODEM].text, false);
	radio->modem = modem;
	if (!modem)
		return;
	const struct air_ops *fused = strcmp(modem->name, values[RADIO_AIR].text) == 0 ? air_find(modem->name) : NULL;
	if (fused)
		read_fused_keys(settings->config, node, fused, radio);
	else
		radio->modem_values = read_modem_keys(settings->config, node, modem);
	radio->port.baud = baud_of(node, "baud", values[RADIO_BAUD], modem);
	radio->lines = settings_read_lines(settings, node, modem);
}

static void check_control(struct config *config, const struct config_node *node, const char *control,
			  const char *device)
{
	static const char *const beside[] = {"control_device", "control_baud"};
	const char *wrong = control[0] && device[0] ? port_check_device(device) : NULL;
	if (wrong)
		config_error(config, node, "control_device", "%s.", wrong);
	if (control[0] && !device[0])
		config_error(config, node, "control_device", "must be given: where the %s is, e.g. /dev/ttyUSB1.",
			     control);
	for (size_t i = 0; !control[0] && i < 2; i++)
		if (config_has(node, beside[i]))
			config_error(config, node, beside[i], "has no use without 'control'.");
}

static void read_control(struct settings *settings, struct config_node *node, const union config_value *values,
			 struct radio_settings *radio)
{
	const char *name = values[RADIO_CONTROL].text, *device = values[RADIO_CONTROL_DEVICE].text;
	check_control(settings->config, node, name, device);
	const struct modem_ops *control = choose_modem(settings->config, node, "control", name, true);
	if (!control)
		return;
	radio->control = control;
	radio->control_port = (struct port_settings){
	    .device = device, .baud = baud_of(node, "control_baud", values[RADIO_CONTROL_BAUD], control)};
	radio->control_values = read_modem_keys(settings->config, node, control);
	radio->control_lines = settings_read_lines(settings, node, control);
}

static void read_drivers(struct settings *settings, struct config_node *node, const union config_value *values,
			 struct radio_settings *radio)
{
	struct config *config = settings->config;
	read_modem(settings, node, values, radio);
	read_control(settings, node, values, radio);
	radio->air = choose_air(config, node, values[RADIO_AIR].text);
	if (radio->air && !radio->air_values)
		radio->air_values = read_air_keys(config, node, radio->air);
	/* With a name misspelt nobody knows whose keys these are; the one error is enough. */
	if (radio->modem && radio->air && !radio->control == !values[RADIO_CONTROL].text[0]) {
		check_pair(config, node, radio);
		refuse_others(config, node, radio);
		return;
	}
	ignore_drivers(config, node);
	config_skip(config, node, "lines");
}

/* A name becomes part of topics and the name of an outlet. */
static void check_name(struct config *config, const struct config_node *node)
{
	static const struct config_key token = {"name", CONFIG_TOKEN, 1, MESSAGE_NAME_MAX - 1, NULL, NULL, NULL};
	const char *name = config_name(node);
	config_check(config, node, &token, name);
	if (strcmp(name, "uplink") == 0)
		config_error(config, node, NULL,
			     "no radio can have the name 'uplink', which the way to the broker has.");
	if (strcmp(name, "panel") == 0)
		config_error(config, node, NULL,
			     "no radio can have the name 'panel', which the buttons at the gateway have.");
}

static void check_device(struct config *config, const struct config_node *node, const char *device)
{
	static const char *const serial_only[] = {"baud", "framing", "dtr", "rts"};
	const char *wrong = device[0] ? port_check_device(device) : NULL;
	if (wrong)
		config_error(config, node, "device", "%s.", wrong);
	bool tcp = strncmp(device, "tcp://", 6) == 0;
	for (size_t i = 0; tcp && i < sizeof(serial_only) / sizeof(serial_only[0]); i++)
		if (config_has(node, serial_only[i]))
			config_warning(config, node, serial_only[i], "does nothing, because the device is tcp://.");
	if (!tcp && device[0] && config_has(node, "connect_timeout"))
		config_warning(config, node, "connect_timeout", "does nothing, because the device is not tcp://.");
}

/* One transceiver may be written in two ways: by its name and by a link to it. */
static bool same_device(const char *one, const char *other)
{
	if (strcmp(one, other) == 0)
		return true;
	char *one_path = one[0] == '/' ? realpath(one, NULL) : NULL;
	char *other_path = other[0] == '/' ? realpath(other, NULL) : NULL;
	bool same = one_path && other_path && strcmp(one_path, other_path) == 0;
	free(one_path);
	free(other_path);
	return same;
}

/* Whether the device is one of those of the radio. */
static bool has_device(const struct radio_settings *radio, const char *device)
{
	const char *control = radio->control_port.device;
	return radio->enabled && (same_device(radio->port.device, device) || (control && same_device(control, device)));
}

static void check_shared(struct config *config, const struct config_node *node, const struct radio_settings *radios,
			 size_t last)
{
	static const char *const keys[] = {"device", "control_device"};
	const struct radio_settings *radio = &radios[last];
	const char *const devices[] = {radio->port.device, radio->control_port.device};
	if (!radio->enabled)
		return;
	for (size_t key = 0; key < 2; key++) {
		if (!devices[key] || !devices[key][0])
			continue;
		for (size_t i = 0; i < last; i++)
			if (has_device(&radios[i], devices[key]))
				config_error(config, node, keys[key],
					     "is the device of radio '%s', too. Correct one, or set 'enabled: false'.",
					     radios[i].name);
	}
	if (devices[1] && devices[0][0] && same_device(devices[0], devices[1]))
		config_error(config, node, "control_device", "is the modem's device, too.");
}

static struct radio_settings read_radio(struct settings *settings, struct config_node *node)
{
	struct config *config = settings->config;
	union config_value values[RADIO_KEYS];
	size_t before = config_error_count(config);
	check_name(config, node);
	settings_lay_board(settings, node);
	config_read(config, node, radio_keys, RADIO_KEYS, values);
	check_device(config, node, values[RADIO_DEVICE].text);
	struct radio_settings radio = {
	    .name = config_name(node),
	    .enabled = values[RADIO_ENABLED].flag,
	    .raw = values[RADIO_RAW].flag,
	    .ack_timeout_ms = values[RADIO_ACK_TIMEOUT].integer,
	    .retries = (unsigned)values[RADIO_RETRIES].integer,
	    .rules = {.region = region_names[values[RADIO_REGION].integer],
		      .duty_cycle_pct = values[RADIO_DUTY_CYCLE].number},
	    .listening_share_pct = (unsigned)values[RADIO_LISTENING_SHARE].integer,
	    .port =
		{
		    .device = values[RADIO_DEVICE].text,
		    .baud = (unsigned)values[RADIO_BAUD].integer,
		    .framing = radio_keys[RADIO_FRAMING].choices[values[RADIO_FRAMING].integer],
		    .dtr = (enum port_line)values[RADIO_DTR].integer,
		    .rts = (enum port_line)values[RADIO_RTS].integer,
		    .connect_timeout_ms = values[RADIO_CONNECT_TIMEOUT].integer,
		},
	};
	read_drivers(settings, node, values, &radio);
	if (config_error_count(config) == before)
		settings_check_rules(settings, node, &radio);
	return radio;
}

/* It works, and is hardly ever meant. */
static void warn_without_keys(struct settings *settings, struct config_node *root, const struct radio_settings *radio)
{
	if (radio->air && strcmp(radio->air->name, "field") == 0 && radio->enabled && !settings->key_file)
		config_warning(
		    settings->config, config_section(settings->config, root, "field"), "keys",
		    "is not given: of what radio %s hears only distress is taken, as UNVERIFIED, and it can send "
		    "to no station. `cresset key make` makes the file.",
		    radio->name);
}

void settings_read_radios(struct settings *settings, struct config_node *root)
{
	enum { RADIOS_MAX = 32 };
	struct config *config = settings->config;
	struct radio_settings *radios = config_keep(config, RADIOS_MAX * sizeof(*radios));
	size_t count = 0, errors = config_error_count(config);
	struct config_node *node = config_mapping(config, root, "radios");
	for (; node && radios; node = config_next(config, node)) {
		if (count == RADIOS_MAX) {
			config_error(config, node, NULL, "more than %d radios on one gateway.", RADIOS_MAX);
			break;
		}
		radios[count] = read_radio(settings, node);
		check_shared(config, node, radios, count);
		settings_check_lines(settings, node, radios, count);
		count++;
	}
	if (count == 0 && config_error_count(config) == errors)
		config_warning(config, root, "radios", "there is none: nothing will be heard.");
	for (size_t i = 0; i < count; i++)
		warn_without_keys(settings, root, &radios[i]);
	settings->radios = radios;
	settings->radio_count = count;
}
