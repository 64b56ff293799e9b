/* Watches the key file by inotify; a thread of its own reads it, for a card may be slow. */
#include "gateway/keyring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>

#include "gateway/log.h"
#include "gateway/priorities.h"

enum {
	ERROR_MAX = 512,
	/* More changes than this are looked at a second later. */
	CHANGES_A_SECOND = 5,
};

/* One reading of the file; outlives the keyring if the disk hangs. */
struct reading {
	struct keyring *keyring;
	struct worker_job *job;
	char *path, *text;
	size_t size;
	char error[ERROR_MAX];
};

struct keyring {
	char *path;
	const char *name; /* in its directory */
	struct worker *worker;
	sd_event_source *source;
	struct keys *keys;
	struct reading *reading;
	bool again; /* it changed while it was read */
	char text[ERROR_MAX];
};

static void start_reading(struct keyring *keyring);

static void take(struct keyring *keyring, struct keys *keys, const char *error)
{
	snprintf(keyring->text, sizeof(keyring->text), "%s", keys ? "" : error);
	if (!keys) {
		log_error("keys: %s %s", error,
			  keyring->keys
			      ? "The keys read before stay in use."
			      : "Until it can be read (field.keys) no station is verified: distress is raised as "
				"UNVERIFIED, all else of theirs is dropped.");
		return;
	}
	log_notice("keys: %s read: %s, %zu stations in it", keyring->path,
		   keys_has_master(keys) ? "a master" : "derived keys", keys_count(keys));
	keys_free(keyring->keys);
	keyring->keys = keys;
}

static void reading_free(struct reading *reading)
{
	if (!reading)
		return;
	keys_free_text(reading->text, reading->size);
	free(reading->path);
	free(reading);
}

static void read_work(void *context)
{
	struct reading *reading = context;
	reading->text = keys_read(reading->path, &reading->size, reading->error, sizeof(reading->error));
}

static void read_done(void *context, bool abandoned)
{
	struct reading *reading = context;
	struct keyring *keyring = reading->keyring;
	if (!abandoned) {
		keyring->reading = NULL;
		take(keyring,
		     reading->text ? keys_parse(reading->path, reading->text, reading->size, reading->error,
						sizeof(reading->error))
				   : NULL,
		     reading->error);
		if (keyring->again)
			start_reading(keyring);
	}
	reading_free(reading);
}

static void start_reading(struct keyring *keyring)
{
	struct reading *reading = calloc(1, sizeof(*reading));
	keyring->again = false;
	if (reading) {
		reading->keyring = keyring;
		reading->path = strdup(keyring->path);
		reading->job = reading->path ? worker_start(keyring->worker, read_work, read_done, reading) : NULL;
	}
	if (reading && reading->job) {
		keyring->reading = reading;
		return;
	}
	reading_free(reading);
	log_error("keys: %s was changed and cannot be read for want of memory; restart the service", keyring->path);
}

static int on_change(sd_event_source *source, const struct inotify_event *event, void *context)
{
	(void)source;
	struct keyring *keyring = context;
	bool overflow = event->mask & IN_Q_OVERFLOW;
	if (!overflow && (event->len == 0 || strcmp(event->name, keyring->name) != 0))
		return 0;
	if (keyring->reading)
		keyring->again = true;
	else
		start_reading(keyring);
	return 0;
}

/* The directory and not the file, because a new file takes the name of the old one. */
static int watch(struct keyring *keyring, sd_event *event)
{
	const uint32_t changes = IN_MOVED_TO | IN_CLOSE_WRITE | IN_ATTRIB | IN_ONLYDIR;
	size_t size = (size_t)(keyring->name - keyring->path);
	char *directory = size ? strndup(keyring->path, size) : strdup("./");
	int error = directory ? sd_event_add_inotify(event, &keyring->source, directory, changes, on_change, keyring)
			      : -1;
	free(directory);
	if (error < 0)
		return error;
	sd_event_source_set_priority(keyring->source, PRIORITY_HOUSEKEEPING);
	sd_event_source_set_ratelimit(keyring->source, 1000000, CHANGES_A_SECOND);
	return 0;
}

struct keyring *keyring_new(const char *path, sd_event *event, struct worker *worker)
{
	char error[ERROR_MAX];
	struct keyring *keyring = calloc(1, sizeof(*keyring));
	if (!keyring)
		return NULL;
	keyring->worker = worker;
	keyring->path = strdup(path);
	if (!keyring->path) {
		free(keyring);
		return NULL;
	}
	const char *slash = strrchr(keyring->path, '/');
	keyring->name = slash ? slash + 1 : keyring->path;
	/* Watched before it is read, so that no change falls in between. */
	if (watch(keyring, event) < 0)
		log_warning("keys: %s cannot be watched; restart the service after every change of it", path);
	take(keyring, keys_load(path, error, sizeof(error)), error);
	return keyring;
}

void keyring_free(struct keyring *keyring)
{
	if (!keyring)
		return;
	if (keyring->reading)
		worker_abandon(keyring->reading->job);
	sd_event_source_disable_unref(keyring->source);
	keys_free(keyring->keys);
	free(keyring->path);
	free(keyring);
}

const char *keyring_text(const struct keyring *keyring)
{
	return keyring->text;
}

struct keys *keyring_keys(const struct keyring *keyring)
{
	return keyring ? keyring->keys : NULL;
}
