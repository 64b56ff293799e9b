/* Meshtastic's own topics in the settings: what they need, and the brokers and keys that are refused. */
#define SETTINGS_WITH_REAL_DRIVERS
#include "tests/unit/settings-fixture.h"

#define KEY    "EBESExQVFhcYGRobHB0eHw=="
#define BROKER "uplink: {brokers: [{host: hq}]}\n"
#define RADIO  "radios: {mesh: {device: /dev/ttyUSB0, modem: meshtastic, air: meshtastic}}\n"

static const char *key_file(const char *text, mode_t mode)
{
	return write_file("password", text, strlen(text), mode);
}

static char text[2048];

/* The section stands in line 4 and below. */
static const char *with_face(const char *uplink, const char *face)
{
	snprintf(text, sizeof(text), GATEWAY "%s" RADIO "mesh_face:\n%s", uplink, face);
	return text;
}

static const char *with_key(const char *key, mode_t mode)
{
	char face[512];
	snprintf(face, sizeof(face),
		 "  enabled: true\n  root: msh/EU_868\n  channels:\n    - name: ops\n      key_file: %s\n",
		 key_file(key, mode));
	return with_face(BROKER, face);
}

static void test_complete(void **state)
{
	(void)state;
	struct settings *settings = load(with_key(KEY "\n", 0640));
	for (size_t i = 0; i < settings_error_count(settings); i++)
		print_error("%s\n", settings_error(settings, i));
	assert_int_equal(settings_error_count(settings), 0);
	assert_true(settings->mesh_face.enabled);
	assert_true(settings->mesh_face.receive);
	assert_false(settings->mesh_face.clear);
	assert_string_equal(settings->mesh_face.root, "msh/EU_868");
	assert_int_equal(settings->mesh_face.channel_count, 1);
	assert_string_equal(settings->mesh_face.channels[0].name, "ops");
	assert_int_equal(settings->mesh_face.channels[0].key.size, 16);
	assert_int_equal(settings->mesh_face.channels[0].key.bytes[15], 0x1f);
	settings_free(settings);
}

static void test_off(void **state)
{
	(void)state;
	struct settings *settings = load(GATEWAY "uplink: {brokers: [{host: mqtt.meshtastic.org}]}\n" RADIO);
	assert_int_equal(settings_error_count(settings), 0);
	assert_false(settings->mesh_face.enabled);
	settings_free(settings);
}

static void test_clear(void **state)
{
	(void)state;
	char face[512];
	snprintf(face, sizeof(face),
		 "  enabled: true\n  root: msh/EU_868\n  clear: true\n  channels: [{name: ops, key_file: %s}]\n",
		 key_file(KEY, 0600));
	assert_only_warning(with_face(BROKER, face), 0,
			    "7:10: mesh_face.clear: whoever may read these topics can read texts and positions without "
			    "a key.");
}

static void assert_key_refused(const char *key, mode_t mode, const char *expected)
{
	struct settings *settings = load(with_key(key, mode));
	assert_int_equal(settings_error_count(settings), 1);
	const char *error = settings_error(settings, 0);
	if (!strstr(error, ":9:17: mesh_face.channels[1].key_file: ") || !strstr(error, expected) || strstr(error, KEY))
		fail_msg("%s", error);
	assert_int_equal(settings->mesh_face.channels[0].key.size, 0);
	settings_free(settings);
}

static void test_keys(void **state)
{
	(void)state;
	assert_key_refused("AQ==", 0600, "holds the default key (AQ== or a relative of it), which everybody has.");
	assert_key_refused("Ag==", 0600, "holds the default key");
	assert_key_refused("1PG7OiApB1nwvP+rz05pAQ==", 0600, "holds the default key");
	assert_key_refused("1PG7OiApB1nwvP+rz05pAw==", 0600, "holds the default key");
	assert_key_refused("AA==", 0600, "holds no key (empty or zeros): everybody could read along.");
	assert_key_refused("", 0600, "must hold the key and nothing else");
	assert_key_refused("EBES", 0600, "holds a key of another size than 16 or 32 bytes.");
	assert_key_refused("secret", 0600, "holds no key in base64.");
	assert_key_refused(KEY, 0644, "everybody on this machine can get at");
}

#define CHANNEL "  channels: [{name: ops, key_file: %s}]\n"

static void assert_refused(const char *uplink, const char *face, const char *expected)
{
	char whole[512];
	snprintf(whole, sizeof(whole), face, key_file(KEY, 0600));
	assert_only_error(with_face(uplink, whole), expected);
}

static void test_public_brokers(void **state)
{
	(void)state;
	static const char face[] = "  enabled: true\n  root: msh/EU_868\n" CHANNEL;
	static const char *const names[] = {"mqtt.meshtastic.org", "MQTT.Meshtastic.ORG", "mqtt.meshtastic.org.",
					    "meshtastic.org"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char uplink[128];
		snprintf(uplink, sizeof(uplink), "uplink: {brokers: [{host: hq}, {host: %s}]}\n", names[i]);
		assert_refused(uplink, face,
			       "2:39: uplink.brokers[2].host: is Meshtastic's public broker, where all the world would "
			       "read this base's traffic. Use a broker of your own, or take mesh_face out.");
	}
	/* What only looks like it. */
	char whole[512];
	snprintf(whole, sizeof(whole), face, key_file(KEY, 0600));
	struct settings *settings = load(
	    with_face("uplink: {brokers: [{host: notmeshtastic.org}, {host: m}]}\n", whole));
	assert_int_equal(settings_error_count(settings), 0);
	settings_free(settings);
}

static void test_public_login(void **state)
{
	(void)state;
	char uplink[512], whole[512];
	snprintf(uplink, sizeof(uplink), "uplink: {brokers: [{host: hq, username: meshdev, password_file: %s}]}\n",
		 key_file(KEY, 0600));
	snprintf(whole, sizeof(whole), "  enabled: true\n  root: msh/EU_868\n" CHANNEL, key_file(KEY, 0600));
	assert_only_error(with_face(uplink, whole),
			  "2:41: uplink.brokers[1].username: is that of Meshtastic's public broker, which everybody "
			  "knows. Use one of your own, or take mesh_face out.");
}

static void test_needs(void **state)
{
	(void)state;
	char whole[512];
	assert_refused(
	    BROKER, "  enabled: true\n" CHANNEL,
	    "4:1: mesh_face.root: must be given: what these topics begin with, e.g. msh/EU_868, as the maps and "
	    "tools expect it.");
	assert_refused(BROKER, "  enabled: true\n  root: msh/EU_868\n",
		       "4:1: mesh_face.channels: must be given: the channels that may go to the broker.");
	assert_refused("uplink: {brokers: []}\n", "  enabled: true\n  root: msh/EU_868\n" CHANNEL,
		       "5:12: mesh_face.enabled: needs a broker (uplink.brokers).");
	snprintf(whole, sizeof(whole), GATEWAY BROKER "mesh_face:\n  enabled: true\n  root: msh/EU_868\n" CHANNEL,
		 key_file(KEY, 0600));
	assert_only_error(whole, "4:12: mesh_face.enabled: needs a radio with 'air: meshtastic' that is enabled.");
}

static void test_topics(void **state)
{
	(void)state;
	assert_refused(BROKER, "  enabled: true\n  root: msh/+\n" CHANNEL,
		       "6:9: mesh_face.root: 'msh/+' cannot be part of a topic. Leave + and # out.");
	assert_refused(BROKER, "  enabled: true\n  root: msh/\n" CHANNEL,
		       "6:9: mesh_face.root: must be levels joined by /, e.g. msh/EU_868.");
	assert_refused(BROKER, "  enabled: true\n  root: $SYS\n" CHANNEL,
		       "6:9: mesh_face.root: must be levels joined by /, e.g. msh/EU_868.");
	assert_refused(BROKER, "  enabled: true\n  root: cresset/v1\n" CHANNEL,
		       "6:9: mesh_face.root: must not be among the gateway's own topics.");
	assert_refused(BROKER, "  channels: [{name: a/b, key_file: %s}]\n",
		       "5:21: mesh_face.channels[1].name: 'a/b' cannot be part of a topic. Leave /, + and # out.");
	assert_refused(
	    BROKER, "  channels: [{name: ops, key: AQ==, key_file: %s}]\n",
	    "5:31: mesh_face.channels[1].key: a key does not stand in this file. Write it to a file of its own "
	    "and name that in key_file.");
	assert_refused(BROKER, "  channels: [{name: ops, key_file: %1$s}, {name: ops, key_file: %1$s}]\n",
		       "5:80: mesh_face.channels[2].name: is the name of number 1 of the list, too.");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_complete),       cmocka_unit_test(test_off),
	    cmocka_unit_test(test_clear),          cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_public_brokers), cmocka_unit_test(test_public_login),
	    cmocka_unit_test(test_needs),          cmocka_unit_test(test_topics),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
