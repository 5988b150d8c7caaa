/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tests' clients: the pool's calls, and what must hold after each
 *
 * The oracle keeps its notes outside the model's memory, in the order of the
 * execution: which page is out under which handle, and every handle that ever was.
 * A page's contents are one plain word, which its holder writes when it gets the
 * page and before it frees it: if two holders are not ordered, that is a data race.
 */
#ifndef MODEL_CLIENT_H
#define MODEL_CLIENT_H

#include "core.h"

struct labyrinth {
	struct lab_core core;
};

#define CLIENT_SLOTS	128
#define CLIENT_HANDLES	128

/* What the oracle knows; begins each execution as setup() left it */
struct client_notes {
	u64 out[CLIENT_SLOTS];		/* the handle, 0: not with a client */
	u64 handles[CLIENT_HANDLES];	/* all that were issued */
	u32 issued;
	u32 failed;			/* allocations without a page */
	u32 accepted;			/* frees that returned 0 */
	u32 refused;			/* calls that did not */
	u32 late;			/* bad frees found late */
	u32 kicks;
	uint64_t *worker;		/* box that a kick is given to, if not NULL */
	labyrinth_page_t page[16];	/* for the test's own use */
};

extern struct client_notes client;
extern struct labyrinth *maze;
extern uint64_t *box;			/* [8] between CPUs */

/* A pool of blocks of 4 pages; begin() and end() for struct model_test */
struct client_shape {
	u32 cpus;
	u32 pages;	/* made */
	u32 slots;	/* 0: as many */
	u32 held_max;
	u32 low;	/* mark; as many as slots are high */
	bool whole;	/* blocks are contiguous */
	bool no_fronts;
};

void client_pool(const struct client_shape *shape);
void client_pool_of(u32 cpus, u32 pages, u32 held_max);
void client_take(u32 cpu, u32 first, u32 count);	/* into client.page */
void client_ready(void);	/* the end of setup() */
void client_begin(void);

/* The pool's calls: each checks what it can, and fails the execution */
labyrinth_page_t client_alloc(void);
labyrinth_page_t client_alloc_nmi(void);
void client_free(labyrinth_page_t page);
int client_free_unsure(labyrinth_page_t page);	/* may be refused; no holder's */
void client_let_go(labyrinth_page_t page);	/* the holder's last use before such frees */
int client_pass(labyrinth_page_t page, enum labyrinth_owner from, enum labyrinth_owner to);
void client_drain(void);

/* For end(): drains all, compares the stats, allocates all that must be free */
void client_settle(void);
void client_end(void);
void client_end_lost(u32 lost);	/* as many are quarantined by now or when they are to be issued */
u32 client_out(void);
u32 client_kept_back(void);

#endif /* MODEL_CLIENT_H */
