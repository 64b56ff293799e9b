/* GPIO lines of a simulated device, at the other end of "sim:SOCKET:NAME" (hw/lines.h): a simulator drives its outputs and sees what the
 * gateway does to its inputs. A thread of its own answers the clients, so that a line may be opened by the thread that made the simulator,
 * and all functions here may be called at any time. */
#pragma once

#include <stdbool.h>

struct gpio_sim;

/* Listens on a unix socket of that path, which must not exist yet. NULL with errno. */
struct gpio_sim *gpio_sim_new(const char *path);
/* Removes the socket; clients see their lines as gone. */
void gpio_sim_free(struct gpio_sim *sim);

/* To be polled; when readable, gpio_sim_serve takes what the clients did. True if a level may have changed. */
int gpio_sim_fd(const struct gpio_sim *sim);
bool gpio_sim_serve(struct gpio_sim *sim);

/* The physical level of a line: driven by this side, else by a client, else pulled by a client's bias, else as the last client that
 * drove it left it (as the Pi's pins stay after a crash), else -1 (floating). */
int gpio_sim_level(const struct gpio_sim *sim, const char *name);
/* Drives a line from this side (0, 1), or lets go of it (-1). Clients that have it as an input see an edge; a floating input reads 0. */
void gpio_sim_drive(struct gpio_sim *sim, const char *name, int level);
/* From now on requests for this line are refused as busy, owned by that consumer; NULL = free again. */
void gpio_sim_occupy(struct gpio_sim *sim, const char *name, const char *consumer);
