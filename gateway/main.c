/* cressetd: reads the settings and wires the parts of the gateway together. */
#include <argp.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <mosquitto.h>
#include <systemd/sd-event.h>

#include "gateway/clock.h"
#include "gateway/control.h"
#include "gateway/desk.h"
#include "gateway/health.h"
#include "gateway/keyring.h"
#include "gateway/log.h"
#include "gateway/mesh_face.h"
#include "gateway/panel.h"
#include "gateway/priorities.h"
#include "gateway/radio.h"
#include "gateway/release.h"
#include "gateway/report.h"
#include "gateway/route.h"
#include "gateway/secrets.h"
#include "gateway/settings.h"
#include "gateway/uplink.h"
#include "gateway/worker.h"

const char *argp_program_version = "cressetd " CRESSET_VERSION;

struct options {
	const char *config;
	bool check, release;
};

struct gateway {
	struct settings *settings;
	sd_event *event;
	struct counters *counters;
	struct worker *worker;
	struct route *route;
	struct uplink_settings uplink_settings; /* the file's, with the session number */
	struct uplink *uplink;
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

/* ---- command line ---- */

static const struct argp_option option_table[] = {
    {"config", 'c', "FILE", 0, "Configuration file (default /etc/cresset/cresset.yaml)", 0},
    {"check", 'n', NULL, 0,
     "Check the file, name every error with its line and key, and stop: exit status 0 fine, 1 errors", 0},
    {"release-lines", 'r', NULL, 0,
     "Put every output line of the file to its safe level (transmitter off, siren off) and stop: exit status 0 done, "
     "1 not all. For use after a crash, while no cressetd runs",
     0},
    {0},
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;
	switch (key) {
	case 'c':
		options->config = argument;
		return 0;
	case 'n':
		options->check = true;
		return 0;
	case 'r':
		options->release = true;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num > 0)
			argp_usage(state);
		options->config = argument;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp parser = {
    option_table,
    parse_option,
    "[FILE]",
    "Listens to the radios of a field base and brings what they hear to headquarters over MQTT, alerts first.",
    NULL,
    NULL,
    NULL};

/* ---- what the parts tell one another ---- */

static bool has_lost_radio(const struct gateway *gateway)
{
	for (size_t i = 0; i < gateway->settings->radio_count; i++)
		if (gateway->settings->radios[i].enabled &&
		    (!gateway->radios[i] || radio_status(gateway->radios[i]).state != RADIO_UP))
			return true;
	return false;
}

static void show_links(struct gateway *gateway)
{
	bool broker_lost = gateway->settings->uplink.broker_count > 0 && !gateway->connected;
	if (gateway->panel)
		panel_links(gateway->panel, has_lost_radio(gateway), broker_lost);
}

static void on_uplink_state(void *context, bool connected, const char *text)
{
	struct gateway *gateway = context;
	snprintf(gateway->uplink_text, sizeof(gateway->uplink_text), "%s", text);
	gateway->connected = connected;
	show_links(gateway);
	if (gateway->health)
		health_changed(gateway->health);
}

static void on_uplink_done(void *context, struct entry *entry, enum uplink_result result, int code)
{
	struct gateway *gateway = context;
	route_uplink_done(gateway->route, entry, result, code);
}

static void on_heard(void *context, struct radio *radio, const struct message *message, int64_t heard_us)
{
	struct gateway *gateway = context;
	route_radio_heard(gateway->route, radio, message, heard_us);
}

static void on_sent(void *context, struct radio *radio, enum send_result result, bool assumed, const char *code)
{
	struct gateway *gateway = context;
	route_radio_sent(gateway->route, radio, result, assumed, code);
}

static bool is_meshtastic(const struct radio_settings *settings)
{
	return settings->enabled && strcmp(settings->air->name, "meshtastic") == 0;
}

static void mesh_hears(struct gateway *gateway, const struct radio *radio, const struct datagram *datagram)
{
	for (size_t i = 0; i < gateway->settings->radio_count; i++)
		if (gateway->radios[i] == radio && is_meshtastic(&gateway->settings->radios[i]))
			mesh_face_heard(gateway->mesh_face, i, datagram, clock_wall_ms());
}

static bool on_mesh_publish(void *context, const struct mesh_envelope *envelope)
{
	struct gateway *gateway = context;
	struct route_aside aside = {.topic = envelope->topic,
				    .id = envelope->id,
				    .station = envelope->station,
				    .payload = envelope->bytes,
				    .size = envelope->size};
	return route_aside(gateway->route, &aside);
}

static void on_mesh_received(void *context, const char *topic, const void *payload, size_t size)
{
	struct gateway *gateway = context;
	mesh_face_received(gateway->mesh_face, topic, payload, size, clock_wall_ms());
}

static void on_mesh_hear(void *context, size_t radio, const struct datagram *datagram)
{
	struct gateway *gateway = context;
	if (gateway->radios[radio])
		radio_hear(gateway->radios[radio], datagram);
}

static void on_datagram(void *context, struct radio *radio, enum radio_direction direction,
			const struct datagram *datagram)
{
	struct gateway *gateway = context;
	desk_datagram(gateway->desk, radio_status(radio).name, direction, datagram);
	if (gateway->mesh_face && direction == RADIO_RX)
		mesh_hears(gateway, radio, datagram);
}

static void on_radio_state(void *context, struct radio *radio)
{
	struct gateway *gateway = context;
	route_radio_state(gateway->route, radio);
	show_links(gateway);
	if (gateway->health)
		health_changed(gateway->health);
}

static void on_radio_ready(void *context, struct radio *radio)
{
	struct gateway *gateway = context;
	route_radio_state(gateway->route, radio);
}

static void on_finding(void *context, struct radio *radio, const char *name, const char *value)
{
	struct gateway *gateway = context;
	desk_finding(gateway->desk, radio, name, value);
}

static size_t on_unsafe(void *context, struct radio *radio)
{
	struct gateway *gateway = context;
	return route_radio_unsafe(gateway->route, radio);
}

static void on_panel_said(void *context, const struct message *message, int64_t at_us)
{
	struct gateway *gateway = context;
	route_panel_said(gateway->route, message, at_us);
}

static void on_panel_acknowledged(void *context)
{
	struct gateway *gateway = context;
	size_t count = route_acknowledge_all(gateway->route, PANEL_RADIO);
	log_notice("panel: acknowledged; %zu of the open incidents had not been seen by anybody", count);
}

static void on_panel_changed(void *context)
{
	struct gateway *gateway = context;
	if (gateway->health)
		health_changed(gateway->health);
}

static void on_incidents(void *context)
{
	struct gateway *gateway = context;
	panel_incidents(gateway->panel, route_incidents(gateway->route));
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
	(void)context;
	log_notice("stopping on signal %u", info->ssi_signo);
	return sd_event_exit(sd_event_source_get_event(source), 0);
}

/* ---- wiring ---- */

static int start_loop(struct gateway *gateway)
{
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	/* Blocked before any thread is made, so that they all come to the loop. */
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0 || sd_event_new(&gateway->event) < 0)
		return -ENOMEM;
	sd_event_source *source;
	for (int i = 0; i < 2; i++) {
		if (sd_event_add_signal(gateway->event, &source, i ? SIGINT : SIGTERM, on_signal, NULL) < 0)
			return -ENOMEM;
		sd_event_source_set_priority(source, PRIORITY_SIGNAL);
		sd_event_source_set_floating(source, 1);
		sd_event_source_unref(source);
	}
	signal(SIGPIPE, SIG_IGN);
	gateway->counters = counters_new();
	gateway->worker = worker_new(gateway->event);
	return gateway->worker ? 0 : -ENOMEM;
}

static int start_route(struct gateway *gateway)
{
	struct route_callbacks callbacks = {
	    .context = gateway->desk,
	    .accepted = desk_accepted,
	    .receipt = desk_receipt,
	    .passed = desk_passed,
	};
	gateway->route = route_new(gateway->settings, &callbacks, gateway->event, gateway->counters);
	if (!gateway->route)
		return -ENOMEM;
	gateway->uplink_settings = gateway->settings->uplink;
	gateway->uplink_settings.session = route_session(gateway->route);
	struct uplink_callbacks uplink_callbacks = {gateway, on_uplink_done, on_uplink_state};
	gateway->uplink = uplink_new(&gateway->uplink_settings, route_uplink_schedule(gateway->route),
				     &uplink_callbacks, gateway->event, gateway->worker, gateway->counters);
	if (!gateway->uplink)
		return -ENOMEM;
	route_set_uplink(gateway->route, gateway->uplink);
	return 0;
}

static int start_secrets(struct gateway *gateway)
{
	const char *path = gateway->settings->key_file;
	gateway->secrets.memory = route_field_memory(gateway->route);
	gateway->secrets.keyring = path ? keyring_new(path, gateway->event, gateway->worker) : NULL;
	gateway->radio_secrets = (struct radio_secrets){
	    .context = &gateway->secrets,
	    .seal = secrets_seal,
	    .open = secrets_open,
	    .take_counter = secrets_take_counter,
	    .next_counter = secrets_next_counter,
	};
	return path && !gateway->secrets.keyring ? -ENOMEM : 0;
}

static int start_radio(struct gateway *gateway, size_t index)
{
	const struct radio_settings *settings = &gateway->settings->radios[index];
	struct radio_setup setup = {
	    .name = settings->name,
	    .modem = {.ops = settings->modem,
		      .values = settings->modem_values,
		      .port = settings->port,
		      .lines = settings->lines},
	    .control = {.ops = settings->control,
			.values = settings->control_values,
			.port = settings->control_port,
			.lines = settings->control_lines},
	    .air = settings->air,
	    .air_values = settings->air_values,
	    .secrets = &gateway->radio_secrets,
	};
	struct radio_callbacks callbacks = {
	    .context = gateway,
	    .heard = on_heard,
	    .sent = on_sent,
	    .datagram = on_datagram,
	    .state = on_radio_state,
	    .ready = on_radio_ready,
	    .finding = on_finding,
	    .unsafe = on_unsafe,
	};
	const char *error;
	gateway->radios[index] = radio_new(&setup, &callbacks, gateway->event, gateway->worker, gateway->counters,
					   &error);
	if (!gateway->radios[index]) {
		/* The other radios go on: one wrong setting must not silence a base. */
		log_error("radio %s: not started: %s", settings->name, error);
		return 0;
	}
	route_add_radio(gateway->route, index, gateway->radios[index]);
	return 0;
}

/* Without it the gateway goes on: its radios have nothing to do with it. */
static void start_panel(struct gateway *gateway)
{
	const struct settings *settings = gateway->settings;
	struct panel_callbacks callbacks = {gateway, on_panel_said, on_panel_acknowledged, on_panel_changed};
	if (!panel_is_wired(&settings->panel))
		return;
	gateway->panel = panel_new(&settings->panel, settings->gateway.name, &callbacks, gateway->event,
				   gateway->worker, gateway->counters);
	if (!gateway->panel) {
		log_error("panel: not started, its buttons do nothing: out of memory or random numbers");
		return;
	}
	gateway->report.panel = gateway->panel;
	route_watch_incidents(gateway->route, on_incidents, gateway);
	on_incidents(gateway);
	show_links(gateway);
}

static int start_mesh_face(struct gateway *gateway)
{
	const struct settings *settings = gateway->settings;
	struct mesh_face_callbacks callbacks = {gateway, on_mesh_publish, on_mesh_hear};
	char filter[MESH_TOPIC_MAX];
	if (!settings->mesh_face.enabled)
		return 0;
	gateway->mesh_face = mesh_face_new(&settings->mesh_face, settings->radio_count, &callbacks, gateway->counters);
	if (!gateway->mesh_face)
		return -ENOMEM;
	for (size_t i = 0; mesh_face_filter(gateway->mesh_face, i, filter), filter[0]; i++)
		if (uplink_subscribe(gateway->uplink, filter, on_mesh_received, gateway) < 0)
			return -ENOMEM;
	return 0;
}

/* -EADDRINUSE: another cressetd has the socket, and with it surely the store and the name at the broker. */
static int start_control(struct gateway *gateway)
{
	struct control_callbacks callbacks = {gateway->desk, desk_request, desk_gone};
	const char *path = gateway->settings->gateway.socket;
	snprintf(gateway->socket_dir, sizeof(gateway->socket_dir), "%s", path);
	char *slash = strrchr(gateway->socket_dir, '/');
	if (slash && slash != gateway->socket_dir) {
		*slash = 0;
		mkdir(gateway->socket_dir, 0755);
	}
	int error = control_new(&gateway->control, path, &callbacks, gateway->event);
	if (error == 0)
		desk_set_control(gateway->desk, gateway->control);
	else if (error != -EADDRINUSE)
		/* Radio traffic does not depend on the tool. */
		log_error("control: %s: %s. The tool cresset cannot be used; check gateway.socket and who owns the "
			  "directory.",
			  path, strerror(-error));
	return error == -EADDRINUSE ? error : 0;
}

static int start(struct gateway *gateway)
{
	gateway->radios = calloc(gateway->settings->radio_count + 1, sizeof(struct radio *));
	gateway->report = (struct report){.settings = gateway->settings,
					  .radios = gateway->radios,
					  .started_us = clock_mono_us(),
					  .uplink_text = gateway->uplink_text};
	gateway->desk = desk_new(&gateway->report);
	if (!gateway->radios || !gateway->desk || start_loop(gateway) < 0)
		return -ENOMEM;
	/* First, so that a second daemon leaves the store, the ports and the broker of the first alone. */
	int error = start_control(gateway);
	if (error < 0)
		return error;
	if (start_route(gateway) < 0 || start_secrets(gateway) < 0)
		return -ENOMEM;
	gateway->report.counters = gateway->counters;
	gateway->report.route = gateway->route;
	gateway->report.uplink = gateway->uplink;
	gateway->report.keyring = gateway->secrets.keyring;
	start_panel(gateway);
	for (size_t i = 0; i < gateway->settings->radio_count; i++)
		if (gateway->settings->radios[i].enabled)
			start_radio(gateway, i);
	if (start_mesh_face(gateway) < 0)
		return -ENOMEM;
	gateway->health = health_new(&gateway->report, gateway->event);
	return gateway->health ? 0 : -ENOMEM;
}

static void stop(struct gateway *gateway)
{
	if (gateway->route)
		route_watch_incidents(gateway->route, NULL, NULL);
	panel_free(gateway->panel);
	gateway->panel = NULL;
	health_free(gateway->health);
	control_free(gateway->control);
	for (size_t i = 0; gateway->radios && i < gateway->settings->radio_count; i++)
		radio_free(gateway->radios[i]);
	if (gateway->route)
		route_set_uplink(gateway->route, NULL);
	keyring_free(gateway->secrets.keyring);
	uplink_free(gateway->uplink);
	mesh_face_free(gateway->mesh_face);
	route_free(gateway->route);
	worker_free(gateway->worker);
	desk_free(gateway->desk);
	counters_free(gateway->counters);
	sd_event_unref(gateway->event);
	free(gateway->radios);
}

static int run(struct settings *settings)
{
	struct gateway gateway = {.settings = settings};
	log_set_level(settings->gateway.log_level);
	mosquitto_lib_init();
	srandom((unsigned)(clock_mono_us() ^ clock_wall_ms()));
	int result = start(&gateway);
	if (result == -EADDRINUSE)
		log_error("another cressetd is running at %s; stop it first, or give this one a socket, a state_dir "
			  "and a name of its own",
			  settings->gateway.socket);
	else if (result < 0)
		log_error("cressetd cannot start: out of memory or event sources");
	else
		result = sd_event_loop(gateway.event);
	stop(&gateway);
	mosquitto_lib_cleanup();
	return result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct options options = {.config = "/etc/cresset/cresset.yaml"};
	argp_parse(&parser, argc, argv, 0, NULL, &options);
	if (options.check)
		return settings_check(options.config, stdout);
	if (options.release)
		return release_lines(options.config);
	/* Three threads share little; one arena instead of eight keeps the memory of a small machine together. */
	mallopt(M_ARENA_MAX, 2);
	struct settings *settings = settings_load(options.config);
	if (!settings) {
		log_error("out of memory");
		return EXIT_FAILURE;
	}
	for (size_t i = 0; i < settings_warning_count(settings); i++)
		log_warning("%s", settings_warning(settings, i));
	size_t errors = settings_error_count(settings);
	for (size_t i = 0; i < errors; i++)
		log_error("%s", settings_error(settings, i));
	int status = EXIT_FAILURE;
	if (errors)
		log_error("%s has %zu error%s; nothing was started", options.config, errors, errors == 1 ? "" : "s");
	else
		status = run(settings);
	settings_free(settings);
	return status;
}
