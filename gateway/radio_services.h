/* The services of drivers/services.h that are the same for every driver, and refusals for what a driver has no use for. */
#pragma once

#include "drivers/services.h"

/* The clocks; everything else refuses or does nothing. Who lends the services puts its own in place of those. */
struct services radio_services(void *owner);
