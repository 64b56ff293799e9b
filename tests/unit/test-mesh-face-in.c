/* Meshtastic's topics: what of what other gateways publish comes in, and what does not. */
#include "tests/unit/mesh-face-fixture.h"

static void receive(struct bench *bench, const char *topic, const void *payload, size_t size)
{
	mesh_face_received(bench->face, topic, payload, size, NOW_MS);
}

static void receive_hex(struct bench *bench, const char *topic, const char *hex)
{
	uint8_t bytes[512];
	receive(bench, topic, bytes, bytes_of(hex, bytes));
}

static void test_comes_in(void **state)
{
	(void)state;
	struct bench bench;
	uint8_t data[64];
	bench_new(&bench);
	configure(&bench);
	receive_hex(&bench, OPS_TOPIC, ENVELOPE);
	assert_int_equal(bench.heard, 1);
	assert_int_equal(bench.radio, MESH_RADIO);
	assert_int_equal(bench.packet.from, 0x433c1d20);
	assert_int_equal(bench.packet.id, 0x1a2b3c4d);
	assert_int_equal(bench.packet.channel, 1);
	assert_int_equal(bench.packet.hop_limit, 2);
	assert_true(bench.packet.via_mqtt);
	/* The levels were another's. */
	assert_int_equal(bench.packet.rx_rssi, 0);
	assert_true(bench.packet.rx_snr == 0);
	assert_int_equal(bench.packet.content.decoded.size, bytes_of(TEXT_DATA, data));
	assert_memory_equal(bench.packet.content.decoded.bytes, data, bench.packet.content.decoded.size);
	/* From another gateway once more, and then over the air: neither again nor back. */
	receive_hex(&bench, OPS_TOPIC, ENVELOPE);
	assert_int_equal(bench.heard, 1);
	assert_counted(&bench, "drop.in.double", 1);
	hear_hex(&bench, MESH_RADIO, TEXT);
	assert_int_equal(bench.published, 0);
	assert_counted(&bench, "drop.out.double", 1);
	bench_free(&bench);
}

static void test_own_words_do_not_come_back(void **state)
{
	(void)state;
	struct bench bench;
	me_Envelope envelope;
	uint8_t bytes[512];
	bench_new(&bench);
	configure(&bench);
	hear_hex(&bench, MESH_RADIO, TEXT);
	assert_int_equal(bench.published, 1);
	size_t size = meshtastic_envelope_write(&bench.envelope, bytes, sizeof(bytes));
	receive(&bench, bench.topic, bytes, size);
	assert_counted(&bench, "drop.in.own", 1);
	/* Another gateway heard what the own node sent. */
	assert_true(meshtastic_envelope_read(bytes, bytes_of(ENVELOPE, bytes), &envelope));
	envelope.packet.from = 0x0a0b0c0d;
	size = meshtastic_envelope_write(&envelope, bytes, sizeof(bytes));
	receive(&bench, OPS_TOPIC, bytes, size);
	assert_counted(&bench, "drop.in.own", 2);
	assert_int_equal(bench.heard, 0);
	bench_free(&bench);
}

static void assert_in(const char *topic, const char *hex, const char *reason)
{
	struct bench bench;
	char counter[48];
	bench_new(&bench);
	configure(&bench);
	receive_hex(&bench, topic, hex);
	snprintf(counter, sizeof(counter), "drop.in.%s", reason);
	assert_counted(&bench, counter, 1);
	assert_int_equal(bench.heard, 0);
	bench_free(&bench);
}

static void test_bad_topics(void **state)
{
	(void)state;
	assert_in("msh/EU_868/2/e/PKI/!0badcafe", ENVELOPE, "other_channel");
	assert_in("msh/EU_868/2/e/MediumFast/!0badcafe", ENVELOPE, "bad_envelope");
	assert_in("msh/EU_868/2/e/ops/!0badcaff", ENVELOPE, "bad_envelope");
	assert_in("msh/EU_868/2/e/ops/!0badcafe0", ENVELOPE, "other_channel");
	assert_in("msh/EU_868/2/e/ops", ENVELOPE, "other_channel");
	assert_in("msh/EU_868/2/json/ops/!0badcafe", ENVELOPE, "other_channel");
	assert_in("msh/EU_868/2/e/a-name-that-no-channel-can-ever-have/!0badcafe", ENVELOPE, "other_channel");
	assert_in("msh", ENVELOPE, "other_channel");
	assert_in("", ENVELOPE, "other_channel");
}

static void test_bad_envelopes(void **state)
{
	(void)state;
	assert_in(OPS_TOPIC, "", "bad_envelope");
	assert_in(OPS_TOPIC, "12036f70731a09213062616463616665", "bad_envelope");
	assert_in(OPS_TOPIC, "7b2266726f6d223a317d", "bad_envelope");
	assert_in(OPS_TOPIC, ENVELOPE_CLEAR, "clear");
	char cut[sizeof(ENVELOPE)];
	for (size_t size = 2; size < sizeof(ENVELOPE) - 1; size += 2) {
		struct bench bench;
		memcpy(cut, ENVELOPE, size);
		cut[size] = '\0';
		bench_new(&bench);
		configure(&bench);
		receive_hex(&bench, OPS_TOPIC, cut);
		assert_int_equal(bench.heard, 0);
		bench_free(&bench);
	}
	uint8_t large[MESHTASTIC_ENVELOPE_MAX + 1] = {0};
	struct bench bench;
	bench_new(&bench);
	configure(&bench);
	receive(&bench, OPS_TOPIC, large, sizeof(large));
	assert_counted(&bench, "drop.in.bad_envelope", 1);
	bench_free(&bench);
}

static void test_comes_in_in_clear_where_configured(void **state)
{
	(void)state;
	struct bench bench;
	bench_new(&bench);
	bench.settings.clear = true;
	configure(&bench);
	receive_hex(&bench, OPS_TOPIC, ENVELOPE_CLEAR);
	assert_int_equal(bench.heard, 1);
	bench_free(&bench);
}

static void other_hash(me_Packet *packet)
{
	packet->channel ^= 1;
}
static void other_nonce(me_Packet *packet)
{
	packet->id ^= 1;
}
static void to_another(me_Packet *packet)
{
	packet->to = 0x11223344;
}
static void reseal(me_Packet *packet, const char *data)
{
	struct mesh_key key;
	assert_int_equal(mesh_key_parse("EBESExQVFhcYGRobHB0eHw==", &key), MESH_KEY_FINE);
	packet->content.encrypted.size = (pb_size_t)bytes_of(data, packet->content.encrypted.bytes);
	assert_true(mesh_crypt(&key, packet->from, packet->id, packet->content.encrypted.bytes,
			       packet->content.encrypted.size));
}
static void with_admin(me_Packet *packet)
{
	reseal(packet, "0806120268694801");
}
static void with_routing(me_Packet *packet)
{
	reseal(packet, "080512021800354d3c2b1a");
}

static void test_bad_packets(void **state)
{
	(void)state;
	static const struct kept kept[] = {
	    {"bad_packet", no_sender},  {"bad_packet", no_id},   {"bad_hops", far},
	    {"private", by_own_key},    {"private", to_another}, {"other_key", other_hash},
	    {"other_key", other_nonce}, {"admin", with_admin},   {"routing", with_routing}};
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		uint8_t bytes[512];
		me_Envelope envelope;
		struct bench bench;
		char counter[48];
		assert_true(meshtastic_envelope_read(bytes, bytes_of(ENVELOPE, bytes), &envelope));
		kept[i].change(&envelope.packet);
		bench_new(&bench);
		configure(&bench);
		receive(&bench, OPS_TOPIC, bytes, meshtastic_envelope_write(&envelope, bytes, sizeof(bytes)));
		snprintf(counter, sizeof(counter), "drop.in.%s", kept[i].reason);
		assert_counted(&bench, counter, 1);
		assert_int_equal(bench.heard, 0);
		bench_free(&bench);
	}
}

/* Positions of a flood are cut off; an alert among them is not. */
static void test_flood(void **state)
{
	(void)state;
	struct bench bench;
	uint8_t bytes[512];
	me_Envelope envelope, sent;
	bench_new(&bench);
	configure(&bench);
	assert_true(meshtastic_envelope_read(bytes, bytes_of(ENVELOPE, bytes), &envelope));
	for (uint32_t i = 1; i <= 300; i++) {
		sent = envelope;
		sent.packet.id = i;
		reseal(&sent.packet, "080312020d00");
		receive(&bench, OPS_TOPIC, bytes, meshtastic_envelope_write(&sent, bytes, sizeof(bytes)));
	}
	assert_int_equal(bench.heard, 200);
	assert_counted(&bench, "drop.in.flood", 100);
	sent = envelope;
	sent.packet.id = 1000;
	reseal(&sent.packet, "080b120446697265");
	receive(&bench, OPS_TOPIC, bytes, meshtastic_envelope_write(&sent, bytes, sizeof(bytes)));
	assert_int_equal(bench.heard, 201);
	/* Twenty a second come again. */
	for (uint32_t i = 301; i <= 330; i++) {
		sent = envelope;
		sent.packet.id = i;
		reseal(&sent.packet, "080312020d00");
		size_t size = meshtastic_envelope_write(&sent, bytes, sizeof(bytes));
		mesh_face_received(bench.face, OPS_TOPIC, bytes, size, NOW_MS + 1000);
	}
	assert_int_equal(bench.heard, 221);
	bench_free(&bench);
}

static void test_nothing_comes_in_before_the_node_is_known(void **state)
{
	(void)state;
	struct bench bench;
	bench_new(&bench);
	receive_hex(&bench, OPS_TOPIC, ENVELOPE);
	assert_counted(&bench, "drop.in.node_unknown", 1);
	assert_int_equal(bench.heard, 0);
	bench_free(&bench);
}

static void test_filters(void **state)
{
	(void)state;
	struct bench bench;
	char filter[MESH_TOPIC_MAX];
	bench_new(&bench);
	mesh_face_filter(bench.face, 0, filter);
	assert_string_equal(filter, "msh/EU_868/2/e/ops/+");
	mesh_face_filter(bench.face, 1, filter);
	assert_string_equal(filter, "msh/EU_868/2/e/MediumFast/+");
	mesh_face_filter(bench.face, 2, filter);
	assert_string_equal(filter, "");
	bench.settings.receive = false;
	mesh_face_filter(bench.face, 0, filter);
	assert_string_equal(filter, "");
	bench_free(&bench);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_comes_in),
	    cmocka_unit_test(test_own_words_do_not_come_back),
	    cmocka_unit_test(test_bad_topics),
	    cmocka_unit_test(test_bad_envelopes),
	    cmocka_unit_test(test_comes_in_in_clear_where_configured),
	    cmocka_unit_test(test_bad_packets),
	    cmocka_unit_test(test_flood),
	    cmocka_unit_test(test_nothing_comes_in_before_the_node_is_known),
	    cmocka_unit_test(test_filters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
