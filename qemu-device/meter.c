/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labyrinth: an instrument that counts what a guest executes
 *
 * Contract: a program in the guest writes a number to an I/O port, and the log
 * has a line with the number, the virtual time, and the instructions that were
 * executed until then: unlike the virtual clock these do not go on while the
 * processor is idle.  With `sample` it logs from mark 1 to mark 2 where the
 * processor is, each so many nanoseconds of virtual time.  It is no part of the
 * accelerator, and the guest cannot see that it looks.
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "hw/isa/isa.h"
#include "hw/qdev-properties.h"
#include "qapi/error.h"
#include "qemu/module.h"
#include "qom/object.h"
#include "compat.h"
#include "trace.h"

#define TYPE_LABYRINTH_METER "labyrinth-meter"
OBJECT_DECLARE_SIMPLE_TYPE(LabyrinthMeter, LABYRINTH_METER)

#define METER_PORT  0x1ab0
#define METER_BEGIN 1
#define METER_END   2

struct LabyrinthMeter {
    ISADevice parent_obj;

    MemoryRegion io;
    QEMUTimer *timer;
    uint32_t sample;
};

static int64_t meter_time(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static void meter_again(LabyrinthMeter *m)
{
    timer_mod_ns(m->timer, meter_time() + m->sample);
}

/* Between two instructions: the processor's state is whole. */
static void meter_sample(void *opaque)
{
    LabyrinthMeter *m = opaque;
    CPUState *cpu = first_cpu;

    trace_labyrinth_sample(meter_time(), CPU_GET_CLASS(cpu)->get_pc(cpu),
                           cpu->halted);
    meter_again(m);
}

static uint64_t meter_read(void *opaque, hwaddr addr, unsigned size)
{
    return 0;
}

static void meter_write(void *opaque, hwaddr addr, uint64_t mark, unsigned size)
{
    LabyrinthMeter *m = opaque;

    trace_labyrinth_mark(meter_time(),
                         icount_enabled() ? icount_get_raw() : 0, mark);
    if (m->sample && mark == METER_BEGIN) {
        meter_again(m);
    } else if (mark == METER_END) {
        timer_del(m->timer);
    }
}

static const MemoryRegionOps meter_ops = {
    .read = meter_read,
    .write = meter_write,
    .valid.min_access_size = 4,
    .valid.max_access_size = 4,
    .endianness = DEVICE_LITTLE_ENDIAN,
};

static void meter_realize(DeviceState *dev, Error **errp)
{
    LabyrinthMeter *m = LABYRINTH_METER(dev);

    if (!icount_enabled()) {
        error_setg(errp, TYPE_LABYRINTH_METER ": there is nothing to count "
                   "without -icount shift=0,sleep=off");
        return;
    }
    m->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, meter_sample, m);
    memory_region_init_io(&m->io, OBJECT(dev), &meter_ops, m,
                          TYPE_LABYRINTH_METER, 4);
    isa_register_ioport(ISA_DEVICE(dev), &m->io, METER_PORT);
}

static const Property meter_properties[] = {
    DEFINE_PROP_UINT32("sample", LabyrinthMeter, sample, 0),
};

static void meter_class_init(ObjectClass *class,
                             LABYRINTH_TYPE_CONST void *data)
{
    DeviceClass *dc = DEVICE_CLASS(class);

    dc->realize = meter_realize;
    dc->hotpluggable = false;
    dc->desc = "counts executed instructions between marks";
    labyrinth_class_set_props(dc, meter_properties,
                              ARRAY_SIZE(meter_properties));
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
}

static const TypeInfo meter_info = {
    .name = TYPE_LABYRINTH_METER,
    .parent = TYPE_ISA_DEVICE,
    .instance_size = sizeof(LabyrinthMeter),
    .class_init = meter_class_init,
};

static void meter_register(void)
{
    type_register_static(&meter_info);
}

type_init(meter_register)
