/* The settings of Meshtastic's own topics, and what nobody is to be led into: a broker that all the world reads, keys that all have. */
#include "gateway/settings_parts.h"

#include <string.h>
#include <strings.h>

#define PUBLIC_DOMAIN "meshtastic.org"
#define PUBLIC_USER   "meshdev"

/* ---- channels ---- */

static const char *key_fault(enum mesh_key_error error)
{
	switch (error) {
	case MESH_KEY_NOT_BASE64:
		return "holds no key in base64. Copy it from the channel's settings.";
	case MESH_KEY_NONE:
		return "holds no key (empty or zeros): everybody could read along. Give the channel a key on all its "
		       "nodes, "
		       "and write it here.";
	case MESH_KEY_DEFAULT:
		return "holds the default key (AQ== or a relative of it), which everybody has. Give the channel a key "
		       "of its "
		       "own on all its nodes, and write it here.";
	default:
		return "holds a key of another size than 16 or 32 bytes. Give the channel one of these on all its "
		       "nodes, and "
		       "write it here.";
	}
}

static void read_key(struct settings *settings, struct config_node *node, const char *path, struct mesh_key *key)
{
	settings_check_absolute(settings, node, "key_file", path);
	if (path[0] != '/')
		return;
	const char *text = settings_read_secret(settings, node, "key_file", path, "the key");
	if (!text)
		return;
	enum mesh_key_error error = mesh_key_parse(text, key);
	if (error != MESH_KEY_FINE)
		config_error(settings->config, node, "key_file", "'%.200s' %s", path, key_fault(error));
}

/* Names become parts of topics. */
static void check_part(struct settings *settings, struct config_node *node, const char *key, const char *text,
		       const char *forbidden)
{
	bool bad = strpbrk(text, forbidden) != NULL;
	for (const char *at = text; *at; at++)
		bad = bad || (unsigned char)*at < ' ' || *at == 0x7f;
	if (bad)
		config_error(settings->config, node, key, "'%.64s' cannot be part of a topic. Leave %s out.", text,
			     strchr(forbidden, '/') ? "/, + and #" : "+ and #");
}

static struct mesh_channel read_channel(struct settings *settings, struct config_node *node)
{
	union config_value values[MESH_CHANNEL_KEYS];
	config_refuse(settings->config, node, "key",
		      "a key does not stand in this file. Write it to a file of its own and name that in key_file.");
	config_refuse(settings->config, node, "psk",
		      "a key does not stand in this file. Write it to a file of its own and name that in key_file.");
	config_read(settings->config, node, mesh_channel_keys, MESH_CHANNEL_KEYS, values);
	struct mesh_channel channel = {.name = values[MESH_CHANNEL_NAME].text};
	check_part(settings, node, "name", channel.name, "/+#");
	read_key(settings, node, values[MESH_CHANNEL_KEY_FILE].text, &channel.key);
	return channel;
}

static void check_double(struct settings *settings, struct config_node *node, const struct mesh_channel *channels,
			 size_t last)
{
	for (size_t i = 0; i < last; i++)
		if (channels[last].name[0] && strcmp(channels[i].name, channels[last].name) == 0)
			config_error(settings->config, node, "name", "is the name of number %zu of the list, too.",
				     i + 1);
}

static void read_channels(struct settings *settings, struct config_node *face)
{
	struct config *config = settings->config;
	struct mesh_channel *channels = config_keep(config, MESH_CHANNELS_MAX * sizeof(*channels));
	size_t count = 0;
	struct config_node *node = config_list(config, face, "channels");
	for (; node && channels; node = config_next(config, node)) {
		if (count == MESH_CHANNELS_MAX) {
			config_error(config, node, NULL, "more than %d channels. A node has no more.",
				     MESH_CHANNELS_MAX);
			break;
		}
		channels[count] = read_channel(settings, node);
		check_double(settings, node, channels, count);
		count++;
	}
	settings->mesh_face.channels = channels;
	settings->mesh_face.channel_count = count;
}

/* ---- what it needs, and what it must not have ---- */

/* The domain itself and all below it, also with the dot that ends a full name. */
static bool is_public(const char *host)
{
	size_t size = strlen(host), domain = strlen(PUBLIC_DOMAIN);
	while (size > 0 && host[size - 1] == '.')
		size--;
	return size >= domain && strncasecmp(host + size - domain, PUBLIC_DOMAIN, domain) == 0 &&
	       (size == domain || host[size - domain - 1] == '.');
}

static void check_brokers(struct settings *settings, struct config_node *root)
{
	struct config *config = settings->config;
	const struct uplink_settings *uplink = &settings->uplink;
	struct config_node *node = config_list(config, config_section(config, root, "uplink"), "brokers");
	for (size_t i = 0; node && i < uplink->broker_count; i++, node = config_next(config, node)) {
		const char *user = uplink->brokers[i].username;
		if (is_public(uplink->brokers[i].host))
			config_error(
			    config, node, "host",
			    "is Meshtastic's public broker, where all the world would read this base's traffic. Use a "
			    "broker of your own, or take mesh_face out.");
		else if (user && strcasecmp(user, PUBLIC_USER) == 0)
			config_error(
			    config, node, "username",
			    "is that of Meshtastic's public broker, which everybody knows. Use one of your own, or "
			    "take mesh_face out.");
	}
}

bool settings_is_mesh_radio(const struct settings *settings, size_t index)
{
	const struct radio_settings *radio = &settings->radios[index];
	return radio->enabled && radio->air && strcmp(radio->air->name, "meshtastic") == 0;
}

static bool has_radio(const struct settings *settings)
{
	for (size_t i = 0; i < settings->radio_count; i++)
		if (settings_is_mesh_radio(settings, i))
			return true;
	return false;
}

static void check_root(struct settings *settings, struct config_node *face, const char *root)
{
	size_t size = strlen(root);
	if (!root[0]) {
		config_error(settings->config, face, "root", "must be given: %s", mesh_face_keys[MESH_FACE_ROOT].help);
		return;
	}
	check_part(settings, face, "root", root, "+#");
	if (root[0] == '/' || root[0] == '$' || root[size - 1] == '/' || strstr(root, "//"))
		config_error(settings->config, face, "root", "must be levels joined by /, e.g. msh/EU_868.");
	if (strcmp(root, "cresset") == 0 || strncmp(root, "cresset/", 8) == 0)
		config_error(settings->config, face, "root", "must not be among the gateway's own topics.");
}

static void check_needs(struct settings *settings, struct config_node *face)
{
	struct config *config = settings->config;
	if (settings->mesh_face.channel_count == 0)
		config_error(config, face, "channels", "must be given: the channels that may go to the broker.");
	if (settings->uplink.broker_count == 0)
		config_error(config, face, "enabled", "needs a broker (uplink.brokers).");
	if (!has_radio(settings))
		config_error(config, face, "enabled", "needs a radio with 'air: meshtastic' that is enabled.");
}

void settings_read_mesh_face(struct settings *settings, struct config_node *root)
{
	union config_value values[MESH_FACE_KEYS];
	struct config *config = settings->config;
	struct config_node *face = config_section(config, root, "mesh_face");
	config_refuse(config, face, "json", "tools read the envelopes. Take this line out.");
	config_read(config, face, mesh_face_keys, MESH_FACE_KEYS, values);
	settings->mesh_face = (struct mesh_face_settings){
	    .enabled = values[MESH_FACE_ENABLED].flag,
	    .receive = values[MESH_FACE_RECEIVE].flag,
	    .clear = values[MESH_FACE_CLEAR].flag,
	    .root = values[MESH_FACE_ROOT].text,
	};
	read_channels(settings, face);
	if (!settings->mesh_face.enabled)
		return;
	if (settings->mesh_face.clear)
		config_warning(config, face, "clear",
			       "whoever may read these topics can read texts and positions without a key.");
	check_root(settings, face, settings->mesh_face.root);
	check_needs(settings, face);
	check_brokers(settings, root);
}
