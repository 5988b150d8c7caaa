/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs between the QEMU versions that this device is built against
 *
 * Contract: everything that depends on the version stands here and in no other
 * file; the rest is written for the newest one.  Seen with 7.2 and 10.0.
 */
#ifndef LABYRINTH_COMPAT_H
#define LABYRINTH_COMPAT_H

#include "qemu/osdep.h"
#include "hw/pci/pci.h"
#include "hw/qdev-properties.h"
#include "migration/blocker.h"
#include "migration/vmstate.h"
#include "qapi/error.h"

#define LABYRINTH_QEMU_AT_LEAST(major, minor)                   \
    (QEMU_VERSION_MAJOR > (major) ||                            \
     (QEMU_VERSION_MAJOR == (major) && QEMU_VERSION_MINOR >= (minor)))

#if LABYRINTH_QEMU_AT_LEAST(8, 0)
#include "hw/pci/pci_device.h"
#endif

#if LABYRINTH_QEMU_AT_LEAST(10, 0)
#include "system/hostmem.h"
#include "system/reset.h"
#else
#include "sysemu/hostmem.h"
#include "sysemu/reset.h"
#endif

#if LABYRINTH_QEMU_AT_LEAST(10, 1)
#include "exec/icount.h"
#elif LABYRINTH_QEMU_AT_LEAST(10, 0)
#include "system/cpu-timers.h"
#else
#include "sysemu/cpu-timers.h"
#endif

/* Class data and interface lists are const since 10.1. */
#if LABYRINTH_QEMU_AT_LEAST(10, 1)
#define LABYRINTH_TYPE_CONST const
#else
#define LABYRINTH_TYPE_CONST
#endif

/* vmstate lists are const since 9.0. */
#if LABYRINTH_QEMU_AT_LEAST(9, 0)
#define LABYRINTH_VMSTATE_CONST const
#else
#define LABYRINTH_VMSTATE_CONST
#endif

/* Since 10.0 a list of properties is const and has no empty last entry. */
static inline void labyrinth_class_set_props(DeviceClass *dc,
                                             const Property *props, size_t n)
{
#if LABYRINTH_QEMU_AT_LEAST(10, 0)
    device_class_set_props_n(dc, props, n);
#else
    /* It belongs to the class from here on, which stays for good. */
    Property *list = g_new0(Property, n + 1);

    memcpy(list, props, n * sizeof(*props));
    device_class_set_props(dc, list);
#endif
}

static inline void labyrinth_class_set_reset(DeviceClass *dc,
                                             void (*reset)(DeviceState *dev))
{
#if LABYRINTH_QEMU_AT_LEAST(9, 2)
    device_class_set_legacy_reset(dc, reset);
#else
    dc->reset = reset;
#endif
}

/* Since 10.0 the PCI core unmaps the BARs while the function is not in D0. */
static inline int labyrinth_pm_init(PCIDevice *pdev, uint8_t offset,
                                    Error **errp)
{
#if LABYRINTH_QEMU_AT_LEAST(10, 0)
    return pci_pm_init(pdev, offset, errp);
#else
    return pci_add_capability(pdev, PCI_CAP_ID_PM, offset, PCI_PM_SIZEOF, errp);
#endif
}

/*
 * Forbids migration for @*reason, which belongs to the blocker from here on:
 * it is NULL after a failure and after labyrinth_unblock_migration().
 */
static inline int labyrinth_block_migration(Error **reason, Error **errp)
{
#if LABYRINTH_QEMU_AT_LEAST(8, 2)
    return migrate_add_blocker(reason, errp);
#else
    int ret = migrate_add_blocker(*reason, errp);

    if (ret < 0) {
        error_free(*reason);
        *reason = NULL;
    }
    return ret;
#endif
}

static inline void labyrinth_unblock_migration(Error **reason)
{
#if LABYRINTH_QEMU_AT_LEAST(8, 2)
    migrate_del_blocker(reason);
#else
    if (*reason) {
        migrate_del_blocker(*reason);
        error_free(*reason);
        *reason = NULL;
    }
#endif
}

#endif /* LABYRINTH_COMPAT_H */
