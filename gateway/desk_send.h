/* What people at the base send through the tool, and who waits to hear what becomes of it. */
#pragma once

#include <jansson.h>

#include "gateway/control.h"
#include "gateway/report.h"

struct desk_sends;

/* report must outlive it. NULL: out of memory. */
struct desk_sends *desk_sends_new(const struct report *report);
void desk_sends_free(struct desk_sends *sends);

/* {"command":"send","text":...}: the members of a message for the field, and radio and wait. */
void desk_sends_request(struct desk_sends *sends, struct control_client *client, json_t *request);
/* The client is gone; what it sent goes on. */
void desk_sends_gone(struct desk_sends *sends, const struct control_client *client);
/* The message of that id is on disk, or in memory only because there is no disk to be had. */
void desk_sends_accepted(struct desk_sends *sends, const char *id, bool on_disk);
void desk_sends_receipt(struct desk_sends *sends, const struct receipt *receipt);
