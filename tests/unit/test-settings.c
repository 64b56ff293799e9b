/* The settings: what a file becomes, and the checks across its keys. */
#include "tests/unit/settings-fixture.h"

static void test_least(void **state)
{
	(void)state;
	struct settings *settings = load(GATEWAY);
	assert_int_equal(settings_error_count(settings), 0);
	assert_string_equal(settings->gateway.name, "base1");
	assert_string_equal(settings->gateway.operation, "demo");
	assert_true(settings->gateway.clock_auto);
	assert_string_equal(settings->gateway.state_dir, "/var/lib/cresset");
	assert_string_equal(settings->gateway.socket, "/run/cresset/cresset.sock");
	assert_int_equal(settings->gateway.log_level, LOG_LEVEL_INFO);
	assert_string_equal(settings->uplink.client_id, "cresset-base1");
	assert_string_equal(settings->uplink.topic_prefix, "cresset/v1/demo/");
	assert_string_equal(settings->uplink.state_topic, "gw/base1/state");
	assert_int_equal(settings->uplink.keepalive_ms, 60000);
	assert_int_equal(settings->uplink.connect_timeout_ms, 30000);
	assert_int_equal(settings->uplink.session_expiry_ms, 86400000);
	assert_int_equal(settings->uplink.back_to_better_ms, 600000);
	assert_int_equal(settings->uplink.bulk_rate_max_bps, 0);
	assert_int_equal(settings->uplink.broker_count, 0);
	assert_string_equal(settings->store.path, "/var/lib/cresset/cresset.db");
	assert_int_equal(settings->store.commit_interval_ms, 1000);
	assert_int_equal(settings->schedule.class_bytes[CLASS_DISTRESS], 8000000);
	assert_int_equal(settings->schedule.class_bytes[CLASS_URGENT], 8000000);
	assert_int_equal(settings->schedule.class_bytes[CLASS_SAFETY], 16000000);
	assert_int_equal(settings->schedule.class_bytes[CLASS_ROUTINE], 16000000);
	assert_int_equal(settings->schedule.class_bytes[CLASS_BULK], 8000000);
	assert_int_equal(settings->schedule.weight[CLASS_SAFETY], 6);
	assert_int_equal(settings->schedule.weight[CLASS_ROUTINE], 3);
	assert_int_equal(settings->schedule.weight[CLASS_BULK], 1);
	assert_int_equal(settings->classify.expiry_ms[CLASS_DISTRESS], 0);
	assert_int_equal(settings->classify.expiry_ms[CLASS_URGENT], 86400000);
	assert_int_equal(settings->classify.expiry_ms[CLASS_SAFETY], 21600000);
	assert_int_equal(settings->classify.expiry_ms[CLASS_ROUTINE], 86400000);
	assert_int_equal(settings->classify.expiry_ms[CLASS_BULK], 3600000);
	assert_int_equal(settings->classify.urgent_per_minute, 3);
	assert_string_equal(settings->classify.keywords[0], "SOS");
	assert_int_equal(settings->classify.rule_count, 0);
	assert_int_equal(settings->dedupe_window_ms, 30000);
	assert_int_equal(settings->radio_count, 0);
	assert_string_equal(settings_organisation(settings, "N0CALL"), "unassigned");
	assert_int_equal(settings_warning_count(settings), 2);
	settings_free(settings);
}

static void test_everything_set(void **state)
{
	(void)state;
	struct settings *settings = load(
	    "gateway: {name: b-2, operation: op_1, clock: gps, state_dir: /srv/c, socket: /run/s, log_level: debug}\n"
	    "uplink:\n"
	    "  client_id: other\n"
	    "  keepalive: 5 min\n"
	    "  bulk_rate_max: 64 kbit/s\n"
	    "  brokers:\n"
	    "    - {host: hq.example.org, tls: true}\n"
	    "    - {host: 192.0.2.7, port: 2883}\n"
	    "    - {host: hq2.example.org, tls: true, port: 8884}\n"
	    "store: {mode: memory, commit_interval: 0, bounds: {bulk: 64 MiB}}\n"
	    "classes:\n"
	    "  urgent_per_minute: 9\n"
	    "  weights: {bulk: 2}\n"
	    "  expiry: {safety: never, bulk: 10 min}\n"
	    "dedupe: {window: 1 min}\n"
	    "keywords: []\n");
	assert_int_equal(settings_error_count(settings), 0);
	assert_false(settings->gateway.clock_auto);
	assert_int_equal(settings->gateway.clock, CLOCK_SOURCE_GPS);
	assert_int_equal(settings->gateway.log_level, LOG_LEVEL_DEBUG);
	assert_string_equal(settings->uplink.client_id, "other");
	assert_string_equal(settings->uplink.topic_prefix, "cresset/v1/op_1/");
	assert_int_equal(settings->uplink.keepalive_ms, 300000);
	assert_int_equal(settings->uplink.bulk_rate_max_bps, 64000);
	assert_int_equal(settings->uplink.broker_count, 3);
	assert_string_equal(settings->uplink.brokers[0].host, "hq.example.org");
	assert_int_equal(settings->uplink.brokers[0].port, 8883);
	assert_true(settings->uplink.brokers[0].tls);
	assert_null(settings->uplink.brokers[0].ca_file);
	assert_null(settings->uplink.brokers[0].username);
	assert_null(settings->uplink.brokers[0].password);
	assert_int_equal(settings->uplink.brokers[1].port, 2883);
	assert_int_equal(settings->uplink.brokers[2].port, 8884);
	assert_null(settings->store.path);
	assert_int_equal(settings->store.commit_interval_ms, 0);
	assert_int_equal(settings->schedule.class_bytes[CLASS_BULK], 67108864);
	assert_int_equal(settings->schedule.weight[CLASS_BULK], 2);
	assert_int_equal(settings->schedule.weight[CLASS_SAFETY], 6);
	assert_int_equal(settings->classify.expiry_ms[CLASS_SAFETY], 0);
	assert_int_equal(settings->classify.expiry_ms[CLASS_BULK], 600000);
	assert_int_equal(settings->classify.urgent_per_minute, 9);
	assert_null(settings->classify.keywords[0]);
	assert_int_equal(settings->dedupe_window_ms, 60000);
	settings_free(settings);
}

static void test_radios(void **state)
{
	(void)state;
	struct settings *settings = load(
	    GATEWAY "radios:\n"
		    "  vhf:\n"
		    "    device: /dev/ttyUSB0\n"
		    "    baud: 19200\n"
		    "    framing: 7E1\n"
		    "    dtr: off\n"
		    "    rts: on\n"
		    "    modem: kiss\n"
		    "    air: aprs\n"
		    "    raw: true\n"
		    "    kiss: {txdelay_ms: 40, gain_db: -2.5, smack: true, tone: low, channel: x}\n"
		    "    aprs: {callsign: N0CALL-10}\n"
		    "  mesh: {device: 'tcp://127.0.0.1:4403', modem: fused, air: fused, enabled: false,\n"
		    "         connect_timeout: 3 s, fused: {speed: 9, hops: 2}}\n"
		    "  two: {device: /dev/ttyACM0, modem: kiss, air: fused}\n");
	assert_int_equal(settings_error_count(settings), 0);
	assert_int_equal(settings->radio_count, 3);
	const struct radio_settings *vhf = &settings->radios[0], *mesh = &settings->radios[1],
				    *two = &settings->radios[2];
	assert_string_equal(vhf->name, "vhf");
	assert_true(vhf->enabled);
	assert_true(vhf->raw);
	assert_string_equal(vhf->port.device, "/dev/ttyUSB0");
	assert_int_equal(vhf->port.baud, 19200);
	assert_string_equal(vhf->port.framing, "7e1");
	assert_int_equal(vhf->port.dtr, PORT_LINE_OFF);
	assert_int_equal(vhf->port.rts, PORT_LINE_ON);
	assert_ptr_equal(vhf->modem, &kiss);
	assert_ptr_equal(vhf->air, &aprs);
	assert_int_equal(vhf->modem_values[0].integer, 40);
	assert_true(vhf->modem_values[1].number == -2.5);
	assert_true(vhf->modem_values[2].flag);
	assert_string_equal(vhf->modem_values[3].text, "low");
	assert_string_equal(vhf->modem_values[4].text, "x");
	assert_string_equal(vhf->air_values[0].text, "N0CALL-10");
	assert_false(mesh->enabled);
	assert_int_equal(mesh->port.connect_timeout_ms, 3000);
	assert_int_equal(mesh->modem_values[0].integer, 9);
	assert_int_equal(mesh->air_values[0].integer, 2);
	assert_false(two->raw);
	assert_int_equal(two->port.baud, 9600);
	assert_string_equal(two->port.framing, "8n1");
	assert_int_equal(two->port.dtr, PORT_LINE_LEAVE);
	assert_int_equal(two->modem_values[0].integer, 300);
	assert_true(two->modem_values[1].number == 0.5);
	assert_false(two->modem_values[2].flag);
	assert_string_equal(two->modem_values[3].text, "high");
	assert_string_equal(two->modem_values[4].text, "main");
	assert_int_equal(two->air_values[0].integer, 5);
	settings_free(settings);
}

#define RADIO(keys) GATEWAY "radios:\n  vhf: {" keys "}\n"
#define GOOD        "device: /dev/null, modem: kiss, air: fused"

static void test_radio_errors(void **state)
{
	(void)state;
	assert_only_error(RADIO("device: /dev/null, modem: kis, air: fused"),
			  "3:35: radios.vhf.modem: 'kis' is not one of: kiss, fused, pins. Did you mean 'kiss'?");
	assert_only_error(RADIO("device: /dev/null, modem: kiss, air: packet, kiss: {smack: true}, aprs: {}"),
			  "3:46: radios.vhf.air: 'packet' is not one of: aprs, fused.");
	assert_only_error(RADIO("device: /dev/null, modem: kiss, air: aprs"),
			  "3:3: radios.vhf.aprs.callsign: must be given: the call sign, e.g. N0CALL-10.");
	assert_only_error(RADIO("modem: kiss, air: fused"),
			  "3:3: radios.vhf.device: must be given: where the modem is, e.g. /dev/ttyUSB0.");
	assert_only_error(RADIO("device: ttyUSB0, modem: kiss, air: fused"),
			  "3:17: radios.vhf.device: is no device; write /dev/ttyUSB0.");
	assert_only_error(RADIO(GOOD ", kiss: {txdelay: 3}"),
			  "3:60: radios.vhf.kiss.txdelay: unknown key. Did you mean 'txdelay_ms'?");
	assert_only_error(RADIO(GOOD ", kiss: {txdelay_ms: 2551}"),
			  "3:72: radios.vhf.kiss.txdelay_ms: 2551 is too large. Write 2550 or less.");
	assert_only_error(RADIO(GOOD ", aprs: {callsign: N0CALL}"),
			  "3:53: radios.vhf.aprs: belongs to a driver that is neither this radio's modem nor its "
			  "control nor its air. "
			  "Take it out.");
	assert_only_error(
	    RADIO(GOOD ", framing: 9n1"),
	    "3:62: radios.vhf.framing: '9n1' is not one of: 8n1, 8n2, 8e1, 8o1, 7n1, 7n2, 7e1, 7o1. Did you mean "
	    "'8n1'?");
	assert_only_error(RADIO(GOOD ", baud: fast"),
			  "3:59: radios.vhf.baud: 'fast' is not a number. Write e.g. 9600.");
	assert_only_error(GATEWAY "radios:\n  up link: {" GOOD "}\n",
			  "3:3: radios.up link: 'up link' cannot be a name in topics. Use 1 to 31 of A-Z a-z 0-9 _ -.");
	assert_only_error(GATEWAY "radios:\n  uplink: {" GOOD "}\n",
			  "3:3: radios.uplink: no radio can have the name 'uplink', which the way to the broker has.");
	assert_only_error(
	    GATEWAY "radios:\n  a: {" GOOD "}\n  b: {" GOOD "}\n",
	    "4:15: radios.b.device: is the device of radio 'a', too. Correct one, or set 'enabled: false'.");
}

/* Two ways to write one device, and one device for two radios of which one is switched off. */
static void test_shared_device(void **state)
{
	(void)state;
	char link[128], text[512];
	snprintf(link, sizeof(link), "%s/link", directory);
	assert_int_equal(symlink("/dev/null", link), 0);
	snprintf(text, sizeof(text), GATEWAY "radios:\n  a: {" GOOD "}\n  b: {modem: kiss, air: fused, device: %s}\n",
		 link);
	assert_only_error(text, "4:40: radios.b.device: is the device of radio 'a', too. Correct one, or set 'enabled: "
				"false'.");
	unlink(link);
	struct settings *settings = load(GATEWAY "radios:\n  a: {" GOOD "}\n  b: {" GOOD ", enabled: false}\n");
	assert_int_equal(settings_error_count(settings), 0);
	settings_free(settings);
}

static void test_gateway_errors(void **state)
{
	(void)state;
	assert_only_error("gateway: {operation: demo}\n",
			  "1:1: gateway.name: must be given: a name of this gateway for the topics, e.g. base1.");
	assert_only_error("gateway: {name: base/1, operation: demo}\n",
			  "1:17: gateway.name: 'base/1' cannot be a name in topics. Use 1 to 31 of A-Z a-z 0-9 _ -.");
	assert_only_error(
	    "gateway: {name: b, operation: 12345678901234567890123456789012}\n",
	    "1:31: gateway.operation: '12345678901234567890123456789012' cannot be a name in topics. Use 1 to 31 of "
	    "A-Z a-z 0-9 _ -.");
	assert_only_error("gateway: {name: b, operation: c, socket: cresset.sock}\n",
			  "1:42: gateway.socket: must be a whole path that begins with /.");
	assert_only_error("gateway: {name: b, operation: c, state_dir: state}\n",
			  "1:45: gateway.state_dir: must be a whole path that begins with /.");
	assert_only_error(
	    "gateway: {name: b, operation: c, clock: GSP}\n",
	    "1:41: gateway.clock: 'GSP' is not one of: auto, unknown, gps, ntp, rtc. Did you mean 'gps'?");
	assert_only_error(GATEWAY "store: {mode: memory, path: /srv/db}\n",
			  "2:29: store.path: has no use with 'mode: memory'. Take one of them out.");
	assert_only_error(GATEWAY "dedupe: {window: 10 s}\n",
			  "2:18: dedupe.window: 10 s is too small. Write 30 s or more.");
	assert_only_error(GATEWAY "classes: {weights: {distress: 9}}\n",
			  "2:21: classes.weights.distress: unknown key. `man cresset.yaml` says where the example is "
			  "that has every key.");
	/* Indented too little, and too much. */
	assert_only_error(GATEWAY "uplink:\nbrokers:\n- {host: hq}\n",
			  "3:1: brokers: unknown key here. It belongs to 'uplink': indent it more than that.");
	assert_only_error(GATEWAY "uplink:\n  brokers: []\n  dedupe: {window: 30 s}\n",
			  "4:3: uplink.dedupe: unknown key here. It belongs beside 'uplink': indent it as that.");
	assert_only_error(GATEWAY "mqtt: {}\n",
			  "2:1: mqtt: unknown key. `man cresset.yaml` says where the example is that has every key.");
}

#define RULE(keys) GATEWAY "radios: {vhf: {" GOOD "}}\nrules:\n  - {" keys "}\n"

static void test_rules(void **state)
{
	(void)state;
	struct settings *settings = load(
	    GATEWAY "radios: {vhf: {" GOOD "}}\n"
		    "rules:\n"
		    "  - {radio: vhf, keyword: ROAD CLOSED, kind: alert, urgency: expected, severity: moderate}\n"
		    "  - {data_type: bulletin, class: safety}\n"
		    "  - {keyword: HELP, kind: distress}\n"
		    "  - {keyword: FIRE, kind: alert}\n");
	assert_int_equal(settings_error_count(settings), 0);
	assert_int_equal(settings->classify.rule_count, 4);
	const struct classify_rule *rules = settings->classify.rules;
	assert_string_equal(rules[0].radio, "vhf");
	assert_null(rules[0].data_type);
	assert_string_equal(rules[0].keyword, "ROAD CLOSED");
	assert_int_equal(rules[0].kind, KIND_ALERT);
	assert_int_equal(rules[0].urgency, URGENCY_EXPECTED);
	assert_int_equal(rules[0].severity, SEVERITY_MODERATE);
	assert_int_equal(rules[0].class, -1);
	assert_null(rules[1].radio);
	assert_string_equal(rules[1].data_type, "bulletin");
	assert_int_equal(rules[1].kind, KIND_NONE);
	assert_int_equal(rules[1].urgency, URGENCY_UNKNOWN);
	assert_int_equal(rules[1].class, CLASS_SAFETY);
	assert_int_equal(rules[2].kind, KIND_DISTRESS);
	assert_int_equal(rules[3].urgency, URGENCY_IMMEDIATE);
	assert_int_equal(rules[3].severity, SEVERITY_SEVERE);
	settings_free(settings);
}

static void test_rule_errors(void **state)
{
	(void)state;
	assert_only_error(
	    RULE("station: N0CALL-7, keyword: x, kind: alert"),
	    "4:15: rules[1].station: a rule cannot look at who sent a message: its class comes from what is said, "
	    "never from who says it. Take this line out.");
	assert_only_error(RULE("radio: vfh, kind: alert"),
			  "4:13: rules[1].radio: 'vfh' is not one of: vhf. Did you mean "
			  "'vhf'?");
	assert_only_error(RULE("keyword: x, kind: alart"),
			  "4:24: rules[1].kind: 'alart' is not one of: keep, distress, alert. Did you mean 'alert'?");
	assert_only_error(RULE("kind: alert"),
			  "4:5: rules[1]: this rule is true of every message. Give radio, line, data_type or keyword.");
	assert_only_error(RULE("keyword: x"), "4:5: rules[1]: this rule changes nothing. Give kind or class.");
	assert_only_error(
	    RULE("keyword: x, kind: alert, class: bulk"),
	    "4:38: rules[1].class: the class of a distress or an alert comes from its kind, urgency and severity. "
	    "Take class or kind out.");
	assert_only_error(
	    RULE("keyword: x, class: urgnt"),
	    "4:25: rules[1].class: 'urgnt' is not one of: by_kind, distress, urgent, safety, routine, bulk. Did you "
	    "mean 'urgent'?");
	assert_only_error(RULE("keyword: x, class: bulk, severity: minor"),
			  "4:41: rules[1].severity: only an alert has one. Add 'kind: alert' or take it out.");
}

static void test_warnings(void **state)
{
	(void)state;
	assert_only_warning(RADIO("device: 'tcp://h:1', modem: kiss, air: fused, dtr: on"), 1,
			    "3:60: radios.vhf.dtr: does nothing, because the device is tcp://.");
	assert_only_warning(RADIO(GOOD ", connect_timeout: 3 s"), 1,
			    "3:70: radios.vhf.connect_timeout: does nothing, because the device is not tcp://.");
}

static char *check(const char *text, int expected)
{
	char *printed = NULL;
	size_t size = 0;
	write_file("s.yaml", text, strlen(text), 0600);
	FILE *out = open_memstream(&printed, &size);
	assert_int_equal(settings_check(settings_path, out), expected);
	fclose(out);
	return printed;
}

static void test_check(void **state)
{
	(void)state;
	char expected[512];
	char *printed = check("gateway: {name: b, operation: c, clok: x}\nradios: {vhf: {" GOOD
			      ", enabled: false}}\nuplink: "
			      "{brokers: []}\n",
			      1);
	snprintf(expected, sizeof(expected),
		 "%s:1:34: gateway.clok: unknown key. Did you mean 'clock'?\n"
		 "warning: %s:3:10: uplink.brokers: there is none: messages are only stored on this machine.\n",
		 settings_path, settings_path);
	assert_string_equal(printed, expected);
	free(printed);
	printed = check(GATEWAY "radios: {a: {" GOOD "}, b: {" GOOD
				", enabled: false}}\nuplink: {brokers: [{host: x}, {host: y}]}\n",
			0);
	snprintf(expected, sizeof(expected), "%s: fine: 2 radios (1 switched off), 2 brokers\n", settings_path);
	assert_string_equal(printed, expected);
	free(printed);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_least),         cmocka_unit_test(test_everything_set),
	    cmocka_unit_test(test_radios),        cmocka_unit_test(test_radio_errors),
	    cmocka_unit_test(test_shared_device), cmocka_unit_test(test_gateway_errors),
	    cmocka_unit_test(test_rules),         cmocka_unit_test(test_rule_errors),
	    cmocka_unit_test(test_warnings),      cmocka_unit_test(test_check),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
