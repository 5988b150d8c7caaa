/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the driver's self-tests share: a receiver that checks every page, and the
 * ways to take the device or the module away.
 *
 * Contract: nothing here asserts; each call says what it found, and the test says
 * what it should have been.
 */
#ifndef LAB_H
#define LAB_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "labyrinth_io.h"

#define LAB_DEV		"/dev/labyrinth0"
#define LAB_SYS		"/sys/class/labyrinth/labyrinth0"
#define LAB_QUEUES	4

/*
 * What must happen is waited for, so long that only a hang takes longer: nobody knows
 * how slow the machine is, and what else it does.
 */
#define LAB_WAIT_MS	60000
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 300

/* --- receiving ------------------------------------------------------------- */

struct lab_rx {
	int fd;
	struct labyrinth_bind bind;	/* with the number of the queue */
	uint64_t next_seq;
	uint64_t pages;
	uint64_t bytes;
	uint64_t gaps;
	uint64_t crc_errors;
	uint64_t seq_errors;
	uint64_t data_errors;	/* pages that are not the generator's */
	char buffer[LABYRINTH_IO_BUFFER];
};

/* A generator of @pages (0: no end) on @queue (-1: any), record format. */
struct labyrinth_bind lab_generator(int queue, uint32_t mode, uint64_t pages);

/* Opens a file and binds it; 0 or a negative errno, and then nothing is open. */
int lab_bind(struct lab_rx *rx, const struct labyrinth_bind *bind);

/*
 * Reads and checks until @pages more have come (0: until the end of the data);
 * a negative errno if reading ended with one.
 */
int lab_receive(struct lab_rx *rx, uint64_t pages);

/* One read() of at most @size bytes, checked; what it returned, or a negative errno. */
ssize_t lab_read(struct lab_rx *rx, size_t size);

/* Nothing wrong in what was received. */
bool lab_clean(const struct lab_rx *rx);

void lab_close(struct lab_rx *rx);

/* --- queues under load: a thread each, reading until something ends it ---------- */

struct lab_load {
	pthread_t thread;
	struct lab_rx *rx;
	int err;
};

/* All queues with endless generators; 0 or a negative errno. */
int lab_begin_load(struct lab_load *load, struct lab_rx *rx, uint32_t mode);
/* Waits until each thread has read a page. */
bool lab_wait_load(const struct lab_rx *rx);
/* When each thread has come to its end. */
void lab_end_load(struct lab_load *load);
/* What such a thread does with a struct lab_load */
void *lab_read_on(void *load);
/* One queue works from its first page to its last: 0, or a negative errno. */
int lab_good_run(struct lab_rx *rx, uint32_t mode);

/* --- questions, without a queue of one's own ------------------------------- */

int lab_queue_stats(unsigned int queue, struct labyrinth_queue_stats *stats);
int lab_pool_stats(struct labyrinth_pool_stats *stats);
int lab_info(struct labyrinth_info *info);

uint64_t lab_dropped(const struct labyrinth_queue_stats *stats);
/* Successful allocations of the ISR */
uint64_t lab_isr_pages(const struct labyrinth_queue_stats *stats);
/* Waits until every page of the pool is free. */
bool lab_pages_back(void);
/* Waits until a queue has had so many completions, or so many queues are bound. */
bool lab_wait_completions(unsigned int queue, uint64_t count);
bool lab_wait_bound(unsigned int count);

/* --- the device and the module --------------------------------------------- */

/* "0000:01:00.0", from sysfs; NULL without a device */
const char *lab_pci(void);
/* Writes to a file of sysfs; 0 or a negative errno. */
int lab_write(const char *path, const char *text);
/* A number, or a line, from a file of sysfs; false without it. */
bool lab_read_number(const char *path, uint64_t *number);
bool lab_read_line(const char *path, char *line, size_t size);

int lab_reset_function(const char *pci);
int lab_unbind(const char *pci);
int lab_rebind(const char *pci);
/* Waits until the device node is there, and can be opened. */
bool lab_wait_device(void);

/* Needs LAB_MODULE_DIR; 0 or a negative errno. */
int lab_load(const char *params);
int lab_unload(void);

/* Milliseconds of a clock that only goes forward */
uint64_t lab_ms(void);
/*
 * The time that something may take at most, in milliseconds, on a machine that has
 * nothing else to do; here, where that is not known, ten times as much.
 */
uint64_t lab_patience(uint64_t ms);

#endif /* LAB_H */
