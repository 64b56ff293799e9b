/* The tables of bodies: every member lies inside its message, alone or shared on purpose, and holds what is put into it. */
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/message_body.h"
#include "drivers/message_names.h"

static void check_member(const struct body_member *member)
{
	assert_true(member->offset + member->size <= sizeof(struct message));
	assert_true(strspn(member->name, "abcdefghijklmnopqrstuvwxyz_") == strlen(member->name));
	bool named = member->type == BODY_NAME || member->type == BODY_BITS;
	assert_int_equal(named, member->names != NULL);
	bool sized = member->size == 1 || member->size == 2 || member->size == 4 || member->size == 8;
	assert_true(sized || member->type == BODY_ID || member->type == BODY_TEXT);
	if (member->down && (named || member->type == BODY_INTEGER || member->type == BODY_NUMBER))
		assert_true(member->least < member->most);
	if (member->down && named && member->names) /* a command that may say it must find it */
		assert_true((size_t)member->most < member->names->count && member->names->names[member->most]);
}

static void test_tables(void **state)
{
	(void)state;
	for (enum message_kind kind = KIND_NONE; kind < KIND_COUNT; kind++) {
		const struct body_table table = message_body_table(kind);
		assert_int_equal(table.count > 0, kind >= KIND_DISTRESS && kind <= KIND_MOVEMENT);
		for (size_t i = 0; i < table.count; i++) {
			check_member(&table.members[i]);
			for (size_t j = 0; j < i; j++)
				assert_string_not_equal(table.members[i].name, table.members[j].name);
		}
	}
	for (size_t i = 0; i < message_body_common().count; i++)
		check_member(&message_body_common().members[i]);
	assert_int_equal(message_body_table(KIND_COUNT).count, 0);
	assert_int_equal(message_body_table((enum message_kind) - 1).count, 0);
}

/* What is put into one member must come out of it, and must not change another. */
static void test_members_do_not_overlap(void **state)
{
	(void)state;
	for (enum message_kind kind = KIND_DISTRESS; kind <= KIND_MOVEMENT; kind++) {
		const struct body_table table = message_body_table(kind);
		for (size_t i = 0; i < table.count; i++) {
			const struct body_member *member = &table.members[i];
			struct message message, before;
			message_init(&message);
			message_body_init(kind, &message.body);
			before = message;
			if (member->type == BODY_ID || member->type == BODY_TEXT || member->type == BODY_NUMBER)
				continue;
			message_body_set(&message, member, 1);
			assert_int_equal(message_body_get(&message, member), 1);
			memcpy((char *)&before + member->offset, (char *)&message + member->offset, member->size);
			assert_memory_equal(&before, &message, sizeof(message));
		}
	}
}

static void test_not_given(void **state)
{
	(void)state;
	union message_body body;
	message_body_init(KIND_DISTRESS, &body);
	assert_int_equal(body.distress.nature, NATURE_UNSPECIFIED);
	assert_int_equal(body.distress.persons, -1);
	assert_int_equal(body.distress.battery_pct, -1);
	message_body_init(KIND_ALERT, &body);
	assert_true(isnan(body.alert.radius_m));
	assert_int_equal(body.alert.expires_at_ms, 0);
	assert_int_equal(body.alert.persons, -1);
	assert_string_equal(body.alert.ref, "");
	message_body_init(KIND_CHECKIN, &body);
	assert_int_equal(body.checkin.rollcall, -1);
	message_body_init(KIND_ACTIVITY, &body);
	assert_int_equal(body.activity.id, -1);
	assert_int_equal(body.activity.number, -1);
	assert_int_equal(body.activity.start_day, -1);
	assert_int_equal(body.activity.end_day, -1);
	message_body_init(KIND_TELEMETRY, &body);
	assert_int_equal(body.telemetry.battery_mv, INT_MIN);
	assert_int_equal(body.telemetry.temperature_c, INT_MIN);
	assert_int_equal(body.telemetry.airtime_pct, -1);
	assert_true(isnan(body.telemetry.snr_db));
	message_body_init(KIND_MOVEMENT, &body);
	assert_int_equal(body.movement.to_place, -1);
	assert_int_equal(body.movement.eta_ms, 0);
	message_body_init(KIND_REQUEST, &body);
	assert_int_equal(body.request.alternatives, 0);
	message_body_init(KIND_NONE, &body);
	assert_int_equal(body.activity.id, 0);
}

/* The numbers of the design, those that a mistake in a list would shift. */
static void test_numbers(void **state)
{
	(void)state;
	static const struct {
		const struct body_names *names;
		int number;
		const char *name;
	} rows[] = {
	    {&names_nature, 6, "LOST_OR_STRANDED"},
	    {&names_nature, 8, "DURESS"},
	    {&names_alert_type, 2, "Cancel"},
	    {&names_urgency, 4, "Past"},
	    {&names_severity, 4, "Minor"},
	    {&names_certainty, 4, "Unlikely"},
	    {&names_category, 11, "CBRNE"},
	    {&names_response, 8, "AllClear"},
	    {&names_event, 14, "EXPLOSION"},
	    {&names_event, 23, "MISSING_OR_OVERDUE"},
	    {&names_event, 32, "INTRUSION_OR_LOOTING"},
	    {&names_event, 42, "EXPLOSIVE_HAZARD"},
	    {&names_event, 53, "NATURAL_HAZARD"},
	    {&names_event, 62, "MOVEMENT_SUSPENDED"},
	    {&names_event, 73, "BATTERY_LOW"},
	    {&names_ack_level, 6, "CLOSED"},
	    {&names_ack_level, 0x83, "EXPIRED"},
	    {&names_checkin_state, 8, "DURESS"},
	    {&names_rollcall_type, 3, "serviceability"},
	    {&names_position_source, 4, "network"},
	    {&names_language, 9, "ru"},
	    {&names_sitrep_type, 4, "ManagementReportingSummary"},
	    {&names_access, 3, "CLOSED"},
	    {&names_sector, 12, "coordination"},
	    {&names_request_type, 8, "INFORMATION"},
	    {&names_cargo, 8, "mixed"},
	    {&names_justification, 5, "OTHER"},
	    {&names_alternatives, 9, "none possible"},
	    {&names_activity_op, 2, "END"},
	    {&names_activity_status, 4, "CANCELLED"},
	    {&names_unit, 5, "sites"},
	    {&names_movement_op, 3, "CLOSED"},
	    {&names_reboot_cause, 5, "user"},
	    {&names_sensitivity, 3, "security desk only"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_string_equal(body_name(rows[i].names, rows[i].number), rows[i].name);
		assert_int_equal(body_number(rows[i].names, rows[i].name), rows[i].number);
	}
}

static void test_unknown_names(void **state)
{
	(void)state;
	assert_string_equal(body_name(&names_event, 15), "UNSPECIFIED");
	assert_string_equal(body_name(&names_event, 255), "UNSPECIFIED");
	assert_string_equal(body_name(&names_urgency, -1), "Unknown");
	assert_null(body_name(&names_ack_level, 7));
	assert_int_equal(body_number(&names_event, "attack"), -1);
	assert_int_equal(body_number(&names_event, ""), -1);
}

static void test_last_resort(void **state)
{
	(void)state;
	enum { CLUSTER = 1 << 3, NEGOTIATED = 1 << 0 };
	static const struct {
		uint8_t type, justification;
		uint16_t alternatives;
		uint8_t missing;
	} rows[] = {
	    {REQUEST_ARMED_ESCORT, 0, 0, MISSING_JUSTIFICATION | MISSING_ALTERNATIVES},
	    {REQUEST_ARMED_ESCORT, 3, 0, MISSING_ALTERNATIVES},
	    {REQUEST_ARMED_ESCORT, 0, NEGOTIATED, MISSING_JUSTIFICATION},
	    {REQUEST_ARMED_ESCORT, 3, NEGOTIATED, 0},
	    {REQUEST_MILITARY_ASSET, 0, 0, MISSING_JUSTIFICATION | MISSING_ALTERNATIVES},
	    {REQUEST_MILITARY_ASSET, 2, NEGOTIATED, MISSING_CLUSTER_POOL},
	    {REQUEST_MILITARY_ASSET, 2, CLUSTER, 0},
	    {REQUEST_UNSPECIFIED, 0, 0, 0},
	    {2, 0, 0, 0},
	    {255, 0, 0, 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct body_request request = {
		    .type = rows[i].type, .justification = rows[i].justification, .alternatives = rows[i].alternatives};
		assert_int_equal(message_request_missing(&request), rows[i].missing);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_tables),        cmocka_unit_test(test_members_do_not_overlap),
	    cmocka_unit_test(test_not_given),     cmocka_unit_test(test_numbers),
	    cmocka_unit_test(test_unknown_names), cmocka_unit_test(test_last_resort),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
