/* The key file written: whole or not at all, readable by its owner alone. */
#include "gateway/keys_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

int keys_complain(const struct keys_complaint *complaint, const char *format, ...)
{
	char what[320];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	snprintf(complaint->text, complaint->size, "%s: %s", complaint->path, what);
	return -EINVAL;
}

static void write_hex(FILE *file, const char *member, const uint8_t *key, size_t size)
{
	fprintf(file, "\"%s\": \"", member);
	for (size_t i = 0; i < size; i++)
		fprintf(file, "%02x", key[i]);
	fputc('"', file);
}

static void write_station(FILE *file, const struct keys_station *station, bool last)
{
	fprintf(file, "    {\"station\": %u, \"epoch\": %u", station->station, station->epoch);
	if (station->revoked)
		fputs(", \"revoked\": true", file);
	if (station->has_key) {
		fputs(", ", file);
		write_hex(file, "key", station->key, KEYS_KEY_SIZE);
	}
	if (station->has_before) {
		fputs(", ", file);
		write_hex(file, "before", station->before, KEYS_KEY_SIZE);
	}
	fputs(last ? "}\n" : "},\n", file);
}

static void write_keys(FILE *file, const struct keys *keys)
{
	fputs("{\n  \"format\": \"" KEYS_FORMAT "\",\n", file);
	if (keys->has_master) {
		fputs("  ", file);
		write_hex(file, "master", keys->master, KEYS_MASTER_SIZE);
		fputs(",\n", file);
	}
	fputs("  \"stations\": [\n", file);
	for (size_t i = 0; i < keys->count; i++)
		write_station(file, &keys->stations[i], i + 1 == keys->count);
	fputs("  ]\n}\n", file);
}

/* Takes over the descriptor. */
static int write_file(const struct keys *keys, int fd)
{
	char buffer[4096];
	FILE *file = fdopen(fd, "w");
	if (!file) {
		close(fd);
		return -ENOMEM;
	}
	setvbuf(file, buffer, _IOFBF, sizeof(buffer)); /* of our own, so that it can be wiped */
	write_keys(file, keys);
	int error = fflush(file) != 0 || fsync(fd) != 0 ? -errno : 0;
	if (fclose(file) != 0 && error == 0)
		error = -errno;
	OPENSSL_cleanse(buffer, sizeof(buffer));
	return error;
}

/* Gives the finished file its name, for good only once the directory is on the disk. */
static int take_name(const char *temporary, const char *path, bool replace)
{
	char directory[1024];
	if (replace ? rename(temporary, path) != 0 : link(temporary, path) != 0)
		return -errno;
	snprintf(directory, sizeof(directory), "%s", path);
	char *slash = strrchr(directory, '/');
	if (slash)
		slash[slash == directory] = '\0';
	int fd = open(slash ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error = fd < 0 || fsync(fd) != 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	return error;
}

/* The service that reads the older file must be able to read the newer one, whoever replaced it. */
static int keep_owner(int fd, const char *path)
{
	struct stat status;
	if (stat(path, &status) != 0)
		return errno == ENOENT ? 0 : -errno;
	return fchown(fd, status.st_uid, status.st_gid) == 0 ? 0 : -errno;
}

static int save(const struct keys *keys, const char *path, bool replace)
{
	char temporary[1024];
	int size = snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
	if (size < 0 || (size_t)size >= sizeof(temporary))
		return -ENAMETOOLONG;
	int fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
	if (fd < 0)
		return -errno;
	int error = replace ? keep_owner(fd, path) : 0;
	if (error < 0)
		close(fd);
	else
		error = write_file(keys, fd);
	if (error == 0)
		error = take_name(temporary, path, replace);
	/* Renamed it is gone; linked, or failed, it is not wanted any more. */
	unlink(temporary);
	return error;
}

int keys_save(const struct keys *keys, const char *path, bool replace, char *error, size_t size)
{
	struct keys_complaint complaint = {path, error, size};
	int result = save(keys, path, replace);
	if (result == -EEXIST)
		keys_complain(&complaint, "is there already; a key file is never overwritten.");
	else if (result < 0)
		keys_complain(&complaint, "cannot be written: %s.", strerror(-result));
	return result;
}
