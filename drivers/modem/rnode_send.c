/* Handing an RNode one datagram, and finding out what became of it: the board does not tell. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "drivers/modem/rnode.h"

enum {
	RETRY_US = 50000,       /* after a write that found no room */
	ANSWER_US = 1000000,    /* for the answer to READY */
	CHANNEL_US = 2000000,   /* after a transmission STAT_CHTM comes within a second */
	PATIENCE_US = 60000000, /* with a busy channel or at the airtime limit */
	LOOK_US = 1000000,
	PREAMBLE_ASSUMED = 18,
	PREAMBLE_MAX = 64,
	SLOT_ASSUMED_MS = 24,
	DIFS_SLOTS = 2,
	BACKOFF_SLOTS = 8, /* mean of the lowest contention window, 0 to 15 */
	CARRIER_DB = 11,   /* above the noise floor it waits */
};

static struct lora_modulation modulation_of(const struct rnode *rnode)
{
	struct lora_modulation modulation = rnode->modulation;
	unsigned told = rnode->physical.preamble_symbols;
	modulation.preamble_symbols = told && told <= PREAMBLE_MAX ? told : PREAMBLE_ASSUMED;
	return modulation;
}

int64_t rnode_airtime_us(const void *state, size_t size)
{
	const struct lora_modulation modulation = modulation_of(state);
	return lora_airtime_us(&modulation, size + RNODE_AIR_EXTRA);
}

/* Mean time until the board has won a free channel. */
static int64_t access_us(const struct rnode *rnode)
{
	unsigned slot_ms = rnode->physical.slot_ms ? rnode->physical.slot_ms : SLOT_ASSUMED_MS;
	return (int64_t)slot_ms * 1000 * (DIFS_SLOTS + BACKOFF_SLOTS);
}

static void report(struct rnode *rnode, enum send_result result, bool assumed, const char *code)
{
	if (result != SEND_ON_AIR)
		rnode->size = 0;
	rnode->services->sent(rnode->services->owner, result, assumed, code);
}

void rnode_fail_sending(struct rnode *rnode, const char *code)
{
	if (rnode->size)
		report(rnode, SEND_FAILED, false, code);
}

void rnode_finish_sending(struct rnode *rnode, bool assumed)
{
	rnode_enter(rnode, RNODE_IDLE, 0);
	/* Without STAT_CHTM it was said when the board had got it. */
	if (rnode->has_channel)
		report(rnode, SEND_ON_AIR, assumed, "");
	report(rnode, SEND_DONE, assumed, "");
}

/* It still has the datagram and would transmit it some time: starting it anew empties its queue. */
static void give_up(struct rnode *rnode, const char *code)
{
	report(rnode, SEND_FAILED, false, code);
	rnode_reboot(rnode);
}

/* Is there room? The answer also proves that it is alive, for of a datagram it says nothing. */
void rnode_ask_room(struct rnode *rnode, enum rnode_phase phase)
{
	int result = rnode_write(rnode, RNODE_READY, (const uint8_t[]){0}, 1);
	rnode_enter(rnode, phase, result < 0 ? RETRY_US : ANSWER_US);
}

static void hand(struct rnode *rnode)
{
	if (rnode_write(rnode, RNODE_DATA, rnode->bytes, rnode->size) < 0) {
		rnode_ask_room(rnode, RNODE_ASKING);
		return;
	}
	int64_t needed_us = access_us(rnode) + rnode_airtime_us(rnode, rnode->size);
	rnode->written_us = rnode_now_us(rnode);
	rnode_enter(rnode, RNODE_IN_MODEM, needed_us + (rnode->has_channel ? CHANNEL_US : 0));
	if (!rnode->has_channel)
		report(rnode, SEND_ON_AIR, true, "");
}

int rnode_send(void *state, const struct datagram *datagram)
{
	struct rnode *rnode = state;
	if (datagram->size == 0 || datagram->size > RNODE_PACKET_MAX)
		return -EMSGSIZE;
	if (!rnode->configured)
		return -ENOTCONN;
	if (rnode->size || rnode->limited)
		return -EAGAIN;
	memcpy(rnode->bytes, datagram->bytes, datagram->size);
	rnode->size = datagram->size;
	rnode->tries = 0;
	rnode_ask_room(rnode, RNODE_ASKING);
	return 0;
}

void rnode_take_room(struct rnode *rnode, uint8_t room)
{
	if (rnode->phase != RNODE_POLLING && rnode->phase != RNODE_ASKING)
		return;
	rnode->tries = 0;
	if (room != 1) {
		/* The gateway leaves one datagram in it at most, so these are somebody else's or it hangs. */
		rnode_fail_sending(rnode, "modem_full");
		rnode_reboot(rnode);
	} else if (rnode->phase == RNODE_ASKING) {
		hand(rnode);
	} else {
		rnode_enter(rnode, RNODE_IDLE, 0);
	}
}

static bool is_busy(const struct rnode_channel *channel)
{
	return channel->rssi_dbm > channel->noise_dbm + CARRIER_DB || !isnan(channel->interference_dbm);
}

/* No sign of a transmission came in the time it needs. */
void rnode_look_for_signs(struct rnode *rnode)
{
	bool waits = rnode->has_channel && (rnode->limited || is_busy(&rnode->channel));
	if (!waits)
		rnode_finish_sending(rnode, true);
	else if (rnode_now_us(rnode) - rnode->written_us < PATIENCE_US)
		rnode_enter(rnode, RNODE_IN_MODEM, LOOK_US);
	else
		give_up(rnode, rnode->limited ? "airtime_limit" : "channel_busy");
}
