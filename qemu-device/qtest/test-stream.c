/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The character device: bytes in, pages out; back-pressure; the end. */
#include "qemu/osdep.h"
#include <glib-unix.h>
#include "bed.h"
#include "qapi/error.h"
#include "qemu/sockets.h"

#define STREAM(mode) ((mode) | LABYRINTH_SOURCE_STREAM << \
                      LABYRINTH_CONFIG_SOURCE_SHIFT)
#define PATIENCE_US (20 * 1000 * 1000)

typedef struct Source {
    Bed *bed;
    char *dir;
    char *path;
    int fd;
    uint64_t sent;
    uint64_t seen;
} Source;

static uint8_t byte_at(uint64_t at)
{
    return at * 0x9e3779b97f4a7c15ull >> 56;
}

static void source_connect(Source *src)
{
    src->fd = unix_connect(src->path, &error_abort);
    g_assert_true(g_unix_set_fd_nonblocking(src->fd, true, NULL));
}

static void source_new(Source *src, const char *props)
{
    g_autofree char *args = NULL;

    memset(src, 0, sizeof(*src));
    src->dir = g_dir_make_tmp(NULL, NULL);
    g_assert_nonnull(src->dir);
    src->path = g_build_filename(src->dir, "in", NULL);
    args = g_strdup_printf(",chardev=in%s -chardev socket,id=in,path=%s,"
                           "server=on,wait=off", props, src->path);
    src->bed = bed_new(args);
    source_connect(src);
}

/*
 * No more bytes will come.  The socket stays open: QEMU's character device
 * throws away what it has not read when its peer is gone.
 */
static void source_end(Source *src)
{
    g_assert_cmpint(shutdown(src->fd, SHUT_WR), ==, 0);
}

static void source_free(Source *src)
{
    bed_free(src->bed);
    close(src->fd);
    unlink(src->path);
    rmdir(src->dir);
    g_free(src->path);
    g_free(src->dir);
}

/* Writes what the socket takes of @n bytes; false if that is nothing. */
static bool source_write(Source *src, size_t n)
{
    g_autofree uint8_t *data = g_malloc(n);
    ssize_t ret;

    for (size_t i = 0; i < n; i++) {
        data[i] = byte_at(src->sent + i);
    }
    ret = write(src->fd, data, n);
    if (ret < 0) {
        g_assert_cmpint(errno, ==, EAGAIN);
        return false;
    }
    src->sent += ret;
    return true;
}

/* Until the device has taken @n bytes of the stream in all. */
static void wait_bytes(Source *src, uint64_t n)
{
    gint64 end = g_get_monotonic_time() + PATIENCE_US;

    while (bed_get64(src->bed, LABYRINTH_REG_STREAM_BYTES) < n) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        bed_run(src->bed);
    }
    g_assert_cmpuint(bed_get64(src->bed, LABYRINTH_REG_STREAM_BYTES), ==, n);
}

static void wait_status(Source *src, uint32_t status)
{
    gint64 end = g_get_monotonic_time() + PATIENCE_US;

    while (bed_get(src->bed, LABYRINTH_REG_STREAM_STATUS) != status) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        bed_run(src->bed);
    }
}

/* The next completion is the next part of the stream, in @buffer. */
static uint32_t check_part(Source *src, Lane *lane, unsigned buffer)
{
    struct labyrinth_completion c = lane_take(lane);
    uint8_t page[LABYRINTH_PAGE_SIZE];

    g_assert_cmpuint(c.status, ==, LABYRINTH_COMP_OK);
    g_assert_cmpuint(c.seq, ==, lane->seq);
    lane->seq++;
    qtest_memread(src->bed->qts, BED_BUFFER(buffer), page, sizeof(page));
    g_assert_cmphex(c.crc32c, ==, labyrinth_crc32c(0, page, c.length));
    for (unsigned i = 0; i < c.length; i++) {
        g_assert_cmphex(page[i], ==, byte_at(src->seen + i));
    }
    for (unsigned i = c.length; i < sizeof(page); i++) {
        g_assert_cmphex(page[i], ==, BED_BLANK);
    }
    src->seen += c.length;
    return c.length;
}

static void check_end(Lane *lane)
{
    struct labyrinth_completion c = lane_take(lane);

    g_assert_cmpuint(c.status, ==, LABYRINTH_COMP_EOS);
    g_assert_cmpuint(c.seq, ==, lane->seq);
    g_assert_true(c.flags & LABYRINTH_COMP_EVENT);
}

static void start(Source *src, Lane *lane, unsigned q, uint32_t mode)
{
    lane_init(lane, src->bed, q, STREAM(mode), 64);
    lane_start(lane);
}

static void test_ring(void)
{
    Source src;
    Lane lane;

    source_new(&src, "");
    g_assert_cmphex(bed_get(src.bed, LABYRINTH_REG_CAPS) &
                    LABYRINTH_CAPS_STREAM, !=, 0);
    wait_status(&src, LABYRINTH_STREAM_CONNECTED);
    start(&src, &lane, 0, LABYRINTH_CONFIG_RING);
    lane_post(&lane, 0, 64);
    source_write(&src, 10 * LABYRINTH_PAGE_SIZE + 123);
    g_assert_cmpuint(src.sent, ==, 10 * LABYRINTH_PAGE_SIZE + 123);
    source_end(&src);
    wait_status(&src, LABYRINTH_STREAM_ENDED);
    bed_run(src.bed);
    for (unsigned i = 0; i < 10; i++) {
        g_assert_cmpuint(check_part(&src, &lane, i), ==, LABYRINTH_PAGE_SIZE);
    }
    g_assert_cmpuint(check_part(&src, &lane, 10), ==, 123);
    check_end(&lane);
    lane_expect_none(&lane);
    g_assert_cmpuint(bed_get64(src.bed, LABYRINTH_REG_STREAM_BYTES), ==,
                     src.sent);
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_BYTES), ==, src.sent);
    lane_check_accounts(&lane);
    bed_expect_no_errors(src.bed);
    source_free(&src);
}

static void test_demand(void)
{
    Source src;
    Lane lane;
    unsigned parts = 0;

    source_new(&src, "");
    start(&src, &lane, 0, LABYRINTH_CONFIG_DEMAND);
    source_write(&src, 20 * LABYRINTH_PAGE_SIZE);
    g_assert_cmpuint(src.sent, ==, 20 * LABYRINTH_PAGE_SIZE);
    source_end(&src);
    while (parts < 20) {
        unsigned n;

        wait_bytes(&src, MIN(20, parts + LABYRINTH_STAGING_PAGES / 2) *
                         LABYRINTH_PAGE_SIZE);
        n = lane_grant(&lane, 0);
        g_assert_cmpuint(n, >, 0);
        bed_run(src.bed);
        for (unsigned i = 0; i < n; i++) {
            check_part(&src, &lane, i);
        }
        parts += n;
    }
    wait_status(&src, LABYRINTH_STREAM_ENDED);
    bed_run(src.bed);
    check_end(&lane);
    lane_check_accounts(&lane);
    bed_expect_no_errors(src.bed);
    source_free(&src);
}

/* Dealt page by page: whoever reads all in turn has the stream. */
static void test_dealt(void)
{
    Source src;
    Lane lane[3];

    source_new(&src, "");
    bed_set(src.bed, LABYRINTH_REG_STREAM_QUEUES, 3);
    for (unsigned q = 0; q < 3; q++) {
        start(&src, &lane[q], q, LABYRINTH_CONFIG_RING);
        lane_post(&lane[q], 64 * q, 64);
    }
    /* While one of them runs the deal stands */
    bed_set(src.bed, LABYRINTH_REG_STREAM_QUEUES, 2);
    bed_expect_errors(src.bed, 1, LABYRINTH_ERR_BAD_ACCESS);
    source_write(&src, 20 * LABYRINTH_PAGE_SIZE + 1);
    source_end(&src);
    wait_status(&src, LABYRINTH_STREAM_ENDED);
    bed_run(src.bed);
    for (unsigned i = 0; i < 21; i++) {
        check_part(&src, &lane[i % 3], 64 * (i % 3) + i / 3);
    }
    g_assert_cmpuint(src.seen, ==, src.sent);
    for (unsigned q = 0; q < 3; q++) {
        check_end(&lane[q]);
        lane_check_accounts(&lane[q]);
    }
    /* A queue beyond the deal would never see a byte */
    lane_init(&lane[0], src.bed, 3, STREAM(LABYRINTH_CONFIG_RING), 8);
    lane_set(&lane[0], LABYRINTH_QREG_CTL, LABYRINTH_CTL_START);
    bed_expect_errors(src.bed, 1, LABYRINTH_ERR_BAD_CONFIG);
    source_free(&src);
}

/* A host that does not serve pauses the sender; nothing is lost or stored. */
static void test_back_pressure(void)
{
    Source src;
    Lane lane;
    uint64_t stuck;
    unsigned buffer = 0;

    source_new(&src, "");
    start(&src, &lane, 0, LABYRINTH_CONFIG_RING);
    /* As much as goes into the socket and the staging, and then no more */
    for (unsigned idle = 0; idle < 50; idle++) {
        if (source_write(&src, 65536)) {
            idle = 0;
        }
        bed_run(src.bed);
    }
    stuck = bed_get64(src.bed, LABYRINTH_REG_STREAM_BYTES);
    g_assert_cmpuint(stuck, >=, LABYRINTH_PAGE_SIZE);
    g_assert_cmpuint(stuck, <=,
                     LABYRINTH_STAGING_PAGES * LABYRINTH_PAGE_SIZE);
    g_assert_cmpuint(stuck, <, src.sent);
    lane_expect_none(&lane);
    /* All of it comes when there are buffers */
    source_end(&src);
    lane_post(&lane, 0, 64);
    while (src.seen < src.sent) {
        gint64 end = g_get_monotonic_time() + PATIENCE_US;

        while (lane_user_get(&lane, LABYRINTH_UREG_CQ_TAIL) == lane.head) {
            g_assert_cmpint(g_get_monotonic_time(), <, end);
            bed_run(src.bed);
        }
        check_part(&src, &lane, buffer);
        lane_consume(&lane, false);
        lane_post(&lane, buffer, 1);
        buffer = (buffer + 1) % 64;
    }
    wait_status(&src, LABYRINTH_STREAM_ENDED);
    bed_run(src.bed);
    check_end(&lane);
    g_assert_cmpuint(lane_dropped(&lane), ==, 0);
    lane_check_accounts(&lane);
    source_free(&src);
}

static void test_empty_input(gconstpointer data)
{
    bool before_start = GPOINTER_TO_UINT(data);
    Source src;
    Lane lane;

    source_new(&src, "");
    if (before_start) {
        source_end(&src);
        bed_run(src.bed);
    }
    start(&src, &lane, 0, LABYRINTH_CONFIG_RING);
    lane_post(&lane, 0, 4);
    bed_run(src.bed);
    if (!before_start) {
        lane_expect_none(&lane);
        source_end(&src);
    }
    wait_status(&src, LABYRINTH_STREAM_ENDED);
    bed_run(src.bed);
    check_end(&lane);
    lane_expect_none(&lane);
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_PRODUCED), ==, 0);
    g_assert_cmpuint(bed_get64(src.bed, LABYRINTH_REG_STREAM_BYTES), ==, 0);
    bed_expect_no_errors(src.bed);
    source_free(&src);
}

/* Someone types: the page is handed on when nothing follows for a while. */
static void test_idle_flush(void)
{
    Source src;
    Lane lane;

    source_new(&src, ",flush-us=500");
    start(&src, &lane, 0, LABYRINTH_CONFIG_RING);
    lane_post(&lane, 0, 4);
    for (unsigned i = 0; i < 3; i++) {
        source_write(&src, 10 + i);
        wait_bytes(&src, src.sent);
        bed_run_ns(src.bed, 600 * 1000);
        g_assert_cmpuint(check_part(&src, &lane, i), ==, 10 + i);
    }
    source_free(&src);

    /* 0: only full pages, and the last */
    source_new(&src, ",flush-us=0");
    start(&src, &lane, 0, LABYRINTH_CONFIG_RING);
    lane_post(&lane, 0, 4);
    source_write(&src, 10);
    wait_bytes(&src, 10);
    bed_run_ns(src.bed, 10ull * 1000 * 1000 * 1000);
    lane_expect_none(&lane);
    source_end(&src);
    wait_status(&src, LABYRINTH_STREAM_ENDED);
    bed_run(src.bed);
    g_assert_cmpuint(check_part(&src, &lane, 0), ==, 10);
    check_end(&lane);
    source_free(&src);
}

static void test_next_connection(void)
{
    Source src;
    Lane lane;

    source_new(&src, "");
    start(&src, &lane, 0, LABYRINTH_CONFIG_RING);
    lane_post(&lane, 0, 8);
    for (unsigned i = 0; i < 3; i++) {
        wait_status(&src, LABYRINTH_STREAM_CONNECTED);
        source_write(&src, 100);
        source_end(&src);
        wait_status(&src, LABYRINTH_STREAM_ENDED);
        bed_run(src.bed);
        g_assert_cmpuint(check_part(&src, &lane, i), ==, 100);
        check_end(&lane);
        close(src.fd);
        source_connect(&src);
    }
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_PRODUCED), ==, 3);
    source_free(&src);
}

/* What a stopped queue had of the stream comes first when it starts again. */
static void test_stop_keeps_the_stream(void)
{
    Source src;
    Lane lane;

    source_new(&src, "");
    start(&src, &lane, 0, LABYRINTH_CONFIG_RING);
    lane_post(&lane, 0, 1);
    source_write(&src, 3 * LABYRINTH_PAGE_SIZE);
    wait_bytes(&src, src.sent);
    bed_run(src.bed);
    check_part(&src, &lane, 0);
    lane_stop(&lane);
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_PRODUCED), ==, 1);
    lane_check_accounts(&lane);
    /* While it stands nothing is taken */
    source_write(&src, 2 * LABYRINTH_PAGE_SIZE);
    source_end(&src);
    for (unsigned i = 0; i < 20; i++) {
        bed_run(src.bed);
    }
    g_assert_cmpuint(bed_get64(src.bed, LABYRINTH_REG_STREAM_BYTES), <=,
                     4 * LABYRINTH_PAGE_SIZE);
    start(&src, &lane, 0, LABYRINTH_CONFIG_DEMAND);
    for (unsigned parts = 0; parts < 4;) {
        unsigned n;

        bed_run(src.bed);
        n = lane_grant(&lane, 0);
        bed_run(src.bed);
        for (unsigned i = 0; i < n; i++) {
            check_part(&src, &lane, i);
        }
        parts += n;
    }
    wait_status(&src, LABYRINTH_STREAM_ENDED);
    bed_run(src.bed);
    check_end(&lane);
    g_assert_cmpuint(src.seen, ==, src.sent);
    source_free(&src);
}

/* A reset in the middle of a stream: the device lives, the sender too. */
static void test_reset_in_a_stream(void)
{
    Source src;
    Lane lane;

    source_new(&src, "");
    start(&src, &lane, 0, LABYRINTH_CONFIG_RING);
    for (unsigned i = 0; i < 20; i++) {
        source_write(&src, 65536);
        bed_run(src.bed);
    }
    bed_set(src.bed, LABYRINTH_REG_CTRL, LABYRINTH_CTRL_RESET);
    g_assert_cmpuint(bed_get64(src.bed, LABYRINTH_REG_STREAM_BYTES), ==, 0);
    start(&src, &lane, 0, LABYRINTH_CONFIG_RING);
    lane_post(&lane, 0, 64);
    wait_bytes(&src, bed_get64(src.bed, LABYRINTH_REG_STREAM_BYTES));
    source_end(&src);
    for (unsigned i = 0; i < 100; i++) {
        bed_run(src.bed);
    }
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_DELIVERED), >, 0);
    bed_expect_no_errors(src.bed);
    source_free(&src);
}

void add_stream_tests(void)
{
    qtest_add_func("labyrinth/stream/ring", test_ring);
    qtest_add_func("labyrinth/stream/demand", test_demand);
    qtest_add_func("labyrinth/stream/dealt", test_dealt);
    qtest_add_func("labyrinth/stream/back-pressure", test_back_pressure);
    qtest_add_data_func("labyrinth/stream/empty/after-start",
                        GUINT_TO_POINTER(0), test_empty_input);
    qtest_add_data_func("labyrinth/stream/empty/before-start",
                        GUINT_TO_POINTER(1), test_empty_input);
    qtest_add_func("labyrinth/stream/idle-flush", test_idle_flush);
    qtest_add_func("labyrinth/stream/next-connection", test_next_connection);
    qtest_add_func("labyrinth/stream/stop", test_stop_keeps_the_stream);
    qtest_add_func("labyrinth/stream/reset", test_reset_in_a_stream);
}
