/* APRS status reports. */
#include "drivers/codec/aprs_decoders.h"

/* What a station is doing; a Maidenhead locator in front stays in the text:
 *
 *   | > | time DDHHMMz, or nothing | text |
 *   | 1 |            7             | 0-62 | */
const char *aprs_decode_status(struct aprs_span information, struct aprs_packet *packet, struct aprs_span *comment)
{
	packet->type = APRS_STATUS;
	*comment = aprs_skip(information, 1);
	if (comment->size >= 7 && comment->at[6] == 'z')
		aprs_take_timestamp(packet, *comment);
	if (packet->timestamp[0])
		*comment = aprs_skip(*comment, 7);
	aprs_set_text(packet, *comment);
	return NULL;
}
