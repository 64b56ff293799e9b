/* What is handed to other gateways that answer as they like, or never, with radios, broker and process that come and go: each command has one
 * end, that end is true, and nothing is in two places. */
#include "gateway/log.h"
#include "gateway/siphash.h"
#include "tests/support/outgoing_chance.h"

enum { COMMANDS = 60, RUNS = 24, STEPS = 600, STATIONS = 3, GATEWAYS = 3, ORDERS = 4000 };

static const char *const gateways[GATEWAYS] = {"base2", "base3", "base4"};

/* One that a gateway was given, by its id; what it says of it is the same each time. */
struct order {
	char id[COMMAND_ID_MAX + 1];
	unsigned gateway, command;
	uint64_t whim;
	bool on_air, over, pending, recalled;
	int64_t answers_ms;
};

struct command {
	char id[16];
	bool taken, may_be_lost;
	bool confirmed, sent, on_air; /* as neighbours said, or radios */
};

static struct world {
	struct order orders[ORDERS];
	size_t order_count;
	struct command commands[COMMANDS];
	unsigned count;
	bool online, killed, away[GATEWAYS];
	unsigned handed, ended_there, recalled;
} world;

/* ---- the other gateways ---- */

static struct order *order_of(const char *id, unsigned gateway)
{
	for (size_t i = 0; i < world.order_count; i++)
		if (strcmp(world.orders[i].id, id) == 0)
			return &world.orders[i];
	assert_true(world.order_count < ORDERS);
	struct order *order = &world.orders[world.order_count++];
	*order = (struct order){.gateway = gateway, .whim = ((uint64_t)pick(1u << 16) << 16) + pick(1u << 16)};
	snprintf(order->id, sizeof(order->id), "%s", id);
	world.handed++;
	return order;
}

/* Which command an order speaks of: its text says so. */
static unsigned command_in(const char *json)
{
	const char *text = strstr(json, "\"text\":\"");
	assert_non_null(text);
	return (unsigned)atoi(text + 8);
}

static void take_back(const struct entry *entry)
{
	for (size_t i = 0; i < world.order_count; i++)
		if (memmem(entry_payload(entry), entry->payload_size, world.orders[i].id, strlen(world.orders[i].id)))
			world.orders[i].recalled = world.orders[i].whim & 4;
	world.recalled++;
}

static void take_order(const struct entry *entry)
{
	char json[1024], id[COMMAND_ID_MAX + 1], giver[MESSAGE_NAME_MAX];
	unsigned gateway = GATEWAYS;
	snprintf(json, sizeof(json), "%.*s", (int)entry->payload_size, (const char *)entry_payload(entry));
	snprintf(id, sizeof(id), "%s", entry_id(entry));
	assert_true(json_handed_by(id, giver));
	assert_string_equal(giver, "base1");
	for (unsigned i = 0; i < GATEWAYS; i++)
		if (strstr(entry_topic(entry), gateways[i]))
			gateway = i;
	assert_true(gateway < GATEWAYS);
	struct order *order = order_of(id, gateway);
	/* An id is one neighbour's and one command's for ever. */
	assert_int_equal(order->gateway, gateway);
	if (order->pending || order->over)
		assert_int_equal(order->command, command_in(json));
	order->command = command_in(json);
	order->pending = true;
	order->answers_ms = rig->now_ms + (int64_t)(order->whim % 90000);
}

static void tell(const struct order *order, enum receipt_stage stage, const char *code)
{
	struct handed_receipt receipt = {.stage = stage, .assumed = order->whim & 1};
	snprintf(receipt.id, sizeof(receipt.id), "%s", order->id);
	snprintf(receipt.code, sizeof(receipt.code), "%s", code);
	outgoing_answered(rig->down.outgoing, gateways[order->gateway], &receipt);
}

/* Whether its word still counts: it is awaited, or was until the message went another way. */
static bool is_heeded(const struct order *order)
{
	const struct handover *handover = rig->down.outgoing->handovers;
	const struct errand *errand = rig->down.outgoing->errands;
	while (handover && strcmp(handover->id, order->id) != 0 && strcmp(handover->past.left, order->id) != 0)
		handover = handover->next;
	while (errand && strcmp(errand->past.left, order->id) != 0)
		errand = errand->next;
	return handover || errand;
}

/* On the air before its end, or not; and one of many ends. */
static void answer(struct order *order)
{
	static const struct {
		enum receipt_stage stage;
		const char *code;
		bool on_air;
	} ends[] = {{RECEIPT_CONFIRMED, "", true},    {RECEIPT_SENT, "", true},
		    {RECEIPT_FAILED, "no_ack", true}, {RECEIPT_FAILED, "too_long", false},
		    {RECEIPT_FAILED, "lost", false},  {RECEIPT_EXPIRED, "", false},
		    {RECEIPT_CANCELLED, "", false},   {RECEIPT_QUEUED, "", false},
		    {RECEIPT_ON_AIR, "", true},       {RECEIPT_FAILED, "rejected", true}};
	unsigned end = (unsigned)(order->whim >> 8) % (sizeof(ends) / sizeof(*ends));
	struct command *command = &world.commands[order->command];
	order->pending = false;
	order->over = true;
	/* What was taken back in time goes nowhere. */
	if (order->recalled)
		end = 6;
	bool heeded = is_heeded(order);
	command->on_air |= heeded && ends[end].on_air;
	command->confirmed |= heeded && ends[end].stage == RECEIPT_CONFIRMED;
	command->sent |= heeded && ends[end].stage == RECEIPT_SENT;
	tell(order, RECEIPT_QUEUED, "");
	if (ends[end].on_air)
		tell(order, RECEIPT_ON_AIR, "");
	tell(order, ends[end].stage, ends[end].code);
	/* A receipt comes twice with QoS 1. */
	if (order->whim & 2)
		tell(order, ends[end].stage, ends[end].code);
	world.ended_there++;
}

static void answer_all(void)
{
	for (size_t i = 0; i < world.order_count; i++)
		if (world.orders[i].pending && !world.away[world.orders[i].gateway] &&
		    rig->now_ms >= world.orders[i].answers_ms)
			answer(&world.orders[i]);
}

static void deliver(void)
{
	struct entry *entry;
	while (world.online && (entry = schedule_take(rig->uplink, CLASS_DISTRESS, CLASS_BULK, rig->now_ms))) {
		if (entry_topic(entry)[0] == ENTRY_WHOLE_TOPIC && strstr(entry_topic(entry), "/cancel")) {
			take_back(entry);
		} else if (entry_topic(entry)[0] == ENTRY_WHOLE_TOPIC) {
			take_order(entry);
		} else {
			rig_note(entry);
			receipts_delivered(rig->down.receipts, entry_id(entry));
		}
		keeper_finish(rig->keeper, entry);
	}
}

/* What the broker says of the others. */
static void see(unsigned gateway)
{
	enum neighbour_news news = neighbours_state(rig->neighbours, gateways[gateway], !world.away[gateway], 1,
						    rig->now_ms);
	if (news == NEIGHBOUR_LEFT)
		outgoing_neighbour_left(rig->down.outgoing, gateways[gateway]);
	else if (news == NEIGHBOUR_BACK)
		outgoing_neighbour_back(rig->down.outgoing, gateways[gateway]);
}

static void go_online(bool online)
{
	world.online = online;
	if (!online)
		neighbours_lost_sight(rig->neighbours, rig->now_ms);
	for (unsigned i = 0; online && i < GATEWAYS; i++)
		see(i);
	outgoing_online(rig->down.outgoing, online);
}

static void come_or_go(unsigned gateway, bool away)
{
	world.away[gateway] = away;
	if (world.online)
		see(gateway);
}

/* ---- what must hold ---- */

static unsigned places[COMMANDS];

static bool count_place(void *context, const struct outgoing_item *item)
{
	(void)context;
	places[atoi(entry_id(item->entry) + 2)]++;
	return true;
}

static void check(void)
{
	memset(places, 0, sizeof(places));
	outgoing_each(rig->down.outgoing, count_place, NULL);
	for (unsigned i = 0; i < world.count; i++)
		if (places[i] > 1)
			fail_msg("%s is in %u places", world.commands[i].id, places[i]);
	for (const struct handover *handover = rig->down.outgoing->handovers; handover; handover = handover->next)
		if (handover->due_ms < rig->now_ms)
			fail_msg("%s is looked at no more", entry_id(handover->entry));
}

static void check_truth(const struct command *command)
{
	const struct rig_said *final = rig_final(command->id, !command->may_be_lost);
	if (!command->taken || command->may_be_lost)
		return;
	if (!final) {
		fail_msg("%s has no end", command->id);
		return;
	}
	if (final->stage == RECEIPT_CONFIRMED && !command->confirmed)
		fail_msg("%s was confirmed by nobody", command->id);
	if (final->stage == RECEIPT_SENT && !command->sent)
		fail_msg("%s was not sent", command->id);
	bool nowhere = final->stage == RECEIPT_EXPIRED || final->stage == RECEIPT_CANCELLED;
	if (nowhere && command->on_air && !world.killed)
		fail_msg("%s is %s, and was on the air", command->id, receipt_stage_name(final->stage));
}

/* ---- what happens ---- */

static void say_one(void)
{
	if (world.count == COMMANDS)
		return;
	struct command *command = &world.commands[world.count];
	struct message message;
	message_init(&message);
	message.kind = KIND_TEXT;
	/* A text that begins with a number from 1 to 8 goes in as many frames. */
	snprintf(message.text, sizeof(message.text), "0%u", world.count);
	snprintf(message.to, sizeof(message.to), "N0CALL-%u", pick(STATIONS));
	snprintf(command->id, sizeof(command->id), "c-%u", world.count++);
	memcpy(message.id, command->id, sizeof(command->id));
	message.life_ms = pick(2) ? 1000 + pick(400000) : 0;
	json_want_ack(&message, false);
	command->taken = route_down_send(&rig->down, "sec", &message, NULL) == 0;
}

static void report(void)
{
	char station[16];
	struct message_heard heard = {.hops = (int)pick(3), .rssi_dbm = -80.0 - pick(40)};
	snprintf(station, sizeof(station), "N0CALL-%u", pick(STATIONS));
	neighbours_heard(rig->neighbours, gateways[pick(GATEWAYS)], station, &heard, rig->now_ms);
}

static void end_a_frame(void)
{
	unsigned number = pick(RIG_RADIOS);
	struct radio *radio = &rig->radios[number];
	unsigned command = radio->busy ? (unsigned)atoi(radio->id + 2) : 0;
	if (!radio->busy)
		return;
	bool acknowledged = pick(3) == 0;
	world.commands[command].on_air = true;
	world.commands[command].confirmed |= acknowledged;
	rig_frame(number, acknowledged ? SEND_CONFIRMED : pick(5) ? SEND_DONE : SEND_FAILED, "refused");
}

static void again(bool kill)
{
	for (unsigned i = 0; i < world.count && kill; i++)
		world.commands[i].may_be_lost |= !rig_was_said(world.commands[i].id, RECEIPT_QUEUED);
	world.killed |= kill;
	rig_again(kill);
	go_online(world.online);
}

static void act(void)
{
	struct radio *radio = &rig->radios[pick(RIG_RADIOS)];
	switch (pick(15)) {
	case 0 ... 2:
		say_one();
		break;
	case 3 ... 5:
		report();
		break;
	case 6:
		end_a_frame();
		break;
	case 7:
		radio->up ? rig_unplug((unsigned)(radio - rig->radios)) : rig_plug((unsigned)(radio - rig->radios));
		break;
	case 8:
		go_online(!world.online || pick(3));
		break;
	case 9:
		if (world.count)
			route_down_cancel(&rig->down, world.commands[pick(world.count)].id);
		break;
	case 10:
		if (pick(6) == 0)
			again(pick(2));
		break;
	case 11:
		come_or_go(pick(GATEWAYS), pick(2));
		break;
	default:
		rig_pass(pick(4) ? pick(20000) : pick(120000));
	}
}

static void settle(void)
{
	rig_disk(SIZE_MAX);
	rig_run();
	deliver();
	answer_all();
	rig_run();
	check();
}

static void run(unsigned number)
{
	world = (struct world){.count = 0};
	chance = 88172645463325252u + number * 15485863u;
	log_set_level(LOG_LEVEL_ERROR);
	rig_new();
	rig->settings.neighbours = (struct neighbours_settings){
	    .enabled = true, .hold_ms = 60000, .report_every_ms = 60000};
	rig->settings.uplink.topic_prefix = "cresset/v1/op1/";
	rig_again(false);
	go_online(true);
	for (int i = 0; i < STEPS; i++) {
		act();
		settle();
	}
	go_online(true);
	for (unsigned i = 0; i < GATEWAYS; i++)
		come_or_go(i, false);
	for (int i = 0; i < 2000; i++) {
		for (unsigned radio = 0; radio < RIG_RADIOS; radio++)
			rig_plug(radio);
		if (pick(2))
			report();
		end_a_frame();
		rig_pass(i < 1000 ? 10000 : 60000);
		settle();
	}
	for (unsigned i = 0; i < world.count; i++)
		check_truth(&world.commands[i]);
	assert_null(rig->down.outgoing->handovers);
	rig_free();
}

static void test_any_order(void **state)
{
	(void)state;
	const char *only = getenv("CRESSET_RUN");
	unsigned handed = 0, ended = 0, recalled = 0;
	if (only)
		run((unsigned)atoi(only));
	for (unsigned i = 0; !only && i < RUNS; i++) {
		run(i);
		handed += world.handed;
		ended += world.ended_there;
		recalled += world.recalled;
	}
	print_message("%u orders, %u of them answered, %u taken back\n", handed, ended, recalled);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_any_order)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
