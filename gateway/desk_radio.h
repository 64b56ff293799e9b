/* What people at the base ask of one radio: what it is, and examinations of its modules. */
#pragma once

#include <jansson.h>

#include "gateway/control.h"
#include "gateway/report.h"

struct desk_radios;

/* report must outlive it. NULL: out of memory. */
struct desk_radios *desk_radios_new(const struct report *report);
void desk_radios_free(struct desk_radios *radios);

/* {"command":"radio","radio":NAME,"do":"info"|"test"|"scan"} */
void desk_radios_request(struct desk_radios *radios, struct control_client *client, json_t *request);
/* The client is gone; an examination that it asked for goes on. */
void desk_radios_gone(struct desk_radios *radios, struct control_client *client);
/* A finding of that radio; name NULL: the end, value says why it failed, "" = it did not. */
void desk_radios_finding(struct desk_radios *radios, const struct radio *radio, const char *name, const char *value);
