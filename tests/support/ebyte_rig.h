/* A driver of an Ebyte module joined to a simulated module under a simulated clock; several of them hear one another. */
#pragma once

#include "tests/support/driver_services.h"
#include "tests/support/ebyte_sim.h"

enum { EBYTE_RIG_STATIONS = 3 };

struct ebyte_rig;

struct ebyte_station {
	struct ebyte_rig *rig;
	struct record record;
	struct driver_under_test *driver;
	struct ebyte_sim *sim;
	struct ebyte_sim_options options;
	bool unplugged;     /* bytes of the module are lost */
	bool deaf_line;     /* AUX moves without the driver being told */
	size_t packets;     /* that the module transmitted */
	size_t last_packet; /* bytes of the last, with the module's prefix */
};

struct ebyte_rig {
	int64_t now_us;
	double rssi_dbm;  /* at which everybody hears everybody */
	bool on_air_lost; /* nothing is heard */
	struct ebyte_station stations[EBYTE_RIG_STATIONS];
	size_t count;
};

/* Everything begins at one second. */
void ebyte_rig_start(struct ebyte_rig *rig);
void ebyte_rig_stop(struct ebyte_rig *rig);

/* A module with its driver ("ebyte-e22", "ebyte-e32"), the port just opened. settings as for modem_under_test. */
struct ebyte_station *ebyte_rig_add(struct ebyte_rig *rig, const char *modem, const struct ebyte_sim_options *options,
				    const struct driver_setting *settings);
/* The port was closed and is opened again. */
void ebyte_rig_reopen(struct ebyte_station *station);

void ebyte_rig_run(struct ebyte_rig *rig, int64_t us);
/* Until the driver is ready; false after that time. */
bool ebyte_rig_until_ready(struct ebyte_station *station, int64_t us);
/* Until the last datagram has ended; false after that time. */
bool ebyte_rig_until_sent(struct ebyte_station *station, int64_t us);

int ebyte_rig_send(struct ebyte_station *station, const void *bytes, size_t size);
int ebyte_rig_examine(struct ebyte_station *station, enum modem_examination what);
/* Bytes to the module past the driver, or to the driver past the module. */
void ebyte_rig_to_module(struct ebyte_station *station, const void *bytes, size_t size);
void ebyte_rig_to_driver(struct ebyte_station *station, const void *bytes, size_t size);

struct modem_status ebyte_rig_status(struct ebyte_station *station);
/* The value of a finding, NULL = there is none of that name. */
const char *ebyte_rig_finding(const struct ebyte_station *station, const char *name);
