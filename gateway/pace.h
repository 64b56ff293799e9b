/* How fast the bulk connection may send so that an alert finds the link empty: finds the rate of the link by itself. Pure: time and
 * measurements are passed in. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
