/* A thin layer under SQLite that counts the bytes handed to the disk: database, log and journal alike. */
#include "gateway/store_internal.h"

#include <stdlib.h>
#include <stdio.h>

struct store_vfs {
	sqlite3_vfs base; /* first, so that SQLite's pointer is ours */
	sqlite3_vfs *real;
	uint64_t written;
	char name[40];
};

/* The real file follows directly behind, aligned for whatever it holds. */
struct counted_file {
	_Alignas(8) sqlite3_file base;
	struct store_vfs *vfs;
};

static sqlite3_file *real_file(sqlite3_file *file)
{
	return (sqlite3_file *)((struct counted_file *)file + 1);
}

static int counted_close(sqlite3_file *file)
{
	return real_file(file)->pMethods->xClose(real_file(file));
}

static int counted_read(sqlite3_file *file, void *bytes, int size, sqlite3_int64 offset)
{
	return real_file(file)->pMethods->xRead(real_file(file), bytes, size, offset);
}

static int counted_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
	((struct counted_file *)file)->vfs->written += (uint64_t)size;
	return real_file(file)->pMethods->xWrite(real_file(file), bytes, size, offset);
}

static int counted_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return real_file(file)->pMethods->xTruncate(real_file(file), size);
}

static int counted_sync(sqlite3_file *file, int flags)
{
	return real_file(file)->pMethods->xSync(real_file(file), flags);
}

static int counted_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return real_file(file)->pMethods->xFileSize(real_file(file), size);
}

static int counted_lock(sqlite3_file *file, int level)
{
	return real_file(file)->pMethods->xLock(real_file(file), level);
}

static int counted_unlock(sqlite3_file *file, int level)
{
	return real_file(file)->pMethods->xUnlock(real_file(file), level);
}

static int counted_check_lock(sqlite3_file *file, int *reserved)
{
	return real_file(file)->pMethods->xCheckReservedLock(real_file(file), reserved);
}

static int counted_control(sqlite3_file *file, int operation, void *argument)
{
	return real_file(file)->pMethods->xFileControl(real_file(file), operation, argument);
}

static int counted_sector(sqlite3_file *file)
{
	return real_file(file)->pMethods->xSectorSize(real_file(file));
}

static int counted_traits(sqlite3_file *file)
{
	return real_file(file)->pMethods->xDeviceCharacteristics(real_file(file));
}

/* Version 1: without shared memory, which exclusive locking does not need, and without mapped pages. */
static const sqlite3_io_methods counted_methods = {
    .iVersion = 1,
    .xClose = counted_close,
    .xRead = counted_read,
    .xWrite = counted_write,
    .xTruncate = counted_truncate,
    .xSync = counted_sync,
    .xFileSize = counted_size,
    .xLock = counted_lock,
    .xUnlock = counted_unlock,
    .xCheckReservedLock = counted_check_lock,
    .xFileControl = counted_control,
    .xSectorSize = counted_sector,
    .xDeviceCharacteristics = counted_traits,
};

static int counted_open(sqlite3_vfs *base, const char *name, sqlite3_file *file, int flags, int *flags_out)
{
	struct store_vfs *vfs = (struct store_vfs *)base;
	struct counted_file *counted = (struct counted_file *)file;
	counted->vfs = vfs;
	real_file(file)->pMethods = NULL;
	int rc = vfs->real->xOpen(vfs->real, name, real_file(file), flags, flags_out);
	/* A real file with methods wants xClose even when opening it failed. */
	counted->base.pMethods = real_file(file)->pMethods ? &counted_methods : NULL;
	return rc;
}

struct store_vfs *store_vfs_new(void)
{
	struct store_vfs *vfs = calloc(1, sizeof(*vfs));
	if (!vfs || !(vfs->real = sqlite3_vfs_find(NULL))) {
		free(vfs);
		return NULL;
	}
	/* Everything but opening stays as it is: the copied methods find what they need in the copied pAppData. */
	vfs->base = *vfs->real;
	snprintf(vfs->name, sizeof(vfs->name), "counted-%p", (void *)vfs);
	vfs->base.zName = vfs->name;
	vfs->base.pNext = NULL;
	vfs->base.szOsFile = (int)sizeof(struct counted_file) + vfs->real->szOsFile;
	vfs->base.xOpen = counted_open;
	if (sqlite3_vfs_register(&vfs->base, 0) != SQLITE_OK) {
		free(vfs);
		return NULL;
	}
	return vfs;
}

void store_vfs_free(struct store_vfs *vfs)
{
	if (!vfs)
		return;
	sqlite3_vfs_unregister(&vfs->base);
	free(vfs);
}

const char *store_vfs_name(const struct store_vfs *vfs)
{
	return vfs->name;
}

uint64_t store_vfs_written(const struct store_vfs *vfs)
{
	return vfs->written;
}
