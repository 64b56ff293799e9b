/* The connections of the uplink: opened, watched and opened again; birth and will. Which broker is next is for uplink_brokers, what is
 * sent when for the sender. */
#include "gateway/uplink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <mosquitto.h>

#include "gateway/log.h"
#include "gateway/mqtt.h"
#include "gateway/priorities.h"
#include "gateway/sender.h"
#include "gateway/uplink_brokers.h"
#include "gateway/uplink_topics.h"

#define MS_PER_S          1000
#define US_PER_MS         INT64_C(1000)
#define ATTEMPT_GRACE_MS  1000 /* beyond the connect timeout, for a thread that hangs in a look-up */
#define SILENCE_PART      4    /* of the connect timeout: how often silence is looked for */
#define TIMER_ACCURACY_US 100000
#define TEXT_MAX          256
#define STATE_MAX         160
#define SECOND_RETRY_MS   30000
#define DSCP_EXPEDITED    46 /* EF, RFC 3246 */
#define DSCP_BULK         10 /* AF11, RFC 2597 */

enum phase { PHASE_WAITING, PHASE_OPENING, PHASE_CONNECTED };

/* One of the connections: the context of its callbacks. */
struct end {
	struct uplink *uplink;
	enum sender_lane which;
	struct mqtt *opening;
	bool up;
};

struct uplink {
	const struct uplink_settings *settings;
	struct uplink_callbacks callbacks;
	sd_event *event;
	struct worker *worker;
	struct sender *sender;
	struct end ends[SENDER_LANES];
	enum phase phase;
	struct uplink_brokers *brokers;
	int protocol; /* of the present or last connection, 0 = never connected */
	sd_event_source *timer, *silence, *second;
	struct uplink_topics *topics;
	uplink_command_fn *command; /* NULL: nobody takes any */
	void *command_context;
	struct counter *count_connected, *count_failed, *count_lost, *count_commands_refused;
};

/* Between half of it and all of it, so that gateways that lost a broker together do not come back together. */
static int64_t with_jitter(int64_t ms)
{
	uint32_t random = 0;
	(void)!getrandom(&random, sizeof(random), GRND_NONBLOCK);
	return ms / 2 + ms / 2 * (int64_t)(random & 0xffff) / 0xffff;
}

static void arm(sd_event_source *source, int64_t after_ms)
{
	sd_event_source_set_time_relative(source, (uint64_t)(after_ms * US_PER_MS));
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* --- birth, will and other retained state --- */

static void state_document(const struct uplink *uplink, const char *state, int protocol, char text[static STATE_MAX])
{
	snprintf(text, STATE_MAX,
		 "{\"kind\":\"state\",\"gateway\":\"%s\",\"state\":\"%s\",\"session\":%llu,\"protocol\":%d,"
		 "\"reason_codes\":%s}",
		 uplink->settings->gateway, state, (unsigned long long)uplink->settings->session, protocol == 5 ? 5 : 4,
		 protocol == 5 ? "true" : "false");
}

static void publish_state(struct uplink *uplink, const char *state)
{
	char text[STATE_MAX];
	state_document(uplink, state, uplink->protocol, text);
	sender_retain(uplink->sender, uplink->settings->state_topic, text);
}

static void publish_retained(struct uplink *uplink)
{
	publish_state(uplink, "online");
	uplink_topics_say_again(uplink->topics);
}

/* --- ending --- */

/* Not left to the will alone: whoever says goodbye takes that along, and of several connections one may be lost and the others not. */
static void close_ends(struct uplink *uplink)
{
	publish_state(uplink, "offline");
	for (int i = 0; i < SENDER_LANES; i++) {
		mqtt_close(uplink->ends[i].opening);
		uplink->ends[i].opening = NULL;
		uplink->ends[i].up = false;
	}
	sender_detach_all(uplink->sender);
	sd_event_source_set_enabled(uplink->silence, SD_EVENT_OFF);
	sd_event_source_set_enabled(uplink->second, SD_EVENT_OFF);
}

static void wait_for(struct uplink *uplink, int64_t ms)
{
	uplink->phase = PHASE_WAITING;
	arm(uplink->timer, with_jitter(ms));
}

static void attempt_failed(struct uplink *uplink, enum mqtt_failure failure, const char *text)
{
	char said[TEXT_MAX];
	snprintf(said, sizeof(said), "%s", text);
	close_ends(uplink);
	uplink->count_failed->value++;
	wait_for(uplink, uplink_brokers_failed(uplink->brokers, failure, said));
}

/* leave: this broker takes connections but not messages. */
static void connection_lost(struct uplink *uplink, const char *text, bool leave)
{
	char said[2 * TEXT_MAX + 32];
	snprintf(said, sizeof(said), "connection to %s lost: %s", uplink_brokers_name(uplink->brokers), text);
	close_ends(uplink);
	uplink->count_lost->value++;
	log_warning("uplink: %s", said);
	wait_for(uplink, uplink_brokers_lost(uplink->brokers, leave));
	uplink->callbacks.state(uplink->callbacks.context, false, said);
}

/* The second urgent connection is only a help: without it alerts go over the first alone. */
static void second_lost(struct uplink *uplink)
{
	struct end *end = &uplink->ends[SENDER_SECOND];
	mqtt_close(end->opening);
	end->opening = NULL;
	end->up = false;
	sender_detach(uplink->sender, SENDER_SECOND);
	arm(uplink->second, with_jitter(SECOND_RETRY_MS));
}

static void end_lost(struct uplink *uplink, enum sender_lane which, const char *text)
{
	if (which == SENDER_SECOND)
		second_lost(uplink);
	else if (uplink->phase == PHASE_CONNECTED)
		connection_lost(uplink, text, false);
	else
		attempt_failed(uplink, MQTT_UNREACHABLE, text);
}

/* --- callbacks of the connections and the sender --- */

static void on_answered(void *context, uint16_t mid, int code)
{
	struct end *end = context;
	sender_answered(end->uplink->sender, end->which, mid, code);
}

/* ---- commands ---- */

static void ask_for_commands(struct uplink *uplink)
{
	char filter[2 * TEXT_MAX];
	if (!uplink->command)
		return;
	snprintf(filter, sizeof(filter), "%s%s/#", uplink->settings->topic_prefix, uplink->settings->down_topic);
	sender_subscribe(uplink->sender, SENDER_URGENT, filter, MQTT_WHAT_COMES_MARKED);
}

/* What follows a prefix, or NULL. */
static const char *behind(const char *text, const char *prefix)
{
	size_t size = strlen(prefix);
	return text && strncmp(text, prefix, size) == 0 ? text + size : NULL;
}

/* A kept session may have subscriptions of another time. False: it is no command. */
static bool take_command(struct uplink *uplink, const struct mqtt_arrival *arrival, bool *holds)
{
	const char *topic = behind(arrival->topic, uplink->settings->topic_prefix);
	if (!uplink->command || !(topic = behind(topic, uplink->settings->down_topic)) || *topic != '/')
		return false;
	struct uplink_command command = {.topic = topic + 1,
					 .payload = arrival->payload,
					 .size = arrival->size,
					 .retained = arrival->retained,
					 .expiry_s = arrival->expiry_s};
	*holds = uplink->command(uplink->command_context, &command);
	return true;
}

static bool on_received(void *context, const struct mqtt_arrival *arrival)
{
	const struct end *end = context;
	bool urgent = end->which == SENDER_URGENT, holds = false;
	if ((urgent && take_command(end->uplink, arrival, &holds)) || (!urgent && arrival->retained))
		return holds;
	uplink_topics_received(end->uplink->topics, urgent, arrival->topic, arrival->payload, arrival->size);
	return false;
}

static void on_refused(void *context)
{
	const struct end *end = context;
	struct uplink *uplink = end->uplink;
	if (end->which == SENDER_URGENT && uplink->count_commands_refused->value++ == 0)
		log_error("uplink: %s does not grant the subscription to %s%s/#, so no command can come; check its "
			  "access list",
			  uplink_brokers_name(uplink->brokers), uplink->settings->topic_prefix,
			  uplink->settings->down_topic);
}

static void on_served(void *context)
{
	struct end *end = context;
	sender_served(end->uplink->sender, end->which);
}

static void on_lost(void *context, const char *text)
{
	struct end *end = context;
	end_lost(end->uplink, end->which, text);
}

static void on_broken(void *context, enum sender_lane which)
{
	end_lost(context, which, "connection reset");
}

static void on_done(void *context, struct entry *entry, enum uplink_result result, int code)
{
	struct uplink *uplink = context;
	uplink->callbacks.done(uplink->callbacks.context, entry, result, code);
}

static void both_up(struct uplink *uplink)
{
	char text[TEXT_MAX + 64];
	sd_event_source_set_enabled(uplink->timer, SD_EVENT_OFF);
	uplink->phase = PHASE_CONNECTED;
	uplink->count_connected->value++;
	uplink_brokers_connected(uplink->brokers);
	arm(uplink->second, 0);
	arm(uplink->silence, uplink->settings->connect_timeout_ms / SILENCE_PART);
	snprintf(text, sizeof(text), "connected to %s with MQTT %s", uplink_brokers_name(uplink->brokers),
		 uplink->protocol == 5 ? "5" : "3.1.1");
	log_notice("uplink: %s", text);
	uplink->callbacks.state(uplink->callbacks.context, true, text);
}

static void on_opened(void *context, enum mqtt_failure failure, const char *text)
{
	struct end *end = context;
	struct uplink *uplink = end->uplink;
	if (failure != MQTT_OK) {
		if (end->which == SENDER_SECOND)
			second_lost(uplink);
		else
			attempt_failed(uplink, failure, text);
		return;
	}
	struct mqtt *mqtt = end->opening;
	end->opening = NULL;
	end->up = true;
	if (sender_attach(uplink->sender, end->which, mqtt) < 0) {
		end_lost(uplink, end->which, "out of memory");
		return;
	}
	if (end->which == SENDER_URGENT) {
		publish_retained(uplink);
		ask_for_commands(uplink);
	}
	if (end->which == SENDER_BULK)
		uplink_topics_ask_again(uplink->topics);
	if (uplink->phase == PHASE_OPENING && uplink->ends[SENDER_URGENT].up && uplink->ends[SENDER_BULK].up)
		both_up(uplink);
}

/* --- attempts --- */

static struct mqtt *open_end(struct uplink *uplink, struct end *end, char text[static TEXT_MAX])
{
	static const struct mqtt_callbacks callbacks = {.opened = on_opened,
							.answered = on_answered,
							.received = on_received,
							.refused = on_refused,
							.served = on_served,
							.lost = on_lost};
	const struct uplink_settings *settings = uplink->settings;
	const struct uplink_broker *broker = uplink_brokers_now(uplink->brokers);
	bool urgent = end->which == SENDER_URGENT, bulk = end->which == SENDER_BULK;
	char client_id[TEXT_MAX], will_topic[2 * TEXT_MAX], will[STATE_MAX];
	struct mqtt_callbacks own = callbacks;
	own.context = end;
	snprintf(client_id, sizeof(client_id), "%s-%c", settings->client_id, urgent ? 'u' : bulk ? 'b' : 'v');
	snprintf(will_topic, sizeof(will_topic), "%s%s", settings->topic_prefix, settings->state_topic);
	state_document(uplink, "offline", uplink->protocol, will);
	struct mqtt_settings open = {.host = broker->host,
				     .port = broker->port,
				     .tls = broker->tls,
				     .ca_file = broker->ca_file,
				     .certificate_file = broker->certificate_file,
				     .key_file = broker->key_file,
				     .username = broker->username,
				     .password = broker->password,
				     .client_id = client_id,
				     .protocol = uplink->protocol,
				     .clean = !urgent,
				     .session_expiry_s = urgent ? (uint32_t)(settings->session_expiry_ms / MS_PER_S)
								: 0,
				     .keepalive_s = (int)(settings->keepalive_ms / MS_PER_S),
				     .connect_timeout_ms = settings->connect_timeout_ms,
				     .will_topic = urgent ? will_topic : NULL,
				     .will_payload = will,
				     .dscp = bulk ? DSCP_BULK : DSCP_EXPEDITED,
				     .event_priority = bulk ? PRIORITY_BULK : PRIORITY_URGENT,
				     .may_hold = urgent};
	return mqtt_open(&open, &own, uplink->event, uplink->worker, text, TEXT_MAX);
}

static void start_attempt(struct uplink *uplink)
{
	char text[TEXT_MAX];
	uplink->protocol = uplink_brokers_begin(uplink->brokers);
	uplink->phase = PHASE_OPENING;
	arm(uplink->timer, uplink->settings->connect_timeout_ms + ATTEMPT_GRACE_MS);
	for (int i = 0; i < SENDER_SECOND; i++) {
		uplink->ends[i].opening = open_end(uplink, &uplink->ends[i], text);
		if (uplink->ends[i].opening)
			continue;
		attempt_failed(uplink, MQTT_UNREACHABLE, text);
		return;
	}
}

static int on_timer(sd_event_source *source, uint64_t due_us, void *context)
{
	struct uplink *uplink = context;
	(void)source;
	(void)due_us;
	if (uplink->phase == PHASE_OPENING)
		attempt_failed(uplink, MQTT_MUTE, "no answer within the connect timeout");
	else if (uplink->phase == PHASE_WAITING)
		start_attempt(uplink);
	return 0;
}

static int on_second(sd_event_source *source, uint64_t due_us, void *context)
{
	struct uplink *uplink = context;
	struct end *end = &uplink->ends[SENDER_SECOND];
	char text[TEXT_MAX];
	(void)source;
	(void)due_us;
	end->opening = open_end(uplink, end, text);
	if (!end->opening)
		arm(uplink->second, with_jitter(SECOND_RETRY_MS));
	return 0;
}

/* A broker that answers every ping but no message would hold an alert for ever. */
static int on_silence(sd_event_source *source, uint64_t due_us, void *context)
{
	struct uplink *uplink = context;
	(void)source;
	(void)due_us;
	if (sender_silence_us(uplink->sender) >= uplink->settings->connect_timeout_ms * US_PER_MS)
		connection_lost(uplink, "it does not answer messages", true);
	else
		arm(uplink->silence, uplink->settings->connect_timeout_ms / SILENCE_PART);
	return 0;
}

static void on_better(void *context)
{
	struct uplink *uplink = context;
	close_ends(uplink);
	uplink->callbacks.state(uplink->callbacks.context, false, "changing back to a better broker");
	start_attempt(uplink);
}

/* --- the object --- */

static int add_timer(struct uplink *uplink, sd_event_source **source, sd_event_time_handler_t due, int64_t priority)
{
	int error = sd_event_add_time_relative(uplink->event, source, CLOCK_MONOTONIC, 0, TIMER_ACCURACY_US, due,
					       uplink);
	if (error < 0)
		return error;
	sd_event_source_set_enabled(*source, SD_EVENT_OFF);
	return sd_event_source_set_priority(*source, priority);
}

static bool add_timers(struct uplink *uplink)
{
	if (add_timer(uplink, &uplink->timer, on_timer, PRIORITY_TIMER) < 0 ||
	    add_timer(uplink, &uplink->silence, on_silence, PRIORITY_HOUSEKEEPING) < 0 ||
	    add_timer(uplink, &uplink->second, on_second, PRIORITY_HOUSEKEEPING) < 0)
		return false;
	/* Without a broker the gateway only keeps, or answers the tool. */
	if (uplink->settings->broker_count > 0)
		arm(uplink->timer, 0);
	return true;
}

static void find_counters(struct uplink *uplink, struct counters *counters)
{
	uplink->count_connected = counters_get(counters, "uplink", "connected");
	uplink->count_failed = counters_get(counters, "uplink", "connect_failed");
	uplink->count_lost = counters_get(counters, "uplink", "connection_lost");
	uplink->count_commands_refused = counters_get(counters, "uplink", "commands_refused");
}

struct uplink *uplink_new(const struct uplink_settings *settings, struct schedule *schedule,
			  const struct uplink_callbacks *callbacks, sd_event *event, struct worker *worker,
			  struct counters *counters)
{
	struct uplink *uplink = calloc(1, sizeof(*uplink));
	if (!uplink)
		return NULL;
	*uplink = (struct uplink){
	    .settings = settings, .callbacks = *callbacks, .event = sd_event_ref(event), .worker = worker};
	for (int i = 0; i < SENDER_LANES; i++)
		uplink->ends[i] = (struct end){.uplink = uplink, .which = (enum sender_lane)i};
	find_counters(uplink, counters);
	mosquitto_lib_init();
	struct sender_callbacks own = {.context = uplink, .done = on_done, .broken = on_broken};
	uplink->sender = sender_new(settings, schedule, &own, event, counters);
	uplink->brokers = uplink_brokers_new(settings, on_better, uplink, event, worker);
	if (uplink->sender)
		uplink->topics = uplink_topics_new(uplink->sender);
	if (uplink->brokers && uplink->topics && add_timers(uplink))
		return uplink;
	uplink_free(uplink);
	return NULL;
}

void uplink_free(struct uplink *uplink)
{
	if (!uplink)
		return;
	if (uplink->sender) {
		close_ends(uplink);
		sender_free(uplink->sender);
	}
	sd_event_source_disable_unref(uplink->timer);
	sd_event_source_disable_unref(uplink->silence);
	sd_event_source_disable_unref(uplink->second);
	uplink_topics_free(uplink->topics);
	uplink_brokers_free(uplink->brokers);
	/* No mosquitto_lib_cleanup: an abandoned attempt may still be in its thread. */
	sd_event_unref(uplink->event);
	free(uplink);
}

void uplink_wake(struct uplink *uplink)
{
	sender_wake(uplink->sender);
}

void uplink_retain(struct uplink *uplink, const char *topic, const char *json)
{
	uplink_topics_retain(uplink->topics, topic, json);
}

int uplink_subscribe(struct uplink *uplink, const char *filter, uplink_received_fn *received, void *context)
{
	return uplink_topics_subscribe(uplink->topics, filter, false, received, context);
}

int uplink_watch(struct uplink *uplink, const char *filter, uplink_received_fn *received, void *context)
{
	return uplink_topics_subscribe(uplink->topics, filter, true, received, context);
}

void uplink_take_commands(struct uplink *uplink, uplink_command_fn *command, void *context)
{
	uplink->command = command;
	uplink->command_context = context;
	ask_for_commands(uplink);
}

void uplink_commands_kept(struct uplink *uplink)
{
	/* One that is being opened is its thread's alone, and holds nothing yet. */
	sender_release(uplink->sender, SENDER_URGENT);
}

struct uplink_status uplink_status(const struct uplink *uplink)
{
	struct uplink_status status = {.connected = uplink->phase == PHASE_CONNECTED,
				       .broker = uplink_brokers_name(uplink->brokers),
				       .protocol = uplink->protocol,
				       .reason_codes = uplink->protocol == 5};
	sender_status(uplink->sender, &status);
	return status;
}
