/* The store's thread: takes a group, runs it however long the disk takes, reports by an eventfd. The lock is held for pointer
 * moves only, so neither side ever waits for the other. */
#include "gateway/store_internal.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { STACK_BYTES = 256 * 1024 };

struct store_thread {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t given, ended; /* given: there is a group or the end has come; ended: a group or the thread has */
	struct store_db *db;         /* the thread's alone while it runs */
	struct store_group *group;   /* waiting for the thread or with it */
	bool done;                   /* the last group has ended and was not yet taken back */
	bool quit, gone;
	bool abandoned; /* nobody is left to be told: fd may be somebody else's by now */
	int fd;
};

static void report(struct store_thread *thread)
{
	if (!thread->abandoned)
		eventfd_write(thread->fd, 1);
	pthread_cond_signal(&thread->ended);
}

static void *run(void *argument)
{
	struct store_thread *thread = argument;
	pthread_mutex_lock(&thread->lock);
	while (!thread->quit || thread->group) {
		struct store_group *group = thread->group;
		if (!group) {
			pthread_cond_wait(&thread->given, &thread->lock);
			continue;
		}
		pthread_mutex_unlock(&thread->lock);
		store_db_run(thread->db, group);
		pthread_mutex_lock(&thread->lock);
		thread->group = NULL;
		thread->done = true;
		report(thread);
	}
	pthread_mutex_unlock(&thread->lock);
	store_file_close(thread->db);
	pthread_mutex_lock(&thread->lock);
	thread->gone = true;
	report(thread);
	pthread_mutex_unlock(&thread->lock);
	return NULL;
}

static int start(struct store_thread *thread)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(&thread->thread, &attributes, run, thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return error;
}

static void release(struct store_thread *thread)
{
	if (thread->fd >= 0)
		close(thread->fd);
	store_db_free(thread->db);
	pthread_cond_destroy(&thread->given);
	pthread_cond_destroy(&thread->ended);
	pthread_mutex_destroy(&thread->lock);
	free(thread);
}

struct store_thread *store_thread_new(struct store_db *db)
{
	struct store_thread *thread = calloc(1, sizeof(*thread));
	if (!thread) {
		store_db_free(db);
		return NULL;
	}
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&thread->given, NULL);
	pthread_cond_init(&thread->ended, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&thread->lock, NULL);
	thread->db = db;
	thread->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (thread->fd >= 0 && start(thread) == 0)
		return thread;
	release(thread);
	return NULL;
}

int store_thread_fd(const struct store_thread *thread)
{
	return thread->fd;
}

void store_thread_give(struct store_thread *thread, struct store_group *group)
{
	pthread_mutex_lock(&thread->lock);
	thread->group = group;
	thread->done = false;
	pthread_cond_signal(&thread->given);
	pthread_mutex_unlock(&thread->lock);
}

bool store_thread_take(struct store_thread *thread)
{
	eventfd_t ignored;
	eventfd_read(thread->fd, &ignored);
	pthread_mutex_lock(&thread->lock);
	bool done = thread->done;
	thread->done = false;
	pthread_mutex_unlock(&thread->lock);
	return done;
}

static struct timespec at(int64_t us)
{
	return (struct timespec){.tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000) * 1000};
}

bool store_thread_wait(struct store_thread *thread, int64_t until_us)
{
	struct timespec until = at(until_us);
	pthread_mutex_lock(&thread->lock);
	while (!thread->done && pthread_cond_timedwait(&thread->ended, &thread->lock, &until) == 0)
		;
	bool done = thread->done;
	thread->done = false;
	pthread_mutex_unlock(&thread->lock);
	return done;
}

bool store_thread_free(struct store_thread *thread, int64_t until_us)
{
	struct timespec until = at(until_us);
	pthread_mutex_lock(&thread->lock);
	thread->quit = true;
	pthread_cond_signal(&thread->given);
	while (!thread->gone && pthread_cond_timedwait(&thread->ended, &thread->lock, &until) == 0)
		;
	bool gone = thread->gone;
	thread->abandoned = !gone;
	pthread_mutex_unlock(&thread->lock);
	if (!gone) {
		close(thread->fd);
		pthread_detach(thread->thread);
		return false;
	}
	pthread_join(thread->thread, NULL);
	release(thread);
	return true;
}
