/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the probe share */
#ifndef COMPARE_PROBE_H
#define COMPARE_PROBE_H

#include <linux/dcache.h>

/* times.c: how long the driver's interrupt handlers and softirqs take */
int probe_times_start(struct dentry *folder);
void probe_times_stop(void);

/* hog.c: no free page in the system for a while */
void probe_hog_start(struct dentry *folder);
void probe_hog_stop(void);

#endif /* COMPARE_PROBE_H */
