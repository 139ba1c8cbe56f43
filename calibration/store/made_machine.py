"""A machine made of parts: costs measured on one, shape of another, latencies of a third.

Rule: what was measured is measured on the machine it was measured on only. Carried over, a cost is assumed, and its
interval reaches ``WIDER`` times further each way; a cost of zero may be as large as its interval said. Distances come
from the latency file, else from the machine that is copied, level by level: a level that it does not have stays
unknown, and crossing it is taken as free. The bandwidth of all memory, where it was measured, is between what the
cores of the copied machine asked for and as much a core; that of its nodes and caches is of its shape and not carried.
What all of the copied machine's busy cores slow each other by is what all of this one's do, as no clock falls further.
Assumptions: kernels and clocks of the two machines are alike within that factor.
When not to use it: for a machine one can log in to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from cerberus_plan.calibration.host.identity import Host
from cerberus_plan.calibration.host.latency_matrix import LatencyMatrix, middle
from cerberus_plan.calibration.store.kernel_costs import LEVELS, level_names
from cerberus_plan.calibration.store.profile import MADE, Profile
from cerberus_plan.model.digits import counted
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.quantity import Provenance, Quantity

if TYPE_CHECKING:
    from cerberus_plan.model.machine import Machine
    from cerberus_plan.model.topology import Topology

#: Another machine's cost may be this much smaller or larger than the interval measured here says.
WIDER = 1.5
_ALL_MEMORY, _CLOCK = "memory_bandwidth", "active_core_slowdown"
_OF_THE_SHAPE = frozenset({"memory_bandwidth_node", "memory_bandwidth_l3"})
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def check_name(name: str) -> None:
    """Refuse a name that is no file's name.

    Raises:
        InputError: With what is allowed.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name!r} cannot name a machine; use letters, digits, '.', '_' and '-', at most 63, beginning with a "
            "letter or digit"
        )


def make_machine(
    name: str,
    like: Machine,
    topology: Topology,
    *,
    latency: Mapping[tuple[int, int], float] | None = None,
    notes: tuple[str, ...] = (),
) -> Profile:
    """The profile of a machine with the costs of ``like`` and another shape.

    Args:
        name: What ``--machine`` will call it.
        like: Whose costs are carried over.
        topology: Where its CPUs are.
        latency: Round trips of pairs of its CPUs [s], if somebody measured them.
        notes: What people should know of the parts.

    Raises:
        InputError: The name cannot be one.
    """
    check_name(name)
    shaped = _OF_THE_SHAPE if like.measured else frozenset()
    quantities = {key: carried(quantity, like.name) for key, quantity in like.quantities.items() if key not in shaped}
    if like.measured and (total := quantities.get(_ALL_MEMORY)) is not None:
        quantities[_ALL_MEMORY] = _of_more_cores(total, topology.physical_cores / like.topology.physical_cores)
    if like.measured and (slowdown := quantities.get(_CLOCK)) is not None:
        quantities[_CLOCK] = _no_further(slowdown, like.topology.physical_cores, topology.physical_cores)
    if latency:
        for level in LEVELS:
            quantities.pop(level, None)
        quantities |= round_trips(topology, latency)
    return Profile(
        host=Host(
            name=name,
            processor=f"made like {like.name}",
            family=MADE,
            cpus=topology.n_cpus,
            memory_bytes=int(sum(topology.memory_bytes)),
            kernel="kernel not known",
            hypervisor="unknown",
        ),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        topology=topology,
        quantities=quantities,
        notes=(f"costs are those of {like.name}, carried over and assumed: calibrate the machine itself", *notes),
        run={"verdict": f"made of parts: costs of {like.name}; nothing was measured on it"},
        latency=latency or {},
    )


def _of_more_cores(total: Quantity, ratio: float) -> Quantity:
    """A bandwidth of all memory on so many times the cores: from the same to as much a core, the middle of both."""
    low = total.value if total.low is None else total.low
    high = total.value if total.high is None else total.high
    return replace(
        total,
        value=total.value * ratio**0.5,
        low=low * min(ratio, 1.0),
        high=high * max(ratio, 1.0),
        source=f"{total.source}; {ratio:.3g} times the cores have between as much and {ratio:.3g} times as much",
    )


def _no_further(slowdown: Quantity, seen: int, cores: int) -> Quantity:
    """A slowdown per busy core that on all of more cores is what it was on those where it was seen.

    Per core it would grow with their number: two CPUs that others kept busy made 64 cores twenty times as slow as one.
    """
    share = min((seen - 1) / max(cores - 1, 1), 1.0)
    if share == 1.0:
        return slowdown
    low, high = (None if end is None else end * share for end in (slowdown.low, slowdown.high))
    source = f"{slowdown.source}; no more on {counted(cores, 'core')} than on {seen}"
    return replace(slowdown, value=slowdown.value * share, low=low, high=high, source=source)


def carried(quantity: Quantity, source: str) -> Quantity:
    """A cost of one machine as an assumption about another: wider, and with where it comes from."""
    if quantity.provenance is Provenance.ASSUMED and quantity.source.startswith("as on "):
        return replace(quantity, errs_with="")  # assumed there already, of a third machine
    low = quantity.value if quantity.low is None else quantity.low
    high = quantity.value if quantity.high is None else quantity.high
    return replace(
        quantity,
        low=low / WIDER,
        high=high * WIDER,
        provenance=Provenance.ASSUMED,
        source=f"as on {source} ({quantity.provenance} there: {quantity.source})",
        errs_with="",
    )


def round_trips(topology: Topology, latency: Mapping[tuple[int, int], float]) -> dict[str, Quantity]:
    """Median round trip at each level of the machine, the spread over pairs as interval [s]."""
    matrix = LatencyMatrix.of(latency)
    place = {cpu: i for i, cpu in enumerate(topology.cpus)}
    order = [place[cpu] for cpu in matrix.cpus]
    inside = np.eye(len(order), dtype=bool)
    found = {}
    for name, level in zip(LEVELS, level_names(topology), strict=True):
        groups = np.array(level)[order]
        together = groups[:, None] == groups[None, :]
        values = matrix.seconds[together & ~inside]
        values = values[~np.isnan(values)]
        if len(values):
            low, high = np.quantile(values, [0.05, 0.95])
            value = float(middle(values))
            found[name] = Quantity(
                value=value,
                unit="s",
                low=min(float(low), value),
                high=max(float(high), value),
                provenance=Provenance.PUBLISHED,
                source=f"latency matrix, median of {len(values) // 2} pairs, interval over pairs",
            )
        inside |= together
    return found
