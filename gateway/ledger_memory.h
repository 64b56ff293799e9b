/* The ledgers of all radios, and what of them survives a restart: a block of the store for each radio and sub-band. ledger_account.h says
 * what is written when. A file that was made in this run, and a radio that an intact one does not know, have sent nothing. */
#pragma once

#include "gateway/counters.h"
#include "gateway/ledger.h"
#include "gateway/radio_rules.h"
#include "gateway/store.h"

enum { LEDGER_RADIOS_MAX = 32 };

struct ledger_memory;

/* After store_open; store and counters are borrowed. NULL: out of memory. */
struct ledger_memory *ledger_memory_new(struct store *store, struct counters *counters);
/* Keeps everything. After the radios, which send no more, and before store_close. NULL is allowed. */
void ledger_memory_free(struct ledger_memory *memory);

/* What a radio may, as its module says now: at its start and whenever that may have changed. name: the radio's, as it is in the
 * settings. longest_us: its longest frame, of whatever kind: a longer one would wait for ever. The same sub-band has the same ledger
 * again, whatever came in between. Returns it, or NULL: nothing is to be sent (the allowance has a fault, or there is no memory). It
 * lives as long as the memory. */
struct ledger *ledger_memory_set(struct ledger_memory *memory, size_t radio, const char *name,
				 const struct radio_allowance *allowance, int64_t longest_us);
/* What ledger_memory_set returned last for that radio, NULL = nothing was set. */
struct ledger *ledger_memory_of(const struct ledger_memory *memory, size_t radio);

/* The radio's ledger was given a transmission, as it was handed over (ledger_spend, transmit_spent): what is due is written. */
void ledger_memory_spent(struct ledger_memory *memory, size_t radio, bool urgent);

/* The store has a block on disk. True: it is that of a ledger, and what waits for airtime may go sooner than ledger_when_ms has said. */
bool ledger_memory_kept(struct ledger_memory *memory, const char *name);
/* The store's file could be read only now. */
void ledger_memory_recall_late(struct ledger_memory *memory);
/* Call every few seconds. */
void ledger_memory_tick(struct ledger_memory *memory);
