/* The far end of a panel's lines: buttons that a test presses, lamps and a siren that it watches.
 *
 * usage: panel SOCKET NAME...
 *
 * Reads commands from standard input, a line each, and tells every change of the named lines on standard output:
 *   drive NAME 0|1|-1            drives a line, or lets go of it          -> driven NAME MICROSECONDS
 *   occupy NAME CONSUMER         the line is another's from now on; "-" = free again -> occupied NAME MICROSECONDS
 *                                                                         -> level NAME 0|1|-1 MICROSECONDS
 * Microseconds are CLOCK_MONOTONIC. Ends when standard input does. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/gpio_sim.h"

enum { NAMES_MAX = 32, LINE_MAX_BYTES = 256 };

static const char *names[NAMES_MAX];
static int levels[NAMES_MAX];
static int name_count;

static long long now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static void tell_changes(const struct gpio_sim *sim)
{
	for (int i = 0; i < name_count; i++) {
		int level = gpio_sim_level(sim, names[i]);
		if (level == levels[i])
			continue;
		levels[i] = level;
		printf("level %s %d %lld\n", names[i], level, now_us());
	}
	fflush(stdout);
}

static void obey(struct gpio_sim *sim, const char *line)
{
	char name[64], word[64];
	if (sscanf(line, "drive %63s %63s", name, word) == 2) {
		gpio_sim_drive(sim, name, atoi(word));
		printf("driven %s %lld\n", name, now_us());
	} else if (sscanf(line, "occupy %63s %63s", name, word) == 2) {
		gpio_sim_occupy(sim, name, strcmp(word, "-") == 0 ? NULL : word);
		printf("occupied %s %lld\n", name, now_us());
	} else {
		printf("what is \"%s\"?\n", line);
	}
	fflush(stdout);
}

/* false: the other side is gone. */
static bool read_commands(struct gpio_sim *sim)
{
	static char text[LINE_MAX_BYTES];
	static size_t size;
	ssize_t got = read(STDIN_FILENO, text + size, sizeof(text) - 1 - size);
	if (got <= 0)
		return false;
	size += (size_t)got;
	text[size] = '\0';
	for (char *end; (end = strchr(text, '\n')); size = strlen(text)) {
		*end = '\0';
		obey(sim, text);
		memmove(text, end + 1, strlen(end + 1) + 1);
	}
	return size < sizeof(text) - 1;
}

int main(int argc, char **argv)
{
	struct gpio_sim *sim = argc > 1 ? gpio_sim_new(argv[1]) : NULL;
	if (!sim || argc - 2 > NAMES_MAX) {
		fprintf(stderr, "usage: panel SOCKET NAME...\n");
		return EXIT_FAILURE;
	}
	for (; name_count < argc - 2; name_count++) {
		names[name_count] = argv[name_count + 2];
		levels[name_count] = -1;
	}
	printf("ready\n");
	tell_changes(sim);
	for (;;) {
		struct pollfd polled[2] = {{STDIN_FILENO, POLLIN, 0}, {gpio_sim_fd(sim), POLLIN, 0}};
		if (poll(polled, 2, -1) < 0)
			break;
		if (polled[0].revents && !read_commands(sim))
			break;
		if (polled[1].revents)
			gpio_sim_serve(sim);
		tell_changes(sim);
	}
	gpio_sim_free(sim);
	return EXIT_SUCCESS;
}
