/* The key file: JSON with either the master and the stations whose epoch was raised, or the derived keys of some stations.
 *
 *   {"format": "cresset keys 1", "master": "<64 hex digits>", "stations": [{"station": 17, "epoch": 1, "revoked": true}]}
 *   {"format": "cresset keys 1", "stations": [{"station": 17, "epoch": 1, "key": "<32 hex digits>", "before": "<32>"}]}
 */
#include "gateway/keys_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>
#include <openssl/crypto.h>

/* ---- JSON that leaves nothing behind ---- */

static void *plain_malloc(size_t size)
{
	return malloc(size);
}

static void wiping_free(void *memory)
{
	if (memory)
		OPENSSL_cleanse(memory, malloc_usable_size(memory));
	free(memory);
}

/* ---- members ---- */

/* "stations[3].epoch", with the stations counted from 1. */
struct place {
	const struct keys_complaint *complaint;
	size_t number;
};

static int complain_member(const struct place *place, const char *member, const char *what)
{
	if (place->number == 0)
		return keys_complain(place->complaint, "%s: %s", member, what);
	return keys_complain(place->complaint, "stations[%zu].%s: %s", place->number, member, what);
}

static int read_number(const struct place *place, const json_t *object, const char *member, int max, int *value)
{
	char what[64];
	const json_t *number = json_object_get(object, member);
	json_int_t given = json_integer_value(number);
	if (json_is_integer(number) && given >= 0 && given <= max) {
		*value = (int)given;
		return 0;
	}
	snprintf(what, sizeof(what), "must be a whole number from 0 to %d.", max);
	return complain_member(place, member, what);
}

/* Hex digits in either case, exactly as many as the key has. Without it *given is false. */
static int read_key(const struct place *place, const json_t *object, const char *member, uint8_t *key, size_t size,
		    bool *given)
{
	char what[64];
	const json_t *text = json_object_get(object, member);
	size_t found = 0;
	*given = text != NULL;
	if (!text)
		return 0;
	/* json_string_value gives NULL for what is no string; strspn keeps signs and blanks out, which OpenSSL might take. */
	const char *digits = json_string_value(text);
	if (digits && json_string_length(text) == 2 * size && strspn(digits, "0123456789abcdefABCDEF") == 2 * size &&
	    OPENSSL_hexstr2buf_ex(key, size, &found, digits, '\0') == 1 && found == size)
		return 0;
	snprintf(what, sizeof(what), "must be %zu hex digits.", 2 * size);
	return complain_member(place, member, what);
}

static int read_flag(const struct place *place, const json_t *object, const char *member, bool *flag)
{
	const json_t *value = json_object_get(object, member);
	*flag = json_is_true(value);
	return !value || json_is_boolean(value) ? 0 : complain_member(place, member, "must be true or false.");
}

/* The name of a wrong member is not said: in a file that went wrong it may be anything, a key too. */
static int check_known(const struct place *place, json_t *object, const char *const *known)
{
	const char *name;
	json_t *value;
	json_object_foreach(object, name, value)
	{
		size_t i = 0;
		while (known[i] && strcmp(known[i], name) != 0)
			i++;
		if (known[i])
			continue;
		if (place->number == 0)
			return keys_complain(place->complaint, "has a member that is not format, master or stations.");
		return keys_complain(place->complaint,
				     "stations[%zu] has a member that is not station, epoch, revoked, key or before.",
				     place->number);
	}
	return 0;
}

/* ---- stations ---- */

static int read_derived(const struct place *place, const json_t *object, bool has_master, struct keys_station *station)
{
	int error = read_key(place, object, "key", station->key, KEYS_KEY_SIZE, &station->has_key);
	if (error == 0)
		error = read_key(place, object, "before", station->before, KEYS_KEY_SIZE, &station->has_before);
	if (error < 0)
		return error;
	if (has_master && (station->has_key || station->has_before))
		return complain_member(place, station->has_key ? "key" : "before",
				       "a file with a master has no derived keys.");
	if (!has_master && !station->has_key)
		return complain_member(place, "key", "is missing: in a file without master every station has one.");
	if (station->has_before && station->epoch == 0)
		return complain_member(place, "before", "there is no epoch before 0.");
	return 0;
}

static int read_station(const struct place *place, json_t *object, struct keys *keys)
{
	static const char *const known[] = {"station", "epoch", "revoked", "key", "before", NULL};
	int number = 0, epoch = 0;
	if (!json_is_object(object))
		return keys_complain(place->complaint, "stations[%zu]: must be an object.", place->number);
	int error = check_known(place, object, known);
	if (error == 0)
		error = read_number(place, object, "station", UINT16_MAX, &number);
	if (error == 0)
		error = read_number(place, object, "epoch", KEYS_EPOCH_MAX, &epoch);
	if (error < 0)
		return error;
	if (keys_station(keys, (uint16_t)number))
		return complain_member(place, "station", "stands in the file twice.");
	struct keys_station *station = keys_add_station(keys, (uint16_t)number);
	if (!station)
		return keys_complain(place->complaint, "has more than %d stations.", KEYS_STATIONS_MAX);
	station->epoch = (uint8_t)epoch;
	error = read_flag(place, object, "revoked", &station->revoked);
	return error < 0 ? error : read_derived(place, object, keys->has_master, station);
}

static int read_stations(const struct keys_complaint *complaint, const json_t *root, struct keys *keys)
{
	size_t index;
	json_t *object;
	const json_t *stations = json_object_get(root, "stations");
	if (!stations && !keys->has_master)
		return keys_complain(complaint, "has neither master nor stations.");
	if (stations && !json_is_array(stations))
		return keys_complain(complaint, "stations: must be a list.");
	json_array_foreach(stations, index, object)
	{
		struct place place = {complaint, index + 1};
		int error = read_station(&place, object, keys);
		if (error < 0)
			return error;
	}
	return 0;
}

static int read_root(const struct keys_complaint *complaint, json_t *root, struct keys *keys)
{
	static const char *const known[] = {"format", "master", "stations", NULL};
	static const uint8_t nothing[KEYS_MASTER_SIZE];
	struct place top = {complaint, 0};
	if (!json_is_object(root))
		return keys_complain(complaint, "must be an object.");
	const char *format = json_string_value(json_object_get(root, "format"));
	if (!format || strcmp(format, KEYS_FORMAT) != 0)
		return complain_member(&top, "format",
				       "must be \"" KEYS_FORMAT "\"; this is no key file, or one of a newer version.");
	int error = check_known(&top, root, known);
	if (error == 0)
		error = read_key(&top, root, "master", keys->master, KEYS_MASTER_SIZE, &keys->has_master);
	if (error == 0 && keys->has_master && CRYPTO_memcmp(keys->master, nothing, KEYS_MASTER_SIZE) == 0)
		error = complain_member(&top, "master", "is all zeros. Make one with: cresset key make");
	return error < 0 ? error : read_stations(complaint, root, keys);
}

static int parse(const struct keys_complaint *complaint, const char *text, size_t size, struct keys *keys)
{
	json_error_t fault;
	json_malloc_t malloc_before;
	json_free_t free_before;
	json_get_alloc_funcs(&malloc_before, &free_before);
	json_set_alloc_funcs(plain_malloc, wiping_free);
	json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &fault);
	/* Of the fault only the place: its text quotes the file. */
	int error = root ? read_root(complaint, root, keys)
			 : keys_complain(complaint, "line %d, column %d: not JSON, or a member twice.", fault.line,
					 fault.column);
	json_decref(root);
	json_set_alloc_funcs(malloc_before, free_before);
	OPENSSL_cleanse(&fault, sizeof(fault));
	return error;
}

struct keys *keys_parse(const char *path, const char *text, size_t text_size, char *error, size_t size)
{
	struct keys_complaint complaint = {path, error, size};
	struct keys *keys = keys_new();
	if (!keys)
		keys_complain(&complaint, "out of memory, or this OpenSSL has no AES-CCM and HKDF.");
	else if (parse(&complaint, text, text_size, keys) == 0)
		return keys;
	keys_free(keys);
	return NULL;
}

/* ---- reading ---- */

static int check_file(const struct keys_complaint *complaint, int fd, const struct stat *status)
{
	if (fd < 0)
		return keys_complain(complaint, "cannot be read: %s.", strerror(errno));
	if (!S_ISREG(status->st_mode))
		return keys_complain(complaint, "is not a file.");
	if (status->st_mode & (S_IRWXG | S_IRWXO))
		return keys_complain(
		    complaint,
		    "others on this machine may get at it (mode %04o). Run: chmod 600 on it; if it lay open "
		    "where strangers could read it, make a new one.",
		    status->st_mode & 07777);
	if (status->st_size > KEYS_FILE_MAX)
		return keys_complain(complaint, "is longer than %d bytes.", KEYS_FILE_MAX);
	return 0;
}

static char *read_all(const struct keys_complaint *complaint, int fd, size_t room, size_t *text_size)
{
	char *text = malloc(room + 1);
	ssize_t got = 0;
	*text_size = 0;
	while (text && *text_size < room && (got = read(fd, text + *text_size, room - *text_size)) > 0)
		*text_size += (size_t)got;
	if (text && got >= 0)
		return text;
	keys_complain(complaint, "cannot be read: %s.", text ? strerror(errno) : "out of memory");
	keys_free_text(text, *text_size);
	return NULL;
}

char *keys_read(const char *path, size_t *text_size, char *error, size_t size)
{
	struct keys_complaint complaint = {path, error, size};
	struct stat status = {0};
	char *text = NULL;
	/* Without waiting, so that a pipe of that name holds up nobody. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && fstat(fd, &status) != 0) {
		close(fd);
		fd = -1;
	}
	if (check_file(&complaint, fd, &status) == 0)
		text = read_all(&complaint, fd, (size_t)status.st_size, text_size);
	if (fd >= 0)
		close(fd);
	return text;
}

void keys_free_text(char *text, size_t text_size)
{
	if (text)
		OPENSSL_cleanse(text, text_size);
	free(text);
}

struct keys *keys_load(const char *path, char *error, size_t size)
{
	size_t text_size;
	char *text = keys_read(path, &text_size, error, size);
	struct keys *keys = text ? keys_parse(path, text, text_size, error, size) : NULL;
	keys_free_text(text, text ? text_size : 0);
	return keys;
}
