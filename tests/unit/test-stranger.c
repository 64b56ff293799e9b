/* Who talks on a port where another device was expected. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/codec/stranger.h"

struct talk {
	const char *bytes;
	size_t size;
	const char *words; /* of the name, NULL = not recognised */
};

#define TALK(text, words)                                                                                              \
	{                                                                                                              \
		text, sizeof(text) - 1, words                                                                          \
	}

static const struct talk talks[] = {
    TALK("$GPGGA,123519,4807.038,N", "GPS"),
    TALK("\xff$GNRMC,,V,,,,\r\n", "GPS"),
    TALK("debian12 login: ", "console"),
    TALK("-sh: AT: command not found\r\n", "console"),
    TALK("user@host:~$ ", "console"),
    TALK("+READY\r\n", "RYLR"),
    TALK("+RCV=1,2,ab,-60,9\r\n", "RYLR"),
    TALK("\xc0\x55\xf8\xc0", "RNode"),
    TALK("\xc0\x25\x00\x00\x00\x00", "RNode"),
    TALK("\xc0\x00\x82\xa0\xa4\xa6", "TNC in KISS"),
    TALK("cmd:", "not in KISS"),
    TALK("\x94\xc3\x00\x44", "Meshtastic"),
    TALK("\xff\xff\xff", "Ebyte"),
    TALK("ets Jul 29 2019 12:21:46", "ESP32"),
    TALK("AT\r\nAT+MODE=0\r\n", "echo"),
    TALK("\xc0\x08\x73\xc0\x50", "echo"),
    TALK("", NULL),
    TALK("$GP", NULL),
    TALK("$GPGGX.", NULL),
    TALK("+OK\r\n", NULL),
    TALK("hello world, this is nobody in particular\r\n", NULL),
};

static void test_talks(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(talks) / sizeof(talks[0]); i++) {
		struct stranger whole = {0}, single = {0};
		stranger_look(&whole, (const uint8_t *)talks[i].bytes, talks[i].size);
		for (size_t at = 0; at < talks[i].size; at++)
			stranger_look(&single, (const uint8_t *)talks[i].bytes + at, 1);
		assert_ptr_equal(whole.name, single.name);
		if (!talks[i].words)
			assert_null(whole.name);
		else if (!whole.name || !strstr(whole.name, talks[i].words))
			fail_msg("%zu: %s instead of %s", i, whole.name ? whole.name : "nobody", talks[i].words);
	}
}

/* The last one recognised stays, also behind much else. */
static void test_stays(void **unused)
{
	(void)unused;
	struct stranger stranger = {0};
	stranger_look(&stranger, (const uint8_t *)"+READY\r\n$GPGGA,", 15);
	for (int i = 0; i < 1000; i++)
		stranger_look(&stranger, (const uint8_t *)"123.45,N,", 9);
	assert_non_null(strstr(stranger.name, "GPS"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_talks),
	    cmocka_unit_test(test_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
