/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest of the Labyrinth accelerator
 *
 * Run with QTEST_QEMU_BINARY; prints TAP.
 */
#include "qemu/osdep.h"
#include "bed.h"

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_pci_tests();
    add_regs_tests();
    add_ring_tests();
    add_refusal_tests();
    add_demand_tests();
    add_irq_tests();
    add_dma_tests();
    add_stream_tests();
    add_life_tests();
    add_load_tests();
    add_hostile_tests();
    add_fault_tests();
    add_fault_irq_tests();
    add_fault_data_tests();
    add_fault_link_tests();
    add_lie_tests();
    add_job_tests();
    add_job_end_tests();
    return g_test_run();
}
