// SPDX-License-Identifier: GPL-2.0-only
/*
 * sysfs says the same as the ioctls, and the trace events are there
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lab.h"

static bool queue_file(unsigned int queue, const char *name, uint64_t *value)
{
	char path[128];

	snprintf(path, sizeof(path), LAB_SYS "/queue%u/%s", queue, name);
	return lab_read_number(path, value);
}

TEST(the_device_files_say_what_info_says)
{
	static const char *const policies[] = { "fallback", "pool", "direct" };
	struct labyrinth_info info;
	uint64_t value;
	char line[32];

	ASSERT_EQ(0, lab_info(&info));
	ASSERT_TRUE(lab_read_number(LAB_SYS "/queues", &value));
	EXPECT_EQ(info.queues, value);
	ASSERT_TRUE(lab_read_number(LAB_SYS "/vectors", &value));
	EXPECT_EQ(info.vectors, value);
	ASSERT_TRUE(lab_read_line(LAB_SYS "/policy", line, sizeof(line)));
	EXPECT_STREQ(policies[info.policy], line);
	ASSERT_TRUE(lab_read_line(LAB_SYS "/state", line, sizeof(line)));
	EXPECT_STREQ("live", line);
	ASSERT_TRUE(lab_read_number(LAB_SYS "/errors", &value));
}

TEST(a_folder_for_each_queue_and_no_more)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), LAB_SYS "/queue%u", LAB_QUEUES - 1);
	EXPECT_EQ(0, stat(path, &st));
	snprintf(path, sizeof(path), LAB_SYS "/queue%u", LAB_QUEUES);
	EXPECT_EQ(-1, stat(path, &st));
}

TEST(nothing_can_be_written)
{
	EXPECT_NE(0, lab_write(LAB_SYS "/queues", "1"));
	EXPECT_NE(0, lab_write(LAB_SYS "/queue0/delivered", "1"));
}

TEST(the_queue_files_say_what_queue_stats_says)
{
	static const struct {
		const char *file;
		size_t offset;
	} files[] = {
#define FILE_OF(name) { #name, offsetof(struct labyrinth_queue_stats, name) }
		FILE_OF(produced), FILE_OF(completed), FILE_OF(device_irqs), FILE_OF(requests),
		FILE_OF(refused), FILE_OF(irqs), FILE_OF(completions), FILE_OF(delivered),
		FILE_OF(delivered_bytes), FILE_OF(discarded), FILE_OF(failed), FILE_OF(invalid),
		FILE_OF(late_grants), FILE_OF(denied),
		{ "dropped_overrun", offsetof(struct labyrinth_queue_stats, dropped[0]) },
		{ "dropped_stop", offsetof(struct labyrinth_queue_stats, dropped[1]) },
		{ "dropped_dma", offsetof(struct labyrinth_queue_stats, dropped[2]) },
		{ "alloc_fail", offsetof(struct labyrinth_queue_stats, isr_allocs[5]) },
		{ "isr_process", offsetof(struct labyrinth_queue_stats, isr_contexts[0]) },
		{ "isr_softirq", offsetof(struct labyrinth_queue_stats, isr_contexts[1]) },
		{ "isr_hardirq", offsetof(struct labyrinth_queue_stats, isr_contexts[2]) },
	};
	struct labyrinth_bind bind = lab_generator(1, LABYRINTH_MODE_DEMAND, 500);
	struct labyrinth_queue_stats stats;
	static struct lab_rx rx;
	uint64_t value;
	size_t i;

	ASSERT_EQ(0, lab_bind(&rx, &bind));
	ASSERT_TRUE(queue_file(1, "bound", &value));
	EXPECT_EQ(1, value);
	ASSERT_EQ(0, lab_receive(&rx, 0));
	lab_close(&rx);
	ASSERT_EQ(0, lab_queue_stats(1, &stats));
	EXPECT_EQ(500, stats.delivered);
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		ASSERT_TRUE(queue_file(1, files[i].file, &value)) {
			TH_LOG("no file %s", files[i].file);
		}
		EXPECT_EQ(*(__u64 *)((char *)&stats + files[i].offset), value) {
			TH_LOG("file %s", files[i].file);
		}
	}
	ASSERT_TRUE(queue_file(1, "pages_cpu", &value));
	EXPECT_EQ(0, value);
	ASSERT_TRUE(queue_file(1, "pages_device", &value));
	EXPECT_EQ(0, value);
	ASSERT_TRUE(queue_file(1, "backlog", &value));
	EXPECT_EQ(0, value);
	ASSERT_TRUE(queue_file(1, "bound", &value));
	EXPECT_EQ(0, value);
}

/* The number of a queue's interrupt in /proc/interrupts, or -1 */
static int irq_of(unsigned int queue)
{
	char line[1024], name[32];
	int irq = -1;
	FILE *in = fopen("/proc/interrupts", "re");

	if (!in)
		return -1;
	snprintf(name, sizeof(name), "labyrinth0-q%u\n", queue);
	while (irq < 0 && fgets(line, sizeof(line), in))
		if (strstr(line, name))
			irq = atoi(line);
	fclose(in);
	return irq;
}

TEST(interrupts_are_spread_over_the_cpus_and_can_be_moved)
{
	char path[64], first[64], second[64];
	struct labyrinth_info info;

	ASSERT_EQ(0, lab_info(&info));
	if (info.vectors != LAB_QUEUES + 1 || sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "one CPU, or shared vectors");
	snprintf(path, sizeof(path), "/proc/irq/%d/smp_affinity_list", irq_of(0));
	ASSERT_TRUE(lab_read_line(path, first, sizeof(first)));
	snprintf(path, sizeof(path), "/proc/irq/%d/smp_affinity_list", irq_of(1));
	ASSERT_TRUE(lab_read_line(path, second, sizeof(second)));
	EXPECT_STRNE(first, second);

	ASSERT_EQ(0, lab_write(path, first));
	ASSERT_TRUE(lab_read_line(path, first, sizeof(first)));
	EXPECT_STRNE(first, second);
	EXPECT_EQ(0, lab_write(path, second));
}

TEST(a_page_can_be_followed_in_the_trace)
{
	static const char *const events[] = {
		"labyrinth_irq:", "labyrinth_request:", "labyrinth_grant:",
		"labyrinth_completion:",
	};
	struct labyrinth_bind bind = lab_generator(0, LABYRINTH_MODE_DEMAND, 20);
	unsigned int seen[4] = { 0 };
	static struct lab_rx rx;
	char line[512];
	size_t i;
	FILE *in;

	/* Whoever mounts it: it may be there already. */
	if (access("/sys/kernel/tracing/trace", R_OK))
		SKIP(return, "no tracefs at /sys/kernel/tracing");
	ASSERT_EQ(0, lab_write("/sys/kernel/tracing/trace", "\n"));
	ASSERT_EQ(0, lab_write("/sys/kernel/tracing/events/labyrinth/enable", "1"));
	ASSERT_EQ(0, lab_bind(&rx, &bind));
	ASSERT_EQ(0, lab_receive(&rx, 0));
	lab_close(&rx);
	ASSERT_EQ(0, lab_write("/sys/kernel/tracing/events/labyrinth/enable", "0"));
	in = fopen("/sys/kernel/tracing/trace", "re");
	ASSERT_NE(NULL, in);
	while (fgets(line, sizeof(line), in))
		for (i = 0; i < 4; i++)
			seen[i] += !!strstr(line, events[i]);
	fclose(in);
	EXPECT_GE(seen[0], 1);
	EXPECT_EQ(20, seen[1]);
	EXPECT_EQ(20, seen[2]);
	/* with the event of the end */
	EXPECT_EQ(21, seen[3]);
}

TEST_HARNESS_MAIN
