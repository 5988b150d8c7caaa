/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A state from outside: what a migration stream or a snapshot may hold
 *
 * Contract: the device's vmstate says which fields travel; an input changes
 * some of them to any value and has the device check what it got, as after a
 * load.  It takes a state that it can work with, or refuses it and is then as
 * after a reset; either way every rule holds while it goes on.
 */
#include "qemu/osdep.h"
#include "fuzz.h"

/* Of a field that stands in many copies, only so many are changed. */
#define STRUCTURES 8
#define NUMBERS 4

typedef struct Leaf {
    uint8_t *at;
    size_t size;
    bool boolean;
} Leaf;

static GArray *leaves;

static bool whole_number(const VMStateField *f)
{
    static const VMStateInfo *const infos[] = {
        &vmstate_info_bool,   &vmstate_info_int8,   &vmstate_info_uint8,
        &vmstate_info_uint16, &vmstate_info_uint32, &vmstate_info_uint64,
    };

    for (unsigned i = 0; i < ARRAY_SIZE(infos); i++) {
        if (f->info == infos[i]) {
            return true;
        }
    }
    return false;
}

static void add_fields(const VMStateDescription *vmsd, uint8_t *base)
{
    for (const VMStateField *f = vmsd->fields; f && f->name; f++) {
        uint8_t *at = base + f->offset;
        unsigned n = f->flags & VMS_ARRAY ? f->num : 1;

        if (f->flags & VMS_VARRAY_UINT32) {
            n = *(uint32_t *)(base + f->num_offset);
        }
        if (f->flags & VMS_POINTER) {
            at = *(uint8_t **)at;
        }
        n = MIN(n, f->flags & VMS_STRUCT ? STRUCTURES : NUMBERS);
        for (unsigned i = 0; i < n; i++) {
            if (f->flags & VMS_STRUCT) {
                /* Configuration space and MSI-X are QEMU's own */
                if (g_str_has_prefix(f->vmsd->name, "labyrinth/")) {
                    add_fields(f->vmsd, at + i * f->size);
                }
            } else if (whole_number(f)) {
                g_array_append_vals(leaves,
                                    &(Leaf){ at + i * f->size, f->size,
                                             f->info == &vmstate_info_bool },
                                    1);
            }
        }
    }
}

static uint64_t any_number(FuzzInput *in, size_t size)
{
    static const uint64_t likely[] = {
        0,          1,          2,          3,         7,
        8,          9,          15,         16,        17,
        64,         4095,       4096,       4097,      0x7fffffff,
        0x80000000, UINT32_MAX, UINT64_MAX, INT64_MAX, FUZZ_ARENA,
    };
    uint8_t kind = fuzz_u8(in);

    return kind & 0x80 ? fuzz_u64(in) : likely[kind % ARRAY_SIZE(likely)];
}

static void add_all_fields(const VMStateDescription *vmsd)
{
    add_fields(vmsd, (uint8_t *)fuzz.lab);
    for (unsigned i = 0; vmsd->subsections && vmsd->subsections[i]; i++) {
        add_fields(vmsd->subsections[i], (uint8_t *)fuzz.lab);
    }
}

void fuzz_state_find(void)
{
    leaves = g_array_new(false, false, sizeof(Leaf));
    add_all_fields(&vmstate_labyrinth);
    assert(leaves->len > 300);
    fuzz_cover_fields(leaves->len);
}

static void set_leaf(const Leaf *leaf, uint64_t val)
{
    if (leaf->boolean) {
        *leaf->at = val & 1;
    } else {
        memcpy(leaf->at, &val, leaf->size);
    }
}

/* As the end of a load: the subsections' checks, then the device's own */
static int load(void)
{
    int result = 0;

    vmstate_labyrinth.pre_load(fuzz.lab);
    for (unsigned i = 0; !result && vmstate_labyrinth.subsections[i]; i++) {
        const VMStateDescription *part = vmstate_labyrinth.subsections[i];

        result = part->needed(fuzz.lab)
                     ? part->post_load(fuzz.lab, part->version_id)
                     : 0;
    }
    return result ? result
                  : vmstate_labyrinth.post_load(fuzz.lab,
                                                vmstate_labyrinth.version_id);
}

void fuzz_state(FuzzInput *in)
{
    unsigned before = fuzz_u8(in) % 24;
    unsigned changes = fuzz_u8(in) % 5;

    fuzz_guest(in, before);
    for (unsigned i = 0; i < changes; i++) {
        const Leaf *leaf =
            &g_array_index(leaves, Leaf, fuzz_u16(in) % leaves->len);

        fuzz_cover_op("field");
        set_leaf(leaf, any_number(in, leaf->size));
    }
    fuzz_cover_op(load() ? "state-refused" : "state-taken");
    fuzz_oracle();
    fuzz_guest(in, UINT_MAX);
}
