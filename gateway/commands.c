/* Carries out commands of headquarters. */
#include "gateway/commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/command.h"
#include "gateway/json_neighbour.h"
#include "gateway/log.h"
#include "gateway/publisher.h"
#include "gateway/receipts.h"

enum {
	UNREADABLE_MS = 10000, /* between two receipts for commands that nothing can name */
};

struct commands {
	const struct settings *settings;
	struct route *route;
	int64_t unreadable_ms; /* when the last such receipt was sent, 0 = never */
	struct counter *taken, *repeated, *turned_away, *retained, *unreadable, *id_taken, *flood;
};

/* ---- what cannot be named ---- */

static void say_unreadable(struct commands *commands, const char *code, const char *text)
{
	int64_t now_ms = clock_steady_ms();
	if (commands->unreadable_ms && now_ms - commands->unreadable_ms < UNREADABLE_MS)
		return;
	commands->unreadable_ms = now_ms;
	struct receipt receipt = {.command = RECEIPT_UNREADABLE,
				  .stage = RECEIPT_FAILED,
				  .code = code,
				  .text = text,
				  .class = CLASS_ROUTINE,
				  .at_ms = clock_wall_ms()};
	log_warning("commands: one cannot be taken (%s); its sender finds why on receipt/unreadable", code);
	route_receipt(commands->route, &receipt);
}

static void say_id_taken(struct commands *commands, const struct given_command *given)
{
	char text[COMMAND_ID_MAX + 64];
	snprintf(text, sizeof(text), "the id %s was taken by another command; give each one its own", given->id);
	commands->id_taken->value++;
	say_unreadable(commands, "id_taken", text);
}

/* ---- saying what became of a command ---- */

static void conclude(struct commands *commands, const struct given_command *given, enum receipt_stage stage,
		     const struct command_fault *fault)
{
	struct receipt receipt = {.command = given->id,
				  .stage = stage,
				  .code = fault ? fault->code : NULL,
				  .text = fault ? fault->text : NULL,
				  .status = given->status,
				  .class = CLASS_ROUTINE,
				  .at_ms = clock_wall_ms()};
	route_receipt(commands->route, &receipt);
}

/* Whether the command is new; otherwise it is answered. */
static bool is_new(struct commands *commands, const struct given_command *given, uint64_t content)
{
	struct receipts *receipts = route_receipts(commands->route);
	int found = receipts_find(receipts, given->id, content);
	if (found == -EEXIST) {
		commands->repeated->value++;
		receipts_repeat(receipts, given->id);
	} else if (found < 0) {
		say_id_taken(commands, given);
	}
	return found == 0;
}

/* Remembers one whose final receipt follows at once. */
static bool remember(struct commands *commands, const struct given_command *given, enum message_class class,
		     uint64_t content, bool turned_away)
{
	struct receipts_command command = {.id = given->id,
					   .what = given->what < COMMAND_NOTHING ? given->what : COMMAND_TEXT,
					   .class = class,
					   .status = given->status,
					   .content = content,
					   .taken_at_ms = clock_wall_ms()};
	return receipts_take(route_receipts(commands->route), &command, turned_away, clock_steady_ms()) == 0;
}

/* Each is remembered until a broker has its receipt. When they come faster than the line takes receipts, that has an end. */
static bool may_refuse(struct commands *commands)
{
	char text[160];
	if (receipts_refused(route_receipts(commands->route)) < RECEIPTS_REFUSED)
		return true;
	commands->flood->value++;
	snprintf(text, sizeof(text),
		 "the receipts of %d commands that were turned away still wait for the line; %llu more have none",
		 RECEIPTS_REFUSED, (unsigned long long)commands->flood->value);
	say_unreadable(commands, "flood", text);
	return false;
}

/* The command is new, and is not carried out. */
static void turn_away(struct commands *commands, const struct given_command *given, uint64_t content,
		      enum receipt_stage stage, const struct command_fault *fault)
{
	/* What has waited at the broker for too long comes all at once, and each of them has its end. */
	if (stage != RECEIPT_EXPIRED && !may_refuse(commands))
		return;
	commands->turned_away->value++;
	remember(commands, given, CLASS_ROUTINE, content, true);
	conclude(commands, given, stage, fault);
}

/* What a command says, as far as it matters whether another one is the same. The text is the caller's to free, NULL: out of memory. */
static char *canonical(const struct given_command *given)
{
	const struct message *message = &given->message;
	char text[512];
	size_t size;
	bool handed = given->audience == AUDIENCE_GATEWAY && given->what != COMMAND_CANCEL;
	if (given->what < COMMAND_ACK || handed)
		return json_outgoing(message, given->radio[0] ? given->radio : NULL, &size);
	snprintf(text, sizeof(text), "%s %s %s %s %d %d", command_what_name(given->what), given->ref,
		 message_status_name(given->status), message->ack.operator_id, (int)message->ack.level,
		 message->ack.eta_min);
	return strdup(text);
}

/* ---- messages for the field ---- */

static bool is_of(const struct commands *commands, const struct given_command *given)
{
	const char *organisation = settings_organisation(commands->settings, given->message.to);
	return strcmp(organisation, given->organisation) == 0 && strcmp(organisation, "unassigned") != 0;
}

static struct command_fault fault_of(const struct given_command *given, int error)
{
	switch (error) {
	case -ENODEV:
		if (given->radio[0] || !given->message.to[0])
			return (struct command_fault){"no_radio", "no such radio is running"};
		return (struct command_fault){"unknown_station", "no radio that is running speaks to such a station"};
	case -EINVAL:
		return (struct command_fault){"radio_needed", "there is more than one radio; say which"};
	case -ENOSPC:
		return (struct command_fault){"too_many", "too many commands are under way; try again later"};
	default:
		return (struct command_fault){"no_memory", "the gateway is out of memory"};
	}
}

static void carry_out_message(struct commands *commands, const struct given_command *given, uint64_t content)
{
	static const struct command_fault not_theirs = {
	    "not_allowed", "the station is not one of this organisation in the gateway's settings"};
	if (given->audience == AUDIENCE_ORGANISATION && !is_of(commands, given)) {
		turn_away(commands, given, content, RECEIPT_FAILED, &not_theirs);
		return;
	}
	int result = route_send(commands->route, given->sender, &given->message, given->radio[0] ? given->radio : NULL);
	if (result == 0) {
		commands->taken->value++;
		return;
	}
	struct command_fault fault = fault_of(given, result);
	turn_away(commands, given, content, RECEIPT_FAILED, &fault);
}

/* ---- what the gateway itself does ---- */

static void done(struct commands *commands, const struct given_command *given, enum message_class class,
		 uint64_t content, const struct command_fault *fault)
{
	commands->taken->value++;
	remember(commands, given, class, content, true);
	conclude(commands, given, fault ? RECEIPT_FAILED : RECEIPT_CONFIRMED, fault);
}

/* The security desk all; the officer what coord/ and org/ have. Of a check-in nothing more is said to others, duress or not. */
static bool may_acknowledge(const struct given_command *given, enum message_kind kind)
{
	return given->audience == AUDIENCE_SECURITY || kind == KIND_REQUEST || kind == KIND_TEXT || kind == KIND_NONE;
}

/* The station is told by an answer of the gateway's own, which has its own receipts where that is urgent. */
static void carry_out_ack(struct commands *commands, const struct given_command *given, uint64_t content)
{
	static const struct command_fault not_theirs = {"not_allowed", "this audience acknowledges requests and texts"},
					  not_found = {"not_found", "nothing of that id can be acknowledged here"},
					  already = {"already", "it was acknowledged at that level or above"};
	const struct message *ack = &given->message;
	enum message_kind kind = route_kind(commands->route, given->ref);
	if (!may_acknowledge(given, kind)) {
		turn_away(commands, given, content, RECEIPT_FAILED, &not_theirs);
		return;
	}
	int result = route_answer(commands->route, given->ref, ack->ack.level, ack->ack.operator_id, ack->ack.eta_min);
	const struct command_fault *fault = result == 0 ? NULL : result == -EALREADY ? &already : &not_found;
	done(commands, given, kind == KIND_INCIDENT ? CLASS_DISTRESS : CLASS_SAFETY, content, fault);
}

static void carry_out_cancel(struct commands *commands, const struct given_command *given, uint64_t content)
{
	static const struct command_fault not_found = {"not_found", "no command of that id waits here"},
					  too_late = {"too_late", "it is on the air, or was sent"};
	int result = route_cancel(commands->route, given->ref);
	const struct command_fault *fault = result == 0 ? NULL : result == -EBUSY ? &too_late : &not_found;
	done(commands, given, CLASS_SAFETY, content, fault);
}

/* What waits is put into the receipt as it is published. */
static void carry_out_list(struct commands *commands, const struct given_command *given, uint64_t content)
{
	done(commands, given, CLASS_ROUTINE, content, NULL);
}

/* Another gateway takes back what it has given itself, and nothing else. */
static void carry_out_recall(struct commands *commands, const struct given_command *given, uint64_t content)
{
	static const struct command_fault not_theirs = {"not_allowed", "that was not given by this gateway"};
	char giver[MESSAGE_NAME_MAX];
	if (json_handed_by(given->ref, giver) && strcmp(giver, given->organisation) == 0)
		carry_out_cancel(commands, given, content);
	else
		turn_away(commands, given, content, RECEIPT_FAILED, &not_theirs);
}

static void carry_out_handed(struct commands *commands, const struct given_command *given, uint64_t content)
{
	static const struct command_fault not_taken = {
	    "not_allowed", "this gateway takes nothing from that one (neighbours in its settings)"};
	if (!route_trusts(commands->route, given->organisation))
		turn_away(commands, given, content, RECEIPT_FAILED, &not_taken);
	else if (given->what == COMMAND_CANCEL)
		carry_out_recall(commands, given, content);
	else
		carry_out_message(commands, given, content);
}

static void carry_out(struct commands *commands, const struct given_command *given, uint64_t content)
{
	static void (*const how[])(struct commands * commands, const struct given_command *given, uint64_t content) = {
	    [COMMAND_TEXT] = carry_out_message,     [COMMAND_ALERT] = carry_out_message,
	    [COMMAND_ROLLCALL] = carry_out_message, [COMMAND_ACK] = carry_out_ack,
	    [COMMAND_CANCEL] = carry_out_cancel,    [COMMAND_LIST] = carry_out_list,
	};
	if (given->audience == AUDIENCE_GATEWAY)
		carry_out_handed(commands, given, content);
	else
		how[given->what](commands, given, content);
}

/* ---- the whole ---- */

/* What is left of a command's life in milliseconds: the earlier end counts; INT64_MAX = it has none of its own. Where this gateway does not
 * know the time it cannot say what expires_at means. */
static int64_t life_ms(const struct commands *commands, const struct given_command *given, int64_t expiry_s)
{
	int64_t left_ms = expiry_s >= 0 ? expiry_s * 1000 : INT64_MAX;
	bool knows_time = publisher_clock(commands->settings) != CLOCK_SOURCE_UNKNOWN;
	if (given->expires_at_ms && knows_time && given->expires_at_ms - clock_wall_ms() < left_ms)
		left_ms = given->expires_at_ms - clock_wall_ms();
	return left_ms;
}

static void take(struct commands *commands, struct given_command *given, int64_t expiry_s)
{
	char *text = canonical(given);
	if (!text)
		return;
	uint64_t content = route_content(commands->route, given->sender, text);
	free(text);
	if (!is_new(commands, given, content))
		return;
	int64_t left_ms = life_ms(commands, given, expiry_s);
	if (left_ms <= 0) {
		turn_away(commands, given, content, RECEIPT_EXPIRED, NULL);
		return;
	}
	given->message.life_ms = left_ms < INT64_MAX ? left_ms : 0;
	carry_out(commands, given, content);
}

/* One that is wrong has no other sameness than that of its bytes. */
static void take_wrong(struct commands *commands, const struct given_command *given, const struct command_fault *fault,
		       const struct uplink_command *command)
{
	char *text = strndup(command->payload ? command->payload : "", command->size);
	if (!text)
		return;
	uint64_t content = route_content(commands->route, command->topic, text);
	free(text);
	if (is_new(commands, given, content))
		turn_away(commands, given, content, RECEIPT_FAILED, fault);
}

/* Whoever subscribes later would get it again, whatever became of it. */
static bool is_retained(struct commands *commands, const struct uplink_command *command)
{
	if (!command->retained)
		return false;
	if (commands->retained->value++ == 0)
		log_warning(
		    "commands: one was published with \"retain\" and is not taken; its sender must not do that");
	return true;
}

static void receive(struct commands *commands, const struct uplink_command *command)
{
	struct given_command *given = malloc(sizeof(*given));
	struct command_fault fault;
	if (!given || is_retained(commands, command) ||
	    route_neighbour_answered(commands->route, command->topic, command->payload, command->size)) {
		free(given);
		return;
	}
	int result = command_read(command->topic, command->payload, command->size, given, &fault);
	if (result == 0) {
		take(commands, given, command->expiry_s);
	} else if (given->id[0]) {
		take_wrong(commands, given, &fault, command);
	} else {
		commands->unreadable->value++;
		say_unreadable(commands, fault.code, fault.text);
	}
	free(given);
}

bool commands_received(void *context, const struct uplink_command *command)
{
	struct commands *commands = context;
	receive(commands, command);
	return !receipts_await(route_receipts(commands->route), clock_steady_ms());
}

/* ---- the object ---- */

struct commands *commands_new(const struct settings *settings, struct route *route, struct counters *counters)
{
	struct commands *commands = calloc(1, sizeof(*commands));
	if (!commands)
		return NULL;
	*commands = (struct commands){
	    .settings = settings,
	    .route = route,
	    .taken = counters_get(counters, "commands", "taken"),
	    .repeated = counters_get(counters, "commands", "repeated"),
	    .turned_away = counters_get(counters, "commands", "turned_away"),
	    .retained = counters_get(counters, "commands", "drop.retained"),
	    .unreadable = counters_get(counters, "commands", "drop.unreadable"),
	    .id_taken = counters_get(counters, "commands", "drop.id_taken"),
	    .flood = counters_get(counters, "commands", "drop.flood"),
	};
	return commands;
}

void commands_free(struct commands *commands)
{
	free(commands);
}
