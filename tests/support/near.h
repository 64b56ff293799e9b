/* Comparing measured numbers. cmocka's own macro for that compares as float, and takes NAN for everything. */
#pragma once

#include <math.h>

/* Both as double; by = 0: exactly. NAN is near nothing. Include <cmocka.h> before. */
#define assert_near(actual, expected, by)                                                                              \
	do {                                                                                                           \
		const double near_actual = (actual), near_expected = (expected);                                       \
		if (!(fabs(near_actual - near_expected) <= (by))) {                                                    \
			print_error("%.9g is not within %g of %.9g\n", near_actual, (double)(by), near_expected);      \
			_fail(__FILE__, __LINE__);                                                                     \
		}                                                                                                      \
	} while (0)
