/* The wiring of Meshtastic's own topics: between its radios, the route that puts envelopes aside, and the uplink's subscriptions. */
#include <errno.h>

#include "gateway/clock.h"
#include "gateway/main.h"

void main_mesh_hears(struct gateway *gateway, const struct radio *radio, const struct datagram *datagram)
{
	if (!gateway->mesh_face)
		return;
	for (size_t i = 0; i < gateway->settings->radio_count; i++)
		if (gateway->radios[i] == radio && settings_is_mesh_radio(gateway->settings, i))
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

int main_start_mesh_face(struct gateway *gateway)
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
