// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions and their accounts
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "account.h"
#include "labyrinth_fw.h"

int session_begin(struct session *s, struct account *sum, const struct labyrinth_bind *bind, unsigned int ms)
{
	uint64_t end = lab_ms() + ms;
	int err;

	memset(s, 0, offsetof(struct session, buffer));
	s->sum = sum;
	s->bind = *bind;
	s->fd = labyrinth_io_open(LAB_DEV, O_NONBLOCK);
	if (s->fd < 0)
		return s->fd;
	while ((err = labyrinth_io_bind(s->fd, &s->bind)) == -EAGAIN && lab_ms() < end)
		usleep(2000);
	if (err) {
		close(s->fd);
		s->fd = -1;
	}
	return err;
}

static void check(struct session *s, const struct labyrinth_io_record *record)
{
	const struct labyrinth_record *head = record->head;
	static uint8_t wanted[4096];
	uint32_t length;

	if (head->seq > s->next_seq)
		s->sum->gaps += head->seq - s->next_seq;
	s->next_seq = head->seq + 1;
	if (head->status) {
		s->sum->marked++;
		return;
	}
	s->read++;
	length = labyrinth_gen_page(s->bind.gen_seed, s->bind.queue, head->seq, s->bind.gen_min, s->bind.gen_max,
				    wanted);
	if (length == head->length && !memcmp(wanted, record->data, length) &&
	    labyrinth_crc32c(0, record->data, length) == head->crc32c)
		s->sum->right++;
	else
		s->sum->wrong++;
}

int session_read(struct session *s)
{
	struct labyrinth_io_record record;
	size_t offset = 0;
	ssize_t n = labyrinth_io_read(s->fd, s->buffer, sizeof(s->buffer));

	if (n <= 0)
		return n;
	while (labyrinth_io_next(s->buffer, n, &offset, &record))
		check(s, &record);
	return offset == (size_t)n ? 1 : -EPROTO;
}

static uint64_t beyond(uint64_t all, uint64_t known)
{
	return all > known ? all - known : known - all;
}

int session_end(struct session *s, int how, bool device_lies)
{
	struct labyrinth_queue_stats q;
	struct account *sum = s->sum;
	int err;

	close(s->fd);
	s->fd = -1;
	/* They are those of this BIND until the next. */
	err = lab_queue_stats(s->bind.queue, &q);
	if (err)
		return err;
	sum->sessions++;
	sum->finished += !how;
	sum->cut += how == -ECONNRESET || how == -ENODEV || how == -EIO;
	sum->produced += q.produced;
	sum->completed += q.completed;
	sum->dropped += lab_dropped(&q);
	sum->completions += q.completions;
	sum->delivered += q.delivered;
	sum->discarded += q.discarded;
	sum->failed += q.failed;
	sum->invalid += q.invalid;
	sum->corrupt += q.corrupt;
	sum->irqs += q.irqs;
	sum->rescued += q.rescued;
	sum->injected += q.injected;
	sum->alloc_fail += q.isr_allocs[LABYRINTH_ROUTES - 1];
	sum->late_grants += q.late_grants;
	/* What the driver took is the reader's, or was given back, or was refused for its CRC. */
	sum->lost_in_driver += beyond(q.completions, q.delivered + q.discarded + q.corrupt);
	sum->lost_in_driver += beyond(q.delivered, s->read);
	sum->lost_in_driver += q.backlog + q.pages[1] + q.pages[2];
	/* All that was produced came here, was refused here, or is a drop: also what a reset took. */
	if (!device_lies && how != -ENODEV) {
		sum->lost_in_device += beyond(q.produced, q.completed + lab_dropped(&q));
		if (q.completed > q.completions + q.invalid)
			sum->lost_in_device += q.completed - q.completions - q.invalid;
	}
	return 0;
}

/* Until the device has no page of this BIND left to bring: what is there then is read later, and changes no more. */
static void all_there(const struct session *s, uint64_t end)
{
	struct labyrinth_queue_stats q;

	while (!lab_queue_stats(s->bind.queue, &q) && q.completed + lab_dropped(&q) < s->bind.gen_count &&
	       lab_ms() < end)
		usleep(1000);
}

int account_session(struct account *sum, const struct labyrinth_bind *bind, unsigned int ms, unsigned int usec)
{
	uint64_t end = lab_ms() + ms;
	static struct session s;
	int err, how;

	err = session_begin(&s, sum, bind, ms);
	if (err)
		return err;
	if (usec) {
		all_there(&s, end);
		usleep(usec);
	}
	for (;;) {
		struct pollfd one = { .fd = s.fd, .events = POLLIN };

		poll(&one, 1, 20);
		how = session_read(&s);
		if (how <= 0 && how != -EAGAIN)
			break;
		if (lab_ms() > end) {
			how = -ETIMEDOUT;
			break;
		}
	}
	err = session_end(&s, how, false);
	return err ? err : how;
}
