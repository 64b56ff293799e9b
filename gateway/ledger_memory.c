/* The accounts of all radios, on the blocks of the store. */
#include "gateway/ledger_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/ledger_account.h"
#include "gateway/log.h"

enum { BLOCK_NAME_MAX = 96 };

struct row {
	struct row *next;
	struct ledger_memory *memory;
	char block[BLOCK_NAME_MAX]; /* name */
	char radio[MESSAGE_NAME_MAX];
	struct ledger_account *account;
};

struct ledger_memory {
	struct store *store;
	uint64_t boot_id;
	struct row *rows, *of[LEDGER_RADIOS_MAX];
	unsigned replaced; /* files, as of the last look */
	struct counter *assumed;
};

static struct ledger_now now(const struct ledger_memory *memory)
{
	return (struct ledger_now){clock_steady_ms(), clock_boot_ms(), memory->boot_id};
}

struct ledger_memory *ledger_memory_new(struct store *store, struct counters *counters)
{
	struct ledger_memory *memory = calloc(1, sizeof(*memory));
	if (!memory)
		return NULL;
	memory->store = store;
	memory->boot_id = clock_boot_id();
	memory->replaced = store_replaced(store);
	memory->assumed = counters_get(counters, "airtime", "assumed_used");
	return memory;
}

static void free_row(struct row *row)
{
	if (row)
		ledger_account_free(row->account);
	free(row);
}

void ledger_memory_free(struct ledger_memory *memory)
{
	while (memory && memory->rows) {
		struct row *row = memory->rows;
		struct ledger_now at = now(memory);
		memory->rows = row->next;
		ledger_account_close(row->account, &at);
		free_row(row);
	}
	free(memory);
}

/* ---- rows ---- */

static struct row *find(const struct ledger_memory *memory, const char *block)
{
	struct row *row = memory->rows;
	while (row && strcmp(row->block, block) != 0)
		row = row->next;
	return row;
}

static bool keep(void *context, const uint8_t *bytes, size_t size)
{
	const struct row *row = context;
	if (!store_keep(row->memory->store, row->block, bytes, size))
		return false;
	store_hurry(row->memory->store);
	return true;
}

static void say_unknown(const struct row *row)
{
	row->memory->assumed->value++;
	log_warning(
	    "radio %s: what it transmitted before is not known; for an hour ordinary messages wait, alerts do not",
	    row->radio);
}

/* A file that was damaged may have lost what it held. */
static void begin(struct row *row)
{
	struct store *store = row->memory->store;
	size_t size;
	const void *block = store_recall(store, row->block, &size);
	bool intact = store_health(store) == STORE_OK && store_replaced(store) == 0;
	struct ledger_now at = now(row->memory);
	enum ledger_past past = block ? LEDGER_PAST_BLOCK : intact ? LEDGER_PAST_NONE : LEDGER_PAST_UNKNOWN;
	if (!ledger_account_begin(row->account, past, block, size, &at))
		say_unknown(row);
}

static struct row *add(struct ledger_memory *memory, const char *block, const char *radio,
		       const struct ledger_settings *settings, int64_t longest_us)
{
	struct row *row = calloc(1, sizeof(*row));
	if (!row)
		return NULL;
	const struct ledger_disk disk = {row, keep};
	row->memory = memory;
	snprintf(row->block, sizeof(row->block), "%s", block);
	snprintf(row->radio, sizeof(row->radio), "%s", radio);
	row->account = ledger_account_new(settings, longest_us,
					  store_health(memory->store) == STORE_OFF ? NULL : &disk);
	if (!row->account) {
		free_row(row);
		return NULL;
	}
	row->next = memory->rows;
	memory->rows = row;
	begin(row);
	return row;
}

struct ledger *ledger_memory_set(struct ledger_memory *memory, size_t radio, const char *name,
				 const struct radio_allowance *allowance, int64_t longest_us)
{
	char block[BLOCK_NAME_MAX];
	const struct region_band *band = allowance->band;
	if (radio >= LEDGER_RADIOS_MAX)
		return NULL;
	memory->of[radio] = NULL;
	if (allowance->fault != RADIO_RULES_FINE)
		return NULL;
	snprintf(block, sizeof(block), "airtime.%s.%s.%s", name, band ? band->region : "", band ? band->name : "");
	struct row *row = find(memory, block);
	struct ledger_now at = now(memory);
	if (row)
		ledger_account_set(row->account, &allowance->ledger, longest_us, &at);
	else
		row = add(memory, block, name, &allowance->ledger, longest_us);
	memory->of[radio] = row;
	return ledger_memory_of(memory, radio);
}

struct ledger *ledger_memory_of(const struct ledger_memory *memory, size_t radio)
{
	return radio < LEDGER_RADIOS_MAX && memory->of[radio] ? ledger_account_ledger(memory->of[radio]->account)
							      : NULL;
}

/* ---- in between ---- */

void ledger_memory_spent(struct ledger_memory *memory, size_t radio, bool urgent)
{
	struct ledger_now at = now(memory);
	if (radio < LEDGER_RADIOS_MAX && memory->of[radio])
		ledger_account_spent(memory->of[radio]->account, urgent, &at);
}

bool ledger_memory_kept(struct ledger_memory *memory, const char *name)
{
	struct row *row = find(memory, name);
	struct ledger_now at = now(memory);
	if (row)
		ledger_account_kept(row->account, &at);
	return row != NULL;
}

void ledger_memory_recall_late(struct ledger_memory *memory)
{
	for (struct row *row = memory->rows; row; row = row->next)
		begin(row);
}

void ledger_memory_tick(struct ledger_memory *memory)
{
	struct ledger_now at = now(memory);
	bool replaced = memory->replaced != store_replaced(memory->store);
	memory->replaced = store_replaced(memory->store);
	for (struct row *row = memory->rows; row; row = row->next) {
		if (replaced)
			ledger_account_lost(row->account, &at);
		if (!ledger_account_tick(row->account, &at))
			say_unknown(row);
	}
}
