/* The wiring of the radios: what each tells goes to the route, the desk and whoever shows it. */
#include "gateway/log.h"
#include "gateway/main.h"

static bool has_lost_radio(const struct gateway *gateway)
{
	for (size_t i = 0; i < gateway->settings->radio_count; i++)
		if (gateway->settings->radios[i].enabled &&
		    (!gateway->radios[i] || radio_status(gateway->radios[i]).state != RADIO_UP))
			return true;
	return false;
}

void main_links_changed(struct gateway *gateway)
{
	bool broker_lost = gateway->settings->uplink.broker_count > 0 && !gateway->connected;
	if (gateway->panel)
		panel_links(gateway->panel, has_lost_radio(gateway), broker_lost);
	if (gateway->panel)
		panel_airtime(gateway->panel, outgoing_alert_waits(route_outgoing(gateway->route), NULL));
	if (gateway->health)
		health_changed(gateway->health);
}

static void on_heard(void *context, struct radio *radio, const struct message *message, int64_t heard_us)
{
	struct gateway *gateway = context;
	route_radio_heard(gateway->route, radio, message, heard_us);
}

static void on_say_back(void *context, struct radio *radio, const struct message *message)
{
	struct gateway *gateway = context;
	route_radio_say_back(gateway->route, radio, message);
}

static void on_heard_again(void *context, struct radio *radio, const char *id)
{
	struct gateway *gateway = context;
	(void)radio;
	route_radio_heard_again(gateway->route, id);
}

static void on_sent(void *context, struct radio *radio, enum send_result result, bool assumed, const char *code)
{
	struct gateway *gateway = context;
	route_radio_sent(gateway->route, radio, result, assumed, code);
}

static void on_datagram(void *context, struct radio *radio, enum radio_direction direction,
			const struct datagram *datagram)
{
	struct gateway *gateway = context;
	desk_datagram(gateway->desk, radio_status(radio).name, direction, datagram);
	if (direction == RADIO_RX)
		main_mesh_hears(gateway, radio, datagram);
}

static void on_radio_state(void *context, struct radio *radio)
{
	struct gateway *gateway = context;
	route_radio_state(gateway->route, radio);
	main_links_changed(gateway);
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

static void start_radio(struct gateway *gateway, size_t index)
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
	    .rules = &settings->rules,
	};
	struct radio_callbacks callbacks = {
	    .context = gateway,
	    .heard = on_heard,
	    .say_back = on_say_back,
	    .heard_again = on_heard_again,
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
		return;
	}
	route_add_radio(gateway->route, index, gateway->radios[index]);
}

void main_start_radios(struct gateway *gateway)
{
	for (size_t i = 0; i < gateway->settings->radio_count; i++)
		if (gateway->settings->radios[i].enabled)
			start_radio(gateway, i);
}
