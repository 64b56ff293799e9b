/* APRS objects and items: a named thing somewhere, reported by somebody else. */
#include "drivers/codec/aprs_decoders.h"

enum {
	OBJECT_NAME_SIZE = 9,
	OBJECT_HEAD_SIZE = 18,
	ITEM_NAME_MIN = 3,
	ITEM_NAME_MAX = 9,
	LIVE = '*',
	ITEM_LIVE = '!',
	KILLED = '_'
};

static bool is_printable(struct aprs_span span)
{
	for (size_t i = 0; i < span.size; i++)
		if (span.at[i] < ' ' || span.at[i] > '~')
			return false;
	return true;
}

static const char *take_name(struct aprs_packet *packet, struct aprs_span name, bool alive)
{
	if (!is_printable(name))
		return "invalid name";
	aprs_copy(packet->name, sizeof(packet->name), name);
	packet->has_alive = true;
	packet->alive = alive;
	return NULL;
}

/* An object, which its reporter places and withdraws:
 *
 *   | ; | name, padded with spaces | * live or _ killed | time | position | extension, comment |
 *   | 1 |            9             |         1          |  7   | 19 or 13 |                    | */
const char *aprs_decode_object(struct aprs_span information, struct aprs_packet *packet)
{
	struct aprs_span rest;
	packet->type = APRS_OBJECT;
	if (information.size < OBJECT_HEAD_SIZE)
		return "object too short";
	uint8_t mark = information.at[1 + OBJECT_NAME_SIZE];
	if (mark != LIVE && mark != KILLED)
		return "invalid object";
	struct aprs_span name = {information.at + 1, OBJECT_NAME_SIZE};
	const char *error = take_name(packet, name, mark == LIVE);
	if (error)
		return error;
	aprs_take_timestamp(packet, aprs_skip(information, 2 + OBJECT_NAME_SIZE));
	return aprs_decode_located(aprs_skip(information, OBJECT_HEAD_SIZE), packet, &rest);
}

/* An item, which has no time:
 *
 *   | ) | name | ! live or _ killed | position | extension, comment |
 *   | 1 | 3-9  |         1          | 19 or 13 |                    | */
const char *aprs_decode_item(struct aprs_span information, struct aprs_packet *packet)
{
	struct aprs_span rest, name = {information.at + 1, 0};
	packet->type = APRS_ITEM;
	while (name.size + 1 < information.size && name.at[name.size] != ITEM_LIVE && name.at[name.size] != KILLED)
		name.size++;
	if (name.size < ITEM_NAME_MIN || name.size > ITEM_NAME_MAX || name.size + 1 == information.size)
		return "invalid item";
	const char *error = take_name(packet, name, name.at[name.size] == ITEM_LIVE);
	if (error)
		return error;
	return aprs_decode_located(aprs_skip(information, name.size + 2), packet, &rest);
}
