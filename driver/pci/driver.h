/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * labyrinth - what the files of the PCI driver share
 *
 * Who protects what.  Two locks, taken in this order:
 *
 *  labyrinth_dev.ctl	(mutex) the life of the device and of its queues: bind,
 *			start, stop, reset, remove.  A sysfs reset, PM and the
 *			error handlers take it too.
 *  labyrinth_queue.lock (raw spinlock, interrupts off; bottom.h says when it is another)
 *			the rings, the slots and the counters of one queue.  The ISR
 *			takes nothing else.
 *
 * A file's own mutex, where it is held as well, comes before both.
 *
 * Registers may be touched only while the device's state is LABYRINTH_LIVE and
 * ctl is held, or while a queue's phase is LABYRINTH_RUNNING and its lock is
 * held: whoever takes the hardware away leaves those two states first.
 *
 * A page's way through a queue: a free slot gets a page and goes to `granted`
 * (the page is the device's); its completion moves it to `ready` (the page is
 * the CPU's, waiting for a reader); reading it to the end frees the page and
 * the slot.  The number of slots is the queue's depth, so a reader that is
 * slow stops the grants, and nothing is lost.  In ring mode a queue keeps pages
 * that its source may never fill; so that it cannot keep those that another queue
 * needs, it has no more slots than its share of what the pool may grow to.
 */
#ifndef LABYRINTH_PCI_DRIVER_H
#define LABYRINTH_PCI_DRIVER_H

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/jump_label.h>
#include <linux/kobject.h>
#include <linux/labyrinth.h>
#include <linux/labyrinth_pool.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/static_call.h>
#include <linux/uio.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "labyrinth_hw.h"

#define LABYRINTH_NAME		"labyrinth"
#define LABYRINTH_DEPTH_MAX	(LABYRINTH_RING_MAX / 2)
/* What one interrupt may do; what is left over interrupts again. */
#define LABYRINTH_IRQ_BUDGET	64
/* Pages that are freed together at the most */
#define LABYRINTH_SPENT_MAX	16
/* Denied requests that a queue remembers: more than the device can have. */
#define LABYRINTH_PENDING_MAX	(2 * LABYRINTH_STAGING_PAGES)
/* A device that lies so often is not trusted any more. */
#define LABYRINTH_INVALID_MAX	64
#define LABYRINTH_STOP_MS	500
/* How long a reset may take */
#define LABYRINTH_RESET_MS	5000
/* ... and how often it is looked at after that, before it is given up */
#define LABYRINTH_RESET_TRIES	100
/* Interrupts that found nothing to do, after which a vector has to rest, and how long */
#define LABYRINTH_STORM_IRQS	256
#define LABYRINTH_STORM_MS	100
/* Of these, one that found something makes up for so many, of each queue that may call */
#define LABYRINTH_STORM_CREDIT	8
#define LABYRINTH_DESTROY_MS	1000
#define LABYRINTH_REQ_TIMEOUT_US 20000
/* How soon a queue that found no page is looked at again */
#define LABYRINTH_STARVED_JIFFIES msecs_to_jiffies(10)
/* Another allocator's page, whose ways nobody sees */
#define LABYRINTH_ROUTE_OTHER	LABYRINTH_NR_ROUTES
/* ... and its policy: none */
#define LABYRINTH_POLICY_NONE	(LABYRINTH_POLICY_DIRECT + 1)
/* The page of a slot that never had one */
#define LABYRINTH_PAGE_NEVER	((labyrinth_page_t){ ~0ULL })

enum labyrinth_dev_state {
	LABYRINTH_LIVE,
	LABYRINTH_RESETTING,	/* FLR, suspend, error recovery: comes back */
	LABYRINTH_LOST,		/* answers all ones; the watch waits for it, not for long */
	LABYRINTH_DEAD,		/* it did not come back, or its reset failed */
	LABYRINTH_GONE,		/* removed */
};

enum labyrinth_phase {
	LABYRINTH_UNBOUND,
	LABYRINTH_HELD,		/* bound, not started yet */
	LABYRINTH_RUNNING,
	LABYRINTH_STOPPED,	/* by its owner; what is ready can be read */
	LABYRINTH_FAILED,	/* by the device or its loss; see error */
};

enum labyrinth_eos {
	LABYRINTH_EOS_NONE,
	LABYRINTH_EOS_UNREAD,	/* the next read returns 0 ... */
	LABYRINTH_EOS_READ,	/* ... and so on until there is data again */
};

/**
 * struct labyrinth_slot - room for one page of a queue; all under the queue's lock, or, while
 *			   a reader has claimed it, that reader's
 * @next:	in the queue's chain free, granted or ready
 * @page:	the buffer; none while free, and none for a page that was dropped; labyrinth's,
 *		or one that another allocator knows as the next three do
 * @frame:	page, page_pool
 * @mapped:	mempool
 * @block:	dma_pool: its kernel address
 * @seq:	as in the completion, like the next four
 * @ready_ns:	device time at which the data was whole
 * @crc32c:	of @length bytes
 * @cookie:	the device's name of the buffer while granted
 * @length:	bytes of data
 * @offset:	bytes that a reader of the stream format has had
 * @status:	enum labyrinth_comp_status
 * @eos:	the source ended after this page
 * @overtaken:	granted, but a younger one was completed before it
 * @sealed:	the queue's copy is of this page, and fits its CRC
 * @mine:	with isolate=strict: a reader took the page from the device
 * @dma:	address of a page that is not labyrinth's, and only there then
 */
struct labyrinth_slot {
	struct labyrinth_slot *next;
	union {
		labyrinth_page_t page;
		struct page *frame;
		struct labyrinth_mapped *mapped;
		void *block;
	};
	u64 seq;
	u64 ready_ns;
	u32 crc32c;
	u32 cookie;
	u16 length;
	u16 offset;
	u16 status;
	bool eos;
	bool overtaken;
	bool sealed;
	bool mine;
	dma_addr_t dma[];
};

/* Slots in a row, see chain.h */
struct labyrinth_chain {
	struct labyrinth_slot *first;
	struct labyrinth_slot **end;
};

/* A request that waits for a buffer */
struct labyrinth_pending {
	u32 tag;
	bool denied;		/* the device was told, a grant will be a late one */
};

/* The driver's counts since BIND; names as in struct labyrinth_queue_stats */
struct labyrinth_counts {
	u64 irqs;
	u64 completions;
	u64 delivered;
	u64 delivered_bytes;
	u64 discarded;
	u64 failed;
	u64 invalid;
	u64 isr_allocs[LABYRINTH_ROUTES + 1];
	u64 isr_contexts[LABYRINTH_CONTEXTS];
	u64 late_grants;
	u64 denied;
	u64 rescued;
	u64 corrupt;
	u64 injected;
};

/* What another allocator than labyrinth was asked for since probe */
struct labyrinth_tally {
	u64 gets;
	u64 fails;
	u64 puts;
};

/* What the watch saw of a running queue when it looked last; ctl */
struct labyrinth_seen {
	u64 irqs;
	u32 cq_head;
	bool waits;		/* there was work, since: */
	unsigned long since;
	unsigned long moved;	/* when cq_head last changed */
};

/* The device's counts, as last read */
struct labyrinth_device_counts {
	u64 produced;
	u64 completed;
	u64 dropped[LABYRINTH_DROPS];
	u64 irqs;
	u64 requests;
	u64 refused;
	u64 jobs;
	u64 answered;
};

struct labyrinth_dev;
struct labyrinth_file;
struct labyrinth_jobs;

/**
 * struct labyrinth_queue - one queue of the device
 * @ldev:	constant
 * @index:	constant
 * @regs:	its register page; constant, see above when it may be used
 * @uregs:	its user register page
 * @kobj:	its folder in sysfs; constant
 * @wait:	readers and pollers
 * @wake:	wakes them where it has to be done later: an ISR on PREEMPT_RT must not
 *		take @wait's lock
 * @owner:	ctl; the file that has the queue, or NULL
 * @config:	ctl; of the last BIND
 * @slots:	ctl; @nr_slots of them, while bound; see labyrinth_slot_at()
 * @slot_size:	ctl; bytes of one
 * @nr_slots:	ctl; pages that the queue may hold, at most @config.depth
 * @cq:		ctl; completion ring, while bound
 * @cq_dma:	ctl
 * @pq:		ctl; posted-buffer ring, while bound in ring mode
 * @pq_dma:	ctl
 * @jobs:	ctl; the solver's ring and memory, while bound to it
 * @copy:	ctl; with seal=1 what the reader gets of a page, while bound
 * @resets:	ctl; the device's number of resets when the queue was started
 * @seen:	ctl; by the watch
 * @stuck:	ctl; resets since probe because nothing moved
 * @device:	ctl; the device's counts when it was last stopped
 * @most:	ctl; most slots that were used at once, until the last BIND ended
 * @stock:	ctl; what its allocator keeps for it, until the device goes
 * @stocked:	ctl; for how many pages
 * @sync:	ctl; its pages need dma_sync_*()
 * @bottom:	bottom=softirq: does the interrupt's work
 * @useful:	... and found some when it last did
 * @lock:	the lock of all that follows; labyrinth_lock() takes it
 * @soft:	in its place where it may sleep on PREEMPT_RT
 * @phase:	written with ctl and @lock, read with either
 * @error:	why the phase is LABYRINTH_FAILED, negative errno
 * @draining:	the device was told to stop: it is given nothing more
 * @broken:	the device lied too often; the ISR leaves it alone
 * @starved:	no page or slot was left for what the device wants
 * @at_eos:	what a read at the end of @ready gets
 * @cq_size:	entries, power of two
 * @cq_head:	completions taken since the start
 * @pq_tail:	descriptors posted since the start
 * @next_cookie: of the next posted descriptor
 * @next_seq:	least sequence number that a completion may have
 * @post_max:	pages that are posted at once, so that the ISR has slots to refill
 * @nr_granted:	slots on @granted
 * @nr_overtaken: of these, that the device seems to have forgotten
 * @nr_ready:	slots on @ready
 * @nr_empty:	of these, without a page: the device lost its data
 * @nr_claimed:	of these, the oldest, that a reader copies from outside the lock
 * @orphaned:	the device went meanwhile, and they are off @ready: the reader frees the pages
 * @nr_pending:	entries of @pending
 * @free:	slots without a page
 * @granted:	slots whose page is the device's, oldest first
 * @ready:	slots for the reader, oldest first
 * @pending:	requests that wait for a buffer, oldest first (demand)
 * @spent:	allocator=labyrinth: @nr_spent pages that were read, to be freed together
 * @count:	counters
 * @tally:	what the allocator was asked for, if it is not labyrinth
 */
struct labyrinth_queue {
	struct labyrinth_dev *ldev;
	u16 index;
	void __iomem *regs;
	void __iomem *uregs;
	struct kobject kobj;
	wait_queue_head_t wait;
	struct irq_work wake;

	struct labyrinth_file *owner;
	struct labyrinth_bind config;
	struct labyrinth_slot *slots;
	size_t slot_size;
	u32 nr_slots;
	struct labyrinth_completion *cq;
	dma_addr_t cq_dma;
	struct labyrinth_desc *pq;
	dma_addr_t pq_dma;
	struct labyrinth_jobs *jobs;
	u8 *copy;
	unsigned int resets;
	struct labyrinth_seen seen;
	u64 stuck;
	struct labyrinth_device_counts device;
	u32 most;
	u32 stocked;
	struct tasklet_struct bottom;
	bool useful;

	union {
		raw_spinlock_t lock;
		spinlock_t soft;	/* in its place, see bottom.h */
	} ____cacheline_aligned_in_smp;
	enum labyrinth_phase phase;
	int error;
	bool draining;
	bool broken;
	bool starved;
	enum labyrinth_eos at_eos;
	u32 cq_size;
	u32 cq_head;
	u32 pq_tail;
	u32 next_cookie;
	u64 next_seq;
	u32 post_max;
	u32 nr_granted;
	u32 nr_overtaken;
	u32 nr_ready;
	u32 nr_empty;
	u32 nr_claimed;
	bool orphaned;
	u32 nr_pending;
	struct labyrinth_chain free;
	struct labyrinth_chain granted;
	struct labyrinth_chain ready;
	struct labyrinth_pending pending[LABYRINTH_PENDING_MAX];
	labyrinth_page_t spent[LABYRINTH_SPENT_MAX];
	u32 nr_spent;
	struct labyrinth_counts count;
	struct labyrinth_tally tally;
	void *stock;
	bool sync;
};

/*
 * An MSI-X vector and the queues that it serves; constant after probe, but for @idle,
 * which is its handler's, and @rest, which the watch sets when it finds the vector muted
 */
struct labyrinth_vector {
	struct labyrinth_dev *ldev;
	unsigned int irq;
	bool admin;
	u32 queues;		/* bit per queue */
	u32 idle;		/* interrupts that found nothing to do */
	u32 credit;		/* what one that did takes from @idle */
	unsigned long rest;	/* jiffies at which it may interrupt again; 0: does not rest */
	char name[40];
};

/* Allocations of the ISR that are to fail: debugfs fail_alloc */
struct labyrinth_fail {
	raw_spinlock_t lock;	/* of all that follows; inside a queue's lock */
	u32 rate;		/* millionths */
	u32 nth;		/* counts down */
	u32 limit;		/* of @injected from @base on; 0 none */
	u64 base;
	u64 seed;
	u64 chance;		/* state of the generator */
	u64 events;
	u64 injected;
	bool on;		/* it holds a count of the static key */
};

/**
 * struct labyrinth_dev - one accelerator; lives until its last file is closed
 * @dev:	class device; its reference count is the structure's
 * @cdev:	/dev/labyrinthN
 * @pdev:	valid until remove
 * @regs:	BAR 0, valid until remove
 * @pool:	allocator=labyrinth: where pages come from; valid while it has pages out
 * @pool_limit:	pages that all queues may have in ring mode, and the pool at all; constant
 * @policy:	enum labyrinth_policy; constant
 * @hw_version:	constant, like the next four
 * @caps:	LABYRINTH_CAPS_*
 * @nr_queues:	used entries of @queue
 * @nr_vectors:	MSI-X vectors, 0 with INTx
 * @vector:	used entries: @nr_vectors, or one with INTx
 * @ctl:	see the head of this file
 * @resets:	ctl; how often the device was reset, the first time at probe
 * @recoveries:	ctl; how often the driver did that by itself
 * @lost_since:	ctl; jiffies at which the watch found it LOST, 0: not yet
 * @config:	constant; configuration space as it was at probe, no bus master
 * @last_pool:	ctl; the pool's counters when the device went
 * @state:	enum labyrinth_dev_state; written with @ctl, or LIVE to LOST by anyone
 * @starved:	bit per queue that found no page; atomic
 * @errors:	error interrupts of the device; atomic
 * @muted:	bit per vector that rests because of a storm; atomic
 * @storms:	how often a vector had to; atomic
 * @fail:	allocations of the ISR that are to fail
 * @folder:	in debugfs
 * @watch:	looks after the device while queues are bound
 * @queue:	the queues
 */
struct labyrinth_dev {
	struct device dev;
	struct cdev cdev;
	struct pci_dev *pdev;
	void __iomem *regs;
	struct labyrinth *pool;
	unsigned int pool_limit;
	enum labyrinth_policy policy;
	u32 hw_version;
	u32 caps;
	unsigned int nr_queues;
	unsigned int nr_vectors;
	struct labyrinth_vector vector[LABYRINTH_MAX_QUEUES + 1];
	struct mutex ctl;	/* see the head of this file */
	unsigned int resets;
	unsigned int recoveries;
	unsigned long lost_since;
	struct pci_saved_state *config;
	struct labyrinth_pool_stats last_pool;
	atomic_t state;
	unsigned long starved;
	atomic_t errors;
	unsigned long muted;
	atomic_t storms;
	struct labyrinth_fail fail;
	struct dentry *folder;
	struct delayed_work watch;
	struct labyrinth_queue queue[];
};

static inline enum labyrinth_dev_state labyrinth_state(struct labyrinth_dev *ldev)
{
	return atomic_read(&ldev->state);
}

/* The one way to LOST; from any context, also without ctl.  The watch looks at once. */
static inline void labyrinth_mark_lost(struct labyrinth_dev *ldev)
{
	if (atomic_cmpxchg(&ldev->state, LABYRINTH_LIVE, LABYRINTH_LOST) == LABYRINTH_LIVE)
		irq_work_queue(&ldev->queue[0].wake);
}

/* params.c */
int labyrinth_params_check(void);
unsigned int labyrinth_param_depth(void);
unsigned int labyrinth_param_vectors(void);
bool labyrinth_param_intx(void);
enum labyrinth_mode labyrinth_param_mode(void);
enum labyrinth_policy labyrinth_param_policy(void);
enum labyrinth_isolate labyrinth_param_isolate(void);
unsigned int labyrinth_param_pool_pages(unsigned int nr_queues);
unsigned int labyrinth_param_pool_low(unsigned int pages);
unsigned int labyrinth_param_pool_max(unsigned int pages);
unsigned long labyrinth_param_watch(void);
unsigned long labyrinth_param_stuck(void);
const char *labyrinth_policy_name(enum labyrinth_policy policy);
const char *labyrinth_param_allocator(void);

/* buffers.c: the allocator behind the ISR; buffers.h: its pages */
int labyrinth_buffers_choose(const char *name, bool softirq);
size_t labyrinth_buffers_slot(void);
bool labyrinth_buffers_pool(void);
int labyrinth_buffers_create(struct labyrinth_dev *ldev);
int labyrinth_buffers_destroy(struct labyrinth_dev *ldev);
int labyrinth_buffers_stock(struct labyrinth_queue *q);
void labyrinth_buffers_stats(struct labyrinth_dev *ldev, struct labyrinth_pool_stats *stats);
void labyrinth_buffers_debugfs(struct labyrinth_dev *ldev);

/* bottom.c: where an interrupt's work is done; bottom.h: the lock */
int labyrinth_bottom_choose(void);
const char *labyrinth_bottom_name(void);
void labyrinth_bottom_init(struct labyrinth_queue *q);
bool labyrinth_bottom_pending(const struct labyrinth_queue *q);
void labyrinth_bottom_end(struct labyrinth_queue *q);
/* queue.c: the life of a queue */
void labyrinth_queue_init(struct labyrinth_dev *ldev, unsigned int index);
int labyrinth_queue_bind(struct labyrinth_queue *q, struct labyrinth_file *owner,
			 const struct labyrinth_bind *bind);
void labyrinth_queue_unbind(struct labyrinth_queue *q);
int labyrinth_queue_start(struct labyrinth_queue *q);
void labyrinth_queue_stop(struct labyrinth_queue *q, int error);
void labyrinth_queue_cut(struct labyrinth_queue *q);
void labyrinth_queue_fail(struct labyrinth_queue *q, int error);
void labyrinth_queue_free_rings(struct labyrinth_queue *q);
void labyrinth_queue_stats(struct labyrinth_queue *q, struct labyrinth_queue_stats *stats);
void labyrinth_queue_wake(struct labyrinth_queue *q);
u32 labyrinth_queue_most(const struct labyrinth_queue *q);

static inline struct labyrinth_slot *labyrinth_slot_at(const struct labyrinth_queue *q, u32 i)
{
	return (void *)q->slots + i * q->slot_size;
}

/* isr.c: the data path of the device's side */
bool labyrinth_queue_irq(struct labyrinth_queue *q);
bool labyrinth_queue_poll(struct labyrinth_queue *q);
/* What a vector's handler calls for a queue: labyrinth_queue_irq() where it does the work */
DECLARE_STATIC_CALL(labyrinth_top, labyrinth_queue_irq);
bool labyrinth_queue_waits(struct labyrinth_queue *q);
void labyrinth_queue_rescue(struct labyrinth_queue *q, bool lost);
void labyrinth_queue_feed(struct labyrinth_queue *q);
void labyrinth_feed_starved(struct labyrinth_dev *ldev);
void labyrinth_take_all(struct labyrinth_queue *q);

/* reader.c: the data path of the reader's side */
bool labyrinth_queue_readable(struct labyrinth_queue *q);
ssize_t labyrinth_queue_read(struct labyrinth_queue *q, struct iov_iter *to);
void labyrinth_queue_discard(struct labyrinth_queue *q);

/* jobs.c: mazes for the solver */
int labyrinth_jobs_alloc(struct labyrinth_queue *q);
void labyrinth_jobs_free(struct labyrinth_queue *q);
void labyrinth_jobs_program(struct labyrinth_queue *q);
void labyrinth_jobs_remind(struct labyrinth_queue *q);
bool labyrinth_queue_writable(struct labyrinth_queue *q);
int labyrinth_queue_submit(struct labyrinth_queue *q, const u8 *job, size_t size);

/* seal.c: what a reader gets is what the device checksummed */
DECLARE_STATIC_KEY_FALSE(labyrinth_sealing);
void labyrinth_seal_init(void);
int labyrinth_seal_prepare(struct labyrinth_queue *q);
void labyrinth_seal_check(struct labyrinth_queue *q, struct labyrinth_slot *slot);

/* vectors.c */
int labyrinth_vectors_init(struct labyrinth_dev *ldev);
bool labyrinth_vectors_watch(struct labyrinth_dev *ldev);
void labyrinth_vectors_sync(struct labyrinth_dev *ldev);
unsigned int labyrinth_queue_vector(const struct labyrinth_dev *ldev, unsigned int queue);

/* reset.c */
int labyrinth_hw_init(struct labyrinth_dev *ldev);
int labyrinth_hw_reset(struct labyrinth_dev *ldev);
int labyrinth_polite_reset(struct labyrinth_dev *ldev);
void labyrinth_recover(struct labyrinth_dev *ldev);
void labyrinth_recover_lost(struct labyrinth_dev *ldev);
void labyrinth_quiesce(struct labyrinth_dev *ldev, enum labyrinth_dev_state state, int error);
extern const struct pci_error_handlers labyrinth_err_handlers;
extern const struct dev_pm_ops labyrinth_pm_ops;

/* watch.c */
void labyrinth_watch(struct work_struct *work);

/* fail.c */
DECLARE_STATIC_KEY_FALSE(labyrinth_failing);
bool labyrinth_fail_alloc(struct labyrinth_dev *ldev);
void labyrinth_fail_init(struct labyrinth_dev *ldev);
void labyrinth_fail_stop(struct labyrinth_dev *ldev);
extern const struct file_operations labyrinth_fail_fops;

/* faults.c */
extern const struct file_operations labyrinth_faults_fops;

/* debugfs.c */
void labyrinth_debugfs_start(void);
void labyrinth_debugfs_stop(void);
int labyrinth_debugfs_add(struct labyrinth_dev *ldev);
int labyrinth_debugfs_lines(const char __user *user, size_t count,
			    int (*line)(void *arg, char *words), void *arg);
char *labyrinth_debugfs_word(char **words, char **value);

/* chardev.c */
int labyrinth_chardev_init(void);
void labyrinth_chardev_exit(void);
void labyrinth_chardev_setup(struct labyrinth_dev *ldev, int minor);
extern struct class labyrinth_class;

/* ioctl.c */
int labyrinth_bind_check(struct labyrinth_dev *ldev, struct labyrinth_bind *bind);
int labyrinth_file_bind(struct labyrinth_file *file, struct labyrinth_bind *bind);
long labyrinth_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

/* sysfs.c */
extern const struct attribute_group *labyrinth_dev_groups[];
int labyrinth_sysfs_add(struct labyrinth_dev *ldev);

/**
 * struct labyrinth_file - an open /dev/labyrinthN
 * @ldev:	constant
 * @lock:	one reader, binder or rebinder at a time
 * @queue:	@lock to write; the queue that the file owns, or NULL
 */
struct labyrinth_file {
	struct labyrinth_dev *ldev;
	struct mutex lock;	/* one reader, binder or rebinder at a time */
	struct labyrinth_queue *queue;
};

#endif /* LABYRINTH_PCI_DRIVER_H */
