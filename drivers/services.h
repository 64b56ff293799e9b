/* A driver's whole world: the few things the trunk does for it. A driver never blocks, allocates or opens anything. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct datagram;
struct message;

/* What became of a datagram or message handed to send(). */
enum send_result {
	SEND_ON_AIR,    /* progress: the transmitter has taken it up */
	SEND_DONE,      /* transmitted; nobody can confirm more on this network */
	SEND_CONFIRMED, /* the addressee acknowledged */
	SEND_FAILED,
};

struct services {
	void *owner; /* handed back as first argument of each call */

	int64_t (*now_us)(void *owner);  /* monotonic */
	int64_t (*wall_ms)(void *owner); /* Unix time, 0 = not known */
	/* Calls the driver's alarm() once at that monotonic time; a new call replaces the old one, 0 cancels. */
	void (*alarm)(void *owner, int64_t at_us);

	/* To the modem's port. Takes everything or nothing: 0, or -EAGAIN (try at the next alarm), -ENOTCONN. */
	int (*write)(void *owner, const void *bytes, size_t size);

	/* Upward, both may be called several times within one input(). What is pointed to is copied before they return. */
	void (*heard_datagram)(void *owner, const struct datagram *datagram); /* modem to air */
	void (*heard_message)(void *owner, const struct message *message);    /* air to trunk */
	/* The result of the last send(). assumed: the modem cannot tell that it really transmitted. code: constant, "" = none. */
	void (*sent)(void *owner, enum send_result result, bool assumed, const char *code);

	/* Counts a drop. reason is a constant like "bad_address" (lower case, words joined by _), named in the README. */
	void (*drop)(void *owner, const char *reason);
};
