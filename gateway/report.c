/* Figures of the gateway as JSON documents. */
#include "gateway/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "gateway/clock.h"
#include "gateway/json.h"
#include "gateway/publisher.h"

static const char *const store_words[] = {
    [STORE_OK] = "ok", [STORE_FULL] = "full", [STORE_FAILED] = "failed", [STORE_OFF] = "off"};

static char *dump(json_t *object)
{
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	return text;
}

static json_t *real_or_null(double value)
{
	/* A tenth of a unit is all these figures are worth. */
	return isfinite(value) ? json_real(round(value * 10) / 10) : json_null();
}

static json_t *age_s(int64_t since_ms)
{
	return since_ms ? json_integer((clock_steady_ms() - since_ms) / 1000) : json_null();
}

static json_t *uplink_object(const struct report *report, const struct uplink_status *status)
{
	return json_pack("{s:b, s:s, s:i, s:b, s:o, s:o, s:o, s:I, s:i, s:s}", "connected", status->connected, "broker",
			 status->broker ? status->broker : "", "protocol", status->protocol, "reason_codes",
			 status->reason_codes, "rate_bps", real_or_null(status->rate_bps), "min_rtt_ms",
			 real_or_null(status->min_rtt_ms), "rtt_ms", real_or_null(status->rtt_ms),
			 "unacknowledged_bytes", (json_int_t)status->unacknowledged_bytes, "urgent_waiting",
			 (int)status->urgent_waiting, "text", report->uplink_text ? report->uplink_text : "");
}

static json_t *class_object(const struct schedule_level *levels, const struct uplink_status *status,
			    enum message_class class)
{
	struct schedule_level level = levels[class];
	return json_pack(
	    "{s:s, s:I, s:I, s:I, s:o, s:I, s:o, s:o}", "class", message_class_name(class), "queued",
	    (json_int_t)level.entries, "queued_bytes", (json_int_t)level.bytes, "held", (json_int_t)level.held,
	    "oldest_s", age_s(level.oldest_ms), "delivered", (json_int_t)status->delivered[class], "latency_p50_ms",
	    real_or_null(status->latency_p50_ms[class]), "latency_p95_ms", real_or_null(status->latency_p95_ms[class]));
}

static json_t *classes_array(const struct report *report, const struct uplink_status *status)
{
	struct schedule_level levels[CLASS_COUNT];
	json_t *array = json_array();
	report_shown_levels(route_uplink_schedule(report->route), levels);
	for (int class = 0; class < CLASS_COUNT; class ++)
		json_array_append_new(array, class_object(levels, status, (enum message_class) class));
	return array;
}

static size_t radio_queued(const struct report *report, size_t index)
{
	size_t queued = 0;
	for (int class = 0; class < CLASS_COUNT; class ++)
		queued += route_radio_level(report->route, index, (enum message_class) class).entries;
	return queued;
}

/* What a module says of itself may be any bytes. */
json_t *report_text(const char *text)
{
	enum { CUT = 512 };
	char plain[CUT];
	size_t size = 0;
	json_t *string = strlen(text) < CUT ? json_string(text) : NULL;
	if (string)
		return string;
	for (; text[size] && size + 1 < CUT; size++)
		plain[size] = text[size] >= 0x20 && text[size] < 0x7f ? text[size] : '?';
	return json_stringn(plain, size);
}

/* NULL: nothing is known of it. */
static json_t *airtime_status(const struct report *report, size_t index)
{
	struct outgoing_airtime airtime;
	if (!outgoing_airtime(route_outgoing(report->route), index, &airtime))
		return NULL;
	return report_airtime_status(&airtime, radio_allowance(report->radios[index])->band,
				     report->settings->radios[index].listening_share_pct, clock_steady_ms(),
				     clock_wall_ms());
}

static json_t *airtime_state(const struct report *report, size_t index)
{
	struct outgoing_airtime airtime;
	if (!outgoing_airtime(route_outgoing(report->route), index, &airtime))
		return NULL;
	return report_airtime(&airtime, radio_allowance(report->radios[index])->band);
}

unsigned report_radio_step(const struct report *report, size_t index)
{
	struct outgoing_airtime airtime;
	bool known = report->radios[index] && outgoing_airtime(route_outgoing(report->route), index, &airtime);
	return known ? report_airtime_step(&airtime) : 0;
}

static json_t *radio_object(const struct report *report, size_t index)
{
	struct radio_status status = radio_status(report->radios[index]);
	json_t *last = status.last_heard_us ? json_integer((clock_mono_us() - status.last_heard_us) / 1000000)
					    : json_null();
	return json_pack(
	    "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o*}", "name",
	    status.name, "modem", status.modem, "air", status.air, "device", status.device, "resolved", status.resolved,
	    "state", radio_state_name(status.state), "fault", status.fault, "model", report_text(status.model),
	    "firmware", report_text(status.firmware), "text", report_text(status.text), "bytes_in",
	    (json_int_t)status.bytes_in, "bytes_out", (json_int_t)status.bytes_out, "datagrams",
	    (json_int_t)status.datagrams, "heard", (json_int_t)status.heard, "sent", (json_int_t)status.sent, "queued",
	    (json_int_t)radio_queued(report, index), "last_heard_s", last, "airtime", airtime_status(report, index));
}

static json_t *lines_array(const struct radio *radio)
{
	json_t *array = json_array();
	struct radio_line_status line;
	for (size_t i = 0; radio_line(radio, i, &line); i++)
		json_array_append_new(array, json_pack("{s:s, s:s, s:b, s:s, s:o}", "name", line.name, "driver",
						       line.control ? "control" : "modem", "output", line.output,
						       "wired", line.resolved, "level",
						       line.level < 0 ? json_null() : json_integer(line.level)));
	return array;
}

/* Those of the radio alone; the group's name is cut as the counters cut it. */
static json_t *radio_counters(const struct report *report, const char *radio)
{
	json_t *array = json_array();
	struct counter like;
	snprintf(like.group, sizeof(like.group), "radio.%s", radio);
	for (const struct counter *counter = counters_first(report->counters); counter; counter = counter->next)
		if (strcmp(counter->group, like.group) == 0)
			json_array_append_new(
			    array, json_pack("{s:s, s:I}", "name", counter->name, "value", (json_int_t)counter->value));
	return array;
}

char *report_radio_info(const struct report *report, size_t index)
{
	const struct radio *radio = report->radios[index];
	json_t *object = radio_object(report, index);
	struct radio_status status = radio_status(radio);
	json_t *more = json_pack("{s:s, s:s, s:s, s:b, s:o, s:o}", "control", status.control, "control_device",
				 status.control_device, "control_resolved", status.control_resolved, "ready",
				 radio_ready(radio), "lines", lines_array(radio), "counters",
				 radio_counters(report, status.name));
	if (object && more)
		json_object_update(object, more);
	json_decref(more);
	return dump(object);
}

static json_t *radios_array(const struct report *report)
{
	json_t *array = json_array();
	for (size_t i = 0; i < report->settings->radio_count; i++)
		if (report->radios[i])
			json_array_append_new(array, radio_object(report, i));
	return array;
}

static json_t *panel_line_object(const struct panel_line_status *status)
{
	const char *state = status->level < 0 ? "down" : status->level ? "on" : "off";
	return json_pack("{s:s, s:s, s:o, s:s, s:s, s:o}", "name", status->name, "direction",
			 status->output ? "out" : "in", "line", report_text(status->resolved), "state", state, "fault",
			 status->fault, "text", report_text(status->text));
}

static json_t *panel_array(const struct report *report)
{
	struct panel_line_status status;
	json_t *array = json_array();
	for (size_t i = 0; report->panel && panel_line(report->panel, i, &status); i++)
		json_array_append_new(array, panel_line_object(&status));
	return array;
}

/* What headquarters is to know of it: which lines are at fault, and which inputs are active. NULL: no panel. */
static json_t *panel_state(const struct report *report)
{
	struct panel_line_status status;
	if (!report->panel)
		return NULL;
	json_t *faults = json_array(), *active = json_array();
	for (size_t i = 0; panel_line(report->panel, i, &status); i++)
		if (status.fault[0])
			json_array_append_new(faults, json_string(status.name));
		else if (!status.output && status.level > 0)
			json_array_append_new(active, json_string(status.name));
	return json_pack("{s:o, s:o}", "faults", faults, "active", active);
}

static json_t *time_string(int64_t unix_ms)
{
	char buffer[32];
	return json_string(json_time(unix_ms, buffer));
}

static json_t *incident_object(const struct incident *incident)
{
	json_t *object = json_pack(
	    "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:o, s:o}", "id", incident->id, "station", incident->station,
	    "radio", incident->radio, "status", message_status_name(incident->status), "authenticity",
	    message_authenticity_name(incident->authenticity), "level", message_ack_level_name(incident->level),
	    "operator", incident->operator_id, "count", (json_int_t)incident->count, "first_at",
	    time_string(incident->first_ms), "last_at", time_string(incident->last_ms));
	if (object && incident->position.valid) {
		json_object_set_new(object, "lat", json_real(incident->position.lat_deg));
		json_object_set_new(object, "lon", json_real(incident->position.lon_deg));
	}
	return object;
}

static json_t *incidents_array(const struct incidents *incidents)
{
	json_t *array = json_array();
	for (size_t i = 0; i < incidents_count(incidents); i++)
		if (!incidents_at(incidents, i)->covert)
			json_array_append_new(array, incident_object(incidents_at(incidents, i)));
	return array;
}

/* Counters named drop.<reason>, without those that never happened. */
static json_t *drops_array(const struct counters *counters)
{
	json_t *array = json_array();
	for (const struct counter *counter = counters_first(counters); counter; counter = counter->next)
		if (counter->value && strncmp(counter->name, "drop.", 5) == 0)
			json_array_append_new(array, json_pack("{s:s, s:s, s:I}", "group", counter->group, "reason",
							       counter->name + 5, "count", (json_int_t)counter->value));
	return array;
}

static json_t *counters_array(const struct counters *counters)
{
	json_t *array = json_array();
	for (const struct counter *counter = counters_first(counters); counter; counter = counter->next)
		json_array_append_new(array, json_pack("{s:s, s:s, s:I}", "group", counter->group, "name",
						       counter->name, "value", (json_int_t)counter->value));
	return array;
}

static json_t *store_object(const struct report *report)
{
	struct store *store = route_store(report->route);
	return json_pack("{s:s, s:s, s:I}", "health", store_words[store_health(store)], "text",
			 route_store_text(report->route), "bytes_written", (json_int_t)store_bytes_written(store));
}

/* NULL: this gateway has no key file. */
static json_t *keys_object(const struct report *report)
{
	if (!report->keyring)
		return NULL;
	return json_pack("{s:b, s:o}", "usable", keyring_keys(report->keyring) != NULL, "text",
			 report_text(keyring_text(report->keyring)));
}

static json_int_t uptime_s(const struct report *report)
{
	return (clock_mono_us() - report->started_us) / 1000000;
}

char *report_status(const struct report *report)
{
	struct uplink_status status = uplink_status(report->uplink);
	const struct gateway_settings *gateway = &report->settings->gateway;
	return dump(json_pack("{s:s, s:s, s:s, s:I, s:s, s:o, s:o, s:o*, s:o, s:o, s:o, s:o, s:o, s:o}", "gateway",
			      gateway->name, "operation", gateway->operation, "version", CRESSET_VERSION, "uptime_s",
			      uptime_s(report), "clock", message_clock_name(publisher_clock(report->settings)),
			      "uplink", uplink_object(report, &status), "store", store_object(report), "keys",
			      keys_object(report), "classes", classes_array(report, &status), "radios",
			      radios_array(report), "panel", panel_array(report), "incidents",
			      incidents_array(route_incidents(report->route)), "drops", drops_array(report->counters),
			      "counters", counters_array(report->counters)));
}

/* config/schema/state.json */
char *report_state(const struct report *report)
{
	struct uplink_status status = uplink_status(report->uplink);
	struct store *store = route_store(report->route);
	const struct gateway_settings *gateway = &report->settings->gateway;
	return dump(json_pack(
	    "{s:s, s:s, s:s, s:I, s:o, s:s, s:s, s:I, s:s, s:i, s:b, s:s, s:o, s:o, s:I, s:o*}", "kind", "state",
	    "gateway", gateway->name, "state", "online", "session", (json_int_t)route_session(report->route), "at",
	    time_string(clock_wall_ms()), "version", CRESSET_VERSION, "operation", gateway->operation, "uptime_s",
	    uptime_s(report), "clock", message_clock_name(publisher_clock(report->settings)), "protocol",
	    status.protocol ? status.protocol : 5, "reason_codes", status.reason_codes, "store",
	    store_words[store_health(store)], "classes", classes_array(report, &status), "drops",
	    drops_array(report->counters), "open_incidents",
	    (json_int_t)incidents_count(route_incidents(report->route)), "panel", panel_state(report)));
}

/* config/schema/radio-state.json. Where a device is plugged in concerns nobody at headquarters. */
char *report_radio_state(const struct report *report, size_t index)
{
	struct radio_status status = radio_status(report->radios[index]);
	return dump(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:o, s:o, s:I, s:I, s:I, s:o*}", "kind",
			      "radio-state", "gateway", report->settings->gateway.name, "radio", status.name, "state",
			      radio_state_name(status.state), "modem", status.modem, "air", status.air, "model",
			      report_text(status.model), "firmware", report_text(status.firmware), "fault",
			      status.fault, "text", report_text(status.text), "at", time_string(clock_wall_ms()),
			      "heard", (json_int_t)status.heard, "sent", (json_int_t)status.sent, "session",
			      (json_int_t)route_session(report->route), "airtime", airtime_state(report, index)));
}
