/* The uplink's settings: brokers, their certificates and passwords. */
#include "gateway/settings_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECRET_MAX = 1024 };

static const char *none_if_empty(const char *text)
{
	return text[0] ? text : NULL;
}

static void check_file(struct settings *settings, const struct config_node *node, const char *key, const char *path)
{
	settings_check_absolute(settings, node, key, path);
	if (path[0] == '/' && access(path, R_OK) != 0)
		config_error(settings->config, node, key, "'%.200s' cannot be read: %s.", path, strerror(errno));
}

static void check_tls(struct settings *settings, const struct config_node *node, const union config_value *values)
{
	static const int files[] = {BROKER_CA_FILE, BROKER_CERTIFICATE_FILE, BROKER_KEY_FILE};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		const char *key = broker_keys[files[i]].name, *path = values[files[i]].text;
		check_file(settings, node, key, path);
		if (path[0] && !values[BROKER_TLS].flag)
			config_error(settings->config, node, key, "has no use without 'tls: true'.");
	}
	bool certificate = values[BROKER_CERTIFICATE_FILE].text[0], key = values[BROKER_KEY_FILE].text[0];
	if (certificate && !key)
		config_error(settings->config, node, "certificate_file", "needs key_file beside it.");
	if (key && !certificate)
		config_error(settings->config, node, "key_file", "needs certificate_file beside it.");
}

/* Opens the file with a secret only if it is one that not everybody may read. */
static int open_secret(struct settings *settings, const struct config_node *node, const char *key, const char *path)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &status) != 0) {
		config_error(settings->config, node, key, "'%.200s' cannot be read: %s.", path, strerror(errno));
	} else if (!S_ISREG(status.st_mode)) {
		config_error(settings->config, node, key, "'%.200s' is not a file.", path);
	} else if (status.st_mode & S_IRWXO) {
		config_error(settings->config, node, key,
			     "everybody on this machine can get at '%.200s'. Run: chmod o= on it.", path);
	} else {
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

const char *settings_read_secret(struct settings *settings, const struct config_node *node, const char *key,
				 const char *path, const char *what)
{
	char secret[SECRET_MAX + 1];
	int fd = open_secret(settings, node, key, path);
	if (fd < 0)
		return NULL;
	ssize_t size = read(fd, secret, sizeof(secret));
	close(fd);
	while (size > 0 && (secret[size - 1] == '\n' || secret[size - 1] == '\r'))
		size--;
	const char *text = NULL;
	if (size <= 0 || size > SECRET_MAX || memchr(secret, '\0', (size_t)size))
		config_error(settings->config, node, key, "'%.200s' must hold %s and nothing else, at most %d bytes.",
			     path, what, SECRET_MAX);
	else
		text = settings_text(settings, "%.*s", (int)size, secret);
	explicit_bzero(secret, sizeof(secret));
	return text;
}

static const char *check_password(struct settings *settings, const struct config_node *node,
				  const union config_value *values)
{
	const char *path = values[BROKER_PASSWORD_FILE].text;
	bool user = values[BROKER_USERNAME].text[0];
	if (user && !path[0])
		config_error(settings->config, node, "username", "needs password_file beside it.");
	if (!user && path[0])
		config_error(settings->config, node, "password_file", "needs username beside it.");
	settings_check_absolute(settings, node, "password_file", path);
	return path[0] == '/' ? settings_read_secret(settings, node, "password_file", path, "the password") : NULL;
}

static void refuse(struct settings *settings, struct config_node *node)
{
	config_refuse(
	    settings->config, node, "password",
	    "a password does not stand in this file. Write it to a file of its own and name that in password_file.");
	config_refuse(settings->config, node, "insecure",
		      "the broker's certificate is always checked. Give its ca_file.");
}

/* One colon is name:port or address:port; an IPv6 address has two at least. */
static bool names_a_port(const char *host)
{
	const char *colon = strchr(host, ':');
	return colon && !strchr(colon + 1, ':');
}

static struct uplink_broker read_broker(struct settings *settings, struct config_node *node)
{
	union config_value values[BROKER_KEYS];
	refuse(settings, node);
	config_read(settings->config, node, broker_keys, BROKER_KEYS, values);
	bool tls = values[BROKER_TLS].flag;
	if (strpbrk(values[BROKER_HOST].text, "/@ ") || names_a_port(values[BROKER_HOST].text))
		config_error(settings->config, node, "host",
			     "must be a name or address alone. Port and tls have keys of "
			     "their own.");
	check_tls(settings, node, values);
	bool port_given = config_has(node, "port");
	return (struct uplink_broker){
	    .host = values[BROKER_HOST].text,
	    .port = tls && !port_given ? 8883 : (uint16_t)values[BROKER_PORT].integer,
	    .tls = tls,
	    .ca_file = none_if_empty(values[BROKER_CA_FILE].text),
	    .certificate_file = none_if_empty(values[BROKER_CERTIFICATE_FILE].text),
	    .key_file = none_if_empty(values[BROKER_KEY_FILE].text),
	    .username = none_if_empty(values[BROKER_USERNAME].text),
	    .password = check_password(settings, node, values),
	};
}

/* A broker that stands there twice would be "better" than itself. */
static void check_double(struct settings *settings, const struct config_node *node, const struct uplink_broker *brokers,
			 size_t last)
{
	for (size_t i = 0; i < last; i++)
		if (strcasecmp(brokers[i].host, brokers[last].host) == 0 && brokers[i].port == brokers[last].port &&
		    brokers[i].host[0])
			config_error(settings->config, node, "host", "is the same broker as number %zu of the list.",
				     i + 1);
}

static void read_brokers(struct settings *settings, struct config_node *uplink)
{
	enum { BROKERS_MAX = 16 };
	struct config *config = settings->config;
	struct uplink_broker *brokers = config_keep(config, BROKERS_MAX * sizeof(*brokers));
	size_t count = 0, errors = config_error_count(config);
	struct config_node *node = config_list(config, uplink, "brokers");
	for (; node && brokers; node = config_next(config, node)) {
		if (count == BROKERS_MAX) {
			config_error(config, node, NULL, "more than %d brokers. Keep the best.", BROKERS_MAX);
			break;
		}
		brokers[count] = read_broker(settings, node);
		check_double(settings, node, brokers, count);
		count++;
	}
	if (count == 0 && config_error_count(config) == errors)
		config_warning(config, uplink, "brokers", "there is none: messages are only stored on this machine.");
	settings->uplink.brokers = brokers;
	settings->uplink.broker_count = count;
}

void settings_read_uplink(struct settings *settings, struct config_node *root)
{
	union config_value values[UPLINK_KEYS];
	struct config *config = settings->config;
	struct config_node *node = config_section(config, root, "uplink");
	config_refuse(config, node, "retain", "messages are never retained. Take this line out.");
	config_refuse(config, node, "qos", "everything is sent with QoS 1. Take this line out.");
	config_read(config, node, uplink_keys, UPLINK_KEYS, values);
	const char *name = settings->gateway.name, *client_id = values[UPLINK_CLIENT_ID].text;
	settings->uplink = (struct uplink_settings){
	    .client_id = client_id[0] ? client_id : settings_text(settings, "cresset-%s", name),
	    .topic_prefix = settings_text(settings, "cresset/v1/%s/", settings->gateway.operation),
	    .gateway = name,
	    .state_topic = settings_text(settings, "gw/%s/state", name),
	    .down_topic = settings_text(settings, "gw/%s/down", name),
	    .keepalive_ms = values[UPLINK_KEEPALIVE].integer,
	    .connect_timeout_ms = values[UPLINK_CONNECT_TIMEOUT].integer,
	    .session_expiry_ms = values[UPLINK_SESSION_EXPIRY].integer,
	    .back_to_better_ms = values[UPLINK_BACK_TO_BETTER].integer,
	    .bulk_rate_max_bps = (uint64_t)values[UPLINK_BULK_RATE_MAX].integer,
	};
	read_brokers(settings, node);
}
