/* Jobs in threads: results come back on the loop, hanging ones hold up nobody, abandoned ones are cleaned up. */
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gateway/worker.h"

struct probe {
	struct worker *worker;
	pthread_t work_thread, done_thread;
	bool signals_blocked;
	unsigned works, dones;
	bool abandoned, free_worker;
	struct probe *start_next;
	sem_t *started, *go; /* NULL = do not wait */
};

static sd_event *event;

static void work(void *context)
{
	struct probe *probe = context;
	sigset_t blocked;
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	probe->signals_blocked = sigismember(&blocked, SIGTERM) && sigismember(&blocked, SIGPIPE);
	probe->work_thread = pthread_self();
	probe->works++;
	if (probe->started)
		sem_post(probe->started);
	if (probe->go)
		sem_wait(probe->go);
}

static void done(void *context, bool abandoned)
{
	struct probe *probe = context;
	probe->done_thread = pthread_self();
	probe->dones++;
	probe->abandoned = abandoned;
	if (probe->start_next)
		assert_non_null(worker_start(probe->worker, work, done, probe->start_next));
	if (probe->free_worker)
		worker_free(probe->worker);
}

static void run_until_done(const struct probe *probe)
{
	while (probe->dones == 0)
		assert_true(sd_event_run(event, 10 * 1000000) > 0);
}

static struct worker *new_worker(void)
{
	struct worker *worker = worker_new(event);
	assert_non_null(worker);
	return worker;
}

static void result_comes_on_the_loop(void **state)
{
	(void)state;
	struct probe probe = {.worker = new_worker()};
	assert_non_null(worker_start(probe.worker, work, done, &probe));
	run_until_done(&probe);
	assert_int_equal(probe.works, 1);
	assert_int_equal(probe.dones, 1);
	assert_false(probe.abandoned);
	assert_true(probe.signals_blocked);
	assert_true(pthread_equal(probe.done_thread, pthread_self()));
	assert_false(pthread_equal(probe.work_thread, pthread_self()));
	sigset_t blocked;
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	assert_false(sigismember(&blocked, SIGTERM));
	worker_free(probe.worker);
}

static void hanging_job_holds_up_nobody(void **state)
{
	(void)state;
	sem_t go;
	sem_init(&go, 0, 0);
	struct worker *worker = new_worker();
	struct probe hanging = {.worker = worker, .go = &go}, quick = {.worker = worker};
	assert_non_null(worker_start(worker, work, done, &hanging));
	assert_non_null(worker_start(worker, work, done, &quick));
	run_until_done(&quick);
	assert_int_equal(hanging.dones, 0);
	sem_post(&go);
	run_until_done(&hanging);
	assert_false(hanging.abandoned);
	worker_free(worker);
	sem_destroy(&go);
}

static void abandoned_job_is_told_so(void **state)
{
	(void)state;
	sem_t go;
	sem_init(&go, 0, 0);
	struct probe probe = {.worker = new_worker(), .go = &go};
	struct worker_job *job = worker_start(probe.worker, work, done, &probe);
	assert_non_null(job);
	worker_abandon(job);
	assert_int_equal(sd_event_run(event, 0), 0); /* not before work returns */
	assert_int_equal(probe.dones, 0);
	sem_post(&go);
	run_until_done(&probe);
	assert_true(probe.abandoned);
	worker_free(probe.worker);
	sem_destroy(&go);
}

static void sixty_four_at_a_time(void **state)
{
	(void)state;
	sem_t go;
	sem_init(&go, 0, 0);
	struct worker *worker = new_worker();
	struct probe probes[64], more = {.worker = worker};
	for (size_t i = 0; i < 64; i++) {
		probes[i] = (struct probe){.worker = worker, .go = &go};
		assert_non_null(worker_start(worker, work, done, &probes[i]));
	}
	assert_null(worker_start(worker, work, done, &more));
	for (size_t i = 0; i < 64; i++)
		sem_post(&go);
	for (size_t i = 0; i < 64; i++)
		run_until_done(&probes[i]);
	assert_non_null(worker_start(worker, work, done, &more));
	run_until_done(&more);
	worker_free(worker);
	sem_destroy(&go);
}

static void done_may_start_the_next(void **state)
{
	(void)state;
	struct worker *worker = new_worker();
	struct probe second = {.worker = worker}, first = {.worker = worker, .start_next = &second};
	assert_non_null(worker_start(worker, work, done, &first));
	run_until_done(&second);
	assert_int_equal(first.dones, 1);
	worker_free(worker);
}

static void done_may_free_the_worker(void **state)
{
	(void)state;
	struct probe probe = {.worker = new_worker(), .free_worker = true};
	assert_non_null(worker_start(probe.worker, work, done, &probe));
	run_until_done(&probe);
	assert_false(probe.abandoned);
}

/* The job has reported, the loop knows of it but has not called back yet when the worker goes. */
static void undelivered_result_is_abandoned(void **state)
{
	(void)state;
	struct probe probe = {.worker = new_worker()};
	assert_non_null(worker_start(probe.worker, work, done, &probe));
	if (sd_event_prepare(event) == 0)
		assert_true(sd_event_wait(event, 60 * 1000000) > 0);
	assert_int_equal(probe.dones, 0);
	worker_free(probe.worker);
	assert_int_equal(probe.dones, 1);
	assert_true(probe.abandoned);
	sd_event_dispatch(event);
	assert_int_equal(probe.dones, 1);
}

/* worker_free returns at once; the thread ends later, at different moments, and touches nothing that is gone (sanitizers watch). */
static void free_does_not_wait(void **state)
{
	(void)state;
	static sem_t started, go;
	static struct probe probes[100];
	sem_init(&started, 0, 0);
	sem_init(&go, 0, 0);
	for (size_t i = 0; i < 100; i++) {
		probes[i] = (struct probe){.worker = new_worker(), .started = &started, .go = &go};
		assert_non_null(worker_start(probes[i].worker, work, done, &probes[i]));
		sem_wait(&started);
		if (i % 2)
			sem_post(&go); /* now they race */
		worker_free(probes[i].worker);
		if (i % 2 == 0)
			sem_post(&go);
		assert_true(probes[i].dones == 0 || (i > 0 && probes[i].abandoned));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(result_comes_on_the_loop),        cmocka_unit_test(hanging_job_holds_up_nobody),
	    cmocka_unit_test(abandoned_job_is_told_so),        cmocka_unit_test(sixty_four_at_a_time),
	    cmocka_unit_test(done_may_start_the_next),         cmocka_unit_test(done_may_free_the_worker),
	    cmocka_unit_test(undelivered_result_is_abandoned), cmocka_unit_test(free_does_not_wait),
	};
	if (sd_event_new(&event) < 0)
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	sd_event_unref(event);
	return failed;
}
