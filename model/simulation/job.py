"""A finite job: every thread does a number of cycles; how long until the last is done?

Models: start-up (instances begin at their own times), the slowest thread at the end, barriers in between.
Equation: the interval is mean +- t s / sqrt(replications) over independent runs.
When not to use it: for a system without end; ``simulate`` uses one long run better.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.laws.station import Station
from cerberus_plan.model.network import Instance, check_stations
from cerberus_plan.model.simulation import events
from cerberus_plan.model.simulation.layout import lay_out
from cerberus_plan.model.simulation.random import generator
from cerberus_plan.model.simulation.rules import Rules
from cerberus_plan.model.simulation.world import world
from cerberus_plan.model.student import student_t

# Below this the expansion of Student's t loses digits.
FEWEST_REPLICATIONS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSimulation:
    """Completion time of a finite job.

    Attributes:
        seconds: Mean completion time [s].
        low: Lower end of its 99 % interval.
        high: Upper end.
        runs: Completion time of each replication [s].
        events: Events processed in all.
    """

    seconds: float
    low: float
    high: float
    runs: tuple[float, ...]
    events: int


def simulate_job(
    *,
    instances: Sequence[Instance],
    shared: Iterable[Station] = (),
    cycles: int,
    starts: Sequence[float] | None = None,
    replications: int = 20,
    seed: int = 0,
    rules: Rules | None = None,
) -> JobSimulation:
    """Run the job several times.

    Args:
        instances: OS instances with their threads and own stations.
        shared: Stations visited by the threads of all instances.
        cycles: Cycles each thread does.
        starts: When each instance begins [s]; default: all at 0.
        replications: Independent runs, at least 10.
        seed: Any whole number; equal seeds give equal bits.
        rules: Behaviour beyond the stations.

    Raises:
        InputError: An impossible network, rule or number.
    """
    chosen = tuple(instances)
    if cycles < 1 or replications < FEWEST_REPLICATIONS:
        raise InputError(f"cycles = {cycles} must be at least 1, replications = {replications} at least 10")
    if starts is not None and (len(starts) != len(chosen) or not all(0.0 <= s < math.inf for s in starts)):
        raise InputError(f"starts must be times from 0, one for each instance ({len(chosen)} in all)")
    layout, total = lay_out(chosen, check_stations(shared)), cycles * sum(i.threads for i in chosen)
    runs, n_events = [], 0
    with np.errstate(over="ignore"):
        for stream in range(replications):
            state = world(layout, rules or Rules(), generator(seed, stream), cycles=cycles, starts=starts)
            n_events += events.advance(state, total)
            runs.append(float(state.clock[0]))
    mean = float(np.mean(runs))
    wide = student_t(0.99, replications - 1) * float(np.std(runs, ddof=1)) / math.sqrt(replications)
    return JobSimulation(seconds=mean, low=mean - wide, high=mean + wide, runs=tuple(runs), events=n_events)
