/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The firmware's side of <labyrinth_link.h>: the core serves a device that is
 * another process.  Calls are served in the doorbell's handler, so that a page
 * is taken, filled and given back in interrupt context, and exclusively.
 */
#ifndef LINK_H
#define LINK_H

/* After kernel_init(); from here on the pool's pages are the core's. */
void link_start(void);
/* The tasks run. */
void link_beat(void);

#endif /* LINK_H */
