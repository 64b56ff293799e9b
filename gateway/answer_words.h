/* One answer as the messages that say it on the network of the station. */
#pragma once

#include "gateway/origin.h"
#include "gateway/words.h"

enum { ANSWER_MESSAGES = WORDS_TEXTS + 1 };

struct answer_ask {
	const struct origin *origin;
	enum ack_level level;
	int eta_min;
	bool number;   /* the sender's number is to be acknowledged (APRS) */
	bool anybodys; /* anybody can call it forth: with a recording, or a name that nobody proves */
	bool text;     /* and the level said in words, where there is no frame for it */
	enum words_language language;
};

/* Fills in messages without ids; those that acknowledge a number come first. Returns how many. */
size_t answer_compose(const struct answer_ask *ask, struct message messages[ANSWER_MESSAGES]);
/* A text of one's own. */
void answer_compose_text(const struct origin *origin, const char *text, struct message *message);
