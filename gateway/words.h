/* The fixed texts by which a station is told how far its message has come: only what is true, and never a promise. Pure.
 *
 * Networks with a frame of their own for this (the field frame's ack) carry the level alone, and the device has its words. */
#pragma once

#include "drivers/message.h"

enum words_language { WORDS_EN, WORDS_FR, WORDS_BOTH };

enum { WORDS_MAX = 161, WORDS_TEXTS = 2 }; /* a text with its final zero; the most that one level takes */

struct words_ask {
	enum ack_level level;
	bool distress;              /* the message was a distress: it is called by its name */
	enum message_status status; /* of the message: an exercise says in front that it is one */
	int eta_min;                /* of RESPONDING, what a person has given; -1 = nothing */
};

/* What one network takes. */
struct words_room {
	size_t bytes; /* of a text, at least 67 */
	bool plain;   /* only ASCII: letters lose their accents */
};

/* Writes the text of a level: with WORDS_BOTH English and French in one text, " / " between them, if that fits the room, else one after the
 * other in two. Returns how many, 0 = that level has no words. */
size_t words_make(const struct words_ask *ask, enum words_language language, const struct words_room *room,
		  char texts[WORDS_TEXTS][WORDS_MAX]);

/* Whether a text begins with one of these, in whatever language, with or without accents and the mark of an exercise. */
bool words_are_these(const char *text);
