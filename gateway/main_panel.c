/* The wiring of the panel: what is said there walks the way of what a radio heard, and it shows the open incidents. */
#include "gateway/log.h"
#include "gateway/main.h"

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

/* Without it the gateway goes on: its radios have nothing to do with it. */
void main_start_panel(struct gateway *gateway)
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
	main_links_changed(gateway);
}
