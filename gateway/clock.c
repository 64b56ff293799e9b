/* The clocks, read from the kernel. */
#include "gateway/clock.h"

#include <stdbool.h>
#include <time.h>

static int64_t read_us(clockid_t id)
{
	struct timespec now;
	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_mono_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

int64_t clock_wall_ms(void)
{
	return read_us(CLOCK_REALTIME) / 1000;
}

/* Steady time minus time since boot; set at the first use. */
static struct {
	bool set;
	int64_t ms;
} offset;

static int64_t since_boot_ms(void)
{
	return read_us(CLOCK_BOOTTIME) / 1000;
}

int64_t clock_steady_ms(void)
{
	if (!offset.set)
		clock_steady_resume(0);
	return since_boot_ms() + offset.ms;
}

int64_t clock_steady_lag_ms(void)
{
	return clock_wall_ms() - clock_steady_ms();
}

void clock_steady_resume(int64_t lag_ms)
{
	offset.set = true;
	offset.ms = clock_wall_ms() - lag_ms - since_boot_ms();
}
