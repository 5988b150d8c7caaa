// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything at once: threads that bind, read, stop and close at random, while
 * the device is reset, its driver unbound and bound again.  Nobody hangs, nobody
 * sees a wrong byte, and at the end every page is back.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lab.h"

#define WORKERS	6
#define SECONDS	4

FIXTURE(storm) {
	char pci[32];
};

FIXTURE_VARIANT(storm) {
	bool reset;		/* ioctl and function-level */
	bool unbind;
};

FIXTURE_VARIANT_ADD(storm, files) { .reset = false };
FIXTURE_VARIANT_ADD(storm, resets) { .reset = true };
FIXTURE_VARIANT_ADD(storm, unbinds) { .unbind = true };
FIXTURE_VARIANT_ADD(storm, all) { .reset = true, .unbind = true };

FIXTURE_SETUP(storm)
{
	ASSERT_NE(NULL, lab_pci());
	strcpy(self->pci, lab_pci());
}

FIXTURE_TEARDOWN(storm)
{
	EXPECT_TRUE(lab_wait_device());
	EXPECT_TRUE(lab_pages_back());
}

struct worker {
	pthread_t thread;
	struct lab_rx rx;
	unsigned int seed;
	const atomic_bool *end;
	uint64_t pages;
	uint64_t wrong;		/* pages */
	atomic_bool *some;	/* anybody got a page */
	int bad;		/* an errno that nobody may get */
};

/* What a file may be told while all this goes on */
static bool fair(int err)
{
	switch (-err) {
	case 0:
	case EBUSY:		/* another worker has the queue */
	case ENODEV:
	case ENOENT:		/* the device node is not there */
	case ENXIO:
	case ECONNRESET:
	case EAGAIN:		/* a reset is under way, or nothing to read yet */
	case EINVAL:		/* STOP or START at the wrong moment */
		return true;
	default:
		return false;
	}
}

static int dice(struct worker *w, int sides)
{
	return rand_r(&w->seed) % sides;
}

static int one_life(struct worker *w)
{
	struct labyrinth_bind bind = lab_generator(dice(w, LAB_QUEUES + 1) - 1, dice(w, 2), 0);
	struct pollfd in = { .events = POLLIN };
	int err, steps = 1 + dice(w, 20);

	bind.gen_seed = w->seed;
	bind.depth = 2 << dice(w, 9);
	bind.gen_count = dice(w, 2) ? 1 + dice(w, 500) : 0;
	bind.flags = dice(w, 4) ? 0 : LABYRINTH_BIND_HOLD;
	err = lab_bind(&w->rx, &bind);
	if (err)
		return err;
	fcntl(w->rx.fd, F_SETFL, O_NONBLOCK);
	in.fd = w->rx.fd;
	while (steps-- && !err) {
		ssize_t n;

		switch (dice(w, 8)) {
		case 0:
			err = labyrinth_io_stop(w->rx.fd);
			break;
		case 1:
			err = labyrinth_io_start(w->rx.fd);
			break;
		default:
			poll(&in, 1, 5);
			n = lab_read(&w->rx, 8192 << dice(w, 5));
			err = n < 0 ? n : 0;
		}
		if (err == -EAGAIN || err == -EINVAL)
			err = 0;
	}
	w->pages += w->rx.pages;
	if (w->rx.pages)
		atomic_store(w->some, true);
	w->wrong += w->rx.crc_errors + w->rx.seq_errors + w->rx.data_errors;
	lab_close(&w->rx);
	return err;
}

static void *live(void *arg)
{
	struct worker *w = arg;

	while (!atomic_load(w->end)) {
		int err = one_life(w);

		if (!fair(err))
			w->bad = err;
		if (err)
			usleep(1000);
	}
	return NULL;
}

static void disturb(struct __test_metadata *_metadata, const char *pci, bool reset, bool unbind)
{
	uint64_t begin = lab_ms();
	int fd;

	if (reset && (!unbind || rand() % 2)) {
		fd = labyrinth_io_open(LAB_DEV, 0);
		EXPECT_GE(fd, 0);
		EXPECT_EQ(0, rand() % 2 ? labyrinth_io_reset(fd) : lab_reset_function(pci));
		close(fd);
	} else if (unbind) {
		EXPECT_EQ(0, lab_unbind(pci));
		EXPECT_EQ(0, lab_rebind(pci));
		EXPECT_TRUE(lab_wait_device());
	}
	EXPECT_LT(lab_ms() - begin, lab_patience(5000));
}

TEST_F_TIMEOUT(storm, nobody_hangs_and_nothing_is_wrong, 120)
{
	static struct worker worker[WORKERS];
	uint64_t begin = lab_ms(), pages = 0;
	atomic_bool end = false, some = false;
	int i;

	srand(11);
	for (i = 0; i < WORKERS; i++) {
		worker[i].seed = 1000 + i;
		worker[i].end = &end;
		worker[i].some = &some;
		ASSERT_EQ(0, pthread_create(&worker[i].thread, NULL, live, &worker[i]));
	}
	while (lab_ms() - begin < (atomic_load(&some) ? SECONDS * 1000 : LAB_WAIT_MS)) {
		usleep(100000);
		disturb(_metadata, self->pci, variant->reset, variant->unbind);
	}
	atomic_store(&end, true);
	for (i = 0; i < WORKERS; i++) {
		pthread_join(worker[i].thread, NULL);
		EXPECT_EQ(0, worker[i].wrong);
		EXPECT_EQ(0, worker[i].bad);
		pages += worker[i].pages;
	}
	EXPECT_GT(pages, 0);
}

TEST_HARNESS_MAIN
