/* A simulator in a directory of its own. */
#include "tests/support/line_rig.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000 };

int line_rig_set_up(void **state)
{
	struct line_rig *rig = calloc(1, sizeof(*rig));
	if (!rig)
		return -1;
	*state = rig;
	snprintf(rig->directory, sizeof(rig->directory), "/tmp/test-lines-XXXXXX");
	if (!mkdtemp(rig->directory))
		return -1;
	snprintf(rig->socket, sizeof(rig->socket), "%s/gpio", rig->directory);
	rig->sim = gpio_sim_new(rig->socket);
	return rig->sim ? 0 : -1;
}

int line_rig_tear_down(void **state)
{
	struct line_rig *rig = *state;
	gpio_sim_free(rig->sim);
	int result = rmdir(rig->directory); /* the socket is gone with the simulator */
	free(rig);
	return result;
}

bool line_rig_reaches(const struct line_rig *rig, const char *name, int level)
{
	struct pollfd look = {.fd = gpio_sim_fd(rig->sim), .events = POLLIN};
	while (gpio_sim_level(rig->sim, name) != level) {
		if (poll(&look, 1, PATIENCE_MS) != 1)
			return false;
		gpio_sim_serve(rig->sim);
	}
	return true;
}
