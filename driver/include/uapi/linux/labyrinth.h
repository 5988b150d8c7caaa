/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * User API of the Labyrinth accelerator: /dev/labyrinthN
 *
 * An open file owns at most one queue.  LABYRINTH_IOC_BIND takes it (EBUSY if
 * it has an owner) and starts it; the first read() or poll() of an unbound
 * file binds the lowest free queue with the defaults.  close() stops the queue
 * and returns its pages.  Readers that share one file (dup, fork, threads)
 * each get whole records, each record once.
 *
 * Formats: LABYRINTH_FORMAT_STREAM (the default) reads as a plain byte stream;
 * LABYRINTH_FORMAT_RECORD as whole records, each a struct labyrinth_record
 * followed by its data, padded with zeros to 8 bytes; a buffer with no room for the
 * next record gets EMSGSIZE (4096 + sizeof(struct labyrinth_record) is always enough).
 * A read waits for data, or is EAGAIN with O_NONBLOCK.  The end of the source, and of
 * the data after LABYRINTH_IOC_STOP, reads as 0.  A page that the device lost on its way
 * is a record with a status, and in a stream EIO once; so is one whose data does not fit
 * its CRC, where the module was loaded with seal=1.  After a reset of the device, also
 * one that the driver did because the device lied, stood still or did not answer for a
 * moment: what was complete, then ECONNRESET until the file binds a queue again.  After
 * the device is gone: ENODEV.  The first read of a device without a stream: ENODATA.
 *
 * LABYRINTH_SRC_SOLVE: each write() is one whole job for the solver, a maze in the form
 * of struct labyrinth_maze and what follows it in labyrinth_hw.h, and each is answered by
 * one struct labyrinth_result and its path, which read() returns in the order of the jobs;
 * its cookie is the number of the write since BIND, from 0.  What is wrong with a job is
 * the status in its result, not an error of write(), which is whole or not at all and
 * waits while the device has as many jobs as it can take (EAGAIN with O_NONBLOCK).
 * EMSGSIZE: more than LABYRINTH_JOB_WRITE_MAX bytes; ENOTCONN: no queue is bound; EINVAL:
 * it has another source; EPIPE: it does not run; ECONNRESET, ENODEV: as for read().  Jobs
 * that are not answered when the queue stops, or its file is closed, are cancelled.
 *
 * Each struct's first field is its size as the caller knows it.  A smaller one
 * than the first version's is EINVAL; a larger one is accepted if all that the
 * kernel does not know is zero, else E2BIG.  Reserved fields must be zero (EINVAL).
 */
#ifndef _UAPI_LINUX_LABYRINTH_H
#define _UAPI_LINUX_LABYRINTH_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define LABYRINTH_ROUTES	6	/* cpu returned depot reserve buddy fail */
#define LABYRINTH_OWNERS	5	/* free cpu device user quarantined */
#define LABYRINTH_CONTEXTS	4	/* process softirq hardirq nmi */
/* overrun; stop, also what a reset found on its way; dma; fault, an injected one */
#define LABYRINTH_DROPS		4

enum labyrinth_mode {
	LABYRINTH_MODE_DEMAND	= 0,
	LABYRINTH_MODE_RING	= 1,
};

enum labyrinth_source {
	LABYRINTH_SRC_NONE	= 0,	/* delivers nothing */
	LABYRINTH_SRC_STREAM	= 1,
	LABYRINTH_SRC_GENERATOR	= 2,
	LABYRINTH_SRC_SOLVE	= 3,	/* answers to what is written: see above */
};

enum labyrinth_format {
	LABYRINTH_FORMAT_STREAM	= 0,
	LABYRINTH_FORMAT_RECORD	= 1,
};

/* What read() returns in the record format, before `length` bytes of data */
struct labyrinth_record {
	__u64 seq;
	__u64 ready_ns;		/* device time at which the data was whole */
	__u32 length;
	__u32 crc32c;
	__u16 queue;
	__u16 status;		/* enum labyrinth_comp_status, or the next; not 0: no data */
	__u32 reserved;
};

/* More than any job, so that what is too long is the device's to say */
#define LABYRINTH_JOB_WRITE_MAX	8192

#define LABYRINTH_STATUS_CORRUPT	0x100	/* found by seal=1; crc32c is the device's */

/* LABYRINTH_IOC_INFO */
struct labyrinth_info {
	__u32 size;
	__u32 hw_version;
	__u32 queues;
	__u32 caps;		/* LABYRINTH_CAPS_* of the device */
	__u32 vectors;		/* 0: INTx */
	__u32 policy;		/* of the pool: 0 fallback, 1 pool, 2 direct, 3 no pool */
	__u32 depth_max;
	__u32 bound;		/* bit per queue that has an owner */
	char pci[16];		/* domain:bus:device.function */
};

/*
 * LABYRINTH_IOC_BIND: take a queue, configure and start it
 *
 * EBUSY: it has an owner, or the file has a queue that did not end by itself;
 * ENODATA: the device has no such source; ENOSPC: ring mode needs a pool of at
 * least one page for each queue; EAGAIN: the device is being reset, or does not
 * answer for a moment; EINVAL: a value, or the device refuses the configuration.
 */
struct labyrinth_bind {
	__u32 size;
	__s32 queue;		/* -1: the lowest free one; set on return */
	__u32 mode;		/* enum labyrinth_mode */
	__u32 source;		/* enum labyrinth_source */
	__u32 format;		/* enum labyrinth_format */
	__u32 depth;		/* pages that the queue may hold, power of two; 0: default */
	__u32 mod_packets;	/* interrupt moderation; 0: none */
	__u32 mod_usec;
	__u64 gen_seed;		/* the rest: generator only */
	__u64 gen_count;	/* pages, 0: no end */
	__u32 gen_period;	/* ns between bursts, 0: as fast as taken */
	__u32 gen_burst;	/* pages a burst, 0: 1 */
	__u32 gen_min;		/* bytes a page, 0: 1 */
	__u32 gen_max;		/* 0: 4096 */
	__u32 stream_queues;	/* stream only: deal pages to queues 0..n-1; 0: leave */
	__u32 flags;		/* LABYRINTH_BIND_* */
	__u64 reserved[2];
};

#define LABYRINTH_BIND_HOLD	(1u << 0)	/* do not start: wait for LABYRINTH_IOC_START */

/* LABYRINTH_IOC_QUEUE_STATS: any queue, by number; counts since its last BIND */
struct labyrinth_queue_stats {
	__u32 size;
	__u32 queue;
	__u32 state;		/* enum labyrinth_queue_state of the device; 3: not known */
	__u32 bound;
	/* the device's view */
	__u64 produced;
	__u64 completed;	/* data completions that the device wrote */
	__u64 dropped[LABYRINTH_DROPS];
	__u64 device_irqs;
	__u64 requests;
	__u64 refused;
	/* the driver's view */
	__u64 irqs;
	__u64 completions;	/* data completions that the driver took */
	__u64 delivered;	/* pages that a reader got whole */
	__u64 delivered_bytes;
	__u64 discarded;	/* taken, then the owner closed without reading */
	__u64 failed;		/* completions with an error status */
	__u64 invalid;		/* completions refused by the driver's checks */
	__u64 isr_allocs[LABYRINTH_ROUTES];	/* index 5 (fail) = alloc_fail */
	__u64 isr_contexts[LABYRINTH_CONTEXTS];	/* where the ISR's allocations ran */
	__u64 late_grants;	/* denied requests that were granted later */
	__u64 denied;
	__u32 pages[LABYRINTH_OWNERS];	/* this queue's pages, by owner; [0] unused */
	__u32 backlog;		/* pages waiting for a reader */
	__u64 reserved[4];
	/* callers of the first version end here: 296 bytes */
	__u64 rescued;		/* interrupts that never came: the driver found their work */
	__u64 stuck;		/* since the device was probed: resets because nothing moved */
	__u64 corrupt;		/* seal=1: taken, but it did not fit its CRC when it was read */
	__u64 injected;		/* of alloc_fail, by fail_alloc in debugfs */
	__u64 isr_other;	/* the ISR's allocations from another allocator than the pool */
	__u64 jobs;		/* the device's: jobs that the solver began */
	__u64 answered;		/* of these, with a result that was made */
};

/* LABYRINTH_IOC_POOL_STATS */
struct labyrinth_pool_stats {
	__u32 size;
	__u32 limit;
	__u32 total;
	__u32 owned[LABYRINTH_OWNERS];
	__u64 allocs[LABYRINTH_ROUTES];
	__u64 contexts[LABYRINTH_CONTEXTS];
	__u64 frees;
	__u64 refused;		/* bad calls */
	__u64 late;		/* of these, found after the call */
	__u64 refills;
	__u64 shrunk;
	__u64 reserved[4];
};

#define LABYRINTH_IOC_MAGIC	0xb1
#define LABYRINTH_IOC_INFO	_IOWR(LABYRINTH_IOC_MAGIC, 0x00, struct labyrinth_info)
#define LABYRINTH_IOC_BIND	_IOWR(LABYRINTH_IOC_MAGIC, 0x01, struct labyrinth_bind)
#define LABYRINTH_IOC_START	_IO(LABYRINTH_IOC_MAGIC, 0x02)
#define LABYRINTH_IOC_STOP	_IO(LABYRINTH_IOC_MAGIC, 0x03)
#define LABYRINTH_IOC_QUEUE_STATS _IOWR(LABYRINTH_IOC_MAGIC, 0x04, struct labyrinth_queue_stats)
#define LABYRINTH_IOC_POOL_STATS _IOWR(LABYRINTH_IOC_MAGIC, 0x05, struct labyrinth_pool_stats)
#define LABYRINTH_IOC_RESET	_IO(LABYRINTH_IOC_MAGIC, 0x06)	/* CAP_SYS_ADMIN; whole device */

#endif /* _UAPI_LINUX_LABYRINTH_H */
