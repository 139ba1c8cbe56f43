"""How fast a core is beside others that are busy, and how fast the slower kind of core is: the same work on each.

    slowdown = (n S(1) / S(n) - 1) / (n - 1),    S(n): dependent additions per second of n processes, their mean

by least squares over n = 2, 4, ...; an addition takes one cycle, so this is the clock, which falls as power is shared.
Where cores are of two kinds, the speed of the slower one is T(1) on a fast core over T(1) on a slow one.
Assumptions: processes on cores of their own share no work and no memory, and siblings are left out.
When not to use it: for what caches and memory add (``memory_stream``), or two threads of one core (``siblings``).
Source: turbo frequency tables of vendors fall with active cores in steps; the straight line is a fit to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cerberus_plan.calibration.harness.atomics import ticks
from cerberus_plan.calibration.harness.case import Case, Seat
from cerberus_plan.calibration.harness.frame import finish, kernel, start
from cerberus_plan.calibration.harness.runner import ENOUGH_CLEAN
from cerberus_plan.calibration.harness.system_calls import spin
from cerberus_plan.calibration.primitives.base import Primitive, Results, describe
from cerberus_plan.model.quantity import Provenance, Quantity

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cerberus_plan.calibration.primitives.base import Space

#: Case of each kind of core, fast and slow.
_KINDS = ("compute.fast.1", "compute.slow.1")
#: Least lower bound, as a part of the value: a bound of 0 has no logarithm to draw from.
_LEAST = 0.1
#: Draws of the bootstrap.
_DRAWS = 400


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
    several = [
        Case(name=f"compute.{n}", loop=compute_loop, seats=space.seats(n, process=True), deadline=True, count=4096)
        for n in space.counts
    ]
    kinds = _one_of_each_kind(space)
    return several + [
        Case(name=name, loop=compute_loop, seats=(Seat(cpu=cpu),), deadline=True, count=4096)
        for name, cpu in zip(_KINDS, kinds, strict=False)
    ]


def _one_of_each_kind(space: Space) -> tuple[int, ...]:
    """The first fast CPU and the first slow one; none where all are alike."""
    slow = space.topology.efficiency_cpus if space.topology else ()
    if not slow:
        return ()
    return next(cpu for cpu in space.cpus if cpu not in slow), slow[0]


def slowdown(results: Results, stem: str = "compute") -> Quantity | None:
    """Slowdown of each process per further one [1], least squares through n = 1.

    Mean speeds are compared, of one process and of n: a core that shares its power or its execution units with what
    cannot be seen from here is fast at times and slow at others. The fastest of one would be set against the average
    of n, and show a slowdown that no program meets (29 % on 16 cores on which programs lost none).
    """
    alone = _mean_speeds(results, f"{stem}.1")
    crowd = {n: _mean_speeds(results, f"{stem}.{n}") for n in results.counts(stem) if n > 1}
    known = {n: speeds for n, speeds in crowd.items() if speeds is not None}
    if alone is None or not known:
        return None
    further = np.array([n - 1.0 for n in known])
    # The speed of n processes is that of all together.
    slow = np.stack([n * alone / speeds - 1.0 for n, speeds in known.items()])
    found = np.maximum(np.sum(further[:, None] * slow, axis=0) / np.sum(further**2), 0.0)
    return _with_interval(found, f"slowdown per further process, {', '.join(map(str, known))} against 1")


def _mean_speeds(results: Results, case: str) -> NDArray[np.float64] | None:
    """Operations per second of a case: the mean over its batches, then means of batches drawn again by process."""
    timed = [batch for batch in results.batches.get(case, []) if batch.round >= 0]
    clean = [batch for batch in timed if batch.clean]
    used = clean if len(clean) >= ENOUGH_CLEAN else timed
    if len(used) < ENOUGH_CLEAN:
        return None
    speeds = np.array([1.0 / batch.seconds for batch in used])
    owner = np.array([batch.process for batch in used])
    groups = [speeds[owner == process] for process in np.unique(owner)]
    rng = np.random.default_rng(len(used))
    chosen = rng.integers(len(groups), size=(_DRAWS, len(groups)))
    sums = np.empty(chosen.shape)
    for j, group in enumerate(groups):
        at = chosen == j
        sums[at] = rng.choice(group, size=(np.count_nonzero(at), len(group))).sum(axis=1)
    sizes = np.array([len(group) for group in groups])
    return np.concatenate([[speeds.mean()], sums.sum(axis=1) / sizes[chosen].sum(axis=1)])


def _with_interval(samples: NDArray[np.float64], source: str) -> Quantity:
    value = float(samples[0])
    low, high = (float(bound) for bound in np.quantile(samples[1:], [0.05, 0.95]))
    return Quantity(
        value=value,
        unit="1",
        low=min(value, max(low, _LEAST * value)),
        high=max(value, high),
        provenance=Provenance.MEASURED,
        source=source,
    )


def _derive(results: Results) -> dict[str, Quantity]:
    found = {}
    falls = slowdown(results)
    if falls is not None:
        found["active_core_slowdown"] = falls
    fast, slow = (results.estimate(name) for name in _KINDS)
    if fast is not None and slow is not None:
        speeds = np.concatenate([[fast.value], fast.replicates]) / np.concatenate([[slow.value], slow.replicates])
        source = describe(slow, "dependent additions on a core of the slower kind against the faster")
        found["efficiency_core_speed"] = _with_interval(np.minimum(speeds, 1.0), source)
    return found


PRIMITIVE = Primitive(
    name="active_cores",
    description="the same computing on 1, 2, 4, ... cores, and on each kind of core",
    stresses="clock rate and power shared by the cores",
    feeds="active_core_slowdown, efficiency_core_speed; control of what contends",
    prepare=_prepare,
    derive=_derive,
)
