"""The measuring process: speaks one JSON line for each thing it learns, so that its death costs only the rest.

    {"begin": phase}  {"batch": {...}}  {"refused": phase, "reason": text}  {"counted": {...}}  {"end": true}

Phases are interleaved in random order, round by round, so that a slow minute of the host hits all of them.
When not to use it: directly; ``calibration.kvm.probe`` starts it, watches it and reads its lines.
Source: procedure of Georges, Buytaert, Eeckhout (OOPSLA 2007): several processes, several batches each.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import os
import random
import signal
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from cerberus_plan.calibration.kvm.probes import Lab, count_page_table_events, phases
from cerberus_plan.calibration.kvm.vm import Kvm, KvmRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    Say = Callable[[dict[str, Any]], None]

_PR_SET_PDEATHSIG: Final = 1
COUNTING: Final = "page-table counters"


def measure(lab: Lab, *, rounds: int, process: int, skip: Collection[str], say: Say) -> None:
    """Run all phases but ``skip`` for ``rounds`` rounds and say what was found."""
    order = random.Random(process)  # noqa: S311 - an order of measurement, not a secret
    left = {name: function for name, (function, _) in phases(len(lab.cpus)).items() if name not in skip}
    if COUNTING not in skip:
        _count(lab, say)
    for number in range(rounds):
        for name in order.sample(sorted(left), k=len(left)):
            say({"begin": name})
            try:
                batches = left[name](lab)
            except (KvmRefusedError, OSError) as error:
                del left[name]
                say({"refused": name, "reason": str(error)})
                continue
            for batch in batches:
                say({"batch": replace(batch, round=number, process=process).to_record()})
    say({"end": True})


def _count(lab: Lab, say: Say) -> None:
    say({"begin": COUNTING})
    try:
        say({"counted": count_page_table_events(lab)})
    except (KvmRefusedError, OSError) as error:
        say({"refused": COUNTING, "reason": str(error)})


def main() -> None:
    """Entry point of the child process."""
    parser = argparse.ArgumentParser(prog="python -m cerberus_plan.calibration.kvm.child")
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--process", type=int, default=0)
    parser.add_argument("--skip", action="append", default=[])
    options = parser.parse_args()
    # Die with the parent, even if it is killed: a guest must not be left running.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    gc.disable()
    cpus = tuple(sorted(os.sched_getaffinity(0)))
    with Kvm() as kvm:
        lab = Lab(kvm=kvm, cpus=cpus)
        measure(lab, rounds=options.rounds, process=options.process, skip=options.skip, say=_write)


def _write(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
