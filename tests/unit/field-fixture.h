/* What the tests of the field frame share: the vectors that other code made (tests/vectors/field.json). Included by one file of a program. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "drivers/codec/field.h"
#include "tests/support/hex.h"

static json_t *vectors;

static inline int load(void **unused)
{
	(void)unused;
	vectors = json_load_file(CRESSET_SOURCE_DIR "/tests/vectors/field.json", 0, NULL);
	return vectors ? 0 : -1;
}

static inline int unload(void **unused)
{
	(void)unused;
	json_decref(vectors);
	return 0;
}

static inline const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	if (!text)
		fail_msg("no text member %s", name);
	return text;
}

static inline int64_t number_of(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	if (json_is_boolean(value))
		return json_is_true(value);
	if (!json_is_integer(value))
		fail_msg("no number %s", name);
	return json_integer_value(value);
}

static inline struct field_header header_of(const json_t *vector)
{
	const json_t *header = json_object_get(vector, "header");
	return (struct field_header){
	    .down = number_of(header, "down"),
	    .kind = (uint8_t)number_of(header, "kind"),
	    .status = (uint8_t)number_of(header, "status"),
	    .ack_wanted = number_of(header, "ack_wanted"),
	    .fragment = number_of(header, "fragment"),
	    .position = number_of(header, "position"),
	    .encrypted = number_of(header, "encrypted"),
	    .sensitivity = (uint8_t)number_of(header, "sensitivity"),
	    .hop_limit = (uint8_t)number_of(header, "hop_limit"),
	    .hops_taken = (uint8_t)number_of(header, "hops_taken"),
	    .station = (uint16_t)number_of(header, "station"),
	    .counter = (uint32_t)number_of(header, "counter"),
	    .time_s = (uint32_t)number_of(header, "time_s"),
	    .from = (uint16_t)number_of(header, "from"),
	};
}
