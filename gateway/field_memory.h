/* What must never repeat on the field's own networks, across restarts too: counters heard, distress raised although it was too old, and
 * the gateway's own counters. Kept in blocks of the store.
 *
 * Windows are written after every 2048 frames (later where thousands of stations make the block long), ten minutes after the first frame
 * that is not yet in them, at a stop, and together with every message of class DISTRESS or URGENT. So after a kill at most the less
 * urgent frames of the last ten minutes could be played back to the gateway once more. */
#pragma once

#include "drivers/message.h"
#include "gateway/counters.h"
#include "gateway/store.h"

struct field_memory;

/* Takes up what a former run kept; store and counters are borrowed. NULL: out of memory. */
struct field_memory *field_memory_new(struct store *store, struct counters *counters);
/* Keeps what changed. Before store_close. NULL is allowed. */
void field_memory_free(struct field_memory *memory);

/* Takes the counter of an authentic frame: 0, -EEXIST, -ESTALE as replay_take. */
int field_memory_take(struct field_memory *memory, uint16_t station, uint8_t epoch, uint32_t counter);
/* A number towards an addressee that was never used: 0, -EAGAIN (a second later), -EOVERFLOW. A disk that does not answer within five
 * seconds counts as away: then the numbers go on in memory. */
int field_memory_next(struct field_memory *memory, uint16_t addressee, uint8_t epoch, uint32_t *counter);

/* Whether a distress of that id, raised although its window would not have it (STALE), or sealed with an old key (SUSPECT), was raised
 * before; if not, it counts as raised from now on, for 24 days and among the last 1024. Such an id holds a hash of the frame: a
 * handset that lost its counter may use a number twice, a recording played back is the same to the last bit. */
bool field_memory_raised(struct field_memory *memory, const struct message *message);

/* A message of class DISTRESS or URGENT is being stored: its window goes with it. */
void field_memory_urgent(struct field_memory *memory);
/* What the store says: a block is on disk; the file could be read only now. */
void field_memory_kept(struct field_memory *memory, const char *name);
void field_memory_recall_late(struct field_memory *memory);
/* Call every few seconds. */
void field_memory_tick(struct field_memory *memory);
