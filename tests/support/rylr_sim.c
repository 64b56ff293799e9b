/* A simulated RYLR module. */
#include "tests/support/rylr_sim_internal.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/codec/lora_airtime.h"

static const uint32_t bandwidths_hz[] = {7800, 10400, 15600, 20800, 31250, 41700, 62500, 125000, 250000, 500000};

int rylr_sim_fault_named(const char *name)
{
	static const char *const names[RYLR_SIM_FAULTS] = {
	    "absent", "ready-only", "network-short", "spaces", "late-ok", "deaf", "binary", "old", "tx-timeout"};
	for (int i = 0; i < RYLR_SIM_FAULTS; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

/* ---- what it says ---- */

static void say_bytes(struct rylr_sim *sim, const void *bytes, size_t size, int64_t at_us)
{
	if (sim->answer_count == RYLR_SIM_ANSWERS || size > RYLR_SIM_LINE)
		return;
	struct rylr_sim_answer *answer = &sim->answers[sim->answer_count++];
	answer->at_us = at_us;
	answer->size = size;
	memcpy(answer->bytes, bytes, size);
}

void rylr_sim_say(struct rylr_sim *sim, int64_t at_us, const char *format, ...)
{
	char line[RYLR_SIM_LINE];
	va_list arguments;
	va_start(arguments, format);
	int size = vsnprintf(line, sizeof(line) - 2, format, arguments);
	va_end(arguments);
	memcpy(line + size, "\r\n", 2);
	say_bytes(sim, line, (size_t)size + 2, at_us);
}

void rylr_sim_say_error(struct rylr_sim *sim, unsigned error, int64_t now_us)
{
	sim->errors++;
	rylr_sim_say(sim, now_us + RYLR_SIM_ANSWER_US, "+ERR=%u", error);
}

/* At another speed the host reads something else. */
static void give_out(struct rylr_sim *sim, const struct rylr_sim_answer *answer)
{
	uint8_t bytes[RYLR_SIM_LINE];
	bool garbled = sim->ports.host_baud(sim->ports.context) != sim->baud;
	for (size_t i = 0; i < answer->size; i++)
		bytes[i] = garbled ? (uint8_t)(answer->bytes[i] << 1 | 0x81) : answer->bytes[i];
	sim->ports.uart(sim->ports.context, bytes, answer->size);
}

/* ---- radio ---- */

static struct lora_modulation modulation_of(const struct rylr_sim_settings *settings)
{
	return (struct lora_modulation){
	    .spreading_factor = settings->spreading,
	    .bandwidth_hz = bandwidths_hz[settings->bandwidth],
	    .coding_rate = settings->coding + 4,
	    .preamble_symbols = settings->preamble,
	};
}

void rylr_sim_tune(struct rylr_sim *sim)
{
	const struct rylr_sim_settings *settings = &sim->settings;
	bool on = sim->awake && settings->mode == 0;
	const struct lora_modulation modulation = modulation_of(settings);
	sim->ports.tune(sim->ports.context, on ? settings->band_hz : 0, &modulation, (int)settings->power);
}

static unsigned mark_of(const char *password)
{
	unsigned mark = 0;
	for (; *password; password++)
		mark = (mark * 31 + (unsigned char)*password) & 0xffff;
	return mark;
}

void rylr_sim_transmit(struct rylr_sim *sim, unsigned destination, const uint8_t *data, size_t size, int64_t now_us)
{
	unsigned mark = mark_of(sim->settings.password);
	uint8_t packet[RYLR_SIM_HEADER + RYLR_SIM_DATA] = {(uint8_t)sim->network, (uint8_t)(destination >> 8),
							   (uint8_t)destination,  (uint8_t)(sim->address >> 8),
							   (uint8_t)sim->address, (uint8_t)size,
							   (uint8_t)(mark >> 8),  (uint8_t)mark};
	const struct lora_modulation modulation = modulation_of(&sim->settings);
	memcpy(packet + RYLR_SIM_HEADER, data, size);
	sim->transmitting = true;
	sim->sends++;
	if (sim->ports.air)
		sim->ports.air(sim->ports.context, packet, RYLR_SIM_HEADER + size);
	else
		sim->sent_us = now_us + lora_airtime_us(&modulation, RYLR_SIM_HEADER + size);
	if (!sim->faults[RYLR_SIM_LATE_OK])
		rylr_sim_say(sim, now_us + RYLR_SIM_ANSWER_US, "+OK");
}

void rylr_sim_sent(struct rylr_sim *sim, int64_t now_us)
{
	sim->sent_us = RYLR_SIM_NEVER;
	if (sim->transmitting && sim->faults[RYLR_SIM_LATE_OK])
		rylr_sim_say(sim, now_us + RYLR_SIM_ANSWER_US, "+OK");
	sim->transmitting = false;
}

void rylr_sim_heard(struct rylr_sim *sim, double rssi_dbm, double snr_db, const uint8_t *bytes, size_t size,
		    int64_t now_us)
{
	uint8_t line[RYLR_SIM_LINE];
	if (!sim->awake || sim->settings.mode != 0 || size < RYLR_SIM_HEADER || bytes[5] != size - RYLR_SIM_HEADER ||
	    bytes[0] != sim->network || (unsigned)(bytes[6] << 8 | bytes[7]) != mark_of(sim->settings.password))
		return;
	unsigned destination = (unsigned)(bytes[1] << 8 | bytes[2]), sender = (unsigned)(bytes[3] << 8 | bytes[4]);
	if (destination && destination != sim->address)
		return;
	const char *gap = sim->faults[RYLR_SIM_SPACES] ? " " : "";
	size_t used = (size_t)snprintf((char *)line, sizeof(line), "+RCV=%s%u,%s%zu,%s", gap, sender, gap,
				       size - RYLR_SIM_HEADER, gap);
	memcpy(line + used, bytes + RYLR_SIM_HEADER, size - RYLR_SIM_HEADER);
	used += size - RYLR_SIM_HEADER;
	used += (size_t)snprintf((char *)line + used, sizeof(line) - used, ",%s%ld,%s%ld\r\n", gap, lround(rssi_dbm),
				 gap, lround(snr_db));
	say_bytes(sim, line, used, now_us + RYLR_SIM_ANSWER_US);
	sim->heard++;
}

/* Header and CRC errors in turn. */
void rylr_sim_spoilt(struct rylr_sim *sim, int64_t now_us)
{
	if (sim->awake && sim->settings.mode == 0)
		rylr_sim_say_error(sim, sim->errors % 2 ? 19 : 12, now_us);
}

/* ---- starting ---- */

static void forget(struct rylr_sim *sim)
{
	sim->settings = (struct rylr_sim_settings){.spreading = sim->is_896 ? 12 : 9,
						   .bandwidth = 7,
						   .coding = 1,
						   .preamble = sim->is_896 ? 4 : 12,
						   .power = sim->is_896 ? 15 : 22,
						   .band_hz = 915000000};
	sim->input_size = 0;
	sim->answer_count = 0;
	sim->transmitting = false;
	sim->sent_us = RYLR_SIM_NEVER;
	sim->start_us = RYLR_SIM_NEVER;
	sim->awake = false;
	rylr_sim_tune(sim);
}

void rylr_sim_begin_start(struct rylr_sim *sim, bool says, int64_t now_us)
{
	forget(sim);
	sim->start_us = sim->faults[RYLR_SIM_ABSENT] ? RYLR_SIM_NEVER : now_us + RYLR_SIM_START_US;
	sim->start_says = says;
	if (says && !sim->faults[RYLR_SIM_READY_ONLY] && !sim->faults[RYLR_SIM_ABSENT])
		rylr_sim_say(sim, now_us, "+RESET");
}

void rylr_sim_restart(struct rylr_sim *sim, bool says, int64_t now_us)
{
	rylr_sim_begin_start(sim, says, now_us);
	/* A start that nobody hears is over before anybody asks. */
	if (!says)
		sim->start_us = now_us;
}

void rylr_sim_reset_line(struct rylr_sim *sim, bool low, int64_t now_us)
{
	if (low == sim->held)
		return;
	sim->held = low;
	if (low)
		sim->held_us = now_us;
	else if (now_us - sim->held_us >= RYLR_SIM_RESET_US)
		rylr_sim_begin_start(sim, true, now_us);
}

void rylr_sim_set_fault(struct rylr_sim *sim, enum rylr_sim_fault fault, bool on, int64_t now_us)
{
	bool was = sim->faults[fault];
	sim->faults[fault] = on;
	if (fault == RYLR_SIM_ABSENT && on)
		forget(sim);
	else if (fault == RYLR_SIM_ABSENT && was)
		rylr_sim_begin_start(sim, true, now_us);
}

/* ---- time ---- */

static void earlier(int64_t *next_us, int64_t at_us)
{
	if (at_us != RYLR_SIM_NEVER && at_us < *next_us)
		*next_us = at_us;
}

int64_t rylr_sim_next_us(const struct rylr_sim *sim)
{
	int64_t next_us = INT64_MAX;
	earlier(&next_us, sim->start_us);
	earlier(&next_us, sim->sent_us);
	for (size_t i = 0; i < sim->answer_count; i++)
		earlier(&next_us, sim->answers[i].at_us);
	return next_us;
}

static void give_out_due(struct rylr_sim *sim, int64_t now_us)
{
	size_t kept = 0;
	for (size_t i = 0; i < sim->answer_count; i++) {
		if (sim->answers[i].at_us <= now_us)
			give_out(sim, &sim->answers[i]);
		else
			sim->answers[kept++] = sim->answers[i];
	}
	sim->answer_count = kept;
}

void rylr_sim_advance(struct rylr_sim *sim, int64_t now_us)
{
	if (sim->start_us != RYLR_SIM_NEVER && sim->start_us <= now_us && !sim->held) {
		sim->start_us = RYLR_SIM_NEVER;
		sim->awake = true;
		rylr_sim_tune(sim);
		if (sim->start_says)
			rylr_sim_say(sim, now_us, "+READY");
	}
	if (sim->sent_us != RYLR_SIM_NEVER && sim->sent_us <= now_us)
		rylr_sim_sent(sim, now_us);
	give_out_due(sim, now_us);
}

struct rylr_sim *rylr_sim_new(const struct rylr_sim_ports *ports, bool is_896, unsigned baud, int64_t now_us)
{
	struct rylr_sim *sim = calloc(1, sizeof(*sim));
	if (!sim)
		return NULL;
	*sim = (struct rylr_sim){
	    .ports = *ports, .is_896 = is_896, .baud = baud ? baud : 115200, .network = is_896 ? 0 : 18};
	rylr_sim_begin_start(sim, true, now_us);
	return sim;
}

void rylr_sim_free(struct rylr_sim *sim)
{
	free(sim);
}

void rylr_sim_print(const struct rylr_sim *sim, FILE *out)
{
	const struct rylr_sim_settings *settings = &sim->settings;
	fprintf(out,
		"{\"awake\": %s, \"parameter\": \"%u,%u,%u,%u\", \"band\": %u, \"power\": %u, \"mode\": %u, "
		"\"address\": %u, "
		"\"network\": %u, \"password\": \"%s\", \"flash_writes\": %u, \"sends\": %u, \"heard\": %u, "
		"\"errors\": %u}\n",
		sim->awake ? "true" : "false", settings->spreading, settings->bandwidth, settings->coding,
		settings->preamble, (unsigned)settings->band_hz, settings->power, settings->mode, sim->address,
		sim->network, settings->password, sim->flash_writes, sim->sends, sim->heard, sim->errors);
}
