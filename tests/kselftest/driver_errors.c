// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors of the PCI Express link, injected with the kernel's aer_inject: one that
 * is not fatal disturbs nobody; after a fatal one the device is reset, its readers
 * learn of it, and its queues can be bound again.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lab.h"

#define COMPLETION_TIMEOUT	(1u << 14)	/* not fatal */
#define MALFORMED_TLP		(1u << 18)	/* fatal */

/* As the kernel's drivers/pci/pcie/aer_inject.c takes it */
struct aer_error_inj {
	uint8_t bus;
	uint8_t dev;
	uint8_t fn;
	uint32_t uncor_status;
	uint32_t cor_status;
	uint32_t header_log[4];
	uint32_t domain;
};

static void load_injector(void)
{
	struct utsname name;
	char path[256];
	int fd;

	if (uname(&name))
		return;
	snprintf(path, sizeof(path), "/lib/modules/%s/kernel/drivers/pci/pcie/aer_inject.ko",
		 name.release);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	syscall(SYS_finit_module, fd, "", 0);
	close(fd);
}

/* 0, -ENOENT without an injector, or another negative errno */
static int inject(uint32_t error)
{
	struct aer_error_inj inj = { .uncor_status = error };
	unsigned int domain, bus, dev, fn;
	int fd, err = 0;

	if (sscanf(lab_pci(), "%x:%x:%x.%x", &domain, &bus, &dev, &fn) != 4)
		return -EINVAL;
	inj.domain = domain;
	inj.bus = bus;
	inj.dev = dev;
	inj.fn = fn;
	load_injector();
	fd = open("/dev/aer_inject", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -ENOENT;
	if (write(fd, &inj, sizeof(inj)) != sizeof(inj))
		err = -errno;
	close(fd);
	return err;
}

/*
 * Does the port above tell that its link is up?  With ACPI hot-plug QEMU's does
 * not, and the kernel then takes no link reset for done.
 */
static bool link_is_told(void)
{
	uint8_t config[256];
	unsigned int at;
	char path[128];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), LAB_SYS "/device/../config");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, config, sizeof(config));
	close(fd);
	if (n != sizeof(config))
		return false;
	for (at = config[0x34]; at >= 0x40 && at < sizeof(config) - 0x14; at = config[at + 1])
		if (config[at] == 0x10)		/* PCI Express: Link Status, link active */
			return config[at + 0x13] & 0x20;
	return false;
}

FIXTURE(link) {
	struct lab_rx rx;
	pthread_t thread;
	int err;
};

FIXTURE_VARIANT(link) {
	uint32_t mode;
};

FIXTURE_VARIANT_ADD(link, demand) { .mode = LABYRINTH_MODE_DEMAND };
FIXTURE_VARIANT_ADD(link, ring) { .mode = LABYRINTH_MODE_RING };

FIXTURE_SETUP(link)
{
	struct labyrinth_bind bind = lab_generator(0, variant->mode, 0);

	ASSERT_NE(NULL, lab_pci());
	ASSERT_EQ(0, lab_bind(&self->rx, &bind));
}

FIXTURE_TEARDOWN(link)
{
	lab_close(&self->rx);
	EXPECT_TRUE(lab_pages_back());
}

TEST_F(link, an_error_that_is_not_fatal_disturbs_nobody)
{
	int err;

	ASSERT_EQ(0, lab_receive(&self->rx, 100));
	err = inject(COMPLETION_TIMEOUT);
	if (err == -ENOENT)
		SKIP(return, "no aer_inject");
	ASSERT_EQ(0, err);
	usleep(200000);
	EXPECT_EQ(0, lab_receive(&self->rx, 1000));
	EXPECT_EQ(0, self->rx.gaps);
	EXPECT_TRUE(lab_clean(&self->rx));
}

TEST_F(link, a_fatal_error_resets_the_device)
{
	struct labyrinth_bind bind = lab_generator(0, variant->mode, 500);
	uint64_t end;
	int err;

	if (!link_is_told())
		SKIP(return, "the root port does not tell that its link is up");
	ASSERT_EQ(0, lab_receive(&self->rx, 100));
	err = inject(MALFORMED_TLP);
	if (err == -ENOENT)
		SKIP(return, "no aer_inject");
	ASSERT_EQ(0, err);
	EXPECT_EQ(-ECONNRESET, lab_receive(&self->rx, 0));
	EXPECT_TRUE(lab_clean(&self->rx));

	/* the recovery takes the time of a link reset */
	end = lab_ms() + LAB_WAIT_MS;
	do {
		err = labyrinth_io_bind(self->rx.fd, &bind);
	} while (err == -EAGAIN && lab_ms() < end && !usleep(10000));
	ASSERT_EQ(0, err);
	self->rx.bind = bind;
	self->rx.pages = 0;
	self->rx.next_seq = 0;
	EXPECT_EQ(0, lab_receive(&self->rx, 0));
	EXPECT_EQ(500, self->rx.pages);
	EXPECT_TRUE(lab_clean(&self->rx));
}

TEST_HARNESS_MAIN
