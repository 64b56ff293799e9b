/* A trunk for drivers under test. */
#include "tests/support/driver_services.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/air/field_state.h"

static int64_t now_us(void *owner)
{
	return ((struct record *)owner)->now_us;
}

static int64_t wall_ms(void *owner)
{
	return ((struct record *)owner)->wall_ms;
}

static void set_alarm(void *owner, int64_t at_us)
{
	((struct record *)owner)->alarm_us = at_us;
}

static int write_bytes(void *owner, const void *bytes, size_t size)
{
	struct record *record = owner;
	if (record->write_result < 0)
		return record->write_result;
	if (record->written_size + size <= sizeof(record->written)) {
		memcpy(record->written + record->written_size, bytes, size);
		record->written_size += size;
	}
	return 0;
}

static void heard_datagram(void *owner, const struct datagram *datagram)
{
	struct record *record = owner;
	if (record->heard_count < RECORD_DATAGRAMS_MAX &&
	    record->heard_size + datagram->size <= sizeof(record->heard)) {
		memcpy(record->heard + record->heard_size, datagram->bytes, datagram->size);
		record->heard_sizes[record->heard_count] = datagram->size;
		record->heard_size += datagram->size;
	}
	record->heard_count++;
}

static void heard_message(void *owner, const struct message *message)
{
	struct record *record = owner;
	record->message = *message;
	record->message_count++;
}

static void say_back(void *owner, const struct message *message)
{
	struct record *record = owner;
	record->said_back = *message;
	record->said_back_count++;
}

static void heard_again(void *owner, const char *id)
{
	struct record *record = owner;
	snprintf(record->heard_again, sizeof(record->heard_again), "%s", id);
	record->heard_again_count++;
}

static void sent(void *owner, enum send_result result, bool assumed, const char *code)
{
	struct record *record = owner;
	if (record->sent_count < RECORD_SENT_MAX)
		record->sent[record->sent_count] = (struct record_sent){result, assumed, code};
	record->sent_count++;
}

static void drop(void *owner, const char *reason)
{
	struct record *record = owner;
	if (record->drop_count < RECORD_DROPS_MAX)
		record->drops[record->drop_count] = reason;
	record->drop_count++;
}

static void refuse(void *owner, const char *key, const char *why)
{
	struct record *record = owner;
	record->refused_key = key;
	record->refused_why = why;
}

static int set_line(void *owner, unsigned line, bool on)
{
	struct record *record = owner;
	if (line >= RECORD_LINES_MAX || record->lines[line] < 0)
		return -ENODEV;
	record->lines[line] = on;
	record->line_sets++;
	return 0;
}

static int get_line(void *owner, unsigned line)
{
	const struct record *record = owner;
	return line < RECORD_LINES_MAX ? record->lines[line] : -ENODEV;
}

static int set_baud(void *owner, unsigned baud)
{
	((struct record *)owner)->baud = baud;
	return 0;
}

static void changed(void *owner)
{
	((struct record *)owner)->changes++;
}

static void finding(void *owner, const char *name, const char *value)
{
	struct record *record = owner;
	if (!name) {
		record->examined = true;
		snprintf(record->examined_error, sizeof(record->examined_error), "%s", value);
		return;
	}
	if (record->finding_count < RECORD_FINDINGS_MAX) {
		struct record_finding *found = &record->findings[record->finding_count];
		snprintf(found->name, sizeof(found->name), "%s", name);
		snprintf(found->value, sizeof(found->value), "%s", value);
	}
	record->finding_count++;
}

static size_t count_unsafe(void *owner)
{
	return ((const struct record *)owner)->unsafe;
}

/* FNV-1a over everything a real tag depends on. */
static void pretend_tag(const struct sealed *sealed, unsigned epochs_back, uint8_t tag[SEALED_TAG_SIZE])
{
	uint64_t hash = 14695981039346656037u ^ sealed->station ^ (uint64_t)epochs_back << 32;
	for (size_t i = 0; i < SEALED_NONCE_SIZE; i++)
		hash = (hash ^ sealed->nonce[i]) * 1099511628211u;
	for (size_t i = 0; i < sealed->associated_size; i++)
		hash = (hash ^ sealed->associated[i]) * 1099511628211u;
	for (size_t i = 0; i < sealed->text_size; i++)
		hash = (hash ^ sealed->text[i]) * 1099511628211u;
	memcpy(tag, &hash, SEALED_TAG_SIZE);
}

static void invert(const struct sealed *sealed)
{
	for (size_t i = 0; i < sealed->text_size; i++)
		sealed->text[i] ^= 0xff;
}

static int seal(void *owner, struct sealed *sealed)
{
	const struct record *record = owner;
	if (record->keyless && sealed->station == record->keyless)
		return -ENOKEY;
	pretend_tag(sealed, 0, sealed->tag);
	invert(sealed);
	return 0;
}

static int open_sealed(void *owner, struct sealed *sealed, unsigned epochs_back)
{
	const struct record *record = owner;
	uint8_t tag[SEALED_TAG_SIZE];
	if (record->keyless && sealed->station == record->keyless)
		return -ENOKEY;
	unsigned made_with = record->revoked && sealed->station == record->revoked ? 1 : 0;
	invert(sealed);
	pretend_tag(sealed, 0, tag);
	if (epochs_back == made_with && memcmp(tag, sealed->tag, SEALED_TAG_SIZE) == 0)
		return 0;
	invert(sealed);
	return -EBADMSG;
}

int record_seal(void *record, struct field_crypt *crypt)
{
	struct sealed sealed;
	field_to_sealed(crypt, &sealed);
	int result = seal(record, &sealed);
	memcpy(crypt->tag, sealed.tag, sizeof(crypt->tag));
	return result;
}

int record_open(void *record, struct field_crypt *crypt)
{
	struct sealed sealed;
	field_to_sealed(crypt, &sealed);
	return open_sealed(record, &sealed, 0);
}

static int take_counter(void *owner, uint16_t station, unsigned epochs_back, uint32_t counter)
{
	struct record *record = owner;
	for (size_t i = 0; i < record->taken_count; i++)
		if (record->taken[i].station == station && record->taken[i].epochs_back == epochs_back &&
		    record->taken[i].counter == counter)
			return -EEXIST;
	if (counter < record->stale_below)
		return -ESTALE;
	if (record->taken_count < RECORD_COUNTERS_MAX)
		record->taken[record->taken_count++] = (struct record_counter){station, epochs_back, counter};
	return 0;
}

static int next_counter(void *owner, uint16_t addressee, uint32_t *counter)
{
	(void)addressee;
	struct record *record = owner;
	if (record->counters_out)
		return -EAGAIN;
	*counter = record->next_counter++;
	return 0;
}

struct services record_services(struct record *record)
{
	return (struct services){
	    .owner = record,
	    .now_us = now_us,
	    .wall_ms = wall_ms,
	    .alarm = set_alarm,
	    .write = write_bytes,
	    .heard_datagram = heard_datagram,
	    .heard_message = heard_message,
	    .say_back = say_back,
	    .heard_again = heard_again,
	    .sent = sent,
	    .drop = drop,
	    .refuse = refuse,
	    .set_line = set_line,
	    .get_line = get_line,
	    .set_baud = set_baud,
	    .changed = changed,
	    .finding = finding,
	    .unsafe = count_unsafe,
	    .seal = seal,
	    .open = open_sealed,
	    .take_counter = take_counter,
	    .next_counter = next_counter,
	};
}

void record_clear(struct record *record)
{
	record->written_size = record->heard_size = record->heard_count = record->said_back_count = 0;
	record->heard_again_count = 0;
	record->message_count = record->drop_count = record->sent_count = 0;
	record->line_sets = record->changes = record->finding_count = 0;
	record->examined = false;
}

bool record_agrees(const struct record *one, const struct record *other)
{
	return one->heard_count == other->heard_count && one->heard_size == other->heard_size &&
	       one->drop_count == other->drop_count && one->sent_count == other->sent_count &&
	       one->written_size == other->written_size && one->changes == other->changes &&
	       memcmp(one->heard, other->heard, one->heard_size) == 0 &&
	       memcmp(one->written, other->written, one->written_size) == 0;
}

size_t record_drops(const struct record *record, const char *reason)
{
	size_t count = 0;
	for (size_t i = 0; i < record->drop_count && i < RECORD_DROPS_MAX; i++)
		count += strcmp(record->drops[i], reason) == 0;
	return count;
}

static void set_value(const struct driver_key *key, const char *text, union driver_value *value)
{
	if (key->type == KEY_INTEGER)
		value->integer = strtoll(text, NULL, 10);
	else if (key->type == KEY_NUMBER)
		value->number = strtod(text, NULL);
	else if (key->type == KEY_FLAG)
		value->flag = strcmp(text, "true") == 0;
	else
		value->text = text;
}

static size_t find_key(const struct driver_key *keys, size_t key_count, const char *name)
{
	for (size_t i = 0; i < key_count; i++)
		if (strcmp(keys[i].name, name) == 0)
			return i;
	fprintf(stderr, "no key named %s\n", name);
	abort();
}

static void *allocate(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size);
	if (!memory)
		abort();
	return memory;
}

static struct driver_under_test *driver_new(struct record *record, const struct driver_key *keys, size_t key_count,
					    size_t state_size, const struct driver_setting *settings)
{
	struct driver_under_test *driver = allocate(1, sizeof(*driver));
	driver->services = record_services(record);
	driver->values = allocate(key_count, sizeof(*driver->values));
	driver->state = allocate(1, state_size);
	for (size_t i = 0; i < key_count; i++)
		set_value(&keys[i], keys[i].fallback ? keys[i].fallback : "", &driver->values[i]);
	for (; settings && settings->name; settings++) {
		size_t i = find_key(keys, key_count, settings->name);
		set_value(&keys[i], settings->text, &driver->values[i]);
	}
	return driver;
}

struct driver_under_test *modem_under_test(const char *name, struct record *record,
					   const struct driver_setting *settings)
{
	const struct modem_ops *modem = modem_find(name);
	if (!modem)
		abort();
	struct driver_under_test *driver = driver_new(record, modem->keys, modem->key_count, modem->state_size,
						      settings);
	driver->modem = modem;
	driver->init_result = modem->init(driver->state, &driver->services, driver->values);
	return driver;
}

struct driver_under_test *air_under_test(const char *name, struct record *record, const struct driver_setting *settings)
{
	const struct air_ops *air = air_find(name);
	if (!air)
		abort();
	struct driver_under_test *driver = driver_new(record, air->keys, air->key_count, air->state_size, settings);
	driver->air = air;
	driver->init_result = air->init(driver->state, &driver->services, driver->values);
	return driver;
}

void driver_under_test_free(struct driver_under_test *driver)
{
	if (!driver)
		return;
	free(driver->values);
	free(driver->state);
	free(driver);
}
