/* Examining an RNode: what it says of its settings, and what it measures on its channel. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "drivers/codec/kiss.h"
#include "drivers/modem/rnode.h"

enum { TEST_US = 2500000, SCAN_US = 10000000, QUESTIONS_MAX = 64 };

static void __attribute__((format(printf, 3, 4)))
finding(struct rnode *rnode, const char *name, const char *format, ...)
{
	char value[96];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(value, sizeof(value), format, arguments);
	va_end(arguments);
	rnode->services->finding(rnode->services->owner, name, value);
}

/* The airtime limits cannot be asked for. */
static int ask_settings(struct rnode *rnode)
{
	static const uint8_t zero[4], ask[1] = {RNODE_ASK};
	static const uint8_t bytes[] = {RNODE_TXPOWER, RNODE_SF, RNODE_CR, RNODE_RADIO_STATE};
	uint8_t out[QUESTIONS_MAX];
	size_t used = kiss_encode(RNODE_FREQUENCY, NULL, 0, zero, sizeof(zero), out, sizeof(out));
	used += kiss_encode(RNODE_BANDWIDTH, NULL, 0, zero, sizeof(zero), out + used, sizeof(out) - used);
	for (size_t i = 0; i < sizeof(bytes); i++)
		used += kiss_encode(bytes[i], NULL, 0, ask, sizeof(ask), out + used, sizeof(out) - used);
	return rnode->services->write(rnode->services->owner, out, used);
}

int rnode_examine(void *state, enum modem_examination what)
{
	struct rnode *rnode = state;
	if (!rnode->configured)
		return -ENOTCONN;
	if (rnode->findings.running)
		return -EBUSY;
	if (what == MODEM_SCAN && !rnode->has_channel)
		return -EOPNOTSUPP;
	if (what == MODEM_TEST && ask_settings(rnode) < 0)
		return -EBUSY;
	if (what == MODEM_TEST)
		memset(rnode->echoed, 0, sizeof(rnode->echoed));
	rnode->findings = (struct rnode_findings){
	    .running = true,
	    .what = what,
	    .end_us = rnode_now_us(rnode) + (what == MODEM_TEST ? TEST_US : SCAN_US),
	    .rssi_min_dbm = INFINITY,
	    .rssi_max_dbm = -INFINITY,
	    .interference_dbm = (double)NAN,
	};
	rnode_set_alarm(rnode);
	return 0;
}

void rnode_examine_channel(struct rnode *rnode)
{
	struct rnode_findings *findings = &rnode->findings;
	const struct rnode_channel *channel = &rnode->channel;
	if (!findings->running)
		return;
	findings->count++;
	findings->rssi_min_dbm = fmin(findings->rssi_min_dbm, channel->rssi_dbm);
	findings->rssi_max_dbm = fmax(findings->rssi_max_dbm, channel->rssi_dbm);
	findings->noise_dbm = channel->noise_dbm;
	findings->load_percent = channel->load_short_percent;
	/* fmax leaves NAN out. */
	findings->interference_dbm = fmax(findings->interference_dbm, channel->interference_dbm);
}

static void report_channel(struct rnode *rnode)
{
	const struct rnode_findings *findings = &rnode->findings;
	if (!findings->count) {
		finding(rnode, "channel", "this board does not measure it");
		return;
	}
	finding(rnode, "rssi_dbm", "%.0f to %.0f", findings->rssi_min_dbm, findings->rssi_max_dbm);
	finding(rnode, "noise_dbm", "%.0f", findings->noise_dbm);
	if (isnan(findings->interference_dbm))
		finding(rnode, "interference_dbm", "none");
	else
		finding(rnode, "interference_dbm", "%.0f", findings->interference_dbm);
	finding(rnode, "channel_load_percent", "%.2f", findings->load_percent);
	finding(rnode, "airtime_percent", "%.2f in 15 s, %.2f in an hour", rnode->channel.airtime_short_percent,
		rnode->channel.airtime_long_percent);
}

/* Returns whether a setting is another than the configured one. */
static bool report_settings(struct rnode *rnode)
{
	bool differs = false;
	finding(rnode, "model", "%s", rnode->model);
	finding(rnode, "firmware", "%s", rnode->firmware);
	for (enum rnode_setting setting = 0; setting < RNODE_SETTINGS; setting++) {
		if (setting == RNODE_SET_LIMIT_SHORT || setting == RNODE_SET_LIMIT_LONG)
			continue;
		const char *key = rnode_setting_key(setting);
		unsigned echo = rnode->echo[setting], wanted = rnode->wanted[setting];
		if (!rnode->echoed[setting])
			finding(rnode, key, "no answer");
		else if (rnode_setting_agrees(rnode, setting))
			finding(rnode, key, "%u, as configured", echo);
		else
			finding(rnode, key, "%u instead of %u", echo, wanted);
		differs = differs || !rnode->echoed[setting] || !rnode_setting_agrees(rnode, setting);
	}
	return differs;
}

void rnode_examine_end(struct rnode *rnode, const char *error)
{
	bool differs = false;
	if (!rnode->findings.running)
		return;
	rnode->findings.running = false;
	if (!error[0]) {
		differs = rnode->findings.what == MODEM_TEST && report_settings(rnode);
		report_channel(rnode);
	}
	rnode->services->finding(rnode->services->owner, NULL, error);
	if (differs) {
		rnode_fail_sending(rnode, "modem_lost");
		rnode_begin(rnode);
	}
}
