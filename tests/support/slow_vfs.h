/* A disk to be afraid of, under SQLite: slow to sync, full, failing, or losing what was never synced. For tests. */
#pragma once

#include <stdbool.h>

/* Puts itself in front of SQLite's default VFS, for the whole process, once. All knobs start harmless and may be turned at any
 * time from any thread. */
void slow_vfs_install(void);

/* Every sync takes this long. */
void slow_vfs_set_sync_ms(int sync_ms);
/* Every write, growing or not, says SQLITE_FULL. */
void slow_vfs_set_full(bool full);
/* Every sync fails with SQLITE_IOERR_FSYNC, after the bytes were written. */
void slow_vfs_set_sync_fails(bool fails);

/* Keeps beside each file a copy as of its last sync, for slow_vfs_power_cut. */
void slow_vfs_record_syncs(bool record);
/* Puts a database and its log back to their last synced state, as a power cut does to a disk with a cache that lies about
 * nothing. Nobody may have them open. */
void slow_vfs_power_cut(const char *path);
