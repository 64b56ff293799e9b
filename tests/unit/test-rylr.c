/* The lines of RYLR modules: every kind, data that looks like lines, lost bytes, and every way of cutting the stream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/codec/rylr.h"
#include "tests/support/notes.h"

/* "ok", "err 17", "rcv 50 [HELLO] -99 40", "ans VER=x", "bad", "noise 3". */
static void note_received(struct notes *log, const struct rylr_decoder *decoder)
{
	note(log, "rcv %u [", decoder->address);
	for (size_t i = 0; i < decoder->data_size; i++) {
		uint8_t byte = decoder->data[i];
		if (byte >= ' ' && byte < 127)
			note(log, "%c", byte);
		else
			note(log, "<%02x>", byte);
	}
	note(log, "] %d %d; ", decoder->rssi_dbm, decoder->snr_db);
}

static void note_event(struct notes *log, const struct rylr_decoder *decoder, enum rylr_event event)
{
	static const char *const words[] = {
	    [RYLR_OK] = "ok",           [RYLR_RESET] = "reset",      [RYLR_READY] = "ready",
	    [RYLR_FACTORY] = "factory", [RYLR_BAD_RECEIVED] = "bad", [RYLR_NOISE] = "noise",
	};
	if (event == RYLR_ERROR)
		note(log, "err %u; ", decoder->error);
	else if (event == RYLR_ANSWER)
		note(log, "ans %s=%s; ", decoder->name, decoder->value);
	else if (event == RYLR_RECEIVED)
		note_received(log, decoder);
	else
		note(log, "%s; ", words[event]);
}

static void feed(struct rylr_decoder *decoder, const void *bytes, size_t size, struct notes *log)
{
	const uint8_t *at = bytes;
	enum rylr_event event;
	while ((event = rylr_decode(decoder, &at, &size)) != RYLR_NEED_MORE)
		note_event(log, decoder, event);
	assert_int_equal(size, 0);
}

struct stream {
	const char *bytes;
	size_t size;
	const char *said;
};

#define STREAM(text, said)                                                                                             \
	{                                                                                                              \
		text, sizeof(text) - 1, said                                                                           \
	}

static const struct stream streams[] = {
    STREAM("+OK\r\n", "ok; "),
    STREAM("+ERR=17\r\n", "err 17; "),
    STREAM("+ERR= 4 \r\n", "err 4; "),
    STREAM("+RESET\r\n+READY\r\n", "reset; ready; "),
    STREAM("+FACTORY\r\n", "factory; "),
    STREAM("+VER=RYLRxx8_V1.2.2\r\n", "ans VER=RYLRxx8_V1.2.2; "),
    STREAM("+PARAMETER=9,7,1,12\r\n", "ans PARAMETER=9,7,1,12; "),
    STREAM("+NETWORK=6\r\n", "ans NETWORK=6; "),
    STREAM("+IPR= 115200 \r\n", "ans IPR=115200; "),
    STREAM("+RCV=50,5,HELLO,-99,40\r\n", "rcv 50 [HELLO] -99 40; "),
    /* with the spaces of the guide */
    STREAM("+RCV= 50, 5, HELLO, -99, 40 \r\n", "rcv 50 [HELLO] -99 40; "),
    STREAM("+RCV=0,5, HELL,-9,-20\r\n", "rcv 0 [ HELL] -9 -20; "),
    STREAM("+RCV=65535,1,x,-120,0\r\n", "rcv 65535 [x] -120 0; "),
    STREAM("+RCV=1,0,,-60,9\r\n", "rcv 1 [] -60 9; "),
    /* data that looks like the end, like a line, like a packet, and like nothing */
    STREAM("+RCV=1,7,a,-1,-2,-60,9\r\n", "rcv 1 [a,-1,-2] -60 9; "),
    STREAM("+RCV=1,7,\r\n+OK\r\n,-60,9\r\n", "rcv 1 [<0d><0a>+OK<0d><0a>] -60 9; "),
    STREAM("+RCV=1,22,+RCV=2,3,abc,-60,9\r\n\r\n,-61,8\r\n+OK\r\n",
	   "rcv 1 [+RCV=2,3,abc,-60,9<0d><0a><0d><0a>] -61 8; ok; "),
    STREAM("+RCV=1,21,+RCV=2,3,abc,-60,9\r\n\n,-61,8\r\n", "rcv 1 [+RCV=2,3,abc,-60,9<0d><0a><0a>] -61 8; "),
    STREAM("+RCV=7,6,\0\xff\x1b,\xc0 ,-60,9\r\n", "rcv 7 [<00><ff><1b>,<c0> ] -60 9; "),
    /* between a command and its answer */
    STREAM("+RCV=3,2,hi,-60,9\r\n+OK\r\n+ERR=12\r\n", "rcv 3 [hi] -60 9; ok; err 12; "),
    /* before the first line, and between */
    STREAM("\xff\0\xfe+READY\r\n", "noise; ready; "),
    STREAM("\r\n\n\r+OK\r\n\r\n", "ok; "),
    STREAM("boot text\r\n+OK\r\n", "noise; ok; "),
    STREAM("+OK\n+OK\r+OK\r\n", "ok; ok; ok; "),
    /* two packets run together, the end of the line lost */
    STREAM("+RCV=1,2,ab,-60,9+RCV=2,2,cd,-61,8\r\n", "rcv 1 [ab] -60 9; rcv 2 [cd] -61 8; "),
    STREAM("+RCV=1,2,ab,-60,9\n+RCV=2,2,cd,-61,8\n", "rcv 1 [ab] -60 9; rcv 2 [cd] -61 8; "),
    /* one byte of the data lost; two; the comma; a digit of the length; the head */
    STREAM("+RCV=1,5,HELO,-60,9\r\n+RCV=2,2,cd,-61,8\r\n", "bad; rcv 2 [cd] -61 8; "),
    STREAM("+RCV=1,5,HEO,-60,9\r\n+RCV=2,2,cd,-61,8\r\n", "bad; rcv 2 [cd] -61 8; "),
    STREAM("+RCV=1,5,HELLO-60,9\r\n+OK\r\n", "bad; ok; "),
    STREAM("+RCV=1,5,HELLO,-60\r\n+OK\r\n", "bad; ok; "),
    STREAM("+RCV=1,1,0123456789ab,-60,9\r\n+OK\r\n", "bad; ok; "),
    STREAM("+RV=1,5,HELLO,-60,9\r\n+OK\r\n", "ans RV=1,5,HELLO,-60,9; ok; "),
    STREAM("+RCV=,5,HELLO,-60,9\r\n", "bad; "),
    STREAM("+RCV=1;5,HELLO,-60,9\r\n", "bad; "),
    STREAM("+RCV=70000,5,HELLO,-60,9\r\n+OK\r\n", "bad; ok; "),
    STREAM("+RCV=1,241,HELLO,-60,9\r\n+OK\r\n", "bad; ok; "),
    STREAM("+RCV=1,-5,HELLO,-60,9\r\n+OK\r\n", "bad; ok; "),
    STREAM("+RCV=123456,5,HELLO,-60,9\r\n+OK\r\n", "bad; ok; "),
    /* the length says more than there is: what was swallowed is found again */
    STREAM("+RCV=1,30,HELLO,-60,9\r\n+RCV=2,2,cd,-61,8\r\n+OK\r\n", "bad; rcv 2 [cd] -61 8; ok; "),
    /* lines that are none */
    STREAM("+\r\n+ERR=x\r\n+ERR=\r\n+OKAY\r\n+ver=1\r\n", "noise; noise; noise; noise; noise; "),
    STREAM("+O+OK\r\n", "noise; ok; "),
    STREAM("+OK+READY\r\n", "noise; ready; "),
};

enum { STREAMS = sizeof(streams) / sizeof(streams[0]) };

static void test_streams(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < STREAMS; i++) {
		struct rylr_decoder decoder = {0};
		static struct notes log;
		log.size = 0;
		log.text[0] = 0;
		feed(&decoder, streams[i].bytes, streams[i].size, &log);
		if (strcmp(log.text, streams[i].said) != 0)
			fail_msg("%zu: %s\nsaid     %s\nexpected %s", i, streams[i].bytes, log.text, streams[i].said);
		assert_false(rylr_waits(&decoder));
	}
}

/* All streams in a row: cut in two at every place, and into single bytes. */
static void test_every_cutting(void **unused)
{
	(void)unused;
	static char all[4096];
	static struct notes whole, cut;
	struct rylr_decoder decoder = {0};
	size_t size = 0;
	for (size_t i = 0; i < STREAMS; i++) {
		memcpy(all + size, streams[i].bytes, streams[i].size);
		size += streams[i].size;
	}
	whole.size = 0;
	feed(&decoder, all, size, &whole);
	for (size_t first = 0; first <= size; first++) {
		rylr_decoder_reset(&decoder);
		cut.size = 0;
		feed(&decoder, all, first, &cut);
		feed(&decoder, all + first, size - first, &cut);
		assert_string_equal(cut.text, whole.text);
	}
	for (size_t step = 1; step < 40; step++) {
		rylr_decoder_reset(&decoder);
		cut.size = 0;
		for (size_t at = 0; at < size; at += step)
			feed(&decoder, all + at, size - at < step ? size - at : step, &cut);
		assert_string_equal(cut.text, whole.text);
	}
}

/* All 256 values of a byte as data, of every length there is. */
static void test_binary(void **unused)
{
	(void)unused;
	for (size_t length = 1; length <= RYLR_DATA_MAX; length++) {
		struct rylr_decoder decoder = {0};
		uint8_t bytes[RYLR_BUFFER_MAX];
		size_t size = (size_t)snprintf((char *)bytes, sizeof(bytes), "+RCV=65535,%zu,", length);
		uint8_t *data = bytes + size;
		for (size_t i = 0; i < length; i++)
			data[i] = (uint8_t)(i * 7 + length);
		size += length;
		size += (size_t)snprintf((char *)bytes + size, sizeof(bytes) - size, ",-120,-20\r\n");
		const uint8_t *at = bytes;
		assert_int_equal(rylr_decode(&decoder, &at, &size), RYLR_RECEIVED);
		assert_int_equal(decoder.data_size, length);
		assert_memory_equal(decoder.data, data, length);
		assert_int_equal(decoder.snr_db, -20);
		assert_int_equal(rylr_decode(&decoder, &at, &size), RYLR_NEED_MORE);
	}
}

/* Half a line that nothing follows is given up, and what it had swallowed is found. */
static void test_give_up(void **unused)
{
	(void)unused;
	static struct notes log;
	struct rylr_decoder decoder = {0};
	log.size = 0;
	static const char half[] = "+RCV=1,200,HELLO,-60,9\r\n+RCV=2,2,cd,-61,8\r\n+ERR=1";
	feed(&decoder, half, strlen(half), &log);
	assert_int_equal(log.size, 0);
	assert_true(rylr_waits(&decoder));
	rylr_give_up(&decoder);
	feed(&decoder, "", 0, &log);
	assert_string_equal(log.text, "bad; rcv 2 [cd] -61 8; noise; ");
	assert_false(rylr_waits(&decoder));
	/* What comes then is read as ever. */
	feed(&decoder, "+OK\r\n", 5, &log);
	assert_string_equal(log.text, "bad; rcv 2 [cd] -61 8; noise; ok; ");
	rylr_give_up(&decoder);
	feed(&decoder, "+O", 2, &log);
	feed(&decoder, "K\r\n", 3, &log);
	rylr_give_up(&decoder);
	feed(&decoder, "", 0, &log);
	assert_false(rylr_waits(&decoder));
}

/* An endless line is given up once; endless noise comes in pieces. */
static void test_endless(void **unused)
{
	(void)unused;
	static struct notes log;
	struct rylr_decoder decoder = {0};
	char bytes[2000];
	log.size = 0;
	memset(bytes, 'A', sizeof(bytes));
	bytes[0] = '+';
	feed(&decoder, bytes, sizeof(bytes), &log);
	assert_string_equal(log.text, "noise; ");
	feed(&decoder, "\r\n", 2, &log);
	feed(&decoder, bytes + 1, 3 * RYLR_NOISE_MAX, &log);
	assert_string_equal(log.text, "noise; noise; noise; noise; ");
	/* A head that is all spaces. */
	rylr_decoder_reset(&decoder);
	log.size = 0;
	memset(bytes, ' ', sizeof(bytes));
	memcpy(bytes, "+RCV=", 5);
	feed(&decoder, bytes, sizeof(bytes), &log);
	feed(&decoder, "\r\n+OK\r\n", 7, &log);
	assert_true(strncmp(log.text, "bad; ", 5) == 0);
	assert_string_equal(log.text + log.size - 4, "ok; ");
}

/* A head with so many spaces that the packet has no room behind them, wherever they stand; the buffer stays whole. */
static void test_spaces_without_end(void **unused)
{
	(void)unused;
	static const char *const heads[] = {"+RCV=%*s1,240,", "+RCV=1%*s,240,", "+RCV=1,%*s240,", "+RCV=1,240%*s,"};
	static struct notes log;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		for (int spaces = 1; spaces < 2 * RYLR_BUFFER_MAX; spaces++) {
			/* With something behind it that must not be written to. */
			struct {
				struct rylr_decoder decoder;
				uint8_t behind[RYLR_BUFFER_MAX];
			} own = {0};
			char bytes[4 * RYLR_BUFFER_MAX];
			size_t head = (size_t)snprintf(bytes, sizeof(bytes), heads[i], spaces, "");
			memset(bytes + head, 'x', RYLR_BUFFER_MAX);
			log.size = 0;
			feed(&own.decoder, bytes, head + RYLR_BUFFER_MAX, &log);
			feed(&own.decoder, "\r\n+OK\r\n", 7, &log);
			assert_true(own.decoder.used <= RYLR_BUFFER_MAX);
			for (size_t at = 0; at < sizeof(own.behind); at++)
				assert_int_equal(own.behind[at], 0);
			assert_true(strncmp(log.text, "bad; ", 5) == 0);
			assert_string_equal(log.text + log.size - 4, "ok; ");
		}
}

/* A packet from which any one byte is missing, or in which one is changed, never keeps the next from being read. */
static void test_damage(void **unused)
{
	(void)unused;
	static const char good[] = "+RCV=12,10,0123456789,-60,9\r\n+RCV=2,2,cd,-61,8\r\n+RCV=3,2,ef,-61,8\r\n";
	static struct notes log;
	for (size_t i = 0; i < 29; i++)
		for (int change = -1; change < 256; change++) {
			char bytes[sizeof(good)];
			struct rylr_decoder decoder = {0};
			size_t size = sizeof(good) - 1;
			memcpy(bytes, good, sizeof(good));
			if (change < 0)
				memmove(bytes + i, bytes + i + 1, size-- - i);
			else
				bytes[i] = (char)change;
			log.size = 0;
			feed(&decoder, bytes, size, &log);
			rylr_give_up(&decoder);
			feed(&decoder, "", 0, &log);
			if (!strstr(log.text, "rcv 3 [ef] -61 8; "))
				fail_msg("byte %zu as %d: %s", i, change, log.text);
		}
}

static void test_compose(void **unused)
{
	(void)unused;
	uint8_t out[RYLR_SEND_MAX], data[RYLR_DATA_MAX + 1];
	memset(data, 'x', sizeof(data));
	assert_int_equal(rylr_compose_send(50, "HELLO", 5, out), 20);
	assert_memory_equal(out, "AT+SEND=50,5,HELLO\r\n", 20);
	size_t size = rylr_compose_send(65535, data, RYLR_DATA_MAX, out);
	assert_int_equal(size, strlen("AT+SEND=65535,240,") + 240 + 2);
	assert_memory_equal(out + size - 3, "x\r\n", 3);
	assert_int_equal(rylr_compose_send(0, data, sizeof(data), out), 0);
	assert_int_equal(rylr_compose_send(65536, data, 1, out), 0);
}

static void test_errors(void **unused)
{
	(void)unused;
	static const unsigned known[] = {1, 2, 3, 4, 5, 10, 12, 13, 14, 15, 17, 18, 19, 20};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		assert_null(strstr(rylr_error_text(known[i]), "no guide"));
	assert_non_null(strstr(rylr_error_text(99), "no guide"));
	assert_string_equal(rylr_error_text(12), "CRC error in a received packet");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_streams),
	    cmocka_unit_test(test_every_cutting),
	    cmocka_unit_test(test_binary),
	    cmocka_unit_test(test_give_up),
	    cmocka_unit_test(test_endless),
	    cmocka_unit_test(test_damage),
	    cmocka_unit_test(test_compose),
	    cmocka_unit_test(test_errors),
	    cmocka_unit_test(test_spaces_without_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
