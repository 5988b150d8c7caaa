/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kinds of rounds share: see rounds.c
 */
#ifndef ROUNDS_H
#define ROUNDS_H

#include <stdbool.h>
#include <stdint.h>

#include "lab.h"

struct round {
	struct lab_rx *rx;
	struct lab_load load[LAB_QUEUES];
	char pci[32];
	uint32_t seed;		/* of this round's choices */
	uint64_t down_us;	/* until the device, or what was asked for, was gone */
	uint64_t up_us;		/* until it could be opened again */
	uint64_t waited_us;	/* of down_us: for the slot's button */
	char why[160];		/* what went wrong */
};

/* One kind: takes the device away under load and brings it back; false, with why[], if not. */
struct kind {
	const char *name;
	const char *what;
	bool (*run)(struct round *r);
};

extern const struct kind kind_unbind, kind_module, kind_flr, kind_hotplug;

bool failed(struct round *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
uint64_t now_us(void);
uint32_t chance(uint32_t *seed, uint32_t below);

/* Endless generators on all queues, each of which has been read from, and then a moment. */
bool begin_load(struct round *r);
/* Every reader ends with @err; its files stay open. */
bool end_load(struct round *r, int err);

/* The launcher's port: a request, and the next of its answers, which is to be @word within @ms */
bool host_there(void);
bool host_ask(const char *request);
bool host_hear(const char *word, int ms);

#endif /* ROUNDS_H */
