/* The texts of the check-list, and how they are put together. */
#include "gateway/checklist.h"

#include <stdio.h>

#include "drivers/message_body.h"

struct list {
	const char *begins, *between, *ends;
	const char *items[3];
};

static const unsigned bits[] = {MISSING_JUSTIFICATION, MISSING_ALTERNATIVES, MISSING_CLUSTER_POOL};

static const struct list lists[] = {
    [WORDS_EN] = {"Your request is being passed on. Please add: ",
		  "; ",
		  ".",
		  {"the justification", "which alternatives were looked at", "whether the cluster's pool was asked"}},
    [WORDS_FR] = {"Votre demande est en cours de transmission. Merci de préciser : ",
		  " ; ",
		  ".",
		  {"la justification", "les autres solutions étudiées", "si le pool du cluster a été sollicité"}},
};

static size_t add(char *text, size_t at, const char *words)
{
	int size = snprintf(text + at, CHECKLIST_MAX - at, "%s", words);
	return at + (size_t)size < CHECKLIST_MAX ? at + (size_t)size : CHECKLIST_MAX - 1;
}

static size_t add_list(char *text, size_t at, const struct list *list, uint8_t missing)
{
	const char *before = list->begins;
	for (size_t i = 0; i < sizeof(bits) / sizeof(*bits); i++) {
		if (!(missing & bits[i]))
			continue;
		at = add(text, at, before);
		at = add(text, at, list->items[i]);
		before = list->between;
	}
	return add(text, at, list->ends);
}

size_t checklist_make(uint8_t missing, enum words_language language, char text[static CHECKLIST_MAX])
{
	size_t at = 0;
	text[0] = '\0';
	if (!(missing & (MISSING_JUSTIFICATION | MISSING_ALTERNATIVES | MISSING_CLUSTER_POOL)))
		return 0;
	if (language != WORDS_FR)
		at = add_list(text, at, &lists[WORDS_EN], missing);
	if (language == WORDS_BOTH)
		at = add(text, at, " / ");
	if (language != WORDS_EN)
		at = add_list(text, at, &lists[WORDS_FR], missing);
	return at;
}
