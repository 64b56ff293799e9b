/* The settings as a whole: from the file to typed values, and what `--check` prints. */
#include "gateway/settings_parts.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/keys.h"

const char *settings_text(struct settings *settings, const char *format, ...)
{
	char *text = NULL;
	va_list arguments;
	va_start(arguments, format);
	int size = vasprintf(&text, format, arguments);
	va_end(arguments);
	char *kept = size < 0 ? NULL : config_keep(settings->config, (size_t)size + 1);
	if (kept)
		memcpy(kept, text, (size_t)size);
	if (size >= 0) {
		explicit_bzero(text, (size_t)size); /* may have been a password */
		free(text);
	}
	return kept ? kept : "";
}

void settings_check_absolute(struct settings *settings, const struct config_node *node, const char *key,
			     const char *path)
{
	if (path[0] && path[0] != '/')
		config_error(settings->config, node, key, "must be a whole path that begins with /.");
}

static void read_gateway(struct settings *settings, struct config_node *root)
{
	union config_value values[GATEWAY_KEYS];
	struct config_node *node = config_section(settings->config, root, "gateway");
	config_read(settings->config, node, gateway_keys, GATEWAY_KEYS, values);
	settings_check_absolute(settings, node, "state_dir", values[GATEWAY_STATE_DIR].text);
	settings_check_absolute(settings, node, "socket", values[GATEWAY_SOCKET].text);
	int64_t clock = values[GATEWAY_CLOCK].integer; /* auto, then as in enum message_clock */
	settings->gateway = (struct gateway_settings){
	    .name = values[GATEWAY_NAME].text,
	    .operation = values[GATEWAY_OPERATION].text,
	    .clock_auto = clock == 0,
	    .clock = clock == 0 ? CLOCK_SOURCE_UNKNOWN : (enum message_clock)(clock - 1),
	    .state_dir = values[GATEWAY_STATE_DIR].text,
	    .socket = values[GATEWAY_SOCKET].text,
	    .log_level = (enum log_level)(LOG_LEVEL_ERROR + values[GATEWAY_LOG_LEVEL].integer),
	};
}

static void read_store(struct settings *settings, struct config_node *root)
{
	union config_value values[STORE_KEYS], bounds[CLASS_COUNT];
	struct config_node *node = config_section(settings->config, root, "store");
	config_read(settings->config, node, store_keys, STORE_KEYS, values);
	config_read(settings->config, config_section(settings->config, node, "bounds"), bound_keys, CLASS_COUNT,
		    bounds);
	const char *path = values[STORE_PATH].text;
	bool memory = values[STORE_MODE].integer == 1;
	settings_check_absolute(settings, node, "path", path);
	if (memory && path[0])
		config_error(settings->config, node, "path", "has no use with 'mode: memory'. Take one of them out.");
	if (!path[0])
		path = settings_text(settings, "%s/cresset.db", settings->gateway.state_dir);
	settings->store.path = memory ? NULL : path;
	settings->store.commit_interval_ms = values[STORE_COMMIT_INTERVAL].integer;
	for (size_t i = 0; i < CLASS_COUNT; i++)
		settings->schedule.class_bytes[i] = (size_t)bounds[i].integer;
}

static void read_classes(struct settings *settings, struct config_node *root)
{
	union config_value allowance, weights[3], expiry[CLASS_COUNT];
	struct config *config = settings->config;
	struct config_node *node = config_section(config, root, "classes");
	config_read(config, node, class_keys, 1, &allowance);
	config_read(config, config_section(config, node, "weights"), weight_keys, 3, weights);
	config_read(config, config_section(config, node, "expiry"), expiry_keys, CLASS_COUNT, expiry);
	settings->classify.urgent_per_minute = (unsigned)allowance.integer;
	for (size_t i = 0; i < 3; i++)
		settings->schedule.weight[CLASS_SAFETY + i] = (unsigned)weights[i].integer;
	for (size_t i = 0; i < CLASS_COUNT; i++)
		settings->classify.expiry_ms[i] = expiry[i].integer;
}

static void read_dedupe(struct settings *settings, struct config_node *root)
{
	union config_value window;
	struct config_node *node = config_section(settings->config, root, "dedupe");
	config_read(settings->config, node, dedupe_keys, 1, &window);
	settings->dedupe_window_ms = window.integer;
}

/* Only the check calls that an error. A gateway whose key file is broken starts all the same (keyring.h): a distress is raised, though
 * unverified, and what has nothing to do with keys goes on. */
static void check_key_file(struct settings *settings, const struct config_node *node, const char *path)
{
	char error[512];
	struct keys *keys = keys_load(path, error, sizeof(error));
	if (!keys)
		config_error(settings->config, node, "keys", "%s", error);
	keys_free(keys);
}

static void read_field(struct settings *settings, struct config_node *root, bool check)
{
	union config_value values[FIELD_KEYS];
	struct config_node *node = config_section(settings->config, root, "field");
	config_read(settings->config, node, field_keys, FIELD_KEYS, values);
	const char *path = values[FIELD_KEY_FILE].text;
	settings_check_absolute(settings, node, "keys", path);
	if (check && path[0] == '/')
		check_key_file(settings, node, path);
	settings->key_file = path[0] ? path : NULL;
	settings->language = (enum words_language)values[FIELD_LANGUAGE].integer;
}

static struct settings *load(const char *path, bool check)
{
	struct settings *settings = calloc(1, sizeof(*settings));
	if (!settings)
		return NULL;
	settings->config = config_load(path);
	if (!settings->config) {
		free(settings);
		return NULL;
	}
	struct config_node *root = config_root(settings->config);
	read_gateway(settings, root);
	settings_read_uplink(settings, root);
	read_store(settings, root);
	read_classes(settings, root);
	read_dedupe(settings, root);
	read_field(settings, root, check);
	settings_read_radios(settings, root);
	settings_read_panel(settings, root);
	settings_read_rules(settings, root);
	settings_read_stations(settings, root);
	settings_read_mesh_face(settings, root);
	settings_read_neighbours(settings, root);
	config_finish(settings->config);
	return settings;
}

struct settings *settings_load(const char *path)
{
	return load(path, false);
}

void settings_free(struct settings *settings)
{
	if (!settings)
		return;
	config_free(settings->config);
	free(settings);
}

size_t settings_error_count(const struct settings *settings)
{
	return config_error_count(settings->config);
}

const char *settings_error(const struct settings *settings, size_t index)
{
	return config_error_text(settings->config, index);
}

size_t settings_warning_count(const struct settings *settings)
{
	return config_warning_count(settings->config);
}

const char *settings_warning(const struct settings *settings, size_t index)
{
	return config_warning_text(settings->config, index);
}

static void print_fine(const struct settings *settings, const char *path, FILE *out)
{
	size_t off = 0, brokers = settings->uplink.broker_count;
	for (size_t i = 0; i < settings->radio_count; i++)
		off += !settings->radios[i].enabled;
	fprintf(out, "%s: fine: %zu radio%s", path, settings->radio_count, settings->radio_count == 1 ? "" : "s");
	if (off)
		fprintf(out, " (%zu switched off)", off);
	fprintf(out, ", %zu broker%s\n", brokers, brokers == 1 ? "" : "s");
}

int settings_check(const char *path, FILE *out)
{
	struct settings *settings = load(path, true);
	if (!settings) {
		fprintf(out, "%s: out of memory. Free some memory and try again.\n", path);
		return 1;
	}
	size_t errors = settings_error_count(settings);
	for (size_t i = 0; i < errors; i++)
		fprintf(out, "%s\n", settings_error(settings, i));
	for (size_t i = 0; i < settings_warning_count(settings); i++)
		fprintf(out, "warning: %s\n", settings_warning(settings, i));
	if (errors == 0)
		print_fine(settings, path, out);
	settings_free(settings);
	return errors > 0;
}
