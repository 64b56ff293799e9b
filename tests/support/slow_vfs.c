/* The test VFS: everything is passed on to the default one, writes and syncs with the faults that were asked for. */
#include "tests/support/slow_vfs.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct slow_file {
	_Alignas(8) sqlite3_file base;
	const char *name; /* NULL = temporary */
};

static sqlite3_vfs slow, *real_vfs;
static atomic_int sync_ms;
static atomic_bool full, sync_fails, record;

static sqlite3_file *real_file(sqlite3_file *file)
{
	return (sqlite3_file *)((struct slow_file *)file + 1);
}

static void copy_file(const char *from, const char *to)
{
	char part[700], bytes[65536];
	snprintf(part, sizeof(part), "%s.part", to);
	FILE *in = fopen(from, "rb"), *out = fopen(part, "wb");
	if (!in || !out)
		abort();
	for (size_t size; (size = fread(bytes, 1, sizeof(bytes), in)) > 0;)
		if (fwrite(bytes, 1, size, out) != size)
			abort();
	fclose(in);
	/* Whole or not at all, so that a kill in the middle of copying leaves the copy before. */
	if (fclose(out) != 0 || rename(part, to) != 0)
		abort();
}

static int slow_close(sqlite3_file *file)
{
	return real_file(file)->pMethods->xClose(real_file(file));
}

static int slow_read(sqlite3_file *file, void *bytes, int size, sqlite3_int64 offset)
{
	return real_file(file)->pMethods->xRead(real_file(file), bytes, size, offset);
}

static int slow_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
	return full ? SQLITE_FULL : real_file(file)->pMethods->xWrite(real_file(file), bytes, size, offset);
}

static int slow_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return real_file(file)->pMethods->xTruncate(real_file(file), size);
}

static int slow_sync(sqlite3_file *file, int flags)
{
	usleep((useconds_t)sync_ms * 1000);
	if (sync_fails)
		return SQLITE_IOERR_FSYNC;
	int rc = real_file(file)->pMethods->xSync(real_file(file), flags);
	const char *name = ((struct slow_file *)file)->name;
	if (rc == SQLITE_OK && record && name) {
		char synced[640];
		snprintf(synced, sizeof(synced), "%s.synced", name);
		copy_file(name, synced);
	}
	return rc;
}

static int slow_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return real_file(file)->pMethods->xFileSize(real_file(file), size);
}

static int slow_lock(sqlite3_file *file, int level)
{
	return real_file(file)->pMethods->xLock(real_file(file), level);
}

static int slow_unlock(sqlite3_file *file, int level)
{
	return real_file(file)->pMethods->xUnlock(real_file(file), level);
}

static int slow_check_lock(sqlite3_file *file, int *reserved)
{
	return real_file(file)->pMethods->xCheckReservedLock(real_file(file), reserved);
}

static int slow_control(sqlite3_file *file, int operation, void *argument)
{
	return real_file(file)->pMethods->xFileControl(real_file(file), operation, argument);
}

static int slow_sector(sqlite3_file *file)
{
	return real_file(file)->pMethods->xSectorSize(real_file(file));
}

static int slow_traits(sqlite3_file *file)
{
	return real_file(file)->pMethods->xDeviceCharacteristics(real_file(file));
}

static const sqlite3_io_methods slow_methods = {
    .iVersion = 1,
    .xClose = slow_close,
    .xRead = slow_read,
    .xWrite = slow_write,
    .xTruncate = slow_truncate,
    .xSync = slow_sync,
    .xFileSize = slow_size,
    .xLock = slow_lock,
    .xUnlock = slow_unlock,
    .xCheckReservedLock = slow_check_lock,
    .xFileControl = slow_control,
    .xSectorSize = slow_sector,
    .xDeviceCharacteristics = slow_traits,
};

static int slow_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *flags_out)
{
	(void)vfs;
	real_file(file)->pMethods = NULL;
	((struct slow_file *)file)->name = name;
	int rc = real_vfs->xOpen(real_vfs, name, real_file(file), flags, flags_out);
	file->pMethods = real_file(file)->pMethods ? &slow_methods : NULL;
	return rc;
}

void slow_vfs_install(void)
{
	if (real_vfs)
		return;
	real_vfs = sqlite3_vfs_find(NULL);
	slow = *real_vfs;
	slow.zName = "slow";
	slow.pNext = NULL;
	slow.szOsFile = (int)sizeof(struct slow_file) + real_vfs->szOsFile;
	slow.xOpen = slow_open;
	if (sqlite3_vfs_register(&slow, 1) != SQLITE_OK)
		abort();
}

void slow_vfs_set_sync_ms(int ms)
{
	sync_ms = ms;
}

void slow_vfs_set_full(bool is_full)
{
	full = is_full;
}

void slow_vfs_set_sync_fails(bool fails)
{
	sync_fails = fails;
}

void slow_vfs_record_syncs(bool on)
{
	record = on;
}

static void put_back(const char *path)
{
	char synced[640];
	snprintf(synced, sizeof(synced), "%s.synced", path);
	unlink(path);
	if (access(synced, F_OK) == 0)
		copy_file(synced, path);
}

void slow_vfs_power_cut(const char *path)
{
	char log[512];
	snprintf(log, sizeof(log), "%s-wal", path);
	put_back(path);
	put_back(log);
}
