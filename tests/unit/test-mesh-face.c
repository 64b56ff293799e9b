/* Meshtastic's topics: what of what a radio hears goes out to the broker, and what stays here. */
#include "tests/unit/mesh-face-fixture.h"

static void test_goes_out(void **state)
{
	(void)state;
	struct bench bench;
	uint8_t sealed[64];
	bench_new(&bench);
	configure(&bench);
	hear_hex(&bench, MESH_RADIO, TEXT);
	assert_int_equal(bench.published, 1);
	assert_string_equal(bench.topic, "msh/EU_868/2/e/MediumFast/!0a0b0c0d");
	assert_string_equal(bench.id, "mt-433c1d20-1a2b3c4d");
	assert_string_equal(bench.station, "mt-433c1d20");
	const me_Packet *packet = &bench.envelope.packet;
	assert_int_equal(bench.envelope.channel.size, strlen("MediumFast"));
	assert_memory_equal(bench.envelope.channel.bytes, "MediumFast", strlen("MediumFast"));
	assert_int_equal(bench.envelope.gateway.size, 9);
	assert_memory_equal(bench.envelope.gateway.bytes, "!0a0b0c0d", 9);
	assert_int_equal(packet->from, 0x433c1d20);
	assert_int_equal(packet->to, 0xffffffff);
	assert_int_equal(packet->id, 0x1a2b3c4d);
	assert_int_equal(packet->rx_time, 1795470000);
	assert_int_equal(packet->rx_rssi, -97);
	assert_true(packet->rx_snr == 6.25F);
	assert_int_equal(packet->hop_limit, 2);
	assert_int_equal(packet->hop_start, 3);
	assert_int_equal(packet->channel, mesh_channel_hash("MediumFast", &bench.channels[1].key));
	assert_false(packet->via_mqtt);
	assert_int_equal(packet->which_content, me_Packet_encrypted_tag);
	assert_int_equal(packet->content.encrypted.size, bytes_of(TEXT_SEALED, sealed));
	assert_memory_equal(packet->content.encrypted.bytes, sealed, packet->content.encrypted.size);
	bench_free(&bench);
}

static void test_goes_out_in_clear_where_configured(void **state)
{
	(void)state;
	struct bench bench;
	uint8_t data[64];
	bench_new(&bench);
	bench.settings.clear = true;
	configure(&bench);
	hear_hex(&bench, MESH_RADIO, TEXT);
	assert_int_equal(bench.published, 1);
	const me_Packet *packet = &bench.envelope.packet;
	assert_int_equal(packet->which_content, me_Packet_decoded_tag);
	assert_int_equal(packet->content.decoded.size, bytes_of(TEXT_DATA, data));
	assert_memory_equal(packet->content.decoded.bytes, data, packet->content.decoded.size);
	bench_free(&bench);
}

/* What this schema does not know of a payload goes out all the same: here field 1000. */
static void test_unknown_fields_go_out(void **state)
{
	(void)state;
	struct bench bench;
	uint8_t data[64];
	bench_new(&bench);
	bench.settings.clear = true;
	configure(&bench);
	hear_hex(&bench, MESH_RADIO, "121c0d201d3c4315ffffffff220b0801120268694801c03e0a3501000000");
	assert_int_equal(bench.published, 1);
	assert_int_equal(bench.envelope.packet.content.decoded.size, bytes_of("0801120268694801c03e0a", data));
	assert_memory_equal(bench.envelope.packet.content.decoded.bytes, data, 11);
	bench_free(&bench);
}

static void set_data(me_Packet *packet, const char *hex)
{
	packet->content.decoded.size = (pb_size_t)bytes_of(hex, packet->content.decoded.bytes);
}
static void from_mqtt(me_Packet *packet)
{
	packet->via_mqtt = true;
}
static void over_mqtt(me_Packet *packet)
{
	packet->transport = MESHTASTIC_TRANSPORT_MQTT;
}
static void of_own_node(me_Packet *packet)
{
	packet->from = 0x0a0b0c0d;
}
static void to_own_node(me_Packet *packet)
{
	packet->to = 0x0a0b0c0d;
}

static void unread(me_Packet *packet)
{
	packet->which_content = me_Packet_encrypted_tag;
}
static void out_of_memory(me_Packet *packet)
{
	packet->priority = 10;
}
static void not_allowed(me_Packet *packet)
{
	set_data(packet, "080112026869");
}
static void other_bits(me_Packet *packet)
{
	set_data(packet, "0801120268694802");
}
static void admin(me_Packet *packet)
{
	set_data(packet, "0806120268694801");
}
static void no_port(me_Packet *packet)
{
	set_data(packet, "120268694801");
}

static void channel_off(me_Packet *packet)
{
	packet->channel = 2;
}
static void channel_nine(me_Packet *packet)
{
	packet->channel = 9;
}

static void hear_packet(struct bench *bench, size_t radio, const me_Packet *packet)
{
	uint8_t bytes[512];
	struct datagram datagram = {.bytes = bytes, .size = meshtastic_heard_write(packet, bytes, sizeof(bytes))};
	assert_true(datagram.size > 0);
	mesh_face_heard(bench->face, radio, &datagram, NOW_MS);
}

static me_Packet text_packet(void)
{
	uint8_t bytes[512];
	me_Packet packet;
	assert_true(meshtastic_heard_read(bytes, bytes_of(TEXT, bytes), &packet));
	return packet;
}

static void test_stays_here(void **state)
{
	(void)state;
	static const struct kept kept[] = {{"via_mqtt", from_mqtt},        {"via_mqtt", over_mqtt},
					   {"own", of_own_node},           {"private", to_own_node},
					   {"private", by_own_key},        {"encrypted", unread},
					   {"replayed", out_of_memory},    {"not_allowed", not_allowed},
					   {"not_allowed", other_bits},    {"admin", admin},
					   {"bad_packet", no_port},        {"bad_packet", no_sender},
					   {"bad_packet", no_id},          {"bad_hops", far},
					   {"other_channel", channel_off}, {"other_channel", channel_nine}};
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		struct bench bench;
		char counter[48];
		me_Packet packet = text_packet();
		bench_new(&bench);
		configure(&bench);
		kept[i].change(&packet);
		hear_packet(&bench, MESH_RADIO, &packet);
		snprintf(counter, sizeof(counter), "drop.out.%s", kept[i].reason);
		assert_counted(&bench, counter, 1);
		assert_int_equal(bench.published, 0);
		/* And nothing of it is remembered: the same packet, unchanged, goes. */
		packet = text_packet();
		hear_packet(&bench, MESH_RADIO, &packet);
		assert_int_equal(bench.published, 1);
		bench_free(&bench);
	}
}

static void test_before_the_node_is_known(void **state)
{
	(void)state;
	struct bench bench;
	bench_new(&bench);
	hear_hex(&bench, MESH_RADIO, TEXT);
	assert_counted(&bench, "drop.out.node_unknown", 1);
	assert_int_equal(bench.published, 0);
	bench_free(&bench);
}

static void test_no_room(void **state)
{
	(void)state;
	struct bench bench;
	bench_new(&bench);
	configure(&bench);
	bench.no_room = true;
	hear_hex(&bench, MESH_RADIO, TEXT);
	assert_counted(&bench, "drop.out.no_room", 1);
	assert_counted(&bench, "published", 0);
	bench_free(&bench);
}

static void test_goes_out_once(void **state)
{
	(void)state;
	struct bench bench;
	bench_new(&bench);
	configure(&bench);
	hear_hex(&bench, MESH_RADIO, TEXT);
	hear_hex(&bench, MESH_RADIO, TEXT);
	assert_int_equal(bench.published, 1);
	assert_counted(&bench, "drop.out.double", 1);
	bench_free(&bench);
}

static void test_junk(void **state)
{
	(void)state;
	struct bench bench;
	bench_new(&bench);
	configure(&bench);
	hear_hex(&bench, MESH_RADIO, "");
	hear_hex(&bench, MESH_RADIO, "ffffffff");
	hear_hex(&bench, RADIOS, TEXT);
	assert_int_equal(bench.published, 0);
	bench_free(&bench);
}

static void test_names(void **state)
{
	(void)state;
	char name[MESHTASTIC_GATEWAY_NAME_SIZE + 1];
	meshtastic_gateway_name(0xab, name);
	assert_string_equal(name, "!000000ab");
	assert_string_equal(meshtastic_preset_name(true, 0), "LongFast");
	assert_string_equal(meshtastic_preset_name(true, 7), "LongMod");
	assert_string_equal(meshtastic_preset_name(true, 9), "LongTurbo");
	assert_string_equal(meshtastic_preset_name(true, 10), "Invalid");
	assert_string_equal(meshtastic_preset_name(false, 0), "Custom");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_goes_out),
	    cmocka_unit_test(test_goes_out_in_clear_where_configured),
	    cmocka_unit_test(test_unknown_fields_go_out),
	    cmocka_unit_test(test_stays_here),
	    cmocka_unit_test(test_before_the_node_is_known),
	    cmocka_unit_test(test_no_room),
	    cmocka_unit_test(test_goes_out_once),
	    cmocka_unit_test(test_junk),
	    cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
