/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The operations of a hostile guest
 *
 * Contract: an operation is a byte that names it and the bytes that it takes.
 * Some are raw, any value at any place; some are what a driver does, nearly
 * right, so that the fuzzer gets deep without having to find the way by chance.
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "fuzz.h"
#include "chardev/char.h"
#include "hw/pci/pci_regs.h"
#include "hw/pci/msix.h"

#define QREG_SPAN 0x128u
#define UREG_SPAN 0x20u
#define DREG_SPAN 0x44u

static unsigned any_queue(FuzzInput *in)
{
    return fuzz_u8(in) % fuzz.lab->nr_queues;
}

/* Lent memory mostly; the rest is where a driver would not lend any */
static uint64_t any_address(FuzzInput *in)
{
    /* the interrupt controllers, the firmware's flash, the VGA hole */
    static const uint64_t odd[] = {
        0xfee00000, 0xfec00000, 0xfffc0000, 0xa0000,
    };
    uint8_t kind = fuzz_u8(in) & 0xf;
    uint16_t n = fuzz_u16(in);

    switch (kind) {
    case 0 ... 5:
        return FUZZ_ARENA + (n % FUZZ_PAGES) * LABYRINTH_PAGE_SIZE;
    case 6:
        return FUZZ_ARENA + n * 4ull % FUZZ_ARENA_SIZE;
    case 7:
        return FUZZ_ARENA + n * 64ull % FUZZ_ARENA_SIZE;
    case 8:
        return fuzz.pdev->io_regions[LABYRINTH_BAR_REGS].addr +
               n * 64ull % LABYRINTH_BAR_REGS_SIZE;
    case 9:
        return fuzz.pdev->io_regions[LABYRINTH_BAR_MSIX].addr +
               n % LABYRINTH_PAGE_SIZE;
    case 10:
        return FUZZ_RAM_SIZE - (n >> 8) * 64ull + (n & 3) * LABYRINTH_PAGE_SIZE;
    case 11:
        return FUZZ_NOWHERE + n * (uint64_t)LABYRINTH_PAGE_SIZE;
    case 12:
        return -(uint64_t)n * 64;
    case 13:
        return odd[n % 4] + (n >> 2) / 64 * 64;
    default:
        return fuzz_u64(in);
    }
}

static uint32_t any_value(FuzzInput *in)
{
    static const uint32_t likely[] = {
        0,
        1,
        2,
        3,
        4,
        7,
        8,
        16,
        64,
        100,
        255,
        256,
        257,
        0x100,
        0x101,
        0x102,
        0x200,
        0x201,
        4095,
        4096,
        4097,
        8192,
        64 << 16 | 1,
        4096u << 16 | 1,
        4096u << 16 | 4096,
        4097u << 16 | 1,
        0x7fffffff,
        0x80000000,
        0xfffffffe,
        0xffffffff,
        0x7f,
        1000000,
    };
    uint8_t kind = fuzz_u8(in);

    if (kind < 0xc0) {
        return likely[kind % ARRAY_SIZE(likely)];
    }
    return kind < 0xe0   ? fuzz_u8(in)
           : kind < 0xf0 ? any_address(in)
                         : fuzz_u32(in);
}

/* --- registers ----------------------------------------------------------- */

static uint32_t any_register(FuzzInput *in)
{
    uint8_t page = fuzz_u8(in);
    uint8_t reg = fuzz_u8(in);
    unsigned q = (page >> 2) % fuzz.lab->nr_queues;

    switch (page & 3) {
    case 0:
        return LABYRINTH_PAGE_DEVICE + reg * 4u % DREG_SPAN;
    case 1:
        return LABYRINTH_PAGE_USER(q) + reg * 4u % UREG_SPAN;
    default:
        return LABYRINTH_PAGE_QUEUE(q) + reg * 4u % QREG_SPAN;
    }
}

static void op_register_write(FuzzInput *in)
{
    uint32_t at = any_register(in);

    fuzz_write(at, any_value(in), 4);
}

static void op_register_write64(FuzzInput *in)
{
    uint32_t at = any_register(in);

    fuzz_write(at & ~7u, any_address(in), 8);
}

static void op_register_read(FuzzInput *in)
{
    uint32_t at = any_register(in);

    fuzz_read(at, fuzz_u8(in) & 1 ? 8 : 4);
}

/* Any size at any place, aligned or not */
static void op_access(FuzzInput *in)
{
    uint8_t how = fuzz_u8(in);
    uint32_t at =
        (fuzz_u16(in) | (how & 0x30u) << 12) % LABYRINTH_BAR_REGS_SIZE;
    unsigned size = 1u << (how & 3);

    if (how & 4) {
        fuzz_write(at, fuzz_u64(in), size);
    } else {
        fuzz_read(at, size);
    }
}

static void op_fault_register(FuzzInput *in)
{
    uint8_t how = fuzz_u8(in);
    uint32_t at =
        LABYRINTH_PAGE_FAULTS + fuzz_u16(in) % LABYRINTH_PAGE_SIZE / 4 * 4;

    if (how & 1) {
        fuzz_read(at, how & 2 ? 8 : 4);
    } else {
        fuzz_write(at, how & 4 ? fuzz_u64(in) : any_value(in), how & 2 ? 8 : 4);
    }
}

/*
 * A kind of fault with a rate and a parameter that let it happen within this
 * input
 */
static void op_fault(FuzzInput *in)
{
    uint8_t kind = fuzz_u8(in) & 31;
    uint8_t how = fuzz_u8(in);

    if (how & 0x80) {
        fuzz_write(LABYRINTH_PAGE_FAULTS + LABYRINTH_FREG_RULES, fuzz_u32(in),
                   4);
        fuzz_write(LABYRINTH_PAGE_FAULTS + LABYRINTH_FREG_HOSTILE,
                   LABYRINTH_MILLION >> (how & 7), 4);
        return;
    }
    fuzz_write(LABYRINTH_PAGE_FAULTS + LABYRINTH_FREG_PARAM(kind), fuzz_u8(in),
               4);
    fuzz_write(LABYRINTH_PAGE_FAULTS + LABYRINTH_FREG_LIMIT(kind), how >> 4 & 7,
               4);
    if (how & 8) {
        fuzz_write(LABYRINTH_PAGE_FAULTS + LABYRINTH_FREG_NTH(kind),
                   1 + (how & 7), 4);
    } else {
        fuzz_write(LABYRINTH_PAGE_FAULTS + LABYRINTH_FREG_RATE(kind),
                   LABYRINTH_MILLION >> (how & 7), 4);
    }
}

/* --- what a driver does -------------------------------------------------- */

/* One of the registers that START takes, with any value */
static void spoil_configuration(FuzzInput *in, unsigned q)
{
    static const uint16_t taken[] = {
        LABYRINTH_QREG_CONFIG, LABYRINTH_QREG_CQ_SIZE,
        LABYRINTH_QREG_VECTOR, LABYRINTH_QREG_PQ_SIZE,
        LABYRINTH_QREG_GEN_PERIOD, LABYRINTH_QREG_GEN_BURST,
        LABYRINTH_QREG_JQ_SIZE, LABYRINTH_QREG_GEN_SIZE,
    };
    unsigned n = fuzz_u8(in) % ARRAY_SIZE(taken);
    uint32_t val = any_value(in);

    /* the last one: the most of a size that is two numbers, from one byte on */
    if (n == ARRAY_SIZE(taken) - 1) {
        val = val << 16 | 1;
    }
    fuzz_queue_write(q, taken[n], val);
}

/* In the arena, where other operations write too */
static uint64_t job_ring(unsigned q)
{
    return FUZZ_ARENA + (32 + q) % FUZZ_PAGES * LABYRINTH_PAGE_SIZE;
}

static void op_start(FuzzInput *in)
{
    static const uint8_t sources[] = {
        LABYRINTH_SOURCE_GENERATOR, LABYRINTH_SOURCE_GENERATOR,
        LABYRINTH_SOURCE_STREAM, LABYRINTH_SOURCE_SOLVE,
    };
    unsigned q = any_queue(in);
    uint8_t how = fuzz_u8(in);
    uint8_t sizes = fuzz_u8(in);
    uint8_t burst = fuzz_u8(in);
    uint32_t source = sources[how >> 1 & 3];
    uint64_t cq = any_address(in), pq = any_address(in);

    fuzz_queue_write(q, LABYRINTH_QREG_CONFIG,
                     (how & 1) | source << LABYRINTH_CONFIG_SOURCE_SHIFT);
    fuzz_queue_write64(q, LABYRINTH_QREG_CQ_BASE, cq);
    fuzz_queue_write(q, LABYRINTH_QREG_CQ_SIZE,
                     LABYRINTH_RING_MIN << (sizes & 15) % 12);
    fuzz_queue_write64(q, LABYRINTH_QREG_PQ_BASE, pq);
    fuzz_queue_write(q, LABYRINTH_QREG_PQ_SIZE,
                     LABYRINTH_RING_MIN << (sizes >> 4) % 12);
    fuzz_queue_write64(q, LABYRINTH_QREG_GEN_COUNT,
                       how & 8 ? 1 + burst % 16 : 0);
    fuzz_queue_write(q, LABYRINTH_QREG_GEN_PERIOD,
                     how & 16 ? 500 + burst * 97u : 0);
    fuzz_queue_write(q, LABYRINTH_QREG_GEN_BURST, 1 + burst % 32);
    fuzz_queue_write(q, LABYRINTH_QREG_GEN_SIZE,
                     (how & 32 ? 4096u : 64u) << 16 | 1);
    fuzz_queue_write64(q, LABYRINTH_QREG_JQ_BASE, job_ring(q));
    fuzz_queue_write(q, LABYRINTH_QREG_JQ_SIZE,
                     LABYRINTH_RING_MIN << (sizes >> 4) % 12);
    if (how & 128) {
        spoil_configuration(in, q);
    }
    fuzz_queue_write(q, LABYRINTH_QREG_CTL,
                     LABYRINTH_CTL_START |
                         (how & 64 ? 0 : LABYRINTH_CTL_CLEAR));
}

static void op_post(FuzzInput *in)
{
    unsigned q = any_queue(in);
    unsigned n = fuzz_u8(in) % 16;
    uint32_t size = fuzz_queue_read(q, LABYRINTH_QREG_PQ_SIZE);
    uint32_t tail = fuzz_queue_read(q, LABYRINTH_QREG_PQ_TAIL);
    uint64_t base =
        fuzz_read(LABYRINTH_PAGE_QUEUE(q) + LABYRINTH_QREG_PQ_BASE, 8);

    for (unsigned i = 0; i < n; i++, tail++) {
        struct labyrinth_desc desc = {
            .addr = cpu_to_le64(any_address(in)),
            .cookie = cpu_to_le32(tail),
            .length = cpu_to_le32(LABYRINTH_PAGE_SIZE),
        };

        fuzz_ram_write(base + (uint64_t)(tail & (size - 1)) * sizeof(desc),
                       &desc, sizeof(desc));
    }
    fuzz_queue_write(q, LABYRINTH_QREG_PQ_TAIL, tail);
}

static void op_bell(FuzzInput *in)
{
    unsigned q = any_queue(in);
    uint32_t tail = fuzz_queue_read(q, LABYRINTH_QREG_PQ_TAIL);

    fuzz_queue_write(q, LABYRINTH_QREG_PQ_TAIL, tail + any_value(in));
}

/* A maze in the arena, with as many wrong bytes as the input wants; its size */
static uint32_t put_maze(FuzzInput *in, uint64_t at, uint8_t how)
{
    uint32_t width = how & 8 ? 128 : 1 + fuzz_u8(in) % 40;
    uint32_t height = how & 8 ? 128 : 1 + fuzz_u8(in) % 40;
    uint8_t job[LABYRINTH_JOB_MAX];
    uint32_t size =
        LABYRINTH_MAZE_HEADER + LABYRINTH_MAZE_BYTES(width * height);
    struct labyrinth_maze head = {
        .magic = cpu_to_le32(LABYRINTH_MAZE_MAGIC),
        .version = cpu_to_le16(LABYRINTH_MAZE_VERSION),
        .size = cpu_to_le32(size),
        .width = cpu_to_le16(width),
        .height = cpu_to_le16(height),
        .goal_x = cpu_to_le16(width - 1),
        .goal_y = cpu_to_le16(height - 1),
    };

    /* Walls by a pattern, all closed where the outer ones must be */
    memset(job, fuzz_u8(in), size);
    memcpy(job, &head, sizeof(head));
    for (uint32_t i = 0; i < width * height; i++) {
        uint32_t outer = (i % width + 1 == width) * LABYRINTH_MAZE_EAST |
                         (i / width + 1 == height) * LABYRINTH_MAZE_SOUTH;

        job[LABYRINTH_MAZE_HEADER + i / 4] |= outer << i % 4 * 2;
    }
    if (width * height % 4) {
        job[size - 1] &= (1u << width * height % 4 * 2) - 1;
    }
    for (unsigned i = 0; i < (how >> 4 & 3); i++) {
        job[fuzz_u8(in) % MIN(size, 64)] = fuzz_u8(in);
    }
    fuzz_ram_write(at, job, size);
    return size;
}

/* A job in pieces: right, but for what the input makes wrong of them */
static void op_job(FuzzInput *in)
{
    unsigned q = any_queue(in);
    uint8_t how = fuzz_u8(in);
    uint32_t ring = fuzz_queue_read(q, LABYRINTH_QREG_JQ_SIZE);
    uint32_t tail = fuzz_queue_read(q, LABYRINTH_QREG_JQ_TAIL);
    uint64_t base =
        fuzz_read(LABYRINTH_PAGE_QUEUE(q) + LABYRINTH_QREG_JQ_BASE, 8);
    uint64_t at = FUZZ_ARENA + 50 * LABYRINTH_PAGE_SIZE;
    uint32_t size = put_maze(in, at, how), cookie = fuzz_u8(in);
    uint32_t piece = how & 4 ? 1 + fuzz_u8(in) * 16 : LABYRINTH_PAGE_SIZE;

    for (uint32_t done = 0, n = 0; done < size && n < 16; n++, tail++) {
        uint32_t length = MIN(piece, size - done);
        struct labyrinth_job_desc desc = {
            .addr = cpu_to_le64(at + done),
            .cookie = cpu_to_le32(cookie),
            .length = cpu_to_le16(length),
            .flags = cpu_to_le16(done + length == size ? LABYRINTH_JOB_LAST
                                                       : 0),
        };

        if ((how & 3) == 3 && fuzz_u8(in) < 64) {
            desc.addr = cpu_to_le64(any_address(in));
            desc.cookie = cpu_to_le32(cookie + (fuzz_u8(in) & 1));
            desc.length = cpu_to_le16(fuzz_u16(in));
            desc.flags = cpu_to_le16(any_value(in));
        }
        fuzz_ram_write(base + (uint64_t)(tail & (ring - 1)) * sizeof(desc),
                       &desc, sizeof(desc));
        done += length;
    }
    fuzz_queue_write(q, LABYRINTH_QREG_JQ_TAIL,
                     tail + (how & 0x80 ? any_value(in) : 0));
}

static void op_answer(FuzzInput *in)
{
    unsigned q = any_queue(in);
    uint8_t how = fuzz_u8(in);
    uint32_t tag = fuzz_queue_read(q, LABYRINTH_QREG_REQ_TAG);

    if ((how & 7) == 7) {
        tag += any_value(in);
    }
    if (how & 0x80) {
        fuzz_queue_write(q, LABYRINTH_QREG_REQ_TIMEOUT, how & 0x78);
        fuzz_queue_write(q, LABYRINTH_QREG_DENY_TAG, tag);
    } else {
        fuzz_queue_write64(q, LABYRINTH_QREG_GRANT_ADDR, any_address(in));
        fuzz_queue_write(q, LABYRINTH_QREG_GRANT_TAG, tag);
    }
}

static void op_consume(FuzzInput *in)
{
    unsigned q = any_queue(in);
    uint8_t how = fuzz_u8(in);
    uint32_t tail =
        fuzz_read(LABYRINTH_PAGE_USER(q) + LABYRINTH_UREG_CQ_TAIL, 4);

    fuzz_write(LABYRINTH_PAGE_USER(q) + (how & 1 ? LABYRINTH_UREG_CQ_HEAD_ARM
                                                 : LABYRINTH_UREG_CQ_HEAD),
               tail - (how >> 1) % 8, 4);
}

static void op_moderate(FuzzInput *in)
{
    unsigned q = any_queue(in);

    fuzz_queue_write(q, LABYRINTH_QREG_MOD_PACKETS, fuzz_u8(in));
    fuzz_queue_write(q, LABYRINTH_QREG_MOD_USEC, fuzz_u8(in));
}

static void op_stop(FuzzInput *in)
{
    fuzz_queue_write(any_queue(in), LABYRINTH_QREG_CTL, LABYRINTH_CTL_STOP);
}

static void op_reset(FuzzInput *in)
{
    fuzz_write(LABYRINTH_PAGE_DEVICE + LABYRINTH_REG_CTRL, LABYRINTH_CTRL_RESET,
               4);
}

/* --- memory, time, the other end of the stream --------------------------- */

static void op_scribble(FuzzInput *in)
{
    uint8_t bytes[64];
    uint64_t at = FUZZ_ARENA + fuzz_u16(in) * 16ull % FUZZ_ARENA_SIZE;
    unsigned n = 1 + fuzz_u8(in) % sizeof(bytes);

    for (unsigned i = 0; i < n; i++) {
        bytes[i] = fuzz_u8(in);
    }
    fuzz_ram_write(at, bytes, n);
}

static void op_time(FuzzInput *in)
{
    uint8_t how = fuzz_u8(in);

    /* from half a microsecond to some hours */
    fuzz_time((500ull + (how & 7) * 100) << (how >> 3));
}

static void op_stream(FuzzInput *in)
{
    Chardev *chr = qemu_chr_find("src");
    uint8_t how = fuzz_u8(in);
    uint8_t bytes[256];
    int room;

    if (!chr) {
        return;
    }
    if (how >= 0xe0) {
        qemu_chr_be_event(chr, how & 1 ? CHR_EVENT_OPENED : CHR_EVENT_CLOSED);
        return;
    }
    memset(bytes, how, sizeof(bytes));
    for (unsigned i = 0; i <= how; i++) {
        room = qemu_chr_be_can_write(chr);
        if (room <= 0) {
            break;
        }
        qemu_chr_be_write(chr, bytes, MIN(room, sizeof(bytes) - (how & 1)));
    }
}

/* --- configuration space ------------------------------------------------- */

static void op_config(FuzzInput *in)
{
    uint8_t how = fuzz_u8(in);
    unsigned size = 1u << (how & 3) % 3;
    uint32_t at = (fuzz_u8(in) | (how & 0x10u ? 0x100 : 0)) & ~(size - 1);

    if (how & 4) {
        fuzz_config_read(at, size);
    } else {
        fuzz_config_write(at, how & 8 ? any_address(in) : fuzz_u32(in), size);
    }
}

static void op_command(FuzzInput *in)
{
    uint8_t how = fuzz_u8(in);

    fuzz_config_write(PCI_COMMAND,
                      (how & 1 ? 0 : PCI_COMMAND_MASTER) |
                          ((how & 6) == 6 ? 0 : PCI_COMMAND_MEMORY) |
                          (how & 8 ? PCI_COMMAND_INTX_DISABLE : 0),
                      2);
}

static void op_power(FuzzInput *in)
{
    fuzz_config_write(fuzz.pm_cap + PCI_PM_CTRL, fuzz_u8(in) & 3, 2);
}

static void op_flr(FuzzInput *in)
{
    fuzz_config_write(fuzz.exp_cap + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR, 2);
    if (fuzz_u8(in) & 1) {
        fuzz_config_write(PCI_BASE_ADDRESS_0, (uint32_t)FUZZ_BAR_REGS, 4);
        fuzz_config_write(PCI_BASE_ADDRESS_4, FUZZ_BAR_MSIX, 4);
        fuzz_config_write(PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER,
                          2);
    }
}

/* BARs are sized, moved over RAM, over each other, over the end, and away */
static void op_bar(FuzzInput *in)
{
    uint8_t how = fuzz_u8(in);
    uint32_t reg = how & 1 ? PCI_BASE_ADDRESS_4 : PCI_BASE_ADDRESS_0;

    switch (how >> 1 & 7) {
    case 0:
        fuzz_config_write(reg, UINT32_MAX, 4);
        fuzz_config_read(reg, 4);
        break;
    case 1:
        fuzz_config_write(reg, FUZZ_ARENA + (how >> 4) * 0x10000, 4);
        break;
    case 2:
        fuzz_config_write(reg, FUZZ_BAR_MSIX & ~(LABYRINTH_BAR_REGS_SIZE - 1),
                          4);
        break;
    case 3:
        fuzz_config_write(PCI_BASE_ADDRESS_1, any_value(in), 4);
        break;
    case 4:
        fuzz_config_write(reg, 0, 4);
        break;
    default:
        fuzz_config_write(
            reg, FUZZ_BAR_REGS + (how >> 4) * LABYRINTH_BAR_REGS_SIZE, 4);
        break;
    }
}

/* Messages that go where the guest wants, the device's own registers too */
static void op_msix_entry(FuzzInput *in)
{
    uint32_t at = fuzz_u8(in) % LABYRINTH_VEC_QUEUE(fuzz.lab->nr_queues) *
                  PCI_MSIX_ENTRY_SIZE;
    uint64_t to = any_address(in);

    fuzz_msix_write(at + PCI_MSIX_ENTRY_LOWER_ADDR, to + (fuzz_u8(in) & 0x3c));
    fuzz_msix_write(at + PCI_MSIX_ENTRY_UPPER_ADDR, to >> 32);
    fuzz_msix_write(at + PCI_MSIX_ENTRY_DATA, any_value(in));
}

static void op_msix(FuzzInput *in)
{
    uint8_t how = fuzz_u8(in);

    switch (how & 3) {
    case 0:
        fuzz_config_write(fuzz.msix_cap + PCI_MSIX_FLAGS,
                          (how & 4 ? PCI_MSIX_FLAGS_ENABLE : 0) |
                              (how & 8 ? PCI_MSIX_FLAGS_MASKALL : 0),
                          2);
        break;
    case 1:
        fuzz_msix_write(fuzz_u16(in) % LABYRINTH_PAGE_SIZE & ~3u, fuzz_u32(in));
        break;
    default:
        fuzz_msix_write((how >> 3) % LABYRINTH_VEC_QUEUE(fuzz.lab->nr_queues) *
                                PCI_MSIX_ENTRY_SIZE +
                            PCI_MSIX_ENTRY_VECTOR_CTRL,
                        how >> 2 & 1);
        break;
    }
}

/* --- the program --------------------------------------------------------- */

typedef struct FuzzOp {
    const char *name;
    void (*run)(FuzzInput *in);
    unsigned weight; /* of the 64 that a byte chooses from */
} FuzzOp;

static const FuzzOp ops[] = {
    { "register-write", op_register_write, 8 },
    { "register-write64", op_register_write64, 3 },
    { "register-read", op_register_read, 4 },
    { "access", op_access, 2 },
    { "fault-register", op_fault_register, 2 },
    { "fault", op_fault, 3 },
    { "start", op_start, 6 },
    { "post", op_post, 4 },
    { "bell", op_bell, 2 },
    { "answer", op_answer, 5 },
    { "consume", op_consume, 3 },
    { "moderate", op_moderate, 1 },
    { "stop", op_stop, 2 },
    { "reset", op_reset, 1 },
    { "scribble", op_scribble, 2 },
    { "time", op_time, 6 },
    { "stream", op_stream, 3 },
    { "config", op_config, 1 },
    { "command", op_command, 1 },
    { "power", op_power, 1 },
    { "flr", op_flr, 1 },
    { "bar", op_bar, 1 },
    { "msix-entry", op_msix_entry, 1 },
    { "msix", op_msix, 1 },
};

static const FuzzOp job = { "job", op_job };

static const FuzzOp *choose(uint8_t byte)
{
    unsigned n = byte % 64;

    /* Some of the many of the first, so that all others are what they were */
    if (byte >= 0xc0 && n < 6) {
        return &job;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(ops); i++) {
        if (n < ops[i].weight) {
            return &ops[i];
        }
        n -= ops[i].weight;
    }
    g_assert_not_reached();
}

void fuzz_guest(FuzzInput *in, unsigned most)
{
    for (unsigned i = 0; i < most && fuzz_more(in); i++) {
        const FuzzOp *op = choose(fuzz_u8(in));

        fuzz_cover_op(op->name);
        op->run(in);
        fuzz_cover_errors();
        fuzz_oracle();
    }
}
