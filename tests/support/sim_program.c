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
#include "tests/support/sim_pty.h"

enum { COMMAND_MAX = 4096, LONGEST_WAIT_MS = 1000 };
enum { AT_PTY, AT_LINES, AT_ETHER, AT_INPUT, POLL_COUNT };

struct sim_program {
	struct sim_device device;
	const char *link;
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

void sim_program_to_host(struct sim_program *program, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size && program->pty; i++) {
		bool lost = program->lose_every && ++program->lose_count % program->lose_every == 0;
		if (!lost)
			sim_pty_write(program->pty, bytes + i, 1);
	}
}

unsigned sim_program_baud(const struct sim_program *program)
{
	return program->pty ? sim_pty_baud(program->pty) : 0;
}

struct ether_client *sim_program_ether(const struct sim_program *program)
{
	return program->ether;
}

int sim_program_level(const struct sim_program *program, const char *line)
{
	return program->lines ? gpio_sim_level(program->lines, line) : -1;
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
		program->pty = sim_pty_new(program->link);
	}
	return !in || program->pty;
}

static void say(struct sim_program *program, const char *hex)
{
	uint8_t bytes[COMMAND_MAX / 2];
	size_t size = 0;
	unsigned value;
	while (size < sizeof(bytes) && sscanf(hex + 2 * size, "%2x", &value) == 1)
		bytes[size++] = (uint8_t)value;
	sim_program_to_host(program, bytes, size);
}

static void obey(struct sim_program *program, const char *command)
{
	const struct sim_device *device = &program->device;
	bool done = true;
	if (strcmp(command, "unplug") == 0 || strcmp(command, "plug") == 0)
		done = plug(program, command[0] == 'p');
	else if (strncmp(command, "say ", 4) == 0)
		say(program, command + 4);
	else if (strncmp(command, "lose ", 5) == 0)
		program->lose_every = (unsigned)strtoul(command + 5, NULL, 10);
	else if (device->command && device->command(device->modem, command, stdout, now_us(program)))
		return;
	else
		done = false;
	printf("%s\n", done ? "ok" : "not understood");
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
	if (program->lines && gpio_sim_serve(program->lines) && device->lines)
		device->lines(device->modem, now_us(program));
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
	printf("ready %s\n", sim_pty_path(program->pty));
	while (!ended && !program->ended)
		turn(program);
}

struct sim_program *sim_program_new(const struct sim_device *device, const struct sim_places *places)
{
	struct sim_program *program = calloc(1, sizeof(*program));
	if (!program)
		return NULL;
	*program = (struct sim_program){.device = *device, .link = places->link, .speed = 1, .begin_us = real_us()};
	const char *what = "pty";
	program->pty = sim_pty_new(places->link);
	if (program->pty && places->lines) {
		what = places->lines;
		program->lines = gpio_sim_new(places->lines);
	}
	if (program->pty && places->ether) {
		what = places->ether;
		program->ether = ether_join(places->ether, places->name);
	}
	if (program->pty && !program->lines == !places->lines && !program->ether == !places->ether)
		return program;
	fprintf(stderr, "%s: %s: %s\n", device->name, what, strerror(errno));
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
