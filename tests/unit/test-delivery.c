/* One message on its way to the field: frames in order, acknowledgements, repetitions, and one end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/delivery.h"

static const struct delivery_settings settings = {.ack_timeout_ms = 30000, .retries = 2};

static struct entry *entry_to(const char *station)
{
	struct entry_parts parts = {.class = CLASS_ROUTINE,
				    .kind = KIND_TEXT,
				    .outlet = "lora",
				    .id = "c-1",
				    .station = station,
				    .topic = "",
				    .payload = "{}",
				    .payload_size = 2};
	return entry_new(&parts, 1);
}

struct rig {
	struct entry *entry;
	struct delivery *delivery;
};

static struct rig rig_new(unsigned parts, bool confirmable, bool sealed)
{
	struct air_plan plan = {.parts = parts, .confirmable = confirmable, .sealed = sealed};
	for (unsigned i = 0; i < parts; i++)
		plan.sizes[i] = 100 + i;
	struct rig rig = {.entry = entry_to("f-17")};
	rig.delivery = delivery_new(rig.entry, &plan, 7);
	return rig;
}

static void rig_free(struct rig *rig)
{
	delivery_free(rig->delivery);
	entry_unref(rig->entry);
}

/* Renders, where it must, and transmits the next frame, which must be this part. ref of part n: "f-17-<base + n>". */
static void fly(struct rig *rig, unsigned part, int64_t now_ms)
{
	assert_int_equal(delivery_stage(rig->delivery), DELIVERY_SENDING);
	assert_int_equal(delivery_part(rig->delivery), part);
	uint8_t bytes[4] = {(uint8_t)part, 1, 2, 3};
	if (!delivery_bytes(rig->delivery)) {
		struct air_utterance utterance = delivery_utterance(rig->delivery);
		assert_int_equal(utterance.part, part);
		assert_int_equal(utterance.id, 7);
		snprintf(utterance.ref, sizeof(utterance.ref), "f-17-%u", 4000 + part);
		assert_int_equal(delivery_rendered(rig->delivery, &utterance, bytes, sizeof(bytes)), 0);
	}
	assert_int_equal(delivery_size(rig->delivery), sizeof(bytes));
	assert_memory_equal(delivery_bytes(rig->delivery), bytes, sizeof(bytes));
	delivery_started(rig->delivery);
	delivery_went(rig->delivery, &settings, now_ms, 0);
}

static struct message ack_of(const char *station, const char *ref, int bitmap)
{
	struct message message;
	message_init(&message);
	message.kind = KIND_ACK;
	message.authenticity = AUTHENTICITY_VERIFIED;
	snprintf(message.station, sizeof(message.station), "%s", station);
	snprintf(message.ack.ref, sizeof(message.ack.ref), "%s", ref);
	message.ack.bitmap = bitmap;
	message.ack.level = bitmap < 0 ? ACK_BASE_SEEN : 0;
	return message;
}

static bool hear(struct rig *rig, const char *station, const char *ref, int bitmap)
{
	struct message message = ack_of(station, ref, bitmap);
	return delivery_heard(rig->delivery, &message);
}

static void test_unconfirmable(void **state)
{
	(void)state;
	struct rig rig = rig_new(2, false, false);
	assert_int_equal(delivery_size(rig.delivery), 100);
	assert_false(delivery_begun(rig.delivery));
	fly(&rig, 0, 0);
	assert_true(delivery_begun(rig.delivery));
	assert_int_equal(delivery_size(rig.delivery), 101);
	fly(&rig, 1, 0);
	assert_int_equal(delivery_stage(rig.delivery), DELIVERY_SENT);
	rig_free(&rig);
}

/* Nobody says whether it came: sent twice, the same bytes, and then it is as well sent as can be. */
static void test_blind_repetition(void **state)
{
	(void)state;
	struct delivery_settings twice = {
	    .ack_timeout_ms = 30000, .retries = 2, .blind_repeats = 1, .blind_gap_ms = 8000};
	struct rig rig = rig_new(1, false, true);
	struct air_utterance utterance = delivery_utterance(rig.delivery);
	delivery_rendered(rig.delivery, &utterance, "x", 1);
	delivery_started(rig.delivery);
	delivery_went(rig.delivery, &twice, 1000, 0.5);
	assert_int_equal(delivery_stage(rig.delivery), DELIVERY_AWAITING);
	assert_false(delivery_is_confirmable(rig.delivery));
	assert_int_equal(delivery_due_ms(rig.delivery), 13000);
	delivery_tick(rig.delivery, &twice, 12999);
	assert_int_equal(delivery_stage(rig.delivery), DELIVERY_AWAITING);
	delivery_tick(rig.delivery, &twice, 13000);
	assert_int_equal(delivery_stage(rig.delivery), DELIVERY_SENDING);
	assert_memory_equal(delivery_bytes(rig.delivery), "x", 1);
	delivery_started(rig.delivery);
	delivery_went(rig.delivery, &twice, 14000, 0.5);
	assert_int_equal(delivery_stage(rig.delivery), DELIVERY_SENT);
	rig_free(&rig);
}

static void test_rejected(void **state)
{
	(void)state;
	struct rig rig = rig_new(1, true, true);
	fly(&rig, 0, 0);
	struct message message = ack_of("f-17", "f-17-4000", -1);
	message.ack.level = ACK_NOT_UNDERSTOOD;
	message.ack.rejected = true;
	assert_true(delivery_heard(rig.delivery, &message));
	assert_int_equal(delivery_stage(rig.delivery), DELIVERY_REJECTED);
	/* It is over: nothing later makes it better. */
	assert_false(hear(&rig, "f-17", "f-17-4000", -1));
	delivery_confirm(rig.delivery);
	assert_int_equal(delivery_stage(rig.delivery), DELIVERY_REJECTED);
	rig_free(&rig);
}

static void test_confirmed(void **state)
{
	(void)state;
	struct rig rig = rig_new(1, true, true);
	fly(&rig, 0, 1000);
	assert_int_equal(delivery_stage(rig.delivery), DELIVERY_AWAITING);
	assert_int_equal(delivery_due_ms(rig.delivery), 31000);
	assert_false(hear(&rig, "f-18", "f-17-4000", -1)); /* another station */
	assert_false(hear(&rig, "f-17", "f-17-3999", -1));
	assert_false(hear(&rig, "f-17", "", -1));
	struct message forged = ack_of("f-17", "f-17-4000", -1);
	forged.authenticity = AUTHENTICITY_UNVERIFIED;
	assert_false(delivery_heard(rig.delivery, &forged));
	assert_int_equal(delivery_stage(rig.delivery), DELIVERY_AWAITING);
	assert_true(hear(&rig, "f-17", "f-17-4000", -1));
	assert_int_equal(delivery_stage(rig.delivery), DELIVERY_CONFIRMED);
	assert_false(hear(&rig, "f-17", "f-17-4000", -1)); /* said already */
	rig_free(&rig);
}

/* A network without seals: believed, but only if it is said to us. */
static void test_addressed(void **state)
{
	(void)state;
	struct rig rig = rig_new(1, true, false);
	struct air_utterance utterance = {.ref = "27", .from = "N0CALL-10"};
	delivery_rendered(rig.delivery, &utterance, "x", 1);
	delivery_started(rig.delivery);
	delivery_went(rig.delivery, &settings, 0, 0);
	struct message ack = ack_of("f-17", "27", -1);
	ack.authenticity = AUTHENTICITY_UNVERIFIED;
	snprintf(ack.to, sizeof(ack.to), "N0CALL-3");
	assert_false(delivery_heard(rig.delivery, &ack));
	snprintf(ack.to, sizeof(ack.to), "N0CALL-10");
	assert_true(delivery_heard(rig.delivery, &ack));
	assert_int_equal(delivery_stage(rig.delivery), DELIVERY_CONFIRMED);
	rig_free(&rig);
}

static void test_repeats_and_gives_up(void **state)
{
	(void)state;
	struct rig rig = rig_new(1, true, true);
	int64_t now_ms = 0;
	for (unsigned i = 0; i <= settings.retries; i++) {
		fly(&rig, 0, now_ms);
		assert_int_equal(delivery_due_ms(rig.delivery), now_ms + settings.ack_timeout_ms * (i + 1));
		now_ms = delivery_due_ms(rig.delivery);
		delivery_tick(rig.delivery, &settings, now_ms - 1);
		assert_int_equal(delivery_stage(rig.delivery), DELIVERY_AWAITING);
		delivery_tick(rig.delivery, &settings, now_ms);
	}
	assert_int_equal(delivery_stage(rig.delivery), DELIVERY_NO_ACK);
	rig_free(&rig);
}

static void test_jitter_stretches(void **state)
{
	(void)state;
	struct rig rig = rig_new(1, true, true);
	struct air_utterance utterance = delivery_utterance(rig.delivery);
	delivery_rendered(rig.delivery, &utterance, "x", 1);
	delivery_started(rig.delivery);
	delivery_went(rig.delivery, &settings, 0, 0.5);
	assert_int_equal(delivery_due_ms(rig.delivery), 37500);
	rig_free(&rig);
}

static void test_only_missing_parts_go_again(void **state)
{
	(void)state;
	struct rig rig = rig_new(5, true, true);
	for (unsigned i = 0; i < 5; i++)
		fly(&rig, i, 0);
	assert_int_equal(delivery_stage(rig.delivery), DELIVERY_AWAITING);
	assert_true(hear(&rig, "f-17", "f-17-4000", 0x15)); /* the second and the fourth are missing */
	fly(&rig, 1, 100);
	fly(&rig, 3, 200);
	assert_int_equal(delivery_stage(rig.delivery), DELIVERY_AWAITING);
	assert_int_equal(delivery_due_ms(rig.delivery), 30200);
	/* Nothing came of these: the last of what is missing asks again. */
	delivery_tick(rig.delivery, &settings, 30200);
	fly(&rig, 3, 30300);
	assert_true(hear(&rig, "f-17", "f-17-4000", 0x1d));
	fly(&rig, 1, 30400);
	struct delivery_progress progress = delivery_progress(rig.delivery);
	assert_int_equal(progress.parts, 5);
	assert_int_equal(progress.parts_done, 4);
	assert_true(hear(&rig, "f-17", "f-17-4000", 0x1f));
	assert_int_equal(delivery_stage(rig.delivery), DELIVERY_CONFIRMED);
	rig_free(&rig);
}

/* The acknowledgement of an earlier round comes while a frame is in the radio. */
static void test_heard_in_flight(void **state)
{
	(void)state;
	struct rig rig = rig_new(2, true, true);
	fly(&rig, 0, 0);
	fly(&rig, 1, 0);
	delivery_tick(rig.delivery, &settings, 30000);
	assert_int_equal(delivery_part(rig.delivery), 1);
	delivery_started(rig.delivery);
	assert_true(hear(&rig, "f-17", "f-17-4000", 0x2));
	assert_int_equal(delivery_stage(rig.delivery), DELIVERY_SENDING);
	delivery_went(rig.delivery, &settings, 30100, 0); /* part 1, again */
	fly(&rig, 0, 30200);
	assert_true(hear(&rig, "f-17", "f-17-4001", 0x3)); /* whichever part it names */
	assert_int_equal(delivery_stage(rig.delivery), DELIVERY_CONFIRMED);
	rig_free(&rig);
}

static void test_an_old_bitmap_is_no_progress(void **state)
{
	(void)state;
	struct rig rig = rig_new(2, true, true);
	fly(&rig, 0, 0);
	fly(&rig, 1, 0);
	assert_true(hear(&rig, "f-17", "f-17-4000", 0x1));
	fly(&rig, 1, 10);
	assert_true(hear(&rig, "f-17", "f-17-4000", 0x1)); /* a relay's copy: not again at once */
	assert_int_equal(delivery_stage(rig.delivery), DELIVERY_AWAITING);
	assert_true(hear(&rig, "f-17", "f-17-4000", 0xfc)); /* parts that do not exist */
	assert_int_equal(delivery_stage(rig.delivery), DELIVERY_AWAITING);
	rig_free(&rig);
}

static void test_failures(void **state)
{
	(void)state;
	struct rig rig = rig_new(1, true, true);
	assert_true(delivery_failed(rig.delivery, &settings));
	assert_true(delivery_failed(rig.delivery, &settings));
	assert_false(delivery_failed(rig.delivery, &settings));
	fly(&rig, 0, 0);
	delivery_give_up(rig.delivery);
	assert_int_equal(delivery_stage(rig.delivery), DELIVERY_NO_ACK);
	rig_free(&rig);
}

/* Whatever the addressee says, and whatever is lost, it ends: after a bounded number of frames. */
static void test_always_ends(void **state)
{
	(void)state;
	srand(5);
	for (unsigned run = 0; run < 2000; run++) {
		struct rig rig = rig_new(1 + (unsigned)rand() % AIR_PARTS_MAX, true, true);
		int64_t now_ms = 0;
		unsigned frames = 0;
		while (delivery_stage(rig.delivery) <= DELIVERY_AWAITING) {
			if (delivery_stage(rig.delivery) == DELIVERY_SENDING) {
				fly(&rig, delivery_part(rig.delivery), now_ms);
				frames++;
			} else if (rand() % 2) {
				int bitmap = rand() & 0xff;
				hear(&rig, "f-17", "f-17-4000", bitmap & rand());
			} else {
				now_ms = delivery_due_ms(rig.delivery);
				delivery_tick(rig.delivery, &settings, now_ms);
			}
			assert_true(frames <= 8 + 8 * (8 + settings.retries));
		}
		rig_free(&rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_unconfirmable),    cmocka_unit_test(test_blind_repetition),
	    cmocka_unit_test(test_rejected),         cmocka_unit_test(test_confirmed),
	    cmocka_unit_test(test_addressed),        cmocka_unit_test(test_repeats_and_gives_up),
	    cmocka_unit_test(test_jitter_stretches), cmocka_unit_test(test_only_missing_parts_go_again),
	    cmocka_unit_test(test_heard_in_flight),  cmocka_unit_test(test_an_old_bitmap_is_no_progress),
	    cmocka_unit_test(test_failures),         cmocka_unit_test(test_always_ends),
	};
	return cmocka_run_group_tests_name("delivery", tests, NULL, NULL);
}
