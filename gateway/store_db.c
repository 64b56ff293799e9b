/* The thread's side of the store: reads the file once, writes groups as transactions, replaces a damaged file. All of it may block. */
#include "gateway/store_internal.h"

#include <stdlib.h>
#include <string.h>

enum {
	TEXTS_MAX = 60000, /* what an entry can hold */
	HEAP_BYTES = 1024 * 1024,
};

struct store_db *store_db_new(const char *path)
{
	struct store_db *db = calloc(1, sizeof(*db));
	if (!db)
		return NULL;
	sqlite3_soft_heap_limit64(HEAP_BYTES);
	db->path = strdup(path);
	db->vfs = store_vfs_new();
	if (db->path && db->vfs && strlen(path) < STORE_PATH_MAX - 32)
		return db;
	store_db_free(db);
	return NULL;
}

static void free_blocks(struct store_db *db)
{
	while (db->kept) {
		struct store_block *next = db->kept->next;
		free(db->kept);
		db->kept = next;
	}
}

void store_db_free(struct store_db *db)
{
	if (!db)
		return;
	store_file_close(db);
	store_vfs_free(db->vfs);
	free_blocks(db);
	free(db->path);
	free(db);
}

static const char *text_at(sqlite3_stmt *statement, int column)
{
	const char *text = (const char *)sqlite3_column_text(statement, column);
	return text ? text : "";
}

static bool sound(sqlite3_stmt *row)
{
	int64_t class = sqlite3_column_int64(row, 1), kind = sqlite3_column_int64(row, 2);
	int64_t texts = 4;
	for (int column = 3; column <= 6; column++)
		texts += (int64_t)strlen(text_at(row, column));
	return class >= 0 && class < CLASS_COUNT && kind >= 0 && kind < KIND_COUNT && texts <= TEXTS_MAX;
}

static struct entry *read_entry(sqlite3_stmt *row, uint64_t shift)
{
	struct entry_parts parts = {
	    .class = (enum message_class)sqlite3_column_int(row, 1),
	    .kind = (enum message_kind)sqlite3_column_int(row, 2),
	    .outlet = text_at(row, 3),
	    .id = text_at(row, 4),
	    .station = text_at(row, 5),
	    .topic = text_at(row, 6),
	    .payload = sqlite3_column_blob(row, 7),
	    .payload_size = (size_t)sqlite3_column_int64(row, 10),
	    .held_size = (size_t)sqlite3_column_bytes(row, 7),
	    .accepted_at_ms = sqlite3_column_int64(row, 8),
	    .expires_at_ms = sqlite3_column_int64(row, 9),
	};
	struct entry *entry = entry_new(&parts, (uint64_t)sqlite3_column_int64(row, 0) + shift);
	if (entry)
		entry->disk = ENTRY_ON_DISK;
	return entry;
}

static void delete_row(struct store_db *db, int64_t row)
{
	sqlite3_bind_int64(db->forget, 1, row);
	sqlite3_step(db->forget);
	sqlite3_reset(db->forget);
}

/* Rows that no entry can be made of would come again at every start, so they are taken off. */
static int read_entries(struct store_db *db, struct store_group *group)
{
	sqlite3_stmt *row = NULL;
	int rc = sqlite3_prepare_v2(db->sqlite, "SELECT * FROM entry ORDER BY row", -1, &row, NULL);
	struct entry **last = &group->found;
	while (rc == SQLITE_OK && (rc = sqlite3_step(row)) == SQLITE_ROW) {
		rc = SQLITE_OK;
		if (!sound(row)) {
			group->bad_rows++;
			delete_row(db, sqlite3_column_int64(row, 0));
		} else if ((*last = read_entry(row, db->shift)) != NULL) {
			last = &(*last)->next;
		} else {
			rc = SQLITE_NOMEM;
		}
	}
	sqlite3_finalize(row);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static struct store_block *read_block(sqlite3_stmt *row)
{
	const char *name = text_at(row, 0);
	const void *bytes = sqlite3_column_blob(row, 1);
	size_t name_size = strlen(name) + 1, size = (size_t)sqlite3_column_bytes(row, 1);
	struct store_block *block = malloc(sizeof(*block) + name_size + size);
	if (!block)
		return NULL;
	*block = (struct store_block){.size = size};
	memcpy(block->data, name, name_size);
	if (size)
		memcpy(block->data + name_size, bytes, size);
	return block;
}

static int read_blocks(struct store_db *db)
{
	sqlite3_stmt *row = NULL;
	int rc = sqlite3_prepare_v2(db->sqlite, "SELECT name, bytes FROM kept", -1, &row, NULL);
	while (rc == SQLITE_OK && (rc = sqlite3_step(row)) == SQLITE_ROW) {
		struct store_block *block = read_block(row);
		rc = block ? SQLITE_OK : SQLITE_NOMEM;
		if (!block)
			break;
		block->next = db->kept;
		db->kept = block;
	}
	sqlite3_finalize(row);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static void unread(struct store_db *db, struct store_group *group)
{
	while (group->found) {
		struct entry *next = group->found->next;
		entry_unref(group->found);
		group->found = next;
	}
	free_blocks(db);
}

static enum store_verdict read_file(struct store_db *db, struct store_group *group)
{
	db->shift = group->row_limit ? STORE_ROW_UNREAD - db->reserved : 0;
	group->first_row = db->reserved;
	if (read_entries(db, group) == SQLITE_OK && read_blocks(db) == SQLITE_OK) {
		db->was_read = true;
		return STORE_VERDICT_FINE;
	}
	enum store_verdict verdict = store_judge(db, group, "read");
	unread(db, group);
	return verdict;
}

static int write_put(struct store_db *db, const struct entry *entry)
{
	sqlite3_stmt *put = db->put;
	sqlite3_bind_int64(put, 1, (int64_t)(entry->row - db->shift));
	sqlite3_bind_int(put, 2, entry->class);
	sqlite3_bind_int(put, 3, entry->kind);
	sqlite3_bind_text(put, 4, entry_outlet(entry), -1, SQLITE_STATIC);
	sqlite3_bind_text(put, 5, entry_id(entry), -1, SQLITE_STATIC);
	sqlite3_bind_text(put, 6, entry_station(entry), -1, SQLITE_STATIC);
	sqlite3_bind_text(put, 7, entry_topic(entry), -1, SQLITE_STATIC);
	sqlite3_bind_blob(put, 8, entry_held(entry), (int)entry->held_size, SQLITE_STATIC);
	sqlite3_bind_int64(put, 9, entry->accepted_at_ms);
	sqlite3_bind_int64(put, 10, entry->expires_at_ms);
	sqlite3_bind_int64(put, 11, entry->payload_size);
	sqlite3_step(put);
	return sqlite3_reset(put);
}

static int write_change(struct store_db *db, const struct store_change *change)
{
	switch (change->type) {
	case STORE_PUT:
		return write_put(db, change->entry);
	case STORE_DELETE:
		sqlite3_bind_int64(db->forget, 1, (int64_t)(change->key.row - db->shift));
		sqlite3_step(db->forget);
		return sqlite3_reset(db->forget);
	case STORE_KEEP:
		sqlite3_bind_text(db->keep, 1, change->data, -1, SQLITE_STATIC);
		sqlite3_bind_blob(db->keep, 2, change->data + strlen(change->data) + 1, (int)change->size,
				  SQLITE_STATIC);
		sqlite3_step(db->keep);
		return sqlite3_reset(db->keep);
	}
	return SQLITE_MISUSE;
}

static int write_reserved(struct store_db *db, uint64_t limit)
{
	sqlite3_bind_int64(db->reserve, 1, (int64_t)limit);
	sqlite3_step(db->reserve);
	return sqlite3_reset(db->reserve);
}

/* One transaction, one sync. */
static enum store_verdict write_group(struct store_db *db, struct store_group *group)
{
	uint64_t first = group->first_row > db->reserved ? group->first_row : db->reserved;
	uint64_t limit = group->row_limit ? group->row_limit - db->shift : first + STORE_ROW_BLOCK;
	bool reserve = limit > db->reserved;
	if (TAILQ_EMPTY(&group->changes) && !reserve && !group->probe)
		return STORE_VERDICT_FINE;
	int rc = sqlite3_exec(db->sqlite, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	const struct store_change *change = TAILQ_FIRST(&group->changes);
	for (; change && rc == SQLITE_OK; change = TAILQ_NEXT(change, link))
		rc = write_change(db, change);
	if (rc == SQLITE_OK && (reserve || group->probe))
		rc = write_reserved(db, reserve ? limit : db->reserved);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db->sqlite, "COMMIT", NULL, NULL, NULL);
	if (rc == SQLITE_OK) {
		db->reserved = reserve ? limit : db->reserved;
		return STORE_VERDICT_FINE;
	}
	enum store_verdict verdict = store_judge(db, group, "write");
	if (!sqlite3_get_autocommit(db->sqlite))
		sqlite3_exec(db->sqlite, "ROLLBACK", NULL, NULL, NULL);
	return verdict;
}

/* Moves the damaged file aside, begins a new one and takes over what can still be read. */
static enum store_verdict replace_file(struct store_db *db, struct store_group *group)
{
	char why[STORE_TEXT_MAX / 4], moved[STORE_PATH_MAX];
	sqlite3_snprintf(sizeof(why), why, "%s", group->text);
	store_file_close(db);
	int error = store_move_aside(db->path, moved);
	if (error < 0) {
		store_explain(group, STORE_FAILED,
			      "the message store %s is damaged (%s) and cannot be moved aside: %s: check the disk; "
			      "messages are kept in memory only and lost at a power cut; tried again every 30 s",
			      db->path, why, strerror(-error));
		return STORE_VERDICT_FAILED;
	}
	enum store_verdict verdict = store_file_open(db, group);
	if (verdict != STORE_VERDICT_FINE)
		return verdict;
	uint64_t rescued = store_rescue(db->sqlite, moved);
	group->rescued += rescued;
	sqlite3_snprintf(sizeof(group->damage), group->damage,
			 "the message store %s was damaged (%s): moved to %s, %llu waiting messages saved from it "
			 "into a new one; if this comes again, replace the card or disk",
			 db->path, why, moved, (unsigned long long)rescued);
	return store_file_read_reserved(db) == SQLITE_OK ? STORE_VERDICT_FINE : store_judge(db, group, "read");
}

static enum store_verdict open_and_write(struct store_db *db, struct store_group *group)
{
	enum store_verdict verdict = db->sqlite ? STORE_VERDICT_FINE : store_file_open(db, group);
	if (verdict == STORE_VERDICT_FINE && !db->was_read)
		verdict = read_file(db, group);
	return verdict == STORE_VERDICT_FINE ? write_group(db, group) : verdict;
}

void store_db_run(struct store_db *db, struct store_group *group)
{
	enum store_verdict verdict = open_and_write(db, group);
	if (verdict == STORE_VERDICT_DAMAGED) {
		verdict = replace_file(db, group);
		if (verdict == STORE_VERDICT_FINE)
			verdict = open_and_write(db, group);
	}
	if (verdict == STORE_VERDICT_FINE)
		group->health = STORE_OK;
	else if (verdict != STORE_VERDICT_NO_SPACE)
		store_file_close(db);
	group->bytes_written = store_vfs_written(db->vfs);
}
