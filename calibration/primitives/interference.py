"""How much processes slow each other although they share nothing: in memory of their own, and in pure computing.

    gamma = (T(n) / T(1) - 1) / (n - 1),    T(n): time of one operation of one of n processes

Memory: scattered reads and writes over 32 MiB each (more than a core's caches). Computing: dependent additions.
What grows with n is shared hardware: caches, memory channels, power, and the physical core of SMT siblings.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from cerberus_plan.calibration.harness.atomics import load, store, ticks, touch
from cerberus_plan.calibration.harness.case import Case
from cerberus_plan.calibration.harness.frame import finish, kernel, start
from cerberus_plan.calibration.harness.system_calls import map_private, spin
from cerberus_plan.calibration.primitives.base import Primitive, Results
from cerberus_plan.model.quantity import Provenance, Quantity

if TYPE_CHECKING:
    from cerberus_plan.calibration.primitives.base import Space

_SIZE = 32 * 2**20
#: Share of the machine's memory that all processes together may take.
_MOST_MEMORY = 0.25


@kernel
def memory_walk_loop(frame: int, role: int, count: int, area: int) -> int:
    """Touch lines of our own memory in scattered order; the mapping is kept in the area, one word a role."""
    slot = area + 8 * role
    base = load(slot)
    if base == 0:
        base = map_private(33554432)
        for page in range(8192):
            touch(base + 4096 * page)
        store(slot, base)
    deadline = start(frame, role)
    done = 0
    place = 12345
    while ticks() < deadline:
        for _ in range(count):
            # A multiplier of full period modulo a power of two; the high bits are well mixed.
            place = (place * 1103515245 + 12345) & 0x7FFFFFFF
            line = base + ((place >> 6) & 0x7FFFF) * 64
            store(line, load(line) + 1)
        done += count
    return finish(frame, role, done)


@kernel
def compute_loop(frame: int, role: int, count: int, area: int) -> int:  # noqa: ARG001 - a loop's signature
    """Spin until the deadline; an operation is one iteration."""
    deadline = start(frame, role)
    done = 0
    while ticks() < deadline:
        spin(count)
        done += count
    return finish(frame, role, done)


def _prepare(space: Space) -> list[Case]:
    area = space.area(8 * max(space.counts))
    memory_bytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    cases = []
    for n in space.counts:
        seats = space.seats(n, process=True)
        if n * _SIZE > memory_bytes * _MOST_MEMORY:
            break
        cases.append(
            Case(name=f"memory_walk.{n}", loop=memory_walk_loop, seats=seats, area=area, deadline=True, count=256)
        )
        cases.append(Case(name=f"compute.{n}", loop=compute_loop, seats=seats, deadline=True, count=4096))
    return cases


def interference(results: Results, stem: str) -> Quantity | None:
    """Slowdown of each process per further process [1], least squares through n = 1."""
    alone = results.estimate(f"{stem}.1")
    crowd = {n: results.estimate(f"{stem}.{n}") for n in results.counts(stem) if n > 1}
    known = {n: estimate for n, estimate in crowd.items() if estimate is not None}
    if alone is None or not known:
        return None
    base = np.concatenate([[alone.value], alone.replicates])
    further = np.array([n - 1.0 for n in known])
    # The estimate of n processes is per operation of all together: n of them are done in that time each.
    slow = np.stack([n * np.concatenate([[e.value], e.replicates]) / base - 1.0 for n, e in known.items()])
    gamma = np.maximum(np.sum(further[:, None] * slow, axis=0) / np.sum(further**2), 0.0)
    low, high = np.quantile(gamma[1:], [0.05, 0.95])
    return Quantity(
        value=float(gamma[0]),
        unit="1",
        low=min(float(gamma[0]), float(low)),
        high=max(float(gamma[0]), float(high)),
        provenance=Provenance.MEASURED,
        source=f"slowdown per further process, {', '.join(map(str, known))} against 1",
    )


def _derive(results: Results) -> dict[str, Quantity]:
    found = {}
    for name, stem in (("interference_memory", "memory_walk"), ("interference_compute", "compute")):
        quantity = interference(results, stem)
        if quantity is not None:
            found[name] = quantity
    return found


PRIMITIVE = Primitive(
    name="interference",
    description="processes slowing each other in memory of their own and in computing",
    stresses="shared caches, memory channels, power, SMT",
    feeds="interference law",
    prepare=_prepare,
    derive=_derive,
)
