/* What headquarters commands: each is carried out once, or turned away with the reason; either way its receipts say so. The answers to it are
 * receipts, and nothing else comes of a command that may not be given.
 *
 * Counters `commands`: `taken`, `repeated`, `turned_away`, and what has no receipt of its own: `drop.retained`, `drop.unreadable`,
 * `drop.id_taken`, `drop.flood`. */
#pragma once

#include "gateway/counters.h"
#include "gateway/route.h"
#include "gateway/settings.h"
#include "gateway/uplink.h"

struct commands;

/* All is borrowed. NULL: out of memory. */
struct commands *commands_new(const struct settings *settings, struct route *route, struct counters *counters);
void commands_free(struct commands *commands);

/* An uplink_command_fn, with the commands as context. */
bool commands_received(void *commands, const struct uplink_command *command);
