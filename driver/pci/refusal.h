/* SPDX-License-Identifier: GPL-2.0-only */
/* labyrinth - what the driver can find wrong with what the device says */
#ifndef LABYRINTH_PCI_REFUSAL_H
#define LABYRINTH_PCI_REFUSAL_H

enum labyrinth_refusal {
	LABYRINTH_REFUSED_NOTHING,
	LABYRINTH_REFUSED_FLAGS,	/* unknown flag, or an event with a buffer */
	LABYRINTH_REFUSED_QUEUE,	/* another queue's number */
	LABYRINTH_REFUSED_STATUS,	/* unknown */
	LABYRINTH_REFUSED_COOKIE,	/* of no page that the device has */
	LABYRINTH_REFUSED_LENGTH,	/* more than a page */
	LABYRINTH_REFUSED_SEQ,		/* goes back */
	LABYRINTH_REFUSED_PAGE,		/* the pool does not agree that the device had it */
	LABYRINTH_REFUSED_TAG,		/* more requests than it can have */
};

#endif /* LABYRINTH_PCI_REFUSAL_H */
