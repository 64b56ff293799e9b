/* KISS, the byte stream between a host and a TNC. */
#include "drivers/codec/kiss.h"

void kiss_decoder_reset(struct kiss_decoder *decoder)
{
	decoder->in_frame = decoder->escaped = decoder->noise = false;
	decoder->fault = KISS_NEED_MORE;
	decoder->used = decoder->frame_size = 0;
}

/* What the bytes up to this FEND were. Nothing between two FENDs means nothing. */
static enum kiss_event judge(const struct kiss_decoder *decoder)
{
	if (!decoder->in_frame)
		return decoder->noise ? KISS_NOISE : KISS_NEED_MORE;
	if (decoder->fault != KISS_NEED_MORE)
		return decoder->fault;
	if (decoder->escaped)
		return KISS_BAD_ESCAPE;
	if (decoder->used == 0)
		return KISS_NEED_MORE;
	return decoder->used < KISS_FRAME_MIN ? KISS_TOO_SHORT : KISS_FRAME;
}

static enum kiss_event end_frame(struct kiss_decoder *decoder)
{
	enum kiss_event event = judge(decoder);
	size_t frame_size = event == KISS_FRAME ? decoder->used : 0;
	kiss_decoder_reset(decoder);
	decoder->in_frame = true;
	decoder->frame_size = frame_size;
	return event;
}

static void take(struct kiss_decoder *decoder, uint8_t byte)
{
	if (!decoder->in_frame) {
		decoder->noise = true;
		return;
	}
	if (byte == KISS_FESC && !decoder->escaped) {
		decoder->escaped = true;
		return;
	}
	if (decoder->escaped) {
		if (byte != KISS_TFEND && byte != KISS_TFESC && decoder->fault == KISS_NEED_MORE)
			decoder->fault = KISS_BAD_ESCAPE;
		byte = byte == KISS_TFEND ? KISS_FEND : KISS_FESC;
		decoder->escaped = false;
	}
	if (decoder->used < sizeof(decoder->frame))
		decoder->frame[decoder->used++] = byte;
	else if (decoder->fault == KISS_NEED_MORE)
		decoder->fault = KISS_TOO_LONG;
}

enum kiss_event kiss_decode(struct kiss_decoder *decoder, const uint8_t **bytes, size_t *size)
{
	while (*size > 0) {
		uint8_t byte = *(*bytes)++;
		(*size)--;
		if (byte != KISS_FEND) {
			take(decoder, byte);
			continue;
		}
		enum kiss_event event = end_frame(decoder);
		if (event != KISS_NEED_MORE)
			return event;
	}
	return KISS_NEED_MORE;
}

struct writer {
	uint8_t *out;
	size_t size, used;
	bool full;
};

static void put(struct writer *writer, uint8_t byte)
{
	if (writer->used == writer->size)
		writer->full = true;
	else
		writer->out[writer->used++] = byte;
}

static void put_escaped(struct writer *writer, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] == KISS_FEND || bytes[i] == KISS_FESC) {
			put(writer, KISS_FESC);
			put(writer, bytes[i] == KISS_FEND ? KISS_TFEND : KISS_TFESC);
		} else {
			put(writer, bytes[i]);
		}
	}
}

size_t kiss_encode(uint8_t type, const uint8_t *head, size_t head_size, const uint8_t *body, size_t body_size,
		   uint8_t *out, size_t out_size)
{
	struct writer writer = {.out = out, .size = out_size};
	put(&writer, KISS_FEND);
	put_escaped(&writer, &type, 1);
	put_escaped(&writer, head, head_size);
	put_escaped(&writer, body, body_size);
	put(&writer, KISS_FEND);
	return writer.full ? 0 : writer.used;
}
