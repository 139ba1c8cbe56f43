"""What a primitive is: a description, the cases to time, and the quantities made of their samples.

A primitive prepares its cases in the measuring process, before workers are forked, so that they inherit the
files, sockets and memory it opens. It derives its quantities in the calling process from raw batches alone, so
that a stored profile can be evaluated again.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cerberus_plan.calibration.harness.case import Case, Seat
from cerberus_plan.calibration.harness.statistics import LOW_QUANTILE, Estimate, estimate_batches
from cerberus_plan.model.digits import percent
from cerberus_plan.model.quantity import Provenance, Quantity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from cerberus_plan.calibration.harness.case import Batch
    from cerberus_plan.calibration.harness.memory import SharedMemory
    from cerberus_plan.model.topology import Topology


@dataclass(slots=True, kw_only=True)
class Space:
    """What a primitive may use to prepare its cases.

    Attributes:
        memory: Shared memory for areas.
        scratch: Empty folder for files; removed afterwards.
        cpus: Cores to use, one hardware thread of each physical core first.
        counts: Numbers of workers for scaling curves: 1, 2, 4, ... up to the physical cores.
        pairs: Pairs of cores for the latency matrix.
        quick: Leave out what only refines.
        topology: Where the cores are; None: one cache, one node, no siblings.
    """

    memory: SharedMemory
    scratch: Path
    cpus: tuple[int, ...]
    counts: tuple[int, ...]
    pairs: tuple[tuple[int, int], ...]
    quick: bool = False
    topology: Topology | None = None
    _descriptors: list[int] = field(default_factory=list)

    def area(self, size_bytes: int = 4096) -> int:
        """Address of a fresh shared area."""
        return self.memory.allocate(size_bytes)

    def area_of(self, words: Sequence[int], *, size_bytes: int = 4096) -> int:
        """Address of a fresh shared area that begins with ``words``."""
        address = self.area(max(size_bytes, 8 * len(words)))
        self.memory.write(address, list(words))
        return address

    def adopt(self, *descriptors: int) -> None:
        """Close these file descriptors in the end."""
        self._descriptors.extend(descriptors)

    def close(self) -> None:
        """Close everything adopted."""
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors.clear()

    def seats(self, count: int, *, process: bool = False) -> tuple[Seat, ...]:
        """Seats on the first ``count`` cores."""
        return tuple(Seat(cpu=cpu, process=process) for cpu in self.cpus[:count])

    def siblings(self) -> tuple[Seat, ...]:
        """Seats on two hardware threads of one core; empty where no core has two."""
        groups = self.topology.sibling_groups if self.topology else ()
        pair = next((group[:2] for group in groups if len(group) > 1), ())
        return tuple(Seat(cpu=cpu) for cpu in pair)

    def pair(self, *, process: bool = False, same_core: bool = False) -> tuple[Seat, ...]:
        """Seats for two roles; empty where the host has one core and two are needed."""
        if same_core:
            return tuple(Seat(cpu=self.cpus[0], process=process) for _ in range(2))
        return self.seats(2, process=process) if len(self.cpus) > 1 else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Raw batches by case, and estimates of them.

    Attributes:
        batches: All batches of each case.
        context: Short words about where they were taken (host, file system), for sources.
    """

    batches: dict[str, list[Batch]]
    context: dict[str, str] = field(default_factory=dict)

    def estimate(self, case: str, *, quantile: float = LOW_QUANTILE) -> Estimate | None:
        """Estimate of a case; None if it was not run or has too few clean batches."""
        return estimate_batches(self.batches.get(case, []), quantile=quantile)

    def counts(self, stem: str) -> list[int]:
        """Worker counts n for which there are batches of the case ``stem.n``."""
        found = [name.removeprefix(f"{stem}.") for name in self.batches if name.startswith(f"{stem}.")]
        return sorted(int(text) for text in found if text.isdigit())


def describe(estimate: Estimate, note: str) -> str:
    """The source of a measured quantity: what was done, how much of it counted, whether it is bimodal."""
    text = f"{note}; {estimate.kept} of {estimate.total} batches count"
    if estimate.disturbed:
        text += ", disturbed ones among them: too few were not"
    if len(estimate.modes) > 1:
        levels = ", ".join(f"{m.value * 1e9:.4g} ns ({percent(m.share)})" for m in estimate.modes)
        text += f"; several modes: {levels}, the commonest is given"
    return text


def quantity_of(estimate: Estimate, note: str, *, factor: float = 1.0) -> Quantity:
    """A measured time [s]: the estimate times ``factor``."""
    return Quantity(
        value=estimate.value * factor,
        unit="s",
        low=estimate.low * factor,
        high=estimate.high * factor,
        provenance=Provenance.MEASURED,
        source=describe(estimate, note),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Direct:
    """A quantity that is the estimate of cases: several cases are shapes of one loop that must agree.

    Attributes:
        name: Name of the quantity.
        cases: Names of the cases.
        note: What was done, for the source.
        quantile: Estimator.
        factor: The quantity is the estimate times this.
    """

    name: str
    cases: tuple[str, ...]
    note: str
    quantile: float = LOW_QUANTILE
    factor: float = 1.0

    def derive(self, results: Results) -> dict[str, Quantity]:
        """The quantity under its name; nothing if no case has a result.

        Shapes of a loop: the mean of their estimates, and an interval that holds all of them, since the shape
        of the loop around a kernel call moves it by up to 25 % for no known cause.
        """
        found = [results.estimate(case, quantile=self.quantile) for case in self.cases]
        known = [estimate for estimate in found if estimate is not None]
        if not known:
            return {}
        parts = [quantity_of(estimate, self.note, factor=self.factor) for estimate in known]
        return {
            self.name: Quantity(
                value=sum(part.value for part in parts) / len(parts),
                unit="s",
                low=min(part.low or part.value for part in parts),
                high=max(part.high or part.value for part in parts),
                provenance=Provenance.MEASURED,
                source=parts[0].source + (f"; {len(parts)} loop shapes" if len(parts) > 1 else ""),
            )
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Primitive:
    """One microbenchmark.

    Attributes:
        name: Name for ``--only``.
        description: What is timed.
        stresses: What part of the machine or kernel it exercises.
        feeds: Which parameter of the model it gives.
        prepare: Makes the cases; may return none where the host cannot run them.
        derive: Makes quantities of the results.
        nothing: Why it may give none.
    """

    name: str
    description: str
    stresses: str
    feeds: str
    prepare: Callable[[Space], list[Case]]
    derive: Callable[[Results], dict[str, Quantity]]
    nothing: str = "too few batches, or the host has one core only"


def directly(*quantities: Direct) -> Callable[[Results], dict[str, Quantity]]:
    """A ``derive`` for primitives whose quantities are plain estimates."""

    def derive(results: Results) -> dict[str, Quantity]:
        found: dict[str, Quantity] = {}
        for quantity in quantities:
            found.update(quantity.derive(results))
        return found

    return derive


def scaling(
    space: Space,
    stem: str,
    loop: Callable[[int, int, int, int], int],
    *,
    area: int,
    count: int,
    threads: bool = True,
) -> list[Case]:
    """Throughput of 1, 2, 4, ... threads and processes: cases ``stem.threads.N`` and ``stem.processes.N``.

    Args:
        space: Where to prepare.
        stem: Beginning of the names.
        loop: Deadline loop.
        area: Its memory.
        count: Operations between two looks at the clock.
        threads: Also threads; paths that do not touch the address space differ little.
    """
    kinds = (("threads", False), ("processes", True)) if threads else (("processes", True),)
    return [
        Case(
            name=f"{stem}.{kind}.{n}",
            loop=loop,
            seats=space.seats(n, process=process),
            area=area,
            deadline=True,
            count=count,
        )
        for kind, process in kinds
        for n in space.counts
    ]
