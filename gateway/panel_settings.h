/* What is wired to the panel at the gateway: its lines, and how long things must last. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The name under which the panel's messages go: no radio can have it. */
#define PANEL_RADIO "panel"

enum panel_line {
	/* inputs */
	PANEL_PANIC,
	PANEL_TAMPER,
	PANEL_MAINS,
	PANEL_ACKNOWLEDGE,
	/* outputs */
	PANEL_SIREN,
	PANEL_STROBE,
	PANEL_LAMP,
	PANEL_LAMP_ALERT,
	PANEL_LAMP_RADIO,
	PANEL_LAMP_UPLINK,
	PANEL_LINES,
	PANEL_OUTPUTS = PANEL_SIREN, /* the first of them */
};

enum { PANEL_CONTACTS_MAX = 16, PANEL_ALL_MAX = PANEL_LINES + PANEL_CONTACTS_MAX };

/* How a line is wired where the file says nothing else (words of hw/lines.h). A broken wire of tamper, mains or a contact that is closed
 * in rest counts as active: it is said, and not missed. */
struct panel_wiring {
	const char *name, *how;
};
extern const struct panel_wiring panel_wiring[PANEL_LINES];
extern const char panel_contact_how[];

/* A contact of another alarm or switch, which rules make something of by its name. */
struct panel_contact {
	const char *name, *line;
};

struct panel_settings {
	const char *lines[PANEL_LINES]; /* hw/lines.h, NULL = not wired */
	const struct panel_contact *contacts;
	size_t contact_count;
	int64_t hold_ms, repeat_ms, debounce_ms;
	int64_t mains_after_ms;
	int64_t siren_max_ms; /* 0 = no limit */
	bool exercises;       /* exercises and tests sound, too */
};

/* Whether anything is wired. */
bool panel_is_wired(const struct panel_settings *settings);
