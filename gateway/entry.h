/* An entry: one message on its way through an outlet, rendered for it once, as small as it can be. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/message.h"

enum entry_disk {
	ENTRY_IN_MEMORY, /* the store was not asked */
	ENTRY_WRITING,   /* the store was asked and has not answered */
	ENTRY_ON_DISK,   /* survives a power cut */
};

struct entry {
	struct entry *next;      /* list of whoever holds the entry: schedule, window, hold */
	struct entry *disk_next; /* list of the store's bookkeeping in route.c */
	uint32_t references;
	uint8_t class;          /* enum message_class */
	uint8_t kind;           /* enum message_kind */
	uint8_t disk;           /* enum entry_disk */
	bool told;              /* for the field: the sender was told that it is safe */
	bool delay_told;        /* ... that it waits for airtime, and until when */
	bool begun;             /* ... some of it was transmitted, by whatever radio and in whatever run */
	bool has_errand;        /* ... its radio has looked at it, see outgoing_internal.h */
	bool retain;            /* the broker keeps the last of its topic for who comes later */
	bool exercise;          /* status Exercise or Test: never delays an Actual one */
	bool finished;          /* delivered, expired or dropped: nobody needs it on disk any more */
	uint64_t row;           /* key in the store, unique for ever, set when the entry is made */
	uint8_t frames;         /* for the field: that it takes on its radio, 0 = not asked yet */
	uint32_t frame_size;    /* of the first of them */
	int64_t heard_us;       /* monotonic time of the last byte at the port, 0 after a restart */
	int64_t accepted_at_ms; /* of the steady clock, see clock.h */
	int64_t expires_at_ms;  /* of the steady clock, 0 = never */
	uint32_t payload_size;  /* of the text as it goes out */
	uint32_t held_size;     /* of what is held of it: smaller when it is packed */
	uint16_t outlet_at, id_at, station_at, topic_at; /* offsets of zero-terminated texts in data */
	uint16_t payload_at;
	char data[];
};

/* A topic of the uplink that begins with this is whole behind it, and not below the prefix. */
#define ENTRY_WHOLE_TOPIC '/'

struct entry_parts {
	enum message_class class;
	enum message_kind kind;
	const char *outlet;       /* "uplink" or the name of a radio */
	const char *id, *station; /* station decides whose turn it is inside a class */
	const char *topic; /* uplink: below the prefix, or whole behind ENTRY_WHOLE_TOPIC; radio: "", or "exercise/" */
	const void *payload; /* JSON */
	size_t payload_size;
	size_t
	    held_size; /* 0 = payload is the text itself; otherwise it is packed, so many bytes, as entry_held gave it */
	bool pack;     /* it will wait: keep it small, at the price of some microseconds now and when it goes out */
	int64_t heard_us, accepted_at_ms, expires_at_ms;
};

/* One allocation with copies of everything, one reference. NULL: out of memory or a text longer than 60 kB. */
struct entry *entry_new(const struct entry_parts *parts, uint64_t row);
struct entry *entry_ref(struct entry *entry);
/* Gives a reference back; the last one frees. NULL is allowed. */
void entry_unref(struct entry *entry);

/* The class as it may be seen at the base: a check-in counts as SAFETY there also when it carries a distress (classify_is_covert). */
static inline enum message_class entry_shown_class(const struct entry *entry)
{
	return entry->kind == KIND_CHECKIN ? CLASS_SAFETY : (enum message_class)entry->class;
}

static inline const char *entry_outlet(const struct entry *entry)
{
	return entry->data + entry->outlet_at;
}
static inline const char *entry_id(const struct entry *entry)
{
	return entry->data + entry->id_at;
}
static inline const char *entry_station(const struct entry *entry)
{
	return entry->data + entry->station_at;
}
static inline const char *entry_topic(const struct entry *entry)
{
	return entry->data + entry->topic_at;
}
/* The payload as it goes out, payload_size bytes. Of a packed entry it is unpacked into one place that all share: valid until the next
 * call, and only for the loop's thread. NULL: what came from the disk is damaged. */
const char *entry_payload(const struct entry *entry);
/* What is held of the payload, held_size bytes, packed if that is less than payload_size; for the store, from any thread. */
static inline const char *entry_held(const struct entry *entry)
{
	return entry->data + entry->payload_at;
}
/* Bytes of memory and, about, of disk that the entry takes: what the bounds of a class are counted in. */
size_t entry_footprint(const struct entry *entry);
