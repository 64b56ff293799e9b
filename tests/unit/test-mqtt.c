/* One MQTT connection to a broker that the test plays byte by byte: what is held back, and until when. */
#include <arpa/inet.h>
#include <errno.h>
#include <mosquitto.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "gateway/mqtt_internal.h"

enum { PATIENCE_MS = 60000, TURNS = 8 };

struct rig {
	sd_event *event;
	struct worker *worker;
	struct mqtt *mqtt;
	int listener, broker;
	bool opened;
	unsigned received;
};

static void on_opened(void *context, enum mqtt_failure failure, const char *text)
{
	struct rig *rig = context;
	(void)text;
	assert_int_equal(failure, MQTT_OK);
	rig->opened = true;
}

static void on_answered(void *context, uint16_t mid, int code)
{
	(void)context, (void)mid, (void)code;
}

static void on_served(void *context)
{
	(void)context;
}

static bool on_received(void *context, const struct mqtt_arrival *arrival)
{
	struct rig *rig = context;
	assert_string_equal(arrival->topic, "a");
	rig->received++;
	return true;
}

static void on_lost(void *context, const char *text)
{
	(void)context;
	fail_msg("connection lost: %s", text);
}

static void turn(struct rig *rig)
{
	assert_true(sd_event_run(rig->event, (uint64_t)PATIENCE_MS * 1000) > 0);
}

static void wait_readable(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	assert_int_equal(poll(&poll_fd, 1, PATIENCE_MS), 1);
}

/* ---- the broker ---- */

static uint16_t listen_here(struct rig *rig)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(address);
	rig->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(rig->listener >= 0);
	assert_int_equal(bind(rig->listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(rig->listener, 1), 0);
	assert_int_equal(getsockname(rig->listener, (struct sockaddr *)&address, &size), 0);
	return ntohs(address.sin_port);
}

/* Takes CONNECT, whatever it says, and grants it. */
static void let_in(struct rig *rig)
{
	static const uint8_t connack[] = {0x20, 2, 0, 0};
	uint8_t head[2], rest[128];
	int on = 1;
	wait_readable(rig->listener);
	rig->broker = accept(rig->listener, NULL, NULL);
	assert_true(rig->broker >= 0);
	assert_int_equal(setsockopt(rig->broker, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
	assert_int_equal(recv(rig->broker, head, 2, MSG_WAITALL), 2);
	assert_int_equal(head[0], 0x10);
	assert_true(head[1] < sizeof(rest));
	assert_int_equal(recv(rig->broker, rest, head[1], MSG_WAITALL), head[1]);
	assert_int_equal(send(rig->broker, connack, sizeof(connack), 0), sizeof(connack));
}

/* Publishes "x" on "a" with QoS 1; it is with the gateway's socket when this returns. */
static void publish(struct rig *rig, uint8_t mid)
{
	const uint8_t packet[] = {0x32, 6, 0, 1, 'a', 0, mid, 'x'};
	assert_int_equal(send(rig->broker, packet, sizeof(packet), 0), sizeof(packet));
	wait_readable(mosquitto_socket(rig->mqtt->mosquitto));
}

static void expect_puback(struct rig *rig, uint8_t mid)
{
	const uint8_t wanted[] = {0x40, 2, 0, mid};
	uint8_t packet[sizeof(wanted)];
	struct pollfd poll_fd = {.fd = rig->broker, .events = POLLIN};
	for (int i = 0; i < TURNS && poll(&poll_fd, 1, 0) == 0; i++)
		turn(rig);
	assert_int_equal(recv(rig->broker, packet, sizeof(packet), MSG_WAITALL), sizeof(packet));
	assert_memory_equal(packet, wanted, sizeof(wanted));
}

static void expect_nothing(struct rig *rig)
{
	uint8_t byte;
	for (int i = 0; i < TURNS; i++)
		assert_true(sd_event_run(rig->event, 0) >= 0);
	assert_int_equal(recv(rig->broker, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
}

/* ---- the connection ---- */

static void set_up(struct rig *rig)
{
	static const struct mqtt_callbacks callbacks = {.opened = on_opened,
							.answered = on_answered,
							.served = on_served,
							.received = on_received,
							.lost = on_lost};
	struct mqtt_callbacks own = callbacks;
	char text[256];
	*rig = (struct rig){.listener = -1, .broker = -1};
	own.context = rig;
	mosquitto_lib_init();
	assert_true(sd_event_new(&rig->event) >= 0);
	rig->worker = worker_new(rig->event);
	assert_non_null(rig->worker);
	struct mqtt_settings settings = {.host = "127.0.0.1",
					 .port = listen_here(rig),
					 .client_id = "base1-u",
					 .protocol = 4,
					 .clean = true,
					 .keepalive_s = 600,
					 .connect_timeout_ms = PATIENCE_MS,
					 .may_hold = true};
	rig->mqtt = mqtt_open(&settings, &own, rig->event, rig->worker, text, sizeof(text));
	assert_non_null(rig->mqtt);
	let_in(rig);
	while (!rig->opened)
		turn(rig);
}

static void tear_down(struct rig *rig)
{
	mqtt_close(rig->mqtt);
	close(rig->broker);
	close(rig->listener);
	worker_free(rig->worker);
	sd_event_unref(rig->event);
	mosquitto_lib_cleanup();
}

static void receive(struct rig *rig, uint8_t mid)
{
	unsigned before = rig->received;
	publish(rig, mid);
	while (rig->received == before)
		turn(rig);
}

static void test_held_until_it_is_released(void **state)
{
	(void)state;
	struct rig rig;
	set_up(&rig);
	receive(&rig, 1);
	assert_true(mqtt_holds(rig.mqtt));
	expect_nothing(&rig);
	mqtt_release(rig.mqtt);
	expect_puback(&rig, 1);
	assert_false(mqtt_holds(rig.mqtt));
	tear_down(&rig);
}

/* What comes in the same turn in which the one before is acknowledged is held back as well. */
static void test_the_next_one_comes_with_the_release(void **state)
{
	(void)state;
	struct rig rig;
	set_up(&rig);
	receive(&rig, 1);
	publish(&rig, 2);
	mqtt_release(rig.mqtt);
	expect_puback(&rig, 1);
	while (rig.received < 2)
		turn(&rig);
	expect_nothing(&rig);
	assert_true(mqtt_holds(rig.mqtt));
	mqtt_release(rig.mqtt);
	expect_puback(&rig, 2);
	tear_down(&rig);
}

/* An alert goes at once, and takes along what is held back; what is retained waits with it. */
static void test_what_is_published_meanwhile(void **state)
{
	(void)state;
	struct rig rig;
	static const uint8_t kept[] = {0x33, 6, 0, 1, 'b', 0, 1, 'y'}, alert[] = {0x32, 6, 0, 1, 'c', 0, 2, 'z'};
	uint8_t packet[8];
	uint16_t mid;
	struct mqtt_publication publication = {.topic = "b", .payload = "y", .payload_size = 1, .retain = true};
	set_up(&rig);
	receive(&rig, 1);
	assert_int_equal(mqtt_publish(rig.mqtt, &publication, &mid), 0);
	expect_nothing(&rig);
	publication = (struct mqtt_publication){.topic = "c", .payload = "z", .payload_size = 1};
	assert_int_equal(mqtt_publish(rig.mqtt, &publication, &mid), 0);
	expect_puback(&rig, 1);
	assert_int_equal(recv(rig.broker, packet, sizeof(kept), MSG_WAITALL), sizeof(kept));
	assert_memory_equal(packet, kept, sizeof(kept));
	assert_int_equal(recv(rig.broker, packet, sizeof(alert), MSG_WAITALL), sizeof(alert));
	assert_memory_equal(packet, alert, sizeof(alert));
	assert_false(mqtt_holds(rig.mqtt));
	tear_down(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_held_until_it_is_released),
	    cmocka_unit_test(test_the_next_one_comes_with_the_release),
	    cmocka_unit_test(test_what_is_published_meanwhile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
