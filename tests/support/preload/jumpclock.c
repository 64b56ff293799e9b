/* LD_PRELOAD library that sets the wall clock of one program, for end-to-end runs.
 *
 * JUMPCLOCK_BY=file CLOCK_REALTIME is off by as many seconds as that file says (a decimal number); no file: by none
 *
 * A program with AddressSanitizer needs ASAN_OPTIONS=verify_asan_link_order=0 beside it. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *time);

static long seconds_off(void)
{
	const char *path = getenv("JUMPCLOCK_BY");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	char text[24] = "";
	if (fd < 0)
		return 0;
	ssize_t size = read(fd, text, sizeof(text) - 1);
	close(fd);
	return size > 0 ? strtol(text, NULL, 10) : 0;
}

int clock_gettime(clockid_t id, struct timespec *time)
{
	int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
	int result = real(id, time);
	if (result == 0 && id == CLOCK_REALTIME)
		time->tv_sec += seconds_off();
	return result;
}
