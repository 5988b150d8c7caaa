// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls with files: opening, closing, all the ways of reading, waiting, passing on
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

#define MOST_PARTS	1024	/* of a vector; the kernel refuses more before it looks at them */
#define DIFFERENT_PARTS	4

static long result(long value)
{
	return value < 0 ? -errno : value;
}

static size_t sane(uint64_t size)
{
	return size % (ARENA_GOOD / 2);
}

/* One in eight waits for data, until the thread's timer interrupts it. */
static long make_open(struct worker *w, const struct call *c)
{
	static const int modes[] = { O_RDONLY, O_RDWR, O_WRONLY, O_RDONLY | O_ASYNC };
	int fd = open(LAB_DEV, modes[c->a & 3] | O_CLOEXEC | (c->b & 7 ? O_NONBLOCK : 0));

	if (fd < 0)
		return -errno;
	put_file(w, c->file, fd);
	return 0;
}

static long make_close(struct worker *w, const struct call *c)
{
	put_file(w, c->file, -1);
	return 0;
}

static long make_dup(struct worker *w, const struct call *c)
{
	int fd = fcntl(get_file(w, c->file), F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return -errno;
	put_file(w, c->other, fd);
	return 0;
}

static long make_read(struct worker *w, const struct call *c)
{
	size_t size = c->a & 1 ? c->size : sane(c->size);
	bool fillable;

	return result(
		read(get_file(w, c->file), pick_address(&w->arena, c, size, &fillable), size));
}

static long make_readv(struct worker *w, const struct call *c)
{
	struct iovec parts[MOST_PARTS];
	bool fillable;
	int i;

	for (i = 0; i < DIFFERENT_PARTS; i++) {
		struct call part = *c;

		part.where = c->where * (i + 1);
		part.b = c->b >> i;
		parts[i].iov_len = i == 3 && c->a & 1 ? c->size : sane(c->a >> 8 * i);
		parts[i].iov_base = pick_address(&w->arena, &part, parts[i].iov_len, &fillable);
	}
	for (; i < MOST_PARTS; i++)
		parts[i] = parts[i % DIFFERENT_PARTS];
	if (c->a & 2)
		return result(
			preadv2(get_file(w, c->file), parts, c->other & 7, -1, c->a >> 4 & 0x1f));
	return result(
		readv(get_file(w, c->file), parts, c->other & 7 ? c->other & 3 : (int)c->size));
}

static long make_pread(struct worker *w, const struct call *c)
{
	bool fillable;
	void *address = pick_address(&w->arena, c, sane(c->size), &fillable);

	if (c->other & 1)
		return result(pwrite(get_file(w, c->file), address, sane(c->size), c->a));
	return result(pread(get_file(w, c->file), address, sane(c->size), c->a));
}

/* Anything, or a job for the solver: two by two cells without a wall between them */
static long make_write(struct worker *w, const struct call *c)
{
	static const unsigned char job[] = {
		'M', 'A', 'Z', 'E', 1, 0, 0, 0, 33, 0, 0, 0, 2, 0, 2, 0,
		0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xe4,
	};
	bool fillable;

	if (c->other & 1)
		return result(write(get_file(w, c->file), job, sizeof(job)));
	return result(write(get_file(w, c->file),
			    pick_address(&w->arena, c, sane(c->size), &fillable), sane(c->size)));
}

static long make_seek(struct worker *w, const struct call *c)
{
	return result(lseek(get_file(w, c->file), c->a, c->other % 6));
}

static long make_poll(struct worker *w, const struct call *c)
{
	struct pollfd set[3];
	int i;

	for (i = 0; i < 3; i++) {
		set[i].fd = get_file(w, c->file + i * (c->other & 7));
		set[i].events = c->b >> 8 * i;
	}
	return result(poll(set, 1 + c->other % 3, c->a % 4));
}

static long make_epoll(struct worker *w, const struct call *c)
{
	struct epoll_event event = { .events = c->b, .data.u32 = c->size };
	int fd = epoll_create1(EPOLL_CLOEXEC);
	long err;

	if (fd < 0)
		return -errno;
	err = result(epoll_ctl(fd, EPOLL_CTL_ADD, get_file(w, c->file), &event));
	epoll_ctl(fd, EPOLL_CTL_ADD, get_file(w, c->other), &event);
	if (c->a & 1)
		epoll_ctl(fd, c->a >> 1 & 3, get_file(w, c->file), &event);
	if (!err)
		err = result(epoll_wait(fd, &event, 1, c->a % 3));
	/* kept in a slot, it watches on while other threads close what it watches */
	if (c->where < 128)
		put_file(w, c->other + 1, fd);
	else
		close(fd);
	return err;
}

static void empty_pipe(struct worker *w)
{
	while (read(w->pipe[0], w->arena.good, ARENA_GOOD) > 0)
		;
}

static long make_splice(struct worker *w, const struct call *c)
{
	loff_t at = c->a;
	long err = result(splice(get_file(w, c->file), c->other & 1 ? &at : NULL, w->pipe[1], NULL,
				 sane(c->size), c->b & 0xf));

	empty_pipe(w);
	return err;
}

static long make_sendfile(struct worker *w, const struct call *c)
{
	off_t at = c->a;
	long err = result(sendfile(c->other & 2 ? w->pipe[1] : w->socket[0], get_file(w, c->file),
				   c->other & 1 ? &at : NULL, sane(c->size)));

	empty_pipe(w);
	while (recv(w->socket[1], w->arena.good, ARENA_GOOD, MSG_DONTWAIT) > 0)
		;
	return err;
}

static long make_flags(struct worker *w, const struct call *c)
{
	static const int sets[] = { O_NONBLOCK, O_NONBLOCK, O_NONBLOCK, O_ASYNC,
				    O_DIRECT,	O_APPEND,   O_NOATIME,	0 };

	if (c->other & 8)
		return result(fcntl(get_file(w, c->file), c->a & 1 ? F_SETOWN : F_SETSIG,
				    c->a & 1 ? getpid() : 0));
	return result(fcntl(get_file(w, c->file), F_SETFL, sets[c->a & 7]));
}

/* A descriptor goes into a socket; sometimes it comes out again, sometimes it stays there. */
static long make_pass(struct worker *w, const struct call *c)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec part = { "x", 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	int fd = get_file(w, c->file);
	char byte;

	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	if (sendmsg(w->socket[0], &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return -errno;
	if (c->a & 1)
		put_file(w, c->file, -1);
	if (c->a & 6) {
		part.iov_base = &byte;
		if (recvmsg(w->socket[1], &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
			return -errno;
		if (message.msg_controllen < sizeof(struct cmsghdr))
			return 0;
		memcpy(&fd, CMSG_DATA(&control.head), sizeof(fd));
		put_file(w, c->other, fd);
	} else if (c->a & 8) {
		close(w->socket[0]);
		close(w->socket[1]);
		if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, w->socket))
			return -errno;
	}
	return 0;
}

/* Only calls that are safe after fork() in a process with threads. */
static long make_fork(struct worker *w, const struct call *c)
{
	int fd = get_file(w, c->file);
	int status;
	pid_t child = fork();

	if (child < 0)
		return -errno;
	if (!child) {
		struct pollfd in = { .fd = fd, .events = POLLIN };
		char bytes[512];
		int i;

		for (i = 0; i < 4; i++)
			if (poll(&in, 1, c->other & 3) < 0 || read(fd, bytes, sizeof(bytes)) < 0)
				break;
		if (c->b & 1)
			pause();
		_exit(0);
	}
	if (c->b & 2)
		put_file(w, c->file, -1);
	if (c->b & 3)
		kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		kill(child, SIGKILL);
	return 0;
}

static long make_signal(struct worker *w, const struct call *c)
{
	struct itimerval now = { .it_value.tv_usec = 1 + c->b % 2000 };
	bool fillable;
	long n;

	/* the whole process's: it comes to any thread */
	setitimer(ITIMER_REAL, &now, NULL);
	n = result(read(get_file(w, c->file), pick_address(&w->arena, c, 8192, &fillable), 8192));
	return n;
}

const struct kind file_kinds[] = {
	{ "open", 90, false, false, make_open },
	{ "close", 30, false, false, make_close },
	{ "dup", 15, false, false, make_dup },
	{ "read", 150, false, false, make_read },
	{ "readv", 60, false, false, make_readv },
	{ "pread", 15, false, true, make_pread },
	{ "write", 10, false, true, make_write },
	{ "lseek", 10, false, true, make_seek },
	{ "poll", 50, false, false, make_poll },
	{ "epoll", 30, false, false, make_epoll },
	{ "splice", 25, false, false, make_splice },
	{ "sendfile", 25, false, false, make_sendfile },
	{ "fcntl", 15, false, false, make_flags },
	{ "pass", 20, false, false, make_pass },
	{ "fork", 3, false, false, make_fork },
	{ "signal", 15, false, false, make_signal },
	{ 0 }
};
