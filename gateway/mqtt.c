/* One MQTT connection over libmosquitto. A fresh instance for every attempt: nothing of an old one can come back to life. */
#include "gateway/mqtt.h"

#include <errno.h>
#include <linux/tcp.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define US_PER_MS          1000
#define ATTEMPT_STEP_MS    100
#define MISC_SLACK_US      2000000
#define USER_TIMEOUT_MS    60000
#define NO_RECEIVE_MAXIMUM 65535
#define FIRST_ERROR        0x80
#define LEFTOVERS_MAX      2 /* attempts at one host that hang: both connections of one try */

/* What came while the attempt's thread still read. */
struct early {
	struct early *next;
	struct mqtt_arrival arrival;
	char data[]; /* topic and payload */
};

struct mqtt {
	struct mqtt *next; /* among the leftovers */
	struct mosquitto *mosquitto;
	struct mqtt_callbacks callbacks;
	struct worker_job *job; /* of the attempt */
	sd_event *event;
	sd_event_source *io, *misc;
	bool connected, writing, closing, ipv6;
	struct mqtt_limits limits;
	/* Written by the attempt's thread, read by the loop after it. */
	int answer; /* code of CONNACK, -1 = none came */
	int error, error_number;
	struct early *early, **early_end;
	/* Of the settings. */
	char *host;
	uint16_t port;
	int protocol, keepalive_s, dscp;
	uint32_t session_expiry_s;
	int64_t connect_timeout_ms, event_priority;
};

/* Attempts that were given up while their thread hangs in a look-up, which nothing can end. The loop's thread alone. */
static struct mqtt *leftovers;

static unsigned count_leftovers(const char *host)
{
	unsigned count = 0;
	for (const struct mqtt *mqtt = leftovers; mqtt; mqtt = mqtt->next)
		count += strcmp(mqtt->host, host) == 0;
	return count;
}

static void remove_leftover(const struct mqtt *gone)
{
	struct mqtt **link = &leftovers;
	while (*link && *link != gone)
		link = &(*link)->next;
	if (*link)
		*link = gone->next;
}

static int64_t monotonic_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

static struct early *take_early(struct mqtt *mqtt)
{
	struct early *early = mqtt->early;
	if (early)
		mqtt->early = early->next;
	return early;
}

static void mqtt_free(struct mqtt *mqtt)
{
	struct early *early;
	if (!mqtt)
		return;
	while ((early = take_early(mqtt)))
		free(early);
	if (mqtt->mosquitto)
		mosquitto_destroy(mqtt->mosquitto);
	sd_event_unref(mqtt->event);
	free(mqtt->host);
	free(mqtt);
}

/* --- the attempt, in its own thread --- */

static void on_connack(struct mosquitto *mosquitto, void *context, int code, int flags,
		       const mosquitto_property *properties)
{
	struct mqtt *mqtt = context;
	(void)mosquitto;
	mqtt->answer = code;
	mqtt->limits = (struct mqtt_limits){.receive_maximum = NO_RECEIVE_MAXIMUM, .session_present = flags & 1};
	mosquitto_property_read_int16(properties, MQTT_PROP_RECEIVE_MAXIMUM, &mqtt->limits.receive_maximum, false);
	mosquitto_property_read_int16(properties, MQTT_PROP_TOPIC_ALIAS_MAXIMUM, &mqtt->limits.topic_alias_maximum,
				      false);
	mosquitto_property_read_int32(properties, MQTT_PROP_MAXIMUM_PACKET_SIZE, &mqtt->limits.packet_maximum, false);
}

static int attempt_connect(struct mqtt *mqtt)
{
	mosquitto_property *properties = NULL;
	if (mqtt->protocol == 5 && mqtt->session_expiry_s &&
	    mosquitto_property_add_int32(&properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL, mqtt->session_expiry_s))
		return MOSQ_ERR_NOMEM;
	int error = mosquitto_connect_bind_v5(mqtt->mosquitto, mqtt->host, mqtt->port, mqtt->keepalive_s, NULL,
					      properties);
	mosquitto_property_free_all(&properties);
	return error;
}

/* Name, TCP, TLS and the broker's answer. The loop gives up on the whole if it takes longer than the connect timeout; what is left
 * then ends here by itself. */
static void attempt(void *context)
{
	struct mqtt *mqtt = context;
	int64_t deadline_us = monotonic_us() + mqtt->connect_timeout_ms * US_PER_MS;
	mqtt->error = attempt_connect(mqtt);
	while (!mqtt->error && mqtt->answer < 0 && monotonic_us() < deadline_us)
		mqtt->error = mosquitto_loop(mqtt->mosquitto, ATTEMPT_STEP_MS, 1);
	mqtt->error_number = errno;
}

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

static void watch_writing(struct mqtt *mqtt)
{
	bool wanted = mosquitto_want_write(mqtt->mosquitto);
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
	if (!error && events & ~(uint32_t)EPOLLOUT)
		error = mosquitto_loop_read(mqtt->mosquitto, 1);
	if (error) {
		lose(mqtt, error);
		return 0;
	}
	watch_writing(mqtt);
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
	watch_writing(mqtt);
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

/* TLS hands out a record at once, and with it what a kept session has waiting behind the answer to CONNECT: in the attempt's thread, where
 * nobody may be called. */
static void keep_early(struct mqtt *mqtt, const struct mqtt_arrival *arrival)
{
	size_t topic_size = strlen(arrival->topic) + 1;
	struct early *early = malloc(sizeof(*early) + topic_size + arrival->size);
	if (!early)
		return;
	*early = (struct early){.arrival = *arrival};
	memcpy(early->data, arrival->topic, topic_size);
	if (arrival->size)
		memcpy(early->data + topic_size, arrival->payload, arrival->size);
	early->arrival.topic = early->data;
	early->arrival.payload = early->data + topic_size;
	*mqtt->early_end = early;
	mqtt->early_end = &early->next;
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
		mqtt->callbacks.received(mqtt->callbacks.context, &arrival);
	else
		keep_early(mqtt, &arrival);
}

static void on_suback(struct mosquitto *mosquitto, void *context, int mid, int count, const int *granted,
		      const mosquitto_property *properties)
{
	struct mqtt *mqtt = context;
	(void)mosquitto;
	(void)mid;
	(void)properties;
	bool refused = count < 1 || granted[0] >= FIRST_ERROR;
	if (refused && mqtt->connected && mqtt->callbacks.refused)
		mqtt->callbacks.refused(mqtt->callbacks.context);
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

static int start_sources(struct mqtt *mqtt)
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

static enum mqtt_failure judge(const struct mqtt *mqtt, const char **text)
{
	if (mqtt->answer == 0 && !mqtt->error)
		return MQTT_OK;
	if (mqtt->answer == MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION || mqtt->answer == 1) {
		*text = "the broker does not speak this version of MQTT";
		return MQTT_PROTOCOL;
	}
	if (mqtt->answer > 0) {
		*text = mqtt->protocol == 5 ? mosquitto_reason_string(mqtt->answer)
					    : mosquitto_connack_string(mqtt->answer);
		return MQTT_REFUSED;
	}
	*text = mqtt->error == MOSQ_ERR_ERRNO ? strerror(mqtt->error_number) : mosquitto_strerror(mqtt->error);
	if (mqtt->error == MOSQ_ERR_CONN_LOST || mqtt->error == MOSQ_ERR_PROTOCOL ||
	    mqtt->error == MOSQ_ERR_MALFORMED_PACKET)
		return MQTT_HUNG_UP;
	if (mqtt->error)
		return MQTT_UNREACHABLE;
	*text = "connected, but the broker does not answer";
	return MQTT_MUTE;
}

/* Their broker was told that they came, so they are handed up whatever became of the attempt. */
static void hand_up_early(struct mqtt *mqtt)
{
	struct early *early;
	while ((early = take_early(mqtt))) {
		mqtt->callbacks.received(mqtt->callbacks.context, &early->arrival);
		free(early);
	}
}

static void attempt_done(void *context, bool abandoned)
{
	struct mqtt *mqtt = context;
	const char *text = "connected";
	mqtt->job = NULL;
	if (abandoned || mqtt->closing) {
		remove_leftover(mqtt);
		mqtt_free(mqtt);
		return;
	}
	enum mqtt_failure failure = judge(mqtt, &text);
	if (failure == MQTT_OK && start_sources(mqtt) < 0) {
		failure = MQTT_UNREACHABLE;
		text = "out of memory";
	}
	mqtt->connected = failure == MQTT_OK;
	hand_up_early(mqtt);
	mqtt->callbacks.opened(mqtt->callbacks.context, failure, text);
}

static int set_tls(struct mqtt *mqtt, const struct mqtt_settings *settings)
{
	if (!settings->tls)
		return 0;
	if (!settings->ca_file && mosquitto_int_option(mqtt->mosquitto, MOSQ_OPT_TLS_USE_OS_CERTS, 1))
		return MOSQ_ERR_INVAL;
	if (!settings->ca_file && !settings->certificate_file)
		return 0;
	return mosquitto_tls_set(mqtt->mosquitto, settings->ca_file, settings->ca_file ? NULL : "/etc/ssl/certs",
				 settings->certificate_file, settings->key_file, NULL);
}

static int set_options(struct mqtt *mqtt, const struct mqtt_settings *settings)
{
	struct mosquitto *mosquitto = mqtt->mosquitto;
	int error = mosquitto_int_option(mosquitto, MOSQ_OPT_PROTOCOL_VERSION,
					 settings->protocol == 5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311);
	if (!error)
		error = mosquitto_int_option(mosquitto, MOSQ_OPT_SEND_MAXIMUM, NO_RECEIVE_MAXIMUM);
	if (!error)
		error = mosquitto_int_option(mosquitto, MOSQ_OPT_TCP_NODELAY, 1);
	if (!error && settings->username)
		error = mosquitto_username_pw_set(mosquitto, settings->username, settings->password);
	if (!error && settings->will_topic)
		error = mosquitto_will_set(mosquitto, settings->will_topic, (int)strlen(settings->will_payload),
					   settings->will_payload, 1, true);
	if (!error)
		error = set_tls(mqtt, settings);
	mosquitto_connect_v5_callback_set(mosquitto, on_connack);
	mosquitto_publish_v5_callback_set(mosquitto, on_puback);
	mosquitto_message_v5_callback_set(mosquitto, on_message);
	mosquitto_subscribe_v5_callback_set(mosquitto, on_suback);
	return error;
}

struct mqtt *mqtt_open(const struct mqtt_settings *settings, const struct mqtt_callbacks *callbacks, sd_event *event,
		       struct worker *worker, char *text, size_t text_size)
{
	const char *reason = "looking up its name still hangs from the last attempts; check the name server";
	struct mqtt *mqtt = NULL;
	/* Else they would take all threads, those of the ports and of the other brokers too. */
	if (count_leftovers(settings->host) >= LEFTOVERS_MAX)
		goto fail;
	reason = "out of memory";
	mqtt = calloc(1, sizeof(*mqtt));
	if (!mqtt)
		goto fail;
	*mqtt = (struct mqtt){.callbacks = *callbacks,
			      .event = sd_event_ref(event),
			      .answer = -1,
			      .host = strdup(settings->host),
			      .port = settings->port,
			      .protocol = settings->protocol,
			      .keepalive_s = settings->keepalive_s,
			      .dscp = settings->dscp,
			      .session_expiry_s = settings->session_expiry_s,
			      .connect_timeout_ms = settings->connect_timeout_ms,
			      .event_priority = settings->event_priority};
	mqtt->early_end = &mqtt->early;
	mqtt->mosquitto = mosquitto_new(settings->client_id, settings->clean, mqtt);
	if (!mqtt->host || !mqtt->mosquitto)
		goto fail;
	int error = set_options(mqtt, settings);
	if (error) {
		reason = error == MOSQ_ERR_INVAL ? "a TLS file cannot be read" : mosquitto_strerror(error);
		goto fail;
	}
	reason = "no thread to be had";
	mqtt->job = worker_start(worker, attempt, attempt_done, mqtt);
	if (mqtt->job)
		return mqtt;
fail:
	snprintf(text, text_size, "%s", reason);
	mqtt_free(mqtt);
	return NULL;
}

void mqtt_close(struct mqtt *mqtt)
{
	if (!mqtt)
		return;
	stop_sources(mqtt);
	mqtt->closing = true;
	if (mqtt->job) {
		worker_abandon(mqtt->job);
		mqtt->next = leftovers;
		leftovers = mqtt;
		return;
	}
	if (mqtt->connected)
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
	watch_writing(mqtt);
	return error;
}

int mqtt_publish(struct mqtt *mqtt, const struct mqtt_publication *publication, uint16_t *mid)
{
	mosquitto_property *properties = NULL;
	int number = 0;
	if (!mqtt->connected)
		return -ENOTCONN;
	int error = mqtt->protocol == 5 ? add_properties(&properties, publication) : 0;
	if (!error)
		error = mosquitto_publish_v5(mqtt->mosquitto, &number, publication->topic,
					     (int)publication->payload_size, publication->payload, 1,
					     publication->retain, properties);
	mosquitto_property_free_all(&properties);
	*mid = (uint16_t)number;
	return conclude(mqtt, error);
}

int mqtt_subscribe(struct mqtt *mqtt, const char *filter, bool show_retain)
{
	int options = MQTT_SUB_OPT_NO_LOCAL | MQTT_SUB_OPT_SEND_RETAIN_NEVER;
	if (show_retain)
		options |= MQTT_SUB_OPT_RETAIN_AS_PUBLISHED;
	if (!mqtt->connected)
		return -ENOTCONN;
	return conclude(
	    mqtt, mosquitto_subscribe_v5(mqtt->mosquitto, NULL, filter, 1, mqtt->protocol == 5 ? options : 0, NULL));
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
