/* Ten million bytes of noise through kiss, AX.25 and APRS, in every kind of pieces: no crash, and never an emergency
 * out of nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/codec/hash.h"
#include "tests/support/driver_services.h"

enum { NOISE_SIZE = 10000000, PIECE = 4096 };

/* A kiss modem with an aprs air behind it, and sums over everything that came out. */
struct chain {
	struct record record; /* first, so that the owner of the services is both */
	struct driver_under_test *modem, *air;
	uint64_t digest; /* of all datagrams, messages and drops in their order */
	size_t datagrams, messages, drops, raw, emergencies, believed;
};

static void digest(struct chain *chain, const void *bytes, size_t size)
{
	chain->digest = fnv1a64(chain->digest, bytes, size);
}

static void on_datagram(void *owner, const struct datagram *datagram)
{
	struct chain *chain = owner;
	chain->datagrams++;
	digest(chain, datagram->bytes, datagram->size);
	chain->air->air->input(chain->air->state, datagram);
}

static bool contains(const uint8_t *bytes, size_t size, const char *word)
{
	return memmem(bytes, size, word, strlen(word)) != NULL;
}

static void on_message(void *owner, const struct message *message)
{
	struct chain *chain = owner;
	chain->messages++;
	chain->raw += message->kind == KIND_RAW;
	chain->emergencies += message->hint == HINT_EMERGENCY;
	chain->believed += message->hint == HINT_EMERGENCY &&
			   (strcmp(message->aprs.condition, "emergency") == 0 ||
			    contains((const uint8_t *)message->text, strlen(message->text), "!EMERGENCY"));
	if (message->kind == KIND_RAW)
		assert_int_equal(message->hint, HINT_NONE);
	digest(chain, message->station, strlen(message->station));
	digest(chain, message->text, strlen(message->text));
	digest(chain, &message->kind, sizeof(message->kind));
}

static void on_drop(void *owner, const char *reason)
{
	struct chain *chain = owner;
	chain->drops++;
	digest(chain, reason, strlen(reason));
}

/* What goes up is counted by the chain; the rest stays with its record, which stands first in it. */
static void take_over(struct driver_under_test *driver, struct chain *chain)
{
	driver->services.heard_datagram = on_datagram;
	driver->services.heard_message = on_message;
	driver->services.drop = on_drop;
	driver->services.owner = chain;
}

static void chain_start(struct chain *chain)
{
	memset(chain, 0, sizeof(*chain));
	chain->digest = FNV1A64_START;
	chain->modem = modem_under_test("kiss", &chain->record, NULL);
	chain->air = air_under_test("aprs", &chain->record, NULL);
	take_over(chain->modem, chain);
	take_over(chain->air, chain);
}

static void chain_stop(struct chain *chain)
{
	driver_under_test_free(chain->modem);
	driver_under_test_free(chain->air);
}

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Pure noise, or frames with a valid head and random information, both sprinkled with the bytes that mean something
 * to KISS. */
static size_t make_piece(uint64_t *seed, bool with_heads, uint8_t *piece)
{
	static const uint8_t head[] = {
	    0xc0, 0x00, 0x68, 0x62, 0x68, 0xae, 0x64, 0xac, 0xe0,
	    0x9c, 0x60, 0x86, 0x82, 0x98, 0x98, 0x6f, 0x03, 0xf0}; /* to 414W2V, an emergency if the rest is right */
	static const char types[] = "!=/@`';):>T_}?<${,";
	size_t size = 0;
	while (size + sizeof(head) + 80 < PIECE) {
		uint64_t bits = next_random(seed);
		if (with_heads) {
			memcpy(piece + size, head, sizeof(head));
			size += sizeof(head);
			piece[size++] = (uint8_t)types[bits % (sizeof(types) - 1)];
		}
		for (size_t length = bits >> 8 & 63; length > 0; length--) {
			bits = next_random(seed);
			piece[size++] = bits >> 60 ? (uint8_t)(bits >> 20 & (bits >> 30 & 7 ? 0x7f : 0xff))
						   : (const uint8_t[]){0xc0, 0xdb, 0xdc, 0xdd}[bits >> 40 & 3];
		}
		piece[size++] = 0xc0;
	}
	return size;
}

static void pour(struct chain *chain, bool with_heads)
{
	uint8_t piece[PIECE];
	uint64_t seed = 0x9e3779b97f4a7c15;
	for (size_t done = 0; done < NOISE_SIZE / 2;) {
		size_t size = make_piece(&seed, with_heads, piece);
		chain->modem->modem->input(chain->modem->state, piece, size);
		done += size;
	}
}

static void test_noise(void **unused)
{
	(void)unused;
	static struct chain chain;
	chain_start(&chain);
	pour(&chain, false);
	assert_true(chain.drops > 1000);
	assert_int_equal(chain.messages, 0);
	pour(&chain, true);
	/* It got through to the decoders, most of it was refused there, and what was believed had its reason. */
	assert_true(chain.messages > 10000 && chain.raw > 10000 && chain.messages > chain.raw);
	assert_int_equal(chain.believed, chain.emergencies);
	chain_stop(&chain);
}

/* The same bytes in pieces of every size up to 200, and in random ones. */
static void test_cuttings(void **unused)
{
	(void)unused;
	static struct chain chain;
	static uint8_t bytes[4 * PIECE];
	uint64_t seed = 12345, expected = 0;
	size_t size = 0;
	for (int i = 0; i < 4; i++)
		size += make_piece(&seed, i % 2, bytes + size);
	for (size_t step = 0; step <= 200; step++) {
		chain_start(&chain);
		for (size_t at = 0; at < size;) {
			size_t piece = step ? step : 1 + next_random(&seed) % 700;
			if (piece > size - at)
				piece = size - at;
			chain.modem->modem->input(chain.modem->state, bytes + at, piece);
			at += piece;
		}
		assert_true(chain.messages > 10 && chain.drops > 10);
		if (step == 0)
			expected = chain.digest;
		assert_true(chain.digest == expected);
		chain_stop(&chain);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_noise), cmocka_unit_test(test_cuttings)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
