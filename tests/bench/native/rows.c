/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rows.h"

static char common[1024];

void row_common(const char *members)
{
	snprintf(common, sizeof(common), "%s", members);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The smallest sample that no less than this share are not above */
static double quantile(const double *sorted, unsigned int count, double share)
{
	unsigned int i = share * count;

	return sorted[i < count ? i : count - 1];
}

double median(double *sample, unsigned int count)
{
	qsort(sample, count, sizeof(*sample), compare);
	return quantile(sample, count, 0.5);
}

void row_print(const struct row *row, double *sample, unsigned int count)
{
	double middle = median(sample, count);

	printf("{\"suite\":\"native\",\"pattern\":\"%s\",\"allocator\":\"%s\",\"context\":\"user\","
	       "\"unit\":\"%s\",\"value\":%.3f,\"p50\":%.3f,\"p99\":%.3f,\"p999\":%.3f,\"max\":%.3f,"
	       "\"params\":{%s%s}}\n",
	       row->pattern, row->allocator, row->unit, middle, middle,
	       quantile(sample, count, 0.99), quantile(sample, count, 0.999), sample[count - 1],
	       common, row->params);
	fflush(stdout);
}

void cpu_model(char *text, unsigned int size)
{
	FILE *info = fopen("/proc/cpuinfo", "r");
	char line[256];

	snprintf(text, size, "unknown");
	while (info && fgets(line, sizeof(line), info)) {
		char *value = strchr(line, ':');

		if (strncmp(line, "model name", 10) || !value)
			continue;
		value[strcspn(value, "\n\"\\")] = 0;
		snprintf(text, size, "%s", value + strspn(value, ": "));
		break;
	}
	if (info)
		fclose(info);
}
