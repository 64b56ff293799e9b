/* A simulated handset (tests/support/handset.h) and the air protocol `field`, each written from the frame's rules alone, over a channel that
 * loses what it likes: long texts go both ways whole, once, and cost little more than what was lost. */
#include "gateway/delivery.h"
#include "tests/support/handset_words.h"
#include "tests/unit/air-field-fixture.h"

enum { STATION = 258, STEP_MS = 20, AIRTIME_MS = 300, RUN_MS = 20 * 60 * 1000 };

static struct {
	struct handset *handset;
	int64_t now_ms, speaks_until_ms; /* the handset transmits: it hears nothing */
	uint64_t random;
	double loss;
	bool mute; /* the gateway says nothing back */

	struct delivery *delivery;
	unsigned texts, again, given_up, acks, alerts, rollcalls;
	uint32_t heard_counter;
	int level;
	char text[FIELD_WHOLE_MAX];
	unsigned told; /* messages at the gateway */
	struct message message;
} world;

static bool is_lost(void)
{
	world.random = world.random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (double)(world.random >> 33) / (double)(UINT64_C(1) << 31) < world.loss;
}

static int64_t airtime_ms(void *context, size_t size)
{
	(void)context, (void)size;
	return AIRTIME_MS;
}

static uint32_t wall_s(void *context)
{
	(void)context;
	return (uint32_t)(TIME_S + world.now_ms / 1000);
}

static void to_handset(const uint8_t *bytes, size_t size)
{
	if (world.now_ms >= world.speaks_until_ms && !is_lost())
		handset_hear(world.handset, bytes, size, world.now_ms);
}

static void say_back(void)
{
	uint8_t bytes[FIELD_FRAME_MAX];
	ssize_t size = field->air->output(field->state, &record.said_back, NULL, bytes, sizeof(bytes));
	assert_true(size > 0);
	record.said_back_count = 0;
	world.speaks_until_ms = 0; /* the gateway waits for its end */
	if (!world.mute)
		to_handset(bytes, (size_t)size);
}

/* A frame of the handset at the gateway. */
static void transmit(void *context, const uint8_t *frame, size_t size)
{
	(void)context;
	world.speaks_until_ms = world.now_ms + AIRTIME_MS;
	if (is_lost())
		return;
	hear_bytes(frame, size);
	if (record.message_count) {
		world.message = record.message;
		if (world.message.kind != KIND_ACK)
			world.told++;
		if (world.delivery)
			delivery_heard(world.delivery, &world.message);
	}
	if (record.said_back_count)
		say_back();
}

static void told(void *context, const struct handset_event *event)
{
	(void)context;
	if (strcmp(event->what, "text") == 0) {
		world.texts++;
		world.heard_counter = event->counter;
		memcpy(world.text, event->text, event->text_size);
		world.text[event->text_size] = '\0';
	}
	if (strcmp(event->what, "ack") == 0) {
		world.acks++;
		world.level = event->level;
	}
	world.again += strcmp(event->what, "again") == 0;
	world.given_up += strcmp(event->what, "given_up") == 0;
	world.alerts += strcmp(event->what, "alert") == 0;
	world.rollcalls += strcmp(event->what, "rollcall") == 0;
}

static int begin(double loss, uint64_t seed, unsigned repeats)
{
	const struct handset_callbacks callbacks = {
	    .context = &station,
	    .seal = record_seal,
	    .open = record_open,
	    .airtime_ms = airtime_ms,
	    .transmit = transmit,
	    .told = told,
	    .wall_s = wall_s,
	};
	struct handset_settings settings = handset_defaults(STATION);
	start(gateway_61000);
	handset_free(world.handset);
	delivery_free(world.delivery);
	memset(&world, 0, sizeof(world));
	world.loss = loss;
	world.random = seed;
	settings.seed = seed;
	settings.repeats = repeats;
	world.handset = handset_new(&settings, &callbacks);
	return world.handset ? 0 : -1;
}

static int end(void **unused)
{
	handset_free(world.handset);
	delivery_free(world.delivery);
	memset(&world, 0, sizeof(world));
	return stop(unused);
}

static void step(void)
{
	world.now_ms += STEP_MS;
	record.now_us = 1000000 + world.now_ms * 1000;
	record.wall_ms = WALL_MS + world.now_ms;
	handset_tick(world.handset, world.now_ms);
	if (record.alarm_us && record.alarm_us <= record.now_us) {
		record.alarm_us = 0;
		field->air->alarm(field->state);
		if (record.said_back_count)
			say_back();
	}
}

static void run_ms(int64_t duration_ms)
{
	for (int64_t until_ms = world.now_ms + duration_ms; world.now_ms < until_ms;)
		step();
}

static void run_until_quiet(void)
{
	while (handset_due_ms(world.handset) != INT64_MAX && world.now_ms < RUN_MS)
		step();
}

static uint32_t say_words(const char *line)
{
	struct handset_words words;
	uint32_t counter;
	assert_true(handset_words_read(line, &words));
	assert_int_equal(handset_say(world.handset, &words, world.now_ms, &counter), 0);
	return counter;
}

static const char *some_text(size_t size)
{
	static char text[FIELD_WHOLE_MAX];
	for (size_t i = 0; i < size; i++)
		text[i] = (char)('a' + (i * 7 + size) % 26);
	text[size] = '\0';
	return text;
}

static void test_up_through_loss(void **unused)
{
	(void)unused;
	unsigned frames = 0, repeats = 0;
	for (uint64_t seed = 1; seed <= 150; seed++) {
		char line[FIELD_WHOLE_MAX + 8];
		const char *text = some_text(137 + (seed * 53) % 885);
		assert_int_equal(begin(0.3, seed, 20), 0);
		snprintf(line, sizeof(line), "text %s", text);
		say_words(line);
		run_until_quiet();
		assert_int_equal(world.given_up, 0);
		assert_int_equal(world.told, 1);
		assert_string_equal(world.message.text, text);
		frames += handset_counts(world.handset).frames;
		repeats += handset_counts(world.handset).repeats;
	}
	/* Of 10 frames 3 are lost, and each is repeated until it comes; what more there is asks for an answer that was lost. */
	unsigned first = frames - repeats;
	assert_in_range(frames * 100 / first, 140, 200);
}

static void send_frame(const struct message *message)
{
	uint8_t fresh[FIELD_FRAME_MAX];
	struct air_utterance utterance = delivery_utterance(world.delivery);
	if (!delivery_bytes(world.delivery)) {
		ssize_t size = field->air->output(field->state, message, &utterance, fresh, sizeof(fresh));
		assert_true(size > 0);
		assert_int_equal(delivery_rendered(world.delivery, &utterance, fresh, (size_t)size), 0);
	}
	delivery_started(world.delivery);
	run_ms(AIRTIME_MS);
	to_handset(delivery_bytes(world.delivery), delivery_size(world.delivery));
}

/* Until it is delivered or given up. Returns how many frames it took. */
static unsigned deliver(const struct message *message)
{
	static const struct delivery_settings settings = {.ack_timeout_ms = 4000, .retries = 20};
	const struct entry_parts parts = {.kind = message->kind,
					  .outlet = "lora",
					  .id = "x",
					  .topic = "",
					  .station = message->to,
					  .payload = "{}",
					  .payload_size = 2};
	struct entry *entry = entry_new(&parts, 1);
	struct air_plan plan;
	unsigned frames = 0;
	assert_int_equal(field->air->plan(field->state, message, &plan), 0);
	world.delivery = delivery_new(entry, &plan, (uint16_t)world.random);
	assert_non_null(world.delivery);
	while (delivery_stage(world.delivery) <= DELIVERY_AWAITING && world.now_ms < RUN_MS) {
		if (delivery_stage(world.delivery) == DELIVERY_SENDING) {
			send_frame(message);
			delivery_went(world.delivery, &settings, world.now_ms, 0.5);
			frames++;
		} else {
			step();
			delivery_tick(world.delivery, &settings, world.now_ms);
		}
	}
	entry_unref(entry);
	return frames;
}

static void test_down_through_loss(void **unused)
{
	(void)unused;
	unsigned frames = 0, needed = 0;
	for (uint64_t seed = 1; seed <= 150; seed++) {
		assert_int_equal(begin(0.3, seed, 3), 0);
		struct message message = saying(KIND_TEXT, "f-258", some_text(135 + (seed * 53) % 887));
		struct air_plan plan;
		assert_int_equal(field->air->plan(field->state, &message, &plan), 0);
		frames += deliver(&message);
		needed += plan.parts;
		assert_int_equal(delivery_stage(world.delivery), DELIVERY_CONFIRMED);
		assert_int_equal(world.texts, 1);
		assert_string_equal(world.text, message.text);
	}
	assert_in_range(frames * 100 / needed, 140, 200);
}

/* Without losses each piece goes once, and one answer comes. */
static void test_nothing_is_lost(void **unused)
{
	(void)unused;
	char line[FIELD_WHOLE_MAX + 8];
	assert_int_equal(begin(0, 1, 3), 0);
	struct message message = saying(KIND_TEXT, "f-258", some_text(1021));
	assert_int_equal(deliver(&message), 8);
	assert_int_equal(handset_counts(world.handset).frames, 1);
	assert_int_equal(world.again, 0);
	snprintf(line, sizeof(line), "text %s", some_text(1021));
	say_words(line);
	run_until_quiet();
	assert_int_equal(handset_counts(world.handset).frames, 1 + 8);
	assert_int_equal(world.told, 1);
}

static void acknowledge(const char *ref, enum ack_level level)
{
	struct message ack = saying(KIND_ACK, "f-258", "");
	uint8_t bytes[FIELD_FRAME_MAX];
	snprintf(ack.ack.ref, sizeof(ack.ack.ref), "%s", ref);
	ack.ack.level = level;
	ssize_t size = field->air->output(field->state, &ack, NULL, bytes, sizeof(bytes));
	assert_true(size > 0);
	to_handset(bytes, (size_t)size);
}

/* Three repetitions, later and later, and the gateway hears of each; until somebody has stored it. */
static void test_alert_goes_until_it_is_stored(void **unused)
{
	(void)unused;
	assert_int_equal(begin(0, 1, 3), 0);
	say_words("alert fire");
	run_until_quiet();
	assert_int_equal(world.given_up, 1);
	assert_int_equal(handset_counts(world.handset).frames, 4);
	assert_int_equal(world.told, 1);
	assert_true(world.now_ms > (1 + 2 + 3 + 4) * 8000 && world.now_ms < (1 + 2 + 3 + 4) * 12000 + 2000);
	uint32_t counter = say_words("alert fire");
	run_ms(9 * 1000);
	char ref[32];
	snprintf(ref, sizeof(ref), "f-258-%u", counter);
	acknowledge(ref, ACK_STORED);
	run_until_quiet();
	assert_int_equal(world.given_up, 1);
	assert_int_equal(world.acks, 1);
	assert_int_equal(world.level, ACK_STORED);
	assert_in_range(handset_counts(world.handset).frames, 5, 6);
}

/* Its answer is lost: the same frame comes again, is told once and answered twice. */
static void test_text_is_answered_each_time(void **unused)
{
	(void)unused;
	assert_int_equal(begin(0, 1, 3), 0);
	struct message message = saying(KIND_TEXT, "f-258", "by the north road");
	struct frame frame;
	message.ack_wanted = true;
	assert_true(say(&message, &frame) > 0);
	for (int i = 0; i < 2; i++) {
		to_handset(frame.bytes, frame.size);
		run_ms(1000);
		assert_int_equal(world.message.kind, KIND_ACK);
		assert_int_equal(world.message.ack.level, ACK_STORED);
		assert_string_equal(world.message.ack.ref, "f-258-0");
	}
	assert_int_equal(world.texts, 1);
	assert_int_equal(world.again, 1);
	assert_int_equal(handset_counts(world.handset).frames, 2);
	assert_int_equal(handset_seen(world.handset, world.heard_counter, world.now_ms), 0);
	run_until_quiet();
	assert_int_equal(world.message.ack.level, ACK_BASE_SEEN);
}

static void test_roll_call_is_answered_in_its_slot(void **unused)
{
	(void)unused;
	assert_int_equal(begin(0, 1, 0), 0);
	struct message message = saying(KIND_ROLLCALL, "", "");
	struct frame frame;
	message.body_kind = KIND_ROLLCALL;
	message.body.rollcall = (struct body_rollcall){.id = 12, .window_min = 10, .slot_s = 20, .group = -1};
	assert_true(say(&message, &frame) > 0);
	to_handset(frame.bytes, frame.size);
	/* 30 slots; 258 is the 19th, counted from 1. */
	run_ms(18 * 20000 - 100);
	assert_int_equal(world.told, 0);
	run_ms(1000);
	assert_int_equal(world.rollcalls, 1);
	assert_int_equal(world.told, 1);
	assert_int_equal(world.message.kind, KIND_CHECKIN);
	assert_int_equal(world.message.body.checkin.rollcall, 12);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_up_through_loss, end),
	    cmocka_unit_test_teardown(test_down_through_loss, end),
	    cmocka_unit_test_teardown(test_nothing_is_lost, end),
	    cmocka_unit_test_teardown(test_alert_goes_until_it_is_stored, end),
	    cmocka_unit_test_teardown(test_text_is_answered_each_time, end),
	    cmocka_unit_test_teardown(test_roll_call_is_answered_in_its_slot, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
