/* A thread for what may block: resolving names, connecting, TLS handshakes, opening devices. */
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

struct worker;
struct worker_job;

/* work runs in a thread of its own for this job; done runs on the loop afterwards, unless the job was abandoned: then done runs with
 * abandoned set as soon as work returns, only to free what it holds. */
typedef void worker_work_fn(void *context);
typedef void worker_done_fn(void *context, bool abandoned);

/* NULL: out of memory or descriptors. The worker takes no reference to event, which must outlive it. */
struct worker *worker_new(sd_event *event);
/* Jobs whose work has returned are done as abandoned. Does not wait for those that still run: what their contexts hold is left to the
 * end of the process. NULL is allowed. */
void worker_free(struct worker *worker);
/* Starts a job; at most 64 at a time run. NULL = no thread to be had, try later. Each job has a thread of its own, so that a name
 * server that never answers holds up nobody else. */
struct worker_job *worker_start(struct worker *worker, worker_work_fn *work, worker_done_fn *done, void *context);
/* Only before done has run, which ends the life of the job. An abandoned job counts among the 64 until its work returns. */
void worker_abandon(struct worker_job *job);
