/* Preloaded into cressetd: every fsync and fdatasync takes two seconds, as on a worn SD card. Built by disk.py. */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int slowly(long number, int fd)
{
	static const char said[] = "slow_sync: two seconds\n";
	struct timespec wait = {.tv_sec = 2};

	/* The benchmark looks for this line: without it the store would not have been slow. */
	if (write(STDERR_FILENO, said, sizeof said - 1) < 0)
		return -1;
	nanosleep(&wait, NULL);
	return (int)syscall(number, fd);
}

int fsync(int fd)
{
	return slowly(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	return slowly(SYS_fdatasync, fd);
}
