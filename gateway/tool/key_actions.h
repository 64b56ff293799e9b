/* The subcommands of cresset key. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/keys.h"

enum { KEY_ERROR_MAX = 512 };

struct key_options {
	const char *file, *out; /* out: of export */
	int station, epoch;     /* -1 = not given */
	bool qr, stations_given;
	uint16_t stations[KEYS_STATIONS_MAX]; /* of export */
	size_t station_count;
	char error[KEY_ERROR_MAX]; /* room for what keys.h says */
};

/* Each does what it is called and says so on standard output, or why not on standard error. Returns TOOL_OK or TOOL_REFUSED. */
int key_make(struct key_options *options);
int key_list(struct key_options *options);
int key_derive(struct key_options *options);
int key_rotate(struct key_options *options);
int key_revoke(struct key_options *options);
int key_export(struct key_options *options);
