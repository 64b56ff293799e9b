/* The least a driver gets: clocks and refusals. */
#include "gateway/radio_services.h"

#include <errno.h>

#include "gateway/clock.h"

static int64_t now_us(void *owner)
{
	(void)owner;
	return clock_mono_us();
}

static int64_t wall_ms(void *owner)
{
	(void)owner;
	return clock_wall_ms();
}

static void no_alarm(void *owner, int64_t at_us)
{
	(void)owner, (void)at_us;
}

static int no_write(void *owner, const void *bytes, size_t size)
{
	(void)owner, (void)bytes, (void)size;
	return -ENOTCONN;
}

static void no_datagram(void *owner, const struct datagram *datagram)
{
	(void)owner, (void)datagram;
}

static void no_message(void *owner, const struct message *message)
{
	(void)owner, (void)message;
}

static void no_word(void *owner, const struct message *message)
{
	(void)owner, (void)message;
}

static void no_result(void *owner, enum send_result result, bool assumed, const char *code)
{
	(void)owner, (void)result, (void)assumed, (void)code;
}

static void no_drop(void *owner, const char *reason)
{
	(void)owner, (void)reason;
}

static int no_line_set(void *owner, unsigned line, bool on)
{
	(void)owner, (void)line, (void)on;
	return -ENODEV;
}

static int no_line(void *owner, unsigned line)
{
	(void)owner, (void)line;
	return -ENODEV;
}

static int no_baud(void *owner, unsigned baud)
{
	(void)owner, (void)baud;
	return -ENOTCONN;
}

static void no_change(void *owner)
{
	(void)owner;
}

static void no_finding(void *owner, const char *name, const char *value)
{
	(void)owner, (void)name, (void)value;
}

static size_t none_unsafe(void *owner)
{
	(void)owner;
	return 0;
}

static int no_seal(void *owner, struct sealed *sealed)
{
	(void)owner, (void)sealed;
	return -ENOKEY;
}

static int no_open(void *owner, struct sealed *sealed, unsigned epochs_back)
{
	(void)owner, (void)sealed, (void)epochs_back;
	return -ENOKEY;
}

/* Without a window nothing was seen before. */
static int any_counter(void *owner, uint16_t station, unsigned epochs_back, uint32_t counter)
{
	(void)owner, (void)station, (void)epochs_back, (void)counter;
	return 0;
}

static int no_counter(void *owner, uint16_t addressee, uint32_t *counter)
{
	(void)owner, (void)addressee, (void)counter;
	return -ENOKEY;
}

static void not_again(void *owner, const char *id)
{
	(void)owner, (void)id;
}

/* The settings were checked before a radio is made. */
static void no_refusal(void *owner, const char *key, const char *why)
{
	(void)owner, (void)key, (void)why;
}

struct services radio_services(void *owner)
{
	return (struct services){
	    .owner = owner,
	    .now_us = now_us,
	    .wall_ms = wall_ms,
	    .alarm = no_alarm,
	    .write = no_write,
	    .heard_datagram = no_datagram,
	    .heard_message = no_message,
	    .say_back = no_word,
	    .heard_again = not_again,
	    .sent = no_result,
	    .drop = no_drop,
	    .refuse = no_refusal,
	    .set_line = no_line_set,
	    .get_line = no_line,
	    .set_baud = no_baud,
	    .changed = no_change,
	    .finding = no_finding,
	    .unsafe = none_unsafe,
	    .seal = no_seal,
	    .open = no_open,
	    .take_counter = any_counter,
	    .next_counter = no_counter,
	};
}
