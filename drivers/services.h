/* A driver's whole world: the few things the trunk does for it. A driver never blocks, allocates or opens anything. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct datagram;
struct message;
struct sealed;

/* What became of a datagram or message handed to send(). */
enum send_result {
	SEND_ON_AIR,    /* progress: the transmitter has taken it up */
	SEND_DONE,      /* transmitted; nobody can confirm more on this network */
	SEND_CONFIRMED, /* the addressee acknowledged */
	SEND_FAILED,
	SEND_GIVEN_BACK, /* not transmitted, and may go later: the trunk offers it, or something more urgent, when the modem is ready */
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
	/* From an air protocol: this is to be said back to a station that was just heard, and headquarters needs to know nothing of it
	 * (which parts of a long message have come). It goes when the radio is free, and may be lost. */
	void (*say_back)(void *owner, const struct message *message);
	/* From an air protocol: the authentic message of that id, which was handed up before and wants an acknowledgement, was heard once
	 * more. Its sender may have heard none; or another radio of this gateway heard the same transmission. */
	void (*heard_again)(void *owner, const char *id);
	/* The result of the last send(). assumed: the modem cannot tell that it really transmitted. code: constant, "" = none. */
	void (*sent)(void *owner, enum send_result result, bool assumed, const char *code);

	/* Counts a drop. reason is a constant like "bad_address" (lower case, words joined by _), named in the README. */
	void (*drop)(void *owner, const char *reason);

	/* Within init alone, which calls nothing else, so that the settings can be checked with it: the value of this key cannot be, and
	 * what to write instead. Constants, no full stop. The driver then returns -EINVAL, or does what it can without. */
	void (*refuse)(void *owner, const char *key, const char *why);

	/* For modems: their own lines, by index into modem_ops.lines; on is the logical level, whatever the wiring inverts.
	 * 0, -ENODEV (not wired), -EIO. */
	int (*set_line)(void *owner, unsigned line, bool on);
	/* 1, 0, or -ENODEV (not wired), -EIO. */
	int (*get_line)(void *owner, unsigned line);
	/* The serial line speaks at that rate from now on; what was written before leaves at the old one, what was read before is
	 * thrown away. 0 (also where there is no speed, as with TCP), -ENOTCONN, -EINVAL. */
	int (*set_baud)(void *owner, unsigned baud);
	/* What modem_ops.status says has changed: identity, text, or whether it takes a datagram. */
	void (*changed)(void *owner);
	/* One finding of an examination ("noise_dbm", "-104"), and its end: NULL and why it failed, "" = it did not. */
	void (*finding)(void *owner, const char *name, const char *value);

	/* How many of the messages handed up would be lost in a power cut now, because they are neither on disk nor with the broker; those
	 * of class BULK do not count. For a device that forgets what it has given. Whenever the number sinks, modem_ops.safer is
	 * called. Where there is no disk, a message is as safe as it can be at once. */
	size_t (*unsafe)(void *owner);

	/* Seals with, or opens by, the key of a station (gateway/keys.h). epochs_back: 0 = the station's current epoch, 1 = the one
	 * before. 0, -ENOKEY (no key for this station or epoch), open also -EBADMSG (not authentic; the text is as it was). */
	int (*seal)(void *owner, struct sealed *sealed);
	int (*open)(void *owner, struct sealed *sealed, unsigned epochs_back);
	/* Takes the counter of an authentic frame into the window of its station and key epoch, which all radios share and which
	 * survives a restart. Each epoch has a window of its own: a new handset may count from 0, and a revoked one cannot push the
	 * window of the new one ahead. epochs_back as for open(). 0 (never seen, and taken), -EEXIST (seen), -ESTALE (older than the
	 * window). */
	int (*take_counter)(void *owner, uint16_t station, unsigned epochs_back, uint32_t counter);
	/* A counter towards that addressee that was never used before, also not before a power cut. 0, -EAGAIN (the disk is asked for a
	 * new block; try again in a second). */
	int (*next_counter)(void *owner, uint16_t addressee, uint32_t *counter);
};

enum { SEALED_NONCE_SIZE = 13, SEALED_TAG_SIZE = 8 };

/* AES-128-CCM as the design's field frame has it. */
struct sealed {
	uint16_t station; /* whose key */
	uint8_t nonce[SEALED_NONCE_SIZE];
	const uint8_t *associated; /* authenticated only */
	size_t associated_size;
	uint8_t *text; /* encrypted or decrypted in place; size 0 = nothing is */
	size_t text_size;
	uint8_t tag[SEALED_TAG_SIZE]; /* out when sealing, in when opening */
};
