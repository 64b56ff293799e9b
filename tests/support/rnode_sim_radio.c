/* The radio side of a simulated RNode: its queue, access to the channel, airtime, split packets. */
#include "tests/support/rnode_sim_radio.h"

#include <math.h>
#include <string.h>

#include "drivers/codec/lora_airtime.h"

enum {
	PACKET_MAX = 254,
	PREAMBLE_MIN = 18,
	PREAMBLE_MS = 24,
	SLOT_MIN_MS = 24,
	SLOT_MAX_MS = 100,
	WINDOW_SLOTS = 15,
	BIN_US = 7500000,
	SPLIT = 0x01,
	NOISE_DBM = -110,
	BUSY_DBM = -70,
	FLUSH_BELOW_BPS = 14000,
};

static double symbol_us(const struct rnode_sim *sim)
{
	return (double)(1u << sim->used.spreading) * 1e6 / sim->used.bandwidth_hz;
}

static unsigned preamble(const struct rnode_sim *sim)
{
	unsigned symbols = (unsigned)ceil(PREAMBLE_MS * 1000 / symbol_us(sim));
	return symbols < PREAMBLE_MIN ? PREAMBLE_MIN : symbols;
}

static unsigned slot_ms(const struct rnode_sim *sim)
{
	unsigned ms = (unsigned)(12 * symbol_us(sim) / 1000);
	return ms < SLOT_MIN_MS ? SLOT_MIN_MS : ms > SLOT_MAX_MS ? SLOT_MAX_MS : ms;
}

static double bits_per_s(const struct rnode_sim *sim)
{
	return sim->used.spreading * 4.0 / sim->used.coding * 1e6 / symbol_us(sim);
}

static struct lora_modulation modulation_of(const struct rnode_sim *sim)
{
	return (struct lora_modulation){.spreading_factor = sim->used.spreading,
					.bandwidth_hz = sim->used.bandwidth_hz,
					.coding_rate = sim->used.coding,
					.preamble_symbols = preamble(sim)};
}

void rnode_sim_retune(struct rnode_sim *sim)
{
	/* While it is off there may be no settings to make one of. */
	const struct lora_modulation modulation = sim->on ? modulation_of(sim) : (struct lora_modulation){0};
	sim->ports.tune(sim->ports.context, sim->on ? sim->used.frequency_hz : 0, &modulation, sim->used.power_dbm);
}

void rnode_sim_say_physical(struct rnode_sim *sim)
{
	unsigned symbol = (unsigned)symbol_us(sim), rate = (unsigned)(1e6 / symbol_us(sim)), slot = slot_ms(sim);
	unsigned preamble_ms = (unsigned)(preamble(sim) * symbol_us(sim) / 1000);
	SAY(sim, 0x26, (uint8_t)(symbol >> 8), (uint8_t)symbol, (uint8_t)(rate >> 8), (uint8_t)rate, 0,
	    (uint8_t)preamble(sim), (uint8_t)(preamble_ms >> 8), (uint8_t)preamble_ms, 0, (uint8_t)slot, 0,
	    (uint8_t)(2 * slot));
}

/* ---- own airtime ---- */

static void turn_bins(struct rnode_sim *sim, int64_t now_us)
{
	for (int64_t bin = now_us / BIN_US; sim->bin < bin; sim->bin++)
		sim->bins[(sim->bin + 1) % RNODE_SIM_BINS] = 0;
}

static void count_airtime(struct rnode_sim *sim, int64_t us, int64_t now_us)
{
	turn_bins(sim, now_us);
	sim->bins[sim->bin % RNODE_SIM_BINS] += us;
}

/* Per cent times 100 of the last two bins, and of the hour. */
static void airtime(struct rnode_sim *sim, unsigned used[2], int64_t now_us)
{
	int64_t sum = 0;
	turn_bins(sim, now_us);
	for (int i = 0; i < RNODE_SIM_BINS; i++)
		sum += sim->bins[i];
	int64_t newest = sim->bins[sim->bin % RNODE_SIM_BINS];
	int64_t before = sim->bin ? sim->bins[(sim->bin - 1) % RNODE_SIM_BINS] : 0;
	used[0] = (unsigned)((newest + before) * 10000 / (2 * BIN_US));
	used[1] = (unsigned)(sum * 10000 / ((int64_t)RNODE_SIM_BINS * BIN_US));
}

static bool is_locked(struct rnode_sim *sim, int64_t now_us)
{
	unsigned used[2];
	airtime(sim, used, now_us);
	return (sim->locks[0] && used[0] >= sim->locks[0]) || (sim->locks[1] && used[1] >= sim->locks[1]);
}

void rnode_sim_say_channel(struct rnode_sim *sim, int64_t now_us)
{
	unsigned used[2];
	bool busy = sim->faults[RNODE_SIM_BUSY];
	if (sim->board == RNODE_SIM_AVR || !sim->on)
		return;
	airtime(sim, used, now_us);
	SAY(sim, 0x25, (uint8_t)(used[0] >> 8), (uint8_t)used[0], (uint8_t)(used[1] >> 8), (uint8_t)used[1], 0,
	    busy ? 200 : 0, 0, 0, (uint8_t)((busy ? BUSY_DBM : NOISE_DBM) + 157), (uint8_t)(NOISE_DBM + 157), 0xff);
}

/* ---- sending ---- */

bool rnode_sim_has_room(const struct rnode_sim *sim)
{
	size_t packets = sim->board == RNODE_SIM_AVR ? 24 : RNODE_SIM_QUEUE_PACKETS;
	return !sim->faults[RNODE_SIM_QUEUE_FULL] && sim->queue_count < packets;
}

void rnode_sim_queue(struct rnode_sim *sim, const uint8_t *bytes, size_t size, int64_t now_us)
{
	size_t most = sim->board == RNODE_SIM_AVR ? 5120 : RNODE_SIM_QUEUE_BYTES;
	if (!sim->on) {
		SAY(sim, 0x90, 0x02);
		return;
	}
	if (!rnode_sim_has_room(sim) || sim->queue_bytes + size > most || size > RNODE_SIM_MTU) {
		sim->discarded++;
		return;
	}
	struct rnode_sim_packet *packet = &sim->queue[sim->queue_count++];
	packet->size = size;
	memcpy(packet->bytes, bytes, size);
	sim->queue_bytes += size;
	if (sim->queue_count > sim->queue_max)
		sim->queue_max = sim->queue_count;
	if (!sim->transmitting && sim->try_us == RNODE_SIM_NEVER)
		sim->try_us = now_us;
}

/* xorshift64 */
static unsigned draw(struct rnode_sim *sim, unsigned below)
{
	sim->random ^= sim->random << 13;
	sim->random ^= sim->random >> 7;
	sim->random ^= sim->random << 17;
	return (unsigned)(sim->random % below);
}

static void put_on_air(struct rnode_sim *sim, const uint8_t *bytes, size_t size, uint8_t header, int64_t now_us)
{
	uint8_t packet[PACKET_MAX + 1] = {header};
	const struct lora_modulation modulation = modulation_of(sim);
	memcpy(packet + 1, bytes, size);
	sim->transmitting = true;
	sim->begun_us = now_us;
	if (sim->ports.air)
		sim->ports.air(sim->ports.context, packet, size + 1);
	else
		sim->sent_us = now_us + lora_airtime_us(&modulation, size + 1);
}

/* Up to 254 bytes in one packet, more in two with the same header. */
static void transmit(struct rnode_sim *sim, int64_t now_us)
{
	const struct rnode_sim_packet *packet = &sim->queue[0];
	bool split = packet->size > PACKET_MAX;
	if (sim->faults[RNODE_SIM_TX_HANGS]) {
		rnode_sim_hang(sim, now_us);
		return;
	}
	if (!sim->second_part)
		sim->sent_header = (uint8_t)(draw(sim, 16) << 4 | (split ? SPLIT : 0));
	if (sim->second_part)
		put_on_air(sim, packet->bytes + PACKET_MAX, packet->size - PACKET_MAX, sim->sent_header, now_us);
	else
		put_on_air(sim, packet->bytes, split ? PACKET_MAX : packet->size, sim->sent_header, now_us);
	sim->second_part = split && !sim->second_part;
}

static void drop_first(struct rnode_sim *sim)
{
	sim->queue_bytes -= sim->queue[0].size;
	memmove(&sim->queue[0], &sim->queue[1], --sim->queue_count * sizeof(sim->queue[0]));
}

/* The channel is won, or lost. Slow rates then flush the queue without listening again and without looking at the locks. */
void rnode_sim_carrier(struct rnode_sim *sim, bool busy, int64_t now_us)
{
	sim->listening = false;
	if (!sim->on || !sim->queue_count || sim->transmitting)
		return;
	if (busy || sim->faults[RNODE_SIM_BUSY] || is_locked(sim, now_us)) {
		sim->try_us = now_us + (int64_t)slot_ms(sim) * 1000;
		return;
	}
	if (sim->faults[RNODE_SIM_TX_FAILS]) {
		drop_first(sim);
		SAY(sim, 0x90, 0x02);
		return;
	}
	sim->flushing = bits_per_s(sim) <= FLUSH_BELOW_BPS;
	transmit(sim, now_us);
}

void rnode_sim_try(struct rnode_sim *sim, int64_t now_us)
{
	sim->try_us = RNODE_SIM_NEVER;
	if (!sim->on || !sim->queue_count || sim->transmitting || sim->listening)
		return;
	if (!sim->ports.listen) {
		rnode_sim_carrier(sim, false, now_us);
		return;
	}
	sim->listening = true;
	sim->ports.listen(sim->ports.context);
}

void rnode_sim_sent(struct rnode_sim *sim, int64_t now_us)
{
	sim->sent_us = RNODE_SIM_NEVER;
	if (!sim->transmitting)
		return;
	sim->transmitting = false;
	count_airtime(sim, now_us - sim->begun_us, now_us);
	if (sim->second_part) {
		transmit(sim, now_us);
		return;
	}
	drop_first(sim);
	sim->sent++;
	rnode_sim_say_channel(sim, now_us);
	if (!sim->queue_count)
		return;
	if (sim->flushing)
		transmit(sim, now_us);
	else
		sim->try_us = now_us + (int64_t)slot_ms(sim) * 1000 * (2 + (int64_t)draw(sim, WINDOW_SLOTS + 1));
}

/* ---- receiving ---- */

static void deliver(struct rnode_sim *sim, double rssi_dbm, double snr_db, const uint8_t *bytes, size_t size)
{
	double snr_quarters = round(snr_db * 4);
	sim->heard++;
	SAY(sim, 0x23, (uint8_t)lround(rssi_dbm + 157));
	SAY(sim, 0x24, (uint8_t)(int8_t)(snr_quarters < -128 ? -128 : snr_quarters > 127 ? 127 : snr_quarters));
	rnode_sim_say(sim, 0x00, bytes, size);
}

/* | header: sequence in the high half, bit 0 = half of two | up to 254 bytes | */
void rnode_sim_heard(struct rnode_sim *sim, double rssi_dbm, double snr_db, const uint8_t *bytes, size_t size,
		     int64_t now_us)
{
	(void)now_us;
	if (!sim->on || size < 2 || size > PACKET_MAX + 1)
		return;
	uint8_t header = bytes[0];
	if (!(header & SPLIT)) {
		sim->part_size = 0;
		deliver(sim, rssi_dbm, snr_db, bytes + 1, size - 1);
	} else if (sim->part_size && sim->heard_header == header) {
		memcpy(sim->part + sim->part_size, bytes + 1, size - 1);
		deliver(sim, rssi_dbm, snr_db, sim->part, sim->part_size + size - 1);
		sim->part_size = 0;
	} else {
		memcpy(sim->part, bytes + 1, size - 1);
		sim->part_size = size - 1;
		sim->heard_header = header;
	}
}
