/* SPDX-License-Identifier: GPL-2.0-only */
/* Who keeps a client's pages after the client, its device and its pool have gone */
#ifndef POOL_KEEPER_H
#define POOL_KEEPER_H

#include <linux/labyrinth_pool.h>

#define KEEPER_PAGES	24

/* Each page is full of this, from its number on */
#define KEEPER_BYTE(i)	(0x40 + (i))

/* From here on the pages are the keeper's, to free when it goes; some are the device's */
void pool_keep(struct labyrinth *maze, const labyrinth_page_t *pages, unsigned int count);

/* What the client's labyrinth_destroy() said */
void pool_keep_destroyed(int err);

#endif /* POOL_KEEPER_H */
