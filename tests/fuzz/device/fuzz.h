/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzing the Labyrinth accelerator, shared by the files of the fuzzer
 *
 * Contract: an input is a program of a hostile guest, read byte by byte; where
 * it ends, zeros follow.  Each input finds the device as at power-on and the
 * arena blank, so that it does the same again when it is run alone. target.c
 * the targets as QEMU's fuzzer knows them, and what happens around each input
 *   last.c      the input under way, kept for who has to kill the process
 *   guest.c     the operations of a hostile guest
 *   state.c     a state from outside, as a migration stream may hold it
 *   machine.c   how the guest reaches the device: memory, configuration space,
 * time oracle.c    what must be true whatever the guest does; aborts if it is
 * not coverage.c  how often each register, refusal and operation came about
 */
#ifndef LABYRINTH_FUZZ_H
#define LABYRINTH_FUZZ_H

#include "qemu/osdep.h"
#include "device.h"
#include "tests/qtest/libqtest.h"

#define FUZZ_RAM_SIZE (32 * MiB)
/* What operations lend; behind it nothing of the machine is of interest */
#define FUZZ_ARENA 0x1000000ull
#define FUZZ_PAGES 64u
#define FUZZ_ARENA_SIZE (FUZZ_PAGES * LABYRINTH_PAGE_SIZE)
/* Where the BARs are at the beginning of an input */
#define FUZZ_BAR_REGS 0xe0000000ull
#define FUZZ_BAR_MSIX 0xe0100000u
/* Neither RAM nor a device */
#define FUZZ_NOWHERE 0x90000000ull

typedef struct FuzzInput {
    const uint8_t *at;
    const uint8_t *end;
} FuzzInput;

typedef struct Fuzz {
    QTestState *qts;
    LabyrinthState *lab;
    PCIDevice *pdev;
    uint8_t pm_cap, exp_cap, msix_cap;
    unsigned resets;
    bool pci_touched;           /* what is PCI's is not as at the beginning */
} Fuzz;

extern Fuzz fuzz;

static inline bool fuzz_more(const FuzzInput *in)
{
    return in->at < in->end;
}

static inline uint8_t fuzz_u8(FuzzInput *in)
{
    return fuzz_more(in) ? *in->at++ : 0;
}

static inline uint16_t fuzz_u16(FuzzInput *in)
{
    uint16_t low = fuzz_u8(in);

    return low | fuzz_u8(in) << 8;
}

static inline uint32_t fuzz_u32(FuzzInput *in)
{
    uint32_t low = fuzz_u16(in);

    return low | (uint32_t)fuzz_u16(in) << 16;
}

static inline uint64_t fuzz_u64(FuzzInput *in)
{
    uint64_t low = fuzz_u32(in);

    return low | (uint64_t)fuzz_u32(in) << 32;
}

/* machine.c */
void fuzz_machine_find(QTestState *qts);
/*
 * The device as at power-on, its BARs mapped, bus mastering and MSI-X on; the
 * arena blank.
 */
void fuzz_machine_reset(void);
uint64_t fuzz_read(uint32_t offset, unsigned size);
void fuzz_write(uint32_t offset, uint64_t val, unsigned size);
uint32_t fuzz_queue_read(unsigned q, uint32_t reg);
void fuzz_queue_write(unsigned q, uint32_t reg, uint32_t val);
void fuzz_queue_write64(unsigned q, uint32_t reg, uint64_t val);
void fuzz_ram_write(uint64_t addr, const void *buf, size_t len);
void fuzz_ram_read(uint64_t addr, void *buf, size_t len);
uint32_t fuzz_config_read(uint32_t addr, unsigned size);
void fuzz_config_write(uint32_t addr, uint32_t val, unsigned size);
void fuzz_msix_write(uint32_t offset, uint32_t val);
/* Lets time pass, but stops after so many timers that an input has an end. */
void fuzz_time(uint64_t ns);

/* guest.c */
void fuzz_guest(FuzzInput *in, unsigned most);

/* state.c */
void fuzz_state_find(void);
void fuzz_state(FuzzInput *in);

/* oracle.c: calls of QEMU's own function, the first, go to the second */
MemTxResult __real_address_space_rw(AddressSpace *as, hwaddr addr,
                                    MemTxAttrs attrs, void *buf, hwaddr len,
                                    bool is_write);
MemTxResult __wrap_address_space_rw(AddressSpace *as, hwaddr addr,
                                    MemTxAttrs attrs, void *buf, hwaddr len,
                                    bool is_write);
void fuzz_oracle(void);
/* The device is reset; it works as one that was just plugged in. */
void fuzz_oracle_works(void);

/* last.c */
void fuzz_last_begin(void);
void fuzz_last(const uint8_t *data, size_t size);
void fuzz_last_over(void);

/* coverage.c */
void fuzz_cover_access(bool write, uint32_t offset, unsigned size);
void fuzz_cover_op(const char *name);
void fuzz_cover_dma(bool write, const char *where, bool ok);
/* After an operation: what was refused meanwhile */
void fuzz_cover_errors(void);
/* So many fields a state has that an input may change. */
void fuzz_cover_fields(unsigned n);
void fuzz_cover_input(void);
void fuzz_cover_begin(void);

#endif /* LABYRINTH_FUZZ_H */
