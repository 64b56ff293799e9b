/* The way of a distress through the gateway, timed at both ends: writes datagrams to a pty as a modem would, and stands between the
 * gateway and its broker, where it sees the PUBLISH the moment it comes out of the gateway's socket. */
#include <argp.h>
#include <arpa/inet.h>
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

enum { PAIRS_MAX = 16, CHUNK = 65536, MARK_MAX = 64, TAIL = 128 };

/* Bytes for the port, and the text by which their PUBLISH is known. The time counts from behind the first `before` of them. */
struct shot {
	uint8_t *bytes;
	size_t size, before;
	char mark[MARK_MAX];
	int64_t sent_ns, seen_ns; /* 0 = not yet */
};

/* One connection of the gateway and ours to the broker for it. */
struct pair {
	int gateway, broker;
	char tail[TAIL]; /* the last bytes, where a mark may be cut */
	size_t tail_size;
};

struct path {
	uint16_t broker_port;
	double rate;
	int pty, listener;
	struct pair pairs[PAIRS_MAX];
	size_t pair_count;
	struct shot *shots;
	size_t shot_count, sent, seen;
};

static int64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "distress_path: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

/* ---- what is to be sent: a line "HEX MARK" or "HEX+HEX MARK" each on standard input, then an empty line ---- */

static bool read_shot(const char *line, struct shot *shot)
{
	char pair[3] = "";
	shot->bytes = malloc(strlen(line));
	if (!shot->bytes)
		die("memory");
	while (*line && *line != ' ') {
		if (*line == '+') {
			shot->before = shot->size;
			line++;
			continue;
		}
		memcpy(pair, line, 2);
		shot->bytes[shot->size++] = (uint8_t)strtoul(pair, NULL, 16);
		line += line[1] ? 2 : 1;
	}
	return shot->size > shot->before && sscanf(line, " %63s", shot->mark) == 1;
}

static void read_shots(struct path *path)
{
	char *line = NULL;
	size_t room = 0;
	while (getline(&line, &room, stdin) > 0 && line[0] != '\n') {
		path->shots = realloc(path->shots, (path->shot_count + 1) * sizeof(*path->shots));
		if (!path->shots)
			die("memory");
		struct shot *shot = &path->shots[path->shot_count++];
		*shot = (struct shot){0};
		if (!read_shot(line, shot))
			die("a line that is not HEX MARK");
	}
	free(line);
}

/* ---- both ends ---- */

static void open_pty(struct path *path)
{
	struct termios mode;
	path->pty = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (path->pty < 0 || grantpt(path->pty) || unlockpt(path->pty))
		die("a pty");
	/* Held open and raw, so that nothing echoes before the gateway has opened it. */
	int side = open(ptsname(path->pty), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (side < 0 || tcgetattr(side, &mode))
		die("the other side of the pty");
	cfmakeraw(&mode);
	tcsetattr(side, TCSANOW, &mode);
}

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){
	    .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void open_listener(struct path *path)
{
	struct sockaddr_in address = loopback(0);
	socklen_t size = sizeof(address);
	path->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (path->listener < 0 || bind(path->listener, (struct sockaddr *)&address, size) ||
	    listen(path->listener, PAIRS_MAX) || getsockname(path->listener, (struct sockaddr *)&address, &size))
		die("a TCP port");
	printf("{\"device\": \"%s\", \"port\": %u}\n", ptsname(path->pty), ntohs(address.sin_port));
	fflush(stdout);
}

static void take_connection(struct path *path)
{
	struct sockaddr_in address = loopback(path->broker_port);
	struct pair pair = {.gateway = accept(path->listener, NULL, NULL),
			    .broker = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	if (pair.gateway < 0 || pair.broker < 0 || path->pair_count == PAIRS_MAX)
		die("a connection of the gateway");
	if (connect(pair.broker, (struct sockaddr *)&address, sizeof(address)))
		die("the broker");
	setsockopt(pair.gateway, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	setsockopt(pair.broker, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	path->pairs[path->pair_count++] = pair;
}

static void drop_pair(struct path *path, struct pair *pair)
{
	close(pair->gateway);
	close(pair->broker);
	*pair = path->pairs[--path->pair_count];
}

/* ---- the PUBLISH ---- */

/* Looks for the marks of what is on its way; they leave in order, so the first few are enough to look for. */
static void look(struct path *path, const char *bytes, size_t size, int64_t at_ns)
{
	for (size_t i = path->seen; i < path->sent; i++) {
		struct shot *shot = &path->shots[i];
		if (!shot->seen_ns && memmem(bytes, size, shot->mark, strlen(shot->mark)))
			shot->seen_ns = at_ns;
	}
	while (path->seen < path->sent && path->shots[path->seen].seen_ns)
		path->seen++;
}

static bool carry(int from, int to, char *bytes, ssize_t *size)
{
	*size = recv(from, bytes, CHUNK, 0);
	return *size > 0 && send(to, bytes, (size_t)*size, MSG_NOSIGNAL) == *size;
}

static bool carry_up(struct path *path, struct pair *pair)
{
	static char bytes[TAIL + CHUNK];
	ssize_t size;
	memcpy(bytes, pair->tail, pair->tail_size);
	size_t before = pair->tail_size;
	size = recv(pair->gateway, bytes + before, CHUNK, 0);
	int64_t at_ns = now_ns();
	if (size <= 0)
		return false;
	look(path, bytes, before + (size_t)size, at_ns);
	bool carried = send(pair->broker, bytes + before, (size_t)size, MSG_NOSIGNAL) == size;
	size_t all = before + (size_t)size;
	pair->tail_size = all < TAIL ? all : TAIL;
	memcpy(pair->tail, bytes + all - pair->tail_size, pair->tail_size);
	return carried;
}

static void carry_all(struct path *path, const struct pollfd *polls)
{
	static char bytes[CHUNK];
	ssize_t size;
	/* From the end, because a pair that goes is replaced by the last. */
	for (size_t i = path->pair_count; i-- > 0;) {
		struct pair *pair = &path->pairs[i];
		bool good = !polls[2 + 2 * i].revents || carry_up(path, pair);
		if (good && polls[3 + 2 * i].revents)
			good = carry(pair->broker, pair->gateway, bytes, &size);
		if (!good)
			drop_pair(path, pair);
	}
}

static void throw_away(int fd)
{
	char bytes[1024];
	/* Parameters of the modem; what cannot be read will be read next time. */
	if (read(fd, bytes, sizeof(bytes)) < 0)
		return;
}

/* Everything that comes until that time, or until all that was sent was seen where `all` says so. */
static void serve(struct path *path, int64_t until_ns, bool all)
{
	for (int64_t left_ns; (left_ns = until_ns - now_ns()) > 0 && !(all && path->seen == path->shot_count);) {
		struct pollfd polls[2 + 2 * PAIRS_MAX] = {{path->listener, POLLIN, 0}, {path->pty, POLLIN, 0}};
		size_t pairs = path->pair_count;
		for (size_t i = 0; i < pairs; i++) {
			polls[2 + 2 * i] = (struct pollfd){path->pairs[i].gateway, POLLIN, 0};
			polls[3 + 2 * i] = (struct pollfd){path->pairs[i].broker, POLLIN, 0};
		}
		struct timespec wait = {left_ns / 1000000000, left_ns % 1000000000};
		if (ppoll(polls, 2 + 2 * pairs, &wait, NULL) <= 0)
			continue;
		carry_all(path, polls);
		if (polls[0].revents)
			take_connection(path);
		if (polls[1].revents)
			throw_away(path->pty);
	}
}

static void shoot(struct path *path)
{
	struct shot *shot = &path->shots[path->sent];
	/* More than the pty holds: it waits until the gateway has read. */
	if (write(path->pty, shot->bytes, shot->before) != (ssize_t)shot->before)
		die("the pty takes nothing");
	/* Before the write, for the gateway may have read it all before we are told that it was written. */
	shot->sent_ns = now_ns();
	path->sent++;
	size_t rest = shot->size - shot->before;
	if (write(path->pty, shot->bytes + shot->before, rest) != (ssize_t)rest)
		die("the pty takes nothing");
}

static void report(const struct path *path)
{
	for (size_t i = 0; i < path->shot_count; i++)
		printf("{\"mark\": \"%s\", \"us\": %.1f}\n", path->shots[i].mark,
		       path->shots[i].seen_ns ? (double)(path->shots[i].seen_ns - path->shots[i].sent_ns) / 1e3 : -1.0);
	fflush(stdout);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct path *path = state->input;
	if (key == 'b')
		path->broker_port = (uint16_t)atoi(text);
	else if (key == 'r')
		path->rate = atof(text);
	else
		return ARGP_ERR_UNKNOWN;
	if (path->rate <= 0)
		argp_error(state, "'%s' is out of range", text);
	return 0;
}

static const struct argp_option options[] = {{"broker", 'b', "PORT", 0, "of the broker on loopback", 0},
					     {"rate", 'r', "N/S", 0, "datagrams a second (20)", 0},
					     {0}};
static const struct argp argp = {.options = options,
				 .parser = parse,
				 .doc = "Prints {\"device\": PATH, \"port\": N}, carries what the gateway and the "
					"broker say, takes lines \"HEX MARK\" up to an "
					"empty one, writes each HEX to the pty, and prints for each how long it took "
					"(\"HEX+HEX\": from the second on) until MARK came out of the gateway "
					"({\"mark\", \"us\"}, -1 = not within ten seconds)."};

int main(int argc, char **argv)
{
	struct path path = {.rate = 20};
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	argp_parse(&argp, argc, argv, 0, NULL, &path);
	open_pty(&path);
	open_listener(&path);
	struct pollfd input = {STDIN_FILENO, POLLIN, 0};
	while (poll(&input, 1, 0) == 0)
		serve(&path, now_ns() + 10000000, false);
	read_shots(&path);
	int64_t begin_ns = now_ns();
	for (size_t i = 0; i < path.shot_count; i++) {
		serve(&path, begin_ns + (int64_t)((double)i * 1e9 / path.rate), false);
		shoot(&path);
	}
	serve(&path, now_ns() + INT64_C(10000000000), true);
	report(&path);
	for (size_t i = 0; i < path.shot_count; i++)
		free(path.shots[i].bytes);
	free(path.shots);
	return EXIT_SUCCESS;
}
