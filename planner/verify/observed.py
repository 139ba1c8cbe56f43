"""The splits that decide whose the contention is, run beside an observed curve: 1 x n, 2 x n/2 and n x 1.

Rounds as of a verification (`rounds`): each split once a round, in random order, after a warm-up. A rate is what the
program prints, added over instances; by the clock an instance does one piece of work, so m of them do m in the time.
The rows that come of it, with those of the curve, are what a plan then passes through.
When not to use it: for a program that cannot run twice at the same time (a fixed port or file); it fails, and says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from cerberus_plan.calibration.host.identity import this_host
from cerberus_plan.calibration.host.topology import system_topology
from cerberus_plan.calibration.programs.observe.meter import Kind
from cerberus_plan.calibration.programs.observe.observation import SHORT_S, Observation, in_other_hands
from cerberus_plan.calibration.programs.observe.run_plan import Plan
from cerberus_plan.calibration.programs.observe.signals import Signals
from cerberus_plan.calibration.programs.unit_ledger import unit_ledgers
from cerberus_plan.model.latency.measured import MeasuredLatency
from cerberus_plan.model.measurement import Measurement
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.evidence.whose import whose
from cerberus_plan.planner.placing.placement import place
from cerberus_plan.planner.verify.repeats import measurement
from cerberus_plan.planner.verify.rounds import Sample, measure
from cerberus_plan.planner.verify.together import Order

Split = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitRun:
    """One counted run of a split.

    Attributes:
        split: Instances and cores of each.
        rate: Of all instances together, in units a second.
        others: Share of the cores' time that other programs took; 0 where the run is too short to tell.
    """

    split: Split
    rate: float
    others: float = 0.0


def splits(cores: int) -> list[Split]:
    """Instances and cores of each: one, two halves where these are whole, and single cores."""
    halves = [(2, cores // 2)] if cores % 2 == 0 else []
    return list(dict.fromkeys([(1, cores), *halves, (cores, 1)])) if cores > 1 else []


def run_splits(plan: Plan, signals: Signals) -> Iterator[SplitRun]:
    """The counted runs, as they finish.

    Raises:
        InputError: The program cannot be started, or prints no number.
        CannotAnswerError: A run failed, alone or because others of its kind ran beside it.
        Stopped: The user asked to stop.
    """
    chosen = splits(plan.counts[-1])
    topology = system_topology(tuple(sorted(plan.cpus)))
    placements = [place(topology, (k,) * m) for m, k in chosen]
    order = Order(command=plan.command, timeout_s=plan.timeout_s)
    samples = measure(order, placements, plan.meter, rounds=plan.repeats, seed=plan.seed, signals=signals)
    for sample in samples if chosen else ():
        split = chosen[sample.split]
        if sample.round > 0:
            others = sample.others if sample.seconds >= SHORT_S else 0.0
            yield SplitRun(split=split, rate=_rate(sample, split, plan), others=others)


def _rate(sample: Sample, split: Split, plan: Plan) -> float:
    return split[0] / sample.seconds if plan.meter.kind is Kind.CLOCK else sample.rate


def rows(observation: Observation, runs: Sequence[SplitRun]) -> tuple[Measurement, ...]:
    """One row a split, of the curve's runs and the splits' together."""
    host, date = _here()
    repeats: dict[Split, list[tuple[float, float]]] = {}
    for one in observation.runs:
        repeats.setdefault((1, one.cores), []).append((one.throughput, in_other_hands(one)))
    for run in runs:
        repeats.setdefault(run.split, []).append((run.rate, run.others))
    return tuple(
        measurement(m, k, rates, others=others, host=host, date=date)
        for (m, k), found in sorted(repeats.items())
        for rates, others in [tuple(zip(*found, strict=True))]
    )


def latencies(observation: Observation) -> tuple[MeasuredLatency, ...]:
    """Response times of the observed server's runs, where its load printed them."""
    host, date = _here()
    told = ((run.latency, run.cores) for run in observation.runs if run.latency is not None)
    found = (latency.of_split((1, cores), host=host, date=date) for latency, cores in told)
    return tuple(one for one in found if one is not None)


def learned(
    observation: Observation,
    made: Workload | None,
    costs: Mapping[str, float] | None,
    measured: Sequence[Measurement],
) -> dict[str, Any]:
    """What follows from the runs, as JSON has it: where a unit goes, what it asks for, whose the contention is.

    Args:
        observation: The runs.
        made: The workload that they make; None without processor time.
        costs: Of a fault, a packet, an address-space call on this host [s].
        measured: One row a split.
    """
    ledgers = unit_ledgers(observation, made, costs)
    found = whose(measured, ledgers)
    return {
        "measured": [asdict(row) for row in measured],
        "operations": {} if made is None else {name: one.to_record() for name, one in made.operations.items()},
        "ledger": [one.to_json() for one in ledgers],
        "owner": None,
        **({} if found is None else found.to_json()),
    }


def _here() -> tuple[str, str]:
    """This host and the time."""
    return this_host().name, datetime.now(UTC).isoformat(timespec="seconds")
