/* A modem, an air protocol and the rules in a row, as in the gateway but without clock, port and memory: captures become JSON lines. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "drivers/air.h"
#include "drivers/modem.h"

struct chain;
struct keys;

/* modem NULL: datagrams or lines come as they are. keys: of the field's stations, borrowed; NULL = none. Lines go to out. NULL: out of memory or
 * a driver refused its own defaults. */
struct chain *chain_new(const struct modem_ops *modem, const struct air_ops *air, struct keys *keys, FILE *out);
void chain_free(struct chain *chain);

/* What error lines show as input until the next call. Not copied. */
void chain_source(struct chain *chain, const char *text, size_t size);

/* Bytes of a modem's port, cut anywhere; one datagram; one line in the air protocol's written form (false: it has none). */
void chain_bytes(struct chain *chain, const uint8_t *bytes, size_t size);
void chain_datagram(struct chain *chain, const uint8_t *bytes, size_t size);
bool chain_line(struct chain *chain, const char *line, size_t size);
/* The capture is over: what the modem holds back for more is taken as it is, a half frame is given up. */
void chain_end(struct chain *chain);

/* Writes an error line for the source. */
void chain_error(struct chain *chain, const char *error);

/* Lines written so far: messages and errors. */
size_t chain_messages(const struct chain *chain);
size_t chain_errors(const struct chain *chain);
