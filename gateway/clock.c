/* The clocks, read from the kernel. */
#include "gateway/clock.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
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

int64_t clock_boot_ms(void)
{
	return read_us(CLOCK_BOOTTIME) / 1000;
}

/* "e0b6f5a8-...": the kernel draws it at random. */
uint64_t clock_boot_id(void)
{
	uint64_t id = 0;
	int read = 0;
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
	if (!file)
		return 0;
	for (int c; (c = getc(file)) != EOF && c != '\n';)
		if (isxdigit(c)) {
			id = id * 16 + (uint64_t)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
			read++;
		}
	fclose(file);
	return read >= 16 ? id : 0;
}

int64_t clock_steady_ms(void)
{
	if (!offset.set)
		clock_steady_resume(0);
	return clock_boot_ms() + offset.ms;
}

int64_t clock_steady_lag_ms(void)
{
	return clock_wall_ms() - clock_steady_ms();
}

void clock_steady_resume(int64_t lag_ms)
{
	offset.set = true;
	offset.ms = clock_wall_ms() - lag_ms - clock_boot_ms();
}
