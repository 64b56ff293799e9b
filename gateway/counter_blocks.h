/* The counters of the gateway's own frames, one row of numbers for each addressee and key epoch. A number is never given twice, not
 * across a kill, a power cut or a lost disk. Pure: the clock, a random number and the state of the disk are passed in.
 *
 * Numbers are reserved in blocks of 1000, on disk before the first is used; a new block is asked for when half of the last is gone.
 * Where the disk takes no writes the numbers go on in memory. As the disk cannot say afterwards how far, the next run skips 2^20
 * numbers wherever the last did not end by counter_blocks_close. It also begins no lower than the clock: 4 numbers for each second
 * since 2025, which is more than any transmitter sends. The clock also stands in where nothing was kept at all; without it either,
 * the beginning is drawn at random. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct counter_blocks;

enum {
	COUNTER_BLOCK = 1000,
	COUNTER_JUMP = 1 << 20,
	COUNTER_ROWS_MAX = 65536,
};

/* Room for that many addressees and epochs (1 to COUNTER_ROWS_MAX); beyond it the one not used for longest gives way, and new ones then
 * begin above everything it had. random: any number, of another run another one. NULL: out of memory. */
struct counter_blocks *counter_blocks_new(size_t rows, uint32_t random);
void counter_blocks_free(struct counter_blocks *blocks);

/* The next number towards an addressee. wall_ms: Unix time, anything before 2025 = not known. disk: whether it takes writes now. 0; -EAGAIN:
 * a block has to be on disk first, see counter_blocks_wanted; -EOVERFLOW: all 2^32 are used up, only a new epoch has more. */
int counter_blocks_next(struct counter_blocks *blocks, uint16_t addressee, uint8_t epoch, int64_t wall_ms, bool disk,
			uint32_t *counter);

/* Whether there is something to be written, and nothing is being written. */
bool counter_blocks_wanted(const struct counter_blocks *blocks);
/* Everything reserved so far and the new blocks, to be written; returns the size, 0 if it does not fit into `size`. What was asked for is
 * used only after counter_blocks_written says that it is on disk; at most one is on its way at a time. on_disk false: nobody took it,
 * so that it is to be asked for again. */
size_t counter_blocks_save(struct counter_blocks *blocks, uint8_t *bytes, size_t size);
void counter_blocks_written(struct counter_blocks *blocks, bool on_disk);
/* 24 bytes, and 8 for each row. */
size_t counter_blocks_save_size(const struct counter_blocks *blocks);
/* The same at the end of a run: the next one goes on with the very next number. No number may be taken any more. */
size_t counter_blocks_close(struct counter_blocks *blocks, uint8_t *bytes, size_t size);

/* Takes up what a former run wrote, also late, when numbers were already given. A damaged or foreign block is refused whole: false. */
bool counter_blocks_recall(struct counter_blocks *blocks, const uint8_t *bytes, size_t size);
