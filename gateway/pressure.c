/* Watches how much waits for the uplink. */
#include "gateway/pressure.h"

#include <stdlib.h>

enum {
	HIGH_BYTES = 1 << 20, /* waiting for the uplink: ports are read slowly ... */
	LOW_BYTES = 1 << 18,  /* ... until it is this */
};

struct pressure {
	const struct schedule *schedule;
	void (*limit)(void *context, bool limited);
	void *context;
	bool limited;
};

static size_t waiting_bytes(const struct pressure *pressure)
{
	size_t bytes = 0;
	for (int class = 0; class < CLASS_COUNT; class ++)
		bytes += schedule_level(pressure->schedule, (enum message_class) class).bytes;
	return bytes;
}

struct pressure *pressure_new(const struct schedule *schedule, void (*limit)(void *context, bool limited),
			      void *context)
{
	struct pressure *pressure = calloc(1, sizeof(*pressure));
	if (pressure)
		*pressure = (struct pressure){.schedule = schedule, .limit = limit, .context = context};
	return pressure;
}

void pressure_free(struct pressure *pressure)
{
	free(pressure);
}

void pressure_check(struct pressure *pressure)
{
	size_t bytes = waiting_bytes(pressure);
	bool limited = bytes > (pressure->limited ? LOW_BYTES : HIGH_BYTES);
	if (limited == pressure->limited)
		return;
	pressure->limited = limited;
	pressure->limit(pressure->context, limited);
}
