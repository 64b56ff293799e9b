/* The aprs air protocol on a clock of the test's own. */
#pragma once

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/codec/ax25.h"
#include "drivers/codec/hash.h"
#include "tests/support/driver_services.h"

/* 2026-11-23 23:40:07 UTC, 7 s into its 30 s */
#define WALL_MS INT64_C(1795477207000)

static struct record record;
static struct driver_under_test *aprs;

static void start(const struct driver_setting *settings)
{
	memset(&record, 0, sizeof(record));
	record.wall_ms = WALL_MS;
	driver_under_test_free(aprs);
	aprs = air_under_test("aprs", &record, settings);
	assert_int_equal(aprs->init_result, 0);
}

static int stop(void **unused)
{
	(void)unused;
	driver_under_test_free(aprs);
	aprs = NULL;
	return 0;
}
