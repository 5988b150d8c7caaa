# SPDX-License-Identifier: GPL-2.0-only
"""Where a row's instructions go: by function, from looks at the processor each so many instructions.

Contract: the looks are QEMU's, between two instructions, so that the guest does nothing more for them and executes
the same ones as without; what a function gets is its share of the looks, so a small one is only about right.
"""
import bisect
import collections
import re

from . import compare_run, proc, ui, userland

KERNEL = 1 << 63
_PARTS = (("data copied", re.compile(r"copy_user|copy_to_iter|copy_mc|check_object_size|virt_addr_valid|check_stack")),
          ("pages zeroed", re.compile(r"^clear_page")),
          ("our driver", re.compile(r"\[labyrinth\]$")), ("our pool", re.compile(r"\[labyrinth_pool\]$")),
          ("the kernel's allocators", re.compile(
              r"^(get_page_from|__alloc_pages|alloc_pages|free_unref|free_pcp|rmqueue|__rmqueue|post_alloc|prep_new|"
              r"__free_pages|free_the|__free_one|__mod_zone|mempool|dma_pool|page_pool|kmem_cache|__dma_(un)?map|"
              r"dma_(un)?map|dma_direct|dma_sync|kernel_init_pages|__zone_|zone_|__page_|cond_accept|__mod_node|"
              r"get_pfnblock|__count|policy|interleave)")),
          ("lists, with their checks", re.compile(r"^__list_(add|del)")),
          ("the reader's own", re.compile(r"\[(reader|user)\]$")))


def _kernel_symbols(lines):
    """[(address, name)] from /proc/kallsyms, sorted."""
    found = []
    for line in lines:
        words = line.split()
        if words[1] in "tTwW":
            found.append((int(words[0], 16), " ".join(words[2:])))
    return sorted(found)


def _reader_symbols():
    """The same of the static receiver."""
    found = []
    for line in proc.output(["nm", userland.compare()]).splitlines():
        words = line.split()
        if len(words) == 3 and words[1] in "tTwWi":
            found.append((int(words[0], 16), f"{words[2]} [reader]"))
    return sorted(found)


def _lookup(symbols):
    addresses = [address for address, _ in symbols]

    def name(pc):
        at = bisect.bisect_right(addresses, pc)
        return symbols[at - 1][1] if at else None
    return name


def by_function(facts, reader):
    """[(function, instructions a page)], the dearest first; `reader`: symbols of the program."""
    kernel, user = _lookup(_kernel_symbols(facts["symbols"])), _lookup(reader)
    busy = [pc for pc, idle in facts["samples"] if not idle]
    counts = collections.Counter(kernel(pc) if pc >= KERNEL else user(pc) or "[user]" for pc in busy)
    pages = max(facts["passes"]["counted"]["counted"], 1)
    each = facts["marks"]["instructions"] / pages / max(len(busy), 1)
    return [(name or "?", count * each) for name, count in counts.most_common()]


def by_part(functions):
    """The same in a few words: [(part, instructions a page)]."""
    counts = collections.Counter()
    for name, cost in functions:
        counts[next((part for part, pattern in _PARTS if pattern.search(name)), "the rest of the kernel")] += cost
    return counts.most_common()


def table(row, functions, top=25):
    total = sum(cost for _, cost in functions)
    lines = [f"{row.id}: {total:,.0f} instructions a page"]
    lines += [f"  {cost:>9,.1f} {cost / total:>6.1%}  {name}" for name, cost in by_part(functions)]
    lines.append("  of these, by function")
    lines += [f"  {cost:>9,.1f} {cost / total:>6.1%}  {name}" for name, cost in functions[:top]]
    return "\n".join(lines)


def run(guest, row):
    """The table of a row."""
    rows = {}
    if row.pace():
        rows, wrong = compare_run.run(guest, [row.pace()], 1)
        if wrong:
            raise ui.LabError(wrong[0], 1)
    facts = guest.run(row, compare_run.period_of(row, rows), profile=True)
    return table(row, by_function(facts, _reader_symbols() if row.driver == "kernel" else []))
