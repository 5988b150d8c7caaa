/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fuzzer of the user API: programs of calls, and what the parts share
 *
 * Contract: a program's calls depend on the seed, the thread's number and the program's
 * number alone, never on what a call returned, unless coverage guides the choice.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lab.h"

#define THREADS		4
#define PROGRAM_CALLS	16
#define OWN_FILES	4	/* of a thread; as many are shared by all threads */
#define FILES		(2 * OWN_FILES)

/* All that a call is made of: numbers, which its kind reads as it likes */
struct call {
	uint8_t kind;
	uint8_t file;
	uint8_t other;
	uint8_t where;		/* which pointer */
	uint32_t size;
	uint64_t a;
	uint64_t b;
};

struct program {
	struct call calls[PROGRAM_CALLS];
};

struct arena {
	char *good;		/* ARENA_GOOD bytes, then nothing */
	char *sealed;		/* a page that may only be read */
	char *none;		/* a page that may not be touched */
	char *cut;		/* a page of a file that has been cut off: SIGBUS, or EFAULT */
};

#define ARENA_GOOD	(1 << 18)

struct worker {
	unsigned int number;
	uint64_t random;
	struct arena arena;
	int own[OWN_FILES];
	int socket[2];
	int pipe[2];
	int cover;		/* of the kernel; -1: none */
	uint64_t *pcs;
	uint64_t calls;
};

/* What a kind of call does; its result is that of the system call, or a negative errno. */
struct kind {
	const char *name;
	unsigned int weight;	/* how often, compared with the others */
	bool alone;		/* only in the first thread's programs */
	bool refused;		/* by this device, always */
	long (*make)(struct worker *w, const struct call *c);
};

extern const struct kind ioctl_kinds[], file_kinds[], memory_kinds[], system_kinds[];

/* --- chance.c: a generator, and values that are worth a try -------------------------- */

uint64_t next_random(uint64_t *state);
uint64_t interesting(uint64_t random);
uint64_t seeded(uint64_t seed, unsigned int thread, uint64_t program);

/* --- arena.c ------------------------------------------------------------------------- */

bool make_arena(struct arena *arena);
/* An address for @size bytes of data; *@filled tells whether something can be written there. */
void *pick_address(const struct arena *arena, const struct call *c, size_t size, bool *fillable);

/* --- files.c: descriptors by number, some a thread's own, some everybody's ----------- */

int get_file(const struct worker *w, unsigned int slot);
/* Puts a descriptor into a slot, and closes the one that was there. */
void put_file(struct worker *w, unsigned int slot, int fd);
void close_all(struct worker *w);

/* --- programs.c ---------------------------------------------------------------------- */

unsigned int kinds_count(void);
const struct kind *kind_of(unsigned int number);
void make_program(struct program *p, unsigned int thread, uint64_t random);
void change_program(struct program *p, unsigned int thread, uint64_t *random);

/* --- cover.c: the kernel's coverage, where it has KCOV ------------------------------- */

void open_cover(struct worker *w);
void begin_cover(struct worker *w);
/* Whether the calls since then came to code that nobody had come to. */
bool end_cover(struct worker *w);
void keep_program(const struct program *p);
bool kept_program(struct program *p, uint64_t random);
unsigned int pcs_seen(void);
unsigned int programs_kept(void);

/* --- system.c ------------------------------------------------------------------------ */

/* Finds the files of sysfs and debugfs, and notes what the parameters are; how many there are. */
unsigned int find_files(void);
/* Puts the parameters back, and takes away faults that a write began. */
void restore_files(void);
extern unsigned int resets_made, binds_made;

#endif /* FUZZ_H */
