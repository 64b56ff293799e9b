/* cresset schema: prints what config/schema holds, so that headquarters needs nothing but the tool. */
#include "gateway/tool/schema.h"

#include <argp.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct schema_options {
	const char *kind;
	bool json;
};

static const struct argp_option options[] = {
    {"json", 'j', NULL, 0, "without KIND: the list as JSON", 0},
    {0},
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct schema_options *chosen = state->input;
	if (key == 'j')
		chosen->json = true;
	else if (key == ARGP_KEY_ARG && !chosen->kind)
		chosen->kind = argument;
	else if (key == ARGP_KEY_ARG)
		argp_error(state, "one KIND at a time");
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

static const struct argp parser = {
    .options = options,
    .parser = parse_option,
    .args_doc = "[KIND]",
    .doc = "Prints the JSON schema of a kind of message; without KIND, the kinds there are.",
};

static char *title_of(const struct schema_document *document)
{
	json_t *schema = json_loads(document->text, 0, NULL);
	const char *title = json_string_value(json_object_get(schema, "title"));
	char *copy = strdup(title ? title : "");
	json_decref(schema);
	return copy;
}

static int print_list(bool as_json)
{
	json_t *list = json_array();
	for (const struct schema_document *document = schema_documents; document->name; document++) {
		char *title = title_of(document);
		if (as_json)
			json_array_append_new(list, json_pack("{ss,ss}", "kind", document->name, "title", title));
		else
			printf("%-14s%s\n", document->name, title);
		free(title);
	}
	if (as_json) {
		json_dumpf(list, stdout, JSON_COMPACT);
		putchar('\n');
	}
	json_decref(list);
	return 0;
}

int tool_schema(int argc, char **argv)
{
	struct schema_options chosen = {0};
	argp_err_exit_status = 2;
	argp_parse(&parser, argc, argv, 0, NULL, &chosen);
	if (!chosen.kind)
		return print_list(chosen.json);
	for (const struct schema_document *document = schema_documents; document->name; document++) {
		if (strcmp(document->name, chosen.kind) == 0) {
			fputs(document->text, stdout);
			return 0;
		}
	}
	fputs("cresset schema: there is no such kind; `cresset schema` lists them\n", stderr);
	return 1;
}
