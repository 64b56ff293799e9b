/* LD_PRELOAD library that gives a whole program a bad disk, for end-to-end runs.
 *
 * SLOWSYNC_MS=n           every fsync and fdatasync takes n ms longer
 * SLOWSYNC_FULL_BELOW=dir write, pwrite and ftruncate say ENOSPC on files below dir (an absolute path)
 * SLOWSYNC_WHEN=file      both only while that file exists, so that a test can turn the fault on and off
 *
 * A program with AddressSanitizer needs ASAN_OPTIONS=verify_asan_link_order=0 beside it. */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

int fsync(int fd);
int fdatasync(int fd);
ssize_t write(int fd, const void *bytes, size_t size);
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset);
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset);
int ftruncate(int fd, off_t size);
int ftruncate64(int fd, off64_t size);

static bool switched_on(void)
{
	const char *when = getenv("SLOWSYNC_WHEN");
	return !when || access(when, F_OK) == 0;
}

static void linger(void)
{
	const char *value = getenv("SLOWSYNC_MS");
	long ms = value ? strtol(value, NULL, 10) : 0;
	if (ms <= 0 || !switched_on())
		return;
	struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	while (nanosleep(&time, &time) < 0 && errno == EINTR)
		;
}

static bool full(int fd)
{
	const char *below = getenv("SLOWSYNC_FULL_BELOW");
	char link[32], path[4096];
	if (!below || !switched_on())
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t size = readlink(link, path, sizeof(path) - 1);
	size_t length = strlen(below);
	if (size < 0 || (size_t)size <= length || memcmp(path, below, length) != 0 || path[length] != '/')
		return false;
	errno = ENOSPC;
	return true;
}

int fsync(int fd)
{
	int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
	linger();
	return real(fd);
}

int fdatasync(int fd)
{
	int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
	linger();
	return real(fd);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
	ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
	return full(fd) ? -1 : real(fd, bytes, size);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
	ssize_t (*real)(int, const void *, size_t, off_t) = dlsym(RTLD_NEXT, "pwrite");
	return full(fd) ? -1 : real(fd, bytes, size, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset)
{
	ssize_t (*real)(int, const void *, size_t, off64_t) = dlsym(RTLD_NEXT, "pwrite64");
	return full(fd) ? -1 : real(fd, bytes, size, offset);
}

int ftruncate(int fd, off_t size)
{
	int (*real)(int, off_t) = dlsym(RTLD_NEXT, "ftruncate");
	return full(fd) ? -1 : real(fd, size);
}

int ftruncate64(int fd, off64_t size)
{
	int (*real)(int, off64_t) = dlsym(RTLD_NEXT, "ftruncate64");
	return full(fd) ? -1 : real(fd, size);
}
