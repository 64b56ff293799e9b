/* What a packet of a Meshtastic mesh says, in the words of the data model. */
#include "drivers/air/meshtastic_message.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "drivers/codec/utf8.h"

enum { BELL = 0x07, PRECISE = 32, EXTERNAL_POWER = 100 };

#define FIRST_SANE_MS (INT64_C(1577836800) * 1000) /* 2020-01-01: nodes without a clock start in 1970 */
#define AHEAD_MS      (INT64_C(24) * 3600 * 1000)

void meshtastic_station(uint32_t number, char text[static MESSAGE_STATION_MAX])
{
	snprintf(text, MESSAGE_STATION_MAX, "mt-%08" PRIx32, number);
}

bool meshtastic_station_parse(const char *text, uint32_t *number)
{
	*number = 0;
	if (strncmp(text, "mt-", 3) != 0 || strlen(text) != 11)
		return false;
	for (const char *at = text + 3; *at; at++) {
		const char *digits = "0123456789abcdef", *digit = strchr(digits, *at);
		if (!digit)
			return false;
		*number = *number << 4 | (uint32_t)(digit - digits);
	}
	return *number != 0;
}

/* ---- time ---- */

/* A gateway in 1970 judges nobody. */
static bool is_sane(uint32_t time_s, int64_t wall_ms)
{
	int64_t ms = time_s * INT64_C(1000);
	return ms >= FIRST_SANE_MS && (wall_ms < FIRST_SANE_MS || ms <= wall_ms + AHEAD_MS);
}

/* A time of the own node or of the sender; the later call wins. */
static void fill_time(uint32_t time_s, int64_t wall_ms, bool senders, struct message *message)
{
	if (time_s == 0)
		return;
	if (is_sane(time_s, wall_ms))
		message->sent_at_ms = time_s * INT64_C(1000);
	else
		message_add_number(message, senders ? "sender_clock_s" : "node_clock_s", time_s, 0);
}

/* ---- what all have ---- */

static void fill_heard(const mt_MeshPacket *packet, struct message_heard *heard)
{
	/* The node leaves out what is zero; without a level it did not hear the packet itself. */
	if (packet->rx_rssi != 0) {
		heard->rssi_dbm = packet->rx_rssi;
		heard->snr_db = isfinite(packet->rx_snr) ? (double)packet->rx_snr : (double)NAN;
	}
	if (packet->hop_start != 0 && packet->hop_start >= packet->hop_limit &&
	    packet->hop_start <= MESHTASTIC_HOPS_MAX)
		heard->hops = (int)(packet->hop_start - packet->hop_limit);
	if (packet->via_mqtt)
		snprintf(heard->path, sizeof(heard->path), "mqtt");
}

void meshtastic_fill(const mt_MeshPacket *packet, int64_t wall_ms, struct message *message)
{
	bool sealed = packet->pki_encrypted || packet->xeddsa_signed;
	message->authenticity = sealed ? AUTHENTICITY_VERIFIED : AUTHENTICITY_UNVERIFIED;
	meshtastic_station(packet->from, message->station);
	if (packet->to != MESHTASTIC_BROADCAST && packet->to != 0)
		meshtastic_station(packet->to, message->to);
	if (packet->id != 0)
		snprintf(message->id, sizeof(message->id), "mt-%08" PRIx32 "-%08" PRIx32, packet->from, packet->id);
	fill_heard(packet, &message->heard);
	fill_time(packet->rx_time, wall_ms, false, message);
	if (!packet->pki_encrypted && packet->channel < MESHTASTIC_CHANNELS)
		message_add_number(message, "channel", packet->channel, 0);
}

static void fill_raw(const uint8_t *bytes, size_t size, const char *error, struct message *message)
{
	message->kind = KIND_RAW;
	message->raw_size = size < sizeof(message->raw) ? size : sizeof(message->raw);
	memcpy(message->raw, bytes, message->raw_size);
	snprintf(message->parse_error, sizeof(message->parse_error), "%s", error);
}

void meshtastic_fill_encrypted(const mt_MeshPacket *packet, struct message *message)
{
	message->data_type = "encrypted";
	message->number_count = 0; /* the channel is a hash here */
	fill_raw(packet->content.encrypted.bytes, packet->content.encrypted.size, "", message);
}

/* ---- a function a port ---- */

/* Without the bell, which makes a device ring. Returns whether there was one. */
static bool fill_text(const uint8_t *bytes, size_t size, struct message *message)
{
	uint8_t kept[sizeof(((mt_Data *)0)->payload.bytes)] = {0};
	size_t used = 0;
	for (size_t i = 0; i < size && used < sizeof(kept); i++)
		if (bytes[i] != BELL)
			kept[used++] = bytes[i];
	utf8_mend(kept, used, message->text, sizeof(message->text));
	return used < size;
}

static const char *take_text(const mt_Data *data, int64_t wall_ms, struct message *message)
{
	(void)wall_ms;
	bool bell = fill_text(data->payload.bytes, data->payload.size, message);
	if (bell)
		message->data_type = "text-bell";
	message->kind = KIND_TEXT;
	/* A bell alone says something, too. */
	return message->text[0] || bell ? NULL : "meshtastic_empty";
}

/* By its port alone: the priority is the sender's node's own affair and does not go over the air. */
static const char *take_alert(const mt_Data *data, int64_t wall_ms, struct message *message)
{
	(void)wall_ms;
	fill_text(data->payload.bytes, data->payload.size, message);
	message->kind = KIND_ALERT;
	message->urgency = URGENCY_IMMEDIATE;
	message->severity = SEVERITY_SEVERE;
	return NULL;
}

static const char *take_detection(const mt_Data *data, int64_t wall_ms, struct message *message)
{
	(void)wall_ms;
	fill_text(data->payload.bytes, data->payload.size, message);
	message->kind = KIND_ALERT;
	message->urgency = URGENCY_EXPECTED;
	message->severity = SEVERITY_MODERATE;
	return NULL;
}

static const char *bad(const mt_Data *data, const char *error, struct message *message)
{
	fill_raw(data->payload.bytes, data->payload.size, error, message);
	return NULL;
}

static bool fill_place(int32_t lat_e7, int32_t lon_e7, struct message_position *position)
{
	if (lat_e7 < -900000000 || lat_e7 > 900000000 || lon_e7 < -1800000000 || lon_e7 > 1800000000)
		return false;
	position->valid = true;
	position->lat_deg = lat_e7 / 1e7;
	position->lon_deg = lon_e7 / 1e7;
	return true;
}

/* A place cut to that many bits is somewhere in a square; half its side from its middle. */
static double coarseness_m(unsigned bits)
{
	return bits > 0 && bits < PRECISE ? ldexp(1, PRECISE - 1 - (int)bits) * 1e-7 * 111319.5 : 0;
}

/* Hundredths of a degree by the book, hundred-thousandths by the firmware. */
static double course_of(uint32_t track)
{
	double course_deg = track > 36000 ? track / 1e5 : track / 1e2;
	return course_deg <= 360 ? course_deg : (double)NAN;
}

static void fill_motion(const mt_Position *heard, struct message_position *position)
{
	double accuracy_m = fmax(heard->accuracy_mm / 1e3, coarseness_m(heard->precision_bits));
	if (heard->has_altitude_m)
		position->alt_m = heard->altitude_m;
	if (heard->has_speed_kmh)
		position->speed_kmh = heard->speed_kmh;
	if (heard->has_track)
		position->course_deg = course_of(heard->track);
	if (accuracy_m > 0)
		position->accuracy_m = accuracy_m;
}

static const char *take_position(const mt_Data *data, int64_t wall_ms, struct message *message)
{
	mt_Position heard;
	if (!meshtastic_read_position(data->payload.bytes, data->payload.size, &heard))
		return bad(data, "damaged position", message);
	/* A node that asks others for theirs, or has none. */
	if (!heard.has_lat_e7 || !heard.has_lon_e7)
		return "meshtastic_no_position";
	if (!fill_place(heard.lat_e7, heard.lon_e7, &message->position))
		return bad(data, "impossible position", message);
	message->kind = KIND_POSITION;
	fill_motion(&heard, &message->position);
	fill_time(heard.time_s, wall_ms, true, message);
	return NULL;
}

static const char *take_waypoint(const mt_Data *data, int64_t wall_ms, struct message *message)
{
	mt_Waypoint heard;
	if (!meshtastic_read_waypoint(data->payload.bytes, data->payload.size, &heard))
		return bad(data, "damaged waypoint", message);
	if (heard.has_lat_e7 && heard.has_lon_e7 && !fill_place(heard.lat_e7, heard.lon_e7, &message->position))
		return bad(data, "impossible position", message);
	message->kind = KIND_POSITION;
	utf8_mend(heard.name.bytes, heard.name.size, message->aprs.name, sizeof(message->aprs.name));
	utf8_mend(heard.description.bytes, heard.description.size, message->text, sizeof(message->text));
	message_add_number(message, "waypoint", heard.id, 0);
	/* Taken back by an end in the past. */
	message->aprs.has_alive = heard.expires_s != 0 && (wall_ms > 0 || heard.expires_s == 1);
	message->aprs.alive = heard.expires_s * INT64_C(1000) > wall_ms && heard.expires_s != 1;
	return NULL;
}

/* Its long name is left out: it is often a person's. */
static const char *take_user(const mt_Data *data, int64_t wall_ms, struct message *message)
{
	(void)wall_ms;
	mt_User user;
	if (!meshtastic_read_user(data->payload.bytes, data->payload.size, &user))
		return bad(data, "damaged node info", message);
	message->kind = KIND_TELEMETRY;
	message_add_number(message, "hardware", user.hardware, 0);
	message_add_number(message, "role", user.role, 0);
	return NULL;
}

static void add(struct message *message, bool given, const char *name, double value, uint8_t decimals)
{
	if (given && isfinite(value))
		message_add_number(message, name, value, decimals);
}

static void fill_device(const mt_Device *device, struct message *message)
{
	bool external = device->battery > EXTERNAL_POWER;
	add(message, device->has_battery && !external, "battery_percent", device->battery, 0);
	add(message, device->has_battery, "external_power", external, 0);
	add(message, device->has_voltage, "voltage_v", (double)device->voltage, 3);
	add(message, device->has_channel_utilization, "channel_utilization_percent",
	    (double)device->channel_utilization, 2);
	add(message, device->has_airtime, "airtime_percent", (double)device->airtime, 2);
	add(message, device->has_uptime_s, "uptime_s", device->uptime_s, 0);
}

static void fill_environment(const mt_Environment *heard, struct message *message)
{
	add(message, heard->has_temperature, "temperature_c", (double)heard->temperature, 1);
	add(message, heard->has_humidity, "humidity_percent", (double)heard->humidity, 1);
	add(message, heard->has_pressure, "pressure_hpa", (double)heard->pressure, 1);
	add(message, heard->has_gas_resistance, "gas_resistance_mohm", (double)heard->gas_resistance, 3);
	add(message, heard->has_voltage, "voltage_v", (double)heard->voltage, 3);
	add(message, heard->has_current, "current_ma", (double)heard->current, 1);
	add(message, heard->has_air_quality, "air_quality_index", heard->air_quality, 0);
	add(message, heard->has_light, "light_lux", (double)heard->light, 1);
	add(message, heard->has_wind_direction, "wind_direction_deg", heard->wind_direction, 0);
	add(message, heard->has_wind_speed, "wind_speed_m_s", (double)heard->wind_speed, 1);
	add(message, heard->has_wind_gust, "wind_gust_m_s", (double)heard->wind_gust, 1);
	add(message, heard->has_rain_1h, "rain_1h_mm", (double)heard->rain_1h, 1);
	add(message, heard->has_rain_24h, "rain_24h_mm", (double)heard->rain_24h, 1);
}

static void fill_local(const mt_LocalStats *heard, struct message *message)
{
	add(message, true, "uptime_s", heard->uptime_s, 0);
	add(message, true, "channel_utilization_percent", (double)heard->channel_utilization, 2);
	add(message, true, "airtime_percent", (double)heard->airtime, 2);
	add(message, true, "packets_sent", heard->sent, 0);
	add(message, true, "packets_received", heard->received, 0);
	add(message, true, "packets_bad", heard->received_bad, 0);
	add(message, true, "nodes_online", heard->nodes_online, 0);
	add(message, true, "nodes", heard->nodes, 0);
}

static const char *take_telemetry(const mt_Data *data, int64_t wall_ms, struct message *message)
{
	mt_Telemetry heard;
	if (!meshtastic_read_telemetry(data->payload.bytes, data->payload.size, &heard))
		return bad(data, "damaged telemetry", message);
	message->kind = KIND_TELEMETRY;
	if (heard.which_content == mt_Telemetry_device_tag)
		fill_device(&heard.content.device, message);
	else if (heard.which_content == mt_Telemetry_environment_tag)
		fill_environment(&heard.content.environment, message);
	else if (heard.which_content == mt_Telemetry_local_tag)
		fill_local(&heard.content.local, message);
	else
		return bad(data, "", message);
	fill_time(heard.time_s, wall_ms, true, message);
	return NULL;
}

/* The addressee of this one sent what is acknowledged. */
static const char *take_routing(const mt_Data *data, int64_t wall_ms, struct message *message)
{
	(void)wall_ms;
	int error = meshtastic_read_routing(data->payload.bytes, data->payload.size);
	if (error < 0)
		return bad(data, "damaged routing message", message);
	if (data->request_id == 0 || !message->to[0])
		return bad(data, "", message); /* a search for a way */
	message->kind = KIND_ACK;
	message->ack.rejected = error != MESHTASTIC_OK;
	snprintf(message->ack.ref, sizeof(message->ack.ref), "%s-%08" PRIx32, message->to, data->request_id);
	if (error != MESHTASTIC_OK)
		snprintf(message->aprs.condition, sizeof(message->aprs.condition), "%s", meshtastic_error_name(error));
	return NULL;
}

const char *meshtastic_fill_data(const mt_Data *data, int64_t wall_ms, struct message *message)
{
	static const struct {
		unsigned port;
		const char *(*take)(const mt_Data *data, int64_t wall_ms, struct message *message);
	} takers[] = {
	    {MESHTASTIC_TEXT_PORT, take_text},         {MESHTASTIC_POSITION_PORT, take_position},
	    {MESHTASTIC_NODE_INFO_PORT, take_user},    {MESHTASTIC_ROUTING_PORT, take_routing},
	    {MESHTASTIC_WAYPOINT_PORT, take_waypoint}, {MESHTASTIC_DETECTION_PORT, take_detection},
	    {MESHTASTIC_ALERT_PORT, take_alert},       {MESHTASTIC_TELEMETRY_PORT, take_telemetry},
	};
	message->data_type = meshtastic_port_name(data->port);
	for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); i++)
		if (takers[i].port == data->port)
			return takers[i].take(data, wall_ms, message);
	message_add_number(message, "port", data->port, 0);
	fill_raw(data->payload.bytes, data->payload.size, "", message);
	return NULL;
}
