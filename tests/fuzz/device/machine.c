/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the hostile guest reaches the device
 *
 * Contract: everything goes the way that a guest's access goes, through the
 * memory map and the host bridge; nothing here looks into the device, but for
 * its reset.  What an access needs (a BAR that is mapped) and does not find is
 * no access.
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "fuzz.h"
#include "faults.h"
#include "exec/address-spaces.h"
#include "qemu/rcu.h"
#include "hw/pci/pci_host.h"
#include "hw/pci/pcie.h"
#include "hw/pci/msix.h"

/*
 * Of the engine at most: so much time, at a microsecond each, or so many
 * deadlines
 */
#define AT_ONCE_NS (64 * 1000)
#define TIMERS 32

/*
 * After so many resets QEMU's other thread gets to free what is not used any
 * more, old memory maps above all.
 */
#define RESETS_PER_REST 64

Fuzz fuzz;

void fuzz_machine_find(QTestState *qts)
{
    Object *found = object_resolve_path_type("", TYPE_LABYRINTH, NULL);

    assert(found);
    fuzz.qts = qts;
    fuzz.lab = LABYRINTH(found);
    fuzz.pdev = PCI_DEVICE(found);
    fuzz.pm_cap = pci_find_capability(fuzz.pdev, PCI_CAP_ID_PM);
    fuzz.exp_cap = pci_find_capability(fuzz.pdev, PCI_CAP_ID_EXP);
    fuzz.msix_cap = pci_find_capability(fuzz.pdev, PCI_CAP_ID_MSIX);
    fuzz.pci_touched = true;
}

static bool access_ok(unsigned bar, uint32_t offset, bool write, void *buf,
                      unsigned size)
{
    uint64_t base = fuzz.pdev->io_regions[bar].addr;

    if (base == PCI_BAR_UNMAPPED) {
        return false;
    }
    return address_space_rw(&address_space_memory, base + offset,
                            MEMTXATTRS_UNSPECIFIED, buf, size,
                            write) == MEMTX_OK;
}

uint64_t fuzz_read(uint32_t offset, unsigned size)
{
    uint64_t val = 0;

    fuzz_cover_access(false, offset, size);
    access_ok(LABYRINTH_BAR_REGS, offset, false, &val, size);
    return le64_to_cpu(val);
}

void fuzz_write(uint32_t offset, uint64_t val, unsigned size)
{
    val = cpu_to_le64(val);
    fuzz_cover_access(true, offset, size);
    access_ok(LABYRINTH_BAR_REGS, offset, true, &val, size);
}

uint32_t fuzz_queue_read(unsigned q, uint32_t reg)
{
    return fuzz_read(LABYRINTH_PAGE_QUEUE(q) + reg, 4);
}

void fuzz_queue_write(unsigned q, uint32_t reg, uint32_t val)
{
    fuzz_write(LABYRINTH_PAGE_QUEUE(q) + reg, val, 4);
}

void fuzz_queue_write64(unsigned q, uint32_t reg, uint64_t val)
{
    fuzz_write(LABYRINTH_PAGE_QUEUE(q) + reg, val, 8);
}

void fuzz_msix_write(uint32_t offset, uint32_t val)
{
    fuzz.pci_touched = true;
    val = cpu_to_le32(val);
    access_ok(LABYRINTH_BAR_MSIX, offset, true, &val, sizeof(val));
}

void fuzz_ram_write(uint64_t addr, const void *buf, size_t len)
{
    address_space_write(&address_space_memory, addr, MEMTXATTRS_UNSPECIFIED,
                        buf, len);
}

void fuzz_ram_read(uint64_t addr, void *buf, size_t len)
{
    address_space_read(&address_space_memory, addr, MEMTXATTRS_UNSPECIFIED, buf,
                       len);
}

uint32_t fuzz_config_read(uint32_t addr, unsigned size)
{
    return pci_host_config_read_common(fuzz.pdev, addr,
                                       pci_config_size(fuzz.pdev), size);
}

void fuzz_config_write(uint32_t addr, uint32_t val, unsigned size)
{
    fuzz.pci_touched = true;
    pci_host_config_write_common(fuzz.pdev, addr, pci_config_size(fuzz.pdev),
                                 val, size);
}

void fuzz_time(uint64_t ns)
{
    for (unsigned i = 0; i < TIMERS && ns > AT_ONCE_NS; i++) {
        int64_t due =
            qemu_clock_deadline_ns_all(QEMU_CLOCK_VIRTUAL, QEMU_TIMER_ATTR_ALL);
        uint64_t step = due >= 0 && due < ns ? MAX(due, 1) : ns;

        qtest_clock_step(fuzz.qts, step);
        ns -= step;
    }
    if (ns) {
        qtest_clock_step(fuzz.qts, MIN(ns, AT_ONCE_NS));
    }
}

static void map_and_enable(void)
{
    unsigned vectors = LABYRINTH_VEC_QUEUE(fuzz.lab->nr_queues);

    fuzz_config_write(PCI_BASE_ADDRESS_0, (uint32_t)FUZZ_BAR_REGS, 4);
    fuzz_config_write(PCI_BASE_ADDRESS_1, FUZZ_BAR_REGS >> 32, 4);
    fuzz_config_write(PCI_BASE_ADDRESS_4, FUZZ_BAR_MSIX, 4);
    fuzz_config_write(PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
    fuzz_config_write(fuzz.msix_cap + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE, 2);
    for (unsigned v = 0; v < vectors; v++) {
        uint32_t at = v * PCI_MSIX_ENTRY_SIZE;

        fuzz_msix_write(at + PCI_MSIX_ENTRY_LOWER_ADDR,
                        FUZZ_ARENA + FUZZ_ARENA_SIZE + v * 4);
        fuzz_msix_write(at + PCI_MSIX_ENTRY_UPPER_ADDR, 0);
        fuzz_msix_write(at + PCI_MSIX_ENTRY_DATA, v);
        fuzz_msix_write(at + PCI_MSIX_ENTRY_VECTOR_CTRL, 0);
    }
    fuzz.pci_touched = false;
}

void fuzz_machine_reset(void)
{
    static const uint8_t blank[FUZZ_ARENA_SIZE];
    LabyrinthState *s = fuzz.lab;

    if (s->faults) {
        s->faults->removed = false; /* it is plugged in again */
        labyrinth_faults_power_on(s);
    }
    if (fuzz.pci_touched) {
        device_cold_reset(DEVICE(fuzz.lab));
        map_and_enable();
    } else {
        labyrinth_reset(s);
    }
    if (++fuzz.resets % RESETS_PER_REST == 0) {
        drain_call_rcu();
    }
    fuzz_ram_write(FUZZ_ARENA, blank, sizeof(blank));
}
