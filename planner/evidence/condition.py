"""The evaluation of a plan given runs of splits: it passes through them, and bends with them elsewhere.

Models: log rate of M instances of K cores = the lower of that by the demands, under a draw of the costs, and that by
        mechanisms that the demands may miss (``planner.evidence.demands``; within an instance, of the machine,
        between instances) + a discrepancy that grows with the distance from the runs (``calibration.splits``).
The runs weigh draws of costs and mechanisms together and set the level: where demands and runs disagree, the runs win.
Runs of one instance are those of one Linux, runs of several those of processes. Another system's rate is theirs times
the model's ratio of the two, with the model's own error of a system, whether they are candidates themselves or not.
A split of those that was run is its own median, with the spread of one more run, in which it strays with its
neighbours; no other is known better. Doubt
widens with the distance by what was learned on families of programs left out (``calibration.splits.interval``).
Assumptions: the runs are of this program on this machine. When not to use it: for unequal splits.
Source: Kennedy and O'Hagan (2001); docs/decisions/0014-evidence.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cerberus_plan.calibration.splits.interval import TAIL, distances, narrowest, of_run
from cerberus_plan.calibration.splits.measured import Measured, Split
from cerberus_plan.calibration.splits.posterior import Posterior, weigh
from cerberus_plan.calibration.splits.prior import shipped
from cerberus_plan.model.discrepancy import Discrepancy
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.measurement import ran_on
from cerberus_plan.model.quantiles import quantiles
from cerberus_plan.model.record import Record
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.evidence.crowded import crowding
from cerberus_plan.planner.evidence.demands import Demands
from cerberus_plan.planner.splits.evaluate import Evaluated

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

# Station of what runs show and no demand explains.
BEYOND = "contention beyond the demands"
# Throughput by the demands of which so much is left lost nothing worth a station.
_WHOLE = 0.995
# What is left to the model's own error: rates under the draws hold all other doubt already.
_SMALL = 0.005
# Draws closer to each other than this share of a run's noise are not spread any further.
_FLAT = 0.01


class Evidence(Record):
    """What the runs say.

    Attributes:
        measured: The runs, a median a split.
        posterior: Draws of costs and mechanisms given the runs.
        by_demands: Log rate of each measured split by the demands alone, central values.
    """

    measured: Measured
    posterior: Posterior
    by_demands: Array


def condition(evaluated: Evaluated, machine: Machine, workload: Workload, *, cores: int) -> tuple[Evaluated, Evidence]:
    """The evaluation given the runs, and what they say.

    Args:
        evaluated: By the demands, more threads than cores slowed by the run queue (``planner.splits.crowd``).
        machine: The machine planned for.
        workload: With its runs.
        cores: Cores planned for.

    Raises:
        CannotAnswerError: The machine lacks a cost that one Linux or processes need for this workload.
    """
    measured = Measured.of(workload.measured)
    vms, threads = evaluated.splits.vms.astype(int).tolist(), evaluated.splits.threads.astype(int).tolist()
    targets: list[Split] = list(zip(vms, threads, strict=True))
    asked = sorted(set(targets))
    base = Demands(machine, workload, [*asked, *measured.splits])
    posterior = weigh(measured, shipped(), base)
    paths = _spread(posterior, measured, asked, posterior.paths(asked))
    at = {split: column for column, split in enumerate(asked)}
    column = [at[split] for split in targets]
    logs = paths[:, column] + _other_systems(evaluated, base, posterior, targets)
    if any(m * k > cores for m, k in targets):
        free = base.rates(targets, posterior.draw)
        logs += crowding(
            free + measured.log_value[0] - base.rates(measured.splits[:1], posterior.draw) - paths[:, column],
            free,
            np.log(evaluated.rate.T[posterior.draw % evaluated.rate.shape[1]]),
            own=_own(evaluated, targets),
            splits=targets,
            cores=cores,
        )
    centre = quantiles(logs, [0.5])[0]
    rate = np.exp(np.concatenate([centre[None, :], logs])).T
    seconds = None if workload.job_units is None else workload.job_units / rate
    left = np.minimum(rate[:, 0] / evaluated.rate[:, 0], 1.0).tolist()
    found = replace(
        evaluated,
        rate=rate,
        seconds=seconds,
        discrepancy=Discrepancy(split=_SMALL),
        ledger=tuple(map(_with_loss, evaluated.ledger, left)),
        elasticity=tuple(map(_with_loss, evaluated.elasticity, left)),
    )
    by_demands = base.rates(measured.splits, np.zeros(1, dtype=np.int64))[0]
    return found, Evidence(measured=measured, posterior=posterior, by_demands=by_demands)


def _with_loss(shares: Mapping[str, float], left: float) -> dict[str, float]:
    """Shares of time with what the runs show beyond the demands, when ``left`` of the throughput is left."""
    if left >= _WHOLE:
        return dict(shares)
    return {name: share * left for name, share in shares.items()} | {BEYOND: 1.0 - left}


def _spread(posterior: Posterior, measured: Measured, asked: Sequence[Split], paths: Array) -> Array:
    """Paths as wide as intervals that hold, and through what was run."""
    centre = quantiles(paths, [0.5])[0]
    widening = posterior.prior.widening
    times = np.interp(distances(measured.splits, asked), widening.distance, widening.times)
    found = centre + (paths - centre) * times
    # A split nobody ran is known no better than one that was: where runs contradict each other, by little.
    half = np.subtract(*quantiles(found, [1.0 - TAIL, TAIL])) / 2.0
    least = narrowest(measured)
    found = centre + (found - centre) * np.maximum(least / np.maximum(half, least * _FLAT), 1.0)
    # One that was run strays with its neighbours, as far as two runs of it are apart.
    half = np.maximum(half, least)
    for row, split in enumerate(measured.splits):
        if split in asked:
            column = asked.index(split)
            strays = (found[:, column] - centre[column]) / half[column]
            found[:, column] = measured.log_value[row] + strays * of_run(measured, row, float(half[column]))
    return found


def _own(evaluated: Evaluated, targets: Sequence[Split]) -> list[bool]:
    """Whether each candidate's system is the one that its split was run with."""
    return [name == ran_on(split[0]) for name, split in zip(evaluated.systems, targets, strict=True)]


def _other_systems(evaluated: Evaluated, base: Demands, posterior: Posterior, targets: Sequence[Split]) -> Array:
    """What to add to the measured systems' log rate: the model's ratio of a candidate's system to them."""
    own = _own(evaluated, targets)
    draws = np.arange(posterior.draw.size)
    ratio = np.log(evaluated.rate.T[posterior.draw % evaluated.rate.shape[1]]) - base.rates(targets, posterior.draw)
    random = np.random.default_rng(1)
    names = sorted(set(evaluated.systems))
    deviation = {
        name: np.hypot(evaluated.discrepancy.system, evaluated.discrepancy.of_system.get(name, 0.0)) for name in names
    }
    errors = {name: deviation[name] * random.standard_normal(draws.size) for name in names}
    error = np.stack([errors[name] for name in evaluated.systems], axis=1)
    return np.asarray(np.where(own, 0.0, ratio + error))
