# SPDX-License-Identifier: GPL-2.0-only
"""The mutants of the whole: each takes one thing away from driver, kernel half of the pool, or device.

Contract: a mutant changes one text, which stands exactly once in its file. `by` names the cheapest suite that must
find it. `survives` says why one is known not to be found: it counts against the score all the same.
"""
import dataclasses

import solver


@dataclasses.dataclass(frozen=True)
class Suite:
    """What is run: words of scripts/lab, or a program of the tree; and the sources that it is about."""
    words: tuple
    sources: tuple
    seconds: int = 400


DEVICE = ("qemu-device", "firmware-model/core", "firmware-model/include")
CORE = ("firmware-model/Makefile", "firmware-model/core", "firmware-model/include", "firmware-model/tests",
        "qemu-device/labyrinth_hw.h", "tests/mutants/core")
GUEST = DEVICE + ("driver", "tests/kselftest")


def _kselftest(*words):
    return Suite(("scripts/lab", "kselftest", *words), GUEST)


def _wire(file, *tests):
    return Suite((f"tests/cosim/{file}", *tests), DEVICE + ("firmware-model/port", "tests/cosim"))


STRICT = ("--module-param", "isolate=strict")
SUITES = {
    "qtest": Suite(("scripts/lab", "qtest"), DEVICE, 240),
    # The device and a firmware beside it, with the test on the wire
    "lied-to": _wire("test_lies.py", *(f"Lies.test_{name}" for name in (
        "answer", "values", "queues", "pages", "addresses", "again"))),
    "left-alone": _wire("test_link.py", "Life"),
    "served": _wire("test_firmware.py"),
    # The core alone, on the host
    "core": Suite(("tests/mutants/core", "job", "solve", "share", "valid"), CORE, 180),
    "read": _kselftest("driver_read"),
    "ioctl": _kselftest("driver_ioctl"),
    "life": _kselftest("driver_life"),
    "sysfs": _kselftest("driver_sysfs"),
    "strict": _kselftest(*STRICT, "driver_read"),
    "pool": _kselftest("--no-driver", "labyrinth_pool_test"),
    "pool-rt": _kselftest("--kernel", "rt", "--no-driver", "labyrinth_pool_test"),
    "memory": Suite(("tests/memory/test_memory.py", "two nodes"), GUEST + ("tests/memory",)),
    "lies": Suite(("scripts/lab", "vm", "--device", "x-faults=on", "--", "sh", "tests/mutants/lies.sh"),
                  GUEST + ("tests/mutants/lies.sh",)),
    "iommu": Suite(("tests/iommu/test_iommu.py", "late write, isolated"), GUEST + ("tests/iommu",)),
    "run": Suite(("scripts/lab", "run", "--source", "generator", "--pages", "3000", "--queues", "2",
                  "--append", "swiotlb=force"), GUEST),
}


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One change."""
    name: str
    kind: str           # what was done: bound, phase, refcount ...
    path: str
    old: str
    new: str
    by: str
    survives: str = ""


def _device(name, kind, file, old, new, **more):
    return Mutant(name, kind, "qemu-device/" + file, old, new, "qtest", **more)


def _pci(name, kind, file, old, new, by, **more):
    return Mutant(name, kind, "driver/pci/" + file, old, new, by, **more)


def _pool(name, kind, file, old, new, by="pool", **more):
    return Mutant(name, kind, "driver/pool/" + file, old, new, by, **more)


def _linked(name, kind, file, old, new, by="lied-to", **more):
    return Mutant(name, kind, "qemu-device/" + file, old, new, by, **more)


def _board(name, kind, old, new):
    return Mutant(name, kind, "firmware-model/port/cortex-m/host/link.c", old, new, "served")


ALL = [
    # --- device ---
    _device("completions with the phase of the other lap", "wrong phase", "engine.c",
            "if (!(q->cq_tail & q->cq_size)) {", "if (q->cq_tail & q->cq_size) {"),
    _device("the completion ring's end is one entry early", "off by one", "engine.c",
            "(uint64_t)(q->cq_tail & (q->cq_size - 1))", "(uint64_t)(q->cq_tail % (q->cq_size - 1))"),
    _device("data is moved when the completion ring is full", "removed check", "engine.c",
            "if (!page || labyrinth_cq_full(q) ||", "if (!page ||"),
    _device("descriptors are read beyond the ring's end", "removed bound", "engine.c",
            "n = MIN(n, MIN(q->pq_size - slot, LABYRINTH_TICK_DESCS));", "n = MIN(n, LABYRINTH_TICK_DESCS);"),
    _device("a descriptor of any length is taken", "removed bound", "engine.c",
            "if (length == LABYRINTH_PAGE_SIZE &&\n", "if (length &&\n"),
    _device("a descriptor of any address is taken", "removed check", "engine.c",
            "QEMU_IS_ALIGNED(addr, LABYRINTH_PAGE_SIZE) &&\n", ""),
    _device("data goes on without bus mastering", "removed check", "engine.c",
            "if (!labyrinth_may_dma(s)) {\n        labyrinth_faults_wait(s);", "if (0) {\n        labyrinth_faults_wait(s);"),
    _device("data may go to registers", "removed check", "engine.c", ".memory = 1,", ".memory = 0,"),
    _device("STOP is not answered when the engine runs", "missing drain", "engine.c",
            "if (s->queue[qi].state == LABYRINTH_STATE_DRAINING &&", "if (s->queue[qi].state > 99 &&"),
    _device("a page that the bus refused counts as delivered", "wrong count", "engine.c",
            "lf_done(s, qi, moved && told);", "lf_done(s, qi, told);"),
    _device("a page whose write was refused is complete all the same", "ignored error", "engine.c",
            "    if (moved) {\n        c.length", "    if (1) {\n        c.length"),
    _device("the end of the source is not told", "lost event", "engine.c",
            "        end_of_source(s, qi, now);\n    }\n    trace",
            "        if (0) {\n            end_of_source(s, qi, now);\n        }\n    }\n    trace"),
    _device("an address is lent twice", "missing shadow check", "queue.c",
            "    if (labyrinth_lent(s, addr)) {\n", "    if (granted(s, addr)) {\n"),
    _device("a granted address is posted too", "missing shadow check", "queue.c",
            "return granted(s, addr) || g_hash_table_contains(s->shadow, &addr);",
            "return (0 && granted(s, addr)) ||\n           g_hash_table_contains(s->shadow, &addr);"),
    _device("a posted address is granted too", "missing shadow check", "queue.c",
            "} else if (g_hash_table_contains(s->shadow, &addr) ||\n               lf_grant",
            "} else if (lf_grant"),
    _device("addresses stay lent after STOP", "skipped release", "queue.c",
            "    lf_stop(s, qi);\n    shadow_forget(s, qi);\n", "    lf_stop(s, qi);\n"),
    _device("a grant for another queue's request", "removed check", "queue.c",
            "if (page->queue == qi && page->tag == tag &&", "if (page->tag == tag &&",
            survives="the firmware's own check refuses it as well"),
    _device("a ring of any size", "removed bound", "queue.c", "is_power_of_2(size) && base &&", "base &&"),
    _device("a ring at any address", "removed check", "queue.c",
            "QEMU_IS_ALIGNED(base, LABYRINTH_RING_ALIGN) &&\n", ""),
    _device("a ring that ends beyond all addresses", "removed bound", "queue.c",
            "base <= UINT64_MAX - (uint64_t)size * entry;", "true;"),
    _device("a tail more than a lap ahead", "removed bound", "queue.c",
            "if (tail - head <= size && tail - head >= old - head) {", "if (tail - head >= old - head) {"),
    _device("a tail one more than a lap ahead", "off by one", "queue.c",
            "if (tail - head <= size && tail - head", "if (tail - head <= size + 1 && tail - head"),
    _device("a head beyond what was written", "removed bound", "queue.c",
            "if (head - q->cq_head > q->cq_tail - q->cq_head) {", "if (0) {"),
    _device("a vector that is not there", "off by one", "queue.c",
            "if (q->vector > s->nr_queues) {", "if (q->vector > s->nr_queues + 1) {"),
    _device("START while the queue runs", "removed check", "queue.c",
            "    if (q->state != LABYRINTH_STATE_IDLE) {\n        labyrinth_refuse", "    if (0) {\n        labyrinth_refuse"),
    _device("the ring's place is kept over a START", "missing reset", "queue.c", "    q->cq_tail = 0;\n", ""),
    _device("an event that is there when the host arms waits for more", "lost interrupt", "irq.c",
            "    q->urgent = q->urgent && q->cq_tail != q->cq_head;\n", "    q->urgent = false;\n"),
    _device("what is there when the host arms is never sent", "lost interrupt", "irq.c",
            "    if (next != LABYRINTH_NEVER) {\n        labyrinth_run_at", "    if (!next) {\n        labyrinth_run_at"),
    _device("an interrupt does not disarm", "removed mask", "irq.c",
            "    q->armed = false;\n    q->urgent = false;\n    q->irq_deadline = LABYRINTH_NEVER;\n    if (s->faults",
            "    q->urgent = false;\n    q->irq_deadline = LABYRINTH_NEVER;\n    if (s->faults"),
    _device("interrupts without bus mastering", "removed check", "irq.c",
            "    if (!q->armed || !irq_allowed(s)) {", "    if (!q->armed) {"),
    _device("a moderated interrupt at STOP is lost", "lost interrupt", "irq.c",
            "        irq_fire(s, qi, \"stop\");\n", "        (void)s;\n"),
    # --- the device: a state from outside ---
    _device("a time beyond QEMU's clock", "removed bound", "engine.c", "MIN(when, INT64_MAX)", "when"),
    _device("a loaded queue runs with any registers", "removed check", "vmstate.c",
            "    if (labyrinth_queue_fault(s, qi) ||\n        cfg->mode", "    if (cfg->mode"),
    _device("a loaded queue and its firmware disagree on the mode", "removed check", "vmstate.c",
            "        cfg->mode != (q->config & LABYRINTH_CONFIG_MODE_MASK) ||\n", ""),
    _device("a loaded state lends an address twice", "removed check", "vmstate.c",
            "            labyrinth_lent(s, *addr)) {", "            false) {"),
    _device("a loaded state lends what is no page", "removed check", "vmstate.c",
            "        if (!QEMU_IS_ALIGNED(*addr, LABYRINTH_PAGE_SIZE) ||\n            labyrinth_lent", "        if (labyrinth_lent"),
    # --- the driver: what the device says ---
    _pci("any length in a completion", "missing CQ validation", "isr.c",
         "\tif (length > LABYRINTH_PAGE_SIZE)\n\t\treturn LABYRINTH_REFUSED_LENGTH;\n", "", "lies",
         survives="the pool refuses to hand over more than a page, so the completion is refused there"),
    _pci("any status in a completion", "missing CQ validation", "isr.c",
         "\tif (status != LABYRINTH_COMP_OK && status != LABYRINTH_COMP_DMA)\n\t\treturn LABYRINTH_REFUSED_STATUS;\n",
         "", "lies"),
    _pci("another queue's completion", "missing CQ validation", "isr.c",
         "\telse if (le16_to_cpu(comp->queue) != q->index)\n\t\twhy = LABYRINTH_REFUSED_QUEUE;\n", "", "lies"),
    _pci("the oldest page, whatever the cookie", "missing CQ validation", "isr.c",
         "\t\tif (slot->cookie == cookie)\n", "\t\tif (slot->cookie)\n", "lies"),
    _pci("completions of the other lap", "wrong phase", "isr.c",
         "& LABYRINTH_COMP_PHASE) != odd_lap;", "& LABYRINTH_COMP_PHASE) == odd_lap;", "read"),
    _pci("the completion ring's end is one entry early", "off by one", "isr.c",
         "&q->cq[q->cq_head & (q->cq_size - 1)];", "&q->cq[q->cq_head % (q->cq_size - 1)];", "read"),
    _pci("an entry is read before its flags are seen", "removed barrier", "isr.c", "\t\tdma_rmb();\n", "", "read",
         survives="x86 keeps loads in order, and the compiler has no reason to move the copy"),
    # --- the driver: queues and readers ---
    _pci("pages are not freed when they were read", "skipped free", "reader.c",
         "\tif (labyrinth_page_ok(slot->page))\n\t\tlabyrinth_buffer_release(q, slot);\n\telse\n\t\tq->nr_empty--;\n",
         "\tslot->page.v = 0;\n", "read"),
    _pci("a part that was read is read again", "off by one", "reader.c", "\tslot->offset += copied;\n", "", "read"),
    _pci("a record without room", "removed bound", "reader.c", "\tif (iov_iter_count(to) < want)\n\t\treturn -EMSGSIZE;\n",
         "", "read"),
    _pci("a fault in the middle of a copy consumes it", "missing undo", "reader.c", "\tiov_iter_revert(to, copied);\n", "",
         "read"),
    _pci("the end of the source overtakes its last pages", "wrong order", "isr.c",
         "\t\tlabyrinth_chain_last(&q->ready)->eos = true;\n",
         "\t\tq->at_eos = LABYRINTH_EOS_UNREAD;\n", "read"),
    _pci("a page of a stopped queue is freed while it is the device's", "skipped hand-over", "source_labyrinth.c",
         "static void maze_drop(struct labyrinth_queue *q, struct labyrinth_slot *slot)\n{\n"
         "\tlabyrinth_to_cpu_pinned(q->ldev->pool, slot->page, 0);\n",
         "static void maze_drop(struct labyrinth_queue *q, struct labyrinth_slot *slot)\n{\n", "life"),
    _pci("a queue's pages are not given back when it ends", "skipped free", "reader.c",
         "\t\tlabyrinth_recycle(q, labyrinth_chain_pop(&q->ready), false);\n",
         "\t\tlabyrinth_chain_push(&q->free, labyrinth_chain_pop(&q->ready));\n", "life"),
    _pci("what a reader copies from is freed when the device goes", "missing owner", "reader.c",
         "\tq->orphaned = q->nr_claimed;\n\tfor (claimed = q->nr_claimed;", "\tfor (claimed = 0;", "life"),
    _pci("a queue is not stopped when its file is closed", "missing drain", "queue.c",
         "\tlabyrinth_queue_stop(q, 0);\n\tlabyrinth_queue_discard(q);\n", "\tlabyrinth_queue_discard(q);\n", "read"),
    _pci("an interrupt does not ask for the next", "lost interrupt", "isr.c",
         "\t\tlabyrinth_uwr(q, LABYRINTH_UREG_CQ_HEAD_ARM, q->cq_head);\n", "\t\t;\n", "read"),
    _pci("nobody is woken", "lost wake-up", "queue.c", "\twake_up_interruptible(&q->wait);\n\tif (READ_ONCE(q->broken)",
         "\tif (READ_ONCE(q->broken)", "read"),
    _pci("reserved fields are not looked at", "removed check", "ioctl.c",
         "\t    memchr_inv(bind->reserved, 0, sizeof(bind->reserved)))\n", "\t    false)\n", "ioctl"),
    _pci("a depth of any size", "removed bound", "ioctl.c",
         "\tif (bind->depth < LABYRINTH_RING_MIN || bind->depth > LABYRINTH_DEPTH_MAX ||\n\t    !is_power_of_2(bind->depth))\n",
         "\tif (!is_power_of_2(bind->depth))\n", "ioctl"),
    _pci("two files have one queue", "missing exclusion", "ioctl.c",
         "return ldev->queue[index].owner ? NULL : &ldev->queue[index];", "return &ldev->queue[index];", "ioctl"),
    _pci("the watch outlives the device", "missing cancel", "probe.c",
         "\tcancel_delayed_work_sync(&ldev->watch);\n", "", "life"),
    # --- isolation ---
    _pci("an interrupt hands an isolated page over", "skipped isolation", "source_labyrinth.c",
         "\treturn 0;\n}\n\nstatic int strict_own", "\treturn maze_done(q, slot, len);\n}\n\nstatic int strict_own", "strict"),
    _pci("a page is isolated at each part that is read", "missing state", "source_labyrinth.c",
         "\t\tslot->mine = true;\n", "\t\t;\n", "strict"),
    _pool("the mapping of an isolated page stays", "skipped unmap", "memory.c",
          "\tWRITE_ONCE(maze->core.hot.dma[slot], DMA_MAPPING_ERROR);\n\tlab_unmap(maze, dma, PAGE_SIZE);\n",
          "\tWRITE_ONCE(maze->core.hot.dma[slot], DMA_MAPPING_ERROR);\n", "iommu"),
    _pool("isolated pages are not mapped again", "missing work", "refill.c", "\tunmapped = lab_map_again(maze);\n",
          "\tunmapped = 0;\n"),
    _pool("a page that could not be mapped is forgotten until the next kick", "missing retry", "refill.c",
          "\tif (err || unmapped)\n", "\tif (err)\n"),
    _pool("what waits for its mapping keeps the pool", "skipped free", "main.c", "\tlab_end_apart(core);\n", ""),
    _pool("isolation in any context", "removed check", "isolate.c",
          "\tif (!lab_may_sleep(ISOLATE))\n\t\treturn -EPERM;\n", ""),
    # --- the pool's kernel half ---
    _pool("the tail of a user's page is not zeroed", "missing zeroing", "owners.c",
          "\t\tmemset(labyrinth_page_addr(maze, page) + len, 0, PAGE_SIZE - len);\n",
          "\t\treturn 0;\n"),
    _pool("the tail begins one byte late", "off by one", "owners.c",
          "\t\tmemset(labyrinth_page_addr(maze, page) + len, 0, PAGE_SIZE - len);\n",
          "\t\tmemset(labyrinth_page_addr(maze, page) + len + 1, 0, PAGE_SIZE - len - (len < PAGE_SIZE));\n"),
    _pool("a page leaves the pool mapped", "skipped unmap", "memory.c",
          "\tif (core->hot.dma[slot] != DMA_MAPPING_ERROR)\n\t\tlab_unmap(maze, core->hot.dma[slot], PAGE_SIZE);\n", ""),
    _pool("a block leaves the pool mapped", "skipped unmap", "memory.c",
          "\tlab_unmap(maze, core->hot.dma[first], PAGE_SIZE << core->shift);\n\tfor (i = 0; i < lab_size(core); i++)\n\t\tlab_page_release",
          "\tfor (i = 0; i < lab_size(core); i++)\n\t\tlab_page_release"),
    _pool("data stays in the bounce buffer", "skipped sync", "owners.c",
          "\tif (len)\n\t\tdma_sync_single_for_cpu(maze->dev, labyrinth_page_dma(maze, page), len,\n\t\t\t\t\tmaze->dir);\n",
          "", "run"),
    _pool("more than a page may be handed over", "removed bound", "owners.c", "\tif (len <= PAGE_SIZE) {\n", "\tif (1) {\n"),
    _pool("pages above the device's reach", "removed bound", "memory.c",
          "if (!page || zone == GFP_DMA || lab_in_reach(maze, page, order))", "if (1)", "memory"),
    _pool("nobody is told that there are pages again", "lost wake-up", "refill.c",
          "\tif (maze->refilled)\n\t\tmaze->refilled(maze->arg);\n", ""),
    _pool("a pool does not hold its module", "missing refcount", "main.c", "\t__module_get(THIS_MODULE);\n", ""),
    _pool("the page allocator in any context", "removed check", "refill.c",
          "return LAB_RT_RULES ? preemptible() : !in_nmi();", "return true;", "pool-rt"),
    _pool("frees in NMIs", "removed check", "alloc.c",
          "\tif (unlikely(!lab_may_go(FREE))) {", "\tif (unlikely(0)) {"),
    _pool("the shrinker gives nothing back", "missing work", "shrink.c", "\tgone = lab_trim(core, keep);\n", "\tgone = 0;\n"),
    _pool("a page made in an interrupt is not mapped for a device that cannot reach it", "ignored error", "memory.c",
          "\tif (dma == DMA_MAPPING_ERROR) {\n\t\t__free_page(page);\n\t\treturn -EIO;\n\t}\n", "",
          survives="no test makes the mapping of a page fail after its pool was made"),
    # --- a firmware beside the device ---
    _linked("an impossible state of a firmware is taken over", "removed check", "cosim_state.c",
            "if (!bools_ok(&fw) || !labyrinth_fw_valid(&fw)) {", "if (!bools_ok(&fw)) {"),
    _linked("a bool of a firmware's is any number", "removed check", "cosim_state.c",
            "return byte <= 1;", "return byte <= 127;"),
    _linked("a firmware writes where nobody granted", "removed check", "cosim_state.c",
            "        if (granted != !!grant->tag ||\n", "        if (false &&\n"),
    _linked("a grant is good for more than one page", "missing work", "cosim_state.c",
            "        s->cosim->grant[page - s->fw.page].tag = 0;\n", ""),
    _linked("a firmware runs the queues that it likes", "removed check", "cosim_state.c",
            "if (fw->queue[qi].running != (c->running >> qi & 1) ||\n            (fw", "if ((fw"),
    _linked("a firmware runs a queue as it likes", "removed check", "cosim_state.c",
            "           a->gen_seed == b->gen_seed && a->gen_count", "           a->gen_count"),
    _linked("a firmware is to be asked again in the past", "removed bound", "cosim_state.c",
            "good = value > call->now;", "good = true;"),
    _linked("an answer to another call is an answer", "removed check", "cosim.c",
            "    if (qatomic_read(&answer->number) != c->head - 1 ||\n"
            "        qatomic_read(&answer->op) != call->op) {", "    if (false) {"),
    _linked("what was moved before a firmware failed is not counted", "missing work", "firmware.c",
            "    if (!heard) {\n        labyrinth_fw_done", "    if (!heard && !s->cosim) {\n        labyrinth_fw_done"),
    _linked("a firmware is waited for ten times as long", "wrong unit", "cosim.c",
            "(int64_t)s->firmware_timeout_ms * 1000;", "(int64_t)s->firmware_timeout_ms * 10000;", "left-alone"),
    _linked("queues run on without a firmware", "missing work", "cosim.c",
            '            labyrinth_queue_idle(s, qi, "firmware failed");\n', "            continue;\n", "left-alone"),
    _linked("the host is not told that the firmware failed", "missing work", "cosim.c",
            "    labyrinth_aer_send(s);\n", "", "left-alone"),
    _linked("a reset does not load the firmware anew", "missing work", "cosim.c",
            "    c->epoch++;\n", "", "left-alone"),
    _linked("a second firmware takes the first one's place", "removed check", "cosim.c",
            "if (c->peer >= 0 && heard(s)) {", "if (false) {", "left-alone"),
    _linked("a firmware of another tree is let in", "removed check", "cosim.c",
            "qatomic_read(&answers->state_size) != LABYRINTH_LINK_STATE_SIZE) {", "false) {", "left-alone"),
    _linked("an unused firmware that goes is an error", "removed check", "cosim.c",
            "    if (used) {\n", "    if (true || used) {\n", "left-alone"),
    _linked("a device without a firmware is ready", "removed check", "cosim.c",
            "return !s->cosim->failed && s->cosim->link < LABYRINTH_LINK_FRESH;", "return false;", "left-alone"),
    _board("a call that is half written is served", "removed check", "if (call.number != tail || call.op >=",
           "if (call.op >="),
    _board("a call that there is not is served", "removed bound", " || call.op >= LABYRINTH_LINK_OPS)", ")"),
    _board("a ring that is more than full is served", "removed bound",
           "good = head - tail <= LABYRINTH_LINK_SLOTS;", "good = true;"),
    _board("more bytes than a page has are taken for some", "removed bound", "\tif (n > LABYRINTH_PAGE_SIZE)\n\t\treturn 0;\n",
           ""),
    _board("another epoch is heard of only by the bell", "removed check",
           "if (CALLS->epoch != epoch || still == WATCH_LATE)", "if (still == WATCH_LATE)"),
] + [
    # --- the solver ---
    Mutant(name, kind, "firmware-model/core/" + file, old, new, "core") for name, kind, file, old, new in solver.ALL
]
