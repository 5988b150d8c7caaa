// SPDX-License-Identifier: GPL-2.0-only
/*
 * The checker's scheduler: CPUs as coroutines, and all rows of decisions in turn
 *
 * An execution is repeated from its row of decisions, so everything in it must
 * depend on them alone.  Only accesses to memory that two CPUs use, one of them
 * writing, are points to switch at; which these are is found on the way, and each
 * find starts the exploration anew.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>

#include "inner.h"

#define STACK		(64 * 1024)
#define DECISIONS	8192

struct decision {
	uint8_t options;
	uint8_t choice;
	uint8_t cost;		/* of each option but the first */
	uint16_t spent;		/* before it */
};

struct cpu {
	ucontext_t context;
	jmp_buf where;
	bool made;		/* context is good to start from */
	bool started;
	bool done;
	bool (*ready)(void *arg);	/* waits until this is true */
	void *arg;
	unsigned int pinned;
	unsigned char stack[STACK] __attribute__((aligned(64)));
};

static struct cpu cpus[MODEL_CPUS];
static unsigned int me;
static jmp_buf home;
static const struct model_test *test;
static bool nmi_due, in_nmi;
static bool tracing;
static char failure[512];

static struct decision row[DECISIONS];
static unsigned int length, depth;
static unsigned int spent, bound;
static bool pruned;

unsigned int model_cpu(void)
{
	return me;
}

void model_set_cpu(unsigned int cpu)
{
	me = cpu;
}

void model_pin(int change)
{
	cpus[me].pinned += change;
}

bool model_tracing(void)
{
	return tracing;
}

void model_trace(const struct model_site *site, const char *format, ...)
{
	va_list args;

	if (!tracing)
		return;
	printf("#   CPU %u%s %s:%d %s: ", me, in_nmi ? " NMI" : "", site->func, site->line,
	       site->what);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

void model_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(failure, sizeof(failure), format, args);
	va_end(args);
	if (tracing)
		printf("#   CPU %u: %s\n", me, failure);
	_longjmp(home, 1);
}

/* One of @options ways to go on, the first for nothing, the others at @cost each */
unsigned int model_decide(unsigned int options, unsigned int cost)
{
	struct decision *d = &row[depth];

	if (options < 2)
		return 0;
	if (spent + cost > bound) {
		pruned = true;
		return 0;
	}
	if (depth == DECISIONS)
		model_fail("an execution with more than %d decisions", DECISIONS);
	if (depth == length) {
		*d = (struct decision){ options, 0, cost, spent };
		length++;
	} else if (d->options != options || d->cost != cost || d->spent != spent) {
		model_fail("the execution does not repeat: decision %u has %u options, had %u",
			   depth, options, d->options);
	}
	depth++;
	if (d->choice)
		spent += cost;
	return d->choice;
}

/* The next row of decisions, or false after the last */
static bool next_row(void)
{
	while (length) {
		struct decision *d = &row[length - 1];

		if (++d->choice < d->options)
			return true;
		length--;
	}
	return false;
}

static void run_cpu(void)
{
	test->cpu[me]();
	cpus[me].done = true;
	model_wait(NULL, NULL);
}

/* Makes another CPU go on; comes back when this one's turn is there again */
static void switch_to(unsigned int cpu)
{
	struct cpu *from = &cpus[me], *to = &cpus[cpu];

	if (cpu == me)
		return;
	if (_setjmp(from->where))
		return;
	me = cpu;
	if (to->started)
		_longjmp(to->where, 1);
	to->started = true;
	setcontext(&to->context);
}

static bool can_run(unsigned int cpu)
{
	struct cpu *c = &cpus[cpu];

	return test->cpu[cpu] && !c->done && (!c->ready || c->ready(c->arg));
}

/* Who goes on?  This CPU unless it costs nothing to take another or the row says so */
static void schedule(void)
{
	unsigned int others[MODEL_CPUS], count = 0, i, choice;
	bool self = can_run(me);

	for (i = 0; i < MODEL_CPUS; i++)
		if (i != me && can_run(i))
			others[count++] = i;
	if (self) {
		choice = model_decide(count + 1, 1);
		if (choice)
			switch_to(others[choice - 1]);
		return;
	}
	if (count) {
		switch_to(others[model_decide(count, 0)]);
		return;
	}
	for (i = 0; i < MODEL_CPUS; i++)
		if (test->cpu[i] && !cpus[i].done)
			model_fail("CPU %u waits for ever", i);
	_longjmp(home, 2);
}

/* Waits, without cost, until ready(); with NULL for ever, as the last of the CPU's acts */
void model_wait(bool (*ready)(void *arg), void *arg)
{
	struct cpu *c = &cpus[me];

	if (in_nmi && !ready(arg))
		model_fail("an NMI waits");
	c->ready = ready;
	c->arg = arg;
	while (c->done || !ready(arg))
		schedule();
	c->ready = NULL;
}

/* A place where the NMI may come */
void model_interrupt(void)
{
	if (!nmi_due || in_nmi || me || !model_decide(2, 0))
		return;
	nmi_due = false;
	in_nmi = true;
	if (tracing)
		printf("#   CPU 0: NMI\n");
	test->nmi();
	if (tracing)
		printf("#   CPU 0: NMI ends\n");
	in_nmi = false;
}

/* Before each access that others may see */
void model_point(const volatile void *p, bool write, const struct model_site *site)
{
	(void)site;
	model_interrupt();
	if (memory_is_shared(p, write) && !in_nmi)
		schedule();
}

static bool lock_free(void *arg)
{
	return !((struct model_lock *)arg)->held;
}

void model_lock(struct model_lock *lock, const struct model_site *site)
{
	if (!model_quiet) {
		model_point(lock, true, site);
		if (in_nmi)
			model_fail("an NMI takes %s without trying", site->what);
		if (!cpus[me].pinned)
			model_fail("%s takes %s unpinned", site->func, site->what);
		if (lock->held == (int)me + 1)
			model_fail("CPU %u takes %s twice", me, site->what);
		model_wait(lock_free, lock);
		memory_lock_taken(lock);
		model_trace(site, "lock");
	}
	lock->held = me + 1;
}

bool model_trylock(struct model_lock *lock, const struct model_site *site)
{
	if (!model_quiet)
		model_point(lock, true, site);
	if (lock->held) {
		model_trace(site, "trylock fails");
		return false;
	}
	if (!model_quiet)
		memory_lock_taken(lock);
	model_trace(site, "trylock");
	lock->held = me + 1;
	return true;
}

void model_unlock(struct model_lock *lock, const struct model_site *site)
{
	if (!model_quiet) {
		model_point(lock, true, site);
		if (lock->held != (int)me + 1)
			model_fail("CPU %u gives up %s, which it does not hold", me, site->what);
		memory_lock_left(lock);
		model_trace(site, "unlock");
	}
	lock->held = 0;
}

static bool box_full(void *arg)
{
	return *(uint64_t *)arg;
}

void model_give(uint64_t *box, uint64_t value)
{
	model_store(box, sizeof(*box), value, MODEL_RELEASE, MODEL_SITE("box"));
}

uint64_t model_take(uint64_t *box)
{
	static const struct model_site site = { "box", "model_take", 0 };

	model_point(box, false, &site);
	if (!model_quiet)
		model_wait(box_full, box);
	return model_rmw(box, sizeof(*box), MODEL_XCHG, 0, 0, &site);
}

static void cpus_begin(void)
{
	unsigned int i;

	for (i = 0; i < MODEL_CPUS; i++) {
		struct cpu *c = &cpus[i];

		c->started = c->done = false;
		c->ready = NULL;
		c->pinned = 0;
		if (c->made)
			continue;
		getcontext(&c->context);
		c->context.uc_stack.ss_sp = c->stack;
		c->context.uc_stack.ss_size = STACK;
		makecontext(&c->context, run_cpu, 0);
		c->made = true;
	}
}

/* One execution along the row; true if nothing failed */
static bool execute(void)
{
	static volatile int how;	/* across longjmp */

	memory_begin();
	cpus_begin();
	depth = 0;
	spent = 0;
	nmi_due = test->nmi;
	in_nmi = false;
	failure[0] = 0;
	if (test->begin)
		test->begin();
	model_quiet = false;
	me = 0;
	how = _setjmp(home);
	if (!how) {
		/* the first decision: who begins */
		unsigned int count = 0, i, starters[MODEL_CPUS];

		for (i = 0; i < MODEL_CPUS; i++)
			if (test->cpu[i])
				starters[count++] = i;
		me = starters[model_decide(count, 0)];
		cpus[me].started = true;
		setcontext(&cpus[me].context);
	}
	model_quiet = true;
	in_nmi = false;
	if (how == 2 && test->end) {
		if (!_setjmp(home))
			test->end();
	}
	return !failure[0];
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* All rows within the bound; counts them; false at the first that fails */
static bool explore(unsigned long *executions)
{
	bool good, anew;

	do {
		length = 0;
		pruned = false;
		*executions = 0;
		do {
			good = execute();
			++*executions;
			anew = memory_shared_grew();
		} while (good && !anew && next_row());
	} while (anew);
	return good;
}

bool model_explore(const struct model_test *t, unsigned int number, unsigned int highest)
{
	unsigned long executions, all = 0;
	double begin = seconds();
	bool good = true, right;

	test = t;
	memory_forget();
	model_quiet = true;
	me = 0;
	t->setup();
	memory_snapshot();
	for (bound = 0; bound <= highest; bound++) {
		good = explore(&executions);
		all += executions;
		if (!good || !pruned)
			break;
	}
	right = t->fails ? !good && (!t->expect || !strncmp(failure, t->expect, strlen(t->expect)))
			 : good;
	if (!good && !right) {
		tracing = true;
		printf("# %s: %s\n# the execution, %u decisions:\n", t->name, failure, length);
		execute();
		tracing = false;
	}
	printf("%sok %u - %s: ", right ? "" : "not ", number, t->name);
	if (good)
		printf("%lu executions, %s%u, %lu with the lower bounds", executions,
		       pruned ? "all of cost up to " : "exhaustive, cost ",
		       bound > highest ? highest : bound, all);
	else
		printf("execution %lu at cost %u: %s", executions, bound, failure);
	printf(" # %.1f s\n", seconds() - begin);
	fflush(stdout);
	return right;
}
