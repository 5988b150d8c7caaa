// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reliability scoreboard: reliability [PART OF A NAME]...
 *
 * Contract: each fault of the hardware header is injected into queues in both modes until
 * there were enough, found and made good as its row says, and nothing is lost that nobody
 * accounts for; then the device works as if nothing had been.  Printed are KTAP, and for
 * each fault one line
 *   # reliability fault=NAME injected=N detected=N recovered=N lost=N ok=0|1
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bad.h"
#include "rows.h"

#define SESSIONS	12
#define SESSION_MS	30000

static int inject(const struct row *row)
{
	if (!strcmp(row->fault, "alloc"))
		return bad_alloc("seed=7 %s\n", row->settings);
	return bad_faults("seed=7\n%s %s\n", row->fault, row->settings);
}

static uint64_t stuck(void)
{
	struct labyrinth_queue_stats q;
	uint64_t sum = 0;
	int i;

	for (i = 0; i < LAB_QUEUES; i++)
		if (!lab_queue_stats(i, &q))
			sum += q.stuck;
	return sum;
}

/* Sessions in both modes until it has happened often enough */
static int run_sessions(const struct row *row, struct outcome *o, uint64_t before)
{
	static uint64_t seed;
	int i, how = 0;

	for (i = 0; i < SESSIONS; i++) {
		struct labyrinth_bind bind = lab_generator(i % LAB_QUEUES, i & 1, row->pages);

		/* Else a line that is left out has the same bytes from a session before, at times. */
		bind.gen_seed = ++seed;
		bind.depth = 32;
		bind.gen_min = 64;
		bind.gen_period = row->period;
		how = account_session(&o->sum, &bind, SESSION_MS, row->usec);
		if (how == -ETIMEDOUT)
			return how;
		if (how && how != -ECONNRESET && how != -EIO)
			return how;
		/* A last one comes to its end with nothing going wrong. */
		if (i && !how && bad_injected(row->fault) - before >= row->least)
			break;
	}
	return how;
}

static int run_row(const struct row *row, struct outcome *o)
{
	uint64_t before = bad_injected(row->fault), recoveries = bad_number("recoveries");
	uint64_t resets = bad_number("resets"), storms = bad_number("storms"), stood = stuck();
	int err = inject(row);

	if (!err && row->act)
		err = row->act(o);
	if (row->alone)
		return err;
	err = err ? err : run_sessions(row, o, before);
	o->injected = bad_injected(row->fault) - before;
	o->recoveries = bad_number("recoveries") - recoveries;
	o->resets = bad_number("resets") - resets;
	o->storms = bad_number("storms") - storms;
	o->stuck = stuck() - stood;
	return err;
}

static void report(const struct row *row, const struct outcome *o, int err, int after)
{
	const struct account *a = &o->sum;
	const char *name = row->name ? row->name : row->fault;
	uint64_t detected = row->detected(o), recovered = row->recovered(o);
	uint64_t lost = a->lost_in_device + a->lost_in_driver + a->wrong;
	bool ok = !err && !after && o->injected >= row->least && detected == o->injected &&
		  recovered == o->injected && !lost;

	printf("# %s: sessions %llu finished %llu cut %llu; produced %llu completed %llu dropped %llu; completions %llu delivered %llu discarded %llu failed %llu invalid %llu corrupt %llu irqs %llu rescued %llu late %llu; right %llu wrong %llu marked %llu gaps %llu; recoveries %llu stuck %llu storms %llu; lost in device %llu in driver %llu\n",
	       name, (unsigned long long)a->sessions, (unsigned long long)a->finished,
	       (unsigned long long)a->cut, (unsigned long long)a->produced,
	       (unsigned long long)a->completed, (unsigned long long)a->dropped,
	       (unsigned long long)a->completions, (unsigned long long)a->delivered,
	       (unsigned long long)a->discarded, (unsigned long long)a->failed,
	       (unsigned long long)a->invalid, (unsigned long long)a->corrupt,
	       (unsigned long long)a->irqs, (unsigned long long)a->rescued, (unsigned long long)a->late_grants,
	       (unsigned long long)a->right, (unsigned long long)a->wrong,
	       (unsigned long long)a->marked, (unsigned long long)a->gaps,
	       (unsigned long long)o->recoveries, (unsigned long long)o->stuck,
	       (unsigned long long)o->storms, (unsigned long long)a->lost_in_device,
	       (unsigned long long)a->lost_in_driver);
	printf("# reliability fault=%s injected=%llu detected=%llu recovered=%llu lost=%llu ok=%d\n", name,
	       (unsigned long long)o->injected, (unsigned long long)detected,
	       (unsigned long long)recovered, (unsigned long long)lost, ok);
	if (err || after)
		printf("# it ended with %s, and after it: %s\n", strerror(-err), strerror(-after));
	bad_result(ok, "%s", name);
}

static bool chosen(const struct row *row, int argc, char **argv)
{
	const char *name = row->name ? row->name : row->fault;
	int i;

	for (i = 1; i < argc; i++)
		if (strstr(name, argv[i]))
			return true;
	return argc < 2;
}

int main(int argc, char **argv)
{
	unsigned int i;

	puts("TAP version 13");
	for (i = 0; i < nr_rows; i++) {
		struct outcome outcome = { .seen = 0 };
		int err, after = 0;

		if (!chosen(&rows[i], argc, argv))
			continue;
		err = bad_end();
		err = err ? err : run_row(&rows[i], &outcome);
		if (!rows[i].alone) {
			after = bad_end();
			after = after ? after : bad_good_run(100);
			after = after ? after : lab_pages_back() ? 0 : -EBUSY;
		}
		report(&rows[i], &outcome, err, after);
	}
	return bad_plan_end();
}
