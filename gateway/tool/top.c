/* cresset top: the status as a live screen, refreshed each second, left with q or Ctrl-C. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "gateway/tool/client.h"
#include "gateway/tool/status.h"
#include "gateway/tool/text.h"
#include "gateway/tool/tool.h"

enum { REFRESH_MS = 1000, PATIENCE_MS = CLIENT_TIMEOUT_MS };

/* Alternate screen, no cursor, lines that are too long are cut by the terminal; and back. */
#define SCREEN_ENTER "\033[?1049h\033[?25l\033[?7l"
#define SCREEN_LEAVE "\033[?7h\033[?25h\033[?1049l"
#define SCREEN_HOME  "\033[H"
#define LINE_END     "\033[K\n"
#define SCREEN_REST  "\033[J"

struct screen {
	struct client *client; /* NULL while cressetd cannot be reached */
	char trouble[512];     /* why not, or why the page is old */
	json_t *status;        /* the last one */
	struct termios before;
	bool raw;
	int signals;
	bool asked;    /* an answer is under way */
	int waited_ms; /* for it */
	bool left;
};

static size_t screen_rows(void)
{
	struct winsize size;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 1 ? size.ws_row : 24;
}

/* The page as text; the caller frees. */
static char *render(const struct screen *screen)
{
	char *page = NULL, when[16];
	size_t size;
	FILE *stream = open_memstream(&page, &size);
	if (!stream)
		return NULL;
	time_t now = time(NULL);
	struct tm utc;
	strftime(when, sizeof(when), "%H:%M:%SZ", gmtime_r(&now, &utc));
	fprintf(stream, "cresset top, %s, q leaves%s%s\n", when, *screen->trouble ? "; " : "", screen->trouble);
	if (screen->status)
		status_print(stream, screen->status, true, status_width());
	fclose(stream);
	return page;
}

static void draw(const struct screen *screen)
{
	char *page = render(screen), *rest = page;
	size_t rows = screen_rows();
	fputs(SCREEN_HOME, stdout);
	for (size_t row = 0; page && rest && *rest && row < rows; row++) {
		char *line = strsep(&rest, "\n");
		/* The last row without line break, or the screen would scroll. */
		fprintf(stdout, "%s%s", line, row + 1 < rows ? LINE_END : "\033[K");
	}
	fputs(SCREEN_REST, stdout);
	fflush(stdout);
	free(page);
}

static void lose(struct screen *screen, const char *trouble)
{
	client_close(screen->client);
	screen->client = NULL;
	screen->asked = false;
	if (trouble != screen->trouble)
		snprintf(screen->trouble, sizeof(screen->trouble), "%s", trouble);
}

/* Asks anew each second; after a restart of cressetd it connects again by itself. */
static void ask(struct screen *screen)
{
	if (screen->asked) {
		screen->waited_ms += REFRESH_MS;
		if (screen->waited_ms >= PATIENCE_MS)
			lose(screen, client_result_text(CLIENT_NOTHING));
		return;
	}
	if (!screen->client) {
		screen->client = client_open(screen->trouble, sizeof(screen->trouble));
		if (!screen->client)
			return;
	}
	screen->waited_ms = 0;
	screen->asked = client_ask(screen->client, json_pack("{s:s}", "command", "status"));
	if (!screen->asked)
		lose(screen, client_result_text(CLIENT_CLOSED));
}

static void take_answer(struct screen *screen)
{
	json_t *answer;
	enum client_result result = client_next(screen->client, 0, &answer);
	if (result == CLIENT_NOTHING)
		return;
	if (result != CLIENT_ANSWER) {
		lose(screen, client_result_text(result));
		return;
	}
	screen->asked = false;
	char *error = text_member(answer, "error", "");
	snprintf(screen->trouble, sizeof(screen->trouble), "%s", error ? error : "");
	free(error);
	if (*screen->trouble) {
		json_decref(answer);
		return;
	}
	json_decref(screen->status);
	screen->status = answer;
}

static void take_key(struct screen *screen)
{
	char key;
	ssize_t got = read(STDIN_FILENO, &key, 1);
	if (got == 0 || (got > 0 && (key == 'q' || key == 'Q')))
		screen->left = true;
}

/* Ctrl-C and the like leave; a new size of the window just draws again. */
static void take_signal(struct screen *screen)
{
	struct signalfd_siginfo signal;
	if (read(screen->signals, &signal, sizeof(signal)) == sizeof(signal) && signal.ssi_signo != SIGWINCH)
		screen->left = true;
}

static int screen_enter(struct screen *screen)
{
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGTSTP);
	sigaddset(&signals, SIGWINCH);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		return -errno;
	screen->signals = signalfd(-1, &signals, SFD_CLOEXEC);
	if (screen->signals < 0)
		return -errno;
	screen->raw = tcgetattr(STDIN_FILENO, &screen->before) == 0;
	if (screen->raw) {
		struct termios raw = screen->before;
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
	fputs(SCREEN_ENTER, stdout);
	return 0;
}

static void screen_leave(struct screen *screen)
{
	fputs(SCREEN_LEAVE, stdout);
	fflush(stdout);
	if (screen->raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &screen->before);
	close(screen->signals);
}

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void run_screen(struct screen *screen)
{
	int64_t next_ms = now_ms() + REFRESH_MS;
	draw(screen);
	while (!screen->left) {
		struct pollfd ready[] = {
		    {.fd = screen->raw ? STDIN_FILENO : -1, .events = POLLIN},
		    {.fd = screen->signals, .events = POLLIN},
		    {.fd = screen->client ? client_fd(screen->client) : -1, .events = POLLIN},
		};
		int64_t left_ms = next_ms - now_ms();
		if (poll(ready, 3, left_ms > 0 ? (int)left_ms : 0) < 0 && errno != EINTR)
			break;
		if (ready[0].revents)
			take_key(screen);
		if (ready[1].revents)
			take_signal(screen);
		if (screen->client && ready[2].revents)
			take_answer(screen);
		if (now_ms() >= next_ms) {
			ask(screen);
			next_ms = now_ms() + REFRESH_MS;
		}
		draw(screen);
	}
}

static int live(struct screen *screen)
{
	int result = screen_enter(screen);
	if (result < 0) {
		tool_complain("cannot watch for signals: %s", strerror(-result));
		return TOOL_REFUSED;
	}
	run_screen(screen);
	screen_leave(screen);
	return TOOL_OK;
}

int tool_top(int argc, char **argv)
{
	static const struct argp argp = {NULL, NULL, NULL,
					 "Uplink, queues by class, radios and drops, refreshed each second until q or "
					 "Ctrl-C. Where the output is no terminal, and with --json, once.",
					 tool_common_options};
	struct screen screen = {0};
	tool_parse(&argp, argc, argv, NULL);
	int result = client_start(&screen.client, json_pack("{s:s}", "command", "status"));
	if (result == TOOL_OK)
		result = client_expect(screen.client, CLIENT_TIMEOUT_MS, &screen.status);
	if (result == TOOL_OK && tool_options.json)
		text_print_json(stdout, screen.status);
	else if (result == TOOL_OK && !isatty(STDOUT_FILENO))
		status_print(stdout, screen.status, true, 0);
	else if (result == TOOL_OK)
		result = live(&screen);
	client_close(screen.client);
	json_decref(screen.status);
	return result;
}
