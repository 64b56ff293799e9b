/* Long bodies of the field frame, put together from their fragments: a few at once, one for each sender; and a memory of the last that
 * were whole, so that whoever repeats a piece of one is told again that nothing is missing. */
#pragma once

#include "drivers/codec/field.h"

enum { FIELD_WHOLES_MAX = 4, FIELD_FINISHED_MAX = 8, FIELD_PIECE_MAX = FIELD_BODY_MAX - FIELD_FRAGMENT_SIZE };

/* Between the counters of two pieces of one message: the width of the window in which counters are taken. */
enum { FIELD_SPAN_MAX = 64 };

/* How often, and when last, a station was told which pieces have come. */
struct field_telling {
	int64_t last_us;
	unsigned times;
};

struct field_whole {
	bool used;
	bool fresh;                 /* at least one piece was never heard before, by any radio */
	struct field_header header; /* of the first piece, or until it comes of another */
	unsigned epochs_back;       /* of the key */
	uint64_t hash;              /* of the frame with the first piece */
	uint16_t id;
	uint8_t total, have; /* have: bit 0 = the first */
	int64_t since_us;    /* its last new piece came */
	int64_t quiet_us;    /* if no piece comes until then, the station is to be told; 0 = not any more */
	struct field_telling told;
	uint32_t counters[FIELD_FRAGMENTS_MAX];
	uint8_t sizes[FIELD_FRAGMENTS_MAX];
	uint8_t pieces[FIELD_FRAGMENTS_MAX][FIELD_PIECE_MAX];
};
_Static_assert(FIELD_PIECE_MAX <= UINT8_MAX, "sizes of pieces");

struct field_finished {
	bool used;
	struct field_header header; /* of the first piece */
	unsigned epochs_back;
	uint16_t id;
	uint8_t total;
	struct field_telling told;
};

struct field_wholes {
	struct field_whole slots[FIELD_WHOLES_MAX];
	struct field_finished finished[FIELD_FINISHED_MAX];
	size_t finished_next;
};

/* A fragment out of an authentic frame. */
struct field_piece {
	const struct field_header *header;
	const struct field_fragment *fragment;
	unsigned epochs_back;
	uint64_t hash;
	bool
	    seen; /* this frame was heard before, perhaps by another radio: it may fill a gap, but proves nothing new */
};

enum field_add {
	FIELD_ADD_KEPT,     /* others are missing */
	FIELD_ADD_WHOLE,    /* all are there: the set is to be joined and then given back with field_whole_finish */
	FIELD_ADD_REPEATED, /* was there already, or is of no use: to be counted as seen */
	FIELD_ADD_BAD,      /* contradicts the others: their number or kind; to be counted */
};

/* Adds a piece. *whole: the set it belongs to, NULL = none. *lost counts sets that had to go unfinished: another of the same station, or
 * the oldest of all. Whoever repeats what was heard before can neither begin a set in the place of another nor make one whole alone.
 * Pieces of one message bear one number and one time, and counters near to one another. */
enum field_add field_wholes_add(struct field_wholes *wholes, const struct field_piece *piece, int64_t now_us,
				struct field_whole **whole, size_t *lost);

/* The message that was whole before and that this piece, heard before, is one of; NULL = none that is remembered. */
struct field_finished *field_wholes_finished(struct field_wholes *wholes, const struct field_piece *piece);

/* Writes the whole body and returns its size; 0 = more than FIELD_WHOLE_MAX. */
size_t field_whole_join(const struct field_whole *whole, uint8_t body[FIELD_WHOLE_MAX]);
/* Gives the set back and remembers it. */
void field_whole_finish(struct field_wholes *wholes, struct field_whole *whole);

/* The number of the first of the pieces that have come. */
uint8_t field_whole_first(const struct field_whole *whole);
/* Whether all pieces behind that one have come, so that whoever sends them in order has no more to send just now. */
bool field_whole_has_all_behind(const struct field_whole *whole, uint8_t index);

/* Gives up sets that got their last new piece before that time; returns their number. */
size_t field_wholes_expire(struct field_wholes *wholes, int64_t before_us);
/* When the oldest got its last new piece, INT64_MAX = there is none. */
int64_t field_wholes_oldest_us(const struct field_wholes *wholes);
/* The next of the times quiet_us, INT64_MAX = there is none. */
int64_t field_wholes_quiet_us(const struct field_wholes *wholes);
