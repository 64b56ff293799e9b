/* Writes objects as lines. */
#include "gateway/desk_reply.h"

#include <stdlib.h>

void desk_reply(struct control_client *client, json_t *object)
{
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	control_reply(client, text ? text : "{\"error\":\"out of memory\"}");
	free(text);
}

void desk_reply_error(struct control_client *client, const char *text)
{
	desk_reply(client, json_pack("{s:s}", "error", text));
}
