# SPDX-License-Identifier: GPL-2.0-only
"""The mutants: each takes one thing away from the pool's core that somebody might think is not needed.

Contract: a mutant changes the text of one function, wherever in driver/ or in the model's platform that
function is. `by` names the check that must fail: "model" (tests/model) or "unit" (a program of tests/unit
without sanitizers); `case` is a part of the name of the model's cases, or the unit program, to run.
"""
import dataclasses


@dataclasses.dataclass
class Mutant:
    name: str
    function: str
    edits: list             # of (old, new), each found in the function's text
    by: str = "model"
    case: str = ""


def no_lock(function, lock, case=""):
    """All takings of one lock in a function, and all givings up."""
    return Mutant(f"{function} without {lock}", function,
                  [(f"lab_lock({lock});", ";", "all"), (f"lab_unlock({lock});", ";", "all")], case=case)


def no_pin(function, case):
    """Interrupts stay on while a lock is held: one that comes then may wait for ever."""
    return Mutant(f"{function} is not pinned", function,
                  [("lab_pin(pin);", "pin = 0;", "all"), ("lab_unpin(pin);", "(void)pin;", "all")], case=case)


DEPOT, BLOCK = "&core->lock", "&b->lock"

LOCKS = [
    no_lock("lab_settle", DEPOT),
    no_lock("lab_settle", BLOCK),
    no_lock("lab_commit", BLOCK),
    no_lock("lab_turn", BLOCK),
    no_lock("lab_anew", BLOCK),
    no_lock("lab_take_short", BLOCK, "short depot"),
    no_lock("lab_leave_block", BLOCK),
    no_lock("lab_take", DEPOT),
    no_lock("lab_take", BLOCK),
    no_lock("lab_alloc_failed", DEPOT),
    no_lock("lab_ask_why", BLOCK),
    no_lock("lab_free_now", BLOCK),
    no_lock("lab_entry_for", BLOCK),
    no_lock("lab_handle_at", BLOCK, "by address"),
    no_lock("lab_pass_other", BLOCK),
    no_lock("lab_drain", DEPOT),
    no_lock("lab_drain", BLOCK),
    no_lock("lab_claim_block", DEPOT, "refill"),
    no_lock("lab_grow_block", DEPOT, "refill"),
    no_lock("lab_claim_slot", DEPOT, "refill"),
    no_lock("lab_grow_page", DEPOT, "refill"),
    no_lock("lab_grow_page", BLOCK, "refill"),
    no_lock("lab_alloc_new", BLOCK, "refill"),
    no_lock("lab_unclaim_slot", DEPOT, "trim"),
    no_lock("lab_unclaim_block", DEPOT, "trim"),
    no_lock("lab_trim", DEPOT, "trim"),
    no_lock("lab_surplus", BLOCK, "trim"),
    no_lock("lab_work_begin", DEPOT, "worker"),
    no_lock("lab_work_fed", DEPOT, "worker"),
    no_lock("lab_close", DEPOT, "close"),
    no_lock("lab_quarantine", BLOCK, "close"),
    no_lock("lab_leave", DEPOT, "close"),
    no_lock("lab_block_stats", BLOCK, "stats"),
]

PINS = [
    no_pin("lab_claim_slot", "refill"),
    no_pin("lab_grow_block", "refill"),
    no_pin("lab_alloc_new", "refill"),
    no_pin("lab_trim", "trim"),
    no_pin("lab_unclaim_slot", "trim"),
    no_pin("lab_close", "close"),
    no_pin("lab_quarantine", "close"),
    no_pin("lab_block_stats", "stats"),
]

# What orders one CPU's accesses before another's: each taken away makes a payload race
BARRIERS = [
    Mutant("a lock does not acquire", "model_lock", [("memory_lock_taken(lock);", ";")]),
    Mutant("a trylock does not acquire", "model_trylock", [("memory_lock_taken(lock);", ";")], case="NMI"),
    Mutant("an unlock does not release", "model_unlock", [("memory_lock_left(lock);", ";")]),
    Mutant("the depot's lock is left before the block's is had", "lab_take",
           [("lab_lock(&b->lock);", ";"), ("lab_front_take(core, front, b);",
                                           "lab_lock(&b->lock);\n\t\tlab_front_take(core, front, b);")]),
    Mutant("a block is free for others before its owner is set", "lab_take",
           [("lab_front_take(core, front, b);\n\t\tlab_unlock(&b->lock);",
             "lab_unlock(&b->lock);\n\t\tlab_front_take(core, front, b);")]),
    Mutant("the busy bit is set by load and store", "lab_pass",
           [("!lab_set_bit(&b->busy, bit)",
             "!(lab_load(&b->busy) >> bit & 1 || (lab_store(&b->busy, lab_load(&b->busy) | lab_bit(bit)), 0))")],
           case="hand-over"),
]

BLOCKS = [
    Mutant("unissued pages count as issued", "lab_unissued", [("b->owner == LAB_NO_CPU", "1")], "unit", "oracle"),
    Mutant("an old issue's page is good under any epoch", "lab_issued",
           [("epochs[bit] == epoch", "epochs[bit] == epoch || 1")]),
    Mutant("the present issue's page is good under any epoch", "lab_issued", [("epoch == b->gen && ", "")],
           case="stale"),
    Mutant("pages that come back are believed", "lab_take_back",
           [("lab_issued(core, b, epoch, pages)", "pages")]),
    Mutant("a page handed over at its free comes back", "lab_take_back",
           [("good & (lab_load(&b->busy) | lab_load(&b->user) | b->quarantined)", "0")], "unit", "bounds"),
    Mutant("a page that came back is still out", "lab_take_back", [("lab_store(&b->out, b->out & ~(good & ~doubt));", ";")]),
    Mutant("an old page that came back is still out", "lab_take_back", [("b->old &= ~(good & ~doubt);", ";")]),
    Mutant("a page that came back is not kept", "lab_take_back", [("b->back |= good & ~doubt;", ";")]),
    Mutant("a new issue has no new epoch", "lab_fresh_issue", [("++b->last", "b->last")]),
    Mutant("pages still out are forgotten at a new issue", "lab_fresh_issue", [("lab_retire_few(core, b);", ";")],
           "unit", "oracle"),
    Mutant("one page's issue has no new epoch", "lab_issue_one", [("++b->last", "b->last")]),
    Mutant("a page that is issued singly stays free", "lab_issue_one", [("b->back &= ~lab_bit(bit);", ";")],
           case="small pool"),
    Mutant("a busy page is issued singly", "lab_issue_one",
           [("(lab_load(&b->busy) | lab_load(&b->user)) & lab_bit(bit)", "0")], case="hand-over"),
    Mutant("a busy page is issued with its block", "lab_fresh_issue",
           [("lab_load(&b->busy) | lab_load(&b->user)", "0")], case="hand-over"),
    Mutant("a page kept back is not told so", "lab_lock_up", [("lab_store(&b->quarantined, b->quarantined | lab_bit(bit));", ";")],
           "unit", "bounds"),
]

FRONTS = [
    Mutant("the front's good frees are not looked at", "lab_front_back", [("good != freed || ", "")]),
    Mutant("a popped page stays available", "lab_pop", [("avail & (avail - 1)", "avail")]),
    Mutant("a round has no new epoch", "lab_anew", [("lab_store_release(&b->gen, ++b->last);", ";")]),
    Mutant("a round leaves what was freed", "lab_anew", [("lab_store(&front->hot.back, ~front->mask);", ";")]),
    Mutant("a round has the pages that it gave at once", "lab_anew", [("front->mask & ~taken", "front->mask")]),
    Mutant("a run with gaps stays available", "lab_again_run", [("avail & ~run->mask", "avail")], "unit", "oracle"),
    Mutant("a block has no owner in a front", "lab_front_take", [("b->owner = front->cpu;", ";")]),
    Mutant("a block that is left keeps its owner", "lab_leave_block", [("b->owner = LAB_NO_CPU;", ";")]),
    Mutant("a front that is left keeps its block", "lab_leave_block", [("lab_front_clear(front);", ";")]),
    Mutant("a block that is taken stays in the depot", "lab_take", [("lab_depot_leave(core, b);", ";")]),
    Mutant("a drain loses what is available", "lab_drain", [("b->back |= avail;", ";")]),
    Mutant("a drain leaves the table", "lab_drain", [("kick = lab_commit_all(core, front);", ";")]),
    Mutant("a starved pool fills fronts", "lab_take", [("core->fronts && !core->bypass", "core->fronts")],
           case="starvation"),
]

FREES = [
    Mutant("own block: a free page may be freed", "lab_free",
           [("(front->hot.avail | front->hot.back) >> bit & 1", "0")], "unit", "oracle"),
    Mutant("own block: a busy page may be freed", "lab_free",
           [("if (lab_load(&b->busy) >> bit & 1)", "if (0)")], "unit", "oracle"),
    Mutant("a dead handle takes the page from its new user", "lab_free_busy",
           [("!lab_issued(core, b, labyrinth_page_epoch(page), lab_bit(bit))", "0")], "unit", "oracle"),
    Mutant("another pool's page may be freed", "lab_free",
           [("(page.v >> LABYRINTH_SLOT_BITS & (LAB_POOL_IDS - 1)) != core->id", "0")], "unit", "garbage"),
    Mutant("a slot beyond the pool may be freed", "lab_free", [("move->slot >= core->hot.slots", "0")],
           "unit", "garbage"),
    Mutant("a starved pool's frees wait in tables", "lab_free", [("lab_load(&core->bypass)", "0")],
           case="starvation"),
    Mutant("a second free on one CPU is not seen", "lab_free_other", [("entry->ok &= ~one;", ";")]),
    Mutant("a free is not remembered", "lab_free_other", [("entry->freed |= one;", ";")]),
    Mutant("a busy page waits in a table", "lab_free_other",
           [("if (lab_load(&b->busy) & one) {", "if (0) {")], case="device"),
    Mutant("an entry of another issue is used", "lab_free_other", [("entry->key != page.v - bit || ", "")],
           "unit", "oracle"),
    Mutant("a table holds without end", "lab_free_other", [("front->held > core->held_max", "0")], "unit", "bounds"),
    Mutant("an entry is overwritten", "lab_entry_for", [("lab_commit(core, front, entry)", "false")],
           "unit", "oracle"),
    Mutant("all pages of an entry are good", "lab_entry_for",
           [("lab_issued(core, b, epoch, lab_all(core))", "lab_all(core)")]),
    Mutant("at once: a page is not checked", "lab_free_now",
           [("!lab_issued(core, b, labyrinth_page_epoch(page), one)", "0")], case="small pool"),
    Mutant("at once: the own table is not asked", "lab_free_now", [("entry->freed & one", "0")], "unit", "bounds"),
    Mutant("at once: a busy page may be freed", "lab_free_now", [("lab_load(&b->busy) & one)", "0)")],
           "unit", "oracle"),
    Mutant("late frees do not count", "lab_late", [("lab_count(&front->late, lab_popcount(pages));", ";")],
           case="duplicate"),
    Mutant("the user's page has two takers", "lab_from_user", [("!lab_clear_bit(", "0 && !lab_clear_bit(")],
           "unit", "oracle"),
]

KNOWN = [
    Mutant("known: any page of the entry", "lab_free_known", [("ok == entry->ok || ", "")], "unit", "oracle"),
    Mutant("known: a busy page", "lab_free_known", [("lab_load(&core->block[index].busy) & one", "0")], "unit", "oracle"),
    Mutant("known: the page may be freed once more", "lab_free_known", [("entry->ok = ok;", ";")], "unit", "oracle"),
    Mutant("known: the free is not remembered", "lab_free_known", [("entry->freed |= one;", ";")], "unit", "oracle"),
    Mutant("known: a table holds without end", "lab_free_known", [("front->held >= core->held_max", "0")], "unit", "bounds"),
    Mutant("open: more than the table has room for", "lab_open_other", [("lab_popcount(ok) > room", "0")], "unit", "table"),
    Mutant("known: what is open to inline frees is not asked", "lab_free_known", [("front->hot.other || ", "")], "unit", "table"),
    Mutant("known: a starved pool's frees wait", "lab_free_known", [("lab_load(&core->bypass)", "0")], "unit", "table"),
]

TABLES = [
    Mutant("table: of the front's own issue too", "lab_entry_for", [("entry->ok &= ~front->mask;", ";")],
           "unit", "table"),
]

ROWS = [
    Mutant("what was freed inline is not noted", "lab_close_other", [("front->recent->freed |= freed;", ";")], case="in a row"),
    Mutant("inline free of another block: any of its pages", "lab_free_other_pinned", [("!(ok >> bit & 1) || ", "")],
           case="in a row"),
    Mutant("inline free of another block: a busy page", "lab_free_other_pinned",
           [("lab_peek(lab_front_read(front, other_busy)) >> bit & 1", "0")], case="in a row"),
]

HAND_OVERS = [
    Mutant("two hand-overs win", "lab_pass", [("!lab_set_bit(&b->busy, bit)", "(lab_set_bit(&b->busy, bit), true)")],
           case="two hand-overs"),
    Mutant("back from the device: what it was is not looked at again", "lab_from_device",
           [("if (lab_is_lent(core, b, page, lab_bit(bit)))", "if (1)")], case="back from the device twice"),
    Mutant("back from the device: the new owner's bit stays away", "lab_from_device",
           [("lab_set_bit(&b->busy, bit);", ";")], case="back from the device twice"),
    Mutant("back from the device: any issue of the page", "lab_is_lent",
           [("page.v >> LABYRINTH_SLOT_BITS == issue && ", "issue && ")], "unit", "oracle"),
    Mutant("back from the device: what the user has", "lab_is_lent", [("lab_load(&b->user) | ", "")], "unit", "oracle"),
    Mutant("back from the device: what is in quarantine", "lab_is_lent", [(" | lab_load(&b->quarantined)", "")],
           "unit", "garbage"),
    Mutant("back from the device: a plain look at the issue", "lab_fresh_issue",
           [("lab_store_release(&b->gen, ++b->last);", "b->gen = ++b->last;")], case="back from the device twice"),
    Mutant("what the user has goes back to the CPU", "lab_pass", [("!(lab_load(&b->user) >> bit & 1) && ", "")],
           "unit", "oracle"),
    Mutant("a stale handle may hand over", "lab_pass_other",
           [("!lab_issued(core, b, labyrinth_page_epoch(page), lab_bit(bit))", "0")], "unit", "oracle"),
    Mutant("a page in quarantine may be handed over", "lab_pass_other", [("b->quarantined >> bit & 1 || ", "")],
           "unit", "bounds"),
    Mutant("a page freed here may be handed over", "lab_hand_over",
           [("(front->hot.avail | front->hot.back) >> bit & 1", "0")], "unit", "oracle"),
]

INLINE = [
    Mutant("inline alloc leaves the page", "labyrinth_alloc_pinned", [("lab_without(avail, first)", "avail")]),
    Mutant("inline free asks nothing", "labyrinth_free_pinned",
           [("lab_front_barred(front, back) >> bit & 1", "0")], "unit", "oracle"),
    Mutant("inline free does not ask who has the page", "labyrinth_free_pinned",
           [("lab_front_barred(front, back) >> bit & 1", "(lab_front_read(front, avail) | back) >> bit & 1")],
           "unit", "oracle"),
    Mutant("inline run takes what is gone", "labyrinth_alloc_run_pinned", [("(avail & below) != below", "0")],
           "unit", "oracle"),
    Mutant("inline run is freed unseen", "labyrinth_free_run_pinned",
           [("run->mask & lab_front_barred(front, back)", "0")], "unit", "bounds"),
]

DEPOTS = [
    Mutant("a closed pool issues", "lab_depot_first", [("core->bypass & LAB_CLOSED ||", "0 ||")], case="close"),
    Mutant("anyone takes the reserve", "lab_depot_first", [("!atomic && core->depot <= core->reserve", "0")],
           "unit", "bounds"),
    Mutant("the reserve does not bar the front", "lab_alloc",
           [("core->reserve && !who->atomic && lab_load(&core->depot) < core->reserve", "false")], "unit", "bounds"),
    Mutant("a front's block goes to the depot", "lab_depot_settle", [("b->owner == LAB_NO_CPU", "1")]),
    Mutant("a refusal is not noted", "lab_starve",
           [("lab_store(&core->bypass, core->bypass | starved);", ";")], case="starvation"),
    Mutant("a refusal does not ask for the worker", "lab_starve",
           [("first = !core->kicked;", "first = false;")], case="starvation: flush, free"),
    Mutant("the worker does not end a refusal", "lab_work_fed",
           [("lab_store(&core->bypass, core->bypass & ~fed);", ";")], "unit", "memory"),
    Mutant("an NMI waits for the depot", "lab_alloc_nmi", [("lab_trylock(&core->lock)", "(lab_lock(&core->lock), true)")],
           case="NMI"),
    Mutant("an NMI waits for a block", "lab_nmi_take", [("lab_trylock(&b->lock)", "(lab_lock(&b->lock), true)")],
           case="NMI"),
]

STOCK = [
    Mutant("a contiguous block goes back in part", "lab_withdraw",
           [("b->whole && (b->back != b->here ||", "b->whole && (0 ||")], case="trim of whole"),
    Mutant("a page given back is still there", "lab_withdraw", [("b->back &= ~pages;", ";")], case="trim"),
    Mutant("the bound is not looked at", "lab_claim_slot", [("core->total >= core->limit", "0")], "unit", "memory"),
    Mutant("a slot that was not filled is lost", "lab_make", [("lab_unclaim_slot(core, slot);", ";")], "unit", "memory"),
    Mutant("a block that was not filled is lost", "lab_grow_block", [("lab_unclaim_block(core, b);", ";")],
           "unit", "memory"),
    Mutant("closing leaves the pool open", "lab_close", [("lab_store(&core->bypass, LAB_CLOSED);", ";")], case="close"),
    Mutant("closing does not keep the worker off", "lab_close", [("core->kicked = true;", ";")], case="close"),
    Mutant("a pool ends twice", "lab_ended", [("core->orphan = false;", ";")], case="close"),
    Mutant("a pool ends before its last page", "lab_ended", [("core->orphan && !core->total", "core->orphan")],
           case="close"),
]

APART = [
    no_lock("lab_isolate", BLOCK, "isolated"),
    no_lock("lab_isolated", BLOCK, "isolated"),
    no_lock("lab_free_apart", DEPOT, "isolated"),
    no_lock("lab_free_apart", BLOCK, "isolated"),
    no_lock("lab_unwait", DEPOT, "isolated"),
    no_lock("lab_unwaited", BLOCK, "isolated"),
    Mutant("a page that waits is freed once more", "lab_free_apart",
           [("!lab_issued(core, b, labyrinth_page_epoch(page), one)", "0")], case="isolated page, freed twice"),
    Mutant("a page is free before it is mapped", "lab_free_apart",
           [("if (core->bypass & LAB_CLOSED)", "if (1)")], case="isolated"),
    Mutant("a page stays busy when it is free", "lab_join", [("lab_clear_bit(&b->busy, bit);", ";")], case="isolated"),
    Mutant("what waits is not counted", "lab_unwait", [("core->unmapped - 1", "core->unmapped")],
           case="goes to the system"),
]

ALL = LOCKS + PINS + BARRIERS + BLOCKS + FRONTS + FREES + KNOWN + TABLES + ROWS + HAND_OVERS + INLINE + DEPOTS + STOCK + APART
