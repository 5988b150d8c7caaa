/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labyrinth accelerator: fault injection as properties
 *
 * Contract: what -device sets is what power-on sets; qom-set at run time sets
 * both that and what holds now.  A fault's property takes any subset of
 * rate=PPM:nth=N:param=N:limit=N, the others stay, and reads back with its
 * counts.  A value that cannot be honoured changes nothing and is answered with
 * one line that says what would be right.
 */
#include "qemu/osdep.h"
#include "faults.h"
#include "qapi/visitor.h"
#include "qemu/cutils.h"

#define FAULT_PREFIX "x-fault-"

static bool may_set(LabyrinthState *s, const char *name, Error **errp)
{
    if (DEVICE(s)->realized && !s->faults) {
        error_setg(errp, "labyrinth: %s: this device has no fault injection, "
                   "add it with x-faults=on", name);
        return false;
    }
    s->fault_props = true;
    return true;
}

/* --- rate=PPM:nth=N:param=N:limit=N --------------------------------------- */

static bool parse_one(const char *word, LabyrinthFaultSetting *set)
{
    const struct {
        const char *key;
        uint32_t *to;
        uint32_t most;
    } keys[] = {
        { "rate=", &set->rate, LABYRINTH_MILLION },
        { "nth=", &set->nth, UINT32_MAX },
        { "param=", &set->param, UINT32_MAX },
        { "limit=", &set->limit, UINT32_MAX },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(keys); i++) {
        const char *digits;
        uint64_t val;

        if (strstart(word, keys[i].key, &digits)) {
            if (!g_ascii_isdigit(*digits) ||
                qemu_strtou64(digits, NULL, 0, &val) || val > keys[i].most) {
                return false;
            }
            *keys[i].to = val;
            return true;
        }
    }
    return false;
}

static bool parse(const char *name, const char *text,
                  LabyrinthFaultSetting *set, Error **errp)
{
    g_auto(GStrv) words = g_strsplit(text, ":", -1);

    for (unsigned i = 0; i == 0 || words[i]; i++) {
        if (!words[i] || !parse_one(words[i], set)) {
            error_setg(errp, "labyrinth: %s: '%s' is not possible, use "
                       "rate=PPM:nth=N:param=N:limit=N or some of them, PPM "
                       "0 to %u, N 0 to %u", name, words[i] ? words[i] : "",
                       LABYRINTH_MILLION, UINT32_MAX);
            return false;
        }
    }
    return true;
}

static void set_fault(Object *obj, Visitor *v, const char *name, void *opaque,
                      Error **errp)
{
    LabyrinthState *s = LABYRINTH(obj);
    unsigned f = GPOINTER_TO_UINT(opaque);
    LabyrinthFaultSetting set = s->fault_config.kind[f];
    g_autofree char *text = NULL;

    if (!visit_type_str(v, name, &text, errp) || !may_set(s, name, errp) ||
        !parse(name, text, &set, errp)) {
        return;
    }
    s->fault_config.kind[f] = set;
    if (s->faults) {
        /* What the registers have set since then stays, if not named here. */
        parse(name, text, &s->faults->set.kind[f], &error_abort);
        if (strstr(text, "limit=")) {
            s->faults->count[f].used = 0;
        }
    }
}

static void get_fault(Object *obj, Visitor *v, const char *name, void *opaque,
                      Error **errp)
{
    LabyrinthState *s = LABYRINTH(obj);
    unsigned f = GPOINTER_TO_UINT(opaque);
    const LabyrinthFaultSetting *set = s->faults ? &s->faults->set.kind[f]
                                                 : &s->fault_config.kind[f];
    const LabyrinthFaultCount none = { };
    const LabyrinthFaultCount *count = s->faults ? &s->faults->count[f] : &none;
    g_autoptr(GString) text = g_string_new(NULL);

    g_string_printf(text, "rate=%u:nth=%u:param=%u:limit=%u:events=%" PRIu64
                    ":injected=%" PRIu64, set->rate, set->nth, set->param,
                    set->limit, count->events, count->injected);
    if (f == LABYRINTH_FAULT_DMA_STALE) {
        g_string_append_printf(text, ":written=%" PRIu64 ":caught=%" PRIu64,
                               s->faults ? s->faults->stale_written : 0,
                               s->faults ? s->faults->stale_caught : 0);
    }
    visit_type_str(v, name, &text->str, errp);
}

/* --- numbers -------------------------------------------------------------- */

static void set_seed(Object *obj, Visitor *v, const char *name, void *opaque,
                     Error **errp)
{
    LabyrinthState *s = LABYRINTH(obj);
    uint64_t val;

    if (!visit_type_uint64(v, name, &val, errp) || !may_set(s, name, errp)) {
        return;
    }
    s->fault_config.seed = val;
    if (s->faults) {
        labyrinth_fault_seed(s->faults, val);
    }
}

static void get_seed(Object *obj, Visitor *v, const char *name, void *opaque,
                     Error **errp)
{
    LabyrinthState *s = LABYRINTH(obj);
    uint64_t val = s->faults ? s->faults->set.seed : s->fault_config.seed;

    visit_type_uint64(v, name, &val, errp);
}

static bool number(LabyrinthState *s, Visitor *v, const char *name,
                   uint32_t most, uint32_t *to, Error **errp)
{
    uint64_t val;

    if (!visit_type_uint64(v, name, &val, errp)) {
        return false;
    }
    if (val > most) {
        error_setg(errp, "labyrinth: %s=%" PRIu64 " is not possible, use 0 to "
                   "%u", name, val, most);
        return false;
    }
    *to = val;
    return may_set(s, name, errp);
}

static void set_hostile(Object *obj, Visitor *v, const char *name,
                        void *opaque, Error **errp)
{
    LabyrinthState *s = LABYRINTH(obj);
    uint32_t val;

    if (!number(s, v, name, LABYRINTH_MILLION, &val, errp)) {
        return;
    }
    s->fault_config.hostile = val;
    if (s->faults) {
        s->faults->set.hostile = val;
    }
}

static void get_hostile(Object *obj, Visitor *v, const char *name,
                        void *opaque, Error **errp)
{
    LabyrinthState *s = LABYRINTH(obj);
    uint32_t val = s->faults ? s->faults->set.hostile
                             : s->fault_config.hostile;

    visit_type_uint32(v, name, &val, errp);
}

static void set_rules(Object *obj, Visitor *v, const char *name, void *opaque,
                      Error **errp)
{
    LabyrinthState *s = LABYRINTH(obj);
    uint32_t val;

    if (!number(s, v, name, LABYRINTH_RULES_ALL, &val, errp)) {
        return;
    }
    s->fault_config.rules = val;
    if (s->faults) {
        s->faults->set.rules = val;
    }
}

static void get_rules(Object *obj, Visitor *v, const char *name, void *opaque,
                      Error **errp)
{
    LabyrinthState *s = LABYRINTH(obj);
    uint32_t val = s->faults ? s->faults->set.rules : s->fault_config.rules;

    visit_type_uint32(v, name, &val, errp);
}

static char *get_fired(Object *obj, Error **errp)
{
    LabyrinthState *s = LABYRINTH(obj);
    GString *text = g_string_new(NULL);

    for (unsigned r = 0; r < LABYRINTH_NR_RULES; r++) {
        g_string_append_printf(text, "%s%s=%" PRIu64, r ? ":" : "",
                               labyrinth_rule_name(r),
                               s->faults ? s->faults->fired[r] : 0);
    }
    return g_string_free(text, false);
}

/* --- life cycle ----------------------------------------------------------- */

void labyrinth_fault_instance_init(LabyrinthState *s)
{
    s->fault_config.seed = 1;
    s->fault_config.rules = LABYRINTH_RULES_ALL;
}

void labyrinth_fault_class_props(ObjectClass *oc)
{
    for (unsigned f = 0; f < LABYRINTH_NR_FAULTS; f++) {
        g_autofree char *name = g_strconcat(FAULT_PREFIX,
                                            labyrinth_fault_name(f), NULL);

        object_class_property_add(oc, name, "str", get_fault, set_fault, NULL,
                                  GUINT_TO_POINTER(f));
        object_class_property_set_description(oc, name,
            "rate=PPM:nth=N:param=N:limit=N, docs/device.md says of what");
    }
    object_class_property_add(oc, "x-fault-seed", "uint64", get_seed, set_seed,
                              NULL, NULL);
    object_class_property_set_description(oc, "x-fault-seed",
        "where the chance of faults and lies begins (default 1)");
    object_class_property_add(oc, "x-hostile", "uint32", get_hostile,
                              set_hostile, NULL, NULL);
    object_class_property_set_description(oc, "x-hostile",
        "how often the device lies, in millionths");
    object_class_property_add(oc, "x-hostile-rules", "uint32", get_rules,
                              set_rules, NULL, NULL);
    object_class_property_set_description(oc, "x-hostile-rules",
        "bit per rule by which it may lie (default all)");
    object_class_property_add_str(oc, "x-hostile-fired", get_fired, NULL);
    object_class_property_set_description(oc, "x-hostile-fired",
        "how often each rule has fired");
}

bool labyrinth_faults_check(LabyrinthState *s, Error **errp)
{
    if (s->fault_props && !s->x_faults) {
        error_setg(errp, "labyrinth: x-fault-* and x-hostile* need "
                   "x-faults=on");
        return false;
    }
    return true;
}

void labyrinth_faults_init(LabyrinthState *s)
{
    if (!s->x_faults) {
        return;
    }
    s->faults = g_new0(LabyrinthFaults, 1);
    labyrinth_faults_power_on(s);
    qemu_register_reset(labyrinth_faults_power_on, s);
}

void labyrinth_faults_exit(LabyrinthState *s)
{
    if (s->faults) {
        qemu_unregister_reset(labyrinth_faults_power_on, s);
        g_free(s->faults);
        s->faults = NULL;
    }
}
