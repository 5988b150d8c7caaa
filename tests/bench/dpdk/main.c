/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * labyrinth-dpdk: the accelerator without a kernel driver, its pages in an rte_mempool
 *
 * Contract: TAP and the line "# compare {json}" (docs/dpdk.md) on standard output; exit status 0 if every page
 * was as the device made it and everything is accounted for, 1 if not, 2 for bad arguments, and those of
 * app.h where it cannot run at all, each with one line on standard error.
 */
#include <errno.h>
#include <rte_cpuflags.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mbuf_pool_ops.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "../compare/meter.h"

#define FIND_PASSES	12	/* enough for a thousandth of the range */
#define EAL_WORDS	24
#define BUFFERS_KEPT	1024	/* for each lcore */

static struct pass pass;

static void interrupted(int number)
{
	(void)number;
	pass.stop = true;
}

static int complain(const char *what, int err)
{
	fprintf(stderr, "labyrinth-dpdk: %s: %s\n", what, rte_strerror(err < 0 ? -err : err));
	return 1;
}

/* Memory that nobody shares, so that no file of it is left; words of the user last, so that they win */
static int start_eal(const struct order *order, char *address)
{
	char *argv[EAL_WORDS + 64], log[] = "lib.eal:4";
	int n = 0, i;

	argv[n++] = "labyrinth-dpdk";
	argv[n++] = "-l";
	argv[n++] = (char *)order->lcores;
	argv[n++] = "-a";
	argv[n++] = address;
	argv[n++] = "--in-memory";
	argv[n++] = "--no-telemetry";
	argv[n++] = "--log-level";
	argv[n++] = log;
	if (order->ops) {
		argv[n++] = "--mbuf-pool-ops-name";
		argv[n++] = (char *)order->ops;
	}
	if (order->eal_words > 64) {
		fprintf(stderr, "labyrinth-dpdk: more than 64 words for EAL\n");
		return 2;
	}
	for (i = 0; i < order->eal_words; i++)
		argv[n++] = order->eal[i];
	if (rte_eal_init(n, argv) >= 0)
		return 0;
	fprintf(stderr, "labyrinth-dpdk: DPDK's environment does not start (%s); it says why above\n",
		rte_strerror(rte_errno));
	return EXIT_EAL;
}

/*
 * As many as can be out at a time, and what the lcores may keep: those caches that are asked for, or as
 * much for a driver that keeps some by itself, so that each has the same.
 */
static uint32_t buffers_needed(const struct order *order)
{
	uint32_t out = order->queues * (order->config.depth + BURST_MAX + QUEUE_BATCH);
	uint32_t kept = RTE_MAX(2 * order->cache, BUFFERS_KEPT) * rte_lcore_count();

	return order->buffers ? order->buffers : out + kept;
}

/*
 * mbufs whose data is a page of its own in one piece of memory, aligned to its size, which is what the
 * device wants; the mbufs themselves, and with them the pages, are in the mempool.
 */
static struct rte_mempool *make_pool(const struct order *order)
{
	uint32_t count = buffers_needed(order);
	const struct rte_memzone *zone = rte_memzone_reserve_aligned("labyrinth-pages",
			(size_t)count * LABYRINTH_PAGE_SIZE, SOCKET_ID_ANY, RTE_MEMZONE_IOVA_CONTIG,
			LABYRINTH_PAGE_SIZE);
	struct rte_pktmbuf_extmem memory;
	const char *ops;
	unsigned int i;

	if (!zone)
		return NULL;
	ops = rte_mbuf_best_mempool_ops();
	for (i = 0; i < rte_mempool_ops_table.num_ops && strcmp(rte_mempool_ops_table.ops[i].name, ops); i++)
		continue;
	if (i == rte_mempool_ops_table.num_ops) {
		fprintf(stderr, "labyrinth-dpdk: no mempool driver is called %s; there are:", ops);
		for (i = 0; i < rte_mempool_ops_table.num_ops; i++)
			fprintf(stderr, " %s", rte_mempool_ops_table.ops[i].name);
		fputc('\n', stderr);
		rte_errno = EINVAL;
		return NULL;
	}
#ifdef RTE_ARCH_X86_64
	/* it would end with an illegal instruction */
	if (!strcmp(ops, "lf_stack") && rte_cpu_get_flag_enabled(RTE_CPUFLAG_CMPXCHG16B) <= 0) {
		fprintf(stderr, "labyrinth-dpdk: lf_stack needs a processor with cmpxchg16b, which this one is without\n");
		rte_errno = ENOTSUP;
		return NULL;
	}
#endif
	memory = (struct rte_pktmbuf_extmem){
		.buf_ptr = zone->addr,
		.buf_iova = zone->iova,
		.buf_len = (size_t)count * LABYRINTH_PAGE_SIZE,
		.elt_size = LABYRINTH_PAGE_SIZE,
	};
	return rte_pktmbuf_pool_create_extbuf("labyrinth", count, order->cache, 0, LABYRINTH_PAGE_SIZE,
					      SOCKET_ID_ANY, &memory, 1);
}

static int make_queues(const struct order *order)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < order->queues && !err; i++) {
		struct queue_config config = order->config;

		config.count = order->pages / order->queues + (i < order->pages % order->queues);
		err = queue_make(&pass.queue[i], i, &config, pass.pool);
	}
	return err;
}

/* The period is a queue's: that of all of them together is so many times shorter. */
static int find(const struct order *order, uint32_t *found)
{
	uint32_t low = order->least * order->queues, high = order->most * order->queues;
	unsigned int i;
	int err;

	pass.quick = true;
	pass.period = high;
	err = pass_run(&pass);
	if (err)
		return err;
	if (pass.missed) {
		fprintf(stderr, "labyrinth-dpdk: pages are dropped even at one each %u ns: name more than that for "
			"--find\n", high);
		return 1;
	}
	for (i = 0; i < FIND_PASSES && high - low > high / 200; i++) {
		pass.period = low + (high - low) / 2;
		err = pass_run(&pass);
		if (err)
			return err;
		if (pass.missed)
			low = pass.period;
		else
			high = pass.period;
	}
	pass.quick = false;
	*found = high;
	return 0;
}

/* With DPDK and the device there: an exit status */
static int receive(const struct order *order)
{
	int err;

	if (!pmd.regs) {
		fprintf(stderr, "labyrinth-dpdk: %s\n", pmd.problem);
		return EXIT_NO_DEVICE;
	}
	if (order->queues > pmd.queues) {
		fprintf(stderr, "labyrinth-dpdk: --queues %u: the device has %u\n", order->queues, pmd.queues);
		return 2;
	}
	pass.order = order;
	pass.lcores = rte_lcore_count();
	pass.one = pass.lcores == 1;
	if ((order->marks || order->find) && !pass.one)
		return complain("--marks and --find are for one lcore", EINVAL);
	pass.period = order->config.period_ns * order->sparse;
	pass.pool = make_pool(order);
	if (!pass.pool)
		return complain("no pool of pages", rte_errno);
	if (order->marks) {
		err = meter_open();
		pass.delay = calloc(order->pages, sizeof(*pass.delay));
		if (err || !pass.delay)
			return complain("no meter", err ? err : ENOMEM);
		/* its pages are there before they are written to */
		memset(pass.delay, 1, order->pages * sizeof(*pass.delay));
	}
	err = make_queues(order);
	if (err)
		return complain("no memory for the rings", err);
	err = order->config.interrupts ? pmd_interrupts_on() : 0;
	if (err)
		return complain("no interrupts from vfio-pci", err);
	if (order->find) {
		err = find(order, &pass.period);
		pass.period *= order->sparse;
	}
	err = err ? err : pass_run(&pass);
	if (order->config.interrupts)
		pmd_interrupts_off();
	return err ? err : !report(order, &pass);
}

int main(int argc, char **argv)
{
	const struct sigaction action = { .sa_handler = interrupted };
	static struct order order;
	char address[32];
	int err;

	if (order_read(&order, argc, argv))
		return 2;
	err = machine_check(address, sizeof(address));
	err = err ? err : start_eal(&order, address);
	if (err)
		return err;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	err = receive(&order);
	if (pmd.regs)
		pmd_reset();
	fflush(stdout);
	rte_eal_cleanup();
	return err;
}
