"""Streams through memory, one a CPU, that say how far they are: ``python -m ... SPEC`` runs until it is ended.

Each copies a block of one array over a block of another, both far larger than its share of the last-level cache, and
writes into its row of a file that it shares with us: bytes copied (each read once and written once, as STREAM counts
them) and the processor time that took [s]. When one ends, which none does by itself, all end, and that is said.
When not to use it: by itself; ``hogs`` starts and ends it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time

import numpy as np

from cerberus_plan.calibration.harness.workers import die_with_parent
from cerberus_plan.calibration.host.child import ended

COLUMNS = ("bytes", "cpu_s")
_BLOCK = 2**19  # doubles, 4 MiB: the row is fresh to a millisecond


def main() -> None:
    """One child a CPU; they end with this process, and it with the first of them."""
    spec = json.loads(sys.argv[1])
    die_with_parent(signal.SIGKILL)
    streams = {}
    for row, cpu in enumerate(spec["cpus"]):
        child = os.fork()
        streams[child] = cpu
        if child == 0:
            die_with_parent(signal.SIGKILL)
            os.sched_setaffinity(0, {cpu})
            _stream(spec["path"], row, len(spec["cpus"]), spec["array_bytes"])
    child, status = os.wait()
    sys.exit(f"the stream on CPU {streams[child]} {ended(os.waitstatus_to_exitcode(status))}")


def _stream(path: str, row: int, rows: int, array_bytes: int) -> None:
    told = np.memmap(path, dtype=np.float64, mode="r+", shape=(rows, len(COLUMNS)))
    blocks = max(array_bytes // (8 * _BLOCK), 1)
    source = np.ones(blocks * _BLOCK)
    target = source.copy()  # zeros would be given page by page, on the first pass
    copied, begun = 0, time.thread_time()
    while True:
        for at in range(0, blocks * _BLOCK, _BLOCK):
            target[at : at + _BLOCK] = source[at : at + _BLOCK]
            copied += 2 * 8 * _BLOCK
            told[row] = copied, time.thread_time() - begun


if __name__ == "__main__":
    main()
