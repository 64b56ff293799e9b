/* What was said of each command, for a day and across restarts: so that a command that comes again is answered with the same words and not
 * carried out again, and so that each has one final receipt. Knows no store and no uplink: both are handed to it. The clock is passed in. */
#pragma once

#include "gateway/command.h"
#include "gateway/counters.h"

struct receipts;

enum {
	RECEIPTS_MAX = 2048, /* commands that have their final receipt; the oldest are forgotten first */
	RECEIPTS_REFUSED =
	    1024, /* that were turned away and whose receipt no broker has: not among those, and forgotten last of all */
	RECEIPTS_PLACES = 8192, /* with those that are under way, which are never forgotten */
	RECEIPTS_BLOCKS = 256,  /* named "receipts-0" and so on: only what changed is written */
};

struct receipts_hooks {
	void *context;
	/* Puts a block where it survives; a copy is taken. receipts_kept follows once it does. false: there is no such place now. */
	bool (*keep)(void *context, const char *name, const void *bytes, size_t size);
	/* The block kept under that name by a former run, or NULL. */
	const void *(*recall)(void *context, const char *name, size_t *size);
	/* Publishes a receipt, or publishes it again. what: of its command. May not call back. */
	void (*publish)(void *context, enum command_what what, const struct receipt *receipt, const char *radio);
};

/* gateway: its name, as it stands in the ids of receipts. Takes up what hooks->recall gives. NULL: out of memory. */
struct receipts *receipts_new(const char *gateway, const struct receipts_hooks *hooks, struct counters *counters,
			      int64_t now_ms);
/* Keeps what changed. */
void receipts_free(struct receipts *receipts);

struct receipts_command {
	const char *id;
	enum command_what what;
	enum message_class class;
	enum message_status status;
	uint64_t content;    /* hash of who gave it and what it says */
	int64_t taken_at_ms; /* Unix: when it was taken, which is what its receipt `queued` says */
	const char *radio;   /* that its message waits for, NULL = not known yet */
};

/* 0: no command of that id is remembered; -EEXIST: this one is; -EADDRINUSE: another one has this id. */
int receipts_find(const struct receipts *receipts, const char *id, uint64_t content);
/* Remembers a command that is taken now; give it to the store before the message itself. turned_away: it is not carried out, and is forgotten
 * first where there is no room, once a broker has its receipt; for those before that ask receipts_refused. 0, -ENOMEM, -ENOSPC: all that are remembered are under way. now_ms: of the steady clock, as in all calls. */
int receipts_take(struct receipts *receipts, const struct receipts_command *command, bool turned_away, int64_t now_ms);
/* How many were turned away whose receipt no broker has yet. */
size_t receipts_refused(const struct receipts *receipts);
/* It was not taken after all, and may come again. */
void receipts_forget(struct receipts *receipts, const char *id);
/* The final receipt of a command, or RECEIPT_QUEUED: it has none yet. -ENOENT: not remembered. */
int receipts_final(const struct receipts *receipts, const char *id, enum receipt_stage *stage);

/* Something is to be said of a command: published as soon as it is kept. Said already, or after the final receipt: counted and left out.
 * false: the command is not remembered, and nothing was done. */
bool receipts_say(struct receipts *receipts, const struct receipt *receipt, const char *radio, int64_t now_ms);
/* Of a command that is taken no disk has its message: its receipt `queued` will say so. */
void receipts_in_memory(struct receipts *receipts, const char *id);
/* A command came again: what was said of it so far is published again. */
void receipts_repeat(struct receipts *receipts, const char *id);

/* A message of a former run waits for its radio. False: its command has its final receipt, or another message (a kill can leave two of them,
 * one for each radio), and it must not be sent. */
bool receipts_loaded(struct receipts *receipts, const struct receipts_command *command, int64_t now_ms);
/* Whether it was said of a command that it is on the air. */
bool receipts_on_air(const struct receipts *receipts, const char *id);
/* All such messages were loaded: commands under way that have none are failed:lost, or forgotten where nothing was said of them. What no
 * broker is known to have is published again. Again after receipts_recall_late. */
void receipts_settle(struct receipts *receipts, int64_t now_ms, int64_t wall_ms);
/* The blocks of the former run could be read only now. */
void receipts_recall_late(struct receipts *receipts);

/* What was taken and said so far is what receipts_are_kept speaks of from now on; returns the same. */
bool receipts_await(struct receipts *receipts, int64_t now_ms);
/* Whether all that was taken and said before the last receipts_await survives by now, or its place is not answering; whatever is still being
 * said does not put that off. */
bool receipts_are_kept(const struct receipts *receipts, int64_t now_ms);
/* The block of that name survives from now on. */
void receipts_kept(struct receipts *receipts, const char *name);
/* A broker has the receipt of that id (json_receipt_id). */
void receipts_delivered(struct receipts *receipts, const char *receipt_id);
/* The receipt of that id left the uplink's queue before a broker had it. It is published again when its command comes again, or as soon as
 * brokers take receipts again, one for each. Does not publish before it returns. */
void receipts_dropped(struct receipts *receipts, const char *receipt_id);
/* Publishes what could not be kept within 5 s; keeps who has what once a minute. Call every few seconds. */
void receipts_tick(struct receipts *receipts, int64_t now_ms);
