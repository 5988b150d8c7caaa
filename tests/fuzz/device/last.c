/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input under way, where it can be found when the process had to be killed
 *
 * Contract: the file of LABYRINTH_FUZZ_INPUT has the size of the input under
 * way plus one, as 32 bits, lowest byte first, and behind it the input; a size
 * of 0: none is under way.  It is mapped, so that what was written last is in
 * it however the process ends.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "fuzz.h"
#include <sys/mman.h>

#define MOST 4096

typedef struct Last {
    uint32_t size;
    uint8_t data[MOST];
} Last;

static Last *last;

void fuzz_last_begin(void)
{
    const char *path = getenv("LABYRINTH_FUZZ_INPUT");
    int fd;

    if (!path) {
        return;
    }
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof(*last)) < 0) {
        perror(path);
        exit(1);
    }
    last = mmap(NULL, sizeof(*last), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (last == MAP_FAILED) {
        perror(path);
        exit(1);
    }
    close(fd);
}

void fuzz_last(const uint8_t *data, size_t size)
{
    if (last) {
        size = MIN(size, MOST);
        memcpy(last->data, data, size);
        last->size = cpu_to_le32(size + 1);
    }
}

void fuzz_last_over(void)
{
    if (last) {
        last->size = 0;
    }
}
