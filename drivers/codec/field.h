/* The field frame, version 1: what stations of the field and gateways say to one another over datagram radios.
 *
 * Writing a node: these files (field*.h and field*.c of this folder) need nothing but memcpy and memset
 * and an AES-128-CCM of your own, handed in as a function. In another language take the drawings in the comments here and in
 * field_bodies.h, and tests/vectors/field.json, which has every kind with its key, nonce, associated data, body and frame.
 *
 *   | 0: version, kind | 1: flags | 2: hops | 3: station | 5: counter | 9: time | 13: from | body | tag |
 *   |       u8         |    u8    |    u8   |    u16     |    u32     |   u32   |   u16    |  ... | 8 B |
 *
 *   version, kind: bits 7-6 the version (1), 5 down (a gateway speaks to the field), 4 zero, 3-0 the kind
 *   flags:         bits 1-0 status, 2 ack wanted, 3 fragment, 4 position present, 6-5 sensitivity, 7 encrypted
 *   hops:          7-4 how often it may be relayed, 3-0 how often it was
 *   from:          only in a down frame: the gateway that speaks; station is then whom it speaks to, FFFF = all
 *
 * Everything is little-endian. A frame has at most 160 bytes; distress, alert and ack at most 48, and they are never fragmented.
 *
 * Seal: AES-128-CCM with a tag of 8 bytes.
 *
 *   nonce, 13 bytes: | station u16 | counter u32 | down u8 | from u16 (0 going up) | 0 0 0 0 |
 *   associated data: the header (and from) with hops as 0; the body behind it where it is not encrypted
 *   key, 16 bytes:   HKDF-SHA256(input = master of 32 bytes, no salt, info = "cresset field v1", epoch u8, station u16)
 *
 *   struct field_header header = {.kind = FIELD_DISTRESS, .station = 7, .counter = next, .time_s = now, .encrypted = true, .hop_limit = 3};
 *   struct field_distress distress = {.nature = 7, .persons = FIELD_NONE_U8, .battery_pct = 80};
 *   uint8_t frame[FIELD_FRAME_MAX];
 *   size_t size = field_header_encode(&header, frame);
 *   size += field_distress_encode(&distress, header.position, frame + size, field_body_room(&header));
 *   if (field_seal(frame, size, my_aes_ccm, my_key) == 0)
 *           transmit(frame, size + FIELD_TAG_SIZE);
 *
 * Rules for a sender: a counter is never used twice with one key, also not after a power cut (keep it, or begin above it); time is 0
 * while the clock is not known; bit 4 of the flags counts in distress and checkin alone, the other kinds always or never have a
 * position. Inside AX.25 the frame is the information of a UI frame, PID F0, to APZCRF.
 * Rules for a receiver: an unknown number of an enumeration is 0; what is not authentic is not believed; of a frame that comes again
 * nothing is told again, but if an ack was wanted it is sent again. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FIELD_VERSION = 1,
	FIELD_HEADER_SIZE = 13, /* going up */
	FIELD_FROM_SIZE = 2,    /* more in a down frame */
	FIELD_TAG_SIZE = 8,
	FIELD_NONCE_SIZE = 13,
	FIELD_FRAME_MAX = 160,
	FIELD_SHORT_MAX = 48, /* distress, alert, ack */
	FIELD_ALL = 0xffff,   /* as a station: everybody, whose key is that of the group */
	FIELD_BODY_MAX = FIELD_FRAME_MAX - FIELD_HEADER_SIZE - FIELD_TAG_SIZE,
};

enum field_kind {
	FIELD_DISTRESS = 1,
	FIELD_ALERT,
	FIELD_ACK,
	FIELD_CHECKIN,
	FIELD_ROLLCALL,
	FIELD_POSITION,
	FIELD_TEXT,
	FIELD_SITREP,
	FIELD_REQUEST,
	FIELD_ACTIVITY,
	FIELD_TELEMETRY,
	FIELD_MOVEMENT,
};

struct field_header {
	bool down;
	uint8_t kind;   /* enum field_kind, or one that is not known yet: 0-15 */
	uint8_t status; /* 0 actual, 1 exercise, 2 test, 3 system */
	bool ack_wanted, fragment, position, encrypted;
	uint8_t sensitivity; /* 0 public, 1 partners, 2 organisation, 3 security desk only */
	uint8_t hop_limit, hops_taken;
	uint16_t station; /* who speaks; in a down frame who is spoken to */
	uint32_t counter;
	uint32_t time_s; /* Unix, 0 = clock not known */
	uint16_t from;   /* down frames only, else 0 */
};

enum field_result {
	FIELD_OK,
	FIELD_TOO_SHORT,   /* header and tag do not fit */
	FIELD_TOO_LONG,    /* more than FIELD_FRAME_MAX */
	FIELD_BAD_VERSION, /* not version 1 */
	FIELD_BAD_HEADER,  /* the bit that is zero is not */
};

/* Reads the header of a frame. Says nothing about kind, body and tag. */
enum field_result field_header_decode(const uint8_t *frame, size_t size, struct field_header *header);

/* The constant under which such a frame is counted: "field_too_short". "" for FIELD_OK. */
const char *field_result_name(enum field_result result);

/* Writes the header into at least FIELD_HEADER_SIZE + FIELD_FROM_SIZE bytes and returns its size: 13, or 15 in a down frame. */
size_t field_header_encode(const struct field_header *header, uint8_t *frame);
size_t field_header_size(const struct field_header *header);

/* The most bytes a body of that kind may have in such a frame: what 48 or 160 leave between header and tag. */
size_t field_body_room(const struct field_header *header);

/* distress, alert and ack: their pieces might be lost. */
bool field_is_never_fragmented(uint8_t kind);

/* Whether a distress that cannot be opened has exactly the form of one: it goes up, is no fragment, and its length is what its
 * flags say. (Version and header are what field_header_decode checked.) */
bool field_looks_like_distress(const struct field_header *header, size_t size);

/* What a cipher is given. text is changed in place. */
struct field_crypt {
	uint16_t station; /* whose key */
	uint8_t nonce[FIELD_NONCE_SIZE];
	const uint8_t *associated;
	size_t associated_size;
	uint8_t *text;
	size_t text_size; /* 0 = nothing is encrypted */
	uint8_t tag[FIELD_TAG_SIZE];
};

/* An AES-128-CCM: makes the tag and encrypts, or checks the tag and decrypts. Returns 0, or what field_seal and field_open are to
 * return; then text is as it was. */
typedef int field_cipher(void *user, struct field_crypt *crypt);

/* Seals a frame whose header and body are written. size counts both, without the tag, for which there must be room behind them.
 * Returns 0 (the frame has size + FIELD_TAG_SIZE bytes now), -1 (no frame, or too long) or what the cipher said. */
int field_seal(uint8_t *frame, size_t size, field_cipher *cipher, void *user);

/* Opens a frame in place; header is what field_header_decode said of it. Returns 0 (authentic; the body is plain now) or what the
 * cipher said (the frame is as it was). */
int field_open(uint8_t *frame, size_t size, const struct field_header *header, field_cipher *cipher, void *user);

/* A long body goes in pieces, each a frame with a counter of its own and all with the same flags and time. The body of such a frame is
 *
 *   | 0: fragment id | 2: index << 4 | total | 3: bytes of the whole body |
 *   |      u16       |           u8          |         at least one       |
 *
 * with at most FIELD_FRAGMENTS_MAX pieces, which together have at most FIELD_WHOLE_MAX bytes. id: the low half of the first piece's
 * counter will do; another message of the same id within ten minutes must not bear the same time.
 *
 * The receiver's ack has level 0 and a bitmap of the pieces that it has (bit 0 = the first). It refers to the first of them, because it
 * does not know the counter of one that was lost: so a sender looks for the counter among all its pieces. It says that pieces have
 * come and nothing else; whether a message is stored is another ack.
 *
 * A sender sends its pieces in order and listens. What the bitmap says is missing it repeats as it was, byte by byte, in order. If no ack
 * comes it repeats the last piece that is missing as far as it knows, a few times and each time later.
 * A receiver sends its ack when a piece came behind which none is missing; when pieces break off, some seconds later; and for a
 * repeated piece of a message that it has. It does not repeat an ack by itself. What is said to all is not acknowledged. */
enum { FIELD_FRAGMENT_SIZE = 3, FIELD_FRAGMENTS_MAX = 8, FIELD_WHOLE_MAX = 1024 };

struct field_fragment {
	uint16_t id;
	uint8_t index, total;
	const uint8_t *bytes; /* inside the body */
	size_t size;
};

/* False: not a possible fragment (index beyond the total, total 0 or above 8, no bytes). */
bool field_fragment_decode(const uint8_t *body, size_t size, struct field_fragment *fragment);
/* Returns the size of the body, 0 = it does not fit into room, or is not a possible fragment. */
size_t field_fragment_encode(const struct field_fragment *fragment, uint8_t *body, size_t room);
