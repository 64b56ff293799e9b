/* What drivers/services.h lends the air protocol of the field frame: keys, windows and counters joined by the epochs of the keys. */
#pragma once

#include "drivers/services.h"

struct field_memory;
struct keyring;

/* The owner of the four below, which are the services of the same names. keyring NULL: no key file, everything is -ENOKEY. */
struct secrets {
	struct keyring *keyring;
	struct field_memory *memory;
};

int secrets_seal(void *owner, struct sealed *sealed);
int secrets_open(void *owner, struct sealed *sealed, unsigned epochs_back);
/* Also -ENOKEY where there is no such epoch. */
int secrets_take_counter(void *owner, uint16_t station, unsigned epochs_back, uint32_t counter);
/* Also -ENOKEY, and -EOVERFLOW when all counters of the epoch are used up. */
int secrets_next_counter(void *owner, uint16_t addressee, uint32_t *counter);
