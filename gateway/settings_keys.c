/* The tables of the settings file. A default that depends on other settings is "" here and said in the help. */
#include "gateway/settings_keys.h"

#include "drivers/message.h"
#include "gateway/mesh_face.h"
#include "gateway/region.h"

/* Limits of durations in milliseconds, of texts in bytes. */
enum {
	SECOND = 1000,
	MINUTE = 60 * SECOND,
	HOUR = 60 * MINUTE,
	DAY = 24 * HOUR,
	FILE_NAME = 1024,
	SOCKET_NAME = 107,
	LINE_TEXT = 255
};
#define TOKEN_MAX   (MESSAGE_NAME_MAX - 1)
#define STATION_MAX (MESSAGE_STATION_MAX - 1)

static const char *const clocks[] = {"auto", "unknown", "gps", "ntp", "rtc", NULL};
static const char *const log_levels[] = {"error", "warning", "notice", "info", "debug", NULL};
static const char *const store_modes[] = {"disk", "memory", NULL};
static const char *const languages[] = {"en", "fr", "both", NULL}; /* as enum words_language */
static const char *const never[] = {"never", NULL};
static const char *const kinds[] = {"keep", "distress", "alert", NULL};
static const char *const urgencies[] = {"unknown", "immediate", "expected", "future", "past", NULL};
static const char *const severities[] = {"unknown", "extreme", "severe", "moderate", "minor", NULL};
static const char *const classes[] = {"by_kind", "distress", "urgent", "safety", "routine", "bulk", NULL};
static const char *const framings[] = {"8n1", "8n2", "8e1", "8o1", "7n1", "7n2", "7e1", "7o1", NULL};
static const char *const lines[] = {"leave", "on", "off", NULL};

const struct config_key gateway_keys[GATEWAY_KEYS] = {
    [GATEWAY_NAME] = {"name", CONFIG_TOKEN, 1, TOKEN_MAX, NULL, NULL,
		      "a name of this gateway for the topics, e.g. base1."},
    [GATEWAY_OPERATION] = {"operation", CONFIG_TOKEN, 1, TOKEN_MAX, NULL, NULL,
			   "the short code of the operation for the topics, e.g. demo."},
    [GATEWAY_CLOCK] = {"clock", CONFIG_CHOICE, 0, 0, "auto", clocks, "where the time of this machine comes from."},
    [GATEWAY_STATE_DIR] = {"state_dir", CONFIG_TEXT, 1, FILE_NAME, "/var/lib/cresset", NULL,
			   "directory for what must survive a restart."},
    [GATEWAY_SOCKET] = {"socket", CONFIG_TEXT, 1, SOCKET_NAME, "/run/cresset/cresset.sock", NULL,
			"socket of the tool `cresset`."},
    [GATEWAY_LOG_LEVEL] = {"log_level", CONFIG_CHOICE, 0, 0, "info", log_levels,
			   "the least important lines to be logged."},
};

const struct config_key uplink_keys[UPLINK_KEYS] = {
    [UPLINK_CLIENT_ID] = {"client_id", CONFIG_TOKEN, 1, 64, "", NULL,
			  "name towards the broker, which sees it with -u and -b behind; default cresset-<name>."},
    [UPLINK_KEEPALIVE] = {"keepalive", CONFIG_DURATION, 5 * SECOND, 18 * HOUR, "60 s", NULL,
			  "silence after which the broker is asked whether it is still there."},
    [UPLINK_CONNECT_TIMEOUT] =
	{"connect_timeout", CONFIG_DURATION, SECOND, 10 * MINUTE, "30 s", NULL,
	 "name resolution, connection and TLS together; and longest silence of a broker that owes an answer."},
    [UPLINK_SESSION_EXPIRY] = {"session_expiry", CONFIG_DURATION, 0, 30.0 * DAY, "24 h", NULL,
			       "how long the broker keeps commands for a gateway that is away."},
    [UPLINK_BACK_TO_BETTER] = {"back_to_better", CONFIG_DURATION, 10 * SECOND, DAY, "10 min", NULL,
			       "how long a better broker must have been reachable before it is used again."},
    [UPLINK_BULK_RATE_MAX] = {"bulk_rate_max", CONFIG_RATE, 0, 1e9, "0", NULL,
			      "most that everything but alerts may use; 0 = find the rate by itself."},
};

const struct config_key broker_keys[BROKER_KEYS] = {
    [BROKER_HOST] = {"host", CONFIG_TEXT, 1, 253, NULL, NULL, "name or address of the broker, e.g. hq.example.org."},
    [BROKER_PORT] = {"port", CONFIG_INTEGER, 1, 65535, "1883", NULL, "8883 if it is not given and tls is true."},
    [BROKER_TLS] = {"tls", CONFIG_FLAG, 0, 0, "false", NULL, "encrypt, and check who the broker is."},
    [BROKER_CA_FILE] = {"ca_file", CONFIG_TEXT, 1, FILE_NAME, "", NULL,
			"certificate of who signed the broker's; without it the system's list."},
    [BROKER_CERTIFICATE_FILE] = {"certificate_file", CONFIG_TEXT, 1, FILE_NAME, "", NULL,
				 "certificate of this gateway."},
    [BROKER_KEY_FILE] = {"key_file", CONFIG_TEXT, 1, FILE_NAME, "", NULL, "private key to certificate_file."},
    [BROKER_USERNAME] = {"username", CONFIG_TEXT, 1, 128, "", NULL, "user at the broker."},
    [BROKER_PASSWORD_FILE] = {"password_file", CONFIG_TEXT, 1, FILE_NAME, "", NULL,
			      "file with the user's password, which not everybody may read."},
};

const struct config_key store_keys[STORE_KEYS] = {
    [STORE_MODE] = {"mode", CONFIG_CHOICE, 0, 0, "disk", store_modes,
		    "memory: nothing waiting survives a restart; for read-only systems."},
    [STORE_PATH] = {"path", CONFIG_TEXT, 1, FILE_NAME, "", NULL, "file of the store; default cresset.db in state_dir."},
    [STORE_COMMIT_INTERVAL] = {"commit_interval", CONFIG_DURATION, 0, MINUTE, "1 s", NULL,
			       "how long ordinary messages are gathered for one write."},
};

const struct config_key bound_keys[5] = {
    [CLASS_DISTRESS] = {"distress", CONFIG_SIZE, 65536, 1e9, "8 MB", NULL,
			"near it, repeats are counted in their incident instead of being queued."},
    [CLASS_URGENT] = {"urgent", CONFIG_SIZE, 65536, 1e9, "8 MB", NULL, "over it, further alerts go as safety, marked."},
    [CLASS_SAFETY] = {"safety", CONFIG_SIZE, 65536, 1e9, "16 MB", NULL, "the oldest are dropped and counted."},
    [CLASS_ROUTINE] = {"routine", CONFIG_SIZE, 65536, 1e9, "16 MB", NULL, "the oldest are dropped and counted."},
    [CLASS_BULK] = {"bulk", CONFIG_SIZE, 65536, 1e9, "8 MB", NULL, "the newest of each station is kept."},
};

const struct config_key expiry_keys[5] = {
    [CLASS_DISTRESS] = {"distress", CONFIG_DURATION, SECOND, 365.0 * DAY, "never", never, "only a person closes it."},
    [CLASS_URGENT] = {"urgent", CONFIG_DURATION, SECOND, 365.0 * DAY, "24 h", never, "or the alert's own end."},
    [CLASS_SAFETY] = {"safety", CONFIG_DURATION, SECOND, 365.0 * DAY, "6 h", never, "after this it is dropped."},
    [CLASS_ROUTINE] = {"routine", CONFIG_DURATION, SECOND, 365.0 * DAY, "24 h", never, "after this it is dropped."},
    [CLASS_BULK] = {"bulk", CONFIG_DURATION, SECOND, 365.0 * DAY, "1 h", never, "after this it is dropped."},
};

const struct config_key weight_keys[3] = {
    {"safety", CONFIG_INTEGER, 1, 100, "6", NULL, "share of the link beside the other two."},
    {"routine", CONFIG_INTEGER, 1, 100, "3", NULL, "share of the link beside the other two."},
    {"bulk", CONFIG_INTEGER, 1, 100, "1", NULL, "share of the link beside the other two."},
};

const struct config_key class_keys[1] = {
    {"urgent_per_minute", CONFIG_INTEGER, 1, 60, "3", NULL,
     "alerts of one station that are URGENT; more become SAFETY."},
};

const struct config_key dedupe_keys[1] = {
    {"window", CONFIG_DURATION, 30 * SECOND, HOUR, "30 s", NULL,
     "time in which a transmission heard again is a double."},
};

const struct config_key field_keys[FIELD_KEYS] = {
    [FIELD_KEY_FILE] = {"keys", CONFIG_TEXT, 1, FILE_NAME, "", NULL,
			"file with the keys of the stations, made by `cresset key`."},
    [FIELD_LANGUAGE] = {"language", CONFIG_CHOICE, 0, 0, "en", languages,
			"of the texts that tell stations how far their messages have come."},
};

const struct config_key word_keys[1] = {
    {"keywords", CONFIG_TEXTS, 1, 32,
     "SOS, MAYDAY, PAN PAN, PAN-PAN, EMERGENCY, ALERTE, URGENCE, AU SECOURS, SOCORRO, EMERGENCIA, DHARURA", NULL,
     "words at the start of a text that make it an alert."},
};

const struct config_key rule_keys[RULE_KEYS] = {
    [RULE_RADIO] = {"radio", CONFIG_TEXT, 0, TOKEN_MAX, "", NULL, "only what this radio heard."},
    [RULE_LINE] = {"line", CONFIG_TEXT, 0, TOKEN_MAX, "", NULL, "only this contact of the panel."},
    [RULE_DATA_TYPE] = {"data_type", CONFIG_TEXT, 0, TOKEN_MAX, "", NULL, "only this type of the air protocol."},
    [RULE_KEYWORD] = {"keyword", CONFIG_TEXT, 0, TOKEN_MAX, "", NULL, "only texts that begin with this."},
    [RULE_KIND] = {"kind", CONFIG_CHOICE, 0, 0, "keep", kinds, "what the message becomes."},
    [RULE_URGENCY] = {"urgency", CONFIG_CHOICE, 0, 0, "immediate", urgencies, "of an alert."},
    [RULE_SEVERITY] = {"severity", CONFIG_CHOICE, 0, 0, "severe", severities, "of an alert."},
    [RULE_CLASS] = {"class", CONFIG_CHOICE, 0, 0, "by_kind", classes, "for messages that stay what they are."},
};

const struct config_key station_keys[STATION_KEYS] = {
    [STATION_STATION] = {"station", CONFIG_TOKEN, 1, STATION_MAX, NULL, NULL, "a station, e.g. N0CALL-7."},
    [STATION_ORGANISATION] = {"organisation", CONFIG_TOKEN, 1, TOKEN_MAX, NULL, NULL,
			      "the organisation it belongs to, as in topics."},
};

const struct config_key mesh_face_keys[MESH_FACE_KEYS] = {
    [MESH_FACE_ENABLED] = {"enabled", CONFIG_FLAG, 0, 0, "false", NULL, "true: use Meshtastic's own topics, too."},
    [MESH_FACE_ROOT] = {"root", CONFIG_TEXT, 1, MESH_ROOT_MAX, "", NULL,
			"what these topics begin with, e.g. msh/EU_868, as the maps and tools expect it."},
    [MESH_FACE_RECEIVE] = {"receive", CONFIG_FLAG, 0, 0, "true", NULL, "false: take nothing from other gateways."},
    [MESH_FACE_CLEAR] = {"clear", CONFIG_FLAG, 0, 0, "false", NULL, "true: without encryption."},
};

const struct config_key neighbours_keys[NEIGHBOURS_KEYS] = {
    [NEIGHBOURS_ENABLED] = {"enabled", CONFIG_FLAG, 0, 0, "false", NULL,
			    "true: commands to stations may go by other gateways, and theirs by this one."},
    [NEIGHBOURS_HOLD] = {"hold", CONFIG_DURATION, SECOND, HOUR, "2 min", NULL,
			 "how long a neighbour may try before the next way is taken."},
    [NEIGHBOURS_REPORT] = {"report_every", CONFIG_DURATION, SECOND, 9 * MINUTE, "5 min", NULL,
			   "how often the others are told that a station was heard."},
    [NEIGHBOURS_GATEWAYS] = {"gateways", CONFIG_TEXTS, 1, TOKEN_MAX, "", NULL,
			     "the only gateways that are listened to; none = all of this operation."},
};

const struct config_key mesh_channel_keys[MESH_CHANNEL_KEYS] = {
    [MESH_CHANNEL_NAME] = {"name", CONFIG_TEXT, 1, MESH_CHANNEL_NAME_MAX, NULL, NULL,
			   "the channel's name as the nodes have it."},
    [MESH_CHANNEL_KEY_FILE] = {"key_file", CONFIG_TEXT, 1, FILE_NAME, NULL, NULL,
			       "file with the channel's key in base64, which not everybody may read."},
};

const struct config_key radio_keys[RADIO_KEYS] = {
    [RADIO_ENABLED] = {"enabled", CONFIG_FLAG, 0, 0, "true", NULL, "false: checked, but left alone."},
    [RADIO_DEVICE] = {"device", CONFIG_TEXT, 1, FILE_NAME, NULL, NULL, "where the modem is, e.g. /dev/ttyUSB0."},
    [RADIO_BAUD] = {"baud", CONFIG_INTEGER, 300, 4000000, "9600", NULL, "of the serial line, not of the radio."},
    [RADIO_FRAMING] = {"framing", CONFIG_CHOICE, 0, 0, "8n1", framings, "data bits, parity, stop bits."},
    [RADIO_DTR] = {"dtr", CONFIG_CHOICE, 0, 0, "leave", lines, "what to do with this line while the port is open."},
    [RADIO_RTS] = {"rts", CONFIG_CHOICE, 0, 0, "leave", lines, "what to do with this line while the port is open."},
    [RADIO_CONNECT_TIMEOUT] = {"connect_timeout", CONFIG_DURATION, SECOND, 10 * MINUTE, "10 s", NULL,
			       "of a tcp:// device."},
    [RADIO_MODEM] = {"modem", CONFIG_TEXT, 1, TOKEN_MAX, NULL, NULL, "how the transceiver is driven, e.g. kiss."},
    [RADIO_AIR] = {"air", CONFIG_TEXT, 1, TOKEN_MAX, NULL, NULL, "what is spoken through it, e.g. aprs."},
    [RADIO_RAW] = {"raw", CONFIG_FLAG, 0, 0, "false", NULL, "pass on valid frames of unknown type, too."},
    [RADIO_ACK_TIMEOUT] = {"ack_timeout", CONFIG_DURATION, SECOND, HOUR, "30 s", NULL,
			   "how long the addressee's acknowledgement is waited for before what was sent is repeated."},
    [RADIO_RETRIES] = {"retries", CONFIG_INTEGER, 0, 10, "3", NULL, "repetitions of what is not acknowledged."},
    [RADIO_CONTROL] = {"control", CONFIG_TEXT, 1, TOKEN_MAX, "", NULL, "what sets up and keys the transceiver."},
    [RADIO_CONTROL_DEVICE] = {"control_device", CONFIG_TEXT, 1, FILE_NAME, "", NULL, "where the control is."},
    [RADIO_CONTROL_BAUD] = {"control_baud", CONFIG_INTEGER, 300, 4000000, "9600", NULL, "of the control's port."},
    [RADIO_REGION] = {"region", CONFIG_CHOICE, 0, 0, "none", region_names, "whose radio rules are kept."},
    [RADIO_DUTY_CYCLE] = {"duty_cycle_pct", CONFIG_NUMBER, -1, 100, "-1", NULL,
			  "most of any hour on the air; -1 = as the region says, 100 = no limit."},
    [RADIO_LISTENING_SHARE] = {"listening_share_pct", CONFIG_INTEGER, 1, 100, "25", NULL,
			       "most of the channel for what is not urgent; 100 = no limit."},
};

const struct config_key board_keys[1] = {
    {"board", CONFIG_TEXT, 1, TOKEN_MAX, "", NULL, "a known board, e.g. waveshare-sx126x-hat."},
};

const struct config_key panel_keys[PANEL_KEYS] = {
    [PANEL_KEY_HOLD] = {"hold", CONFIG_DURATION, 0.5 * SECOND, 30 * SECOND, "2 s", NULL,
			"how long the panic button must be held."},
    [PANEL_KEY_REPEAT] = {"repeat", CONFIG_DURATION, 2 * SECOND, MINUTE, "10 s", NULL,
			  "held on, the panic button says it again after this."},
    [PANEL_KEY_DEBOUNCE] = {"debounce", CONFIG_DURATION, 0, 200, "30 ms", NULL,
			    "how long a level must stand before it counts."},
    [PANEL_KEY_MAINS_AFTER] = {"mains_after", CONFIG_DURATION, 0, DAY, "1 min", NULL,
			       "how long the mains must be lost, or back, before it is said."},
    [PANEL_KEY_SIREN_MAX] = {"siren_max", CONFIG_DURATION, SECOND, DAY, "3 min", never,
			     "how long the siren sounds at most; the strobe stays on."},
    [PANEL_KEY_EXERCISES] = {"exercises", CONFIG_FLAG, 0, 0, "false", NULL, "siren and strobe for exercises, too."},
};

const struct config_key panel_line_keys[PANEL_LINES] = {
    [PANEL_PANIC] = {"panic", CONFIG_TEXT, 1, LINE_TEXT, "", NULL, "panic button."},
    [PANEL_TAMPER] = {"tamper", CONFIG_TEXT, 1, LINE_TEXT, "", NULL, "switch of the housing's lid."},
    [PANEL_MAINS] = {"mains", CONFIG_TEXT, 1, LINE_TEXT, "", NULL, "contact that opens when the mains are lost."},
    [PANEL_ACKNOWLEDGE] = {"acknowledge", CONFIG_TEXT, 1, LINE_TEXT, "", NULL, "button that says: somebody saw it."},
    [PANEL_SIREN] = {"siren", CONFIG_TEXT, 1, LINE_TEXT, "", NULL, "siren."},
    [PANEL_STROBE] = {"strobe", CONFIG_TEXT, 1, LINE_TEXT, "", NULL, "strobe light."},
    [PANEL_LAMP] = {"lamp", CONFIG_TEXT, 1, LINE_TEXT, "", NULL, "one lamp for all."},
    [PANEL_LAMP_ALERT] = {"lamp_alert", CONFIG_TEXT, 1, LINE_TEXT, "", NULL, "lamp for open incidents."},
    [PANEL_LAMP_RADIO] = {"lamp_radio", CONFIG_TEXT, 1, LINE_TEXT, "", NULL, "lamp for a radio that is not up."},
    [PANEL_LAMP_UPLINK] = {"lamp_uplink", CONFIG_TEXT, 1, LINE_TEXT, "", NULL, "lamp for a broker that is lost."},
};

const struct config_key contact_keys[1] = {
    {"line", CONFIG_TEXT, 1, LINE_TEXT, NULL, NULL, "where the contact is, e.g. GPIO11."},
};

#define TABLE(place, keys)                                                                                             \
	{                                                                                                              \
		place, keys, sizeof(keys) / sizeof((keys)[0])                                                          \
	}

const struct settings_table settings_tables[] = {
    TABLE("gateway", gateway_keys),
    TABLE("uplink", uplink_keys),
    TABLE("uplink.brokers[]", broker_keys),
    TABLE("store", store_keys),
    TABLE("store.bounds", bound_keys),
    TABLE("classes", class_keys),
    TABLE("classes.weights", weight_keys),
    TABLE("classes.expiry", expiry_keys),
    TABLE("dedupe", dedupe_keys),
    TABLE("field", field_keys),
    TABLE("", word_keys),
    TABLE("rules[]", rule_keys),
    TABLE("stations[]", station_keys),
    TABLE("mesh_face", mesh_face_keys),
    TABLE("mesh_face.channels[]", mesh_channel_keys),
    TABLE("neighbours", neighbours_keys),
    TABLE("radios.*", radio_keys),
    TABLE("radios.*", board_keys),
    TABLE("panel", panel_keys),
    TABLE("panel.lines", panel_line_keys),
    TABLE("panel.contacts.*", contact_keys),
    {NULL, NULL, 0},
};
