/* The golden vectors with real keys: gateway/keys opens and seals, gateway/replay counts, and drivers/air/field makes of every frame what
 * tests/vectors/field.json says. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "drivers/codec/field.h"
#include "gateway/keys.h"
#include "gateway/replay.h"
#include "tests/support/driver_services.h"
#include "tests/support/hex.h"

static json_t *vectors;
static struct keys *master, *derived; /* the same stations, with and without the master */

/* The record comes first: the pretended services find it there. */
struct gateway {
	struct record record;
	struct keys *keys;
	struct replay *replay;
	struct driver_under_test *field;
};

static const json_t *member(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	if (!value)
		fail_msg("no member %s", name);
	return value;
}

static const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(member(object, name));
}

static int number_of(const json_t *object, const char *name)
{
	return (int)json_integer_value(member(object, name));
}

static const char *key_of(int station, int epoch)
{
	size_t i;
	const json_t *key;
	json_array_foreach(member(vectors, "keys"), i, key)
	{
		if (number_of(key, "station") == station && number_of(key, "epoch") == epoch)
			return text_of(key, "key");
	}
	return NULL;
}

static struct keys *read_keys(json_t *file)
{
	char error[256];
	char *text = json_dumps(file, 0);
	struct keys *keys = keys_parse("vectors", text, strlen(text), error, sizeof(error));
	if (!keys)
		print_error("%s\n", error);
	free(text);
	json_decref(file);
	return keys;
}

/* What a gateway without the master is given: this epoch's key, and the one before. */
static json_t *derived_entry(int station, int epoch)
{
	const char *before = epoch ? key_of(station, epoch - 1) : NULL;
	return json_pack("{s:i, s:i, s:s, s:s*}", "station", station, "epoch", epoch, "key", key_of(station, epoch),
			 "before", before);
}

static int load(void **unused)
{
	(void)unused;
	vectors = json_load_file(CRESSET_SOURCE_DIR "/tests/vectors/field.json", 0, NULL);
	if (!vectors)
		return -1;
	json_t *with = json_array(), *without = json_array();
	const char *name;
	json_t *epoch;
	json_object_foreach(json_object_get(vectors, "current_epochs"), name, epoch)
	{
		int station = atoi(name), number = (int)json_integer_value(epoch);
		json_array_append_new(with, json_pack("{s:i, s:i}", "station", station, "epoch", number));
		json_array_append_new(without, derived_entry(station, number));
	}
	master = read_keys(json_pack("{s:s, s:s, s:o}", "format", "cresset keys 1", "master",
				     text_of(vectors, "master"), "stations", with));
	derived = read_keys(json_pack("{s:s, s:o}", "format", "cresset keys 1", "stations", without));
	return master && derived ? 0 : -1;
}

static int unload(void **unused)
{
	(void)unused;
	keys_free(master);
	keys_free(derived);
	json_decref(vectors);
	return 0;
}

static int real_seal(void *owner, struct sealed *sealed)
{
	return keys_seal(((struct gateway *)owner)->keys, sealed);
}

static int real_open(void *owner, struct sealed *sealed, unsigned epochs_back)
{
	return keys_open(((struct gateway *)owner)->keys, sealed, epochs_back);
}

static int real_take(void *owner, uint16_t station, unsigned epochs_back, uint32_t counter)
{
	struct gateway *gateway = owner;
	struct keys_entry entry;
	assert_int_equal(keys_find(gateway->keys, station, &entry), 0);
	assert_true(entry.epoch >= epochs_back);
	return replay_take(gateway->replay, station, (uint8_t)(entry.epoch - epochs_back), counter);
}

static struct gateway *gateway_new(struct keys *keys, const struct driver_setting *settings)
{
	struct gateway *gateway = calloc(1, sizeof(*gateway));
	assert_non_null(gateway);
	gateway->record.wall_ms = INT64_C(1795477207000);
	gateway->keys = keys;
	gateway->replay = replay_new(16);
	gateway->field = air_under_test("field", &gateway->record, settings);
	assert_int_equal(gateway->field->init_result, 0);
	gateway->field->services.seal = real_seal;
	gateway->field->services.open = real_open;
	gateway->field->services.take_counter = real_take;
	return gateway;
}

static void gateway_free(struct gateway *gateway)
{
	driver_under_test_free(gateway->field);
	replay_free(gateway->replay);
	free(gateway);
}

/* What became of a frame: how authentic the message is, why there is none, "" = it waits for others. */
static const char *hear(struct gateway *gateway, const char *frame)
{
	uint8_t bytes[512];
	struct datagram datagram = {.bytes = bytes, .size = hex_whole(frame, bytes, sizeof(bytes))};
	record_clear(&gateway->record);
	gateway->field->air->input(gateway->field->state, &datagram);
	assert_true(gateway->record.message_count + gateway->record.drop_count <= 1);
	if (gateway->record.message_count)
		return message_authenticity_name(gateway->record.message.authenticity);
	return gateway->record.drop_count ? gateway->record.drops[0] : "";
}

static void test_derived_keys(void **unused)
{
	(void)unused;
	size_t i;
	const json_t *vector;
	json_array_foreach(member(vectors, "keys"), i, vector)
	{
		uint8_t expected[KEYS_KEY_SIZE], key[KEYS_KEY_SIZE];
		hex_whole(text_of(vector, "key"), expected, sizeof(expected));
		assert_int_equal(keys_derive(master, (uint16_t)number_of(vector, "station"),
					     (uint8_t)number_of(vector, "epoch"), key),
				 0);
		assert_memory_equal(key, expected, sizeof(key));
	}
	assert_true(i >= 8);
}

static void test_every_frame_is_verified(void **unused)
{
	(void)unused;
	struct keys *const both[] = {master, derived};
	for (size_t which = 0; which < 2; which++) {
		struct gateway *gateway = gateway_new(both[which], NULL);
		size_t i, told = 0;
		const json_t *vector;
		json_array_foreach(member(vectors, "frames"), i, vector)
		{
			bool down = json_is_true(member(member(vector, "header"), "down"));
			const char *outcome = hear(gateway, text_of(vector, "frame"));
			if (strcmp(outcome, down ? "field_down" : "VERIFIED") != 0)
				fail_msg("%s: %s", text_of(vector, "name"), outcome);
			if (!down &&
			    (int)gateway->record.message.body_kind != number_of(member(vector, "header"), "kind"))
				fail_msg("%s: no body", text_of(vector, "name"));
			told += !down;
		}
		assert_true(told >= 40);
		gateway_free(gateway);
	}
}

static void test_receiver(void **unused)
{
	(void)unused;
	size_t i, k;
	const json_t *vector, *heard;
	json_array_foreach(member(vectors, "receiver"), i, vector)
	{
		struct gateway *gateway = gateway_new(
		    derived, (const struct driver_setting[]){{"station", "61000"}, {NULL, NULL}});
		json_array_foreach(member(vector, "heard"), k, heard)
		{
			const char *outcome = hear(gateway, text_of(heard, "frame"));
			if (strcmp(outcome, text_of(heard, "outcome")) != 0)
				fail_msg("%s, frame %zu: %s", text_of(vector, "name"), k + 1, outcome);
		}
		assert_true(k > 0);
		gateway_free(gateway);
	}
	assert_true(i >= 25);
}

static void test_fragments(void **unused)
{
	(void)unused;
	struct gateway *gateway = gateway_new(master, NULL);
	const json_t *fragments = member(vectors, "fragments"), *frames = member(fragments, "frames");
	size_t count = json_array_size(frames);
	assert_true(count > 2);
	for (size_t i = count - 1; i > 0; i--)
		assert_string_equal(hear(gateway, json_string_value(json_array_get(frames, i))), "");
	assert_string_equal(hear(gateway, json_string_value(json_array_get(frames, 0))), "VERIFIED");
	assert_string_equal(gateway->record.message.text, text_of(fragments, "text"));
	assert_string_equal(gateway->record.message.id, text_of(fragments, "id"));
	gateway_free(gateway);
}

static void assert_frame(const uint8_t *bytes, ssize_t size, const char *expected)
{
	uint8_t frame[FIELD_FRAME_MAX];
	assert_int_equal(size, hex_whole(expected, frame, sizeof(frame)));
	assert_memory_equal(bytes, frame, (size_t)size);
}

static const struct driver_setting gateway_61000[] = {{"station", "61000"}, {NULL, NULL}};

static void test_fragments_down(void **unused)
{
	(void)unused;
	struct gateway *gateway = gateway_new(derived, gateway_61000);
	const json_t *fragments = member(vectors, "fragments_down"), *frames = member(fragments, "frames");
	struct message message;
	struct air_plan plan;
	message_init(&message);
	message.kind = message.body_kind = KIND_TEXT;
	message.body.text.language = 2;
	snprintf(message.to, sizeof(message.to), "%s", text_of(fragments, "to"));
	snprintf(message.text, sizeof(message.text), "%s", text_of(fragments, "text"));
	gateway->record.next_counter = (uint32_t)number_of(fragments, "first_counter");
	assert_int_equal(gateway->field->air->plan(gateway->field->state, &message, &plan), 0);
	assert_int_equal(plan.parts, json_array_size(frames));
	assert_true(plan.parts > 2);
	for (unsigned part = 0; part < plan.parts; part++) {
		struct air_utterance utterance = {.part = part, .id = (uint16_t)number_of(fragments, "fragment_id")};
		uint8_t bytes[FIELD_FRAME_MAX];
		ssize_t size = gateway->field->air->output(gateway->field->state, &message, &utterance, bytes,
							   sizeof(bytes));
		assert_frame(bytes, size, json_string_value(json_array_get(frames, part)));
		gateway->record.wall_ms += 30000;
	}
	gateway_free(gateway);
}

static void hear_exchange(const json_t *exchange, int first_counter)
{
	struct gateway *gateway = gateway_new(derived, gateway_61000);
	size_t i;
	const json_t *step;
	gateway->record.next_counter = (uint32_t)first_counter;
	gateway->record.now_us = 1;
	json_array_foreach(member(exchange, "heard"), i, step)
	{
		const char *said = json_string_value(member(step, "said"));
		uint8_t bytes[FIELD_FRAME_MAX];
		hear(gateway, text_of(step, "frame"));
		if (gateway->record.said_back_count != (said != NULL))
			fail_msg("%s, frame %zu", text_of(exchange, "name"), i + 1);
		if (!said)
			continue;
		ssize_t size = gateway->field->air->output(gateway->field->state, &gateway->record.said_back, NULL,
							   bytes, sizeof(bytes));
		assert_frame(bytes, size, said);
	}
	gateway_free(gateway);
}

static void test_fragment_acks(void **unused)
{
	(void)unused;
	size_t i;
	const json_t *acks = member(vectors, "fragment_acks"), *exchange;
	json_array_foreach(member(acks, "exchanges"), i, exchange)
	{
		hear_exchange(exchange, number_of(acks, "first_counter"));
	}
	assert_true(i >= 5);
}

/* What a gateway says is, to the bit, what the vector has. */
static void test_said(void **unused)
{
	(void)unused;
	static const char *const encrypt[] = {"true", "false"};
	const char *const names[] = {"ack of a command, down, encrypted", "ack of a command, down, authenticated only"};
	size_t i, done = 0;
	const json_t *vector;
	json_array_foreach(member(vectors, "frames"), i, vector)
	{
		size_t which = strcmp(text_of(vector, "name"), names[0]) == 0 ? 0 : 1;
		if (strcmp(text_of(vector, "name"), names[which]) != 0)
			continue;
		struct gateway *gateway = gateway_new(
		    master,
		    (const struct driver_setting[]){{"station", "61000"}, {"encrypt", encrypt[which]}, {NULL, NULL}});
		struct message message;
		uint8_t expected[FIELD_FRAME_MAX], bytes[FIELD_FRAME_MAX];
		size_t size = hex_whole(text_of(vector, "frame"), expected, sizeof(expected));
		message_init(&message);
		message.kind = KIND_ACK;
		snprintf(message.ack.ref, sizeof(message.ack.ref), "f-7-305419896");
		message.ack.level = ACK_BASE_SEEN;
		gateway->record.next_counter = (uint32_t)number_of(member(vector, "header"), "counter");
		assert_int_equal(
		    gateway->field->air->output(gateway->field->state, &message, NULL, bytes, sizeof(bytes)), size);
		assert_memory_equal(bytes, expected, size);
		gateway_free(gateway);
		done++;
	}
	assert_int_equal(done, 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_derived_keys),   cmocka_unit_test(test_every_frame_is_verified),
	    cmocka_unit_test(test_receiver),       cmocka_unit_test(test_fragments),
	    cmocka_unit_test(test_fragments_down), cmocka_unit_test(test_fragment_acks),
	    cmocka_unit_test(test_said),
	};
	return cmocka_run_group_tests(tests, load, unload);
}
