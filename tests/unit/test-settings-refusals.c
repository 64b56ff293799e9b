/* Values that a driver finds do not go together are errors of the file, with line and key, for every driver there is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/settings.h"

static struct settings *load(const char *radio)
{
	char text[512], path[64];
	snprintf(text, sizeof(text),
		 "gateway: {name: base1, operation: demo}\nradios:\n  a: {device: /dev/ttyUSB0, %s}\n", radio);
	int fd = memfd_create("settings", 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	struct settings *settings = settings_load(path);
	close(fd);
	assert_non_null(settings);
	return settings;
}

static void refused_with_key(void **state)
{
	(void)state;
	static const struct {
		const char *radio, *key;
	} cases[] = {
	    {"modem: kiss, air: aprs, kiss: {smack: true, port: 8}", "radios.a.kiss.port: "},
	    {"modem: kiss, air: aprs, kiss: {ackmode: true, direwolf_txbuf: true}", "radios.a.kiss.ackmode: "},
	    {"modem: kiss, air: aprs, aprs: {callsign: N0-CALL}", "radios.a.aprs.callsign: "},
	    {"modem: kiss, air: aprs, aprs: {path: 'WIDE1-1,,'}", "radios.a.aprs.path: "},
	    {"modem: kiss, air: field, field: {callsign: 'x y'}", "radios.a.field.callsign: "},
	    {"modem: rylr998, air: field, rylr998: {frequency_mhz: 868, preamble: 8, network_id: 5}",
	     "radios.a.rylr998.preamble: "},
	    {"modem: rylr998, air: field, rylr998: {frequency_mhz: 868, spreading_factor: 11}",
	     "radios.a.rylr998.spreading_factor: "},
	    {"modem: rylr896, air: field, rylr896: {frequency_mhz: 868, password: '12'}",
	     "radios.a.rylr896.password: "},
	    {"modem: kiss, air: aprs, control: sa818, control_device: /dev/ttyUSB1, sa818: {frequency_mhz: 250}",
	     "radios.a.sa818.frequency_mhz: "},
	    {"modem: kiss, air: aprs, control: sa818, control_device: /dev/ttyUSB1, sa818: {frequency_mhz: 145, "
	     "transmit_mhz: 433}",
	     "radios.a.sa818.transmit_mhz: "},
	    {"modem: ebyte-e22, air: field, lines: {m0: GPIO1, m1: GPIO2}, ebyte-e22: {frequency_mhz: 868}",
	     "radios.a.ebyte-e22.frequency_mhz: "},
	    {"modem: ebyte-e32, air: field, lines: {m0: GPIO1, m1: GPIO2}, ebyte-e32: {airtime_ms: x}",
	     "radios.a.ebyte-e32.airtime_ms: "},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct settings *settings = load(cases[i].radio);
		const char *error = settings_error_count(settings) ? settings_error(settings, 0) : "no error";
		if (settings_error_count(settings) != 1 || !strstr(error, cases[i].key) || !strstr(error, ":3:"))
			fail_msg("%s: %s", cases[i].radio, error);
		settings_free(settings);
	}
}

static void taken_where_they_go_together(void **state)
{
	(void)state;
	static const char *const radios[] = {
	    "modem: kiss, air: aprs, kiss: {smack: true, port: 7}",
	    "modem: rylr998, air: field, rylr998: {frequency_mhz: 868, preamble: 8, network_id: 18}",
	    "board: waveshare-sx126x-hat, air: field",
	};
	for (size_t i = 0; i < sizeof(radios) / sizeof(*radios); i++) {
		struct settings *settings = load(radios[i]);
		if (settings_error_count(settings))
			fail_msg("%s: %s", radios[i], settings_error(settings, 0));
		settings_free(settings);
	}
}

int main(void)
{
	setenv("CRESSET_BOARDS", CRESSET_SOURCE_DIR "/config/boards", 1);
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(refused_with_key),
	    cmocka_unit_test(taken_where_they_go_together),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
