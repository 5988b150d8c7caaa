/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One JSON object per row on standard output, in the form of docs/results.md
 */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

struct row {
	const char *pattern;
	const char *allocator;
	const char *unit;
	const char *params;	/* JSON members, each with a comma before it */
};

/* JSON members that all rows carry: machine, kernel, compiler, flags */
void row_common(const char *members);

/* Sorts the samples; the value is their median */
void row_print(const struct row *row, double *sample, unsigned int count);

double median(double *sample, unsigned int count);

/* The first "model name" of /proc/cpuinfo, without what JSON would have to escape */
void cpu_model(char *text, unsigned int size);

#endif /* BENCH_ROWS_H */
