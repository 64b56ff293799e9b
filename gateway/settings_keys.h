/* Every key of the settings file that is not a driver's own, with its limits and default. */
#pragma once

#include "config/config.h"
#include "gateway/panel_settings.h"

enum {
	GATEWAY_NAME,
	GATEWAY_OPERATION,
	GATEWAY_CLOCK,
	GATEWAY_STATE_DIR,
	GATEWAY_SOCKET,
	GATEWAY_LOG_LEVEL,
	GATEWAY_KEYS
};

enum {
	UPLINK_CLIENT_ID,
	UPLINK_KEEPALIVE,
	UPLINK_CONNECT_TIMEOUT,
	UPLINK_SESSION_EXPIRY,
	UPLINK_BACK_TO_BETTER,
	UPLINK_BULK_RATE_MAX,
	UPLINK_KEYS
};

enum {
	BROKER_HOST,
	BROKER_PORT,
	BROKER_TLS,
	BROKER_CA_FILE,
	BROKER_CERTIFICATE_FILE,
	BROKER_KEY_FILE,
	BROKER_USERNAME,
	BROKER_PASSWORD_FILE,
	BROKER_KEYS
};

enum { STORE_MODE, STORE_PATH, STORE_COMMIT_INTERVAL, STORE_KEYS };

enum { FIELD_KEY_FILE, FIELD_LANGUAGE, FIELD_KEYS };

enum { MESH_FACE_ENABLED, MESH_FACE_ROOT, MESH_FACE_RECEIVE, MESH_FACE_CLEAR, MESH_FACE_KEYS };

enum { NEIGHBOURS_ENABLED, NEIGHBOURS_HOLD, NEIGHBOURS_REPORT, NEIGHBOURS_GATEWAYS, NEIGHBOURS_KEYS };

enum { MESH_CHANNEL_NAME, MESH_CHANNEL_KEY_FILE, MESH_CHANNEL_KEYS };

enum {
	RULE_RADIO,
	RULE_LINE,
	RULE_DATA_TYPE,
	RULE_KEYWORD,
	RULE_KIND,
	RULE_URGENCY,
	RULE_SEVERITY,
	RULE_CLASS,
	RULE_KEYS
};

enum {
	PANEL_KEY_HOLD,
	PANEL_KEY_REPEAT,
	PANEL_KEY_DEBOUNCE,
	PANEL_KEY_MAINS_AFTER,
	PANEL_KEY_SIREN_MAX,
	PANEL_KEY_EXERCISES,
	PANEL_KEYS
};

enum { STATION_STATION, STATION_ORGANISATION, STATION_KEYS };

enum {
	RADIO_ENABLED,
	RADIO_DEVICE,
	RADIO_BAUD,
	RADIO_FRAMING,
	RADIO_DTR,
	RADIO_RTS,
	RADIO_CONNECT_TIMEOUT,
	RADIO_MODEM,
	RADIO_AIR,
	RADIO_RAW,
	RADIO_ACK_TIMEOUT,
	RADIO_RETRIES,
	RADIO_REGION,
	RADIO_DUTY_CYCLE,
	RADIO_LISTENING_SHARE,
	RADIO_CONTROL,
	RADIO_CONTROL_DEVICE,
	RADIO_CONTROL_BAUD,
	RADIO_KEYS
};

extern const struct config_key gateway_keys[GATEWAY_KEYS];
extern const struct config_key uplink_keys[UPLINK_KEYS];
extern const struct config_key broker_keys[BROKER_KEYS];
extern const struct config_key store_keys[STORE_KEYS];
extern const struct config_key bound_keys[5];  /* by enum message_class */
extern const struct config_key expiry_keys[5]; /* by enum message_class */
extern const struct config_key weight_keys[3]; /* SAFETY, ROUTINE, BULK */
extern const struct config_key class_keys[1];  /* urgent_per_minute */
extern const struct config_key dedupe_keys[1]; /* window */
extern const struct config_key field_keys[FIELD_KEYS];
extern const struct config_key word_keys[1]; /* keywords, at the top */
extern const struct config_key rule_keys[RULE_KEYS];
extern const struct config_key station_keys[STATION_KEYS];
extern const struct config_key mesh_face_keys[MESH_FACE_KEYS];
extern const struct config_key neighbours_keys[NEIGHBOURS_KEYS];
extern const struct config_key mesh_channel_keys[MESH_CHANNEL_KEYS];
extern const struct config_key radio_keys[RADIO_KEYS];
extern const struct config_key panel_keys[PANEL_KEYS];
extern const struct config_key panel_line_keys[PANEL_LINES]; /* by enum panel_line */
extern const struct config_key contact_keys[1];              /* line */
extern const struct config_key board_keys[1]; /* read before the others, because it brings some of them */

/* Where in the file each of the tables above is read: "store.bounds", "uplink.brokers[]" (each item of a list), "radios.*" (each name).
 * For whoever walks through all settings; ended by keys NULL. */
struct settings_table {
	const char *place;
	const struct config_key *keys;
	size_t count;
};
extern const struct settings_table settings_tables[];
