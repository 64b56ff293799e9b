/* LD_PRELOAD library with a name server that never answers, for end-to-end runs.
 *
 * DEAFDNS_NAME=text    looking up a name that contains the text takes for ever; without it, no name does
 * DEAFDNS_UNTIL=file   until that file exists; then such names are 127.0.0.1
 *
 * A program with AddressSanitizer needs ASAN_OPTIONS=verify_asan_link_order=0 beside it. */
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found);

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
	const char *name = getenv("DEAFDNS_NAME"), *until = getenv("DEAFDNS_UNTIL");
	const struct timespec while_ms = {.tv_nsec = 50 * 1000000};
	if (!name || !host || !strstr(host, name))
		return real(host, service, hints, found);
	while (!until || access(until, F_OK) != 0)
		nanosleep(&while_ms, NULL);
	return real("127.0.0.1", service, hints, found);
}
