/* Text over a unix socket, one message a datagram. */
#include "tests/support/ether_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/hex.h"

enum { LINE_MAX_SIZE = 2 * ETHER_PAYLOAD_MAX + 128 };

struct ether_client {
	int fd;
};

static void say(struct ether_client *client, const char *text)
{
	/* An ether that is gone is noticed by the next read. */
	if (send(client->fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		return;
}

struct ether_client *ether_join(const char *socket_path, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct ether_client *client = calloc(1, sizeof(*client));
	if (!client)
		return NULL;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
	client->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (client->fd < 0 || connect(client->fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int error = errno;
		ether_leave(client);
		errno = error;
		return NULL;
	}
	char line[128];
	snprintf(line, sizeof(line), "join %s", name);
	say(client, line);
	return client;
}

void ether_leave(struct ether_client *client)
{
	if (!client)
		return;
	if (client->fd >= 0)
		close(client->fd);
	free(client);
}

int ether_fd(const struct ether_client *client)
{
	return client->fd;
}

static enum ether_event parse(const char *line, struct ether_news *news)
{
	int carrier, at = 0;
	long long airtime_us;
	if (sscanf(line, "welcome %lf", &news->speed) == 1)
		return ETHER_WELCOME;
	if (sscanf(line, "heard %lf %lf %n", &news->rssi_dbm, &news->snr_db, &at) == 2 && at) {
		news->size = hex_read(line + at, news->bytes, sizeof(news->bytes));
		return ETHER_HEARD;
	}
	if (sscanf(line, "spoilt %lf", &news->rssi_dbm) == 1)
		return ETHER_SPOILT;
	if (sscanf(line, "sent %lld", &airtime_us) == 1) {
		news->airtime_us = airtime_us;
		return ETHER_SENT;
	}
	if (sscanf(line, "carrier %d", &carrier) == 1) {
		news->carrier = carrier != 0;
		return ETHER_CARRIER;
	}
	snprintf(news->text, sizeof(news->text), "%.127s", line);
	return ETHER_ERROR;
}

enum ether_event ether_take(struct ether_client *client, struct ether_news *news)
{
	char line[LINE_MAX_SIZE];
	memset(news, 0, sizeof(*news));
	ssize_t size = recv(client->fd, line, sizeof(line) - 1, MSG_DONTWAIT);
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return news->event = ETHER_NOTHING;
	if (size <= 0)
		return news->event = ETHER_GONE;
	line[size] = 0;
	return news->event = parse(line, news);
}

void ether_tune(struct ether_client *client, const struct ether_tuning *tuning)
{
	char line[160];
	if (tuning->afsk_baud)
		snprintf(line, sizeof(line), "tune %u afsk %u %u %d", (unsigned)tuning->frequency_hz, tuning->afsk_baud,
			 tuning->txdelay_ms, tuning->power_dbm);
	else
		snprintf(line, sizeof(line), "tune %u %u %u %u %u %u %d%s%s", (unsigned)tuning->frequency_hz,
			 (unsigned)tuning->bandwidth_hz, tuning->spreading_factor, tuning->coding_rate,
			 tuning->preamble, tuning->sync, tuning->power_dbm, tuning->implicit ? " implicit" : "",
			 tuning->no_crc ? " nocrc" : "");
	say(client, line);
}

void ether_off(struct ether_client *client)
{
	say(client, "off");
}

void ether_send(struct ether_client *client, const void *bytes, size_t size)
{
	char line[LINE_MAX_SIZE] = "send ";
	size_t at = strlen(line);
	for (size_t i = 0; i < size && i < ETHER_PAYLOAD_MAX; i++)
		at += (size_t)snprintf(line + at, sizeof(line) - at, "%02x", ((const uint8_t *)bytes)[i]);
	say(client, line);
}

void ether_listen(struct ether_client *client)
{
	say(client, "listen");
}
