/* Answers the reports that the kernel's CP2112 driver asks for, in a thread of its own. */
#include "tests/kernel/uhid_gpio.h"

#include <fcntl.h>
#include <glob.h>
#include <linux/input.h>
#include <linux/uhid.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REPORT_CONFIG = 2, REPORT_GET = 3, REPORT_SET = 4, REPORT_SIZE = 64 };
enum { VENDOR = 0x10c4, PRODUCT = 0xea90, PATIENCE_MS = 10000 };

struct uhid_gpio {
	int fd;
	char node[32];
	pthread_t thread;
	pthread_mutex_t lock; /* of all that follows */
	pthread_cond_t looked;
	uint8_t outputs, driven, outside; /* a bit a line */
	unsigned looks;                   /* how often the driver asked for the levels */
	bool ended;
};

/* One feature report of a vendor's page: the driver talks by numbers of reports and not by what is declared. */
static const uint8_t descriptor[] = {0x06, 0x00, 0xff, 0x09, 0x01, 0xa1, 0x01, 0x85, 0x02, 0x09, 0x01, 0x15,
				     0x00, 0x26, 0xff, 0x00, 0x75, 0x08, 0x95, 0x04, 0xb1, 0x02, 0xc0};

static void put(struct uhid_gpio *chip, const struct uhid_event *event)
{
	if (write(chip->fd, event, sizeof(*event)) != (ssize_t)sizeof(*event))
		perror("uhid");
}

static uint8_t levels(const struct uhid_gpio *chip)
{
	return (uint8_t)((chip->driven & chip->outputs) | (chip->outside & ~chip->outputs));
}

static void answer_get(struct uhid_gpio *chip, const struct uhid_get_report_req *asked)
{
	struct uhid_event event = {.type = UHID_GET_REPORT_REPLY};
	struct uhid_get_report_reply_req *reply = &event.u.get_report_reply;
	reply->id = asked->id;
	reply->size = REPORT_SIZE; /* the kernel takes what it needs of it */
	reply->data[0] = asked->rnum;
	if (asked->rnum == REPORT_CONFIG)
		reply->data[1] = chip->outputs;
	if (asked->rnum == REPORT_GET) {
		reply->data[1] = levels(chip);
		chip->looks++;
		pthread_cond_broadcast(&chip->looked);
	}
	put(chip, &event);
}

static void answer_set(struct uhid_gpio *chip, const struct uhid_set_report_req *asked)
{
	struct uhid_event event = {.type = UHID_SET_REPORT_REPLY};
	const uint8_t *data = asked->data;
	event.u.set_report_reply.id = asked->id;
	if (asked->rnum == REPORT_CONFIG)
		chip->outputs = data[1];
	if (asked->rnum == REPORT_SET)
		chip->driven = (uint8_t)((chip->driven & ~data[2]) | (data[1] & data[2]));
	put(chip, &event);
}

static void *run(void *argument)
{
	struct uhid_gpio *chip = argument;
	struct uhid_event event;
	for (;;) {
		struct pollfd look = {.fd = chip->fd, .events = POLLIN};
		poll(&look, 1, 100);
		pthread_mutex_lock(&chip->lock);
		bool ended = chip->ended;
		if (!ended && look.revents & POLLIN && read(chip->fd, &event, sizeof(event)) > 0) {
			if (event.type == UHID_GET_REPORT)
				answer_get(chip, &event.u.get_report);
			else if (event.type == UHID_SET_REPORT)
				answer_set(chip, &event.u.set_report);
		}
		pthread_mutex_unlock(&chip->lock);
		if (ended)
			return NULL;
	}
}

static void create(struct uhid_gpio *chip)
{
	struct uhid_event event = {.type = UHID_CREATE2};
	struct uhid_create2_req *request = &event.u.create2;
	snprintf((char *)request->name, sizeof(request->name), "gpio");
	memcpy(request->rd_data, descriptor, sizeof(descriptor));
	request->rd_size = sizeof(descriptor);
	request->bus = BUS_USB;
	request->vendor = VENDOR;
	request->product = PRODUCT;
	put(chip, &event);
}

/* The only chip there is, since only one is plugged in at a time. */
static bool wait_for_node(struct uhid_gpio *chip)
{
	for (int waited_ms = 0; waited_ms < PATIENCE_MS; waited_ms += 10) {
		glob_t found;
		bool there = glob("/dev/gpiochip[0-9]*", 0, NULL, &found) == 0;
		if (there) {
			snprintf(chip->node, sizeof(chip->node), "%s", found.gl_pathv[0]);
			globfree(&found);
			return true;
		}
		poll(NULL, 0, 10);
	}
	printf("no GPIO chip appeared\n");
	return false;
}

struct uhid_gpio *uhid_gpio_new(void)
{
	struct uhid_gpio *chip = calloc(1, sizeof(*chip));
	chip->fd = open("/dev/uhid", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (chip->fd < 0) {
		perror("/dev/uhid");
		free(chip);
		return NULL;
	}
	pthread_mutex_init(&chip->lock, NULL);
	pthread_cond_init(&chip->looked, NULL);
	create(chip);
	pthread_create(&chip->thread, NULL, run, chip);
	if (wait_for_node(chip))
		return chip;
	uhid_gpio_free(chip);
	return NULL;
}

void uhid_gpio_free(struct uhid_gpio *chip)
{
	if (!chip)
		return;
	struct uhid_event event = {.type = UHID_DESTROY};
	put(chip, &event); /* the driver may still ask; the thread answers until it is gone */
	pthread_mutex_lock(&chip->lock);
	chip->ended = true;
	pthread_mutex_unlock(&chip->lock);
	pthread_join(chip->thread, NULL);
	close(chip->fd);
	while (access(chip->node, F_OK) == 0)
		poll(NULL, 0, 10);
	free(chip);
}

const char *uhid_gpio_node(const struct uhid_gpio *chip)
{
	return chip->node;
}

int uhid_gpio_level(struct uhid_gpio *chip, unsigned line)
{
	pthread_mutex_lock(&chip->lock);
	int level = levels(chip) >> line & 1;
	pthread_mutex_unlock(&chip->lock);
	return level;
}

bool uhid_gpio_is_output(struct uhid_gpio *chip, unsigned line)
{
	pthread_mutex_lock(&chip->lock);
	bool output = chip->outputs >> line & 1;
	pthread_mutex_unlock(&chip->lock);
	return output;
}

void uhid_gpio_drive(struct uhid_gpio *chip, unsigned line, bool level)
{
	pthread_mutex_lock(&chip->lock);
	chip->outside = (uint8_t)((chip->outside & ~(1u << line)) | (unsigned)level << line);
	pthread_mutex_unlock(&chip->lock);
}

static void wait_for_looks(struct uhid_gpio *chip, unsigned count)
{
	pthread_mutex_lock(&chip->lock);
	unsigned before = chip->looks;
	while (chip->looks - before < count)
		pthread_cond_wait(&chip->looked, &chip->lock);
	pthread_mutex_unlock(&chip->lock);
}

/* One look finds the change, one more the kernel takes to tell a rising edge from a falling one, and when the third comes all of that is
 * done. */
void uhid_gpio_drive_seen(struct uhid_gpio *chip, unsigned line, bool level)
{
	uhid_gpio_drive(chip, line, level);
	wait_for_looks(chip, 3);
}

void uhid_gpio_settle(struct uhid_gpio *chip)
{
	wait_for_looks(chip, 3);
	poll(NULL, 0, 5);
}
