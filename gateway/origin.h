/* Whom an id came from: for every message that may have to be answered, the station, the radio that heard it and what it was told so
 * far. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "drivers/message.h"

/* How its network is answered. */
enum origin_network { ORIGIN_FIELD, ORIGIN_APRS, ORIGIN_MESHTASTIC, ORIGIN_MESHCORE };

enum { ORIGIN_NUMBER_MAX = 8 };

struct origin {
	char id[MESSAGE_ID_MAX];
	char station[MESSAGE_STATION_MAX];
	char radio[MESSAGE_NAME_MAX];   /* that heard it */
	char incident[MESSAGE_ID_MAX];  /* it counts to, "" = none */
	char number[ORIGIN_NUMBER_MAX]; /* its sender's own, to be acknowledged (APRS); "" = none, or not for us */
	enum origin_network network;
	enum message_kind kind;
	enum message_class class; /* of its answers */
	enum message_status status;
	enum message_authenticity authenticity;
	bool covert;         /* a check-in under duress: gets what any check-in gets, and nothing more */
	bool wanted;         /* STORED is to be said once it is true */
	bool stored;         /* it is true */
	bool lost;           /* it was given up before headquarters had it */
	enum ack_level told; /* the highest level said to its station so far, 0 = none */
	int eta_min;         /* said with RESPONDING, -1 = none */
	/* Of the steady clock: when it was heard, when anything was said of it, when its number was acknowledged; 0 = never. */
	int64_t heard_ms, said_ms, number_ms;

	/* Kept by the table. */
	uint64_t serial;  /* of this record, in no other ever */
	uint32_t answers; /* made for it so far: number of the last one */
	bool newest;      /* of its station in its open incident: speaks for it, and never gives way; not if covert */

	/* Not kept across restarts. */
	bool waiting; /* its last answer has no final result yet */
	bool due;     /* STORED is true and waits for its time */
};

struct origins;

/* For that many records; serial: more than any that was ever given out, as far as is known. NULL: out of memory. */
struct origins *origins_new(size_t capacity, uint64_t serial);
void origins_free(struct origins *origins);

/* Adds a record (its three members above are set here) that becomes the newest of its station in its incident. When all places are taken
 * the oldest of the lowest class gives way; none that is the newest of an open incident, so that the table grows instead; but an UNVERIFIED one
 * gives way in the end, as anybody can make those. Returns the record in the table, valid until it gives way. NULL: out of memory. */
struct origin *origins_enter(struct origins *origins, const struct origin *origin);

struct origin *origins_find(const struct origins *origins, const char *id);
struct origin *origins_by_serial(const struct origins *origins, uint64_t serial);
/* The newest records of an incident, one a station: after = NULL for the first. NULL = no more. */
struct origin *origins_of_incident(const struct origins *origins, const char *incident, const struct origin *after);
size_t origins_count(const struct origins *origins);
struct origin *origins_at(const struct origins *origins, size_t index);

/* The incident is not open any more: its records may give way. */
void origins_close(struct origins *origins, const char *incident);
/* The same for all of which is_open says so. */
void origins_settle(struct origins *origins, bool (*is_open)(const void *context, const char *incident),
		    const void *context);

/* Records that gave way so far. */
uint64_t origins_given_way(const struct origins *origins);

/* A block to be kept across restarts, the caller's to free; NULL: out of memory. */
uint8_t *origins_save(const struct origins *origins, size_t *size);
/* Adds what was saved to what is there; a record of an id that is there stays as it is. A damaged or foreign block is refused whole:
 * false. */
bool origins_recall(struct origins *origins, const uint8_t *bytes, size_t size);
