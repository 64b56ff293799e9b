/* Which chip a text means on the Pis of this world: chips are played by other device nodes, and say what the real ones say. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "hw/line_chips.h"

/* A node of the machine: what it is called, which device stands for it, and what that says. */
struct node {
	const char *name, *device;
	struct line_chip chip;
	const char *line_name; /* of line chip.offset */
	int result;
};

static const struct node *machine; /* ends with a name of NULL */
static char directory[64], pattern[96];

/* In the place of the back-end's. */
int line_chip_look(const char *path, const char *name, struct line_chip *chip)
{
	for (const struct node *node = machine; node->name; node++) {
		if (strcmp(path, node->device) != 0)
			continue;
		*chip = node->chip;
		if (!name || !node->line_name || strcmp(name, node->line_name) != 0)
			chip->offset = -1;
		return node->result;
	}
	return -ENODEV;
}

const struct line_ops line_gpiod_ops = {.open = NULL};

/* Makes the nodes in a directory of their own, as links. */
static void boot(const struct node *nodes)
{
	machine = nodes;
	snprintf(directory, sizeof(directory), "/tmp/test-chips-XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(pattern, sizeof(pattern), "%s/gpiochip*", directory);
	line_chips_nodes = pattern;
	for (const struct node *node = nodes; node->name; node++) {
		char path[96];
		snprintf(path, sizeof(path), "%s/%s", directory, node->name);
		assert_int_equal(symlink(node->device, path), 0);
	}
}

static void shut_down(void)
{
	for (const struct node *node = machine; node->name; node++) {
		char path[96];
		snprintf(path, sizeof(path), "%s/%s", directory, node->name);
		unlink(path);
	}
	rmdir(directory);
}

/* expected: "DEVICE LABEL:OFFSET", or the text of the refusal. */
static void look_for(const char *words, enum line_fault expected_fault, const char *expected)
{
	struct line_wish wish;
	struct line_spot spot;
	char text[512] = "", found[512];
	struct line_problem problem = {words, LINE_OK, text, sizeof(text)};
	assert_null(line_parse(words, NULL, &wish));
	if (line_find(&wish, &spot, &problem))
		snprintf(found, sizeof(found), "%s %s:%u", spot.path, spot.label, spot.offset);
	else
		snprintf(found, sizeof(found), "%s", text);
	assert_string_equal(found, expected);
	assert_int_equal(problem.fault, expected_fault);
}

static const struct node pi3[] = {{"gpiochip0", "/dev/null", {"pinctrl-bcm2835", 54, 22}, "GPIO22", 0},
				  {"gpiochip1", "/dev/zero", {"raspberrypi-exp-gpio", 8, 0}, "BT_ON", 0},
				  {NULL}};
static const struct node pi4[] = {{"gpiochip0", "/dev/null", {"pinctrl-bcm2711", 58, 22}, "GPIO22", 0},
				  {"gpiochip1", "/dev/zero", {"raspberrypi-exp-gpio", 8, 0}, "BT_ON", 0},
				  {NULL}};
static const struct node pi5_early[] = {{"gpiochip0", "/dev/full", {"gpio-brcmstb@107d508500", 32, 0}, NULL, 0},
					{"gpiochip1", "/dev/random", {"gpio-brcmstb@107d508520", 4, 0}, NULL, 0},
					{"gpiochip4", "/dev/null", {"pinctrl-rp1", 54, 22}, "GPIO22", 0},
					{NULL}};
/* The old number lives on as a link. */
static const struct node pi5_later[] = {{"gpiochip0", "/dev/null", {"pinctrl-rp1", 54, 22}, "GPIO22", 0},
					{"gpiochip10", "/dev/full", {"gpio-brcmstb@107d508500", 32, 0}, NULL, 0},
					{"gpiochip4", "/dev/null", {"pinctrl-rp1", 54, 22}, "GPIO22", 0},
					{NULL}};
static const struct node pi5_latest[] = {{"gpiochip10", "/dev/full", {"gpio-brcmstb@107d508500", 32, 0}, NULL, 0},
					 {"gpiochip15", "/dev/null", {"pinctrl-rp1", 54, 22}, "GPIO22", 0},
					 {NULL}};

static void the_header_is_found_on_every_pi(void **state)
{
	(void)state;
	static const struct {
		const struct node *machine;
		const char *expected;
	} rows[] = {{pi3, "/dev/null pinctrl-bcm2835:22"},
		    {pi4, "/dev/null pinctrl-bcm2711:22"},
		    {pi5_early, "/dev/null pinctrl-rp1:22"},
		    {pi5_later, "/dev/null pinctrl-rp1:22"},
		    {pi5_latest, "/dev/null pinctrl-rp1:22"}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		boot(rows[i].machine);
		look_for("GPIO22", LINE_OK, rows[i].expected);
		shut_down();
	}
}

static void names_and_labels_are_found(void **state)
{
	(void)state;
	boot(pi4);
	look_for("BT_ON", LINE_OK, "/dev/zero raspberrypi-exp-gpio:0");
	look_for("pinctrl-bcm2711:57", LINE_OK, "/dev/null pinctrl-bcm2711:57");
	look_for("/dev/zero:7", LINE_OK, "/dev/zero raspberrypi-exp-gpio:7");
	shut_down();
}

static void other_boards_with_the_names_of_the_pi(void **state)
{
	(void)state;
	static const struct node board[] = {{"gpiochip0", "/dev/null", {"soc-gpio-a", 32, 0}, "LED", 0},
					    {"gpiochip1", "/dev/zero", {"soc-gpio-b", 32, 11}, "GPIO22", 0},
					    {NULL}};
	boot(board);
	look_for("GPIO22", LINE_OK, "/dev/zero soc-gpio-b:11");
	look_for("GPIO23", LINE_ABSENT, "GPIO23: no line has that name on the chips soc-gpio-a, soc-gpio-b.");
	shut_down();
}

static void what_is_not_there_is_said(void **state)
{
	(void)state;
	static const struct node nothing[] = {{NULL}};
	boot(pi4);
	look_for("GPIO58", LINE_ABSENT, "GPIO58: the chip has only the lines 0 to 57.");
	look_for("/dev/zero:8", LINE_ABSENT, "/dev/zero:8: the chip has only the lines 0 to 7.");
	look_for("pinctrl-rp1:22", LINE_ABSENT,
		 "pinctrl-rp1:22: no GPIO chip has that label. There are: pinctrl-bcm2711, raspberrypi-exp-gpio.");
	look_for("M0_PIN", LINE_ABSENT,
		 "M0_PIN: no line has that name on the chips pinctrl-bcm2711, raspberrypi-exp-gpio.");
	look_for("/dev/full:0", LINE_ABSENT, "/dev/full:0: /dev/full is no GPIO chip.");
	shut_down();
	boot(nothing);
	look_for("GPIO22", LINE_ABSENT, "GPIO22: this machine has no GPIO chip (/dev/gpiochip*).");
	shut_down();
}

static void two_of_a_kind_are_not_guessed_between(void **state)
{
	(void)state;
	static const struct node twins[] = {{"gpiochip0", "/dev/null", {"mcp23017", 16, 3}, "BUTTON", 0},
					    {"gpiochip1", "/dev/zero", {"mcp23017", 16, 5}, "BUTTON", 0},
					    {NULL}};
	boot(twins);
	look_for("mcp23017:3", LINE_SETTINGS, "mcp23017:3: is on 2 chips. Write /dev/gpiochip<n>:<n> instead.");
	look_for("BUTTON", LINE_SETTINGS, "BUTTON: is on 2 chips. Write /dev/gpiochip<n>:<n> instead.");
	look_for("/dev/zero:3", LINE_OK, "/dev/zero mcp23017:3");
	shut_down();
}

static void a_chip_that_cannot_be_asked_is_named(void **state)
{
	(void)state;
	static const struct node locked[] = {{"gpiochip0", "/dev/null", {"", 0, 0}, NULL, -EACCES},
					     {"gpiochip1", "/dev/zero", {"raspberrypi-exp-gpio", 8, 0}, "BT_ON", 0},
					     {NULL}};
	static const struct node fenced[] = {{"gpiochip0", "/dev/null", {"", 0, 0}, NULL, -EPERM}, {NULL}};
	static const struct node newer[] = {{"gpiochip0", "/dev/null", {"", 0, 0}, NULL, -EINVAL}, {NULL}};
	boot(newer);
	look_for(
	    "M0_PIN", LINE_SETTINGS,
	    "M0_PIN: this kernel no longer speaks with libgpiod 1. Build with libgpiod 2, or start an older kernel.");
	shut_down();
	boot(locked);
	look_for("BT_ON", LINE_OK, "/dev/zero raspberrypi-exp-gpio:0");
	/* The node that stands for it is everybody's, but its group is root. */
	look_for("GPIO22", LINE_PERMISSION,
		 "GPIO22: /dev/null: permission denied, and no group has access either. A udev rule must give one.");
	shut_down();
	boot(fenced);
	look_for(
	    "GPIO22", LINE_PERMISSION,
	    "GPIO22: /dev/null: forbidden by the service's settings. Name this kind of device under DeviceAllow= in: "
	    "systemctl edit cresset");
	shut_down();
}

static void refusals_are_explained(void **state)
{
	(void)state;
	static const struct {
		const char *words;
		int error;
		const char *consumer;
		enum line_fault fault;
		const char *says;
	} rows[] = {
	    {"GPIO8", EBUSY, "spi0 CS0", LINE_BUSY, "in use by \"spi0 CS0\"."},
	    {"GPIO8", EBUSY, "cresset:lora0:m0", LINE_BUSY,
	     "in use as \"cresset:lora0:m0\". Is the line configured twice"},
	    {"GPIO8", EBUSY, "", LINE_BUSY, "by whom the kernel does not say"},
	    {"GPIO8 pull_up", EINVAL, "", LINE_SETTINGS, "cannot do that bias;"},
	    {"GPIO8 open_drain", EOPNOTSUPP, "", LINE_SETTINGS, "cannot do open_drain;"},
	    {"GPIO8 open_drain", 524, "", LINE_SETTINGS, "cannot do open_drain;"},
	    {"GPIO8", ENODEV, "", LINE_ABSENT, "the chip is gone"},
	    {"GPIO8", EIO, "", LINE_IO, "cannot be requested"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct line_spot spot = {.path = "/dev/gpiochip0"};
		struct line_wish wish;
		char text[512] = "";
		struct line_problem problem = {"GPIO8", LINE_OK, text, sizeof(text)};
		assert_null(line_parse(rows[i].words, NULL, &wish));
		assert_false(line_refused(&spot, &wish, rows[i].error, rows[i].consumer, &problem));
		assert_int_equal(problem.fault, rows[i].fault);
		if (!strstr(text, rows[i].says))
			fail_msg("%s", text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_header_is_found_on_every_pi),
	    cmocka_unit_test(names_and_labels_are_found),
	    cmocka_unit_test(other_boards_with_the_names_of_the_pi),
	    cmocka_unit_test(what_is_not_there_is_said),
	    cmocka_unit_test(two_of_a_kind_are_not_guessed_between),
	    cmocka_unit_test(a_chip_that_cannot_be_asked_is_named),
	    cmocka_unit_test(refusals_are_explained),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
