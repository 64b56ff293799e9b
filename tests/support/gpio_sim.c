/* The other end of simulated lines: a thread that answers requests and follows what the clients do. The wire is in hw/line_sim.h. */
#include "tests/support/gpio_sim.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "hw/line_sim.h"

enum { PINS_MAX = 64, CLIENTS_MAX = 64, NAME_SIZE = 64, FLOATING = -1 };

struct client {
	int fd; /* -1 = unused */
	struct line_sim_pin *shared;
	struct pin *pin; /* NULL until granted */
	bool output, open_drain;
	int pull; /* 0, 1, FLOATING */
	char consumer[NAME_SIZE];
};

struct pin {
	char name[NAME_SIZE];
	int driven;               /* by this side */
	int left;                 /* by the last client that drove it */
	char occupied[NAME_SIZE]; /* empty = free */
	struct client *owner;
};

struct gpio_sim {
	int listener, news, end; /* news: to the simulator's loop; end: to the thread */
	char path[108];
	pthread_t thread;
	pthread_mutex_t lock; /* of all that follows */
	struct pin pins[PINS_MAX];
	size_t pin_count;
	struct client clients[CLIENTS_MAX];
};

static struct pin *find_pin(const struct gpio_sim *sim, const char *name)
{
	for (size_t i = 0; i < sim->pin_count; i++)
		if (strcmp(sim->pins[i].name, name) == 0)
			return (struct pin *)&sim->pins[i];
	return NULL;
}

static struct pin *get_pin(struct gpio_sim *sim, const char *name)
{
	struct pin *pin = find_pin(sim, name);
	if (pin)
		return pin;
	if (sim->pin_count == PINS_MAX) {
		fprintf(stderr, "gpio_sim: more than %d lines\n", PINS_MAX);
		abort();
	}
	pin = &sim->pins[sim->pin_count++];
	snprintf(pin->name, sizeof(pin->name), "%s", name);
	pin->driven = pin->left = FLOATING;
	return pin;
}

/* What the client makes of the line if this side does nothing. */
static int client_level(const struct client *client)
{
	if (client->output) {
		int driven = atomic_load(&client->shared->driven) != 0;
		if (driven == 0 || !client->open_drain)
			return driven;
	}
	return client->pull;
}

static int level_of(const struct pin *pin)
{
	if (pin->driven != FLOATING)
		return pin->driven;
	return pin->owner ? client_level(pin->owner) : pin->left;
}

/* Shows an input what its line is now. The message may be lost if the client does not read; the level is not. */
static void show(const struct pin *pin)
{
	struct client *owner = pin->owner;
	int level = level_of(pin) == 1;
	char text[LINE_SIM_MESSAGE_MAX];
	struct timespec now;
	if (!owner || owner->output || atomic_exchange(&owner->shared->level, level) == level)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	int size = snprintf(text, sizeof(text), "edge %d %lld", level, now.tv_sec * 1000000LL + now.tv_nsec / 1000);
	if (send(owner->fd, text, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN)
		return; /* it is gone; the thread will see that */
}

static void drop(struct client *client)
{
	if (client->pin) {
		client->pin->left = client->output ? client_level(client) : FLOATING;
		client->pin->owner = NULL;
	}
	if (client->shared)
		munmap(client->shared, sizeof(*client->shared));
	close(client->fd);
	*client = (struct client){.fd = -1};
}

static bool hung_up(const struct client *client)
{
	struct pollfd look = {.fd = client->fd};
	return poll(&look, 1, 0) > 0 && look.revents & POLLHUP;
}

static void answer_busy(struct client *client, const char *consumer)
{
	char text[LINE_SIM_MESSAGE_MAX];
	int size = snprintf(text, sizeof(text), "busy %s", consumer);
	if (send(client->fd, text, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		perror("gpio_sim: busy");
	drop(client);
}

static bool send_granted(int fd, int page_fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	char text[] = "granted";
	struct iovec part = {text, 7};
	struct msghdr message = {
	    .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &page_fd, sizeof(int));
	return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == 7;
}

static void grant(struct client *client, struct pin *pin, int driven)
{
	int page_fd = memfd_create("gpio_sim", MFD_CLOEXEC);
	void *page = MAP_FAILED;
	if (page_fd >= 0 && ftruncate(page_fd, sizeof(*client->shared)) == 0)
		page = mmap(NULL, sizeof(*client->shared), PROT_READ | PROT_WRITE, MAP_SHARED, page_fd, 0);
	if (page == MAP_FAILED) {
		perror("gpio_sim: page");
		abort();
	}
	client->shared = page;
	client->pin = pin;
	pin->owner = client;
	atomic_store(&client->shared->driven, driven);
	atomic_store(&client->shared->level, level_of(pin) == 1);
	if (!send_granted(client->fd, page_fd))
		drop(client);
	close(page_fd);
}

static int pull_of(const char *bias)
{
	return strcmp(bias, "up") == 0 ? 1 : strcmp(bias, "down") == 0 ? 0 : FLOATING;
}

static void take_request(struct gpio_sim *sim, struct client *client, const char *text)
{
	char name[NAME_SIZE], direction[8], drive[16], bias[8];
	int level = 0, at = 0;
	if (sscanf(text, "request %63s %7s %15s %7s %d %n", name, direction, drive, bias, &level, &at) != 5 ||
	    at == 0) {
		fprintf(stderr, "gpio_sim: what is \"%s\"?\n", text);
		drop(client);
		return;
	}
	snprintf(client->consumer, sizeof(client->consumer), "%.63s", text + at);
	client->output = strcmp(direction, "out") == 0;
	client->open_drain = strcmp(drive, "open_drain") == 0;
	client->pull = pull_of(bias);
	struct pin *pin = get_pin(sim, name);
	if (pin->owner && hung_up(pin->owner))
		drop(pin->owner);
	if (*pin->occupied)
		answer_busy(client, pin->occupied);
	else if (pin->owner)
		answer_busy(client, pin->owner->consumer);
	else
		grant(client, pin, level);
}

static void read_client(struct gpio_sim *sim, struct client *client)
{
	char text[LINE_SIM_MESSAGE_MAX];
	ssize_t size = recv(client->fd, text, sizeof(text) - 1, MSG_DONTWAIT);
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size <= 0) {
		drop(client);
		return;
	}
	text[size] = '\0';
	if (!client->pin)
		take_request(sim, client, text);
}

static void accept_client(struct gpio_sim *sim)
{
	int fd = accept4(sim->listener, NULL, NULL, SOCK_CLOEXEC);
	for (size_t i = 0; fd >= 0 && i < CLIENTS_MAX; i++) {
		if (sim->clients[i].fd >= 0)
			continue;
		sim->clients[i].fd = fd;
		return;
	}
	if (fd >= 0)
		close(fd);
}

/* Those who are gone first, so that their lines are free for whoever asks in the same round. */
static void serve_round(struct gpio_sim *sim, const struct pollfd *polled)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (polled[i].revents & POLLHUP)
			drop(&sim->clients[i]);
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (sim->clients[i].fd >= 0 && polled[i].revents & POLLIN)
			read_client(sim, &sim->clients[i]);
	if (polled[CLIENTS_MAX].revents & POLLIN)
		accept_client(sim);
	eventfd_write(sim->news, 1);
}

static void *run(void *argument)
{
	struct gpio_sim *sim = argument;
	struct pollfd polled[CLIENTS_MAX + 2];
	for (;;) {
		pthread_mutex_lock(&sim->lock);
		for (size_t i = 0; i < CLIENTS_MAX; i++)
			polled[i] = (struct pollfd){sim->clients[i].fd, POLLIN, 0};
		pthread_mutex_unlock(&sim->lock);
		polled[CLIENTS_MAX] = (struct pollfd){sim->listener, POLLIN, 0};
		polled[CLIENTS_MAX + 1] = (struct pollfd){sim->end, POLLIN, 0};
		if (poll(polled, CLIENTS_MAX + 2, -1) < 0 && errno != EINTR)
			abort();
		if (polled[CLIENTS_MAX + 1].revents)
			return NULL;
		pthread_mutex_lock(&sim->lock);
		serve_round(sim, polled);
		pthread_mutex_unlock(&sim->lock);
	}
}

/* Signals are the simulator's own affair. */
static bool start(struct gpio_sim *sim)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	errno = pthread_create(&sim->thread, NULL, run, sim);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return errno == 0;
}

static bool listen_on(struct gpio_sim *sim, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (sim->listener < 0 || sim->news < 0 || sim->end < 0 ||
	    bind(sim->listener, (struct sockaddr *)&address, sizeof(address)) < 0)
		return false;
	memcpy(sim->path, address.sun_path, sizeof(sim->path));
	return listen(sim->listener, CLIENTS_MAX) == 0;
}

static void release(struct gpio_sim *sim)
{
	const int fds[] = {sim->listener, sim->news, sim->end};
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (sim->clients[i].fd >= 0)
			drop(&sim->clients[i]);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (*sim->path)
		unlink(sim->path);
	pthread_mutex_destroy(&sim->lock);
	free(sim);
}

struct gpio_sim *gpio_sim_new(const char *path)
{
	struct gpio_sim *sim = calloc(1, sizeof(*sim));
	if (!sim)
		return NULL;
	pthread_mutex_init(&sim->lock, NULL);
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		sim->clients[i].fd = -1;
	sim->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	sim->news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	sim->end = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (listen_on(sim, path) && start(sim))
		return sim;
	int error = errno;
	release(sim);
	errno = error;
	return NULL;
}

void gpio_sim_free(struct gpio_sim *sim)
{
	if (!sim)
		return;
	eventfd_write(sim->end, 1);
	pthread_join(sim->thread, NULL);
	release(sim);
}

int gpio_sim_fd(const struct gpio_sim *sim)
{
	return sim->news;
}

bool gpio_sim_serve(struct gpio_sim *sim)
{
	eventfd_t count;
	return eventfd_read(sim->news, &count) == 0;
}

int gpio_sim_level(const struct gpio_sim *sim, const char *name)
{
	pthread_mutex_t *lock = (pthread_mutex_t *)&sim->lock;
	pthread_mutex_lock(lock);
	const struct pin *pin = find_pin(sim, name);
	int level = pin ? level_of(pin) : FLOATING;
	pthread_mutex_unlock(lock);
	return level;
}

void gpio_sim_drive(struct gpio_sim *sim, const char *name, int level)
{
	pthread_mutex_lock(&sim->lock);
	struct pin *pin = get_pin(sim, name);
	pin->driven = level < 0 ? FLOATING : level != 0;
	show(pin);
	pthread_mutex_unlock(&sim->lock);
}

void gpio_sim_occupy(struct gpio_sim *sim, const char *name, const char *consumer)
{
	pthread_mutex_lock(&sim->lock);
	struct pin *pin = get_pin(sim, name);
	snprintf(pin->occupied, sizeof(pin->occupied), "%s", consumer ? consumer : "");
	pthread_mutex_unlock(&sim->lock);
}
