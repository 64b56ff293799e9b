/* Outputs back to their safe levels without starting anything. */
#include "gateway/release.h"

#include <stdlib.h>

#include "gateway/log.h"
#include "gateway/settings.h"
#include "hw/lines.h"

static void tell(void *owner, const char *text)
{
	(void)owner;
	log_error("not put to its safe level: %s", text);
}

static int release(const struct settings *settings)
{
	size_t count = settings_outputs(settings, NULL, 0);
	struct line_release *outputs = calloc(count + 1, sizeof(*outputs));
	if (!outputs) {
		log_error("out of memory");
		return EXIT_FAILURE;
	}
	settings_outputs(settings, outputs, count);
	size_t failed = lines_release(outputs, count, tell, NULL);
	free(outputs);
	if (count)
		log_notice("%zu of %zu output lines are at their safe levels", count - failed, count);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int release_lines(const char *settings_path)
{
	struct settings *settings = settings_load(settings_path);
	if (!settings) {
		log_error("out of memory");
		return EXIT_FAILURE;
	}
	size_t errors = settings_error_count(settings);
	for (size_t i = 0; i < errors; i++)
		log_error("%s", settings_error(settings, i));
	int status = release(settings);
	settings_free(settings);
	return errors ? EXIT_FAILURE : status;
}
