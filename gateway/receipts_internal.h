/* Shared by receipts.c (what is said when), receipts_records.c (of which commands) and receipts_blocks.c (what of it is on disk). */
#pragma once

#include "gateway/receipts.h"

enum { RECEIPTS_IN_BLOCK = RECEIPTS_PLACES / RECEIPTS_BLOCKS };

/* The receipts that a command can have, in their order. */
enum slot {
	SLOT_QUEUED,
	SLOT_DELAYED, /* QUEUED once more: it waits for airtime */
	SLOT_ON_AIR,
	SLOT_FINAL,
	SLOT_COUNT
};

#define BIT(slot) (1u << (slot))

struct record {
	char id[COMMAND_ID_MAX + 1];
	enum command_what what;
	enum message_class class;
	enum message_status status;
	uint64_t content;
	int64_t
	    taken_ms; /* of the steady clock; when it is over, so that taken_ms + what the wall clock says that it lasted is its end */
	bool turned_away;

	unsigned said, delivered;  /* bits by enum slot */
	int64_t at_ms[SLOT_COUNT]; /* Unix; of QUEUED from the start */
	char radio[SLOT_COUNT][MESSAGE_NAME_MAX + sizeof(GATEWAY_OUTLET)];
	bool assumed[SLOT_COUNT];
	bool in_memory;           /* QUEUED */
	int64_t go_at_ms;         /* DELAYED */
	enum receipt_stage final; /* and the rest is of the final one */
	char code[MESSAGE_NAME_MAX], text[160];
	uint32_t limit;

	/* Of this run alone. */
	unsigned asked, kept, published; /* bits: in the block being written; survive; handed to the uplink */
	unsigned dropped;                /* by the uplink */
	bool former;                     /* of a former run, and not settled yet */
	bool loaded;                     /* a message of it waits for a radio */
};

static inline bool record_has_final(const struct record *record)
{
	return record->said & BIT(SLOT_FINAL);
}

struct block {
	bool writing; /* kept and not answered yet */
	bool changed; /* since then */
	/* By the count of changes: the oldest one of those that are being written, and of those since then. */
	uint64_t writing_from, changed_from;
	int64_t writing_ms,
	    lazy_ms; /* since when; lazy_ms: since when something waits that is in no hurry, 0 = nothing */
};

struct receipts {
	struct receipts_hooks hooks;
	char gateway[MESSAGE_NAME_MAX];
	struct record *records[RECEIPTS_PLACES];
	struct block blocks[RECEIPTS_BLOCKS];
	uint64_t changes, awaited; /* so far, and at the last receipts_await */
	size_t next;               /* where a place is looked for first */
	int64_t now_ms;            /* of the last call that said */
	bool dropped;              /* some record may have something that the uplink has dropped */
	struct counter *repeated, *said_before, *second_final, *lost, *given_way, *damaged, *loaded_twice;
};

/* A place for a command that has none, with nothing said of it yet: 0, -ENOMEM, or -ENOSPC, as all the others are under way. */
int receipts_add(struct receipts *receipts, const struct receipts_command *command, size_t *index);
void receipts_remove(struct receipts *receipts, size_t index);
/* Writes the block with that record. */
void receipts_write(struct receipts *receipts, size_t index);
/* What is in no hurry goes with the next change of its block, or after a minute. */
void receipts_write_later(struct receipts *receipts, size_t index);
/* Reads what hooks->recall has of every block into free places. */
void receipts_read_blocks(struct receipts *receipts);
struct record *receipts_record(const struct receipts *receipts, const char *id, size_t *index);
/* Publishes what was said and survives. */
void receipts_publish_block(struct receipts *receipts, size_t block);
