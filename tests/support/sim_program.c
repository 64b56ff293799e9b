/* What the programs of simulated modems share. */
#include "tests/support/sim_program.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/gpio_sim.h"
#include "tests/support/hex.h"
#include "tests/support/sim_pty.h"

enum { COMMAND_MAX = 4096, LONGEST_WAIT_MS = 1000, SYNC_PRIVATE = 0x12 };
enum { AT_PTY, AT_LINES, AT_ETHER, AT_INPUT, POLL_COUNT };

struct sim_program {
	struct sim_device device;
	const struct sim_options *options;
	struct sim_pty *pty; /* NULL = unplugged */
	struct gpio_sim *lines;
	struct ether_client *ether;
	double speed;
	int64_t begin_us;
	unsigned lose_every, lose_count;
	char command[COMMAND_MAX];
	size_t command_size;
	bool ended;
};

static volatile sig_atomic_t ended;

static void end(int number)
{
	(void)number;
	ended = 1;
}

static int64_t real_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ll + now.tv_nsec / 1000;
}

static int64_t now_us(const struct sim_program *program)
{
	return 1 + (int64_t)((double)(real_us() - program->begin_us) * program->speed);
}

/* ---- for the modem ---- */

void sim_program_to_host(void *context, const uint8_t *bytes, size_t size)
{
	struct sim_program *program = context;
	for (size_t i = 0; i < size && program->pty; i++) {
		bool lost = program->lose_every && ++program->lose_count % program->lose_every == 0;
		if (!lost)
			sim_pty_write(program->pty, bytes + i, 1);
	}
}

unsigned sim_program_baud(void *context)
{
	const struct sim_program *program = context;
	return program->pty ? sim_pty_baud(program->pty) : 0;
}

void sim_program_send(void *context, const uint8_t *bytes, size_t size)
{
	const struct sim_program *program = context;
	if (program->ether)
		ether_send(program->ether, bytes, size);
}

void sim_program_listen(void *context)
{
	const struct sim_program *program = context;
	if (program->ether)
		ether_listen(program->ether);
}

void sim_program_tune(void *context, uint32_t frequency_hz, const struct lora_modulation *modulation, int power_dbm)
{
	const struct sim_program *program = context;
	if (!program->ether)
		return;
	if (!frequency_hz) {
		ether_off(program->ether);
		return;
	}
	ether_tune(program->ether, &(struct ether_tuning){.frequency_hz = frequency_hz,
							  .bandwidth_hz = modulation->bandwidth_hz,
							  .spreading_factor = modulation->spreading_factor,
							  .coding_rate = modulation->coding_rate,
							  .preamble = modulation->preamble_symbols,
							  .sync = SYNC_PRIVATE,
							  .power_dbm = power_dbm});
}

struct ether_client *sim_program_ether(const struct sim_program *program)
{
	return program->ether;
}

int sim_program_level(const struct sim_program *program, const char *line)
{
	return program->lines ? gpio_sim_level(program->lines, line) : -1;
}

void sim_program_drive(struct sim_program *program, const char *line, int level)
{
	if (program->lines)
		gpio_sim_drive(program->lines, line, level);
}

/* ---- what is done to it ---- */

static void read_host(struct sim_program *program)
{
	uint8_t bytes[4096];
	size_t size;
	while (program->pty && (size = sim_pty_read(program->pty, bytes, sizeof(bytes))) > 0)
		program->device.uart(program->device.modem, bytes, size, now_us(program));
}

static void take_news(struct sim_program *program, const struct ether_news *news)
{
	const struct sim_device *device = &program->device;
	if (news->event == ETHER_WELCOME)
		program->speed = news->speed > 0 ? news->speed : 1;
	else if (news->event == ETHER_HEARD && device->heard)
		device->heard(device->modem, news->rssi_dbm, news->snr_db, news->bytes, news->size, now_us(program));
	else if (news->event == ETHER_SPOILT && device->spoilt)
		device->spoilt(device->modem, now_us(program));
	else if (news->event == ETHER_SENT && device->sent)
		device->sent(device->modem, now_us(program));
	else if (news->event == ETHER_CARRIER && device->carrier)
		device->carrier(device->modem, news->carrier, now_us(program));
	else if (news->event == ETHER_ERROR)
		fprintf(stderr, "%s: the ether says: %s\n", device->name, news->text);
}

static void read_ether(struct sim_program *program)
{
	struct ether_news news;
	while (ether_take(program->ether, &news) != ETHER_NOTHING) {
		if (news.event == ETHER_GONE) {
			fprintf(stderr, "%s: the ether is gone\n", program->device.name);
			program->ended = true;
			return;
		}
		take_news(program, &news);
	}
}

static bool plug(struct sim_program *program, bool in)
{
	if (!in) {
		sim_pty_free(program->pty);
		program->pty = NULL;
	} else if (!program->pty) {
		program->pty = sim_pty_new(program->options->link);
	}
	return !in || program->pty;
}

static void say(struct sim_program *program, const char *hex)
{
	uint8_t bytes[COMMAND_MAX / 2];
	sim_program_to_host(program, bytes, hex_read(hex, bytes, sizeof(bytes)));
}

static bool set_fault(struct sim_program *program, const char *name, bool on)
{
	const struct sim_device *device = &program->device;
	int fault = device->fault_named ? device->fault_named(name) : -1;
	if (fault >= 0)
		device->set_fault(device->modem, fault, on, now_us(program));
	return fault >= 0;
}

static bool do_command(struct sim_program *program, const char *command)
{
	const struct sim_device *device = &program->device;
	if (strcmp(command, "unplug") == 0 || strcmp(command, "plug") == 0)
		return plug(program, command[0] == 'p');
	if (strncmp(command, "fault ", 6) == 0)
		return set_fault(program, command + 6, true);
	if (strncmp(command, "no-fault ", 9) == 0)
		return set_fault(program, command + 9, false);
	if (strncmp(command, "say ", 4) == 0)
		say(program, command + 4);
	else if (strncmp(command, "lose ", 5) == 0)
		program->lose_every = (unsigned)strtoul(command + 5, NULL, 10);
	else
		return device->command && device->command(device->modem, command, now_us(program));
	return true;
}

static void obey(struct sim_program *program, const char *command)
{
	const struct sim_device *device = &program->device;
	if (strcmp(command, "state") == 0 && device->print)
		device->print(device->modem, stdout);
	else
		printf("%s\n", do_command(program, command) ? "ok" : "not understood");
}

static void read_commands(struct sim_program *program)
{
	ssize_t size = read(STDIN_FILENO, program->command + program->command_size,
			    sizeof(program->command) - 1 - program->command_size);
	if (size <= 0) {
		program->ended = true;
		return;
	}
	program->command_size += (size_t)size;
	program->command[program->command_size] = 0;
	for (char *line_end; (line_end = strchr(program->command, '\n'));) {
		*line_end = 0;
		obey(program, program->command);
		program->command_size -= (size_t)(line_end + 1 - program->command);
		memmove(program->command, line_end + 1, program->command_size + 1);
	}
	if (program->command_size == sizeof(program->command) - 1)
		program->command_size = 0;
}

/* ---- the loop ---- */

/* Until the modem does something by itself, in real milliseconds, rounded up. */
static int time_left_ms(const struct sim_program *program)
{
	int64_t next_us = program->device.next_us(program->device.modem), now = now_us(program);
	if (next_us <= now)
		return 0;
	double ms = (double)(next_us - now) / program->speed / 1000;
	return ms > LONGEST_WAIT_MS ? LONGEST_WAIT_MS : (int)ms + 1;
}

/* In every turn: a client is answered before the news of what it did come, and may have written bytes by then. */
static void look_at_lines(struct sim_program *program)
{
	if (!program->lines)
		return;
	gpio_sim_serve(program->lines);
	if (program->device.lines)
		program->device.lines(program->device.modem, now_us(program));
}

static void turn(struct sim_program *program)
{
	struct pollfd fds[POLL_COUNT] = {
	    [AT_PTY] = {.fd = -1},
	    [AT_LINES] = {.fd = program->lines ? gpio_sim_fd(program->lines) : -1, .events = POLLIN},
	    [AT_ETHER] = {.fd = program->ether ? ether_fd(program->ether) : -1, .events = POLLIN},
	    [AT_INPUT] = {.fd = STDIN_FILENO, .events = POLLIN},
	};
	const struct sim_device *device = &program->device;
	int look_ms = program->pty ? sim_pty_watch(program->pty, &fds[AT_PTY]) : -1;
	int wait_ms = time_left_ms(program);
	if (look_ms >= 0 && look_ms < wait_ms)
		wait_ms = look_ms;
	fflush(stdout);
	if (poll(fds, POLL_COUNT, wait_ms) < 0 && errno != EINTR)
		program->ended = true;
	look_at_lines(program);
	device->advance(device->modem, now_us(program));
	if (fds[AT_PTY].revents)
		read_host(program);
	if (fds[AT_ETHER].revents)
		read_ether(program);
	if (fds[AT_INPUT].revents)
		read_commands(program);
}

void sim_program_run(struct sim_program *program)
{
	const struct sigaction action = {.sa_handler = end};
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < program->options->fault_count; i++)
		set_fault(program, program->options->faults[i], true);
	printf("ready %s\n", sim_pty_path(program->pty));
	while (!ended && !program->ended)
		turn(program);
}

/* ---- options ---- */

static const struct argp_option argp_options[] = {
    {"link", 'l', "PATH", 0, "Link to the pty", 0},
    {"lines", 'i', "SOCKET", 0, "Socket of its lines", 0},
    {"ether", 'e', "SOCKET", 0, "Socket of the ether", 0},
    {"name", 'n', "NAME", 0, "Name in the ether's scenario", 0},
    {"fault", 'x', "NAME", 0, "A fault or variant, see the head of the source", 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct sim_options *options = state->input;
	switch (key) {
	case 'l':
		options->link = argument;
		break;
	case 'i':
		options->lines = argument;
		break;
	case 'e':
		options->ether = argument;
		break;
	case 'n':
		options->name = argument;
		break;
	case 'x':
		if (options->fault_count == SIM_FAULTS_MAX)
			argp_error(state, "too many faults");
		else
			options->faults[options->fault_count++] = argument;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp parser = {.options = argp_options, .parser = parse};
const struct argp_child sim_program_argp[] = {{&parser, 0, NULL, 0}, {0}};

/* ---- life ---- */

static bool knows_faults(const struct sim_device *device, const struct sim_options *options)
{
	for (size_t i = 0; i < options->fault_count; i++)
		if (!device->fault_named || device->fault_named(options->faults[i]) < 0) {
			fprintf(stderr, "%s: --fault %s: not known\n", device->name, options->faults[i]);
			return false;
		}
	return true;
}

/* NULL, or what could not be had, with errno. */
static const char *connect_all(struct sim_program *program)
{
	const struct sim_options *options = program->options;
	program->pty = sim_pty_new(options->link);
	if (!program->pty)
		return "pty";
	if (options->lines && !(program->lines = gpio_sim_new(options->lines)))
		return options->lines;
	if (options->ether && !(program->ether = ether_join(options->ether, options->name)))
		return options->ether;
	return NULL;
}

struct sim_program *sim_program_new(const struct sim_device *device, const struct sim_options *options)
{
	struct sim_program *program = calloc(1, sizeof(*program));
	if (!program)
		return NULL;
	*program = (struct sim_program){.device = *device, .options = options, .speed = 1, .begin_us = real_us()};
	if (knows_faults(device, options)) {
		const char *missing = connect_all(program);
		if (!missing)
			return program;
		fprintf(stderr, "%s: %s: %s\n", device->name, missing, strerror(errno));
	}
	sim_program_free(program);
	return NULL;
}

void sim_program_free(struct sim_program *program)
{
	if (!program)
		return;
	sim_pty_free(program->pty);
	gpio_sim_free(program->lines);
	ether_leave(program->ether);
	free(program);
}
