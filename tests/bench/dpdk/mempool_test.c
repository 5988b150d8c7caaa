/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mempool driver "labyrinth" by the calls that rte_mempool's users make
 *
 * Contract: TAP.  Who gets an object marks it as held, and one that is held already is a failure; so is a
 * mark that is another's at the put.
 */
#include <pthread.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_ring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define SIZE		4096u
#define ELEMENT		200u
#define STEPS		20000u
#define KEPT		256u

struct mark {
	uint64_t holder;	/* 0: in the pool */
	uint64_t word;
};

static bool good;

#define CHECK(what)							\
	do {								\
		if (!(what)) {						\
			if (__atomic_exchange_n(&good, false, __ATOMIC_RELAXED)) \
				printf("# %s:%u: %s\n", __func__, __LINE__, #what); \
		}							\
	} while (0)

static void clear(struct rte_mempool *mp, void *unused, void *object, unsigned int i)
{
	(void)mp, (void)unused, (void)i;
	memset(object, 0, sizeof(struct mark));
}

static struct rte_mempool *make_empty(unsigned int size, unsigned int element, unsigned int cache)
{
	static unsigned int made;
	struct rte_mempool *mp;
	char name[RTE_MEMPOOL_NAMESIZE];

	snprintf(name, sizeof(name), "test%u", made++);
	mp = rte_mempool_create_empty(name, size, element, cache, 0, SOCKET_ID_ANY, 0);
	if (mp && !rte_mempool_set_ops_byname(mp, "labyrinth", NULL))
		return mp;
	printf("Bail out! no pool of %u: %s\n", size, rte_strerror(rte_errno));
	exit(1);
}

static struct rte_mempool *make(unsigned int size, unsigned int element, unsigned int cache)
{
	struct rte_mempool *mp = make_empty(size, element, cache);
	int made = rte_mempool_populate_default(mp);

	if (made != (int)size) {
		printf("Bail out! a pool of %u got %d objects\n", size, made);
		exit(1);
	}
	rte_mempool_obj_iter(mp, clear, NULL);
	return mp;
}

static void hold(void *object, uint64_t who)
{
	struct mark *mark = object;

	CHECK(!__atomic_exchange_n(&mark->holder, who, __ATOMIC_RELAXED));
	mark->word = who ^ (uintptr_t)mark;
}

static void let_go(void *object, uint64_t who)
{
	struct mark *mark = object;

	CHECK(mark->word == (who ^ (uintptr_t)mark));
	CHECK(__atomic_exchange_n(&mark->holder, 0, __ATOMIC_RELAXED) == who);
}

static uint64_t chance(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	return *state ^= *state << 17;
}

/* Every one of them, each once, one by one and by @bulk; then none */
static void take_and_give(struct rte_mempool *mp, unsigned int bulk)
{
	static void *object[SIZE];
	unsigned int n = 0, i, last = mp->size % bulk;

	while (n + bulk <= mp->size && !rte_mempool_get_bulk(mp, &object[n], bulk))
		n += bulk;
	while (last-- && !rte_mempool_get(mp, &object[n]))
		n++;
	CHECK(n == mp->size);
	CHECK(rte_mempool_avail_count(mp) == 0);
	CHECK(rte_mempool_get(mp, &object[0]) < 0);
	for (i = 0; i < n; i++)
		hold(object[i], 1);
	for (i = 0; i < n; i++)
		let_go(object[i], 1);
	for (i = 0; i + bulk <= n; i += bulk)
		rte_mempool_put_bulk(mp, &object[i], bulk);
	for (; i < n; i++)
		rte_mempool_put(mp, object[i]);
	CHECK(rte_mempool_avail_count(mp) == mp->size);
}

static void each_once(void)
{
	static const unsigned int bulk[] = { 1, 2, 7, 32, 33, 64, 65, 100, 512 };
	static const unsigned int size[] = { 1, 5, 63, 64, 65, 1000, SIZE };
	unsigned int i, k;

	for (k = 0; k < RTE_DIM(size); k++) {
		struct rte_mempool *mp = make(size[k], ELEMENT, 0);

		for (i = 0; i < RTE_DIM(bulk); i++)
			take_and_give(mp, bulk[i]);
		rte_mempool_free(mp);
	}
}

/* A bulk with an object that is free already: all the others go back, whosever block they are of */
static void mixed_bulk(void)
{
	static void *object[SIZE];
	struct rte_mempool *mp = make(SIZE, ELEMENT, 0);
	void *bulk[40];
	unsigned int i;

	CHECK(!rte_mempool_get_bulk(mp, object, SIZE));
	for (i = 0; i < 40; i++)
		bulk[i] = object[SIZE - 1 - i * 97];
	CHECK(!rte_mempool_ops_enqueue_bulk(mp, bulk, 1));
	CHECK(rte_mempool_ops_enqueue_bulk(mp, bulk, 40) < 0);
	CHECK(rte_mempool_avail_count(mp) == 40);
	for (i = 0; i < SIZE; i++)
		if ((SIZE - 1 - i) % 97 || (SIZE - 1 - i) / 97 >= 40)
			CHECK(!rte_mempool_ops_enqueue_bulk(mp, &object[i], 1));
	CHECK(rte_mempool_avail_count(mp) == SIZE);
	rte_mempool_free(mp);
}

static void all_or_none(void)
{
	struct rte_mempool *mp = make(100, ELEMENT, 0);
	void *object[101];

	CHECK(rte_mempool_get_bulk(mp, object, 101) < 0);
	CHECK(rte_mempool_avail_count(mp) == 100);
	CHECK(!rte_mempool_get_bulk(mp, object, 100));
	CHECK(rte_mempool_get_bulk(mp, object, 1) < 0);
	rte_mempool_put_bulk(mp, object, 100);
	rte_mempool_free(mp);
}

/* Refused, and the pool has each of its objects once afterwards */
static void bad_puts(void)
{
	struct rte_mempool *mp = make(SIZE, ELEMENT, 0), *other = make(SIZE, ELEMENT, 0);
	void *object[4], *foreign, *inside, *twice[3];
	char local[8];

	CHECK(!rte_mempool_get_bulk(mp, object, 4));
	CHECK(!rte_mempool_get(other, &foreign));
	CHECK(!rte_mempool_ops_enqueue_bulk(mp, &object[0], 1));
	CHECK(rte_mempool_ops_enqueue_bulk(mp, &object[0], 1) < 0);
	CHECK(rte_mempool_ops_enqueue_bulk(mp, &foreign, 1) < 0);
	inside = (char *)object[1] + 8;
	CHECK(rte_mempool_ops_enqueue_bulk(mp, &inside, 1) < 0);
	inside = local;
	CHECK(rte_mempool_ops_enqueue_bulk(mp, &inside, 1) < 0);
	inside = NULL;
	CHECK(rte_mempool_ops_enqueue_bulk(mp, &inside, 1) < 0);
	CHECK(rte_mempool_avail_count(mp) == SIZE - 3);
	/* the good ones of a bulk are taken all the same */
	twice[0] = object[1];
	twice[1] = foreign;
	twice[2] = object[1];
	CHECK(rte_mempool_ops_enqueue_bulk(mp, twice, 3) < 0);
	CHECK(rte_mempool_avail_count(mp) == SIZE - 2);
	CHECK(!rte_mempool_ops_enqueue_bulk(mp, &object[2], 2));
	CHECK(!rte_mempool_ops_enqueue_bulk(other, &foreign, 1));
	take_and_give(mp, 32);
	take_and_give(other, 1);
	rte_mempool_free(other);
	rte_mempool_free(mp);
}

struct user {
	struct rte_mempool *mp;
	struct rte_ring *ring;		/* to the others */
	uint64_t who;
};

/* Gets and puts at random, some of them by another thread than the one that got them */
static int use(void *argument)
{
	struct user *user = argument;
	uint64_t state = user->who * 0x9e3779b97f4a7c15;
	void *kept[KEPT], *object[64];
	unsigned int have = 0, step, i, n;

	for (step = 0; step < STEPS; step++) {
		uint64_t dice = chance(&state);

		n = 1 + (dice >> 8) % (dice & 128 ? 64 : 2);
		if (dice & 1 && have + n <= KEPT) {
			if (rte_mempool_get_bulk(user->mp, &kept[have], n))
				continue;
			for (i = 0; i < n; i++)
				hold(kept[have + i], user->who);
			have += n;
		} else if (n <= have) {
			/* not always the youngest */
			unsigned int from = (dice >> 16) % (have - n + 1);

			memcpy(object, &kept[from], n * sizeof(*object));
			memmove(&kept[from], &kept[from + n], (have - from - n) * sizeof(*object));
			have -= n;
			for (i = 0; i < n; i++)
				let_go(object[i], user->who);
			if (dice & 2 && rte_ring_enqueue_bulk(user->ring, object, n, NULL))
				continue;
			rte_mempool_put_bulk(user->mp, object, n);
		}
		n = rte_ring_dequeue_burst(user->ring, object, RTE_DIM(object), NULL);
		if (n)
			rte_mempool_put_bulk(user->mp, object, n);
	}
	for (i = 0; i < have; i++)
		let_go(kept[i], user->who);
	if (have)
		rte_mempool_put_bulk(user->mp, kept, have);
	return 0;
}

static void *use_thread(void *argument)
{
	use(argument);
	return NULL;
}

/*
 * Two lcores and two threads of which DPDK does not know.  The ring is one in which nobody waits for a
 * thread that was preempted: there may be fewer processors than threads.
 */
static void used_by_four(unsigned int cache)
{
	struct rte_mempool *mp = make(SIZE, ELEMENT, cache);
	struct rte_ring *ring = rte_ring_create("exchange", 1024, SOCKET_ID_ANY, RING_F_MP_RTS_ENQ | RING_F_MC_RTS_DEQ);
	struct user user[4];
	pthread_t thread[2];
	void *object;
	unsigned int i;

	for (i = 0; i < 4; i++)
		user[i] = (struct user){ .mp = mp, .ring = ring, .who = i + 1 };
	for (i = 0; i < 2; i++)
		pthread_create(&thread[i], NULL, use_thread, &user[2 + i]);
	rte_eal_remote_launch(use, &user[1], rte_get_next_lcore(-1, 1, 0));
	use(&user[0]);
	rte_eal_mp_wait_lcore();
	for (i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	while (!rte_ring_dequeue(ring, &object))
		rte_mempool_put(mp, object);
	CHECK(rte_mempool_avail_count(mp) == SIZE);
	rte_ring_free(ring);
	rte_mempool_free(mp);
}

static void used_by_four_plain(void)
{
	used_by_four(0);
}

static void used_by_four_cached(void)
{
	used_by_four(64);
}

/* Pieces of memory that are far from each other, and objects that are larger than a page */
static void far_apart(void)
{
	struct rte_mempool *mp = make_empty(100, 3 * 4096, 0);
	size_t len = 1 << 20, gap = (size_t)1 << 36;
	char *low = mmap(NULL, gap + len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *piece[2] = { low, low + gap };
	unsigned int i, made = 0;

	mp->flags |= RTE_MEMPOOL_F_NO_IOVA_CONTIG;
	for (i = 0; i < 2; i++) {
		mprotect(piece[1 - i], len, PROT_READ | PROT_WRITE);
		made += rte_mempool_populate_iova(mp, piece[1 - i], RTE_BAD_IOVA, len, NULL, NULL);
	}
	CHECK(made == 100);
	CHECK(mp->nb_mem_chunks == 2);
	rte_mempool_obj_iter(mp, clear, NULL);
	take_and_give(mp, 1);
	take_and_give(mp, 32);
	rte_mempool_free(mp);
	munmap(low, gap + len);
}

/* As an application gets it that names no driver but --mbuf-pool-ops-name */
static void mbufs(void)
{
	struct rte_mempool *mp = rte_pktmbuf_pool_create("mbufs", 1023, 32, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
							 SOCKET_ID_ANY);
	struct rte_mbuf *mbuf[512];

	CHECK(mp);
	if (!mp)
		return;
	CHECK(!strcmp(rte_mempool_get_ops(mp->ops_index)->name, "labyrinth"));
	for (unsigned int i = 0; i < 1000; i++) {
		CHECK(!rte_pktmbuf_alloc_bulk(mp, mbuf, RTE_DIM(mbuf)));
		rte_pktmbuf_free_bulk(mbuf, RTE_DIM(mbuf));
	}
	CHECK(rte_mempool_avail_count(mp) == 1023);
	rte_mempool_free(mp);
}

static void come_and_go(void)
{
	for (unsigned int i = 0; i < 600; i++) {
		struct rte_mempool *mp = make(200, ELEMENT, i % 2 ? 8 : 0);
		void *object[10];

		/* one that is freed with objects out is its user's fault, and harms nobody else */
		CHECK(!rte_mempool_get_bulk(mp, object, RTE_DIM(object)));
		if (i % 3)
			rte_mempool_put_bulk(mp, object, RTE_DIM(object));
		rte_mempool_free(mp);
	}
}

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "each object once, whatever the bulk and the size", each_once },
	{ "a get takes all or none", all_or_none },
	{ "puts of free, foreign and no objects are refused", bad_puts },
	{ "a bulk with one that is free: the others go back", mixed_bulk },
	{ "two lcores and two other threads, random, across", used_by_four_plain },
	{ "the same behind rte_mempool's cache", used_by_four_cached },
	{ "memory in pieces, 64 GiB apart", far_apart },
	{ "mbufs, by the name of the driver alone", mbufs },
	{ "600 pools, one after the other", come_and_go },
};

int main(void)
{
	char *eal[] = { "mempool-test", "-l", "0,1", "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry", "-m", "256",
			"--mbuf-pool-ops-name", "labyrinth", "--log-level", "lib.eal:4", NULL };
	bool bad = false;
	unsigned int i;

	if (rte_eal_init(RTE_DIM(eal) - 1, eal) < 0) {
		printf("Bail out! DPDK's environment does not start\n");
		return 1;
	}
	printf("TAP version 13\n1..%zu\n", RTE_DIM(tests));
	for (i = 0; i < RTE_DIM(tests); i++) {
		good = true;
		tests[i].run();
		printf("%sok %u - %s\n", good ? "" : "not ", i + 1, tests[i].name);
		fflush(stdout);
		bad |= !good;
	}
	rte_eal_cleanup();
	return bad;
}
