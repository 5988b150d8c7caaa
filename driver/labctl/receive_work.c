// SPDX-License-Identifier: GPL-2.0-only
/*
 * labctl receive - taking the data
 *
 * Contract: a generator's queues have nothing to do with each other, so each has
 * a thread of its own.  A stream that is dealt over n queues (page k is page k/n
 * of queue k%n) is one order of data, so one thread takes a page from each queue
 * in turn; the pages of the others wait in the driver meanwhile, and the device
 * waits with them.
 *
 * Only the main thread has signals: an interruption stops the queues, and the
 * workers find the end of their data after what was complete.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "labctl.h"
#include "receive.h"

struct worker {
	struct receive *run;
	unsigned int index;
	pthread_t main;
};

static void give_up(struct receive *run)
{
	atomic_store(&run->gave_up, true);
}

static void drain(struct rx *rx)
{
	struct labyrinth_io_record record;

	while (rx_next(rx, &record))
		;
}

static void pause_between(const struct receive *run)
{
	const struct timespec t = { run->order->slow / 1000000, run->order->slow % 1000000 * 1000 };

	if (run->order->slow)
		nanosleep(&t, NULL);
}

static void take_alone(struct receive *run, unsigned int i)
{
	struct sink *sink = &run->sink[run->sink[i].path ? i : 0];
	struct labyrinth_io_record record;

	do {
		while (rx_next(&run->rx[i], &record)) {
			if (!sink_write(sink, record.data, record.head->length)) {
				give_up(run);
				return;
			}
			pause_between(run);
		}
	} while (receive_again(run, i));
}

static void take_in_turn(struct receive *run)
{
	struct labyrinth_io_record record;
	unsigned int i;

	for (i = 0; rx_next(&run->rx[i], &record); i = (i + 1) % run->order->queues) {
		if (!sink_write(&run->sink[0], record.data, record.head->length)) {
			give_up(run);
			return;
		}
		pause_between(run);
	}
	/* The others are at their end too; after an interruption, at least soon. */
	for (i = 0; i < run->order->queues; i++)
		drain(&run->rx[i]);
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	struct receive *run = worker->run;

	if (receive_merges(run->order))
		take_in_turn(run);
	else
		take_alone(run, worker->index);
	atomic_fetch_sub(&run->working, 1);
	pthread_kill(worker->main, SIGUSR1);
	return NULL;
}

static void show_progress(const struct receive *run, double seconds, bool last)
{
	uint64_t bytes = 0;
	unsigned int i;

	if (run->order->quiet || !isatty(STDERR_FILENO))
		return;
	for (i = 0; i < run->order->queues; i++)
		bytes += atomic_load_explicit(&run->rx[i].progress, memory_order_relaxed);
	fprintf(stderr, "\r%.1f MiB, %.1f MiB/s \033[K%s", bytes / 1048576.0,
		seconds > 0 ? bytes / 1048576.0 / seconds : 0, last ? "\n" : "");
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void stop_all(struct receive *run)
{
	unsigned int i;

	pthread_mutex_lock(&run->fds);
	run->stopped = true;
	for (i = 0; i < run->order->queues; i++)
		labyrinth_io_stop(run->rx[i].fd);
	pthread_mutex_unlock(&run->fds);
}

/* Until the last worker is done; a signal or a failed output stops the queues. */
static void watch(struct receive *run, const sigset_t *signals, double begin)
{
	const struct timespec tick = { .tv_nsec = 300000000 };
	bool stopped = false;

	while (atomic_load(&run->working)) {
		int signal = sigtimedwait(signals, NULL, &tick);

		if (signal == SIGINT || signal == SIGTERM || signal == SIGHUP)
			run->interrupted = true;
		if (!stopped && (run->interrupted || atomic_load(&run->gave_up))) {
			stop_all(run);
			stopped = true;
		}
		show_progress(run, now() - begin, false);
	}
}

void receive_work(struct receive *run)
{
	struct worker worker[LABYRINTH_MAX_QUEUES];
	double begin = now();
	sigset_t signals;
	unsigned int i;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);

	atomic_store(&run->working, run->workers);
	for (i = 0; i < run->workers; i++) {
		int err;

		worker[i] = (struct worker){ run, i, pthread_self() };
		err = pthread_create(&run->worker[i], NULL, work, &worker[i]);
		if (err) {
			labctl_error("cannot start a thread: %s", strerror(err));
			atomic_fetch_sub(&run->working, run->workers - i);
			run->workers = i;
			give_up(run);
		}
	}
	watch(run, &signals, begin);
	for (i = 0; i < run->workers; i++)
		pthread_join(run->worker[i], NULL);
	run->seconds = now() - begin;
	show_progress(run, run->seconds, true);
}
