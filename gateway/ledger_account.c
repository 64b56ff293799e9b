/* When a ledger is written to disk, and what counts as used after a restart. */
#include "gateway/ledger_account.h"

#include <stdlib.h>

enum {
	AHEAD_PART = 10, /* of the share of ordinary traffic */
	DISK_PATIENCE_MS = 5000,
};

struct ledger_account {
	struct ledger *ledger;
	struct ledger_disk disk;
	struct ledger_settings settings;
	int64_t longest_us;       /* frame */
	int64_t ahead_us;         /* what each block books, */
	int64_t writing_ahead_us; /* and the one that is being written */
	bool begun, writing, owed;
	bool booked, given_up; /* the disk has taken a block of this run, or was not waited for any longer */
	bool assumed;          /* ordinary traffic waits because nothing is known */
	int64_t begun_ms;
};

static int64_t ahead_of(const struct ledger_settings *settings, int64_t longest_us)
{
	int64_t share_us = settings->limit_us - settings->reserve_us, ahead_us = share_us / AHEAD_PART;
	if (ahead_us < longest_us)
		ahead_us = longest_us;
	return ahead_us < share_us ? ahead_us : share_us;
}

struct ledger_account *ledger_account_new(const struct ledger_settings *settings, int64_t longest_us,
					  const struct ledger_disk *disk)
{
	struct ledger_account *account = calloc(1, sizeof(*account));
	if (!account)
		return NULL;
	account->ledger = ledger_new(settings);
	if (!account->ledger) {
		free(account);
		return NULL;
	}
	if (disk)
		account->disk = *disk;
	account->settings = *settings;
	account->longest_us = longest_us;
	account->ahead_us = ahead_of(settings, longest_us);
	return account;
}

void ledger_account_free(struct ledger_account *account)
{
	if (!account)
		return;
	ledger_free(account->ledger);
	free(account);
}

struct ledger *ledger_account_ledger(const struct ledger_account *account)
{
	return account->ledger;
}

/* ---- writing ---- */

static bool is_kept(const struct ledger_account *account)
{
	return account->disk.keep && account->settings.limit_us > 0;
}

static void keep(struct ledger_account *account, int64_t ahead_us, const struct ledger_now *now)
{
	uint8_t bytes[LEDGER_BLOCK_MAX];
	size_t size = ledger_block_write(account->ledger, ahead_us, now, bytes, sizeof(bytes));
	account->writing_ahead_us = ahead_us;
	account->writing = account->disk.keep(account->disk.context, bytes, size);
	account->owed = !account->writing;
}

/* One at a time: the answer to an older one must not be taken for that to a newer. */
static void keep_next(struct ledger_account *account, const struct ledger_now *now)
{
	if (!is_kept(account))
		return;
	if (account->writing)
		account->owed = true;
	else
		keep(account, account->ahead_us, now);
}

void ledger_account_kept(struct ledger_account *account, const struct ledger_now *now)
{
	if (!account->writing)
		return;
	account->writing = false;
	account->booked = true;
	ledger_kept(account->ledger);
	ledger_book(account->ledger, account->writing_ahead_us);
	if (account->owed)
		keep_next(account, now);
}

void ledger_account_lost(struct ledger_account *account, const struct ledger_now *now)
{
	keep_next(account, now);
}

/* ---- what a former run did ---- */

static void assume_used(struct ledger_account *account)
{
	account->assumed = true;
	ledger_assume_used(account->ledger, account->begun_ms);
}

bool ledger_account_begin(struct ledger_account *account, enum ledger_past past, const uint8_t *block, size_t size,
			  const struct ledger_now *now)
{
	if (account->settings.limit_us == 0)
		return true;
	if (!account->begun) {
		account->begun = true;
		account->begun_ms = now->steady_ms;
		if (account->disk.keep)
			ledger_book(account->ledger, 0);
	}
	/* What this run has sent is in the ledger anyway. */
	if (account->assumed)
		ledger_assume_known(account->ledger);
	account->assumed = false;
	bool known = past == LEDGER_PAST_NONE ||
		     (past == LEDGER_PAST_BLOCK && ledger_block_read(account->ledger, block, size, now));
	if (!known)
		assume_used(account);
	keep_next(account, now);
	return known;
}

void ledger_account_set(struct ledger_account *account, const struct ledger_settings *settings, int64_t longest_us,
			const struct ledger_now *now)
{
	int64_t ahead_us = ahead_of(settings, longest_us);
	bool more = ahead_us > account->ahead_us;
	account->settings = *settings;
	account->longest_us = longest_us;
	account->ahead_us = ahead_us;
	ledger_set(account->ledger, settings);
	if (more && account->begun)
		keep_next(account, now);
}

/* ---- in between ---- */

/* Half of what is booked is gone, or what is left of it is less than the longest frame. */
static bool is_due(const struct ledger_account *account, const struct ledger_now *now)
{
	int64_t unkept_us = ledger_unkept_us(account->ledger, now->steady_ms);
	return unkept_us > account->ahead_us / 2 || unkept_us + account->longest_us > account->ahead_us;
}

void ledger_account_spent(struct ledger_account *account, bool urgent, const struct ledger_now *now)
{
	if (urgent || is_due(account, now))
		keep_next(account, now);
}

bool ledger_account_tick(struct ledger_account *account, const struct ledger_now *now)
{
	if (!is_kept(account) || !account->begun)
		return true;
	if (account->owed && !account->writing)
		keep_next(account, now);
	if (account->booked || account->given_up || now->steady_ms - account->begun_ms < DISK_PATIENCE_MS)
		return true;
	account->given_up = true;
	ledger_book(account->ledger, account->ahead_us);
	bool news = !account->assumed;
	assume_used(account);
	return !news;
}

void ledger_account_close(struct ledger_account *account, const struct ledger_now *now)
{
	if (is_kept(account) && account->begun)
		keep(account, 0, now);
}
