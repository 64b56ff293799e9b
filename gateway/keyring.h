/* The keys of the running gateway: read at the start, and again whenever the key file is replaced, so that a revoked station is shut
 * out without a restart. */
#pragma once

#include <systemd/sd-event.h>

#include "gateway/keys.h"
#include "gateway/worker.h"

struct keyring;

/* Reads the file (this once on the loop) and watches its directory. A file that cannot be used is logged, and taken as soon as it can be.
 * event and worker must outlive it; path is copied. NULL: out of memory. */
struct keyring *keyring_new(const char *path, sd_event *event, struct worker *worker);
/* NULL is allowed. */
void keyring_free(struct keyring *keyring);

/* Why the file as it stands cannot be used and what to do, "" = it is in use. Valid until the loop turns. */
const char *keyring_text(const struct keyring *keyring);

/* The keys to be used now, or NULL: none. Valid until the loop turns. keyring NULL: none. */
struct keys *keyring_keys(const struct keyring *keyring);
