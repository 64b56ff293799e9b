/* The airtime of a modem as the gateway would set it up, without a port. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/tool/airtime.h"

static int64_t no_time(void *owner)
{
	(void)owner;
	return 0;
}

static void no_alarm(void *owner, int64_t at_us)
{
	(void)owner;
	(void)at_us;
}

static bool read_number(const struct driver_key *key, const char *text, double *number)
{
	char *end;
	errno = 0;
	*number = strtod(text, &end);
	return !errno && end != text && !*end &&
	       ((key->min == 0 && key->max == 0) || (*number >= key->min && *number <= key->max));
}

static bool read_choice(const struct driver_key *key, const char *text, union driver_value *value)
{
	for (size_t i = 0; key->choices[i]; i++) {
		if (strcmp(key->choices[i], text) == 0) {
			value->text = key->choices[i];
			return true;
		}
	}
	return false;
}

static bool read_value(const struct driver_key *key, const char *text, union driver_value *value)
{
	double number;
	switch (key->type) {
	case KEY_INTEGER:
		if (!read_number(key, text, &number) || number != (double)(int64_t)number)
			return false;
		value->integer = (int64_t)number;
		return true;
	case KEY_NUMBER:
		return read_number(key, text, &value->number);
	case KEY_FLAG:
		value->flag = strcmp(text, "true") == 0;
		return value->flag || strcmp(text, "false") == 0;
	case KEY_CHOICE:
		return read_choice(key, text, value);
	default:
		value->text = text;
		return true;
	}
}

/* "key=value" laid on the values. */
static bool take_setting(const struct modem_ops *modem, const char *setting, union driver_value *values)
{
	size_t name_size = strcspn(setting, "=");
	for (size_t i = 0; setting[name_size] && i < modem->key_count; i++) {
		const struct driver_key *key = &modem->keys[i];
		if (strlen(key->name) == name_size && strncmp(key->name, setting, name_size) == 0)
			return read_value(key, setting + name_size + 1, &values[i]);
	}
	return false;
}

static bool read_settings(const struct modem_ops *modem, char *const *settings, size_t count,
			  union driver_value *values, char *wrong, size_t wrong_size)
{
	for (size_t i = 0; i < modem->key_count; i++)
		if (modem->keys[i].type == KEY_TEXT || !modem->keys[i].fallback ||
		    !read_value(&modem->keys[i], modem->keys[i].fallback, &values[i]))
			values[i].text = modem->keys[i].fallback ? modem->keys[i].fallback : "";
	for (size_t i = 0; i < count; i++) {
		if (!take_setting(modem, settings[i], values)) {
			snprintf(wrong, wrong_size, "'%s' is no setting of %s, or no value for it", settings[i],
				 modem->name);
			return false;
		}
	}
	return true;
}

/* Where a driver's refusal goes. */
struct refusal {
	char *text;
	size_t size;
	bool refused;
};

static void on_refused(void *owner, const char *key, const char *why)
{
	struct refusal *refusal = owner;
	snprintf(refusal->text, refusal->size, "%s %s", key, why);
	refusal->refused = true;
}

int64_t airtime_of_modem(const struct modem_ops *modem, char *const *settings, size_t count, size_t size, char *wrong,
			 size_t wrong_size)
{
	struct refusal refusal = {wrong, wrong_size, false};
	const struct services services = {
	    .owner = &refusal, .now_us = no_time, .wall_ms = no_time, .alarm = no_alarm, .refuse = on_refused};
	union driver_value *values = calloc(modem->key_count + 1, sizeof(*values));
	void *state = calloc(1, modem->state_size + 1);
	int64_t airtime_us = -1;
	if (!values || !state)
		snprintf(wrong, wrong_size, "out of memory");
	else if (size > modem->mtu)
		snprintf(wrong, wrong_size, "%s carries at most %zu bytes", modem->name, modem->mtu);
	else if (read_settings(modem, settings, count, values, wrong, wrong_size)) {
		int result = modem->init(state, &services, values);
		if (result == 0 && !refusal.refused)
			airtime_us = modem->airtime_us(state, size);
		else if (!refusal.refused)
			snprintf(wrong, wrong_size, "these settings of %s contradict one another", modem->name);
	}
	free(values);
	free(state);
	return airtime_us;
}
