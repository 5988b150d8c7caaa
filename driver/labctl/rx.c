// SPDX-License-Identifier: GPL-2.0-only
/*
 * labctl - one queue while it is received from
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "labyrinth_fw.h"
#include "rx.h"

int rx_open(struct rx *rx, const char *device, struct labyrinth_bind *bind)
{
	int err;

	rx->buffer = malloc(LABYRINTH_IO_BUFFER);
	if (!rx->buffer)
		return -ENOMEM;
	rx->fd = labyrinth_io_open(device, 0);
	if (rx->fd < 0)
		return rx->fd;
	err = labyrinth_io_bind(rx->fd, bind);
	rx->queue = bind->queue;
	return err;
}

static bool fill(struct rx *rx)
{
	ssize_t n = labyrinth_io_read(rx->fd, rx->buffer, LABYRINTH_IO_BUFFER);

	rx->offset = 0;
	rx->filled = n > 0 ? n : 0;
	if (n < 0)
		rx->error = n;
	return n > 0;
}

/* False for a record that carries no page. */
static bool check(struct rx *rx, const struct labyrinth_io_record *record)
{
	const struct labyrinth_record *head = record->head;

	if (head->seq < rx->next_seq) {
		rx->seen.seq_errors++;
	} else {
		rx->seen.gaps += head->seq - rx->next_seq;
		rx->next_seq = head->seq + 1;
	}
	if (head->status) {
		rx->seen.lost++;
		return false;
	}
	rx->seen.pages++;
	rx->seen.bytes += head->length;
	if (labyrinth_crc32c(0, record->data, head->length) != head->crc32c)
		rx->seen.crc_errors++;
	return true;
}

bool rx_next(struct rx *rx, struct labyrinth_io_record *record)
{
	do {
		while (!labyrinth_io_next(rx->buffer, rx->filled, &rx->offset, record)) {
			if (rx->offset < rx->filled) {
				/* The driver promises whole records. */
				rx->error = -EPROTO;
				return false;
			}
			if (!fill(rx))
				return false;
		}
	} while (!check(rx, record));
	atomic_store_explicit(&rx->progress, rx->seen.bytes, memory_order_relaxed);
	return true;
}

void rx_restart(struct rx *rx, int fd)
{
	rx->fd = fd;
	rx->seen = (struct rx_seen){ 0 };
	rx->next_seq = 0;
	rx->filled = 0;
	rx->offset = 0;
	rx->error = 0;
	rx->ended = false;
}

void rx_close(struct rx *rx)
{
	if (rx->fd >= 0)
		close(rx->fd);
	rx->fd = -1;
	free(rx->buffer);
	rx->buffer = NULL;
}

void seen_add(struct rx_seen *sum, const struct rx_seen *seen)
{
	sum->pages += seen->pages;
	sum->bytes += seen->bytes;
	sum->lost += seen->lost;
	sum->gaps += seen->gaps;
	sum->crc_errors += seen->crc_errors;
	sum->seq_errors += seen->seq_errors;
}
