/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * liblabyrinth-io: the user API of /dev/labyrinthN from C
 *
 * A thin layer: each call is one system call, retried when a signal interrupts
 * it, and returns 0 or more, or a negative errno.  Nothing is allocated, nothing
 * is printed, and no state is kept, so calls may come from any thread.
 * <linux/labyrinth.h> says what the structs mean.
 */
#ifndef LABYRINTH_IO_H
#define LABYRINTH_IO_H

#include <linux/labyrinth.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Enough for one record, and a good size for many */
#define LABYRINTH_IO_RECORD_MAX	(sizeof(struct labyrinth_record) + 4096)
#define LABYRINTH_IO_BUFFER	(1 << 17)

/* Close-on-exec; @flags may add O_NONBLOCK, and O_RDWR for the solver.  The file descriptor, or a negative errno. */
int labyrinth_io_open(const char *path, int flags);

/* Each fills in the struct's size by itself. */
int labyrinth_io_info(int fd, struct labyrinth_info *info);
int labyrinth_io_bind(int fd, struct labyrinth_bind *bind);
int labyrinth_io_queue_stats(int fd, unsigned int queue, struct labyrinth_queue_stats *stats);
int labyrinth_io_pool_stats(int fd, struct labyrinth_pool_stats *stats);

int labyrinth_io_start(int fd);
int labyrinth_io_stop(int fd);
/* Resets the whole device; every running queue ends. */
int labyrinth_io_reset(int fd);

/* Bytes, 0 at the end of the data, or a negative errno. */
ssize_t labyrinth_io_read(int fd, void *buffer, size_t size);

/* A job for the solver: 0, or a negative errno. */
int labyrinth_io_write(int fd, const void *job, size_t size);

/* What labyrinth_io_next() found: both point into the buffer. */
struct labyrinth_io_record {
	const struct labyrinth_record *head;
	const void *data;		/* head->length bytes */
};

/*
 * The next of the records that a read() in the record format returned; *@offset
 * begins at 0.  False at the end, and for bytes that are no whole record.
 */
bool labyrinth_io_next(const void *buffer, size_t size, size_t *offset,
		       struct labyrinth_io_record *record);

/* "cpu", "returned", ...; "?" for a number that has no name */
const char *labyrinth_io_route(unsigned int route);
const char *labyrinth_io_owner(unsigned int owner);
const char *labyrinth_io_context(unsigned int context);
const char *labyrinth_io_drop(unsigned int reason);
const char *labyrinth_io_policy(unsigned int policy);

/* What an errno means when this API returns it, and what to do; NULL: see strerror(). */
const char *labyrinth_io_advice(int error);

#ifdef __cplusplus
}
#endif

#endif /* LABYRINTH_IO_H */
