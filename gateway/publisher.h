/* Renders what headquarters is to know, once, and hands it to the uplink's schedule and to the keeper. */
#pragma once

#include "gateway/classify.h"
#include "gateway/counters.h"
#include "gateway/incident.h"
#include "gateway/json.h"
#include "gateway/keeper.h"
#include "gateway/receipts.h"
#include "gateway/schedule.h"
#include "gateway/settings.h"
#include "gateway/store.h"

/* What a publisher works with; everything is borrowed. */
struct publisher {
	const struct settings *settings;
	const struct classify *classify;
	struct store *store;
	struct keeper *keeper;
	struct schedule *schedule;
	struct counter *accepted;
	struct counters *counters;
	struct receipts *receipts; /* NULL: nothing is remembered of commands */
	const uint8_t
	    *logistics_key; /* 16 bytes that nobody else has: ids made with it do not lead back to a station */
	void *context;
	/* After an entry was scheduled and before the disk is asked: the moment to send it. */
	void (*scheduled)(void *context);
	/* The entry was accepted. May be NULL. */
	void (*passed)(void *context, struct entry *entry);
	/* Whether headquarters is to have a receipt; what it is of may be filled in. May be NULL. */
	bool (*receipt)(void *context, struct receipt *receipt);
};

/* How good the wall clock is, as the configuration says or, with `auto`, as the kernel says. */
enum message_clock publisher_clock(const struct settings *settings);

/* A message that was heard, and once more for logistics where it is theirs too. What cannot be taken is counted, and said if it is urgent. */
void publisher_message(struct publisher *publisher, const struct message *message, const char *radio, int64_t heard_us);
/* An incident as it now stands. */
void publisher_incident(struct publisher *publisher, const struct incident *incident);
/* What became of a message for the field, once it is kept that this was said. radio: name, "" = none. */
void publisher_receipt(struct publisher *publisher, const struct receipt *receipt, const char *radio);
/* Publishes a receipt now. Who says so keeps it: it is not written to disk. */
void publisher_kept_receipt(struct publisher *publisher, const struct receipt *receipt, const char *radio);
