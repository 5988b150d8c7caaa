// SPDX-License-Identifier: GPL-2.0-only
/* Hand-overs, and NMIs, which meet all else; cases_free.c has the manner */
#include "cases.h"

/* Two say that the device has done, and the page is the device's again meanwhile */
static void back_setup(void)
{
	client_pool_of(2, 8, 1);
	client_take(0, 0, 5);
	client_free(P(1));
	client_free(P(2));
	client_free(P(3));
	model_check(!client_pass(P(0), LABYRINTH_OWNER_CPU, LABYRINTH_OWNER_DEVICE));
	client_drain();
	client_ready();
}

static void back_again(void)
{
	u32 i;

	P(9).v = !client_pass(P(0), LABYRINTH_OWNER_DEVICE, LABYRINTH_OWNER_CPU);
	if (!P(9).v)
		return;
	client_free(P(0));
	client_drain();
	for (i = 0; i < 7 && !P(5).v; i++) {
		P(6) = client_alloc();
		if (labyrinth_page_slot(P(6)) == labyrinth_page_slot(P(0)))
			P(5) = P(6);
	}
	model_check(P(5).v);
	model_check(!client_pass(P(5), LABYRINTH_OWNER_CPU, LABYRINTH_OWNER_DEVICE));
}

static void back_twice(void)
{
	P(8).v = !client_pass(P(0), LABYRINTH_OWNER_DEVICE, LABYRINTH_OWNER_CPU);
}

static void back_end(void)
{
	model_check(P(8).v + P(9).v == 1);
	if (P(9).v) {
		model_check(client_free_unsure(P(5)) == -EBUSY);
		model_check(!client_pass(P(5), LABYRINTH_OWNER_DEVICE, LABYRINTH_OWNER_CPU));
	}
	client_end();
}

/* DEVICE and back on another CPU */
static void device_setup(void)
{
	client_pool_of(2, 8, 1);
	client_take(0, 0, 2);
	client_ready();
}

static void device_from(void)
{
	model_check(!client_pass(P(0), LABYRINTH_OWNER_CPU, LABYRINTH_OWNER_DEVICE));
	model_give(&box[0], 1);
	client_free(P(1));
	client_alloc();
	client_alloc();
}

static void device_to(void)
{
	model_take(&box[0]);
	model_check(client_free_unsure(P(0)) == -EBUSY);
	model_check(!client_pass(P(0), LABYRINTH_OWNER_DEVICE, LABYRINTH_OWNER_CPU));
	client_free(P(0));
	client_drain();
}

/* A hand-over against the free of the same page: a client's mistake */
static void race_setup(void)
{
	client_pool_of(3, 4, 1);
	client_take(0, 0, 4);
	client_ready();
}

static void race_other_setup(void)
{
	client_pool_of(3, 4, 1);
	client_take(1, 0, 4);
	client_ready();
}

static void race_pass(void)
{
	model_take(&box[0]);
	P(8).v = !client_pass(P(1), LABYRINTH_OWNER_CPU, LABYRINTH_OWNER_DEVICE);
}

static void race_free(void)
{
	client_let_go(P(1));
	model_give(&box[0], 1);
	P(9).v = !client_free_unsure(P(1));
	client_drain();
}

static void race_alloc(void)
{
	client_alloc();
	client_alloc();
}

/* The page is free already when its owner hands it over, and the block's next issue comes */
static void race_late_setup(void)
{
	client_pool_of(2, 4, 1);
	client_take(1, 0, 4);
	client_free(P(0));
	client_free(P(2));
	client_free(P(3));
	client_ready();
}

static void race_late_pass(void)
{
	race_pass();
	client_alloc();
	client_alloc();
}

static void race_end(void)
{
	/* one wins; if both do the page is kept back */
	model_check(P(8).v || P(9).v);
	if (!P(9).v)
		client.out[labyrinth_page_slot(P(1))] = P(1).v;
	client_end_lost(P(8).v && P(9).v);
}

/* Two hand-overs at once */
static void two_pass_device(void)
{
	P(8).v = !client_pass(P(1), LABYRINTH_OWNER_CPU, LABYRINTH_OWNER_DEVICE);
}

static void two_pass_user(void)
{
	P(9).v = !client_pass(P(1), LABYRINTH_OWNER_CPU, LABYRINTH_OWNER_USER);
}

static void two_pass_end(void)
{
	model_check(P(8).v + P(9).v == 1);
	client_end();
}

/* The user's page, freed by two at once */
static void user_setup(void)
{
	client_pool_of(3, 4, 1);
	client_take(0, 0, 4);
	model_check(!client_pass(P(1), LABYRINTH_OWNER_CPU, LABYRINTH_OWNER_USER));
	client_ready();
}

static void user_end(void)
{
	client_settle();
	/* where nobody can say who was first the page may be kept back */
	model_check(client_kept_back() <= 1);
	client_end_lost(client_kept_back());
}

/* The owner hands over what another CPU would free inline */
static void row_pass(void)
{
	model_check(!client_pass(P(6), LABYRINTH_OWNER_CPU, LABYRINTH_OWNER_DEVICE));
	model_give(&box[0], 1);
	model_take(&box[1]);
	model_check(!client_pass(P(6), LABYRINTH_OWNER_DEVICE, LABYRINTH_OWNER_CPU));
	model_give(&box[0], 1);
}

static void row_passed(void)
{
	client_free(P(4));
	client_free(P(5));
	model_take(&box[0]);
	model_check(client_free_unsure(P(6)) == -EBUSY);
	model_give(&box[1], 1);
	model_take(&box[0]);
	client_free(P(6));
	client_drain();
}

/* An NMI takes a page, whatever it interrupts */
static void nmi_setup(void)
{
	client_pool_of(2, 12, 1);
	client_take(0, 0, 3);
	client_ready();
}

static void nmi_owner(void)
{
	client_alloc();
	client_free(P(0));
	client_alloc();
	client_drain();
}

static void nmi_other(void)
{
	client_free(P(1));
	client_free(P(2));
	client_alloc();
}

static void nmi_pop(void)
{
	client_alloc_nmi();
}

static void nmi_remote_setup(void)
{
	client_pool_of(2, 8, 0);
	client_take(1, 0, 4);
	client_ready();
}

static void nmi_remote_owner(void)
{
	client_free(P(0));
	client_free(P(1));
	client_alloc();
}

static void nmi_remote_other(void)
{
	client_free(P(2));
	client_alloc();
}

/* The last of a row is handed over before its free, another after it */
static void row_device(void)
{
	client_free(P(4));
	client_free(P(5));
	client_free(P(6));
	model_check(client_pass(P(6), LABYRINTH_OWNER_CPU, LABYRINTH_OWNER_DEVICE) == -ESTALE);
	model_check(!client_pass(P(7), LABYRINTH_OWNER_CPU, LABYRINTH_OWNER_DEVICE));
	model_check(client_free_unsure(P(7)) == -EBUSY);
	model_check(!client_pass(P(7), LABYRINTH_OWNER_DEVICE, LABYRINTH_OWNER_CPU));
	client_free(P(7));
	client_drain();
}

static void row_device_owner(void)
{
	client_free(P(0));
	client_alloc();
	client_alloc();
}

const struct model_test model_hand[] = {
	CASE("back from the device twice", back_setup, .cpu = { back_again, back_twice },
	     .end = back_end, .bound = 3, .full = 4),
	CASE("device and back", device_setup, .cpu = { device_from, device_to }, .bound = 3, .full = 5),
	CASE("hand-over against free on the owner", race_setup,
	     .cpu = { race_free, race_pass, race_alloc }, .end = race_end),
	CASE("hand-over against free elsewhere", race_other_setup,
	     .cpu = { race_free, race_pass, race_alloc }, .end = race_end),
	CASE("hand-over after the free, then the next issue", race_late_setup,
	     .cpu = { race_free, race_late_pass }, .end = race_end, .bound = 3, .full = 5),
	CASE("two hand-overs", race_setup, .cpu = { two_pass_device, two_pass_user },
	     .end = two_pass_end, .bound = 4, .full = 6),
	CASE("the user's page, freed twice", user_setup,
	     .cpu = { twice_owner, twice_first, twice_second }, .end = user_end),
	CASE("NMI in alloc, free and drain", nmi_setup, .cpu = { nmi_owner, nmi_other },
	     .nmi = nmi_pop),
	CASE("NMI in remote free", nmi_remote_setup, .cpu = { nmi_remote_owner, nmi_remote_other },
	     .nmi = nmi_pop),
	CASE("frees in a row, another's hand-over", row_setup, .cpu = { row_pass, row_passed },
	     .bound = 3, .full = 5),
	CASE("frees in a row, hand-overs", row_setup, .cpu = { row_device_owner, row_device }, .bound = 3, .full = 5),
};

const unsigned int model_hand_count = sizeof(model_hand) / sizeof(model_hand[0]);
