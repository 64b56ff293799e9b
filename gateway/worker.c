/* Jobs that may block, each in a thread of its own; their results come back to the loop one by one. */
#include "gateway/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "gateway/priorities.h"

enum {
	JOBS_MAX = 64, /* all brokers of a long list and all ports may hang in look-ups at once */
	STACK_BYTES =
	    256 *
	    1024, /* enough for name resolution and TLS; the usual 8 MB each are too much address space on 32 bit */
};

struct worker_job {
	struct worker *worker;
	worker_work_fn *work;
	worker_done_fn *done;
	void *context;
	bool abandoned; /* belongs to the loop's thread */
	struct worker_job *next;
};

/* Freed by whoever is last: worker_free or the last thread still running then. */
struct worker {
	sd_event_source *source;
	int ready_fd;  /* counts finished jobs */
	unsigned jobs; /* started and not yet reported done; belongs to the loop's thread */
	pthread_mutex_t lock;
	/* Under the lock: */
	unsigned running; /* threads that have not reported yet */
	bool closed;
	struct worker_job *finished, **finished_end;
};

static void worker_destroy(struct worker *worker)
{
	pthread_mutex_destroy(&worker->lock);
	free(worker);
}

static struct worker_job *next_finished(struct worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	struct worker_job *job = worker->finished;
	if (job) {
		worker->finished = job->next;
		if (!worker->finished)
			worker->finished_end = &worker->finished;
	}
	pthread_mutex_unlock(&worker->lock);
	return job;
}

static void job_done(struct worker_job *job, bool abandoned)
{
	worker_done_fn *done = job->done;
	void *context = job->context;
	job->worker->jobs--;
	free(job);
	done(context, abandoned);
}

/* One job a call: its callback may do anything, even free the worker, so nothing of it is touched afterwards. */
static int on_ready(sd_event_source *source, int fd, uint32_t events, void *context)
{
	(void)source, (void)events;
	uint64_t one;
	if (read(fd, &one, sizeof(one)) != sizeof(one))
		return 0;
	struct worker_job *job = next_finished(context);
	if (job)
		job_done(job, job->abandoned);
	return 0;
}

struct worker *worker_new(sd_event *event)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	if (!worker)
		return NULL;
	worker->finished_end = &worker->finished;
	pthread_mutex_init(&worker->lock, NULL);
	worker->ready_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
	if (worker->ready_fd < 0 ||
	    sd_event_add_io(event, &worker->source, worker->ready_fd, EPOLLIN, on_ready, worker) < 0 ||
	    sd_event_source_set_priority(worker->source, PRIORITY_WORKER) < 0)
		goto fail;
	return worker;
fail:
	worker_free(worker);
	return NULL;
}

void worker_free(struct worker *worker)
{
	if (!worker)
		return;
	sd_event_source_disable_unref(worker->source);
	for (struct worker_job *job; (job = next_finished(worker));)
		job_done(job, true);
	pthread_mutex_lock(&worker->lock);
	worker->closed = true;
	bool last = worker->running == 0;
	if (worker->ready_fd >= 0)
		close(worker->ready_fd);
	pthread_mutex_unlock(&worker->lock);
	if (last)
		worker_destroy(worker);
}

/* Hands a finished job to the loop. After worker_free there is no loop: the job goes, what its context holds stays. */
static void report(struct worker_job *job)
{
	struct worker *worker = job->worker;
	uint64_t one = 1;
	pthread_mutex_lock(&worker->lock);
	bool closed = worker->closed, last = --worker->running == 0 && closed;
	if (!closed) {
		job->next = NULL;
		*worker->finished_end = job;
		worker->finished_end = &job->next;
		/* Cannot fail: the counter holds more than there are jobs. */
		ssize_t written = write(worker->ready_fd, &one, sizeof(one));
		(void)written;
	}
	pthread_mutex_unlock(&worker->lock);
	if (closed)
		free(job);
	if (last)
		worker_destroy(worker);
}

static void *thread_main(void *argument)
{
	struct worker_job *job = argument;
	job->work(job->context);
	report(job);
	return NULL;
}

/* Signals are for the loop, so the thread starts with all of them blocked. */
static bool start_thread(struct worker_job *job)
{
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t all, before;
	if (pthread_attr_init(&attributes) != 0)
		return false;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	bool started = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
		       pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0 &&
		       pthread_create(&thread, &attributes, thread_main, job) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return started;
}

static void count_running(struct worker *worker, int change)
{
	pthread_mutex_lock(&worker->lock);
	worker->running += (unsigned)change;
	pthread_mutex_unlock(&worker->lock);
}

struct worker_job *worker_start(struct worker *worker, worker_work_fn *work, worker_done_fn *done, void *context)
{
	struct worker_job *job = worker->jobs < JOBS_MAX ? calloc(1, sizeof(*job)) : NULL;
	if (!job)
		return NULL;
	*job = (struct worker_job){.worker = worker, .work = work, .done = done, .context = context};
	count_running(worker, 1);
	if (!start_thread(job)) {
		count_running(worker, -1);
		free(job);
		return NULL;
	}
	worker->jobs++;
	return job;
}

void worker_abandon(struct worker_job *job)
{
	job->abandoned = true;
}
