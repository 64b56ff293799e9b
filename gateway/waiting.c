/* Lists what waits for the radios. */
#include "gateway/waiting.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct list {
	json_t *array;
	int64_t lag_ms;
	bool more;
};

static void put_time(json_t *object, const char *name, const struct list *list, int64_t steady_ms)
{
	char text[32];
	/* 0: not known; beyond all counting: never. */
	if (steady_ms > 0 && steady_ms < INT64_MAX / 2)
		json_object_set_new(object, name, json_string(json_time(steady_ms + list->lag_ms, text)));
}

static bool add(void *context, const struct outgoing_item *item)
{
	struct list *list = context;
	const struct entry *entry = item->entry;
	if (!entry_id(entry)[0])
		return true; /* the air protocol's own, which nobody commanded */
	list->more = json_array_size(list->array) >= WAITING_MAX;
	if (list->more)
		return false;
	size_t prefix = sizeof(GATEWAY_OUTLET) - 1;
	bool via = strncmp(item->radio, GATEWAY_OUTLET, prefix) == 0;
	json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s}", "command", entry_id(entry), "kind",
				   message_kind_name((enum message_kind)entry->kind), "class",
				   message_class_name((enum message_class)entry->class), via ? "via" : "radio",
				   item->radio + (via ? prefix : 0), "stage", outgoing_stage_name(item->stage));
	if (!object)
		return true;
	if (item->to[0])
		json_object_set_new(object, "to", json_string(item->to));
	put_time(object, "since", list, entry->accepted_at_ms);
	put_time(object, "expires_at", list, entry->expires_at_ms);
	put_time(object, "go_at", list, item->go_at_ms);
	if (item->why)
		json_object_set_new(object, "why", json_string(item->why));
	json_array_append_new(list->array, object);
	return true;
}

char *waiting_json(const struct outgoing *outgoing, int64_t lag_ms, bool *more)
{
	struct list list = {.array = json_array(), .lag_ms = lag_ms};
	outgoing_each(outgoing, add, &list);
	char *text = list.array ? json_dumps(list.array, JSON_COMPACT) : NULL;
	json_decref(list.array);
	*more = list.more;
	return text;
}
