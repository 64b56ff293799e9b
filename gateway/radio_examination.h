/* An examination of a radio's modules: the modem's first, then the control's, those that can. */
#pragma once

#include "gateway/radio_alarm.h"
#include "gateway/radio_driver.h"

/* Lives where it was put; the first five are filled in by its owner. */
struct radio_examination {
	struct radio_driver *modem, *control; /* control NULL = none */
	void *context;
	/* name NULL: the end; value is why it failed, or "". */
	void (*finding)(void *context, const char *name, const char *value);
	struct radio_alarm alarm; /* with its event; the rest is set by radio_examination_begin */

	struct radio_driver *under_way; /* NULL: none is */
	enum modem_examination what;
};

/* As radio_examine. */
int radio_examination_begin(struct radio_examination *examination, enum modem_examination what);
/* A finding of that driver, as struct services has it; one that nobody asked for is passed over. */
void radio_examination_found(struct radio_examination *examination, struct radio_driver *driver, const char *name,
			     const char *value);
/* The driver's port was lost. */
void radio_examination_lost(struct radio_examination *examination, const struct radio_driver *driver);
