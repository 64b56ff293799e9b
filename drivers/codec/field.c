/* Header, seal and fragments of the field frame. No libc but memcpy and memset: it runs on a node, too. */
#include "drivers/codec/field.h"

#include <string.h>

#include "drivers/codec/field_bodies.h"
#include "drivers/codec/field_bytes.h"

enum { HOPS_AT = 2 };

static uint8_t first_byte(const struct field_header *header)
{
	return (uint8_t)(FIELD_VERSION << 6 | header->down << 5 | (header->kind & 0x0f));
}

static uint8_t flags_byte(const struct field_header *header)
{
	return (uint8_t)((header->status & 3) | header->ack_wanted << 2 | header->fragment << 3 |
			 header->position << 4 | (header->sensitivity & 3) << 5 | header->encrypted << 7);
}

static void read_flags(uint8_t flags, struct field_header *header)
{
	header->status = flags & 3;
	header->ack_wanted = flags >> 2 & 1;
	header->fragment = flags >> 3 & 1;
	header->position = flags >> 4 & 1;
	header->sensitivity = flags >> 5 & 3;
	header->encrypted = flags >> 7 & 1;
}

size_t field_header_size(const struct field_header *header)
{
	return header->down ? FIELD_HEADER_SIZE + FIELD_FROM_SIZE : FIELD_HEADER_SIZE;
}

enum field_result field_header_decode(const uint8_t *frame, size_t size, struct field_header *header)
{
	if (size < FIELD_HEADER_SIZE + FIELD_TAG_SIZE)
		return FIELD_TOO_SHORT;
	if (size > FIELD_FRAME_MAX)
		return FIELD_TOO_LONG;
	if (frame[0] >> 6 != FIELD_VERSION)
		return FIELD_BAD_VERSION;
	if (frame[0] & 0x10)
		return FIELD_BAD_HEADER;
	memset(header, 0, sizeof(*header));
	header->down = frame[0] >> 5 & 1;
	header->kind = frame[0] & 0x0f;
	if (size < field_header_size(header) + FIELD_TAG_SIZE)
		return FIELD_TOO_SHORT;
	read_flags(frame[1], header);
	header->hop_limit = frame[HOPS_AT] >> 4;
	header->hops_taken = frame[HOPS_AT] & 0x0f;
	header->station = get_u16(frame + 3);
	header->counter = get_u32(frame + 5);
	header->time_s = get_u32(frame + 9);
	header->from = header->down ? get_u16(frame + 13) : 0;
	return FIELD_OK;
}

const char *field_result_name(enum field_result result)
{
	static const char *const names[] = {
	    [FIELD_OK] = "",
	    [FIELD_TOO_SHORT] = "field_too_short",
	    [FIELD_TOO_LONG] = "field_too_long",
	    [FIELD_BAD_VERSION] = "field_bad_version",
	    [FIELD_BAD_HEADER] = "field_bad_header",
	};
	return names[result];
}

size_t field_header_encode(const struct field_header *header, uint8_t *frame)
{
	frame[0] = first_byte(header);
	frame[1] = flags_byte(header);
	frame[HOPS_AT] = (uint8_t)(header->hop_limit << 4 | (header->hops_taken & 0x0f));
	put_u16(frame + 3, header->station);
	put_u32(frame + 5, header->counter);
	put_u32(frame + 9, header->time_s);
	if (header->down)
		put_u16(frame + 13, header->from);
	return field_header_size(header);
}

bool field_is_never_fragmented(uint8_t kind)
{
	return kind == FIELD_DISTRESS || kind == FIELD_ALERT || kind == FIELD_ACK;
}

size_t field_body_room(const struct field_header *header)
{
	return (field_is_never_fragmented(header->kind) ? FIELD_SHORT_MAX : FIELD_FRAME_MAX) -
	       field_header_size(header) - FIELD_TAG_SIZE;
}

bool field_looks_like_distress(const struct field_header *header, size_t size)
{
	size_t body = FIELD_DISTRESS_SIZE + (header->position ? FIELD_DISTRESS_POSITION_SIZE : 0);
	return header->kind == FIELD_DISTRESS && !header->down && !header->fragment &&
	       size == FIELD_HEADER_SIZE + body + FIELD_TAG_SIZE;
}

/*   | station u16 | counter u32 | down u8 | from u16 | 0 0 0 0 | */
static void make_nonce(const struct field_header *header, uint8_t nonce[FIELD_NONCE_SIZE])
{
	memset(nonce, 0, FIELD_NONCE_SIZE);
	put_u16(nonce, header->station);
	put_u32(nonce + 2, header->counter);
	nonce[6] = header->down;
	put_u16(nonce + 7, header->from);
}

/* Points the cipher at the parts of a frame of that size, tag not counted, whose hops were set to 0. */
static void split(uint8_t *frame, size_t size, const struct field_header *header, struct field_crypt *crypt)
{
	size_t header_size = field_header_size(header);
	crypt->station = header->station;
	make_nonce(header, crypt->nonce);
	crypt->associated = frame;
	crypt->associated_size = header->encrypted ? header_size : size;
	crypt->text = frame + header_size;
	crypt->text_size = header->encrypted ? size - header_size : 0;
}

int field_seal(uint8_t *frame, size_t size, field_cipher *cipher, void *user)
{
	struct field_header header;
	struct field_crypt crypt;
	if (field_header_decode(frame, size + FIELD_TAG_SIZE, &header) != FIELD_OK)
		return -1;
	const uint8_t hops = frame[HOPS_AT];
	memset(crypt.tag, 0, FIELD_TAG_SIZE);
	frame[HOPS_AT] = 0;
	split(frame, size, &header, &crypt);
	int result = cipher(user, &crypt);
	frame[HOPS_AT] = hops;
	if (result == 0)
		memcpy(frame + size, crypt.tag, FIELD_TAG_SIZE);
	return result;
}

int field_open(uint8_t *frame, size_t size, const struct field_header *header, field_cipher *cipher, void *user)
{
	struct field_crypt crypt;
	const uint8_t hops = frame[HOPS_AT];
	size -= FIELD_TAG_SIZE;
	memcpy(crypt.tag, frame + size, FIELD_TAG_SIZE);
	frame[HOPS_AT] = 0;
	split(frame, size, header, &crypt);
	int result = cipher(user, &crypt);
	frame[HOPS_AT] = hops;
	return result;
}

static bool is_possible(const struct field_fragment *fragment)
{
	return fragment->total > 0 && fragment->total <= FIELD_FRAGMENTS_MAX && fragment->index < fragment->total &&
	       fragment->size > 0;
}

bool field_fragment_decode(const uint8_t *body, size_t size, struct field_fragment *fragment)
{
	if (size < FIELD_FRAGMENT_SIZE)
		return false;
	fragment->id = get_u16(body);
	fragment->index = body[2] >> 4;
	fragment->total = body[2] & 0x0f;
	fragment->bytes = body + FIELD_FRAGMENT_SIZE;
	fragment->size = size - FIELD_FRAGMENT_SIZE;
	return is_possible(fragment);
}

size_t field_fragment_encode(const struct field_fragment *fragment, uint8_t *body, size_t room)
{
	if (!is_possible(fragment) || fragment->size + FIELD_FRAGMENT_SIZE > room)
		return 0;
	put_u16(body, fragment->id);
	body[2] = (uint8_t)(fragment->index << 4 | fragment->total);
	memcpy(body + FIELD_FRAGMENT_SIZE, fragment->bytes, fragment->size);
	return fragment->size + FIELD_FRAGMENT_SIZE;
}
