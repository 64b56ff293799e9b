/* A ledger as a block:
 *
 *   | steady clock | time since the machine's start | which start | ahead | what ledger_put adds |
 */
#include "gateway/ledger_block.h"

enum {
	MAGIC = 0x474c5243, /* "CRLG" */
	VERSION = 1,
};

size_t ledger_block_write(struct ledger *ledger, int64_t ahead_us, const struct ledger_now *now, uint8_t *bytes,
			  size_t size)
{
	struct block_writer writer;
	block_begin(&writer, bytes, size, MAGIC, VERSION);
	block_put_u64(&writer, (uint64_t)now->steady_ms);
	block_put_u64(&writer, (uint64_t)now->boot_ms);
	block_put_u64(&writer, now->boot_id);
	block_put_u64(&writer, (uint64_t)ahead_us);
	ledger_put(ledger, &writer, now->steady_ms);
	return block_finish(&writer);
}

/* Of the time since the block was written, and since its run may have ended, what is certain. */
struct certain {
	int64_t written_ms, ended_ms;
};

static struct certain certain_times(const struct ledger_now *then, const struct ledger_now *now)
{
	if (!then->boot_id || !now->boot_id)
		return (struct certain){0, 0};
	if (then->boot_id != now->boot_id)
		return (struct certain){now->boot_ms, now->boot_ms};
	return (struct certain){now->boot_ms > then->boot_ms ? now->boot_ms - then->boot_ms : 0, 0};
}

bool ledger_block_read(struct ledger *ledger, const uint8_t *bytes, size_t size, const struct ledger_now *now)
{
	struct block_reader reader;
	if (!block_open(&reader, bytes, size, MAGIC, VERSION))
		return false;
	struct ledger_now then;
	then.steady_ms = (int64_t)block_get_u64(&reader);
	then.boot_ms = (int64_t)block_get_u64(&reader);
	then.boot_id = block_get_u64(&reader);
	int64_t ahead_us = (int64_t)block_get_u64(&reader);
	struct certain since = certain_times(&then, now);
	int64_t shift_ms;
	if (__builtin_sub_overflow(now->steady_ms - since.written_ms, then.steady_ms, &shift_ms))
		return false;
	if (!ledger_get(ledger, &reader, shift_ms, now->steady_ms) || !block_ended(&reader))
		return false;
	ledger_assume_more(ledger, ahead_us, now->steady_ms - since.ended_ms);
	return true;
}
