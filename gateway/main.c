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
#include "gateway/keyring.h"
#include "gateway/log.h"
#include "gateway/main.h"
#include "gateway/priorities.h"
#include "gateway/release.h"

const char *argp_program_version = "cressetd " CRESSET_VERSION;

struct options {
	const char *config;
	bool check, release;
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

static void on_uplink_state(void *context, bool connected, const char *text)
{
	struct gateway *gateway = context;
	snprintf(gateway->uplink_text, sizeof(gateway->uplink_text), "%s", text);
	gateway->connected = connected;
	route_uplink_state(gateway->route, connected);
	main_links_changed(gateway);
}

static void on_uplink_done(void *context, struct entry *entry, enum uplink_result result, int code)
{
	struct gateway *gateway = context;
	route_uplink_done(gateway->route, entry, result, code);
}

static void on_alerts(void *context)
{
	main_links_changed(context);
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

static int listen_to_neighbours(struct gateway *gateway)
{
	char filter[128];
	if (!gateway->settings->neighbours.enabled)
		return 0;
	snprintf(filter, sizeof(filter), "%sgw/+/state", gateway->settings->uplink.topic_prefix);
	int error = uplink_watch(gateway->uplink, filter, route_neighbour_state, gateway->route);
	if (error < 0)
		return error;
	snprintf(filter, sizeof(filter), "%sgw/+/reach/+", gateway->settings->uplink.topic_prefix);
	return uplink_subscribe(gateway->uplink, filter, route_neighbour_heard, gateway->route);
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
	route_watch_alerts(gateway->route, on_alerts, gateway);
	gateway->uplink_settings = gateway->settings->uplink;
	gateway->uplink_settings.session = route_session(gateway->route);
	struct uplink_callbacks uplink_callbacks = {gateway, on_uplink_done, on_uplink_state};
	gateway->uplink = uplink_new(&gateway->uplink_settings, route_uplink_schedule(gateway->route),
				     &uplink_callbacks, gateway->event, gateway->worker, gateway->counters);
	if (!gateway->uplink)
		return -ENOMEM;
	route_set_uplink(gateway->route, gateway->uplink);
	gateway->commands = commands_new(gateway->settings, gateway->route, gateway->counters);
	if (!gateway->commands)
		return -ENOMEM;
	uplink_take_commands(gateway->uplink, commands_received, gateway->commands);
	return listen_to_neighbours(gateway);
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
	main_start_panel(gateway);
	main_start_radios(gateway);
	if (main_start_mesh_face(gateway) < 0)
		return -ENOMEM;
	gateway->health = health_new(&gateway->report, gateway->event);
	return gateway->health ? 0 : -ENOMEM;
}

static void stop(struct gateway *gateway)
{
	if (gateway->route) {
		route_watch_incidents(gateway->route, NULL, NULL);
		route_watch_alerts(gateway->route, NULL, NULL);
	}
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
	commands_free(gateway->commands);
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
