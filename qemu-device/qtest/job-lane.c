/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A lane whose queue solves mazes; job-lane.h says what each does. */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "job-lane.h"

#define BUFFERS 32

void job_lane_start(JobLane *job, Bed *bed, unsigned q, uint32_t mode,
                    uint32_t size)
{
    *job = (JobLane) { .size = size, .buffer = 100 * q };
    lane_init(&job->lane, bed, q, mode | LABYRINTH_SOURCE_SOLVE <<
              LABYRINTH_CONFIG_SOURCE_SHIFT, 64);
    lane_set64(&job->lane, LABYRINTH_QREG_JQ_BASE, JOB_RING(q));
    lane_set(&job->lane, LABYRINTH_QREG_JQ_SIZE, size);
    lane_start(&job->lane);
    if (mode == LABYRINTH_CONFIG_RING) {
        lane_post(&job->lane, job->buffer, BUFFERS);
    }
}

uint32_t job_put(Bed *bed, uint64_t addr, uint32_t width, uint32_t height)
{
    uint8_t bytes[LABYRINTH_JOB_MAX] = { };
    uint32_t cells = width * height;
    uint32_t size = LABYRINTH_MAZE_HEADER + LABYRINTH_MAZE_BYTES(cells);
    struct labyrinth_maze head = {
        .magic = cpu_to_le32(LABYRINTH_MAZE_MAGIC),
        .version = cpu_to_le16(LABYRINTH_MAZE_VERSION),
        .size = cpu_to_le32(size),
        .width = cpu_to_le16(width),
        .height = cpu_to_le16(height),
        .goal_x = cpu_to_le16(width - 1),
        .goal_y = cpu_to_le16(height - 1),
    };

    memcpy(bytes, &head, sizeof(head));
    for (uint32_t i = 0; i < cells; i++) {
        uint32_t walls = (i % width + 1 == width) * LABYRINTH_MAZE_EAST |
                         (i + width >= cells) * LABYRINTH_MAZE_SOUTH;

        bytes[LABYRINTH_MAZE_HEADER + i / 4] |= walls << i % 4 * 2;
    }
    qtest_memwrite(bed->qts, addr, bytes, size);
    return size;
}

void job_desc(JobLane *job, uint64_t addr, uint32_t cookie, uint32_t length,
              uint32_t flags)
{
    struct labyrinth_job_desc desc = {
        .addr = cpu_to_le64(addr),
        .cookie = cpu_to_le32(cookie),
        .length = cpu_to_le16(length),
        .flags = cpu_to_le16(flags),
    };

    qtest_memwrite(job->lane.bed->qts, JOB_RING(job->lane.q) +
                   (job->tail & (job->size - 1)) * sizeof(desc), &desc,
                   sizeof(desc));
    job->tail++;
}

void job_bell(JobLane *job)
{
    lane_set(&job->lane, LABYRINTH_QREG_JQ_TAIL, job->tail);
}

void job_ask(JobLane *job, uint32_t cookie, uint32_t width, uint32_t height)
{
    uint64_t addr = JOB_AT(cookie);
    uint32_t size = job_put(job->lane.bed, addr, width, height);

    if (size > LABYRINTH_PAGE_SIZE) {
        job_desc(job, addr, cookie, LABYRINTH_PAGE_SIZE, 0);
        addr += LABYRINTH_PAGE_SIZE;
        size -= LABYRINTH_PAGE_SIZE;
    }
    job_desc(job, addr, cookie, size, LABYRINTH_JOB_LAST);
    job_bell(job);
}

/* The next page, into @to; its length */
static uint32_t take_page(JobLane *job, uint8_t *to)
{
    Lane *lane = &job->lane;
    struct labyrinth_completion c;
    bool ring = lane->config & LABYRINTH_CONFIG_RING;
    uint32_t tag;

    for (unsigned i = 0; !lane_next(lane, &c); i++) {
        g_assert_cmpuint(i, <, 100);
        bed_run(lane->bed);
        tag = ring ? 0 : lane_get(lane, LABYRINTH_QREG_REQ_TAG);
        if (tag) {
            lane_grant_tag(lane, tag, BED_BUFFER(job->buffer));
            bed_run(lane->bed);
        }
    }
    g_assert_cmpuint(c.status, ==, LABYRINTH_COMP_OK);
    g_assert_cmpuint(c.flags & LABYRINTH_COMP_EVENT, ==, 0);
    g_assert_cmpuint(c.seq, ==, lane->seq);
    lane->seq++;
    qtest_memread(lane->bed->qts, BED_BUFFER(ring ? c.cookie : job->buffer),
                  to, c.length);
    g_assert_cmphex(c.crc32c, ==, labyrinth_crc32c(0, to, c.length));
    if (ring) {
        lane_post(lane, c.cookie, 1);
    }
    lane_consume(lane, true);
    return c.length;
}

JobResult job_result(JobLane *job)
{
    JobResult result = { };
    struct labyrinth_result head;
    uint32_t got = 0;

    do {
        g_assert_cmpuint(result.pages, <, 2);
        got += take_page(job, result.bytes + got);
        result.pages++;
        g_assert_cmpuint(got, >=, sizeof(head));
        memcpy(&head, result.bytes, sizeof(head));
        result.size = le32_to_cpu(head.size);
    } while (got < result.size);
    g_assert_cmpuint(got, ==, result.size);
    g_assert_cmphex(le32_to_cpu(head.magic), ==, LABYRINTH_RESULT_MAGIC);
    result.status = le16_to_cpu(head.status);
    result.cookie = le32_to_cpu(head.cookie);
    result.steps = le32_to_cpu(head.steps);
    result.visited = le32_to_cpu(head.visited);
    return result;
}

void job_expect(JobLane *job, uint32_t cookie, uint32_t status)
{
    JobResult result = job_result(job);

    g_assert_cmpuint(result.cookie, ==, cookie);
    g_assert_cmpuint(result.status, ==, status);
    g_assert_cmpuint(result.steps, ==, 0);
    g_assert_cmpuint(result.size, ==, LABYRINTH_RESULT_HEADER);
}

void job_expect_solved(JobLane *job, uint32_t cookie, uint32_t width,
                       uint32_t height)
{
    JobResult result = job_result(job);
    uint32_t x = 0, y = 0;

    g_assert_cmpuint(result.cookie, ==, cookie);
    g_assert_cmpuint(result.status, ==, LABYRINTH_SOLVE_SOLVED);
    g_assert_cmpuint(result.steps, ==, width + height - 2);
    for (uint32_t i = 0; i < result.steps; i++) {
        uint32_t step = result.bytes[LABYRINTH_RESULT_HEADER + i / 4]
                        >> i % 4 * 2 & 3;

        /* Straight on in an open maze, so these two alone */
        x += step == LABYRINTH_STEP_EAST;
        y += step == LABYRINTH_STEP_SOUTH;
    }
    g_assert_cmpuint(x, ==, width - 1);
    g_assert_cmpuint(y, ==, height - 1);
}

void job_check_accounts(JobLane *job, uint64_t jobs)
{
    g_assert_cmpuint(lane_get64(&job->lane, LABYRINTH_QREG_JOBS), ==, jobs);
    g_assert_cmpuint(lane_get64(&job->lane, LABYRINTH_QREG_ANSWERED), ==, jobs);
    g_assert_cmpuint(lane_get(&job->lane, LABYRINTH_QREG_JQ_HEAD), ==,
                     job->tail);
    lane_expect_none(&job->lane);
    lane_check_accounts(&job->lane);
}
