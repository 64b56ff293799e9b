/* One module after the other, given up when nothing more is found. */
#include "gateway/radio_examination.h"

#include <errno.h>
#include <string.h>

#include "gateway/clock.h"

enum { SILENCE_US = 60000000 };

static void end(struct radio_examination *examination, const char *why)
{
	examination->under_way = NULL;
	radio_alarm_set(&examination->alarm, 0);
	examination->finding(examination->context, NULL, why);
}

static void ring_silence(void *context)
{
	end(context, "nothing was found within a minute; the module does not answer");
}

/* The driver may answer, and even end, before it returns. */
static int begin(struct radio_examination *examination, struct radio_driver *driver)
{
	struct radio_driver *before = examination->under_way;
	examination->under_way = driver;
	radio_alarm_set(&examination->alarm, clock_mono_us() + SILENCE_US);
	int error = radio_driver_examine(driver, examination->what);
	if (error < 0) {
		examination->under_way = before;
		radio_alarm_set(&examination->alarm, 0);
	}
	return error;
}

int radio_examination_begin(struct radio_examination *examination, enum modem_examination what)
{
	if (examination->under_way)
		return -EBUSY;
	examination->what = what;
	examination->alarm.ring = ring_silence;
	examination->alarm.context = examination;
	int error = begin(examination, examination->modem);
	return error == -EOPNOTSUPP && examination->control ? begin(examination, examination->control) : error;
}

static const char *why_not(int error)
{
	switch (error) {
	case -EOPNOTSUPP:
		return "";
	case -ENOTCONN:
		return "the control is not ready";
	case -EBUSY:
		return "the control is being examined already";
	default:
		return strerror(-error);
	}
}

void radio_examination_found(struct radio_examination *examination, struct radio_driver *driver, const char *name,
			     const char *value)
{
	if (examination->under_way != driver)
		return;
	if (name) {
		radio_alarm_set(&examination->alarm, clock_mono_us() + SILENCE_US);
		examination->finding(examination->context, name, value);
		return;
	}
	bool more = driver == examination->modem && examination->control && !value[0];
	int error = more ? begin(examination, examination->control) : 0;
	if (!more || error < 0)
		end(examination, more ? why_not(error) : value);
}

void radio_examination_lost(struct radio_examination *examination, const struct radio_driver *driver)
{
	if (examination->under_way == driver)
		end(examination, "the port was lost");
}
