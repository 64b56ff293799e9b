/* Setting an RNode up: wait for its start, see what it is, set the radio, and compare what it says it did. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "drivers/codec/kiss.h"
#include "drivers/modem/rnode.h"

enum {
	SETTLE_US = 2000000,
	DETECT_US = 1000000,
	ECHO_US = 1000000,
	RETRY_US = 50000, /* after a write that found no room */
	REST_US = 5000000,
	REST_LONG_US = 30000000,
	TRIES = 3,
	MAJOR_MIN = 1,
	MINOR_MIN = 52,
	FREQUENCY_TOLERANCE_HZ = 100, /* the chip's steps */
	CHANGED_AGAIN_US = 60000000,
	SETUP_MAX = 128,
};

/* A choice of bandwidth_khz as the board has it. */
static uint32_t bandwidth_hz(const char *khz)
{
	unsigned whole = 0, thousandths = 0, weight = 1000;
	const char *at = khz;
	for (; *at >= '0' && *at <= '9'; at++)
		whole = whole * 10 + (unsigned)(*at - '0');
	for (at += *at == '.'; *at >= '0' && *at <= '9' && weight > 1; at++)
		thousandths += (unsigned)(*at - '0') * (weight /= 10);
	return whole * 1000 + thousandths;
}

static uint32_t hundredths(double percent)
{
	return (uint32_t)lround(percent * 100);
}

void rnode_read_values(struct rnode *rnode)
{
	const union driver_value *values = rnode->values;
	const char *coding = values[RNODE_KEY_CODING].text;
	const uint32_t wanted[RNODE_SETTINGS] = {
	    [RNODE_SET_FREQUENCY] = (uint32_t)llround(values[RNODE_KEY_FREQUENCY].number * 1e6),
	    [RNODE_SET_BANDWIDTH] = bandwidth_hz(values[RNODE_KEY_BANDWIDTH].text),
	    [RNODE_SET_POWER] = (uint32_t)values[RNODE_KEY_POWER].integer,
	    [RNODE_SET_SPREADING] = (uint32_t)values[RNODE_KEY_SPREADING].integer,
	    [RNODE_SET_CODING] = coding[0] && coding[1] ? (uint32_t)(coding[2] - '0') : 5,
	    [RNODE_SET_LIMIT_SHORT] = hundredths(values[RNODE_KEY_LIMIT_SHORT].number),
	    [RNODE_SET_LIMIT_LONG] = hundredths(values[RNODE_KEY_LIMIT_LONG].number),
	    [RNODE_SET_STATE] = 1,
	};
	memcpy(rnode->wanted, wanted, sizeof(wanted));
	rnode->modulation = (struct lora_modulation){
	    .spreading_factor = wanted[RNODE_SET_SPREADING],
	    .bandwidth_hz = wanted[RNODE_SET_BANDWIDTH],
	    .coding_rate = wanted[RNODE_SET_CODING],
	};
}

static const struct {
	uint8_t command;
	size_t size;
	const char *key;
} settings[RNODE_SETTINGS] = {
    [RNODE_SET_FREQUENCY] = {RNODE_FREQUENCY, 4, "frequency_mhz"},
    [RNODE_SET_BANDWIDTH] = {RNODE_BANDWIDTH, 4, "bandwidth_khz"},
    [RNODE_SET_POWER] = {RNODE_TXPOWER, 1, "power_dbm"},
    [RNODE_SET_SPREADING] = {RNODE_SF, 1, "spreading_factor"},
    [RNODE_SET_CODING] = {RNODE_CR, 1, "coding_rate"},
    [RNODE_SET_LIMIT_SHORT] = {RNODE_ST_ALOCK, 2, "airtime_limit_short_percent"},
    [RNODE_SET_LIMIT_LONG] = {RNODE_LT_ALOCK, 2, "airtime_limit_long_percent"},
    [RNODE_SET_STATE] = {RNODE_RADIO_STATE, 1, "radio"},
};

const char *rnode_setting_key(enum rnode_setting setting)
{
	return settings[setting].key;
}

bool rnode_setting_agrees(const struct rnode *rnode, enum rnode_setting setting)
{
	int64_t difference = (int64_t)rnode->echo[setting] - rnode->wanted[setting];
	int64_t tolerance = setting == RNODE_SET_FREQUENCY ? FREQUENCY_TOLERANCE_HZ : 0;
	return difference >= -tolerance && difference <= tolerance;
}

void rnode_begin(struct rnode *rnode)
{
	rnode->detected = rnode->has_firmware = rnode->has_channel = rnode->limited = false;
	rnode->physical = (struct rnode_physical){0};
	rnode->rssi_dbm = rnode->snr_db = (double)NAN;
	rnode->tries = 0;
	rnode_set_configured(rnode, false);
	rnode_enter(rnode, RNODE_SETTLING, SETTLE_US);
}

void rnode_reboot(struct rnode *rnode)
{
	rnode_write(rnode, RNODE_RESET, (const uint8_t[]){RNODE_RESET_BODY}, 1);
	rnode_begin(rnode);
}

void rnode_rest(struct rnode *rnode, int64_t for_us)
{
	rnode_fail_sending(rnode, "modem_lost");
	rnode_set_configured(rnode, false);
	rnode_enter(rnode, RNODE_RESTING, for_us);
}

/* Four questions in one write: is it an RNode, its firmware, platform and processor. */
static void detect(struct rnode *rnode)
{
	static const uint8_t questions[] = {KISS_FEND, RNODE_DETECT,     RNODE_DETECT_REQUEST,
					    KISS_FEND, RNODE_FW_VERSION, 0,
					    KISS_FEND, RNODE_PLATFORM,   0,
					    KISS_FEND, RNODE_MCU,        0,
					    KISS_FEND};
	int result = rnode->services->write(rnode->services->owner, questions, sizeof(questions));
	rnode_enter(rnode, RNODE_DETECTING, result < 0 ? RETRY_US : DETECT_US);
}

static size_t put(uint8_t *out, size_t used, enum rnode_setting setting, uint32_t value)
{
	const uint8_t number[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
				   (uint8_t)value};
	size_t size = settings[setting].size;
	return used + kiss_encode(settings[setting].command, NULL, 0, number + sizeof(number) - size, size, out + used,
				  SETUP_MAX - used);
}

/* The radio goes off and on at the end: a board with settings of its own uses ours only from then on. */
static void set_up(struct rnode *rnode)
{
	uint8_t bytes[SETUP_MAX];
	size_t used = 0;
	for (enum rnode_setting setting = 0; setting < RNODE_SET_STATE; setting++)
		used = put(bytes, used, setting, rnode->wanted[setting]);
	used = put(bytes, used, RNODE_SET_STATE, 0);
	used = put(bytes, used, RNODE_SET_STATE, 1);
	memset(rnode->echoed, 0, sizeof(rnode->echoed));
	rnode_set_configured(rnode, false);
	int result = rnode->services->write(rnode->services->owner, bytes, used);
	rnode_enter(rnode, RNODE_SETTING_UP, result < 0 ? RETRY_US : ECHO_US);
}

static void judge_firmware(struct rnode *rnode)
{
	rnode->tries = 0;
	snprintf(rnode->model, sizeof(rnode->model), "RNode (%s)", rnode_platform_name(rnode->platform));
	snprintf(rnode->firmware, sizeof(rnode->firmware), "%u.%u", rnode->major, rnode->minor);
	if (rnode->major > MAJOR_MIN || (rnode->major == MAJOR_MIN && rnode->minor >= MINOR_MIN)) {
		set_up(rnode);
		return;
	}
	rnode_drop(rnode, "rnode_old_firmware");
	rnode_set_text(rnode, "firmware %s of the RNode is too old. Bring it to %d.%d or newer with rnodeconf.",
		       rnode->firmware, MAJOR_MIN, MINOR_MIN);
	rnode_rest(rnode, REST_LONG_US);
}

static void say_mismatch(struct rnode *rnode, enum rnode_setting setting)
{
	rnode_drop(rnode, "rnode_mismatch");
	if (setting == RNODE_SET_STATE)
		rnode_set_text(rnode,
			       "the radio of the RNode stays off. Check that its firmware is set up (rnodeconf).");
	else
		rnode_set_text(rnode,
			       "%s: %u was asked for, but the RNode has %u: its hardware cannot do that. Correct it.",
			       settings[setting].key, (unsigned)rnode->wanted[setting], (unsigned)rnode->echo[setting]);
	rnode_rest(rnode, REST_LONG_US);
}

/* All echoes are here, or their time is over. */
static void compare(struct rnode *rnode)
{
	for (enum rnode_setting setting = 0; setting < RNODE_SETTINGS; setting++)
		if (rnode->echoed[setting] && !rnode_setting_agrees(rnode, setting)) {
			say_mismatch(rnode, setting);
			return;
		}
	for (enum rnode_setting setting = 0; setting < RNODE_SETTINGS; setting++)
		if (!rnode->echoed[setting]) {
			if (++rnode->tries < TRIES) {
				set_up(rnode);
				return;
			}
			rnode_drop(rnode, "rnode_unconfirmed");
			rnode_set_text(rnode, "the RNode does not confirm %s. Check the cable.", settings[setting].key);
			rnode_rest(rnode, REST_US);
			return;
		}
	rnode_set_text(rnode, "%s", "");
	rnode->channel_us = rnode_now_us(rnode);
	rnode_enter(rnode, RNODE_IDLE, 0);
	rnode_set_configured(rnode, true);
}

/* Somebody else changed a setting, or the board lost it. At once the first time; a board that says so over and over is left alone for a
 * while, so that it keeps nobody busy. */
static void set_up_again(struct rnode *rnode, enum rnode_setting setting)
{
	bool again = rnode->changed_us && rnode_now_us(rnode) - rnode->changed_us < CHANGED_AGAIN_US;
	rnode_drop(rnode, "rnode_changed");
	rnode->changed_us = rnode_now_us(rnode);
	rnode_fail_sending(rnode, "modem_lost");
	rnode->tries = 0;
	if (!again) {
		set_up(rnode);
		return;
	}
	rnode_set_text(rnode, "%s of the RNode is changed again and again. Look for another program that uses it.",
		       settings[setting].key);
	rnode_rest(rnode, REST_US);
}

/* The echo that ends the setting up is that of the radio's state: first off, then what came of on. */
static void take_echo(struct rnode *rnode, enum rnode_setting setting, uint32_t value)
{
	bool first_state = setting == RNODE_SET_STATE && !rnode->echoed[setting] && value == 0;
	rnode->echo[setting] = value;
	rnode->echoed[setting] = true;
	if (rnode->phase == RNODE_SETTING_UP && setting == RNODE_SET_STATE && !first_state)
		compare(rnode);
	else if (rnode->configured && !rnode->findings.running && !rnode_setting_agrees(rnode, setting))
		set_up_again(rnode, setting);
}

static bool take_setting(struct rnode *rnode, const uint8_t *body, size_t size)
{
	for (enum rnode_setting setting = 0; setting < RNODE_SETTINGS; setting++) {
		if (settings[setting].command != rnode->decoder.command || settings[setting].size != size)
			continue;
		take_echo(rnode, setting, size == 4 ? rnode_u32(body) : size == 2 ? rnode_u16(body) : body[0]);
		return true;
	}
	return false;
}

static bool take_identity(struct rnode *rnode, const uint8_t *body, size_t size)
{
	if (rnode->decoder.command == RNODE_DETECT && size == 1 && body[0] == RNODE_DETECT_ANSWER) {
		rnode->detected = true;
	} else if (rnode->decoder.command == RNODE_FW_VERSION && size == 2) {
		rnode->major = body[0];
		rnode->minor = body[1];
		rnode->has_firmware = true;
	} else if (rnode->decoder.command == RNODE_PLATFORM && size == 1) {
		rnode->platform = body[0];
	} else if (rnode->decoder.command == RNODE_MCU && size == 1) {
		rnode->mcu = body[0];
		/* The last of the four answers. */
		if (rnode->phase == RNODE_DETECTING && rnode->detected && rnode->has_firmware)
			judge_firmware(rnode);
	} else {
		return false;
	}
	return true;
}

bool rnode_setup_frame(struct rnode *rnode)
{
	const uint8_t *body = rnode->decoder.body;
	size_t size = rnode->decoder.body_size;
	return take_identity(rnode, body, size) || take_setting(rnode, body, size);
}

static void say_mute(struct rnode *rnode)
{
	bool other = rnode->stranger.name && strcmp(rnode->stranger.name, "an RNode") != 0;
	rnode_drop(rnode, other ? "rnode_wrong_device" : "rnode_absent");
	if (other)
		rnode_set_text(rnode, "no RNode answers; what talks there looks like %s. Correct `device` or `modem`.",
			       rnode->stranger.name);
	else
		rnode_set_text(rnode,
			       "no RNode answers. Check `device`, that `baud` is 115200, and that the board has the "
			       "RNode firmware (rnodeconf --info).");
}

static void undetected(struct rnode *rnode)
{
	/* Answers that came in part: the rest was lost. */
	if (rnode->detected && rnode->has_firmware) {
		judge_firmware(rnode);
	} else if (++rnode->tries < TRIES) {
		detect(rnode);
	} else {
		say_mute(rnode);
		rnode_rest(rnode, REST_US);
	}
}

void rnode_setup_late(struct rnode *rnode)
{
	switch (rnode->phase) {
	case RNODE_SETTLING:
		detect(rnode);
		break;
	case RNODE_DETECTING:
		undetected(rnode);
		break;
	case RNODE_SETTING_UP:
		compare(rnode);
		break;
	case RNODE_RESTING:
		rnode->tries = 0;
		rnode->detected = rnode->has_firmware = false;
		detect(rnode);
		break;
	default:
		break;
	}
}
