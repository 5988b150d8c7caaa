/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the checker's own files */
#ifndef MODEL_INNER_H
#define MODEL_INNER_H

#include "model.h"

#define MODEL_ARENA	(256 * 1024)
#define MODEL_LOCATIONS	512
#define MODEL_VALUES	200		/* of one location in one execution */

/* What a CPU, or the reader of a value, knows */
struct view {
	uint16_t clock[MODEL_CPUS];		/* events of each CPU that came before */
	uint8_t oldest[MODEL_LOCATIONS];	/* first value that may be read */
};

/* memory.c */
extern unsigned char model_arena[MODEL_ARENA];
extern bool model_quiet;	/* setup or end: accesses go straight to memory */

void memory_snapshot(void);
void memory_begin(void);
void memory_forget(void);
bool memory_shared_grew(void);
bool memory_in_arena(const volatile void *p);
void memory_lock_taken(struct model_lock *lock);
void memory_lock_left(struct model_lock *lock);
bool memory_is_shared(const volatile void *p, bool write);
void memory_plain(const volatile void *p, size_t size, bool write, const struct model_site *site);

/* schedule.c */
unsigned int model_decide(unsigned int options, unsigned int cost);
void model_point(const volatile void *p, bool write, const struct model_site *site);
void model_interrupt(void);
void model_trace(const struct model_site *site, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
bool model_tracing(void);
void model_wait(bool (*ready)(void *arg), void *arg);

#endif /* MODEL_INNER_H */
