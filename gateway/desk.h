/* What people at the base ask for through the tool's socket: status, traffic as it passes, sending, acknowledging, examining radios. */
#pragma once

#include <jansson.h>

#include "gateway/control.h"
#include "gateway/report.h"

struct desk;

/* report must outlive the desk. NULL: out of memory. */
struct desk *desk_new(const struct report *report);
void desk_free(struct desk *desk);
void desk_set_control(struct desk *desk, struct control *control);

/* For struct control_callbacks, with the desk as context. */
void desk_request(void *desk, struct control_client *client, const char *json, size_t size);
void desk_gone(void *desk, struct control_client *client);

/* For struct route_callbacks, with the desk as context. */
void desk_accepted(void *desk, const char *id, bool on_disk);
void desk_receipt(void *desk, const struct receipt *receipt);
void desk_passed(void *desk, const struct entry *entry);

/* For struct radio_callbacks: a datagram passed. */
void desk_datagram(struct desk *desk, const char *radio, enum radio_direction direction,
		   const struct datagram *datagram);

/* Makes a document fit to be shown at the base: a check-in under duress becomes the one that it looks like. False: not to be shown at all,
 * which its incident is not. */
bool desk_may_show(json_t *message);
/* For struct radio_callbacks: a finding of an examination; name NULL: its end. */
void desk_finding(struct desk *desk, const struct radio *radio, const char *name, const char *value);
