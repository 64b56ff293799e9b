/* Ebyte modules: frames to packets and back while the module is in its normal mode. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "drivers/modem/ebyte_module.h"

enum {
	BITS_PER_BYTE = 10, /* on the serial line, 8N1 */
	RSSI_US = 40000,    /* a serial adapter may keep the byte behind a packet for 16 ms */
	SUSPECT_US = 100000,
	TAKEN_US = 20000,  /* from the last byte on the line to a level of AUX that can be believed */
	MARGIN_US = 50000, /* where nothing tells when the module has taken a burst */
	BUSY_US = 3000000, /* beyond twice the airtime: listening before talking */
	AGAIN_US = 20000,
	UNMOVED_MAX = 3,
};

static void set_due(struct ebyte_module *module, int64_t us)
{
	module->link.due_us = ebyte_now_us(module) + us;
}

static int64_t line_us(const struct ebyte_module *module, size_t size)
{
	return (int64_t)size * BITS_PER_BYTE * 1000000 / module->data_baud;
}

/* Between two measured points on the straight line through them, beyond the last on the line through the last two. */
static int64_t measured_us(const struct ebyte_airtimes *airtimes, size_t size)
{
	size_t i = 1;
	if (airtimes->count == 1)
		return airtimes->points[0].airtime_us;
	while (i + 1 < airtimes->count && airtimes->points[i].size < size)
		i++;
	int64_t span = (int64_t)airtimes->points[i].size - (int64_t)airtimes->points[i - 1].size;
	int64_t step = airtimes->points[i].airtime_us - airtimes->points[i - 1].airtime_us;
	int64_t beyond = (int64_t)size - (int64_t)airtimes->points[i - 1].size;
	int64_t us = airtimes->points[i - 1].airtime_us + step * beyond / span;
	return us > 0 ? us : airtimes->points[0].airtime_us;
}

static int64_t packet_us(const struct ebyte_module *module, size_t size)
{
	if (module->airtimes.count)
		return measured_us(&module->airtimes, size);
	return ebyte_packet_airtime_us(module->kind->family, module->air_rate_code, size);
}

/* Of a burst, which the module splits where it is longer than a packet. */
static int64_t burst_us(const struct ebyte_module *module, size_t size)
{
	int64_t us = 0;
	for (; size > module->packet_size; size -= module->packet_size)
		us += packet_us(module, module->packet_size);
	return us + packet_us(module, size);
}

int64_t ebyte_airtime_us(const void *state, size_t size)
{
	return burst_us(state, size + CARRIAGE_OVERHEAD);
}

void ebyte_link_close(struct ebyte_module *module)
{
	module->link.open = false;
	module->link.silence_due_us = module->link.suspect_due_us = 0;
	carriage_reset(&module->link.decoder);
}

/* ---- receiving ---- */

static void hand_up(struct ebyte_module *module)
{
	const struct carriage_decoder *decoder = &module->link.decoder;
	struct datagram datagram = {
	    .bytes = decoder->frame, .size = decoder->frame_size, .rssi_dbm = NAN, .snr_db = NAN};
	if (decoder->rssi >= 0) {
		datagram.rssi_dbm = ebyte_rssi_dbm((uint8_t)decoder->rssi, module->rssi_halves);
		if (isnan(datagram.rssi_dbm))
			ebyte_count(module, "ebyte_rssi_range");
	} else if (module->with_rssi) {
		ebyte_count(module, "ebyte_rssi_missing");
	}
	module->services->heard_datagram(module->services->owner, &datagram);
}

static void report_faults(struct ebyte_module *module)
{
	struct carriage_decoder *decoder = &module->link.decoder;
	for (; decoder->broken; decoder->broken--)
		ebyte_count(module, "ebyte_broken_frame");
	for (; decoder->noise; decoder->noise--)
		ebyte_count(module, "ebyte_noise");
}

void ebyte_link_input(struct ebyte_module *module, const uint8_t *bytes, size_t size)
{
	struct ebyte_link *link = &module->link;
	link->heard_us = ebyte_now_us(module);
	link->suspect_due_us = 0;
	while (carriage_decode(&link->decoder, &bytes, &size))
		hand_up(module);
	report_faults(module);
	link->silence_due_us = carriage_is_holding(&link->decoder) ? link->heard_us + RSSI_US : 0;
}

/* ---- sending ---- */

static void finish(struct ebyte_module *module, enum send_result result, bool assumed, const char *code)
{
	module->link.sending = LINK_IDLE;
	module->link.due_us = 0;
	module->services->sent(module->services->owner, result, assumed, code);
}

void ebyte_link_fail(struct ebyte_module *module, const char *code)
{
	if (module->link.sending != LINK_IDLE)
		finish(module, SEND_FAILED, false, code);
}

/* The next packet, never longer than one. A burst that begins like a command would be taken for one; such a packet begins a little
 * earlier. Where no place will do, the module may split the rest itself. */
static size_t burst_size(const struct ebyte_module *module)
{
	const struct ebyte_link *link = &module->link;
	const uint8_t *bytes = link->bytes + link->at;
	size_t left = link->size - link->at;
	if (left <= module->packet_size)
		return left;
	for (size_t size = module->packet_size; size > CARRIAGE_HEAD_SIZE; size--)
		if (!ebyte_is_command(bytes + size, left - size))
			return size;
	return left;
}

static int write_burst(struct ebyte_module *module)
{
	struct ebyte_link *link = &module->link;
	link->burst = burst_size(module);
	link->aux_moved = false;
	int result = module->services->write(module->services->owner, link->bytes + link->at, link->burst);
	if (result < 0)
		return result;
	int64_t on_line_us = line_us(module, link->burst), airtime_us = burst_us(module, link->burst);
	link->sending = LINK_TAKING;
	link->deadline_us = ebyte_now_us(module) + on_line_us + 2 * airtime_us + BUSY_US;
	set_due(module, on_line_us + TAKEN_US);
	return 0;
}

static void write_next_burst(struct ebyte_module *module)
{
	int result = write_burst(module);
	if (result == -EAGAIN) {
		module->link.sending = LINK_RETRY;
		set_due(module, AGAIN_US);
	} else if (result < 0) {
		finish(module, SEND_FAILED, false, "radio_lost");
	}
}

int ebyte_link_send(struct ebyte_module *module, const uint8_t *frame, size_t size)
{
	struct ebyte_link *link = &module->link;
	link->size = carriage_encode(frame, size, link->bytes);
	if (!link->size)
		return -EMSGSIZE;
	link->at = 0;
	link->said_on_air = false;
	link->sending = LINK_WAITING;
	int result = link->open && module->chat.step == CHAT_IDLE ? write_burst(module) : 0;
	if (result < 0)
		link->sending = LINK_IDLE;
	ebyte_set_alarm(module);
	return result;
}

void ebyte_link_go_on(struct ebyte_module *module)
{
	if (module->link.sending == LINK_WAITING)
		write_next_burst(module);
}

void ebyte_link_open(struct ebyte_module *module)
{
	struct ebyte_link *link = &module->link;
	carriage_reset(&link->decoder);
	link->decoder.with_rssi = module->with_rssi;
	link->open = true;
	link->opened_us = ebyte_now_us(module);
}

static void say_on_air(struct ebyte_module *module)
{
	if (module->link.said_on_air)
		return;
	module->link.said_on_air = true;
	module->services->sent(module->services->owner, SEND_ON_AIR, true, "");
}

/* The module has taken the burst. That does not mean that it has transmitted it: the last packet is on the air now. */
static void burst_taken(struct ebyte_module *module, int64_t air_us)
{
	struct ebyte_link *link = &module->link;
	say_on_air(module);
	link->at += link->burst;
	if (link->at < link->size) {
		write_next_burst(module);
		return;
	}
	link->sending = LINK_AIRING;
	set_due(module, air_us);
}

static void watch_movement(struct ebyte_module *module)
{
	struct ebyte_link *link = &module->link;
	link->unmoved = link->aux_moved ? 0 : link->unmoved + 1;
	if (link->unmoved < UNMOVED_MAX)
		return;
	module->chat.blind = true;
	ebyte_aux_fault(module, EBYTE_AUX_SILENT);
}

/* All bytes of the burst are at the module, or the time for that is over. */
static void look_at_aux(struct ebyte_module *module)
{
	struct ebyte_link *link = &module->link;
	int aux = ebyte_chat_aux(module);
	if (aux != 0)
		say_on_air(module);
	if (aux > 0) {
		watch_movement(module);
		burst_taken(module, packet_us(module, (link->burst - 1) % module->packet_size + 1));
	} else if (aux < 0) {
		/* Nothing tells: the next burst goes when this one must have been transmitted. */
		link->sending = LINK_BLIND;
		set_due(module, burst_us(module, link->burst) + MARGIN_US);
	} else if (ebyte_now_us(module) < link->deadline_us) {
		link->due_us = link->deadline_us;
	} else {
		module->chat.blind = true;
		ebyte_aux_fault(module, EBYTE_AUX_STUCK);
		finish(module, SEND_FAILED, false, "module_busy");
	}
}

static void sending_due(struct ebyte_module *module)
{
	switch (module->link.sending) {
	case LINK_TAKING:
		look_at_aux(module);
		break;
	case LINK_BLIND:
		burst_taken(module, 1);
		break;
	case LINK_RETRY:
		write_next_burst(module);
		break;
	case LINK_AIRING:
		finish(module, SEND_DONE, true, "");
		break;
	case LINK_IDLE:
	case LINK_WAITING:
		break;
	}
}

void ebyte_link_due(struct ebyte_module *module)
{
	struct ebyte_link *link = &module->link;
	int64_t now_us = ebyte_now_us(module);
	if (link->silence_due_us && now_us >= link->silence_due_us) {
		link->silence_due_us = 0;
		if (carriage_silence(&link->decoder))
			hand_up(module);
	}
	if (link->suspect_due_us && now_us >= link->suspect_due_us) {
		link->suspect_due_us = 0;
		ebyte_suspect_reset(module);
	}
	if (link->due_us && now_us >= link->due_us) {
		link->due_us = 0;
		sending_due(module);
	}
}

void ebyte_link_aux_moved(struct ebyte_module *module, bool on)
{
	struct ebyte_link *link = &module->link;
	link->aux_moved = true;
	if (link->sending == LINK_TAKING) {
		if (!on)
			say_on_air(module);
		else if (link->due_us == link->deadline_us)
			look_at_aux(module);
		return;
	}
	/* AUX was low and no packet came out: the module has restarted, perhaps with other settings. An edge of the change of mode may
	 * be told late, when the level has been asked for already. */
	int64_t now_us = ebyte_now_us(module);
	bool idle = link->open && link->sending == LINK_IDLE && module->chat.step == CHAT_IDLE;
	if (on && idle && now_us - link->heard_us > SUSPECT_US && now_us - link->opened_us > SUSPECT_US)
		link->suspect_due_us = now_us + SUSPECT_US;
}
