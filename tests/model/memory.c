// SPDX-License-Identifier: GPL-2.0-only
/* The checker's weak memory and its race detector; model.h has the model */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inner.h"

#define VALUES_IN_ALL	8192

struct value {
	uint64_t value;
	struct view left;	/* what an acquiring reader gets to know */
};

/* An atomic location; its number is the same in each execution */
struct location {
	unsigned int run;	/* the execution that the rest is of */
	uint8_t size;
	uint16_t count;
	uint16_t values[MODEL_VALUES];
	/* over all executions */
	uint8_t cpus;
	bool written;
	bool shared;
};

/* What races are found with: last access of each kind by each CPU, as its clock */
struct cell {
	unsigned int run;
	uint16_t plain_write[MODEL_CPUS];
	uint16_t plain_read[MODEL_CPUS];
	uint16_t write[MODEL_CPUS];
	uint16_t read[MODEL_CPUS];
	const struct model_site *last_write;
	const struct model_site *last_read;
};

#define CELL		4	/* bytes; narrower plain accesses have cells of their own */

unsigned char model_arena[MODEL_ARENA] __attribute__((aligned(64)));
bool model_quiet = true;

static unsigned char snapshot[MODEL_ARENA];
static size_t used;
static unsigned int run;
static bool grew;

static uint16_t number[MODEL_ARENA];	/* of the location at this address, plus 1 */
static struct location locations[MODEL_LOCATIONS];
static unsigned int known;
static struct value values[VALUES_IN_ALL];
static unsigned int values_used;
static struct cell cells[MODEL_ARENA / CELL];
static struct cell narrow[MODEL_ARENA];
static struct view now[MODEL_CPUS];
static struct view fence_view;
static struct view lock_view[MODEL_LOCATIONS];

void *model_new(size_t size)
{
	void *p = model_arena + used;

	used += (size + 63) & ~(size_t)63;
	if (used > MODEL_ARENA) {
		fprintf(stderr, "model: no room for %zu bytes: raise MODEL_ARENA\n", size);
		exit(2);
	}
	return memset(p, 0, size);
}

void memory_snapshot(void)
{
	memcpy(snapshot, model_arena, used);
}

/* A new test: no memory, no locations */
void memory_forget(void)
{
	memset(model_arena, 0, used);
	memset(number, 0, sizeof(number));
	memset(locations, 0, sizeof(locations[0]) * known);
	used = 0;
	known = 0;
	grew = false;
}

/* A new execution of the test */
void memory_begin(void)
{
	unsigned int i;

	memcpy(model_arena, snapshot, used);
	run++;
	values_used = 0;
	memset(now, 0, sizeof(now));
	memset(&fence_view, 0, sizeof(fence_view));
	for (i = 0; i < MODEL_CPUS; i++)
		now[i].clock[i] = 1;
}

/* Since the last question: did a location turn out to be shared? */
bool memory_shared_grew(void)
{
	bool did = grew;

	grew = false;
	return did;
}

bool memory_in_arena(const volatile void *p)
{
	return (uintptr_t)p - (uintptr_t)model_arena < used;
}

static size_t offset_of(const volatile void *p)
{
	return (uintptr_t)p - (uintptr_t)model_arena;
}

static void join(struct view *into, const struct view *from)
{
	unsigned int i;

	for (i = 0; i < MODEL_CPUS; i++)
		if (into->clock[i] < from->clock[i])
			into->clock[i] = from->clock[i];
	for (i = 0; i < known; i++)
		if (into->oldest[i] < from->oldest[i])
			into->oldest[i] = from->oldest[i];
}

static void copy(struct view *into, const struct view *from)
{
	*into = *from;
}

static void clear(struct view *view)
{
	memset(view, 0, sizeof(*view));
}

static uint64_t raw_read(const volatile void *p, size_t size)
{
	switch (size) {
	case 1:
		return *(const volatile uint8_t *)p;
	case 2:
		return *(const volatile uint16_t *)p;
	case 4:
		return *(const volatile uint32_t *)p;
	default:
		return *(const volatile uint64_t *)p;
	}
}

static void raw_write(volatile void *p, size_t size, uint64_t value)
{
	switch (size) {
	case 1:
		*(volatile uint8_t *)p = value;
		break;
	case 2:
		*(volatile uint16_t *)p = value;
		break;
	case 4:
		*(volatile uint32_t *)p = value;
		break;
	default:
		*(volatile uint64_t *)p = value;
		break;
	}
}

static unsigned int locate(const volatile void *p)
{
	size_t offset = offset_of(p);
	uint16_t *slot;

	if (!memory_in_arena(p)) {
		fprintf(stderr, "model: shared access at %p, which is no memory of model_new()\n", p);
		exit(2);
	}
	slot = &number[offset];
	if (!*slot) {
		if (known == MODEL_LOCATIONS) {
			fprintf(stderr, "model: raise MODEL_LOCATIONS\n");
			exit(2);
		}
		*slot = ++known;
	}
	return *slot - 1;
}

static struct value *value_new(struct location *loc, uint64_t value)
{
	struct value *v;

	if (values_used == VALUES_IN_ALL || loc->count == MODEL_VALUES)
		model_fail("too many stores for the model");
	v = &values[values_used];
	v->value = value;
	loc->values[loc->count++] = values_used++;
	return v;
}

/* The location in this execution; a plain store since the last look is its newest value */
static struct location *fresh(const volatile void *p, size_t size)
{
	struct location *loc = &locations[locate(p)];
	struct value *last;

	if (loc->run != run) {
		loc->run = run;
		loc->size = size;
		loc->count = 0;
		clear(&value_new(loc, raw_read(p, size))->left);
	}
	if (loc->size != size)
		model_fail("accesses of %u and %zu bytes to one location", loc->size, size);
	last = &values[loc->values[loc->count - 1]];
	last->value = raw_read(p, size);
	return loc;
}

/*
 * Is anything of the location's any other CPU's business?  Notes that this CPU
 * comes here.  Where the answer is no, a switch of CPUs would change nothing.
 */
bool memory_is_shared(const volatile void *p, bool write)
{
	struct location *loc = &locations[locate(p)];

	loc->cpus |= 1u << model_cpu();
	loc->written |= write;
	if (!loc->shared && loc->written && loc->cpus & (loc->cpus - 1)) {
		loc->shared = true;
		grew = true;
	}
	return loc->shared;
}

static struct cell *cell_fresh(struct cell *cell)
{
	if (cell->run != run) {
		memset(cell, 0, sizeof(*cell));
		cell->run = run;
	}
	return cell;
}

static void race_if(const uint16_t *clock, const struct model_site *site, const char *kind,
		    const struct model_site *before, const char *kind_before)
{
	unsigned int me = model_cpu(), i;

	for (i = 0; i < MODEL_CPUS; i++) {
		if (i == me || clock[i] <= now[me].clock[i])
			continue;
		model_fail("data race: %s of %s (%s, line %d) by CPU %u, not ordered after %s (%s, line %d) by CPU %u",
			   kind, site->what, site->func, site->line, me, kind_before,
			   before ? before->func : "?", before ? before->line : 0, i);
	}
}

static void race_check(struct cell *cell, bool plain, bool write, const struct model_site *site)
{
	const char *kind = write ? "store" : "load";
	unsigned int me = model_cpu();

	race_if(cell->plain_write, site, kind, cell->last_write, "the store");
	if (write)
		race_if(cell->plain_read, site, kind, cell->last_read, "the load");
	if (plain) {
		race_if(cell->write, site, kind, cell->last_write, "the store");
		if (write)
			race_if(cell->read, site, kind, cell->last_read, "the load");
	}
	if (plain)
		(write ? cell->plain_write : cell->plain_read)[me] = now[me].clock[me];
	else
		(write ? cell->write : cell->read)[me] = now[me].clock[me];
	if (write)
		cell->last_write = site;
	else
		cell->last_read = site;
}

static void race_note(const volatile void *p, size_t size, bool plain, bool write,
		      const struct model_site *site)
{
	size_t offset = offset_of(p), i;

	if (size < CELL) {
		for (i = 0; i < size; i++)
			race_check(cell_fresh(&narrow[offset + i]), plain, write, site);
		return;
	}
	for (i = 0; i < size; i += CELL)
		race_check(cell_fresh(&cells[(offset + i) / CELL]), plain, write, site);
}

/* plain.c calls this for each plain access of the core */
void memory_plain(const volatile void *p, size_t size, bool write, const struct model_site *site)
{
	if (model_quiet || !memory_in_arena(p))
		return;
	model_interrupt();
	race_note(p, size, true, write, site);
}

void model_plain(const volatile void *p, size_t size, bool write, const struct model_site *site)
{
	memory_plain(p, size, write, site);
	if (model_tracing())
		model_trace(site, "plain %s", write ? "write" : "read");
}

uint64_t model_load(const volatile void *p, size_t size, enum model_order order,
		    const struct model_site *site)
{
	struct location *loc;
	struct value *v;
	unsigned int id, back;

	if (model_quiet || !memory_in_arena(p))
		return raw_read(p, size);
	model_point(p, false, site);
	loc = fresh(p, size);
	id = loc - locations;
	race_note(p, size, false, false, site);
	/* a quiet end may have left values that this view forbids: none in an execution */
	back = model_decide(loc->count - now[model_cpu()].oldest[id], 1);
	v = &values[loc->values[loc->count - 1 - back]];
	now[model_cpu()].oldest[id] = loc->count - 1 - back;
	if (order == MODEL_ACQUIRE)
		join(&now[model_cpu()], &v->left);
	if (model_tracing())
		model_trace(site, "load%s %#llx%s", order == MODEL_ACQUIRE ? "_acquire" : "",
			    (unsigned long long)v->value, back ? " (an old value)" : "");
	return v->value;
}

/* The CPU's view goes with the value; what the CPU does from now on is not in it */
static void leave(struct view *left)
{
	unsigned int me = model_cpu();

	copy(left, &now[me]);
	now[me].clock[me]++;
}

static void append(struct location *loc, volatile void *p, uint64_t value, bool release)
{
	unsigned int id = loc - locations;
	struct value *v;

	now[model_cpu()].oldest[id] = loc->count;
	raw_write(p, loc->size, value);
	v = value_new(loc, raw_read(p, loc->size));
	if (release) {
		leave(&v->left);
	} else {
		clear(&v->left);
		v->left.oldest[id] = loc->count - 1;	/* a reader knows what it read */
	}
}

void model_store(volatile void *p, size_t size, uint64_t value, enum model_order order,
		 const struct model_site *site)
{
	if (model_quiet || !memory_in_arena(p)) {
		raw_write(p, size, value);
		return;
	}
	model_point(p, true, site);
	if (model_tracing())
		model_trace(site, "store%s %#llx", order == MODEL_RELEASE ? "_release" : "",
			    (unsigned long long)value);
	fresh(p, size);
	race_note(p, size, false, true, site);
	append(fresh(p, size), p, value, order == MODEL_RELEASE);
}

static uint64_t changed(enum model_rmw how, uint64_t was, uint64_t operand)
{
	switch (how) {
	case MODEL_OR:
		return was | operand;
	case MODEL_ANDNOT:
		return was & ~operand;
	case MODEL_ADD:
		return was + operand;
	default:
		return operand;
	}
}

uint64_t model_rmw(volatile void *p, size_t size, enum model_rmw how, uint64_t operand,
		   uint64_t old, const struct model_site *site)
{
	static const char *const names[] = { "cmpxchg", "or", "andnot", "add", "xchg" };
	bool hit;
	struct location *loc;
	struct value *v;
	uint64_t was;

	if (model_quiet || !memory_in_arena(p)) {
		was = raw_read(p, size);
		if (how != MODEL_CMPXCHG || was == old)
			raw_write(p, size, changed(how, was, operand));
		return was;
	}
	model_point(p, true, site);
	loc = fresh(p, size);
	v = &values[loc->values[loc->count - 1]];
	was = v->value;
	hit = how != MODEL_CMPXCHG || was == old;
	race_note(p, size, false, hit, site);
	now[model_cpu()].oldest[loc - locations] = loc->count - 1;
	join(&now[model_cpu()], &v->left);
	if (model_tracing())
		model_trace(site, "%s %#llx, found %#llx%s", names[how],
			    (unsigned long long)operand, (unsigned long long)was,
			    hit ? "" : ": lost");
	if (hit)
		append(loc, p, changed(how, was, operand), true);
	return was;
}

void model_fence(const struct model_site *site)
{
	if (model_quiet)
		return;
	model_trace(site, "fence");
	join(&now[model_cpu()], &fence_view);
	leave(&fence_view);
}

void memory_lock_taken(struct model_lock *lock)
{
	unsigned int id = locate(lock);

	if (locations[id].run == run)
		join(&now[model_cpu()], &lock_view[id]);
}

void memory_lock_left(struct model_lock *lock)
{
	unsigned int id = locate(lock);

	if (locations[id].run != run)
		clear(&lock_view[id]);
	locations[id].run = run;
	leave(&lock_view[id]);
}
