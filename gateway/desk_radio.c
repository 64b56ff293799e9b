/* Answers about single radios; findings go to whoever asked for the examination. */
#include "gateway/desk_radio.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/desk_reply.h"

/* For each place of report->radios, who asked for the examination under way; NULL: none is, or the client is gone. */
struct examiner {
	struct control_client *client;
};

struct desk_radios {
	const struct report *report;
	struct examiner examiners[];
};

struct desk_radios *desk_radios_new(const struct report *report)
{
	size_t count = report->settings->radio_count;
	struct desk_radios *radios = calloc(1, sizeof(*radios) + count * sizeof(struct examiner));
	if (radios)
		radios->report = report;
	return radios;
}

void desk_radios_free(struct desk_radios *radios)
{
	free(radios);
}

/* The place of the running radio of that name, -1: there is none. */
static int find(const struct desk_radios *radios, const char *name)
{
	const struct settings *settings = radios->report->settings;
	for (size_t i = 0; name && i < settings->radio_count; i++)
		if (radios->report->radios[i] && strcmp(settings->radios[i].name, name) == 0)
			return (int)i;
	return -1;
}

static const char *why_not(int error)
{
	switch (error) {
	case -EBUSY:
		return "an examination of this radio is under way; ask again when it has ended";
	case -ENOTCONN:
		return "the radio is not ready, so it cannot be examined. `cresset radio NAME info` says what is "
		       "wrong.";
	case -EOPNOTSUPP:
		return "this radio's modem cannot do that; it has nothing to ask or to measure";
	default:
		return strerror(-error);
	}
}

static void examine(struct desk_radios *radios, size_t index, struct control_client *client,
		    enum modem_examination what)
{
	/* The first finding may come before radio_examine returns. */
	struct control_client *before = radios->examiners[index].client;
	radios->examiners[index].client = client;
	int error = radio_examine(radios->report->radios[index], what);
	if (error == 0)
		return;
	radios->examiners[index].client = before;
	desk_reply_error(client, why_not(error));
}

void desk_radios_request(struct desk_radios *radios, struct control_client *client, json_t *request)
{
	int index = find(radios, json_string_value(json_object_get(request, "radio")));
	const char *what = json_string_value(json_object_get(request, "do"));
	if (index < 0) {
		desk_reply_error(client, "no such radio is running. `cresset status` lists them.");
	} else if (what && strcmp(what, "info") == 0) {
		char *text = report_radio_info(radios->report, (size_t)index);
		control_reply(client, text ? text : "{\"error\":\"out of memory\"}");
		free(text);
	} else if (what && strcmp(what, "test") == 0) {
		examine(radios, (size_t)index, client, MODEM_TEST);
	} else if (what && strcmp(what, "scan") == 0) {
		examine(radios, (size_t)index, client, MODEM_SCAN);
	} else {
		desk_reply_error(client, "radio needs what to do: info, test or scan");
	}
}

void desk_radios_gone(struct desk_radios *radios, struct control_client *client)
{
	for (size_t i = 0; i < radios->report->settings->radio_count; i++)
		if (radios->examiners[i].client == client)
			radios->examiners[i].client = NULL;
}

void desk_radios_finding(struct desk_radios *radios, const struct radio *radio, const char *name, const char *value)
{
	int index = find(radios, radio_status(radio).name);
	struct control_client *client = index < 0 ? NULL : radios->examiners[index].client;
	if (!client)
		return;
	if (name) {
		desk_reply(client, json_pack("{s:o, s:o}", "name", report_text(name), "value", report_text(value)));
		return;
	}
	radios->examiners[index].client = NULL;
	desk_reply(client, json_pack("{s:b, s:o}", "end", 1, "failed", report_text(value)));
}
