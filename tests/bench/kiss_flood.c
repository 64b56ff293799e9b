/* A TNC that talks as fast as anyone listens: serves KISS on a TCP port or a pty and writes distinct, valid APRS frames. */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define FEND          0xc0
#define FESC          0xdb
#define TFEND         0xdc
#define TFESC         0xdd
#define ADDRESS_BYTES 7
#define INFO_MIN      64
#define INFO_MAX      200
#define FRAME_MAX     (2 * (2 * ADDRESS_BYTES + 2 + INFO_MAX) + 3)
#define BATCH_BYTES   16384
#define NS_PER_S      INT64_C(1000000000)

struct settings {
	bool pty;
	uint32_t count, stations;
	double rate;      /* frames a second, 0 = as fast as they are taken */
	size_t size;      /* of the information field */
	const char *mark; /* stands in every text, e.g. "!EMERGENCY!" */
};

static int64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* One AX.25 address (AX.25 2.2, 3.12): six characters shifted left, then SSID, reserved bits set, last-address bit. */
static uint8_t *put_address(uint8_t *out, const char call[6], unsigned ssid, bool last)
{
	size_t i;

	for (i = 0; i < 6; i++)
		*out++ = (uint8_t)(call[i] << 1);
	*out++ = (uint8_t)(0x60 | ssid << 1 | last);
	return out;
}

/* A UI frame with an APRS status text that holds its number and the wall time in ns; stations N0AAA-0 .. -15, N0AAB-0 .. in turn. */
static size_t build_frame(uint8_t *frame, const struct settings *settings, uint32_t number)
{
	uint32_t station = number % settings->stations, letters = station / 16;
	char call[6] = {
	    'N', '0', (char)('A' + letters / 676 % 26), (char)('A' + letters / 26 % 26), (char)('A' + letters % 26),
	    ' '};
	char text[INFO_MAX + 1];
	uint8_t *out = put_address(frame, "APZ001", 0, false);

	out = put_address(out, call, station % 16, true);
	*out++ = 0x03; /* UI */
	*out++ = 0xf0; /* no layer 3 */
	memset(text, '.', settings->size);
	text[snprintf(text, sizeof text, ">n=%08u t=%lld %s ", (unsigned)number, (long long)clock_ns(CLOCK_REALTIME),
		      settings->mark)] = '.';
	memcpy(out, text, settings->size);
	return (size_t)(out - frame) + settings->size;
}

/* KISS framing (Chepponis and Karn, 1987): FEND, port 0 data, escaped bytes, FEND. */
static size_t put_kiss(uint8_t *out, const uint8_t *frame, size_t size)
{
	uint8_t *start = out;
	size_t i;

	*out++ = FEND;
	*out++ = 0x00;
	for (i = 0; i < size; i++) {
		if (frame[i] == FEND || frame[i] == FESC) {
			*out++ = FESC;
			*out++ = frame[i] == FEND ? TFEND : TFESC;
		} else {
			*out++ = frame[i];
		}
	}
	*out++ = FEND;
	return (size_t)(out - start);
}

static void die(const char *what)
{
	fprintf(stderr, "kiss_flood: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static void write_all(int fd, const uint8_t *bytes, size_t size)
{
	ssize_t written;

	while (size) {
		written = write(fd, bytes, size);
		if (written < 0 && errno != EINTR)
			die("the reader has gone");
		if (written > 0) {
			bytes += written;
			size -= (size_t)written;
		}
	}
}

static void sleep_until(int64_t due_ns)
{
	struct timespec due = {.tv_sec = due_ns / NS_PER_S, .tv_nsec = due_ns % NS_PER_S};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR)
		;
}

static void flood(int fd, const struct settings *settings)
{
	uint8_t batch[BATCH_BYTES], frame[FRAME_MAX];
	int64_t start = clock_ns(CLOCK_MONOTONIC);
	size_t used = 0;
	uint32_t i;

	for (i = 0; i < settings->count; i++) {
		if (settings->rate > 0)
			sleep_until(start + (int64_t)(i / settings->rate * (double)NS_PER_S));
		used += put_kiss(batch + used, frame, build_frame(frame, settings, i));
		if (settings->rate > 0 || used + FRAME_MAX > sizeof batch || i + 1 == settings->count) {
			write_all(fd, batch, used);
			used = 0;
		}
	}
	printf("{\"frames\": %u, \"seconds\": %.6f}\n", (unsigned)settings->count,
	       (double)(clock_ns(CLOCK_MONOTONIC) - start) / (double)NS_PER_S);
	fflush(stdout);
}

static int open_pty(void)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), side;
	struct termios mode;

	if (fd < 0 || grantpt(fd) || unlockpt(fd))
		die("a pty");
	/* Held open and raw, so that nothing echoes before the reader has opened it. */
	side = open(ptsname(fd), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (side < 0 || tcgetattr(side, &mode))
		die("the other side of the pty");
	cfmakeraw(&mode);
	tcsetattr(side, TCSANOW, &mode);
	printf("{\"device\": \"%s\"}\n", ptsname(fd));
	fflush(stdout);
	return fd;
}

/* Listens on a free port of loopback and takes one reader. */
static int open_tcp(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;

	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&address, &size))
		die("a TCP port");
	printf("{\"port\": %u}\n", ntohs(address.sin_port));
	fflush(stdout);
	fd = accept(listener, NULL, NULL);
	if (fd < 0)
		die("accept");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	close(listener);
	return fd;
}

/* Throws away what the reader says (KISS parameters) until a line comes on standard input. */
static void wait_for_go(int fd)
{
	struct pollfd polls[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
	uint8_t heard[256];

	printf("{\"reader\": true}\n");
	fflush(stdout);
	while (poll(polls, 2, -1) >= 0 && !polls[0].revents)
		if (polls[1].revents && read(fd, heard, sizeof heard) <= 0)
			die("the reader has gone");
	if (read(STDIN_FILENO, heard, sizeof heard) <= 0)
		exit(EXIT_SUCCESS);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct settings *settings = state->input;

	switch (key) {
	case 'p':
		settings->pty = true;
		break;
	case 'n':
		settings->count = (uint32_t)atoi(text);
		break;
	case 'k':
		settings->stations = (uint32_t)atoi(text);
		break;
	case 'r':
		settings->rate = atof(text);
		break;
	case 's':
		settings->size = (size_t)atoi(text);
		break;
	case 'm':
		settings->mark = text;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	if (settings->size < INFO_MIN || settings->size > INFO_MAX || !settings->stations ||
	    strlen(settings->mark) > 20)
		argp_error(state, "'%s' is out of range", text ? text : "--pty");
	return 0;
}

static const struct argp_option options[] = {{"pty", 'p', NULL, 0, "a pty instead of a TCP port"},
					     {"count", 'n', "N", 0, "how many frames (30000)"},
					     {"stations", 'k', "N", 0, "from how many stations (16)"},
					     {"rate", 'r', "N/S", 0, "frames a second (as fast as they are taken)"},
					     {"size", 's', "BYTES", 0, "of the information field, 64-200 (80)"},
					     {"mark", 'm', "TEXT", 0, "a word in every text (none)"},
					     {0}};

static const struct argp argp = {
    options, parse, NULL,
    "Prints {\"port\": N} or {\"device\": PATH}, waits for a reader and for a line on standard input, "
    "writes the frames, prints how long it took, and keeps the line open until standard input ends."};

int main(int argc, char **argv)
{
	struct settings settings = {.count = 30000, .stations = 16, .size = 80, .mark = ""};
	char byte;
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	argp_parse(&argp, argc, argv, 0, NULL, &settings);
	fd = settings.pty ? open_pty() : open_tcp();
	wait_for_go(fd);
	flood(fd, &settings);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return EXIT_SUCCESS;
}
