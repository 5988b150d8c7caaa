// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls of ioctl(): the driver's commands with good and bad structs, sizes and addresses,
 * and any other number
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "fuzz.h"

union any {
	uint32_t size;
	uint64_t words[64];
	struct labyrinth_info info;
	struct labyrinth_bind bind;
	struct labyrinth_queue_stats queue;
	struct labyrinth_pool_stats pool;
};

static const unsigned int commands[] = {
	LABYRINTH_IOC_INFO, LABYRINTH_IOC_BIND, LABYRINTH_IOC_START, LABYRINTH_IOC_STOP,
	LABYRINTH_IOC_QUEUE_STATS, LABYRINTH_IOC_POOL_STATS,
};

static long result(long value)
{
	return value < 0 ? -errno : value;
}

/* A struct that the driver would take: what it does with a good one is to be seen too. */
static void good_bind(struct labyrinth_bind *bind, const struct call *c)
{
	uint64_t bits = c->b;

	memset(bind, 0, sizeof(*bind));
	bind->size = sizeof(*bind);
	bind->queue = (int)(bits % (LAB_QUEUES + 1)) - 1;
	bind->mode = bits >> 4 & 1;
	bind->source = bits >> 5 & 7 ? LABYRINTH_SRC_GENERATOR : bits >> 8 & 3;
	bind->format = bits >> 9 & 1;
	bind->depth = bits >> 10 & 3 ? 8u << (bits >> 12 & 7) : 0;
	bind->mod_packets = bits >> 16 & 3 ? 0 : bits >> 18 & 31;
	bind->mod_usec = bits >> 23 & 3 ? 0 : bits >> 25 & 255;
	bind->flags = bits >> 33 & 7 ? 0 : LABYRINTH_BIND_HOLD;
	if (bind->source != LABYRINTH_SRC_GENERATOR)
		return;
	bind->gen_seed = bits;
	bind->gen_count = bits >> 36 & 3 ? bits >> 38 & 1023 : 0;
	bind->gen_period = bits >> 48 & 3 ? 0 : 100000;
	bind->gen_burst = bits >> 50 & 15;
	bind->gen_min = bits >> 54 & 1 ? 0 : 1 + (bits >> 20 & 2047);
	bind->gen_max = bits >> 55 & 1 ? 0 : 2048 + (bits >> 31 & 2047);
}

static void put_struct(union any *any, unsigned int cmd, const struct call *c)
{
	memset(any, 0, sizeof(*any));
	if (_IOC_NR(cmd) == _IOC_NR(LABYRINTH_IOC_BIND))
		good_bind(&any->bind, c);
	else if (_IOC_NR(cmd) == _IOC_NR(LABYRINTH_IOC_QUEUE_STATS))
		any->queue.queue = c->b % (LAB_QUEUES + 1);
	any->size = _IOC_SIZE(cmd);
}

/* The command is right, and so is the struct, but where @spoil says. */
static long call_command(struct worker *w, const struct call *c, unsigned int cmd,
			 unsigned int spoil)
{
	union any any;
	bool fillable;
	void *address;

	put_struct(&any, cmd, c);
	if (spoil & 1)
		any.words[c->b >> 8 & 63] = c->a;
	if (spoil & 2)
		any.size = c->size;
	if (spoil & 4)
		cmd = _IOC(_IOC_DIR(cmd), _IOC_TYPE(cmd), _IOC_NR(cmd), c->size & _IOC_SIZEMASK);
	if (spoil & 8)
		any.size = _IOC_SIZE(cmd);
	address = pick_address(&w->arena, c, sizeof(any), &fillable);
	if (fillable)
		memcpy(address, &any, sizeof(any));
	return result(ioctl(get_file(w, c->file), cmd, address));
}

static long make_good(struct worker *w, const struct call *c)
{
	return call_command(w, c, commands[c->a % (sizeof(commands) / sizeof(commands[0]))], 0);
}

static long make_bind(struct worker *w, const struct call *c)
{
	struct call here = *c;

	here.where = 0;
	return call_command(w, &here, LABYRINTH_IOC_BIND, 0);
}

static long make_spoilt(struct worker *w, const struct call *c)
{
	return call_command(w, c, commands[c->b % (sizeof(commands) / sizeof(commands[0]))],
			    c->other & 15);
}

static long make_any(struct worker *w, const struct call *c)
{
	unsigned int cmd = c->other & 1 ? c->size :
					  _IOC(c->other >> 1 & 3, LABYRINTH_IOC_MAGIC, c->a & 255,
					       c->size & _IOC_SIZEMASK);
	bool fillable;

	if (_IOC_TYPE(cmd) == LABYRINTH_IOC_MAGIC && _IOC_NR(cmd) == _IOC_NR(LABYRINTH_IOC_RESET))
		return -ENOTTY;
	return result(ioctl(get_file(w, c->file), cmd, pick_address(&w->arena, c, 256, &fillable)));
}

/* Those that every file understands, or passes on */
static long make_common(struct worker *w, const struct call *c)
{
	static const unsigned long common[] = { FIONREAD, FIONBIO, FIOASYNC, FIOCLEX,
						FIONCLEX, 0x5413,  0x541b,   0 };
	bool fillable;

	return result(ioctl(get_file(w, c->file), common[c->a & 7],
			    pick_address(&w->arena, c, 8, &fillable)));
}

static long make_reset(struct worker *w, const struct call *c)
{
	long err = result(ioctl(get_file(w, c->file), LABYRINTH_IOC_RESET, c->a & 1));

	if (!err)
		__atomic_fetch_add(&resets_made, 1, __ATOMIC_RELAXED);
	return err;
}

const struct kind ioctl_kinds[] = {
	{ "ioctl_good", 60, false, false, make_good },
	{ "ioctl_bind", 60, false, false, make_bind },
	{ "ioctl_spoilt", 90, false, false, make_spoilt },
	{ "ioctl_any", 50, false, false, make_any },
	{ "ioctl_common", 15, false, false, make_common },
	{ "ioctl_reset", 2, false, false, make_reset },
	{ 0 }
};
