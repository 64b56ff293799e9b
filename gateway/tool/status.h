/* The status document of cressetd as pages for people, shared by status and top. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Everything but the counters. brief leaves out what has no place on a live screen. width as in table_print. */
void status_print(FILE *stream, const json_t *status, bool brief, size_t width);

/* Columns of the terminal on stdout, 0 if it is none. */
size_t status_width(void);
