# SPDX-License-Identifier: GPL-2.0-only
"""The mutants: each takes away one thing that makes the pool exclusive, or the kernel one.

Contract: a mutant changes one place of one file of port/cortex-m, seen on `board`. `by` names what must find it: "pool" or "kernel"
(an image of the tests), or "code" (code.py, for what the emulator does not show).
"""
import dataclasses


@dataclasses.dataclass
class Mutant:
    name: str
    file: str
    old: str
    new: str
    by: str = "pool"
    within: str = ""        # the text from which on `old` is looked for
    board: str = "mps2-an385"


def fast(name, within, old, new="", by="pool"):
    """Of pool_fast.S: what a function that begins with `within` does."""
    return Mutant(name, "pool_fast.S", old, new, by, within)


ALLOC, RELEASE, SHARE, REVOKE, FREE = (f"function {name}\n" for name in (
    "alloc_labyrinth_page_gfp_atomic_exclusive", "pool_release", "pool_share", "pool_revoke", "pool_free"))
NAMES = "claim_wrong(const"

MPU_WRITES = [
    fast("alloc does not write to the MPU", ALLOC, "\tstr\tr3, [r1]\t"),
    fast("free does not write to the MPU", RELEASE, "\tstr\tr3, [r2]\t"),
    fast("a hand-over does not write to the MPU", REVOKE, ".Lpublish:\n\tstr\tr3, [r2]\n", ".Lpublish:\n"),
    Mutant("a free by name leaves the page open to its task", "names.c",
           "if (!exclusive(index))\n\t\tpool_revoke(maze, pool_page(name));", ";"),
]

MASKING = [
    fast("alloc masks nothing", ALLOC, "\tcpsid\ti\n", "\tnop\n"),
    fast("free and hand-over mask nothing", "macro\tenter", "\tcpsid\ti\n", "\tnop\n"),
    fast("alloc leaves interrupts masked", ALLOC, "\tmsr\tprimask, ip\n"),
    fast("free and hand-over leave interrupts masked", "macro\tleave", "\tmsr\tprimask, ip\n"),
    fast("a refusal leaves interrupts masked", "refusals:", "\tmsr\tprimask, ip\n"),
    fast("alloc reads the MPU before it masks", ALLOC, "\tcpsid\ti\n\tldr\tr3, [r1]\n",
         "\tldr\tr3, [r1]\n\tcpsid\ti\n"),
    fast("a page that another took meanwhile is taken too", ALLOC, "\tcbnz\tr3, .Lagain\n", "\tnop\n"),
    Mutant("the switch masks nothing", "mpu.c", "uint32_t was = mask_interrupts();", "uint32_t was = 0;",
           within="void mpu_task("),
    Mutant("the switch leaves the task's region selected", "mpu.c", "MPU->RNR = REGION_POOL;", "(void)0;",
           within="void mpu_task("),
]

CHECKS = [
    fast("free: a free page", RELEASE, "\tbeq\t.Lnot_exclusive\n"),
    fast("free with scrubbing: a page that is not exclusive", FREE, "\tbpl\t.Lno_page", "\tnop\n@"),
    fast("hand-over: a page that is not exclusive", SHARE, "\tbeq\t.Lnot_exclusive\n"),
    fast("hand-over back: a free page", REVOKE, "\tbeq\t.Lnot_shared\n"),
    fast("hand-over back: an exclusive page", REVOKE, "\tbne\t.Lnot_shared\n"),
    fast("no alignment check", "macro\tindex", "\tror\tr3, r3,", "\tlsr\tr3, r3,"),
    fast("no range check", "macro\tindex", "\tbhs\t.Lno_page\n"),
    fast("a full pool has a page", ALLOC, "\tbeq\t.Lfull\n"),
    fast("a failure is not counted", ".Lfull:", "\tadds\tr1, #1\n"),
    Mutant("a refusal is not counted", "pool.c", "maze->refused++;", "(void)maze;"),
    Mutant("NULL is an address like any other", "pool.c", "if (!page)", "if (0)"),
    Mutant("misaligned is outside", "pool.c", "POOL_MISALIGNED", "POOL_OUTSIDE", within="int pool_index("),
    Mutant("a pool that is elsewhere has pages", "pool.c", "base == (void *)POOL_BASE ? 0 : ALL_PAGES", "0"),
    Mutant("a stale name is good", "names.c", "(hold & POOL_ISSUE) != (name & POOL_ISSUE)", "0 & name",
           within=NAMES),
    Mutant("anybody's name is good", "names.c", "owner_in(hold) == owner ?", "owner_in(hold) == owner || owner ?",
           within=NAMES),
    Mutant("a name of a free page is good", "names.c", "if (!(maze->taken & 1u << index))",
           "if (index > 99 && !maze->taken)", within=NAMES),
    Mutant("a free by name has no next issue", "names.c", "hold + used_up", "hold + 0 * used_up"),
    fast("a free has no next issue", FREE, "\tadds\tr0, #1\n"),
]

PAGES = [
    fast("alloc gives the next page", ".Lbeyond:", "(31 << POOL_PAGE_LOG2)", "(32 << POOL_PAGE_LOG2)"),
    fast("alloc bars the next page", ALLOC, "lsl #MPU_RASR_SRD_SHIFT", "lsl #MPU_RASR_SRD_SHIFT + 1"),
    fast("free opens the next page", RELEASE, "bic\tr3, r3, r1, lsl #MPU_RASR_SRD_SHIFT",
         "bic\tr3, r3, r1, lsl #MPU_RASR_SRD_SHIFT + 1"),
    fast("a hand-over opens the next page", SHARE, "bic\tr3, r3, r1, lsl #MPU_RASR_SRD_SHIFT",
         "bic\tr3, r3, r1, lsl #MPU_RASR_SRD_SHIFT + 1"),
    fast("a page stays taken", RELEASE, "\tbics\tr3, r1\n"),
    fast("nothing is scrubbed", FREE, "\tbl\tpool_scrub\n"),
    Mutant("the scrubbing ends early", "pool_scrub.S", "#1 << POOL_PAGE_LOG2", "#(1 << POOL_PAGE_LOG2) - 128"),
    Mutant("the scrubbing ends late", "pool_scrub.S", "#1 << POOL_PAGE_LOG2", "#(1 << POOL_PAGE_LOG2) + 128"),
    Mutant("what is passed on is not looked at again", "names.c",
           "} while (!__atomic_compare_exchange_n(&pool_hold[index], &hold, next,\n\t\t\t\t\t      false, "
           "__ATOMIC_RELAXED,\n\t\t\t\t\t      __ATOMIC_RELAXED));",
           "pool_hold[index] = next;\n\t} while (0);"),
    Mutant("a free by name scrubs nothing", "names.c", "pool_scrub(pool_page(name));", ";"),
]

BARRIERS = [
    fast("alloc without DSB", ALLOC, "\tdsb\n", by="code"),
    fast("alloc without ISB", ALLOC, "\tisb\n", by="code"),
    fast("free and hand-over without DSB", "macro\tleave", "\tdsb\n", by="code"),
    fast("free and hand-over without ISB", "macro\tleave", "\tisb\n", by="code"),
    Mutant("no barrier anywhere in C", "armv7m.h", "dsb\\n\\tisb", "nop", "code"),
    Mutant("the switch without barrier", "mpu.c", "barrier();", ";", "code", "void mpu_task("),
]

LAYOUT = [
    Mutant("the kernel may execute RAM", "mpu.c", "RW_NONE | MPU_RASR_XN | MEMORY", "RW_NONE | MEMORY"),
    Mutant("a page may be executed", "mpu.c", "(RW_RW | MPU_RASR_XN | MEMORY | SIZE(POOL",
           "(RW_RW | MEMORY | SIZE(POOL"),
    Mutant("what is under the pool is the tasks' too", "mpu.c", "RW_NONE | MPU_RASR_XN | MEMORY",
           "RW_RW | MPU_RASR_XN | MEMORY"),
    Mutant("a background region", "mpu.c", "MPU->CTRL = MPU_CTRL_ENABLE;",
           "MPU->CTRL = MPU_CTRL_ENABLE | MPU_CTRL_PRIVDEFENA;"),
    Mutant("the MPU is not on", "mpu.c", "MPU->CTRL = MPU_CTRL_ENABLE;", ";"),
    Mutant("a lower region under the pool is not seen", "mpu.c", "if (for_tasks(rasr))", "if (for_tasks(rasr) && 0)"),
    Mutant("an executable region under the pool is not seen", "mpu.c", "if (!(rasr & MPU_RASR_XN))", "if (0)"),
    Mutant("nothing under the pool is not seen", "mpu.c", "if (!wrong && !under)", "if (0)"),
]

KERNEL = [
    Mutant("tasks have the kernel's rights", "kernel_entry.S", "movs\tr1, #1", "movs\tr1, #0", "kernel"),
    Mutant("a fault does not stop the task", "fault.c", "kernel_running->state = TASK_STOPPING;", ";", "kernel"),
    Mutant("a fault is not reported", "fault.c", "if (faulted[i])", "if (0)", "kernel"),
    Mutant("a report has the wrong owner", "fault.c", "exact ? pool_owner(&kernel_pool, address) : -1", "-1",
           "kernel"),
    Mutant("a report has another address", "fault.c", "address = SCB->MMFAR;", "address = psp;", "kernel"),
    Mutant("a stopped task's pages stay with it", "fault.c", "pool_reclaim(&kernel_pool, POOL_TASK(i));", ";",
           "kernel"),
    Mutant("a call's frame may lie anywhere", "call.c", "if (!kernel_frame_ok(psp))", "if (0)", "kernel"),
    Mutant("a stopped task's call is done", "call.c", "if (kernel_running->state != TASK_READY)", "if (0)", "kernel"),
    Mutant("a call that is none is answered", "call.c", "frame->r0 = (uint32_t)KERNEL_NO_CALL;", "frame->r0 = 0;",
           "kernel"),
    Mutant("a page may go to a task that is none", "kernel.c", "to >= task_count", "to >= 1000", "kernel"),
    Mutant("a page to the kernel stays open", "call.c", "POOL_KERNEL,\n\t\t\t  false", "POOL_KERNEL,\n\t\t\t  true",
           "kernel"),
    Mutant("a waiting task is not woken", "kernel.c", "task->state = TASK_READY;", "task->state = TASK_WAITING;",
           "kernel", "if (task->state == TASK_WAITING)"),
    Mutant("priorities do not count", "kernel.c", "a->priority != b->priority", "0", "kernel"),
    Mutant("a turn never ends", "kernel.c", "kernel_turn();", ";", "kernel", "ticks++;"),
    Mutant("the switch does not move the task's region", "kernel.c", "mpu_task(next->stack);", "(void)next->stack;",
           "kernel"),
]

PAGES_V8M, RUNS_V8M = "mps2-an505", "mps2-an505-8"
V8M = [
    Mutant("v8-M: a run is not switched off before the others change", "mpu_v8m.c", "MPU_V8M->REGION[i].RLAR = 0;",
           ";", within="void set_runs(", board=RUNS_V8M),
    Mutant("v8-M: a run is a page too long", "mpu_v8m.c", "end * PAGE_SIZE - 1", "end * PAGE_SIZE + PAGE_SIZE - 1",
           within="void set_runs(", board=RUNS_V8M),
    Mutant("v8-M: a page's region does not follow", "mpu_v8m.c", "barred >> changed & 1 ? KERNEL_ACCESS : TASK_ACCESS",
           "TASK_ACCESS", board=PAGES_V8M),
    Mutant("v8-M: alloc masks nothing", "pool_v8m.c", "was = mask_interrupts();",
           '__asm__ volatile("mrs %0, primask\\n\\tnop" : "=r"(was) : : "memory");', within="index = (uint32",
           board=RUNS_V8M),
    Mutant("v8-M: two regions over a page are not seen", "mpu_v8m.c", "if (*reached & pages)", "if (0)",
           board=RUNS_V8M),
    Mutant("v8-M: the switch without barrier", "mpu_v8m.c", "barrier();", ";", "code", "void mpu_task(", PAGES_V8M),
]

ALL = V8M + MPU_WRITES + MASKING + CHECKS + PAGES + BARRIERS + LAYOUT + KERNEL
