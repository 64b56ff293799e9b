/* Lines on a real kernel: the first program of a virtual machine (tests/e2e/test_gpio_kernel.py) that plugs in a GPIO chip of its own
 * making, holds hw/lines.h against it and switches the machine off. Says "ok NAME" or "FAILED ..." for each test, then "result: ...". */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hw/lines.h"
#include "tests/kernel/uhid_gpio.h"

enum { PATIENCE_MS = 10000 };

static struct uhid_gpio *chip;
static bool failed;

#define CHECK(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			printf("  line %d: %s\n", __LINE__, #condition);                                               \
			failed = true;                                                                                 \
			return;                                                                                        \
		}                                                                                                      \
	} while (0)

static char text[512];
static enum line_fault fault;

static struct line *try_open(const char *words, struct line_settings settings)
{
	fault = LINE_OK;
	text[0] = '\0';
	settings.text = words;
	return line_open(&settings, &fault, text, sizeof(text));
}

static struct line *open_line(const char *words, bool output, bool safe)
{
	struct line *line = try_open(words,
				     (struct line_settings){.consumer = "cresset:t:x", .output = output, .safe = safe});
	if (!line)
		printf("  %s (%s)\n", text, line_fault_name(fault));
	return line;
}

static bool ready(const struct line *line, int wait_ms)
{
	struct pollfd look = {.fd = line_fd(line), .events = POLLIN};
	return poll(&look, 1, wait_ms) > 0;
}

static void close_input(struct line *line)
{
	uhid_gpio_settle(chip);
	line_close(line);
}

static bool wait_for_level(unsigned number, int level)
{
	for (int waited_ms = 0; waited_ms < PATIENCE_MS; waited_ms++, poll(NULL, 0, 1))
		if (uhid_gpio_level(chip, number) == level)
			return true;
	return false;
}

static void finds_chips_by_label_and_node(void)
{
	char by_node[64], expected[64];
	struct line *line = open_line("cp2112_gpio:3", false, false);
	CHECK(line && strcmp(line_resolved(line), "cp2112_gpio:3") == 0);
	close_input(line);
	snprintf(by_node, sizeof(by_node), "%s:4", uhid_gpio_node(chip));
	line = open_line(by_node, true, false);
	CHECK(line && strcmp(line_resolved(line), "cp2112_gpio:4") == 0);
	line_close(line);
	/* Two names of one chip are no two chips, and a link is as good as the node. */
	CHECK(symlink(uhid_gpio_node(chip), "/dev/gpiochip-old") == 0);
	line = open_line("cp2112_gpio:3", true, false);
	CHECK(line);
	line_close(line);
	line = open_line("/dev/gpiochip-old:3", true, false);
	CHECK(line && strcmp(line_resolved(line), "cp2112_gpio:3") == 0);
	line_close(line);
	unlink("/dev/gpiochip-old");
	CHECK(!try_open("pinctrl-none:3", (struct line_settings){0}) && fault == LINE_ABSENT);
	CHECK(strcmp(text, "pinctrl-none:3: no GPIO chip has that label. There are: cp2112_gpio.") == 0);
	CHECK(!try_open("GPIO22", (struct line_settings){0}) && fault == LINE_ABSENT);
	CHECK(strcmp(text, "GPIO22: no line has that name on the chips cp2112_gpio.") == 0);
	CHECK(!try_open("cp2112_gpio:8", (struct line_settings){0}) && fault == LINE_ABSENT);
	CHECK(strcmp(text, "cp2112_gpio:8: the chip has only the lines 0 to 7.") == 0);
	snprintf(expected, sizeof(expected), "/dev/null:0: /dev/null is no GPIO chip.");
	CHECK(!try_open("/dev/null:0", (struct line_settings){0}) && fault == LINE_ABSENT &&
	      strcmp(text, expected) == 0);
}

static void outputs_have_polarity_and_go_back(void)
{
	static const struct {
		const char *words;
		bool safe;
		int off, on; /* physical */
	} rows[] = {{"cp2112_gpio:1", false, 0, 1},
		    {"cp2112_gpio:1", true, 0, 1},
		    {"cp2112_gpio:1 active_low", false, 1, 0},
		    {"cp2112_gpio:1 active_low", true, 1, 0}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct line *line = open_line(rows[i].words, true, rows[i].safe);
		int at_safe = rows[i].safe ? rows[i].on : rows[i].off;
		CHECK(line && uhid_gpio_is_output(chip, 1) && uhid_gpio_level(chip, 1) == at_safe);
		CHECK(line_set(line, true) == 0 && uhid_gpio_level(chip, 1) == rows[i].on && line_get(line) == 1);
		CHECK(line_set(line, false) == 0 && uhid_gpio_level(chip, 1) == rows[i].off && line_get(line) == 0);
		CHECK(line_set(line, !rows[i].safe) == 0);
		line_close(line);
		CHECK(uhid_gpio_level(chip, 1) == at_safe);
	}
}

/* The kernel lets go of the line by making it an input. */
static void open_drain_never_drives_high(void)
{
	struct line *line = open_line("cp2112_gpio:2 open_drain", true, true);
	CHECK(line && !uhid_gpio_is_output(chip, 2));
	CHECK(line_set(line, false) == 0 && uhid_gpio_is_output(chip, 2) && uhid_gpio_level(chip, 2) == 0);
	CHECK(line_set(line, true) == 0 && !uhid_gpio_is_output(chip, 2));
	line_close(line);
}

static void inputs_have_polarity_and_edges(void)
{
	static const struct {
		const char *words;
		int low, high;
	} rows[] = {{"cp2112_gpio:5", 0, 1}, {"cp2112_gpio:5 active_low pull_up", 1, 0}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uhid_gpio_free(
		    chip); /* each watcher gets a fresh chip: old drivers stop looking after the first is gone */
		chip = uhid_gpio_new();
		struct line *line = open_line(rows[i].words, false, false);
		CHECK(line && line_get(line) == rows[i].low && !ready(line, 0));
		CHECK(line_take_edges(line) == rows[i].low); /* nothing waits: does not block */
		for (int level = 1; level >= 0; level--) {
			uhid_gpio_drive(chip, 5, level);
			CHECK(ready(line, PATIENCE_MS));
			CHECK(line_get(line) == (level ? rows[i].high : rows[i].low) && ready(line, 0));
			CHECK(line_take_edges(line) == (level ? rows[i].high : rows[i].low) && !ready(line, 0));
		}
		CHECK(line_set(line, true) == -EINVAL);
		close_input(line);
	}
}

/* More than the 16 edges that the kernel keeps for a line. */
static void lost_edges_do_not_lose_the_level(void)
{
	struct line *line = open_line("cp2112_gpio:5", false, false);
	CHECK(line);
	for (int i = 1; i <= 21; i++)
		uhid_gpio_drive_seen(chip, 5, i % 2);
	CHECK(ready(line, 0));
	CHECK(line_take_edges(line) == 1);
	CHECK(!ready(line, 0));
	close_input(line);
}

static int64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* A pulse that is over before anybody looks, by the kernel's clock. */
static void edges_are_listed_with_their_times(void)
{
	struct line *line = open_line("cp2112_gpio:5 active_low", false, false);
	struct line_edge edges[LINE_EDGES_MAX] = {0};
	CHECK(line && line_list_edges(line, edges) == 1 && edges[0].level);
	int64_t before_us = now_us();
	uhid_gpio_drive_seen(chip, 5, 1);
	int64_t between_us = now_us();
	uhid_gpio_drive_seen(chip, 5, 0);
	CHECK(line_list_edges(line, edges) == 2 && !edges[0].level && edges[1].level);
	CHECK(before_us <= edges[0].at_us && edges[0].at_us <= between_us);
	CHECK(between_us <= edges[1].at_us && edges[1].at_us <= now_us());
	close_input(line);
}

static void bounces_are_waited_out(void)
{
	struct line *line = open_line("cp2112_gpio:5 debounce=400ms", false, false);
	struct timespec before, after;
	CHECK(line && line_get(line) == 0);
	clock_gettime(CLOCK_MONOTONIC, &before);
	for (int i = 1; i <= 5; i++) {
		uhid_gpio_drive_seen(chip, 5, i % 2);
		CHECK(line_take_edges(line) == 0 && line_get(line) == 0);
	}
	while (line_take_edges(line) == 0)
		CHECK(ready(line, PATIENCE_MS));
	clock_gettime(CLOCK_MONOTONIC, &after);
	CHECK(line_get(line) == 1);
	CHECK((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 >= 400);
	close_input(line);
}

static void busy_names_the_consumer(void)
{
	struct line *line = open_line("cp2112_gpio:6", true, false);
	CHECK(line);
	for (int output = 0; output <= 1; output++) {
		CHECK(!try_open("cp2112_gpio:6", (struct line_settings){.output = output}) && fault == LINE_BUSY);
		CHECK(strstr(text, "cp2112_gpio:6: in use as \"cresset:t:x\"."));
	}
	line_close(line);
	line = open_line("cp2112_gpio:6", true, false);
	CHECK(line);
	line_close(line);
}

static void time_limit_holds(void)
{
	struct line_settings settings = {.output = true, .max_on_ms = 200};
	struct line *line = try_open("cp2112_gpio:7 active_low", settings);
	CHECK(line && uhid_gpio_level(chip, 7) == 1);
	CHECK(line_set(line, true) == 0 && uhid_gpio_level(chip, 7) == 0 && !line_expired(line));
	CHECK(wait_for_level(7, 1) && line_expired(line) && line_get(line) == 0);
	line_close(line);
}

static void tell(void *owner, const char *said)
{
	(void)owner;
	snprintf(text, sizeof(text), "%s", said);
}

/* What a process that was killed leaves behind, and the way back. */
static void release_after_a_crash(void)
{
	pid_t child = fork();
	if (child == 0) {
		execl("/init", "/init", "cp2112_gpio:7", NULL);
		_exit(1);
	}
	CHECK(wait_for_level(7, 1));
	const struct line_release lines[] = {{"cp2112_gpio:7", NULL, false}, {"pinctrl-none:1", NULL, false}};
	CHECK(lines_release(lines, 1, tell, NULL) == 1 && strstr(text, "cp2112_gpio:7: in use as \"cresset\"."));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	CHECK(uhid_gpio_level(chip, 7) == 1); /* the kernel does nothing about it */
	CHECK(lines_release(lines, 2, tell, NULL) == 1 && strstr(text, "pinctrl-none:1: no GPIO chip"));
	CHECK(uhid_gpio_level(chip, 7) == 0);
}

static void permission_is_named(void)
{
	pid_t child = fork();
	if (child == 0) {
		if (setgroups(0, NULL) || setgid(65534) || setuid(65534) ||
		    try_open("cp2112_gpio:1", (struct line_settings){0}))
			_exit(2);
		char expected[128];
		snprintf(expected, sizeof(expected), "cp2112_gpio:1: %s: permission denied", uhid_gpio_node(chip));
		_exit(fault != LINE_PERMISSION ? 3 : strncmp(text, expected, strlen(expected)) != 0 ? 4 : 0);
	}
	int status = -1;
	waitpid(child, &status, 0);
	CHECK(status == 0);
}

static void pulled_out_is_gone(void)
{
	struct line *in = open_line("cp2112_gpio:5", false, false), *out = open_line("cp2112_gpio:1", true, false);
	CHECK(in && out);
	uhid_gpio_free(chip);
	chip = NULL;
	/* They stay open: closing a watched line of a chip that is gone makes the kernel complain of itself. */
	CHECK(line_take_edges(in) == -ENODEV && line_get(in) == -ENODEV && line_set(out, true) == -ENODEV);
	struct line_edge edges[LINE_EDGES_MAX];
	CHECK(line_list_edges(in, edges) == -ENODEV);
	CHECK(!try_open("cp2112_gpio:5", (struct line_settings){0}) && fault == LINE_ABSENT);
	CHECK(strcmp(text, "cp2112_gpio:5: this machine has no GPIO chip (/dev/gpiochip*).") == 0);
}

/* In a process of its own. */
static int key_and_wait(const char *words)
{
	struct line *line = try_open(words, (struct line_settings){.output = true});
	if (!line || line_set(line, true) < 0)
		return 1;
	for (;;)
		pause();
}

static void set_up_machine(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/dev", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	glob_t modules; /* numbered in the order they need one another */
	if (glob("/modules/*", 0, NULL, &modules) != 0)
		return;
	for (size_t i = 0; i < modules.gl_pathc; i++) {
		int fd = open(modules.gl_pathv[i], O_RDONLY | O_CLOEXEC);
		if (syscall(SYS_finit_module, fd, "", 0) < 0)
			perror(modules.gl_pathv[i]);
		close(fd);
	}
}

int main(int count, char **arguments)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} tests[] = {
	    {"finds_chips_by_label_and_node", finds_chips_by_label_and_node},
	    {"outputs_have_polarity_and_go_back", outputs_have_polarity_and_go_back},
	    {"open_drain_never_drives_high", open_drain_never_drives_high},
	    {"inputs_have_polarity_and_edges", inputs_have_polarity_and_edges},
	    {"lost_edges_do_not_lose_the_level", lost_edges_do_not_lose_the_level},
	    {"edges_are_listed_with_their_times", edges_are_listed_with_their_times},
	    {"bounces_are_waited_out", bounces_are_waited_out},
	    {"busy_names_the_consumer", busy_names_the_consumer},
	    {"time_limit_holds", time_limit_holds},
	    {"release_after_a_crash", release_after_a_crash},
	    {"permission_is_named", permission_is_named},
	    {"pulled_out_is_gone", pulled_out_is_gone},
	};
	if (count == 2 && getpid() != 1)
		return key_and_wait(arguments[1]);
	set_up_machine();
	unsigned passed = 0, total = sizeof(tests) / sizeof(tests[0]);
	for (unsigned i = 0; i < total; i++) {
		failed = !(chip = uhid_gpio_new());
		if (!failed)
			tests[i].run();
		uhid_gpio_free(chip);
		printf("%s %s\n", failed ? "FAILED" : "ok", tests[i].name);
		passed += !failed;
	}
	printf("result: %u of %u passed\n", passed, total);
	fflush(stdout);
	sync();
	reboot(RB_POWER_OFF);
	return 0;
}
