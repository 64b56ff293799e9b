/* One radio in one sub-band across restarts: its ledger, and when that is written to disk. Pure: the clocks are passed in, and writing is
 * somebody else's.
 *
 * The disk is told beforehand. A tenth of what ordinary traffic may use in an hour, and at least its longest frame, is booked ahead in the
 * block, and the next one is written when half of that is gone or the longest frame does not fit into the rest; every alert is written as
 * it is sent and waits for nobody. So a kill or a power cut costs ordinary traffic that tenth for an hour, and no hour holds more than the
 * limit. While the disk takes nothing, ordinary traffic goes on with what is booked, a tenth an hour.
 *
 * Where nobody knows what was sent, ordinary traffic counts as having used all of its share at the start, and the reserve for alerts does
 * not: without a disk, with a file that could not be read or was damaged, and where the disk does not take the first booking within five
 * seconds. Only after a run from whose start to end the disk took nothing may the next one know too little: by that tenth. */
#pragma once

#include "gateway/ledger_block.h"

struct ledger_account;

/* keep hands one block to the disk, in place of the one before, and says whether the disk will take it; then ledger_account_kept is
 * called when it is there, perhaps never. NULL: there is no disk. */
struct ledger_disk {
	void *context;
	bool (*keep)(void *context, const uint8_t *bytes, size_t size);
};

/* What is known of former runs. */
enum ledger_past {
	LEDGER_PAST_NONE,    /* the disk was read, and holds nothing of this radio and band */
	LEDGER_PAST_BLOCK,   /* a block */
	LEDGER_PAST_UNKNOWN, /* the disk could not be read, or has lost something */
};

/* longest_us: its longest frame. Without a limit nothing is ever written. NULL: out of memory. */
struct ledger_account *ledger_account_new(const struct ledger_settings *settings, int64_t longest_us,
					  const struct ledger_disk *disk);
void ledger_account_free(struct ledger_account *account);
/* Lives as long as the account. */
struct ledger *ledger_account_ledger(const struct ledger_account *account);

/* Takes up what is known of former runs, and books for the first time. Once before anything is spent, and again, late, if the disk can be
 * read only then. False: a block that is damaged, or nothing is known: ordinary traffic waits for an hour. */
bool ledger_account_begin(struct ledger_account *account, enum ledger_past past, const uint8_t *block, size_t size,
			  const struct ledger_now *now);
/* Other limits from now on. */
void ledger_account_set(struct ledger_account *account, const struct ledger_settings *settings, int64_t longest_us,
			const struct ledger_now *now);
/* The ledger was given a transmission (ledger_spend): hands the disk what is due. */
void ledger_account_spent(struct ledger_account *account, bool urgent, const struct ledger_now *now);
/* The block that was handed over last is on disk. */
void ledger_account_kept(struct ledger_account *account, const struct ledger_now *now);
/* The disk may have lost the block. */
void ledger_account_lost(struct ledger_account *account, const struct ledger_now *now);
/* Every few seconds. False, once: the disk has not answered; from now on as if it could not have been read. */
bool ledger_account_tick(struct ledger_account *account, const struct ledger_now *now);
/* Nothing is sent any more: nothing stays booked ahead. */
void ledger_account_close(struct ledger_account *account, const struct ledger_now *now);
