/* Meshtastic's topics: what goes out, what comes in, and what does neither. Frames and envelopes are made by @meshtastic/protobufs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/codec/meshtastic.h"
#include "drivers/codec/meshtastic_envelope.h"
#include "gateway/mesh_face.h"

#define MY_INFO      "08011a05088d98ac50" /* the own node is 0a0b0c0d */
#define CHANNEL_BARE "0803521612121210101112131415161718191a1b1c1d1e1f1801"
#define CHANNEL_OPS  "0803521d080112171210101112131415161718191a1b1c1d1e1f1a036f70731802"
#define CHANNEL_OFF  "0803521b080212171210101112131415161718191a1b1c1d1e1f1a036f6666"
#define PRESET       "08042a0a32080801100438034801" /* medium fast */
#define TEXT                                                                                                           \
	"080712400d201d3c4315ffffffff221608011210436f6e766f79203320617420676174654801354d3c2b1a3db0b2046b450000c84048" \
	"02609fffffffffffffffff017803"
#define TEXT_DATA   "08011210436f6e766f79203320617420676174654801"
#define TEXT_SEALED "e5d475e7746f48e4121d2a7cceec677a3a4948d5f20a" /* by python3-cryptography, key 20 21 ... 3f */
#define ENVELOPE                                                                                                       \
	"0a420d201d3c4315ffffffff186c2a163e66c3ef3a0b6ae05b23326ef60723d9305bd18b1d49354d3c2b1a3db0b2046b450000c84048" \
	"02609fffffffffffffffff01780312036f70731a09213062616463616665"
#define ENVELOPE_CLEAR                                                                                                 \
	"0a320d201d3c4315ffffffff186c2206080112026869354d3c2b1a3db0b2046b450000c8404802609fffffffffffffffff0178031203" \
	"6f70731a09213062616463616665"
#define OPS_TOPIC "msh/EU_868/2/e/ops/!0badcafe"

enum { NOW_MS = 1000000, MESH_RADIO = 1, RADIOS = 2 };

struct bench {
	struct mesh_channel channels[2];
	struct mesh_face_settings settings;
	struct counters *counters;
	struct mesh_face *face;
	bool no_room;
	unsigned published, heard;
	char topic[MESH_TOPIC_MAX], id[32], station[16];
	me_Envelope envelope;
	me_Packet packet;
	size_t radio;
};

static size_t bytes_of(const char *hex, uint8_t *bytes)
{
	size_t size = strlen(hex) / 2;
	for (size_t i = 0; i < size; i++)
		assert_int_equal(sscanf(hex + 2 * i, "%2hhx", &bytes[i]), 1);
	return size;
}

static bool on_publish(void *context, const struct mesh_envelope *envelope)
{
	struct bench *bench = context;
	if (bench->no_room)
		return false;
	bench->published++;
	snprintf(bench->topic, sizeof(bench->topic), "%s", envelope->topic);
	snprintf(bench->id, sizeof(bench->id), "%s", envelope->id);
	snprintf(bench->station, sizeof(bench->station), "%s", envelope->station);
	assert_true(meshtastic_envelope_read(envelope->bytes, envelope->size, &bench->envelope));
	return true;
}

static void on_hear(void *context, size_t radio, const struct datagram *datagram)
{
	struct bench *bench = context;
	mt_FromRadio from;
	bench->heard++;
	bench->radio = radio;
	/* As the air protocol will read it. */
	assert_true(meshtastic_read(datagram->bytes, datagram->size, &from));
	assert_non_null(meshtastic_packet(&from));
	assert_non_null(meshtastic_data(meshtastic_packet(&from)));
	assert_true(meshtastic_heard_read(datagram->bytes, datagram->size, &bench->packet));
}

static void hear_hex(struct bench *bench, size_t radio, const char *hex)
{
	uint8_t bytes[512];
	struct datagram datagram = {.bytes = bytes, .size = bytes_of(hex, bytes)};
	mesh_face_heard(bench->face, radio, &datagram, NOW_MS);
}

static void configure(struct bench *bench)
{
	static const char *const frames[] = {MY_INFO, CHANNEL_BARE, CHANNEL_OPS, CHANNEL_OFF, PRESET};
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
		hear_hex(bench, MESH_RADIO, frames[i]);
	assert_int_equal(bench->published, 0);
}

static void bench_new(struct bench *bench)
{
	memset(bench, 0, sizeof(*bench));
	bench->channels[0].name = "ops";
	bench->channels[1].name = "MediumFast";
	assert_int_equal(mesh_key_parse("EBESExQVFhcYGRobHB0eHw==", &bench->channels[0].key), MESH_KEY_FINE);
	assert_int_equal(mesh_key_parse("ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=", &bench->channels[1].key),
			 MESH_KEY_FINE);
	bench->settings = (struct mesh_face_settings){
	    .enabled = true, .receive = true, .root = "msh/EU_868", .channels = bench->channels, .channel_count = 2};
	bench->counters = counters_new();
	struct mesh_face_callbacks callbacks = {bench, on_publish, on_hear};
	bench->face = mesh_face_new(&bench->settings, RADIOS, &callbacks, bench->counters);
	assert_non_null(bench->face);
}

static void bench_free(struct bench *bench)
{
	mesh_face_free(bench->face);
	counters_free(bench->counters);
}

static void assert_counted(struct bench *bench, const char *name, unsigned count)
{
	uint64_t value = counters_get(bench->counters, "mesh_face", name)->value;
	if (value != count)
		fail_msg("%s: %u and not %u", name, (unsigned)value, count);
}

/* ---- out ---- */

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

struct kept {
	const char *reason;
	void (*change)(me_Packet *packet);
};

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
static void by_own_key(me_Packet *packet)
{
	packet->pki_encrypted = true;
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
static void no_sender(me_Packet *packet)
{
	packet->from = 0;
}
static void no_id(me_Packet *packet)
{
	packet->id = 0;
}
static void far(me_Packet *packet)
{
	packet->hop_limit = 8;
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

/* ---- in ---- */

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
	    cmocka_unit_test(test_comes_in),
	    cmocka_unit_test(test_own_words_do_not_come_back),
	    cmocka_unit_test(test_bad_topics),
	    cmocka_unit_test(test_bad_envelopes),
	    cmocka_unit_test(test_comes_in_in_clear_where_configured),
	    cmocka_unit_test(test_bad_packets),
	    cmocka_unit_test(test_flood),
	    cmocka_unit_test(test_nothing_comes_in_before_the_node_is_known),
	    cmocka_unit_test(test_filters),
	    cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
