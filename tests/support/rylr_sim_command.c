/* The commands of a simulated RYLR module. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/rylr_sim_internal.h"

enum { BAD_VALUE = 15 };

static unsigned set_parameter(struct rylr_sim *sim, const char *value)
{
	struct rylr_sim_settings new = sim->settings;
	if (sscanf(value, "%u,%u,%u,%u", &new.spreading, &new.bandwidth, &new.coding, &new.preamble) != 4)
		return BAD_VALUE;
	unsigned most = sim->is_896 ? 12 : new.bandwidth == 7 ? 9 : new.bandwidth == 8 ? 10 : 11;
	if (new.spreading < (sim->is_896 ? 7u : 5u) || new.spreading > most || new.bandwidth > 9 ||
	    (!sim->is_896 && new.bandwidth < 7) || new.coding < 1 || new.coding > 4)
		return BAD_VALUE;
	if (!sim->is_896 && sim->network != 18 && new.preamble != 12)
		return 18;
	sim->settings = new;
	rylr_sim_tune(sim);
	return 0;
}

static unsigned set_number(unsigned *setting, const char *value, unsigned most)
{
	char *end;
	unsigned long number = strtoul(value, &end, 10);
	if (end == value || *end || number > most)
		return BAD_VALUE;
	*setting = (unsigned)number;
	return 0;
}

/* In flash: counted even if it was so before, as the maker's endurance does. */
static unsigned set_stored(struct rylr_sim *sim, unsigned *setting, const char *value, unsigned most)
{
	unsigned error = set_number(setting, value, most);
	sim->flash_writes += error == 0;
	return error;
}

static unsigned set_password(struct rylr_sim *sim, const char *value)
{
	size_t digits = sim->is_896 ? 32 : 8;
	if (strlen(value) != digits || strspn(value, "0123456789abcdefABCDEF") != digits)
		return BAD_VALUE;
	snprintf(sim->settings.password, sizeof(sim->settings.password), "%s", value);
	return 0;
}

static unsigned set_band(struct rylr_sim *sim, const char *value)
{
	sim->settings.band_hz = (uint32_t)strtoul(value, NULL, 10);
	rylr_sim_tune(sim);
	return 0;
}

static unsigned set_mode(struct rylr_sim *sim, const char *value)
{
	unsigned error = set_number(&sim->settings.mode, value, 1);
	rylr_sim_tune(sim);
	return error;
}

static unsigned set(struct rylr_sim *sim, const char *name, const char *value)
{
	if (sim->faults[RYLR_SIM_DEAF])
		return 0;
	if (strcmp(name, "PARAMETER") == 0)
		return set_parameter(sim, value);
	if (strcmp(name, "BAND") == 0)
		return set_band(sim, value);
	if (strcmp(name, "ADDRESS") == 0)
		return set_stored(sim, &sim->address, value, 65535);
	if (strcmp(name, "NETWORKID") == 0)
		return set_stored(sim, &sim->network, value, 18);
	if (strcmp(name, "CRFOP") == 0)
		return set_number(&sim->settings.power, value, sim->is_896 ? 15 : 22);
	if (strcmp(name, "MODE") == 0)
		return set_mode(sim, value);
	if (strcmp(name, "CPIN") == 0 && !sim->faults[RYLR_SIM_OLD])
		return set_password(sim, value);
	return 4;
}

static bool write_value(const struct rylr_sim *sim, const char *name, char *value, size_t size)
{
	const struct rylr_sim_settings *settings = &sim->settings;
	if (strcmp(name, "VER") == 0)
		snprintf(value, size, "%s", sim->is_896 ? "RYLR89C_V1.2.7" : "RYLR998_REYAX_V1.2.2");
	else if (strcmp(name, "UID") == 0 && !sim->faults[RYLR_SIM_OLD])
		snprintf(value, size, "104737333437353600170029");
	else if (strcmp(name, "IPR") == 0)
		snprintf(value, size, "%u", sim->baud);
	else if (strcmp(name, "MODE") == 0)
		snprintf(value, size, "%u", settings->mode);
	else if (strcmp(name, "PARAMETER") == 0)
		snprintf(value, size, "%u,%u,%u,%u", settings->spreading, settings->bandwidth, settings->coding,
			 settings->preamble);
	else if (strcmp(name, "BAND") == 0)
		snprintf(value, size, "%u", (unsigned)settings->band_hz);
	else if (strcmp(name, "ADDRESS") == 0)
		snprintf(value, size, "%u", sim->address);
	else if (strcmp(name, "NETWORKID") == 0)
		snprintf(value, size, "%u", sim->network);
	else if (strcmp(name, "CRFOP") == 0)
		snprintf(value, size, "%u", settings->power);
	else if (strcmp(name, "CPIN") == 0 && !sim->faults[RYLR_SIM_OLD])
		snprintf(value, size, "%s", settings->password[0] ? settings->password : "No Password!");
	else
		return false;
	return true;
}

static void answer_question(struct rylr_sim *sim, const char *name, int64_t now_us)
{
	char value[64];
	bool is_short = sim->faults[RYLR_SIM_NETWORK_SHORT] && strcmp(name, "NETWORKID") == 0;
	if (write_value(sim, name, value, sizeof(value)))
		rylr_sim_say(sim, now_us + RYLR_SIM_ANSWER_US, "+%s=%s", is_short ? "NETWORK" : name, value);
	else
		rylr_sim_say_error(sim, 4, now_us);
}

/* AT+SEND=address,length,data; head is what stands in front of the data. */
static void obey_send(struct rylr_sim *sim, unsigned address, unsigned length, const uint8_t *data, size_t size,
		      int64_t now_us)
{
	if (length > RYLR_SIM_DATA)
		rylr_sim_say_error(sim, 13, now_us);
	else if (length != size)
		rylr_sim_say_error(sim, 5, now_us);
	else if (sim->transmitting)
		rylr_sim_say_error(sim, 17, now_us);
	else if (sim->faults[RYLR_SIM_TX_TIMEOUT])
		rylr_sim_say_error(sim, 10, now_us + 500000);
	else
		rylr_sim_transmit(sim, address, data, size, now_us);
}

static void obey_line(struct rylr_sim *sim, char *line, int64_t now_us)
{
	char *equals = strchr(line, '='), *name = line + 3;
	size_t size = strlen(line);
	if (strcmp(line, "AT") == 0) {
		rylr_sim_say(sim, now_us + RYLR_SIM_ANSWER_US, "+OK");
	} else if (strncmp(line, "AT+", 3) != 0) {
		rylr_sim_say_error(sim, strncmp(line, "AT", 2) == 0 ? 4 : 2, now_us);
	} else if (strcmp(name, "RESET") == 0) {
		rylr_sim_begin_start(sim, true, now_us);
	} else if (line[size - 1] == '?') {
		line[size - 1] = 0;
		answer_question(sim, name, now_us);
	} else if (equals) {
		*equals = 0;
		unsigned error = set(sim, name, equals + 1);
		if (error)
			rylr_sim_say_error(sim, error, now_us);
		else
			rylr_sim_say(sim, now_us + RYLR_SIM_ANSWER_US, "+OK");
	} else {
		rylr_sim_say_error(sim, 4, now_us);
	}
}

/* Bytes of the first command with its end, 0 = not whole yet. A packet ends at the first CR LF, or where its length says. */
static size_t command_size(const struct rylr_sim *sim, unsigned *address, unsigned *length, size_t *head)
{
	char text[RYLR_SIM_INPUT + 1];
	int at = 0;
	memcpy(text, sim->input, sim->input_size);
	text[sim->input_size] = 0;
	*head = 0;
	if (sscanf(text, "AT+SEND=%5u,%4u,%n", address, length, &at) == 2 && at > 0) {
		*head = (size_t)at;
		size_t whole = *head + *length + 2;
		bool counts = sim->faults[RYLR_SIM_BINARY] && *length <= RYLR_SIM_DATA;
		if (counts && sim->input_size < whole)
			return 0;
		if (counts && memcmp(sim->input + whole - 2, "\r\n", 2) == 0)
			return whole;
	}
	const uint8_t *end = memchr(sim->input, '\n', sim->input_size);
	return end ? (size_t)(end + 1 - sim->input) : 0;
}

static void obey(struct rylr_sim *sim, size_t size, unsigned address, unsigned length, size_t head, int64_t now_us)
{
	char line[RYLR_SIM_INPUT];
	if (size < 2 || sim->input[size - 2] != '\r') {
		rylr_sim_say_error(sim, 1, now_us);
		return;
	}
	memcpy(line, sim->input, size - 2);
	line[size - 2] = 0;
	/* Asleep it only hears the command that wakes it. */
	if (sim->settings.mode != 0 && strcmp(line, "AT+MODE=0") != 0)
		return;
	if (head)
		obey_send(sim, address, length, sim->input + head, size - 2 - head, now_us);
	else if (line[0])
		obey_line(sim, line, now_us);
}

static void take(struct rylr_sim *sim, uint8_t byte, int64_t now_us)
{
	unsigned address, length;
	size_t head, size;
	if (sim->input_size == RYLR_SIM_INPUT)
		sim->input_size = 0;
	sim->input[sim->input_size++] = byte;
	if (byte != '\n' || !(size = command_size(sim, &address, &length, &head)))
		return;
	obey(sim, size, address, length, head, now_us);
	sim->input_size -= size < sim->input_size ? size : sim->input_size;
	memmove(sim->input, sim->input + size, sim->input_size);
}

void rylr_sim_uart(struct rylr_sim *sim, const uint8_t *bytes, size_t size, int64_t now_us)
{
	if (!sim->awake || sim->held || sim->ports.host_baud(sim->ports.context) != sim->baud)
		return;
	for (size_t i = 0; i < size; i++)
		take(sim, bytes[i], now_us);
}
