/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The hardware interface of the Labyrinth accelerator: every register,
 * descriptor and completion.  The one definition: device, driver, firmware,
 * DPDK harness and tests include this file.  docs/device.md is its prose.
 *
 * All registers are little-endian and read or written with naturally aligned
 * accesses of 4 bytes; those marked 64 also as one aligned access of 8 bytes,
 * or low half first.  Anything else, and any offset that is not named here,
 * reads as zero, ignores writes, and is counted in GUEST_ERRORS.
 *
 * Indexes of rings are free-running 32-bit counts; the slot is the count
 * modulo the ring's size, which is a power of two.
 */
#ifndef LABYRINTH_HW_H
#define LABYRINTH_HW_H

#ifdef __KERNEL__
#include <linux/types.h>
#define LABYRINTH_LE16 __le16
#define LABYRINTH_LE32 __le32
#define LABYRINTH_LE64 __le64
#else
#include <stdint.h>
#define LABYRINTH_LE16 uint16_t
#define LABYRINTH_LE32 uint32_t
#define LABYRINTH_LE64 uint64_t
#endif

/* Identity in PCI configuration space */
#define LABYRINTH_PCI_VENDOR_ID		0x1234
#define LABYRINTH_PCI_DEVICE_ID		0x1ab1
#define LABYRINTH_PCI_SUBVENDOR_ID	0x1af4
#define LABYRINTH_PCI_SUBDEVICE_ID	0x1100
#define LABYRINTH_PCI_CLASS		0x1200	/* processing accelerator */

/* Sizes */
#define LABYRINTH_PAGE_SIZE		4096u
#define LABYRINTH_MAX_QUEUES		16u
#define LABYRINTH_STAGING_PAGES		8u
#define LABYRINTH_RING_MIN		2u
#define LABYRINTH_RING_MAX		4096u
#define LABYRINTH_RING_ALIGN		64u	/* of a ring's base address */

/* BARs */
#define LABYRINTH_BAR_REGS		0	/* 64-bit memory, registers */
#define LABYRINTH_BAR_REGS_SIZE		0x40000u
#define LABYRINTH_BAR_MSIX		4	/* MSI-X table and PBA, nothing else */

/*
 * BAR 0: one page of device registers, then per queue one page that only the
 * kernel may touch (it takes DMA addresses) and one that could be mapped to a
 * queue's user (it takes none).
 */
#define LABYRINTH_PAGE_DEVICE		0x00000u
#define LABYRINTH_PAGE_FAULTS		0x01000u	/* there only with x-faults=on */
#define LABYRINTH_PAGE_QUEUE(q)		(0x10000u + (q) * 0x1000u)
#define LABYRINTH_PAGE_USER(q)		(0x20000u + (q) * 0x1000u)

/* Interrupt vectors (MSI-X) and bits of IRQ_CAUSE (INTx) */
#define LABYRINTH_VEC_ADMIN		0u
#define LABYRINTH_VEC_QUEUE(q)		(1u + (q))

/* --- device registers, offsets in LABYRINTH_PAGE_DEVICE ------------------- */
#define LABYRINTH_REG_ID		0x000	/* RO, LABYRINTH_ID */
#define LABYRINTH_REG_VERSION		0x004	/* RO, major << 16 | minor */
#define LABYRINTH_REG_CAPS		0x008	/* RO, LABYRINTH_CAPS_* */
#define LABYRINTH_REG_CTRL		0x00c	/* WO, LABYRINTH_CTRL_* */
#define LABYRINTH_REG_STATUS		0x010	/* RO, LABYRINTH_STATUS_* */
#define LABYRINTH_REG_ERR_STATUS	0x014	/* RW1C, LABYRINTH_ERR_* */
#define LABYRINTH_REG_ERR_ENABLE	0x018	/* RW, which of them interrupt; 0 at reset */
#define LABYRINTH_REG_ERR_INFO		0x01c	/* RO, code << 8 | queue of the newest error */
#define LABYRINTH_REG_IRQ_CAUSE		0x020	/* RW1C, INTx only: bit per vector */
#define LABYRINTH_REG_GUEST_ERRORS	0x024	/* RO, refused accesses and values */
#define LABYRINTH_REG_TIME		0x028	/* RO 64, device time, ns (low half latches) */
#define LABYRINTH_REG_STREAM_QUEUES	0x030	/* RW, queues 0..n-1 that the stream is dealt to */
#define LABYRINTH_REG_STREAM_STATUS	0x034	/* RO, LABYRINTH_STREAM_* */
#define LABYRINTH_REG_STREAM_BYTES	0x038	/* RO 64, bytes taken from the stream */

#define LABYRINTH_ID			0x5942414cu	/* "LABY" */
#define LABYRINTH_VERSION		0x00010000u

#define LABYRINTH_CAPS_QUEUES(c)	((c) & 0xffu)
#define LABYRINTH_CAPS_STAGING(c)	(((c) >> 8) & 0xffu)
#define LABYRINTH_CAPS_STREAM		(1u << 16)	/* a chardev is attached */
#define LABYRINTH_CAPS_GENERATOR	(1u << 17)
#define LABYRINTH_CAPS_FAULTS		(1u << 18)	/* LABYRINTH_PAGE_FAULTS is there */
#define LABYRINTH_CAPS_SOLVE		(1u << 19)	/* there is a maze solver */

#define LABYRINTH_CTRL_RESET		(1u << 0)	/* all queues, counters and errors */

#define LABYRINTH_STATUS_READY		(1u << 0)

#define LABYRINTH_STREAM_CONNECTED	(1u << 0)
#define LABYRINTH_STREAM_ENDED		(1u << 1)

/* ERR_STATUS bits; ERR_INFO and QUEUE_ERROR carry the bit's number plus one */
#define LABYRINTH_ERR_BAD_ACCESS	(1u << 0)	/* offset, size, alignment or state */
#define LABYRINTH_ERR_BAD_CONFIG	(1u << 1)	/* START refused */
#define LABYRINTH_ERR_STALE_TAG		(1u << 2)	/* GRANT or DENY of no pending request */
#define LABYRINTH_ERR_BAD_GRANT		(1u << 3)	/* misaligned, or address granted already */
#define LABYRINTH_ERR_BAD_DESC		(1u << 4)	/* posted descriptor refused */
#define LABYRINTH_ERR_BAD_INDEX		(1u << 5)	/* doorbell beyond the ring */
#define LABYRINTH_ERR_DMA		(1u << 6)	/* a transfer was refused by the bus */
#define LABYRINTH_ERR_FIRMWARE		(1u << 7)	/* firmware failed, queues stopped: reset */
#define LABYRINTH_ERR_ALL		0xffu

/* --- queue registers, offsets in LABYRINTH_PAGE_QUEUE(q) ------------------ */
#define LABYRINTH_QREG_CTL		0x000	/* WO, LABYRINTH_CTL_* */
#define LABYRINTH_QREG_STATE		0x004	/* RO, enum labyrinth_queue_state */
#define LABYRINTH_QREG_CONFIG		0x008	/* RW, LABYRINTH_CONFIG_* */
#define LABYRINTH_QREG_ERROR		0x00c	/* RO, newest error of this queue, 0 none */
#define LABYRINTH_QREG_CQ_BASE		0x010	/* RW 64, completion ring */
#define LABYRINTH_QREG_CQ_SIZE		0x018	/* RW, entries */
#define LABYRINTH_QREG_VECTOR		0x01c	/* RW, MSI-X vector; 1 + q at reset */
#define LABYRINTH_QREG_PQ_BASE		0x020	/* RW 64, posted-buffer ring (ring mode) */
#define LABYRINTH_QREG_PQ_SIZE		0x028	/* RW, entries */
#define LABYRINTH_QREG_PQ_TAIL		0x02c	/* RW, doorbell: descriptors posted */
#define LABYRINTH_QREG_PQ_HEAD		0x030	/* RO, descriptors fetched */
#define LABYRINTH_QREG_REQ_TAG		0x034	/* RO, oldest unanswered request, 0 none */
#define LABYRINTH_QREG_REQ_WAITING	0x038	/* RO, denied << 16 | unanswered */
#define LABYRINTH_QREG_GRANT_TAG	0x03c	/* WO, grant GRANT_ADDR to this request */
#define LABYRINTH_QREG_GRANT_ADDR	0x040	/* RW 64, page-aligned DMA address */
#define LABYRINTH_QREG_DENY_TAG		0x048	/* WO, no buffer now; the request stays */
#define LABYRINTH_QREG_REQ_TIMEOUT	0x04c	/* RW, us to raise a denied request anew; 0 never */
#define LABYRINTH_QREG_MOD_PACKETS	0x050	/* RW, completions per interrupt; 0 and 1: each */
#define LABYRINTH_QREG_MOD_USEC		0x054	/* RW, longest delay of an interrupt */
#define LABYRINTH_QREG_GEN_SEED		0x060	/* RW 64 */
#define LABYRINTH_QREG_GEN_COUNT	0x068	/* RW 64, pages to produce; 0 no end */
#define LABYRINTH_QREG_GEN_PERIOD	0x070	/* RW, ns between bursts; 0 as room allows */
#define LABYRINTH_QREG_GEN_BURST	0x074	/* RW, pages a burst, 1..256 */
#define LABYRINTH_QREG_GEN_SIZE		0x078	/* RW, max << 16 | min bytes a page, 1..4096 */
/* Counters, RO 64; CTL_CLEAR with START zeroes them */
#define LABYRINTH_QREG_PRODUCED		0x080	/* pages that entered this queue */
#define LABYRINTH_QREG_DELIVERED	0x088	/* data completions written */
#define LABYRINTH_QREG_DROPPED(r)	(0x090 + 8 * (r))	/* enum labyrinth_drop */
#define LABYRINTH_QREG_BYTES		0x0b0	/* bytes delivered */
#define LABYRINTH_QREG_IRQS		0x0b8	/* interrupts raised */
#define LABYRINTH_QREG_REQUESTS		0x0c0	/* requests made (demand) */
#define LABYRINTH_QREG_DENIED		0x0c8	/* DENYs taken */
#define LABYRINTH_QREG_RERAISED		0x0d0	/* requests raised anew after the timeout */
#define LABYRINTH_QREG_REFUSED		0x0d8	/* stale tags, bad grants, descriptors, indexes */
/* Jobs for the solver; the counters as above */
#define LABYRINTH_QREG_JQ_BASE		0x100	/* RW 64, job ring */
#define LABYRINTH_QREG_JQ_SIZE		0x108	/* RW, entries */
#define LABYRINTH_QREG_JQ_TAIL		0x10c	/* RW, doorbell: pieces posted */
#define LABYRINTH_QREG_JQ_HEAD		0x110	/* RO, pieces read, or skipped */
#define LABYRINTH_QREG_JOBS		0x118	/* RO 64, jobs begun */
#define LABYRINTH_QREG_ANSWERED		0x120	/* RO 64, of these, results made */

/* QREG_CTL; writing any other value is refused */
#define LABYRINTH_CTL_START		1u
#define LABYRINTH_CTL_STOP		2u
#define LABYRINTH_CTL_CLEAR		0x100u	/* with START: counters and sequence from 0 */

#define LABYRINTH_CONFIG_DEMAND		0u
#define LABYRINTH_CONFIG_RING		1u
#define LABYRINTH_CONFIG_MODE_MASK	0x1u
#define LABYRINTH_CONFIG_SOURCE_SHIFT	8
#define LABYRINTH_CONFIG_SOURCE_MASK	(0x3u << 8)
#define LABYRINTH_SOURCE_NONE		0u
#define LABYRINTH_SOURCE_STREAM		1u
#define LABYRINTH_SOURCE_GENERATOR	2u
#define LABYRINTH_SOURCE_SOLVE		3u

#define LABYRINTH_GEN_BURST_MAX		256u

/*
 * CONFIG, bases, sizes, VECTOR and GEN_* may change only in IDLE (elsewhere
 * refused, BAD_ACCESS); the moderation registers and REQ_TIMEOUT at any time.
 */
enum labyrinth_queue_state {
	LABYRINTH_STATE_IDLE	= 0,	/* touches no memory, owns no buffer */
	LABYRINTH_STATE_RUNNING	= 1,
	LABYRINTH_STATE_DRAINING = 2,	/* STOP taken, a transfer still under way */
};

/* Why a produced page was not delivered */
enum labyrinth_drop {
	LABYRINTH_DROP_OVERRUN	= 0,	/* generator: no staging page when it was due */
	LABYRINTH_DROP_STOP	= 1,	/* generator, solver: staged when the queue stopped */
	LABYRINTH_DROP_DMA	= 2,	/* the bus refused the transfer */
	LABYRINTH_DROP_FAULT	= 3,	/* an injected fault took its completion away */
	LABYRINTH_DROP_REASONS	= 4,
};

/* --- user registers, offsets in LABYRINTH_PAGE_USER(q) -------------------- */
#define LABYRINTH_UREG_CQ_HEAD		0x000	/* RW, doorbell: completions consumed */
#define LABYRINTH_UREG_CQ_HEAD_ARM	0x004	/* WO, the same, and interrupt for the next */
#define LABYRINTH_UREG_CQ_TAIL		0x008	/* RO, completions written */
#define LABYRINTH_UREG_STATE		0x00c	/* RO, as QREG_STATE */
#define LABYRINTH_UREG_PRODUCED		0x010	/* RO 64 */
#define LABYRINTH_UREG_DELIVERED	0x018	/* RO 64 */

/*
 * Interrupts: a queue's vector is *armed* by START and by CQ_HEAD_ARM, and
 * disarmed by sending.  While it is armed it is sent as soon as there is
 * something new: an unanswered request (demand), or completions beyond the
 * given head, moderated by MOD_PACKETS and MOD_USEC (an event completion is
 * sent at once).  Nothing is lost between the last look and the arming: arming
 * with something new already there sends at once.
 * With INTx the vector's bit is set in IRQ_CAUSE instead, and the line is high
 * while IRQ_CAUSE is not zero.
 */

/* An entry of the posted-buffer ring */
struct labyrinth_desc {
	LABYRINTH_LE64 addr;		/* page-aligned DMA address */
	LABYRINTH_LE32 cookie;		/* comes back in the completion */
	LABYRINTH_LE32 length;		/* must be LABYRINTH_PAGE_SIZE */
};

/*
 * An entry of the completion ring.  The device writes `flags` last; the entry
 * is valid when its PHASE bit differs from that of the lap before (1 in the
 * first lap after START; the driver zeroes the ring before).
 */
struct labyrinth_completion {
	LABYRINTH_LE64 seq;		/* of the page in its queue, from 0; a gap is a drop */
	LABYRINTH_LE64 ready_ns;	/* device time at which the data was whole */
	LABYRINTH_LE32 cookie;		/* demand: the request's tag; ring: the descriptor's */
	LABYRINTH_LE32 crc32c;		/* Castagnoli, of `length` bytes */
	LABYRINTH_LE16 length;		/* 0..4096 */
	LABYRINTH_LE16 status;		/* enum labyrinth_comp_status */
	LABYRINTH_LE16 queue;
	LABYRINTH_LE16 flags;		/* LABYRINTH_COMP_* */
};

#define LABYRINTH_COMP_PHASE		(1u << 0)
#define LABYRINTH_COMP_EVENT		(1u << 1)	/* no buffer, no data; cookie 0 */

enum labyrinth_comp_status {
	LABYRINTH_COMP_OK	= 0,
	LABYRINTH_COMP_EOS	= 1,	/* event: source ended; seq = pages produced */
	LABYRINTH_COMP_DMA	= 2,	/* buffer returned, its data dropped */
	LABYRINTH_COMP_BAD_DESC	= 3,	/* descriptor refused, nothing written */
};

/* --- the solver: source SOLVE ---------------------------------------------- */
/*
 * A job is a struct labyrinth_maze and its walls, in one or more pieces, each a
 * descriptor in the job ring; the last one is marked.  Pieces of one job have
 * the same cookie: another one, or the mark, ends it.  The device reads them in
 * order, in its own time, and answers every job that it began with one result,
 * as incoming data of the queue, that begins a page of its own.
 */
struct labyrinth_job_desc {
	LABYRINTH_LE64 addr;		/* DMA address, any alignment */
	LABYRINTH_LE32 cookie;		/* comes back in the result */
	LABYRINTH_LE16 length;		/* of this piece, 1..4096 */
	LABYRINTH_LE16 flags;		/* LABYRINTH_JOB_* */
};

#define LABYRINTH_JOB_LAST		(1u << 0)

#define LABYRINTH_MAZE_MAGIC		0x455a414du	/* "MAZE" */
#define LABYRINTH_MAZE_VERSION		1u
#define LABYRINTH_MAZE_SIDE_MAX		256u	/* cells */
#define LABYRINTH_MAZE_CELLS_MAX	16384u	/* width * height */

/*
 * The walls follow: two bits for each cell, row by row from the top, four cells
 * a byte, the first in its low bits.  What is beyond the last cell is zero.  The
 * outer walls must be there: EAST of each row's last cell, SOUTH of the last row.
 */
struct labyrinth_maze {
	LABYRINTH_LE32 magic;
	LABYRINTH_LE16 version;
	LABYRINTH_LE16 flags;		/* 0 */
	LABYRINTH_LE32 size;		/* bytes of the job, these included */
	LABYRINTH_LE16 width;		/* cells */
	LABYRINTH_LE16 height;
	LABYRINTH_LE16 start_x;		/* from 0, to the east */
	LABYRINTH_LE16 start_y;		/* from 0, to the south */
	LABYRINTH_LE16 goal_x;
	LABYRINTH_LE16 goal_y;
	LABYRINTH_LE64 reserved;	/* 0 */
};

#define LABYRINTH_MAZE_HEADER		32u
#define LABYRINTH_MAZE_EAST		(1u << 0)	/* a wall on this side */
#define LABYRINTH_MAZE_SOUTH		(1u << 1)
/* Bytes of the walls, or of the path, of so many cells, or steps */
#define LABYRINTH_MAZE_BYTES(n)		(((n) + 3u) >> 2)
#define LABYRINTH_JOB_MAX		4128u	/* bytes of a job of the most cells */
/* How long a job may take to be whole, and then wait for memory; device time */
#define LABYRINTH_JOB_USEC		100000u

#define LABYRINTH_RESULT_MAGIC		0x48544150u	/* "PATH" */

/*
 * The path follows, if there is one: two bits a step, as above, from the start to
 * the goal.  It is a shortest one.  A result is of two pages if it is longer than one.
 */
struct labyrinth_result {
	LABYRINTH_LE32 magic;
	LABYRINTH_LE16 status;		/* enum labyrinth_solve_status */
	LABYRINTH_LE16 reserved;
	LABYRINTH_LE32 cookie;		/* the job's */
	LABYRINTH_LE32 size;		/* bytes of the result, these included */
	LABYRINTH_LE32 steps;		/* of the path */
	LABYRINTH_LE32 visited;		/* cells that the search came to */
	LABYRINTH_LE32 work;		/* what it did, in its own units */
	LABYRINTH_LE16 width;		/* as in the job, 0 if that could not be read */
	LABYRINTH_LE16 height;
};

#define LABYRINTH_RESULT_HEADER		32u

enum labyrinth_step {
	LABYRINTH_STEP_NORTH	= 0,
	LABYRINTH_STEP_EAST	= 1,
	LABYRINTH_STEP_SOUTH	= 2,
	LABYRINTH_STEP_WEST	= 3,
};

enum labyrinth_solve_status {
	LABYRINTH_SOLVE_SOLVED		= 0,
	LABYRINTH_SOLVE_UNSOLVABLE	= 1,	/* no way from the start to the goal */
	LABYRINTH_SOLVE_MALFORMED	= 2,	/* no maze, or not as long as it says */
	LABYRINTH_SOLVE_GEOMETRY	= 3,	/* no cells, start or goal outside, no outer wall */
	LABYRINTH_SOLVE_OVERSIZE	= 4,	/* a side or the cells are too many */
	LABYRINTH_SOLVE_ENDLESS		= 5,	/* JOB_MAX bytes or JOB_USEC, and not whole */
	LABYRINTH_SOLVE_BUSY		= 6,	/* other queues kept the memory for JOB_USEC */
	LABYRINTH_SOLVE_BAD_DESC	= 7,	/* a descriptor of it was refused */
	LABYRINTH_SOLVE_DMA		= 8,	/* the bus refused a piece of it */
	LABYRINTH_SOLVE_DAMAGED		= 9,	/* the search's memory is not what it wrote */
	LABYRINTH_SOLVE_STATUSES	= 10,
};

/* --- fault injection, offsets in LABYRINTH_PAGE_FAULTS --------------------- */
/*
 * A fault of kind f is injected into some of its *events* (named below): each
 * with the probability RATE, and the NTH from the writing of NTH on; at most
 * LIMIT times from the writing of LIMIT on, unless that is 0.  All chance comes
 * from one generator that SEED starts anew.  The reset of the device leaves
 * this page as it is; power-on and the device's properties of the same names
 * set it.
 */
#define LABYRINTH_FREG_ID		0x000	/* RO, LABYRINTH_FAULTS_ID */
#define LABYRINTH_FREG_KINDS		0x004	/* RO, rules << 16 | faults */
#define LABYRINTH_FREG_SEED		0x008	/* RW 64 */
#define LABYRINTH_FREG_HOSTILE		0x010	/* RW, millionths: how often the adversary lies */
#define LABYRINTH_FREG_RULES		0x014	/* RW, bit per rule that it may use; all at reset */
#define LABYRINTH_FREG_FIRED(r)		(0x080 + 8 * (r))	/* RO 64, enum labyrinth_rule */
#define LABYRINTH_FREG_RATE(f)		(0x400 + 0x20 * (f))	/* RW, millionths */
#define LABYRINTH_FREG_NTH(f)		(0x404 + 0x20 * (f))	/* RW, counts down; 0 none */
#define LABYRINTH_FREG_PARAM(f)		(0x408 + 0x20 * (f))	/* RW, 0: the default below */
#define LABYRINTH_FREG_LIMIT(f)		(0x40c + 0x20 * (f))	/* RW, 0 none */
#define LABYRINTH_FREG_EVENTS(f)	(0x410 + 0x20 * (f))	/* RO 64, under RATE or NTH */
#define LABYRINTH_FREG_INJECTED(f)	(0x418 + 0x20 * (f))	/* RO 64 */

#define LABYRINTH_FAULTS_ID		0x544c4146u	/* "FALT" */
#define LABYRINTH_MILLION		1000000u

/* X(symbol, name, default of PARAM): the event, what happens, what PARAM is */
#define LABYRINTH_FAULTS(X)						\
	/* an interrupt is due: it is not sent, but the vector disarmed */	\
	X(IRQ_LOST, "irq-lost", 0)					\
	/* it is sent PARAM us later */					\
	X(IRQ_LATE, "irq-late", 1000)					\
	/* it is sent PARAM times more */				\
	X(IRQ_TWICE, "irq-twice", 1)					\
	/* the engine ran: a running queue's vector, with nothing new */	\
	X(IRQ_SPURIOUS, "irq-spurious", 0)				\
	/* the engine ran: PARAM of them, one each engine run */	\
	X(IRQ_STORM, "irq-storm", 10000)				\
	/* a data completion is due: it is not written, DROP_FAULT */	\
	X(COMP_LOST, "comp-lost", 0)					\
	/* it is written twice */					\
	X(COMP_TWICE, "comp-twice", 0)					\
	/* it is written after the queue's next one */			\
	X(COMP_REORDERED, "comp-reordered", 0)				\
	/* it is written PARAM us before its data */			\
	X(COMP_EARLY, "comp-early", 10)					\
	/* a page is to be moved: the queue stands still for PARAM us */	\
	X(DMA_STUCK, "dma-stuck", 1000000)				\
	/* only its first PARAM bytes are written, 0: half */		\
	X(DMA_SHORT, "dma-short", 0)					\
	/* one 64-byte line of it is left out */			\
	X(DMA_TORN, "dma-torn", 0)					\
	/* PARAM us after its completion its buffer is written again */	\
	X(DMA_STALE, "dma-stale", 200)					\
	/* a register is read: for PARAM us the link is dead: reads are */	\
	/* all ones, no write, DMA, IRQ */				\
	X(LINK_DEAD, "link-dead", 100000)				\
	/* the engine ran: the same for good, the configuration space too */	\
	X(REMOVED, "removed", 0)					\
	/* a function-level or device reset: it takes PARAM us */	\
	X(FLR_SLOW, "flr-slow", 2000000)				\
	/* the configuration space is read: one bit is wrong */		\
	X(CONFIG_LIE, "config-lie", 0)

/*
 * X(symbol, name): what the adversary makes up, each time that it may and
 * chance has it so.  Its DMA goes only where the device was lent memory, so
 * that without an IOMMU too what happens is the driver's doing.
 */
#define LABYRINTH_RULES(X)						\
	X(COMP_SEQ, "comp-seq")						\
	X(COMP_READY, "comp-ready")					\
	X(COMP_COOKIE, "comp-cookie")					\
	X(COMP_CRC, "comp-crc")						\
	X(COMP_LENGTH, "comp-length")					\
	X(COMP_STATUS, "comp-status")					\
	X(COMP_QUEUE, "comp-queue")					\
	X(COMP_FLAGS, "comp-flags")					\
	X(COMP_MADE, "comp-made")	/* of nothing, all fields */	\
	X(COMP_REWRITE, "comp-rewrite")	/* an old entry changes again */	\
	X(REQ_TAG, "req-tag")						\
	X(REG_VALUE, "reg-value")	/* of any other register read */	\
	X(REG_TWICE, "reg-twice")	/* bits differ from the read before */	\
	X(IRQ_ANY, "irq-any")		/* any vector, any time */	\
	X(DATA, "data")			/* does not fit its CRC */	\
	X(EVENT, "event")		/* an end of the source that is none */

#define LABYRINTH_FAULT_ENUM(sym, name, param)	LABYRINTH_FAULT_##sym,
#define LABYRINTH_RULE_ENUM(sym, name)		LABYRINTH_RULE_##sym,
enum labyrinth_fault { LABYRINTH_FAULTS(LABYRINTH_FAULT_ENUM) LABYRINTH_NR_FAULTS };
enum labyrinth_rule { LABYRINTH_RULES(LABYRINTH_RULE_ENUM) LABYRINTH_NR_RULES };

#endif /* LABYRINTH_HW_H */
