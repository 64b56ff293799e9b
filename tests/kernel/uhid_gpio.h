/* A GPIO chip for a real kernel: the USB adapter CP2112 (8 lines), played by this program through /dev/uhid, so that the kernel's own
 * driver makes a chip of it. The driver looks for changed inputs some 25 times a second. Layout of the reports: Silicon Labs AN495. */
#pragma once

#include <stdbool.h>

struct uhid_gpio;

/* Plugs it in and waits for /dev/gpiochip<n>. NULL = failed, with a line on stdout. */
struct uhid_gpio *uhid_gpio_new(void);
/* Pulls it out; the kernel drops the chip under whoever has its lines. NULL is allowed. */
void uhid_gpio_free(struct uhid_gpio *chip);

/* "/dev/gpiochip0". */
const char *uhid_gpio_node(const struct uhid_gpio *chip);
/* The level of a line: driven by the gateway if it is an output, else by this side. */
int uhid_gpio_level(struct uhid_gpio *chip, unsigned line);
bool uhid_gpio_is_output(struct uhid_gpio *chip, unsigned line);
/* What this side drives. */
void uhid_gpio_drive(struct uhid_gpio *chip, unsigned line, bool level);
/* Drives, and waits until the driver has seen it and told whoever watches. Needs an input that is watched. */
void uhid_gpio_drive_seen(struct uhid_gpio *chip, unsigned line, bool level);
/* To be called before a watched input is closed: waits for the pause between two looks. The driver of Linux 6.1 hangs when it is stopped
 * while it looks. */
void uhid_gpio_settle(struct uhid_gpio *chip);
