// SPDX-License-Identifier: GPL-2.0-only
/*
 * press - pressure on a guest's memory and processor that repeats to the byte
 *
 *   press anon MIB             anonymous pages, each written again and again
 *   press shmem MIB            files in shared memory, written and deleted in turn
 *   press files MIB            the page cache: files of the root, read again and again
 *   press fragment MIB         every second page given back, so that no block stays whole
 *   press cgroup MIB LIMIT     anonymous pages in a control group that may have LIMIT MiB
 *   press cpu                  calculates
 *   press clock                prints the guest's time in microseconds, and ends
 *
 * Contract: no chance and no clock decide anything; it runs until it is killed.
 * The kernel takes it first when it is out of memory, and then it begins again:
 * what it leaves alone is the rest of the guest.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#define MIB	(1ul << 20)
#define PAGE	4096ul
#define GROUP	"/sys/fs/cgroup/press"

static void fail(const char *what)
{
	perror(what);
	_exit(1);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fail(path);
	close(fd);
}

static char *map(unsigned long mib)
{
	char *at = mmap(NULL, mib * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		fail("mmap");
	madvise(at, mib * MIB, MADV_NOHUGEPAGE);
	return at;
}

static void anon(unsigned long mib)
{
	char *at = map(mib);
	unsigned long i;

	for (;;) {
		for (i = 0; i < mib * MIB; i += PAGE)
			at[i]++;
		/* all of it new from the page allocator the next time */
		madvise(at, mib * MIB, MADV_DONTNEED);
	}
}

static void shmem(unsigned long mib)
{
	static char page[PAGE] = "press";
	char path[64];
	unsigned long file, i;

	for (file = 0;; file = (file + 1) % 4) {
		int fd;

		snprintf(path, sizeof(path), "/dev/shm/press.%lu", file);
		unlink(path);
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0)
			fail(path);
		for (i = 0; i < mib * MIB / PAGE / 4; i++)
			if (write(fd, page, PAGE) != (ssize_t)PAGE)
				break;
		close(fd);
	}
}

/* Reads what is below a folder, until so many bytes were read; true if it was as many */
static int read_below(const char *folder, unsigned long *left, int depth)
{
	static char data[16 * PAGE];
	struct dirent *entry;
	DIR *dir = opendir(folder);

	while (dir && *left && (entry = readdir(dir))) {
		char path[4096];
		struct stat st;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (lstat(path, &st))
			continue;
		if (S_ISDIR(st.st_mode) && depth < 6) {
			read_below(path, left, depth + 1);
		} else if (S_ISREG(st.st_mode)) {
			int fd = open(path, O_RDONLY | O_CLOEXEC);
			ssize_t n;

			while (fd >= 0 && *left && (n = read(fd, data, sizeof(data))) > 0)
				*left -= (unsigned long)n < *left ? (unsigned long)n : *left;
			if (fd >= 0)
				close(fd);
		}
	}
	if (dir)
		closedir(dir);
	return !*left;
}

static void files(unsigned long mib)
{
	for (;;) {
		unsigned long left = mib * MIB;

		if (!read_below("/usr", &left, 0) && left == mib * MIB) {
			fprintf(stderr, "no files in /usr to read\n");
			_exit(1);
		}
	}
}

static void fragment(unsigned long mib)
{
	char *at = map(mib);
	unsigned long i, round;

	for (round = 0;; round++) {
		for (i = 0; i < mib * MIB; i += PAGE)
			at[i]++;
		/* the odd pages, then the even ones, so that what stays moves */
		for (i = round % 2 * PAGE; i < mib * MIB; i += 2 * PAGE)
			madvise(at + i, PAGE, MADV_DONTNEED);
		usleep(2000);
	}
}

static void cpu(void)
{
	volatile unsigned long x = 1;

	for (;;)
		x = x * 6364136223846793005ul + 1;
}

static void cgroup(unsigned long mib, unsigned long limit)
{
	char text[32];

	mount("none", "/sys/fs/cgroup", "cgroup2", 0, NULL);
	put("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	mkdir(GROUP, 0755);
	snprintf(text, sizeof(text), "%luM", limit);
	put(GROUP "/memory.max", text);
	snprintf(text, sizeof(text), "%d", getpid());
	put(GROUP "/cgroup.procs", text);
	anon(mib);
}

static unsigned long number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (!value || *end || value > 1ul << 20) {
		fprintf(stderr, "press: %s is no size in MiB\n", text);
		exit(2);
	}
	return value;
}

static int one_kind(const char *kind, int argc, char **argv)
{
	if (!strcmp(kind, "cpu") && argc == 2)
		cpu();
	else if (!strcmp(kind, "anon") && argc == 3)
		anon(number(argv[2]));
	else if (!strcmp(kind, "shmem") && argc == 3)
		shmem(number(argv[2]));
	else if (!strcmp(kind, "files") && argc == 3)
		files(number(argv[2]));
	else if (!strcmp(kind, "fragment") && argc == 3)
		fragment(number(argv[2]));
	else if (!strcmp(kind, "cgroup") && argc == 4)
		cgroup(number(argv[2]), number(argv[3]));
	return 2;
}

int main(int argc, char **argv)
{
	int status;

	if (argc == 2 && !strcmp(argv[1], "clock")) {
		struct timespec t;

		clock_gettime(CLOCK_MONOTONIC, &t);
		printf("%ld\n", t.tv_sec * 1000000 + t.tv_nsec / 1000);
		return 0;
	}
	if (argc < 2)
		return 2;
	put("/proc/self/oom_score_adj", "1000");
	for (;;) {
		pid_t child = fork();

		if (child < 0)
			fail("fork");
		if (!child) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			_exit(one_kind(argv[1], argc, argv));
		}
		if (waitpid(child, &status, 0) != child)
			fail("waitpid");
		if (WIFEXITED(status))
			return WEXITSTATUS(status);
		usleep(10000);	/* the kernel took it */
	}
}
