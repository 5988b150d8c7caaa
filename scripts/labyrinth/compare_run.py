# SPDX-License-Identifier: GPL-2.0-only
"""Running rows of the comparison, several guests at a time.

Contract: how many run at a time changes no figure, for the guest counts instructions and not time. Each row runs in
a process of its own, which ends with this one. A row's pace comes from another row, which runs before it. What a run
of the same builds gave is kept and taken again, so that one that was interrupted goes on where it ended.
"""
import json
import multiprocessing
import multiprocessing.connection
import time

from . import compare_guest, compare_matrix, compare_rows, machine, paths, ui


KEPT = paths.BUILD / "compare" / "rows"


def period_of(row, rows):
    """Nanoseconds between two pages of a queue, or Absent. `rows`: {id: JSON} of those that ran."""
    pace = row.pace()
    if pace is None:
        return 0
    base = rows.get(pace.id)
    if not base or base["absent"]:
        raise compare_guest.Absent(f"its pace is made from {pace.id}, which is absent")
    # A queue's generator works for itself: all together are to come at the pace.
    return max(1, round(base["virtual_ns_per_page"] * compare_matrix.PACES[row.load] * row.queues))


def one(guest, row, rows, fresh):
    """The JSON row of a run, or of the one that was kept."""
    period = None
    try:
        period = period_of(row, rows)
        kept = KEPT / f"{guest.digest(row, period)}.json"
        if not fresh and kept.is_file():
            return json.loads(kept.read_text())
        found = compare_rows.made(row, period, guest.run(row, period))
        paths.write_atomically(kept, json.dumps(found))
        return found
    except compare_guest.Absent as reason:
        return compare_rows.absent(row, period, str(reason))


def _child(pipe, guest, row, rows, fresh):
    try:
        pipe.send((one(guest, row, rows, fresh), None))
    except ui.LabError as problem:
        pipe.send((None, str(problem)))
    except machine.Interrupted:
        pass


def ordered(rows):
    """The rows and the ones that they take their pace from, these first."""
    paces = [pace for row in rows if (pace := row.pace())]
    return list(dict.fromkeys(paces + list(rows)))


class _Worker:
    def __init__(self, context, guest, row, rows, fresh):
        self.row, self.begun = row, time.monotonic()
        self.pipe, theirs = context.Pipe(duplex=False)
        self.process = context.Process(target=_child, args=(theirs, guest, row, dict(rows), fresh))
        self.process.start()
        theirs.close()

    def result(self):
        try:
            found, wrong = self.pipe.recv()
        except EOFError:
            found, wrong = None, f"{self.row.id}: its process ended without a result"
        self.process.join()
        return found, wrong


def _say(number, total, row, found, seconds):
    what = f"absent: {found['absent']}" if found["absent"] else f"{found['instructions_per_page']:,.1f} instructions a page"
    ui.note(f"  {number} of {total}: {row.id}: {what} ({seconds:.0f} s)")


def run(guest, rows, jobs, fresh=True):
    """({id: JSON row}, [what was wrong]) of all rows; not `fresh`: those that were kept are not run again."""
    context = multiprocessing.get_context("fork")
    waiting, running, found, wrong = ordered(rows), [], {}, []
    total, number = len(waiting), 0
    try:
        while waiting or running:
            ready = [row for row in waiting if row.pace() is None or row.pace().id in found or wrong]
            while ready and len(running) < jobs:
                row = ready.pop(0)
                waiting.remove(row)
                running.append(_Worker(context, guest, row, found, fresh))
            for pipe in multiprocessing.connection.wait([worker.pipe for worker in running]):
                worker = next(w for w in running if w.pipe is pipe)
                running.remove(worker)
                row, fault = worker.result()
                number += 1
                if fault:
                    wrong.append(fault)
                    ui.error(fault)
                    row = compare_rows.absent(worker.row, None, f"it failed: {fault.splitlines()[0]}")
                found[worker.row.id] = row
                _say(number, total, worker.row, row, time.monotonic() - worker.begun)
    finally:
        for worker in running:
            worker.process.terminate()
        for worker in running:
            worker.process.join()
    return found, wrong
