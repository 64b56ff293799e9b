/* The time limit of outputs: a thread that puts a line back to its safe level when its time is over, even if the program hangs
 * elsewhere with the transmitter keyed. It sleeps without any wake-up while all lines are at their safe levels. */
#include "hw/line_internal.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>

static const int64_t second_ns = 1000000000;
enum { THREAD_STACK = 256 * 1024 };

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool running; /* once started it stays */
	struct line *first;
} guard = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, NULL};

static int64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * second_ns + now.tv_nsec;
}

/* A line that cannot be put back stays away from its safe level, and is tried again every second. */
static void put_back(struct line *line, int64_t now)
{
	line->expired = true;
	if (line->ops->set(line, line->safe) < 0) {
		line->deadline_ns = now + second_ns;
		return;
	}
	line->level = line->safe;
	line->deadline_ns = INT64_MAX;
}

/* Serves what is due. When the next one is. */
static int64_t serve(void)
{
	int64_t now = now_ns(), next = INT64_MAX;
	for (struct line *line = guard.first; line; line = line->next_guarded) {
		if (line->deadline_ns <= now)
			put_back(line, now);
		if (line->deadline_ns < next)
			next = line->deadline_ns;
	}
	return next;
}

static void *run(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&guard.lock);
	for (;;) {
		int64_t next = serve();
		struct timespec until = {next / second_ns, next % second_ns};
		if (next == INT64_MAX)
			pthread_cond_wait(&guard.changed, &guard.lock);
		else
			pthread_cond_clockwait(&guard.changed, &guard.lock, CLOCK_MONOTONIC, &until);
	}
	return NULL;
}

/* Signals are the program's own affair. */
static int start_thread(void)
{
	sigset_t all, before;
	pthread_attr_t attributes;
	pthread_t thread;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, THREAD_STACK);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(&thread, &attributes, run, NULL);
	if (error == 0)
		pthread_setname_np(thread, "line guard");
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return error;
}

bool line_guard_add(struct line *line, int64_t max_on_ms, struct line_problem *problem)
{
	pthread_mutex_lock(&guard.lock);
	int error = guard.running ? 0 : start_thread();
	if (error == 0) {
		guard.running = true;
		line->max_on_ns = max_on_ms > INT64_MAX / second_ns ? INT64_MAX / 2 : max_on_ms * (second_ns / 1000);
		line->next_guarded = guard.first;
		guard.first = line;
	}
	pthread_mutex_unlock(&guard.lock);
	return error == 0 ||
	       line_fail(problem, LINE_IO, "no thread to be had for its time limit (%s), so it is not used.",
			 strerror(error));
}

void line_guard_remove(struct line *line)
{
	pthread_mutex_lock(&guard.lock);
	struct line **link = &guard.first;
	while (*link && *link != line)
		link = &(*link)->next_guarded;
	if (*link)
		*link = line->next_guarded;
	pthread_mutex_unlock(&guard.lock);
}

/* The time runs from leaving the safe level; setting the line again does not prolong it. */
int line_guard_set(struct line *line, bool on)
{
	pthread_mutex_lock(&guard.lock);
	int result = line->ops->set(line, on);
	if (result == 0) {
		line->level = on;
		line->expired = false;
		if (on == line->safe)
			line->deadline_ns = INT64_MAX;
		else if (line->deadline_ns == INT64_MAX)
			line->deadline_ns = now_ns() + line->max_on_ns;
		pthread_cond_signal(&guard.changed);
	}
	pthread_mutex_unlock(&guard.lock);
	return result;
}

bool line_guard_level(struct line *line)
{
	pthread_mutex_lock(&guard.lock);
	bool level = line->level;
	pthread_mutex_unlock(&guard.lock);
	return level;
}

bool line_guard_expired(struct line *line)
{
	pthread_mutex_lock(&guard.lock);
	bool expired = line->expired;
	pthread_mutex_unlock(&guard.lock);
	return expired;
}
