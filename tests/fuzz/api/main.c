// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fuzzer of the user API:  fuzz-api SEED CALLS [no-cover] [THREAD:PROGRAM]
 *
 * Contract: KTAP on standard output.  Several threads make programs of calls; now and then
 * all stop, everything is closed, and then every page is back, no queue has an owner and a
 * clean run delivers every byte.  A thread's name is its number and the number of its
 * program, so that what the kernel says about it can be made again: THREAD:PROGRAM (in
 * hexadecimal, as the kernel says it) makes only that one.  What coverage guided does not
 * repeat.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define ROUND_CALLS	10000	/* of all threads together, from one check to the next */
#define TICK_MS		20	/* after which a call that waits is interrupted */
#define ERRNOS		160
#define MOST_KINDS	64

struct settings {
	uint64_t seed;
	uint64_t calls;
	bool cover;
	bool single;
	unsigned int thread;
	uint64_t program;
};

static struct settings settings;
static struct worker workers[THREADS];
static pthread_barrier_t barrier;
static uint64_t done, made[MOST_KINDS];
static uint64_t answers[MOST_KINDS][ERRNOS];
static unsigned int rounds;
static struct lab_rx rx;
static char why[160];
static _Thread_local const char *calling;

static void nothing(int number)
{
	(void)number;
}

/* A fuzzer that dies says where: its own fault, or memory that the kernel should not have written. */
static void died(int number, siginfo_t *info, void *context)
{
	char name[16] = "", text[160];
	int n;

	(void)context;
	prctl(PR_GET_NAME, name);
	n = snprintf(text, sizeof(text), "fuzz-api: signal %d at %p in %s, call %s\n", number,
		     info->si_addr, name, calling ? calling : "none");
	if (write(STDERR_FILENO, text, n) != n)
		_exit(3);
	_exit(2);
}

/* Interrupts whatever this thread waits in. */
static bool start_tick(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1 };
	struct itimerspec tick = { { 0, TICK_MS * 1000000 }, { 0, TICK_MS * 1000000 } };
	timer_t timer;

	event._sigev_un._tid = syscall(SYS_gettid);
	return !timer_create(CLOCK_MONOTONIC, &event, &timer) &&
	       !timer_settime(timer, 0, &tick, NULL);
}

static void make_call(struct worker *w, const struct call *c)
{
	const struct kind *kind = kind_of(c->kind);
	long n;

	if (kind->alone && w->number)
		return;
	calling = kind->name;
	n = kind->make(w, c);
	calling = NULL;
	__atomic_fetch_add(&made[c->kind % kinds_count()], 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&answers[c->kind % kinds_count()][n < 0 ? -n % ERRNOS : 0], 1,
			   __ATOMIC_RELAXED);
	w->calls++;
}

static void make_calls(struct worker *w, const struct program *p)
{
	unsigned int i;

	for (i = 0; i < PROGRAM_CALLS; i++)
		make_call(w, &p->calls[i]);
}

/* With coverage every other program is a changed one of those that came to new code. */
static void choose(struct worker *w, struct program *p, uint64_t number)
{
	if (w->cover >= 0 && number & 1 && kept_program(p, next_random(&w->random)))
		change_program(p, w->number, &w->random);
	else
		make_program(p, w->number, seeded(settings.seed, w->number, number));
}

static void work_round(struct worker *w, uint64_t first, uint64_t programs)
{
	struct program p;
	char name[16];
	uint64_t i;

	for (i = first; i < first + programs; i++) {
		snprintf(name, sizeof(name), "fuzz%u:%llx", w->number, (unsigned long long)i);
		prctl(PR_SET_NAME, name);
		choose(w, &p, i);
		begin_cover(w);
		make_calls(w, &p);
		if (end_cover(w))
			keep_program(&p);
	}
}

static bool all_is_well(void)
{
	unsigned int mode;
	int err;

	if (!lab_wait_device())
		return !snprintf(why, sizeof(why), "the device is not there");
	if (!lab_wait_bound(0))
		return !snprintf(why, sizeof(why),
				 "a queue has an owner though every file is closed");
	if (!lab_pages_back())
		return !snprintf(why, sizeof(why), "pages are out though every file is closed");
	for (mode = LABYRINTH_MODE_DEMAND; mode <= LABYRINTH_MODE_RING; mode++) {
		err = lab_good_run(&rx, mode);
		if (err)
			return !snprintf(why, sizeof(why), "a clean run ended with %d", err);
	}
	return lab_pages_back() || !snprintf(why, sizeof(why), "pages are out after a clean run");
}

/* Until the calls are made or something is wrong: what each thread does. */
static void *work(void *arg)
{
	struct worker *w = arg;
	uint64_t programs = ROUND_CALLS / PROGRAM_CALLS / THREADS, first = 0;

	if (!start_tick() || !make_arena(&w->arena) || pipe2(w->pipe, O_CLOEXEC | O_NONBLOCK) ||
	    socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, w->socket)) {
		fprintf(stderr, "fuzz-api: a thread cannot begin: %s\n", strerror(errno));
		_exit(2);
	}
	w->cover = -1;
	if (settings.cover)
		open_cover(w);
	w->random = seeded(settings.seed, w->number, ~0ull);
	do {
		work_round(w, first, programs);
		first += programs;
		pthread_barrier_wait(&barrier);
		/* the own ones all at once, and the shared ones with them */
		close_all(w);
		close(w->socket[0]);
		close(w->socket[1]);
		if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, w->socket))
			_exit(2);
		if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) {
			uint64_t sum = 0;
			unsigned int i;

			for (i = 0; i < THREADS; i++)
				sum += workers[i].calls;
			done = sum;
			restore_files();
			if (all_is_well())
				rounds++;
			if (rounds % 10 == 0)
				printf("# %llu calls\n", (unsigned long long)sum);
		}
		pthread_barrier_wait(&barrier);
	} while (!why[0] && done < settings.calls);
	return NULL;
}

static void work_single(void)
{
	struct worker *w = &workers[settings.thread % THREADS];
	struct program p;
	unsigned int i;

	make_program(&p, w->number, seeded(settings.seed, w->number, settings.program));
	for (i = 0; i < PROGRAM_CALLS; i++) {
		const struct call *c = &p.calls[i];

		printf("# %-12s file=%u other=%u where=%u size=%#x a=%#llx b=%#llx\n",
		       kind_of(c->kind)->name, c->file % FILES, c->other % FILES, c->where, c->size,
		       (unsigned long long)c->a, (unsigned long long)c->b);
	}
	if (!start_tick() || !make_arena(&w->arena) || pipe2(w->pipe, O_CLOEXEC | O_NONBLOCK) ||
	    socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, w->socket))
		_exit(2);
	while (w->calls < settings.calls)
		make_calls(w, &p);
	close_all(w);
	done = w->calls;
	restore_files();
	rounds = all_is_well();
}

static unsigned int answers_seen(void)
{
	unsigned int kind, err, seen = 0;

	for (kind = 0; kind < kinds_count(); kind++)
		for (err = 0; err < ERRNOS; err++)
			seen += answers[kind][err] != 0;
	return seen;
}

static unsigned int kinds_made(void)
{
	unsigned int kind, seen = 0;

	for (kind = 0; kind < kinds_count(); kind++)
		seen += made[kind] != 0;
	return seen;
}

static bool report(void)
{
	bool good = !why[0], wide = settings.single || kinds_made() == kinds_count(), deep = true;
	const char *idle = "";
	unsigned int kind;

	for (kind = 0; kind < kinds_count(); kind++) {
		printf("# %-12s %8llu calls, %llu of them went well\n", kind_of(kind)->name,
		       (unsigned long long)made[kind], (unsigned long long)answers[kind][0]);
		/* what never succeeds is no test of what comes after */
		if (!settings.single && !answers[kind][0] && !kind_of(kind)->refused) {
			deep = false;
			idle = kind_of(kind)->name;
		}
	}
	printf("# fuzz-api seed=%llu calls=%llu kinds=%u errnos=%u resets=%u binds=%u rounds=%u pcs=%u kept=%u\n",
	       (unsigned long long)settings.seed, (unsigned long long)done, kinds_made(),
	       answers_seen(), resets_made, binds_made, rounds, pcs_seen(), programs_kept());
	if (why[0])
		printf("# %s\n", why);
	printf("%sok 1 - after each round every page is back and a clean run delivers every byte\n",
	       good ? "" : "not ");
	printf("%sok 2 - every kind of call was made\n", wide ? "" : "not ");
	printf("%sok 3 - every kind of call that can go well did %s\n", deep ? "" : "not ", idle);
	return good && wide && deep;
}

static bool number(const char *text, int base, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, base);
	return end != text && *text != '-' && !errno && (!*end || *end == ':');
}

static bool understood(int argc, char **argv)
{
	int i;

	settings.cover = true;
	if (argc < 3 || !number(argv[1], 10, &settings.seed) ||
	    !number(argv[2], 10, &settings.calls))
		return false;
	for (i = 3; i < argc; i++) {
		uint64_t thread;
		char *colon = strchr(argv[i], ':');

		if (!strcmp(argv[i], "no-cover")) {
			settings.cover = false;
		} else if (colon && number(argv[i], 10, &thread) &&
			   number(colon + 1, 16, &settings.program)) {
			settings.single = true;
			settings.thread = thread;
		} else {
			return false;
		}
	}
	return true;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = nothing };
	struct sigaction death = { .sa_sigaction = died, .sa_flags = SA_SIGINFO };
	struct rlimit files = { 4096, 4096 };
	pthread_t threads[THREADS];
	unsigned int i;

	if (!understood(argc, argv)) {
		fprintf(stderr, "usage: fuzz-api SEED CALLS [no-cover] [THREAD:PROGRAM]\n");
		return 2;
	}
	/* not restarted: what waits is to see its EINTR */
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGIO, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGSEGV, &death, NULL);
	sigaction(SIGBUS, &death, NULL);
	setrlimit(RLIMIT_NOFILE, &files);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!lab_wait_device() || !find_files()) {
		fprintf(stderr, "fuzz-api: there is no %s\n", LAB_DEV);
		return 2;
	}
	/* the table of kinds is made by whoever asks first: not by several threads at once */
	kinds_count();
	printf("KTAP version 1\n1..3\n");
	for (i = 0; i < THREADS; i++)
		workers[i].number = i;
	if (settings.single) {
		work_single();
		return !report();
	}
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, &workers[i]))
			return 2;
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return !report();
}
