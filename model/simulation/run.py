"""Simulate a cluster: the door to both paths.

Models: the same networks as ``model.exact.solver``, and with ``rules`` what product form cannot say.
Assumptions: those of the path taken; it is named in the result.
When not to use it: for a memoryless network whose exact answer is wanted; ``solve`` is exact and faster.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.exact.solver import StationResult
from cerberus_plan.model.laws.station import Array, Station
from cerberus_plan.model.network import Instance, check_instances, check_stations
from cerberus_plan.model.simulation import events, jump_chain
from cerberus_plan.model.simulation.description import READERS
from cerberus_plan.model.simulation.layout import Layout, lay_out
from cerberus_plan.model.simulation.random import Generator, generator
from cerberus_plan.model.simulation.rules import EXPONENTIAL, Holds, Rules
from cerberus_plan.model.simulation.statistics import FEWEST_GROUPS, half_width, warm_up
from cerberus_plan.model.simulation.world import world
from cerberus_plan.model.whole import as_int

FEWEST_COMPLETIONS = 4 * FEWEST_GROUPS
_MOST_BATCHES = 256
ENGINES = ("auto", "jumps", "events")
# completions so far, completions wanted
Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Simulation:
    """What a run found, after its warm-up.

    Attributes:
        throughput: Cycles per second of all instances together.
        low: Lower end of its 99 % interval.
        high: Upper end.
        per_instance: Cycles per second of each instance.
        stations: Queue length, residence and utilisation of each station: instances in order, then shared ones.
        completions: Cycles simulated, warm-up included.
        warm_up: Cycles dropped at the start.
        events: Events processed.
        seconds: Simulated time, warm-up included [s].
        engine: "jumps" (memoryless jump chain) or "events" (event heap).
        seed: The seed, which reproduces the run to the bit.
    """

    throughput: float
    low: float
    high: float
    per_instance: tuple[float, ...]
    stations: tuple[StationResult, ...]
    completions: int
    warm_up: int
    events: int
    seconds: float
    engine: str
    seed: int

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={getattr(self, name)!r}" for name in ("throughput", "low", "high", "completions"))
        return f"Simulation({told}, instances={len(self.per_instance)}, engine={self.engine!r}, seed={self.seed})"


def simulate(
    *,
    instances: Sequence[Instance],
    shared: Iterable[Station] = (),
    completions: int = 1_000_000,
    seed: int = 0,
    stream: int = 0,
    holds: Holds | Mapping[str, Holds] = EXPONENTIAL,
    handover: str = "state",
    rules: Rules | None = None,
    engine: str = "auto",
    report: Report | None = None,
) -> Simulation:
    """Run until so many cycles of all instances together are complete.

    Args:
        instances: OS instances with their threads and own stations.
        shared: Stations visited by the threads of all instances.
        completions: Cycles to simulate, at least 64.
        seed: Any whole number; equal seeds give equal bits.
        stream: Number of the run among several independent ones of one seed.
        holds: Distribution of holds; see ``Rules``.
        handover: When the number present decides a lock's hold; see ``Rules``.
        rules: Further behaviour; holds and handover, where given, replace its own.
        engine: "auto", or "jumps" or "events" to insist.
        report: Called with completions so far and wanted, some hundred times a run.

    Raises:
        InputError: An impossible network, rule or number, or one that the wished engine cannot run.
    """
    chosen, common, completions = check_instances(instances), check_stations(shared), as_int(completions)
    _check(completions, engine)
    behaviour = _behaviour(rules, holds, handover)
    layout = lay_out(chosen, common)
    jumps = _memoryless(layout, behaviour)
    if engine == "jumps" and not jumps:
        raise InputError("engine = 'jumps' needs exponential holds that follow the state, and no further rules")
    rng = generator(seed, stream)
    path = _Jumps(layout, rng) if jumps and engine != "events" else _Events(layout, behaviour, rng)
    return _run(path, layout, completions, seed, report)


def _check(completions: int, engine: str) -> None:
    if type(completions) is not int or completions < FEWEST_COMPLETIONS:
        raise InputError(f"completions = {completions!r} must be a whole number from {FEWEST_COMPLETIONS}")
    if engine not in ENGINES:
        raise InputError(f"engine = {engine!r} must be one of {', '.join(map(repr, ENGINES))}")


def _behaviour(rules: Rules | None, holds: Holds | Mapping[str, Holds], handover: str) -> Rules:
    found = rules or Rules()
    if not (isinstance(holds, str) and holds == EXPONENTIAL):
        found = replace(found, holds=holds)
    return found if handover == "state" else replace(found, handover=handover)


def _memoryless(layout: Layout, rules: Rules) -> bool:
    """Whether the jump chain can run it: nothing but counts matters, and no rate is infinite."""
    alike = layout.n_local == len(layout.names) or bool((layout.factors == layout.factors[0]).all())
    simple = all(d.kind != READERS and d.times.min() > 0.0 for d in layout.descriptions)
    return rules.memoryless and alike and simple


class _Jumps:
    """A run on the jump chain."""

    engine = "jumps"

    def __init__(self, layout: Layout, rng: Generator) -> None:
        self._state = jump_chain.chain(layout, rng)
        self._n_local = layout.n_local

    def advance(self, completions: int) -> int:
        return jump_chain.advance(self._state, self._n_local, completions)

    def reading(self) -> tuple[float, Array, Array, Array]:
        """Time, cycles of each instance, integrals of present and of busy of each station."""
        state = self._state
        return float(state.clock[0]), state.done.astype(float), *state.measured[1:].copy()


class _Events:
    """A run on the event heap."""

    engine = "events"

    def __init__(self, layout: Layout, rules: Rules, rng: Generator) -> None:
        self._world = world(layout, rules, rng)

    def advance(self, completions: int) -> int:
        return events.advance(self._world, completions)

    def reading(self) -> tuple[float, Array, Array, Array]:
        """Time, cycles of each instance, integrals of present and of busy of each station."""
        stations, done = self._world.stations, self._world.instances["done"]
        return float(self._world.clock[0]), done.astype(float), stations["area"].copy(), stations["busy"].copy()


def _run(path: _Jumps | _Events, layout: Layout, completions: int, seed: int, report: Report | None) -> Simulation:
    """Run batch by batch, then drop the warm-up and measure the rest."""
    n_batches = min(_MOST_BATCHES, completions // 4)
    ends = np.linspace(0, completions, n_batches + 1).astype(np.int64)
    readings, n_events = [path.reading()], 0
    with np.errstate(over="ignore"):  # uncompiled, the generator's words wrap round with a warning
        for size, end in zip(np.diff(ends), ends[1:], strict=True):
            n_events += path.advance(int(size))
            readings.append(path.reading())
            if report is not None:
                report(int(end), completions)
    times = np.array([reading[0] for reading in readings])
    if not times[-1] > times[0]:
        raise InputError("the cycle takes no time; give the instances a station with a positive demand")
    periods = np.diff(times) / np.diff(ends)
    dropped = warm_up(periods)
    spent = times[-1] - times[dropped]
    period = float(spent / (completions - int(ends[dropped])))
    wide = half_width(periods[dropped:])
    first, last = readings[dropped], readings[-1]
    rates = (last[1] - first[1]) / spent
    return Simulation(
        throughput=1.0 / period,
        low=1.0 / (period + wide),
        high=1.0 / (period - wide) if wide < period else math.inf,
        per_instance=tuple(rates.tolist()),
        stations=_stations(layout, rates, (last[2] - first[2]) / spent, (last[3] - first[3]) / spent),
        completions=completions,
        warm_up=int(ends[dropped]),
        events=n_events,
        seconds=float(times[-1]),
        engine=path.engine,
        seed=seed,
    )


def _stations(layout: Layout, rates: Array, present: Array, busy: Array) -> tuple[StationResult, ...]:
    """Measures of all stations as given; those without any demand are empty."""
    found = []
    for name, owner, s in zip(layout.given_names, layout.given_owners, layout.positions, strict=True):
        rate = float(rates.sum() if owner < 0 else rates[owner])
        length, busy_share = (0.0, 0.0) if s < 0 else (float(present[s]), float(busy[s]))
        found.append(
            StationResult(
                name=name,
                instance=None if owner < 0 else owner,
                queue_length=length,
                residence=length / rate if rate > 0.0 else math.inf,
                utilisation=busy_share,
            )
        )
    return tuple(found)
