/* cresset cancel: takes back a message that waits for its radio. */
#include "gateway/tool/client.h"
#include "gateway/tool/text.h"
#include "gateway/tool/tool.h"

static error_t parse_cancel(int key, char *argument, struct argp_state *state)
{
	const char **id = state->input;
	switch (key) {
	case ARGP_KEY_ARG:
		if (*id)
			argp_error(state, "one ID at a time");
		*id = argument;
		return 0;
	case ARGP_KEY_END:
		if (!*id)
			argp_error(state, "the ID of which message? 'cresset send' said it");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void print_cancelled(const json_t *answer)
{
	text_print_of_id(answer, "stage");
}

static int cancel(const char *id)
{
	json_t *request = json_pack("{s:s, s:s}", "command", "cancel", "id", id);
	if (!request) {
		tool_complain("the id is not UTF-8");
		return TOOL_USAGE;
	}
	return client_show(request, print_cancelled);
}

int tool_cancel(int argc, char **argv)
{
	static const struct argp argp = {
	    NULL, parse_cancel, "ID",
	    "Take back a message that waits for its radio. What is on the air or was sent cannot be "
	    "taken back.",
	    tool_common_options};
	const char *id = NULL;
	tool_parse(&argp, argc, argv, &id);
	return cancel(id);
}
