/* SPDX-License-Identifier: GPL-2.0-only */
/* The tests that main.c runs, and the steps that files of cases share */
#ifndef MODEL_CASES_H
#define MODEL_CASES_H

#include "client.h"

extern const struct model_test model_litmus[], model_free[], model_hand[], model_stock[],
	model_apart[];
extern const unsigned int model_litmus_count, model_free_count, model_hand_count,
	model_stock_count, model_apart_count;

#define P(n)	(client.page[n])

/* A case is explored up to cost 2, in the long run 3, if it does not say otherwise */
#define CASE(name_, setup_, ...)						\
	{ .name = name_, .setup = setup_, .begin = client_begin, .end = client_end,	\
	  .bound = 2, .full = 3, __VA_ARGS__ }

void turn_setup(void);
void turn_owner(void);
void turn_other(void);
void twice_owner(void);
void twice_first(void);
void twice_second(void);
void row_setup(void);
void drain_third(void);

#endif /* MODEL_CASES_H */
