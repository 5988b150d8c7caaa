/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A model checker for the pool's core: a deterministic scheduler over the real
 * files, on a weak memory
 *
 * The core is compiled with platform_model.h, so that each of its atomic accesses
 * and locks is a call of this checker, and with the compiler's instrumentation for
 * thread sanitizers, so that each plain access is one too (plain.c).  CPUs are
 * coroutines.  One execution is a row of decisions: who goes on at a shared access,
 * which of the values that the memory model allows a load returns, whether an NMI
 * comes now.  model_explore() runs all rows whose cost is within a bound; a switch
 * away from a CPU that could go on costs 1, a load of an old value costs 1.
 *
 * Memory.  Each location keeps the row of values that were stored there.  A view
 * says, for each location, the oldest value that may still be read.  Release
 * operations leave their view with the value, acquire operations take it over,
 * locks do both, relaxed ones neither.  A read-modify-write gets the newest value
 * and is acquire and release.  So loads may be satisfied early, and stores to
 * different locations be seen in any order; what the model does not have is a load
 * that returns a value stored later in the execution, and stores to one location
 * which memory orders other than the execution did.  Two accesses of which one is
 * plain and one writes must be ordered by such operations, or the execution fails
 * as a data race: so also pages, whose contents are plain locations here.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_CPUS	4

/* Where in the source an access is, for the report */
struct model_site {
	const char *what;
	const char *func;
	int line;
};

#define MODEL_SITE(what_)							\
({										\
	static const struct model_site site_ = { what_, __func__, __LINE__ };	\
										\
	&site_;									\
})

enum model_order {
	MODEL_RELAXED,
	MODEL_ACQUIRE,
	MODEL_RELEASE,
};

struct model_lock {
	int held;
};

/* One test: what runs on which CPU */
struct model_test {
	const char *name;
	void (*setup)(void);		/* once; its memory is what each execution starts with */
	void (*begin)(void);		/* before each execution, for the test's own notes */
	void (*cpu[MODEL_CPUS])(void);
	void (*nmi)(void);		/* comes once, anywhere in what CPU 0 does */
	void (*end)(void);		/* after each execution, nothing else running */
	unsigned int bound;		/* of the costs */
	unsigned int full;		/* the same for the long run */
	bool fails;			/* the checker must find a failure */
	const char *expect;		/* which begins so, if not NULL */
};

/* Explores and prints a line of TAP; false if it is not ok */
bool model_explore(const struct model_test *test, unsigned int number, unsigned int bound);

/* Memory of the model: zeroed, 64-byte aligned; setup() only */
void *model_new(size_t size);

/* Ends this execution as failed */
void model_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#define model_check(cond)							\
	((cond) ? (void)0 : model_fail("%s, line %d: not %s", __func__, __LINE__, #cond))

/* Which CPU runs; setup() and end() choose */
unsigned int model_cpu(void);
void model_set_cpu(unsigned int cpu);

/* Locks may be taken while this count is not 0; another CPU may run all the same */
void model_pin(int change);

/* The core's accesses */
uint64_t model_load(const volatile void *p, size_t size, enum model_order order,
		    const struct model_site *site);
void model_store(volatile void *p, size_t size, uint64_t value, enum model_order order,
		 const struct model_site *site);
enum model_rmw { MODEL_CMPXCHG, MODEL_OR, MODEL_ANDNOT, MODEL_ADD, MODEL_XCHG };
uint64_t model_rmw(volatile void *p, size_t size, enum model_rmw how, uint64_t operand,
		   uint64_t old, const struct model_site *site);
void model_fence(const struct model_site *site);
void model_lock(struct model_lock *lock, const struct model_site *site);
bool model_trylock(struct model_lock *lock, const struct model_site *site);
void model_unlock(struct model_lock *lock, const struct model_site *site);

/* A plain access, for the tests' own */
void model_plain(const volatile void *p, size_t size, bool write, const struct model_site *site);

#define model_read(p)		({ model_plain(&(p), sizeof(p), false, MODEL_SITE(#p)); (p); })
#define model_write(p, v)	do { model_plain(&(p), sizeof(p), true, MODEL_SITE(#p)); (p) = (v); } while (0)

/*
 * A box of one word between CPUs, release to acquire: give() into an empty one;
 * take() waits until it is full and empties it.  0 is empty.
 */
void model_give(uint64_t *box, uint64_t value);
uint64_t model_take(uint64_t *box);

#endif /* MODEL_H */
