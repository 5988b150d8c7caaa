/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A benchmark that is read like a file, so that its rows come while it runs
 *
 * Lines of words with tabs between them; the first word says what it is:
 *   row pattern allocator entry policy watched context bulk samples average p50 p99 p999 max
 *     (per page, in instructions), then NAME=VALUE that belong to it
 *   progress done of what
 *   error words			the figures are wrong or not whole
 */
#ifndef BENCH_SOURCE_H
#define BENCH_SOURCE_H

#include <linux/types.h>

#include "hist.h"

struct device;
struct seq_buf;

struct bench_source {
	void *(*open)(void);				/* or an ERR_PTR */
	bool (*next)(void *state, struct seq_buf *text);	/* false: that was all */
	void (*close)(void *state);
};

extern const struct bench_source bench_cases;
extern const struct bench_source bench_interrupts;
extern const struct bench_source bench_isolations;
extern const struct bench_source bench_remote;

extern unsigned int bench_samples;
extern unsigned int bench_other_samples;

struct bench_label {
	const char *pattern, *allocator, *entry, *policy, *watched, *context;
	unsigned int bulk;
	const char *more;		/* tab NAME=VALUE ..., or NULL */
};

/* @hundredths: of the average per page, or 0 to take it from the distribution */
void bench_row(struct seq_buf *text, const struct bench_label *label,
	       const struct bench_hist *hist, u64 hundredths);

int bench_interrupts_register(void);
void bench_interrupts_unregister(void);
struct device *bench_edu_device(void);	/* NULL: there is none */

#endif /* BENCH_SOURCE_H */
