/* The settings of one gateway: the configuration file checked, typed and filled up with defaults. */
#pragma once

#include <stdio.h>

#include "config/config.h"
#include "drivers/air.h"
#include "drivers/modem.h"
#include "gateway/classify.h"
#include "gateway/log.h"
#include "gateway/mesh_face.h"
#include "gateway/neighbours.h"
#include "gateway/panel_settings.h"
#include "gateway/radio_rules.h"
#include "gateway/schedule.h"
#include "gateway/store.h"
#include "gateway/uplink.h"
#include "gateway/words.h"
#include "hw/lines.h"
#include "hw/port.h"

struct gateway_settings {
	const char *name, *operation; /* topic tokens */
	bool clock_auto;              /* find out by itself; otherwise `clock` is what every message is marked with */
	enum message_clock clock;
	const char *state_dir, *socket;
	enum log_level log_level;
};

struct radio_settings {
	const char *name;       /* topic token */
	bool enabled;           /* false: checked, but left alone */
	bool raw;               /* valid frames of no known type are passed on as KIND_RAW */
	int64_t ack_timeout_ms; /* for an acknowledgement of the addressee, before the first repetition */
	unsigned retries;
	struct radio_rules rules;
	unsigned listening_share_pct; /* of the channel for what is not urgent, 100 = no limit */
	struct port_settings port;
	const struct modem_ops *modem; /* NULL only if the file has errors */
	const struct air_ops *air;
	const union driver_value *modem_values, *air_values; /* one for each key of the driver, in its order */
	const char *const *lines;                            /* one for each line of the modem, NULL = not wired */

	const struct modem_ops *control; /* NULL = none */
	struct port_settings control_port;
	const union driver_value *control_values;
	const char *const *control_lines;
};

struct station_settings {
	const char *station, *organisation;
};

/* Everything below is read-only for the rest of the program and lives until settings_free. */
struct settings {
	struct gateway_settings gateway;
	struct uplink_settings uplink; /* complete but for `session`; broker_count 0 = the gateway only stores */
	struct store_settings store;
	struct schedule_settings schedule;
	struct classify_settings classify;
	struct mesh_face_settings mesh_face;
	struct neighbours_settings neighbours;
	int64_t dedupe_window_ms;
	const char *key_file;         /* of the field frame, NULL = none */
	enum words_language language; /* of answers to the field */

	const struct radio_settings *radios;
	size_t radio_count; /* disabled ones included */

	struct panel_settings panel;

	const struct station_settings *stations; /* sorted by station */
	size_t station_count;

	struct config *config; /* errors, warnings and the memory of everything above */
};

/* Reads and checks the file. With errors in it the settings come all the same, filled up with defaults, so that every error can be
 * said; they are then not to be run. NULL: out of memory. */
struct settings *settings_load(const char *path);
void settings_free(struct settings *settings);

/* "FILE:LINE:COLUMN: radios.vhf.baud: ..." in the order of the lines; index below the count. */
size_t settings_error_count(const struct settings *settings);
const char *settings_error(const struct settings *settings, size_t index);
/* The same for what is allowed but worth a line in the log. */
size_t settings_warning_count(const struct settings *settings);
const char *settings_warning(const struct settings *settings, size_t index);

/* Every output line of all radios and the panel with its safe level, also of radios that are switched off: they may have been on before. Fills in at most
 * max and returns how many there are. */
size_t settings_outputs(const struct settings *settings, struct line_release *outputs, size_t max);

/* The organisation a station belongs to, "unassigned" if the file does not say. The station's SSID counts: N0CALL-7 is not N0CALL. */
const char *settings_organisation(const struct settings *settings, const char *station);

/* Whether mesh_face belongs to that radio, by its index: it is enabled, and Meshtastic is spoken there. */
bool settings_is_mesh_radio(const struct settings *settings, size_t index);

/* What `cressetd --check FILE` does: writes every error and warning to out, a line each, and "FILE: fine: 2 radios, 1 broker" if there
 * is no error. Returns the exit code: 0 fine, 1 errors. */
int settings_check(const char *path, FILE *out);
