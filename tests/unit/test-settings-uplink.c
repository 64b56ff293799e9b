/* Brokers with their passwords and certificates, and the registry of stations. */
#include "tests/unit/settings-fixture.h"

#define BROKER(keys) GATEWAY "uplink:\n  brokers:\n    - {" keys "}\n"

static void test_broker_errors(void **state)
{
	(void)state;
	assert_only_error(
	    BROKER("port: 1"),
	    "4:7: uplink.brokers[1].host: must be given: name or address of the broker, e.g. hq.example.org.");
	assert_only_error(BROKER("host: ''"), "4:14: uplink.brokers[1].host: must not be empty: name or address of the "
					      "broker, e.g. hq.example.org.");
	assert_only_error(BROKER("host: 'mqtt://hq'"),
			  "4:14: uplink.brokers[1].host: must be a name or address alone. Port "
			  "and tls have keys of their own.");
	assert_only_error(BROKER("host: 'hq:1883'"),
			  "4:14: uplink.brokers[1].host: must be a name or address alone. Port "
			  "and tls have keys of their own.");
	assert_only_error(BROKER("host: hq, port: 0"),
			  "4:24: uplink.brokers[1].port: 0 is too small. Write 1 or more.");
	assert_only_error(
	    BROKER("host: hq, tls: true, ca_file: /nonexistent/ca.pem"),
	    "4:38: uplink.brokers[1].ca_file: '/nonexistent/ca.pem' cannot be read: No such file or directory.");
	assert_only_error(BROKER("host: hq, tls: true, ca_file: ca.pem"),
			  "4:38: uplink.brokers[1].ca_file: must be a whole path that begins with /.");
	assert_only_error(BROKER("host: hq, ca_file: /dev/null"),
			  "4:27: uplink.brokers[1].ca_file: has no use without 'tls: true'.");
	assert_only_error(BROKER("host: hq, tls: true, certificate_file: /dev/null"),
			  "4:47: uplink.brokers[1].certificate_file: needs key_file beside it.");
	assert_only_error(BROKER("host: hq, tls: true, key_file: /dev/null"),
			  "4:39: uplink.brokers[1].key_file: needs certificate_file beside it.");
	assert_only_error(BROKER("host: hq, username: u"),
			  "4:28: uplink.brokers[1].username: needs password_file beside it.");
	assert_only_error(
	    BROKER("host: hq, password: secret"),
	    "4:28: uplink.brokers[1].password: a password does not stand in this file. Write it to a file of its "
	    "own and name that in password_file.");
	assert_only_error(GATEWAY "uplink:\n  brokers:\n    - {host: hq}\n    - {host: HQ, port: 1883}\n",
			  "5:14: uplink.brokers[2].host: is the same broker as number 1 of the list.");
	assert_only_error(GATEWAY "uplink: {retain: true}\n",
			  "2:18: uplink.retain: messages are never retained. Take this line out.");
	assert_only_error(GATEWAY "uplink: {qos: 2}\n",
			  "2:15: uplink.qos: everything is sent with QoS 1. Take this line out.");
	/* Written in a wrong way is not left out. */
	struct settings *settings = load(GATEWAY "uplink:\n  brokers:\n    host: hq\n");
	assert_int_equal(settings_error_count(settings), 1);
	for (size_t i = 0; i < settings_warning_count(settings); i++)
		assert_null(strstr(settings_warning(settings, i), "brokers"));
	settings_free(settings);
	assert_only_warning(GATEWAY "uplink: {brokers: []}\n", 1,
			    "2:10: uplink.brokers: there is none: messages are only stored on this machine.");
}

static struct settings *load_with_password(const char *path)
{
	char text[512];
	snprintf(text, sizeof(text), BROKER("host: hq, username: u, password_file: %s"), path);
	return load(text);
}

static void assert_password_error(const char *path, const char *expected)
{
	struct settings *settings = load_with_password(path);
	assert_int_equal(settings_error_count(settings), 1);
	assert_non_null(strstr(settings_error(settings, 0), "uplink.brokers[1].password_file: "));
	if (!strstr(settings_error(settings, 0), expected))
		fail_msg("%s", settings_error(settings, 0));
	assert_null(strstr(settings_error(settings, 0), "secret"));
	assert_null(settings->uplink.brokers[0].password);
	settings_free(settings);
}

static void test_password(void **state)
{
	(void)state;
	struct settings *settings = load_with_password(write_file("password", "secret word\r\n", 13, 0640));
	assert_int_equal(settings_error_count(settings), 0);
	assert_string_equal(settings->uplink.brokers[0].username, "u");
	assert_string_equal(settings->uplink.brokers[0].password, "secret word");
	settings_free(settings);
	assert_password_error(write_file("password", "secret", 6, 0644), "everybody on this machine can get at");
	assert_password_error(write_file("password", "secret", 6, 0602), "everybody on this machine can get at");
	assert_password_error(write_file("password", "\n", 1, 0600), "must hold the password and nothing else");
	assert_password_error(write_file("password", "secret\0x", 8, 0600), "must hold the password and nothing else");
	char *large = calloc(1, 1025);
	assert_non_null(large);
	memset(large, 'x', 1025);
	assert_password_error(write_file("password", large, 1025, 0600), "must hold the password and nothing else");
	settings = load_with_password(write_file("password", large, 1024, 0600));
	assert_int_equal(strlen(settings->uplink.brokers[0].password), 1024);
	settings_free(settings);
	free(large);
	assert_password_error("/nonexistent", "cannot be read: No such file or directory");
	assert_password_error(directory, "is not a file");
}

static void test_stations(void **state)
{
	(void)state;
	struct settings *settings = load(GATEWAY "stations:\n"
						 "  - {station: N0CALL-7, organisation: org-b}\n"
						 "  - {station: f-12, organisation: org-a}\n"
						 "  - {station: N0CALL, organisation: org-c}\n");
	assert_int_equal(settings_error_count(settings), 0);
	assert_string_equal(settings_organisation(settings, "N0CALL-7"), "org-b");
	assert_string_equal(settings_organisation(settings, "N0CALL"), "org-c");
	assert_string_equal(settings_organisation(settings, "f-12"), "org-a");
	assert_string_equal(settings_organisation(settings, "f-1"), "unassigned");
	assert_string_equal(settings_organisation(settings, ""), "unassigned");
	settings_free(settings);
	assert_only_error(
	    GATEWAY "stations:\n  - {station: B, organisation: x}\n  - {station: A, organisation: x}\n  - {station: B, "
		    "organisation: y}\n",
	    "5:15: stations[3].station: stands in line 3, too. Keep one of them.");
	assert_only_error(
	    GATEWAY "stations:\n  - {station: 'N0CALL 7', organisation: x}\n",
	    "3:15: stations[1].station: 'N0CALL 7' cannot be a name in topics. Use 1 to 23 of A-Z a-z 0-9 _ -.");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_broker_errors),
	    cmocka_unit_test(test_password),
	    cmocka_unit_test(test_stations),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
