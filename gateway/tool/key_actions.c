/* cresset key: what is asked of the key file. */
#include "gateway/tool/key_actions.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "gateway/tool/key_qr.h"
#include "gateway/tool/table.h"
#include "gateway/tool/text.h"
#include "gateway/tool/tool.h"

enum { LINE_MAX_SIZE = 64 };

/* ---- what all do ---- */

/* Held while a file is read, changed and replaced, so that of two people who change it nobody undoes the other's work. */
static int lock_directory(const char *file)
{
	char *directory = strdup(file), *slash = directory ? strrchr(directory, '/') : NULL;
	if (slash)
		slash[slash == directory] = '\0';
	int fd = directory ? open(slash ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	free(directory);
	if (fd >= 0)
		flock(fd, LOCK_EX); /* where it cannot be had, as on some network disks, it works without */
	return fd;
}

static void unlock(int fd)
{
	if (fd >= 0)
		close(fd);
}

static struct keys *load(struct key_options *options)
{
	struct keys *keys = keys_load(options->file, options->error, sizeof(options->error));
	if (!keys)
		tool_complain("%s", options->error);
	return keys;
}

static int save(struct key_options *options, const struct keys *keys, const char *path, bool replace)
{
	if (keys_save(keys, path, replace, options->error, sizeof(options->error)) == 0)
		return TOOL_OK;
	tool_complain("%s", options->error);
	return TOOL_REFUSED;
}

/* "station 17" or "the group". */
static const char *station_name(int station, char *buffer, size_t size)
{
	if (station == KEYS_GROUP)
		return "the group";
	snprintf(buffer, size, "station %d", station);
	return buffer;
}

static int refuse_change(const struct key_options *options, int error)
{
	char name[LINE_MAX_SIZE];
	const char *station = station_name(options->station, name, sizeof(name));
	switch (error) {
	case -ENOKEY:
		tool_complain(
		    "%s: holds no master. Change the file with the master, and export this one from it again.",
		    options->file);
		break;
	case -EALREADY:
		tool_complain("%s: %s is revoked already.", options->file, station);
		break;
	case -EOVERFLOW:
		tool_complain("%s: epoch 255 of %s was the last. A new master is needed, and with it new keys for all.",
			      options->file, station);
		break;
	default:
		tool_complain("%s: has no room for more than %d stations whose key was changed.", options->file,
			      KEYS_STATIONS_MAX);
	}
	return TOOL_REFUSED;
}

static void print_object(json_t *object)
{
	text_print_json(stdout, object);
	json_decref(object);
}

/* ---- make, list ---- */

int key_make(struct key_options *options)
{
	struct keys *keys = keys_new_master();
	if (!keys) {
		tool_complain("out of memory, or no random numbers to be had");
		return TOOL_REFUSED;
	}
	int result = save(options, keys, options->file, false);
	keys_free(keys);
	if (result == TOOL_OK && tool_options.json)
		print_object(json_pack("{s:s}", "file", options->file));
	else if (result == TOOL_OK)
		printf(
		    "%s: a new master. Keep a copy in another place, as secret as this one: without it no station can "
		    "be given a key.\n",
		    options->file);
	return result;
}

static json_t *rows_of(const struct keys *keys)
{
	json_t *rows = json_array();
	for (size_t i = 0; i < keys_count(keys); i++) {
		struct keys_entry entry = keys_entry(keys, i);
		json_array_append_new(rows, json_pack("{s:i,s:i,s:b,s:b,s:s}", "station", entry.station, "epoch",
						      entry.epoch, "revoked", entry.revoked, "before", entry.has_before,
						      "state", entry.revoked ? "revoked" : "in use"));
	}
	return rows;
}

/* As --station takes it. */
static void name_stations(json_t *rows)
{
	size_t i;
	json_t *row;
	json_array_foreach(rows, i, row)
	{
		json_int_t station = json_integer_value(json_object_get(row, "station"));
		json_object_set_new(row, "station",
				    station == KEYS_GROUP ? json_string("group")
							  : json_sprintf("%" JSON_INTEGER_FORMAT, station));
	}
}

static void print_list(const struct key_options *options, const struct keys *keys, json_t *rows)
{
	static const struct table_column columns[] = {
	    {"STATION", "station", TABLE_TEXT}, {"EPOCH", "epoch", TABLE_COUNT}, {"STATE", "state", TABLE_TEXT}};
	printf("%s: %s\n", options->file,
	       keys_has_master(keys) ? "a master; stations that are not listed are at epoch 0"
				     : "derived keys of these stations, no master");
	name_stations(rows);
	table_print(stdout, rows, columns, sizeof(columns) / sizeof(columns[0]), 0);
}

int key_list(struct key_options *options)
{
	struct keys *keys = load(options);
	if (!keys)
		return TOOL_REFUSED;
	json_t *rows = rows_of(keys);
	if (tool_options.json)
		print_object(json_pack("{s:s,s:b,s:O}", "file", options->file, "master", keys_has_master(keys),
				       "stations", rows));
	else
		print_list(options, keys, rows);
	json_decref(rows);
	keys_free(keys);
	return TOOL_OK;
}

/* ---- derive ---- */

static void print_key(const struct key_options *options, unsigned epoch, const uint8_t *key)
{
	char hex[2 * KEYS_KEY_SIZE + 1], line[LINE_MAX_SIZE];
	for (size_t i = 0; i < KEYS_KEY_SIZE; i++)
		snprintf(hex + 2 * i, 3, "%02X", key[i]);
	snprintf(line, sizeof(line), "CRESSET1:%d:%u:%s", options->station, epoch, hex);
	if (tool_options.json) {
		print_object(json_pack("{s:i,s:i,s:s,s:s}", "station", options->station, "epoch", (int)epoch, "key",
				       hex, "line", line));
	} else {
		printf("station %d\nepoch   %u\nkey     %s\nline    %s\n", options->station, epoch, hex, line);
		if (options->qr && !key_qr_print(stdout, line, isatty(STDOUT_FILENO)))
			tool_complain("out of memory for the QR code");
	}
	explicit_bzero(hex, sizeof(hex));
	explicit_bzero(line, sizeof(line));
}

static int derive(struct key_options *options, struct keys *keys)
{
	uint8_t key[KEYS_KEY_SIZE];
	char name[LINE_MAX_SIZE];
	struct keys_entry entry = {0};
	const char *station = station_name(options->station, name, sizeof(name));
	bool found = keys_find(keys, (uint16_t)options->station, &entry) == 0;
	int epoch = options->epoch < 0 ? entry.epoch : options->epoch;
	if (found && entry.revoked && epoch == entry.epoch) {
		tool_complain("%s: %s is revoked. cresset key rotate gives it a new key.", options->file, station);
		return TOOL_REFUSED;
	}
	if (!found || keys_derive(keys, (uint16_t)options->station, (uint8_t)epoch, key) < 0) {
		tool_complain("%s: holds no key of %s in epoch %d, and no master to make it from.", options->file,
			      station, epoch);
		return TOOL_REFUSED;
	}
	print_key(options, (unsigned)epoch, key);
	explicit_bzero(key, sizeof(key));
	return TOOL_OK;
}

int key_derive(struct key_options *options)
{
	struct keys *keys = load(options);
	int result = keys ? derive(options, keys) : TOOL_REFUSED;
	keys_free(keys);
	return result;
}

/* ---- rotate, revoke ---- */

static void say_changed(const struct key_options *options, const struct keys *keys)
{
	char name[LINE_MAX_SIZE];
	struct keys_entry entry = {0};
	keys_find(keys, (uint16_t)options->station, &entry);
	if (tool_options.json) {
		print_object(json_pack("{s:i,s:i,s:b}", "station", options->station, "epoch", entry.epoch, "revoked",
				       entry.revoked));
		return;
	}
	printf("%s: %s is %s epoch %d now. ", options->file, station_name(options->station, name, sizeof(name)),
	       entry.revoked ? "revoked, and at" : "at", entry.epoch);
	puts(entry.revoked
		 ? "What is sent with its old key is marked SUSPECT; a replacement gets its key after: cresset key "
		   "rotate"
		 : "Its new key: cresset key derive. What is sent with the old one is marked SUSPECT until then.");
}

static int change(struct key_options *options, int (*how)(struct keys *keys, uint16_t station))
{
	int lock = lock_directory(options->file), result = TOOL_REFUSED;
	struct keys *keys = load(options);
	int error = keys ? how(keys, (uint16_t)options->station) : 0;
	if (error < 0)
		refuse_change(options, error);
	else if (keys)
		result = save(options, keys, options->file, true);
	if (result == TOOL_OK)
		say_changed(options, keys);
	keys_free(keys);
	unlock(lock);
	return result;
}

int key_rotate(struct key_options *options)
{
	return change(options, keys_rotate);
}

int key_revoke(struct key_options *options)
{
	return change(options, keys_revoke);
}

/* ---- export ---- */

/* A file with a master, or one that is something else, is not given up for derived keys. */
static bool may_replace(struct key_options *options)
{
	if (access(options->out, F_OK) != 0)
		return true;
	struct keys *older = keys_load(options->out, options->error, sizeof(options->error));
	bool may = older && !keys_has_master(older);
	if (!may)
		tool_complain("%s: is there already and no file of derived keys alone; it is not replaced.",
			      options->out);
	keys_free(older);
	return may;
}

static int export_to(struct key_options *options, struct keys *keys)
{
	int missing;
	char name[LINE_MAX_SIZE];
	struct keys *copy = keys_export(keys, options->stations, options->station_count, &missing);
	int result = copy && may_replace(options) ? save(options, copy, options->out, true) : TOOL_REFUSED;
	if (!copy && missing < 0)
		tool_complain("out of memory");
	else if (!copy)
		tool_complain("%s: holds no key of %s.", options->file, station_name(missing, name, sizeof(name)));
	keys_free(copy);
	if (result == TOOL_OK && tool_options.json)
		print_object(json_pack("{s:s,s:i}", "file", options->out, "stations", (int)options->station_count));
	else if (result == TOOL_OK)
		printf("%s: the derived keys of %zu stations, no master. Export again after every change of %s.\n",
		       options->out, options->station_count, options->file);
	return result;
}

int key_export(struct key_options *options)
{
	int lock = lock_directory(options->out);
	struct keys *keys = load(options);
	int result = keys ? export_to(options, keys) : TOOL_REFUSED;
	keys_free(keys);
	unlock(lock);
	return result;
}
