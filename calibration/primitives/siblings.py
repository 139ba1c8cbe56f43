"""What the second hardware thread of a core adds: the same work by one thread of a core and by both.

    gain = X(2) / X(1) - 1,    X: throughput of the core

It depends on what a thread leaves unused, so two programs that bound most others are run: eight independent chains of
multiplications, which keep the multiplier busy, and binary search in a table of the second-level cache, which waits
for loads and mispredicted branches. The value is the mean of their gains and the interval holds both.
Assumptions: all cores with siblings are alike.
When not to use it: for streams, which ``memory_stream`` runs on siblings.
Source: Tullsen, Eggers, Levy, Simultaneous multithreading, ISCA (1995): the second thread fills empty issue slots.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cerberus_plan.calibration.harness.atomics import load, opaque, ticks
from cerberus_plan.calibration.harness.case import Case
from cerberus_plan.calibration.harness.frame import finish, kernel, start
from cerberus_plan.calibration.primitives.base import Primitive, Results
from cerberus_plan.model.quantity import Provenance, Quantity

if TYPE_CHECKING:
    from cerberus_plan.calibration.primitives.base import Space

#: Entries of the table that is searched: 128 KiB.
_ENTRIES = 16384
#: Any odd number keeps the chains apart.
_FACTOR = 25214903917
#: A core's second thread may win nothing; a gain of 0 has no logarithm to draw from.
LEAST_GAIN = 0.01
_PROGRAMS = ("multiply", "search")


@kernel
def multiply_loop(frame: int, role: int, count: int, area: int) -> int:  # noqa: ARG001 - a loop's signature
    """Eight chains of multiplications; an operation is one step of all."""
    deadline = start(frame, role)
    a, b, c, d, e, f, g, h = 1, 3, 5, 7, 9, 11, 13, 15
    done = 0
    while ticks() < deadline:
        for _ in range(count):
            a, b, c, d = opaque(a * _FACTOR), opaque(b * _FACTOR), opaque(c * _FACTOR), opaque(d * _FACTOR)
            e, f, g, h = opaque(e * _FACTOR), opaque(f * _FACTOR), opaque(g * _FACTOR), opaque(h * _FACTOR)
        done += count
    return finish(frame, role, done)


@kernel
def search_loop(frame: int, role: int, count: int, area: int) -> int:
    """Binary search of scattered numbers in the table 0, 1, 2, ...; an operation is one search."""
    deadline = start(frame, role)
    done, wanted = 0, 12345 + role
    while ticks() < deadline:
        for _ in range(count):
            wanted = (wanted * 1103515245 + 12345) & 0x7FFFFFFF
            low, high = 0, 16384
            while high - low > 1:
                middle = (low + high) >> 1
                if load(area + 8 * middle) <= (wanted >> 12) & 16383:
                    low = opaque(middle)
                else:
                    high = opaque(middle)
        done += count
    return finish(frame, role, done)


def _prepare(space: Space) -> list[Case]:
    pair = space.siblings()
    if not pair:
        return []
    table = space.area_of(list(range(_ENTRIES)))
    return [
        Case(name=f"siblings.{program}.{n}", loop=loop, seats=pair[:n], area=table, deadline=True, count=count)
        for program, loop, count in (("multiply", multiply_loop, 256), ("search", search_loop, 8))
        for n in (1, 2)
    ]


def gain(results: Results, stem: str) -> tuple[float, float, float] | None:
    """What the second thread adds to a core [1], and its interval; None where it was not measured."""
    one, two = results.estimate(f"{stem}.1"), results.estimate(f"{stem}.2")
    if one is None or two is None:
        return None
    low, high = np.quantile(one.replicates / two.replicates - 1.0, [0.05, 0.95])
    value = max(one.value / two.value - 1.0, LEAST_GAIN)
    return value, min(value, max(float(low), LEAST_GAIN)), max(value, float(high))


def _derive(results: Results) -> dict[str, Quantity]:
    known = {program: found for program in _PROGRAMS if (found := gain(results, f"siblings.{program}"))}
    if not known:
        return {}
    told = ", ".join(f"{program} {found[0]:.2g}" for program, found in known.items())
    return {
        "smt_gain": Quantity(
            value=sum(found[0] for found in known.values()) / len(known),
            unit="1",
            low=min(found[1] for found in known.values()),
            high=max(found[2] for found in known.values()),
            provenance=Provenance.MEASURED,
            source=f"second thread of a core: {told}; the interval holds both",
        )
    }


PRIMITIVE = Primitive(
    name="siblings",
    description="one and two threads of a core: multiplications, and binary search",
    stresses="what SMT siblings share",
    feeds="smt_gain",
    prepare=_prepare,
    derive=_derive,
    nothing="no core of this host shows a second hardware thread, or too few batches",
)
