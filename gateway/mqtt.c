/* One MQTT connection over libmosquitto. A fresh instance for every attempt: nothing of an old one can come back to life. */
#include "gateway/mqtt.h"

#include <errno.h>
#include <linux/tcp.h>
#include <mqtt_protocol.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>

#include "gateway/mqtt_internal.h"

#define MISC_SLACK_US   2000000
#define USER_TIMEOUT_MS 60000
#define FIRST_ERROR     0x80

/* --- served by the loop --- */

static void stop_sources(struct mqtt *mqtt)
{
	/* Before the descriptor is closed: its number may come back with another connection. */
	mqtt->io = sd_event_source_disable_unref(mqtt->io);
	mqtt->misc = sd_event_source_disable_unref(mqtt->misc);
}

static void lose(struct mqtt *mqtt, int error)
{
	stop_sources(mqtt);
	mqtt->connected = false;
	mqtt->callbacks.lost(mqtt->callbacks.context,
			     error == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(error));
}

void mqtt_only_queue(struct mqtt *mqtt, bool on)
{
	(void)mosquitto_threaded_set(mqtt->mosquitto, on);
}

void mqtt_watch_writing(struct mqtt *mqtt)
{
	bool wanted = !mqtt->held && mosquitto_want_write(mqtt->mosquitto);
	if (!mqtt->io || wanted == mqtt->writing)
		return;
	mqtt->writing = wanted;
	sd_event_source_set_io_events(mqtt->io, wanted ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

/* Acknowledgements of their own would take a tenth of a slow link: let them wait for the next data of ours. The kernel forgets this
 * whenever one had to go alone, and sends one at once at every read then. */
static void delay_acknowledgements(int fd)
{
	int quick = 0;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &quick, sizeof(quick));
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct mqtt *mqtt = context;
	int error = 0;
	(void)source;
	delay_acknowledgements(fd);
	if (events & EPOLLOUT)
		error = mosquitto_loop_write(mqtt->mosquitto, 1);
	/* What comes now waits behind nothing that has just gone, and can be held back. */
	if (!error)
		mqtt_watch_writing(mqtt);
	mqtt->reading = mqtt->may_hold;
	mqtt_only_queue(mqtt, mqtt->reading);
	if (!error && events & ~(uint32_t)EPOLLOUT)
		error = mosquitto_loop_read(mqtt->mosquitto, 1);
	mqtt->reading = false;
	mqtt_only_queue(mqtt, false);
	if (!error && !mqtt->held && !mqtt->writing && mosquitto_want_write(mqtt->mosquitto))
		error = mosquitto_loop_write(mqtt->mosquitto, 1);
	if (error) {
		lose(mqtt, error);
		return 0;
	}
	mqtt_watch_writing(mqtt);
	mqtt->callbacks.served(mqtt->callbacks.context);
	return 0;
}

static int on_misc(sd_event_source *source, uint64_t now_us, void *context)
{
	struct mqtt *mqtt = context;
	int error = mosquitto_loop_misc(mqtt->mosquitto);
	if (error) {
		lose(mqtt, error);
		return 0;
	}
	mqtt_watch_writing(mqtt);
	sd_event_source_set_time(source, now_us + (uint64_t)mqtt->keepalive_s * 500000);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void on_puback(struct mosquitto *mosquitto, void *context, int mid, int code,
		      const mosquitto_property *properties)
{
	struct mqtt *mqtt = context;
	(void)mosquitto;
	(void)properties;
	mqtt->callbacks.answered(mqtt->callbacks.context, (uint16_t)mid, code);
}

/* What already waits for the socket is not held up: it may be urgent. */
void mqtt_hand_up(struct mqtt *mqtt, const struct mqtt_arrival *arrival)
{
	bool hold = mqtt->callbacks.received(mqtt->callbacks.context, arrival);
	mqtt->held |= hold && mqtt->may_hold && !mqtt->writing;
}

static void on_message(struct mosquitto *mosquitto, void *context, const struct mosquitto_message *message,
		       const mosquitto_property *properties)
{
	struct mqtt *mqtt = context;
	uint32_t expiry_s = 0;
	(void)mosquitto;
	if (!mqtt->callbacks.received || message->payloadlen < 0)
		return;
	bool expires = mosquitto_property_read_int32(properties, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, &expiry_s, false) !=
		       NULL;
	struct mqtt_arrival arrival = {.topic = message->topic,
				       .payload = message->payload,
				       .size = (size_t)message->payloadlen,
				       .retained = message->retain,
				       .expiry_s = expires ? (int64_t)expiry_s : -1};
	if (mqtt->connected)
		mqtt_hand_up(mqtt, &arrival);
	else
		mqtt_keep_early(mqtt, &arrival);
}

static void on_suback(struct mosquitto *mosquitto, void *context, int mid, int count, const int *granted,
		      const mosquitto_property *properties)
{
	struct mqtt *mqtt = context;
	(void)mosquitto;
	(void)properties;
	bool refused = mid != mqtt->unasked_mid && (count < 1 || granted[0] >= FIRST_ERROR);
	if (refused && mqtt->connected && mqtt->callbacks.refused)
		mqtt->callbacks.refused(mqtt->callbacks.context);
}

void mqtt_listen(struct mqtt *mqtt)
{
	mosquitto_publish_v5_callback_set(mqtt->mosquitto, on_puback);
	mosquitto_message_v5_callback_set(mqtt->mosquitto, on_message);
	mosquitto_subscribe_v5_callback_set(mqtt->mosquitto, on_suback);
}

static void set_socket_options(struct mqtt *mqtt, int fd)
{
	struct sockaddr_storage address = {0};
	socklen_t size = sizeof(address);
	mqtt->ipv6 = getsockname(fd, (struct sockaddr *)&address, &size) == 0 && address.ss_family == AF_INET6;
	int class = mqtt->dscp << 2, timeout = USER_TIMEOUT_MS;
	(void)setsockopt(fd, IPPROTO_IP, IP_TOS, &class, sizeof(class));
	(void)setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &class, sizeof(class));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof(timeout));
}

int mqtt_serve(struct mqtt *mqtt)
{
	int fd = mosquitto_socket(mqtt->mosquitto);
	set_socket_options(mqtt, fd);
	int error = sd_event_add_io(mqtt->event, &mqtt->io, fd, EPOLLIN, on_io, mqtt);
	if (error < 0)
		return error;
	error = sd_event_add_time_relative(mqtt->event, &mqtt->misc, CLOCK_MONOTONIC,
					   (uint64_t)mqtt->keepalive_s * 500000, MISC_SLACK_US, on_misc, mqtt);
	if (error < 0)
		return error;
	sd_event_source_set_priority(mqtt->misc, mqtt->event_priority);
	return sd_event_source_set_priority(mqtt->io, mqtt->event_priority);
}

void mqtt_close(struct mqtt *mqtt)
{
	if (!mqtt)
		return;
	stop_sources(mqtt);
	mqtt->closing = true;
	if (mqtt->job) {
		worker_abandon(mqtt->job);
		mqtt_leave(mqtt);
		return;
	}
	/* With something held back it just ends, and its broker publishes the will. */
	if (mqtt->connected && !mqtt->held)
		mosquitto_disconnect(mqtt->mosquitto);
	mqtt_free(mqtt);
}

const struct mqtt_limits *mqtt_limits(const struct mqtt *mqtt)
{
	return &mqtt->limits;
}

static int add_properties(mosquitto_property **list, const struct mqtt_publication *publication)
{
	int error = 0;
	if (publication->alias)
		error = mosquitto_property_add_int16(list, MQTT_PROP_TOPIC_ALIAS, publication->alias);
	if (!error && publication->expiry_s)
		error = mosquitto_property_add_int32(list, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, publication->expiry_s);
	if (!error && publication->content_type)
		error = mosquitto_property_add_string(list, MQTT_PROP_CONTENT_TYPE, publication->content_type);
	if (!error && publication->id)
		error = mosquitto_property_add_string_pair(list, MQTT_PROP_USER_PROPERTY, "id", publication->id);
	if (!error && publication->class_id)
		error = mosquitto_property_add_string_pair(list, MQTT_PROP_USER_PROPERTY, "class",
							   publication->class_id);
	return error;
}

static int error_of(int error)
{
	switch (error) {
	case MOSQ_ERR_SUCCESS:
		return 0;
	case MOSQ_ERR_NOMEM:
		return -ENOMEM;
	case MOSQ_ERR_NO_CONN:
	case MOSQ_ERR_CONN_LOST:
	case MOSQ_ERR_ERRNO:
		return -ENOTCONN;
	default:
		return -EINVAL;
	}
}

static int conclude(struct mqtt *mqtt, int code)
{
	int error = error_of(code);
	if (error == -ENOTCONN) {
		stop_sources(mqtt);
		mqtt->connected = false;
	}
	mqtt_watch_writing(mqtt);
	return error;
}

int mqtt_publish(struct mqtt *mqtt, const struct mqtt_publication *publication, uint16_t *mid)
{
	mosquitto_property *properties = NULL;
	int number = 0;
	if (!mqtt->connected)
		return -ENOTCONN;
	int error = mqtt->protocol == 5 ? add_properties(&properties, publication) : 0;
	mqtt->held &= publication->retain;
	mqtt_only_queue(mqtt, mqtt->held || mqtt->reading);
	if (!error)
		error = mosquitto_publish_v5(mqtt->mosquitto, &number, publication->topic,
					     (int)publication->payload_size, publication->payload, 1,
					     publication->retain, properties);
	mqtt_only_queue(mqtt, mqtt->reading);
	mosquitto_property_free_all(&properties);
	*mid = (uint16_t)number;
	return conclude(mqtt, error);
}

int mqtt_subscribe(struct mqtt *mqtt, const char *filter, enum mqtt_interest interest)
{
	static const int options[] = {[MQTT_WHAT_COMES] = MQTT_SUB_OPT_NO_LOCAL | MQTT_SUB_OPT_SEND_RETAIN_NEVER,
				      [MQTT_WHAT_COMES_MARKED] = MQTT_SUB_OPT_NO_LOCAL |
								 MQTT_SUB_OPT_SEND_RETAIN_NEVER |
								 MQTT_SUB_OPT_RETAIN_AS_PUBLISHED,
				      [MQTT_WHAT_IS] = MQTT_SUB_OPT_NO_LOCAL | MQTT_SUB_OPT_SEND_RETAIN_ALWAYS};
	int mid = 0, qos = interest == MQTT_WHAT_IS ? 0 : 1;
	if (!mqtt->connected)
		return -ENOTCONN;
	mqtt_only_queue(mqtt, mqtt->held || mqtt->reading);
	int error = mosquitto_subscribe_v5(mqtt->mosquitto, &mid, filter, qos,
					   mqtt->protocol == 5 ? options[interest] : 0, NULL);
	mqtt_only_queue(mqtt, mqtt->reading);
	if (interest == MQTT_WHAT_IS)
		mqtt->unasked_mid = mid;
	return conclude(mqtt, error);
}

void mqtt_release(struct mqtt *mqtt)
{
	mqtt->held = false;
	mqtt_watch_writing(mqtt);
}

bool mqtt_holds(const struct mqtt *mqtt)
{
	return mqtt->held;
}

bool mqtt_blocked(const struct mqtt *mqtt)
{
	return mqtt->writing;
}

void mqtt_cork(struct mqtt *mqtt, bool on)
{
	int value = on;
	(void)setsockopt(mosquitto_socket(mqtt->mosquitto), IPPROTO_TCP, TCP_CORK, &value, sizeof(value));
}

bool mqtt_tcp(const struct mqtt *mqtt, struct mqtt_tcp *tcp)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof(info);
	if (!mqtt->connected || getsockopt(mosquitto_socket(mqtt->mosquitto), IPPROTO_TCP, TCP_INFO, &info, &size) < 0)
		return false;
	unsigned header = (mqtt->ipv6 ? 60 : 40) + (info.tcpi_options & TCPI_OPT_TIMESTAMPS ? 12 : 0);
	*tcp = (struct mqtt_tcp){.wire_bytes = info.tcpi_bytes_sent + (uint64_t)info.tcpi_segs_out * header,
				 .unsent_bytes = info.tcpi_notsent_bytes,
				 .lost = info.tcpi_total_retrans + info.tcpi_rcv_ooopack,
				 .rtt_us = info.tcpi_rtt};
	return true;
}
