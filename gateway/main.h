/* The running gateway: its parts, and how main*.c wire them to one another. */
#pragma once

#include <systemd/sd-event.h>

#include "gateway/commands.h"
#include "gateway/control.h"
#include "gateway/counters.h"
#include "gateway/desk.h"
#include "gateway/health.h"
#include "gateway/mesh_face.h"
#include "gateway/panel.h"
#include "gateway/radio.h"
#include "gateway/report.h"
#include "gateway/route.h"
#include "gateway/secrets.h"
#include "gateway/settings.h"
#include "gateway/uplink.h"
#include "gateway/worker.h"

struct gateway {
	struct settings *settings;
	sd_event *event;
	struct counters *counters;
	struct worker *worker;
	struct route *route;
	struct uplink_settings uplink_settings; /* the file's, with the session number */
	struct uplink *uplink;
	struct commands *commands;
	struct secrets secrets;
	struct radio_secrets radio_secrets; /* the same, as radios take it */
	struct radio **radios;
	struct panel *panel; /* NULL = none is wired */
	bool connected;
	struct mesh_face *mesh_face; /* NULL = off */
	struct desk *desk;
	struct control *control;
	struct health *health;
	struct report report;
	char uplink_text[256], socket_dir[256];
};

/* Each of these starts what it is named after and wires it to the route, which must be there, and to the desk, the panel and the
 * health, which need not. What cannot be started but for memory is logged, and the others go on. */
void main_start_radios(struct gateway *gateway);
void main_start_panel(struct gateway *gateway);
/* After the radios and the uplink. 0, also where the settings have it off, or -ENOMEM. */
int main_start_mesh_face(struct gateway *gateway);

/* A radio or the broker came or went, or an alert waits for airtime or does so no more: shown on the panel and in the health. */
void main_links_changed(struct gateway *gateway);
/* A radio's modem handed that to its air protocol. */
void main_mesh_hears(struct gateway *gateway, const struct radio *radio, const struct datagram *datagram);
