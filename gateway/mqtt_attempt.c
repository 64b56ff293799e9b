/* The attempt at an MQTT connection: name, TCP, TLS and the broker's answer, in a thread of its own, because looking up a name may hang. */
#include <errno.h>
#include <mqtt_protocol.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/mqtt_internal.h"

#define US_PER_MS       1000
#define ATTEMPT_STEP_MS 100
#define LEFTOVERS_MAX   2 /* attempts at one host that hang: both connections of one try */

/* Attempts that were given up while their thread hangs in a look-up, which nothing can end. The loop's thread alone. */
static struct mqtt *leftovers;

static unsigned count_leftovers(const char *host)
{
	unsigned count = 0;
	for (const struct mqtt *mqtt = leftovers; mqtt; mqtt = mqtt->next)
		count += strcmp(mqtt->host, host) == 0;
	return count;
}

void mqtt_leave(struct mqtt *mqtt)
{
	mqtt->next = leftovers;
	leftovers = mqtt;
}

static void remove_leftover(const struct mqtt *gone)
{
	struct mqtt **link = &leftovers;
	while (*link && *link != gone)
		link = &(*link)->next;
	if (*link)
		*link = gone->next;
}

static struct mqtt_early *take_early(struct mqtt *mqtt)
{
	struct mqtt_early *early = mqtt->early;
	if (early)
		mqtt->early = early->next;
	return early;
}

void mqtt_free(struct mqtt *mqtt)
{
	struct mqtt_early *early;
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
	mqtt->limits = (struct mqtt_limits){.receive_maximum = MQTT_NO_RECEIVE_MAXIMUM, .session_present = flags & 1};
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
	int64_t deadline_us = clock_mono_us() + mqtt->connect_timeout_ms * US_PER_MS;
	mqtt->error = attempt_connect(mqtt);
	while (!mqtt->error && mqtt->answer < 0 && clock_mono_us() < deadline_us)
		mqtt->error = mosquitto_loop(mqtt->mosquitto, ATTEMPT_STEP_MS, 1);
	mqtt->error_number = errno;
}

/* TLS hands out a record at once, and with it what a kept session has waiting behind the answer to CONNECT: in the attempt's thread, where
 * nobody may be called. */
void mqtt_keep_early(struct mqtt *mqtt, const struct mqtt_arrival *arrival)
{
	size_t topic_size = strlen(arrival->topic) + 1;
	struct mqtt_early *early = malloc(sizeof(*early) + topic_size + arrival->size);
	if (!early)
		return;
	*early = (struct mqtt_early){.arrival = *arrival};
	memcpy(early->data, arrival->topic, topic_size);
	if (arrival->size)
		memcpy(early->data + topic_size, arrival->payload, arrival->size);
	early->arrival.topic = early->data;
	early->arrival.payload = early->data + topic_size;
	*mqtt->early_end = early;
	mqtt->early_end = &early->next;
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

/* Their broker may have been told that they came, so they are handed up whatever became of the attempt. */
static void hand_up_early(struct mqtt *mqtt)
{
	struct mqtt_early *early;
	while ((early = take_early(mqtt))) {
		mqtt_hand_up(mqtt, &early->arrival);
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
	if (failure == MQTT_OK && mqtt_serve(mqtt) < 0) {
		failure = MQTT_UNREACHABLE;
		text = "out of memory";
	}
	mqtt->connected = failure == MQTT_OK;
	mqtt_only_queue(mqtt, false);
	hand_up_early(mqtt);
	mqtt_watch_writing(mqtt);
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
		error = mosquitto_int_option(mosquitto, MOSQ_OPT_SEND_MAXIMUM, MQTT_NO_RECEIVE_MAXIMUM);
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
	mqtt_listen(mqtt);
	return error;
}

/* NULL: out of memory. */
static struct mqtt *mqtt_new(const struct mqtt_settings *settings, const struct mqtt_callbacks *callbacks,
			     sd_event *event)
{
	struct mqtt *mqtt = calloc(1, sizeof(*mqtt));
	if (!mqtt)
		return NULL;
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
			      .event_priority = settings->event_priority,
			      .may_hold = settings->may_hold};
	mqtt->early_end = &mqtt->early;
	mqtt->mosquitto = mosquitto_new(settings->client_id, settings->clean, mqtt);
	if (mqtt->host && mqtt->mosquitto)
		return mqtt;
	mqtt_free(mqtt);
	return NULL;
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
	mqtt = mqtt_new(settings, callbacks, event);
	if (!mqtt)
		goto fail;
	int error = set_options(mqtt, settings);
	if (error) {
		reason = error == MOSQ_ERR_INVAL ? "a TLS file cannot be read" : mosquitto_strerror(error);
		goto fail;
	}
	mqtt_only_queue(mqtt, mqtt->may_hold);
	reason = "no thread to be had";
	mqtt->job = worker_start(worker, attempt, attempt_done, mqtt);
	if (mqtt->job)
		return mqtt;
fail:
	snprintf(text, text_size, "%s", reason);
	mqtt_free(mqtt);
	return NULL;
}
