"""What a measured cost is worth to a program: the doubt between a loop of its own, and the program that pays it.

Models: `calibrate` times an operation alone, in a loop, at one moment, on one machine. A program meets it between
other work, at another moment, perhaps on another machine of the same kind; a lock's waiters sleep and are woken.

    log(cost met) = log(cost calibrated) + error,   error ~ N(0, `MET`^2): one for each cost, the same for all splits

A split whose time is all computing gains no doubt by it; one that waits at a single lock gains all of it; one of many
costs gains little, as errors of different costs cancel. Which split is best is as doubtful as the costs in which
splits differ.
Applies to costs of a measured machine (times and bandwidths, measured or derived), and to times that a program is
measured to spend anywhere but computing: holds of its locks. Counts are what they are; the time of computing is the
program's own, seen on one core; assumed and published costs have intervals that say so.
Source of the size: seven programs of known demands on 16 real cores, calibrated on another machine of the same kind
(docs/sixteen-cores.md). `MET` is the least multiple of 0.05 with which 90 % of their splits are in their intervals;
each program left out, the other six give the same. Of it 0.16 is what two machines of one kind differed by at copying
memory (83 and 104 GB/s).
When not to use it: for a cost fitted to the very runs that are predicted; for splits that were run, which win.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from cerberus_plan.model.machine import Machine
from cerberus_plan.model.quantity import Z90, Provenance, Quantity

# Standard deviation of the logarithm of a cost as programs meet it.
MET = 0.30
_ALONE = frozenset({Provenance.MEASURED, Provenance.DERIVED})
_COSTS = frozenset({"s", "B/s"})
_OWN = "compute"


def as_met(machine: Machine, *groups: Mapping[str, Quantity]) -> list[dict[str, Quantity]]:
    """Costs of a machine and operations of programs, group by group, with intervals as programs meet them.

    Args:
        machine: That the costs are of; where it was not calibrated, nothing changes.
        groups: What the systems ask of it, and what a unit of work of each program does.
    """
    return [
        {name: _widened(q) if machine.measured and is_met(name, q) else q for name, q in group.items()}
        for group in groups
    ]


def is_met(name: str, quantity: Quantity) -> bool:
    """Whether it is a cost that was measured alone."""
    return quantity.provenance in _ALONE and quantity.unit in _COSTS and quantity.value > 0.0 and name != _OWN


def mostly_met(quantity: Quantity) -> bool:
    """Whether most of a widened quantity's doubt is how programs meet it, which measuring it again does not lessen."""
    return quantity.sigma < math.sqrt(2.0) * MET


def _widened(quantity: Quantity) -> Quantity:
    factor = math.exp(Z90 * math.hypot(quantity.sigma, MET))
    source = f"{quantity.source}; interval as programs meet it".removeprefix("; ")
    return replace(quantity, low=quantity.value / factor, high=quantity.value * factor, source=source)
