/* cresset schema: the JSON schemas that the tool carries with it. */
#pragma once

struct schema_document {
	const char *name; /* of the kind: "distress"; "common" is what all share */
	const char *text; /* the file as it stands in config/schema */
};

/* In alphabetical order, ended by a name that is NULL. */
extern const struct schema_document schema_documents[];

/* `cresset schema [KIND]`: prints the schema of a kind, or without KIND what there is. Returns 0, 1 (no such kind) or 2 (usage). */
int tool_schema(int argc, char **argv);
