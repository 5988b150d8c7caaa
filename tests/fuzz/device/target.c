/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fuzzer's targets: a machine with one device, and what is done with each
 * input
 *
 * Contract: a target is chosen with --fuzz-target=NAME, as each target of
 * QEMU's fuzzer; libFuzzer's own options follow.
 */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "fuzz.h"
#include "tests/qtest/fuzz/fuzz.h"

/*
 * The shell's expansion is QEMU's fuzzer's own; the variable has the folders of
 * the firmware.
 */
#define MACHINE                                                       \
    "qemu-system-x86_64 $LABYRINTH_FUZZ_FIRMWARE -machine q35 -m 32 " \
    "-nodefaults -display none -monitor none -serial none "           \
    "-accel qtest -device labyrinth,id=lab,bus=pcie.0,addr=4"

/* What happens around each input, whatever its target */
static void around(void (*input)(FuzzInput *in), const unsigned char *data,
                   size_t size)
{
    FuzzInput in = { .at = data, .end = data + size };

    fuzz_last(data, size);
    fuzz_machine_reset();
    input(&in);
    fuzz_oracle_works();
    fuzz_cover_input();
    fuzz_last_over();
}

static GString *guest_machine(FuzzTarget *target)
{
    return g_string_new(MACHINE
                        ",chardev=src,x-faults=on -chardev null,id=src");
}

static GString *wide_machine(FuzzTarget *target)
{
    return g_string_new(MACHINE ",queues=16");
}

static GString *state_machine(FuzzTarget *target)
{
    return g_string_new(MACHINE ",x-faults=on");
}

/*
 * libFuzzer looks at the time of an input when SIGALRM comes.  QEMU blocks that
 * signal for its main loop, which an input that hangs never comes back to.
 */
static void let_time_be_seen(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void prepare(QTestState *qts)
{
    let_time_be_seen();
    fuzz_last_begin();
    fuzz_machine_find(qts);
    fuzz_cover_begin();
}

static void prepare_state(QTestState *qts)
{
    prepare(qts);
    fuzz_state_find();
}

static void guest_input(FuzzInput *in)
{
    fuzz_guest(in, UINT_MAX);
}

static void fuzz_guest_target(QTestState *qts, const unsigned char *data,
                              size_t size)
{
    around(guest_input, data, size);
}

static void fuzz_state_target(QTestState *qts, const unsigned char *data,
                              size_t size)
{
    around(fuzz_state, data, size);
}

/* --- what stands still on purpose, to see that it is found ---------------- */

static void loop_input(FuzzInput *in)
{
    while (fuzz_more(in)) {
        barrier();
    }
}

/* As one in a system call that no signal ends */
static void deaf_input(FuzzInput *in)
{
    sigset_t all;

    sigfillset(&all);
    while (fuzz_more(in)) {
        pthread_sigmask(SIG_BLOCK, &all, NULL);
        pause();
    }
}

static void fuzz_loop_target(QTestState *qts, const unsigned char *data,
                             size_t size)
{
    around(loop_input, data, size);
}

static void fuzz_deaf_target(QTestState *qts, const unsigned char *data,
                             size_t size)
{
    around(deaf_input, data, size);
}

static void register_targets(void)
{
    fuzz_add_target(&(FuzzTarget){
        .name = "labyrinth-guest",
        .description =
            "a hostile guest, four queues, a character device, faults",
        .get_init_cmdline = guest_machine,
        .pre_fuzz = prepare,
        .fuzz = fuzz_guest_target,
    });
    fuzz_add_target(&(FuzzTarget){
        .name = "labyrinth-wide",
        .description = "a hostile guest, sixteen queues, no faults",
        .get_init_cmdline = wide_machine,
        .pre_fuzz = prepare,
        .fuzz = fuzz_guest_target,
    });
    fuzz_add_target(&(FuzzTarget){
        .name = "labyrinth-state",
        .description = "a state from outside, then a hostile guest",
        .get_init_cmdline = state_machine,
        .pre_fuzz = prepare_state,
        .fuzz = fuzz_state_target,
    });
    fuzz_add_target(&(FuzzTarget){
        .name = "labyrinth-loop",
        .description = "planted: an input that is not empty never ends",
        .get_init_cmdline = wide_machine,
        .pre_fuzz = prepare,
        .fuzz = fuzz_loop_target,
    });
    fuzz_add_target(&(FuzzTarget){
        .name = "labyrinth-deaf",
        .description = "planted: the same, and no signal reaches it",
        .get_init_cmdline = wide_machine,
        .pre_fuzz = prepare,
        .fuzz = fuzz_deaf_target,
    });
}

fuzz_target_init(register_targets);
