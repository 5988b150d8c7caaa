// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints docs/contexts.md, the page of labyrinth_contexts.h
 *
 * Contract: every word of the tables comes from that header; the page has each call and each
 * place of it, and a sign that has no explanation does not occur.
 */
#include <stdio.h>
#include <string.h>

#include <linux/labyrinth_contexts.h>

#define TEXT(name, text)	text,
static const char * const places[] = { LABYRINTH_PLACES(TEXT) };

#define NAME(name, ...)		#name,
static const char * const calls[] = { LABYRINTH_CALLS(NAME) };

static const char * const routes[] = { "cpu", "returned", "depot", "reserve", "buddy", "fail" };

_Static_assert(sizeof(routes) / sizeof(*routes) == LABYRINTH_NR_ROUTES, "a name for each route");

static const char head[] =
"<!-- Made by scripts/docs/contexts from driver/include/linux/labyrinth_contexts.h: change that, not this. -->\n"
"# What may be called where\n"
"\n"
"One table decides. The checks in the module, the cases of the kernel test module and this page are made from\n"
"it: `driver/include/linux/labyrinth_contexts.h`.\n"
"\n"
"| sign | meaning |\n"
"|---|---|\n"
"| **s** | may be called, may sleep |\n"
"| **y** | may be called, never sleeps |\n"
"| - | refused |\n"
"\n"
"A refused call does nothing, does not sleep and says so to its caller: `-EPERM`, no page, or counters that are\n"
"all zero. The first one of each call is named in the log with its caller, each is counted\n"
"(`labyrinth_wrong_calls()`).\n"
"\n"
"## Calls\n";

static const char notes[] =
"\n"
"- *Spinlock held*: `spin_lock()`, so preemption off; on RT a lock that may sleep. *Raw spinlock held* is\n"
"  `raw_spin_lock()`. *Hard interrupt, RT* is a handler that is not threaded: `IRQF_NO_THREAD`, a hard `irq_work`\n"
"  or `hrtimer`. *Thread, RT* is any thread on PREEMPT_RT, those of interrupt handlers among them.\n"
"- `alloc_labyrinth_page_gfp_atomic_exclusive()` is `alloc`, `dealloc_labyrinth_page_exclusive()` is `free`.\n"
"- Where several of these hold at a time, each must allow the call.\n"
"- The `pinned` calls are inline and do not look where they are; one in a wrong place is refused where its\n"
"  out-of-line end is reached, and always on a kernel with `PROVE_LOCKING`.\n"
"- A lock that is held is seen only by a kernel that counts preemption (`PREEMPT_COUNT`; Debian's does), else\n"
"  by `might_sleep()` under `DEBUG_ATOMIC_SLEEP`.\n"
"- `create`, `destroy`, `track` and `holders` wait for locks of others and, `destroy`, for the worker, any of which\n"
"  may be in the middle of reclaim: so not in a `GFP_NOFS` or `GFP_NOIO` scope. `refill` waits for nobody and\n"
"  allocates in the scope of its caller.\n"
"- `page_dma`, `page_addr`, `page_struct` and the functions that give names may be called anywhere.\n"
"\n"
"## Routes of an allocation\n"
"\n"
"Which ways `alloc`, `alloc_route`, `alloc_bulk` and `alloc_run` may take, where the policy has them; the `pinned`\n"
"ones take the same. The first that can serve wins, from left to right.\n"
"\n";

static void print_heading(const char *first)
{
	unsigned int i;

	printf("\n| %s |", first);
	for (i = 0; i < LABYRINTH_NR_PLACES; i++)
		printf(" %s |", places[i]);
	printf("\n|---|");
	for (i = 0; i < LABYRINTH_NR_PLACES; i++)
		printf(":-:|");
	printf("\n");
}

static void print_calls(void)
{
	unsigned int call, place;

	print_heading("call");
	for (call = 0; call < LABYRINTH_NR_CALLS; call++) {
		printf("| `%s` |", calls[call]);
		for (place = 0; place < LABYRINTH_NR_PLACES; place++) {
			unsigned int cell = labyrinth_may[call][place];

			printf(" %s |", cell & LABYRINTH_MAY_SLEEP ? "**s**" :
					cell & LABYRINTH_MAY_CALL ? "**y**" : "-");
		}
		printf("\n");
	}
}

static void print_routes(void)
{
	unsigned int route, place;

	printf("| place |");
	for (route = 0; route < LABYRINTH_NR_ROUTES; route++)
		printf(" %s |", routes[route]);
	printf("\n|---|");
	for (route = 0; route < LABYRINTH_NR_ROUTES; route++)
		printf(":-:|");
	printf("\n");
	for (place = 0; place < LABYRINTH_NR_PLACES; place++) {
		unsigned int cell = labyrinth_may[LABYRINTH_CALL_ALLOC][place];

		printf("| %s |", places[place]);
		for (route = 0; route < LABYRINTH_NR_ROUTES; route++)
			printf(" %s |", cell & 1 << route ? "**y**" :
			       route == LABYRINTH_ROUTE_BUDDY && cell & LABYRINTH_BUDDY_NO_RT ?
			       "not on RT" : "-");
		printf("\n");
	}
	printf("\n*Not on RT*: not on PREEMPT_RT, nor on a kernel with `PROVE_RAW_LOCK_NESTING`, which checks RT's rules.\n"
	       "In an NMI the CPU's own block is left alone, since the NMI may have come in the middle of an allocation from\n"
	       "it, and locks are only tried.\n");
}

int main(void)
{
	printf("%s", head);
	print_calls();
	printf("%s", notes);
	print_routes();
	return 0;
}
