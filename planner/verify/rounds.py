"""Rounds of all splits in random order, and their ratios to one big instance, paired by round.

Equation: per round log(rate of the split / rate of the big instance); estimate: mean, 90 % interval by Student's t.
What drifts over minutes is in both parts of a pair and cancels. A first round warms caches and is not counted, but
kept. A rate is what ``--regex`` reads, added over instances; without it, threads over seconds, which assumes that an
instance does work in proportion to its ``{threads}``.
When not to use it: with fewer than three rounds; the interval says little.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from cerberus_plan.calibration.programs.observe.meter import Kind, Meter
from cerberus_plan.calibration.programs.observe.signals import Signals
from cerberus_plan.model.student import student_t
from cerberus_plan.planner.placing.placement import Placement
from cerberus_plan.planner.verify.cpusets import Cpusets
from cerberus_plan.planner.verify.together import Order, run_together


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One run of one split: round (0 is the warm-up), split by index, seconds, rate."""

    round: int
    split: int
    seconds: float
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """Throughput of a split relative to the one big instance, with a 90 % interval; None without enough rounds."""

    value: float
    low: float | None
    high: float | None


def measure(
    order: Order,
    placements: Sequence[Placement],
    meter: Meter,
    *,
    rounds: int,
    seed: int,
    signals: Signals,
    cpusets: Cpusets | None = None,
    tell: Callable[[Sample], None] | None = None,
) -> Iterator[Sample]:
    """Samples as they come: a warm-up round, then ``rounds`` rounds, each with every split once in random order."""
    dice = random.Random(seed)  # noqa: S311 (an order of runs, not a secret)
    for number in range(rounds + 1):
        sequence = list(range(len(placements)))
        dice.shuffle(sequence)
        for split in sequence:
            places = placements[split].places
            seconds, ended = run_together(order, places, signals, cpusets)
            threads = sum(len(place.cpus) for place in places)
            rate = threads / seconds if meter.kind is Kind.CLOCK else sum(meter.throughput(each) for each in ended)
            sample = Sample(round=number, split=split, seconds=seconds, rate=rate)
            if tell is not None:
                tell(sample)
            yield sample


def ratios(samples: Sequence[Sample], *, base: int) -> dict[int, Ratio]:
    """Ratio of every split to the split ``base``, from the counted rounds that have both."""
    rate = {(sample.round, sample.split): sample.rate for sample in samples if sample.round > 0}
    found = {}
    for split in sorted({split for _, split in rate}):
        logs = [
            math.log(value / rate[number, base])
            for (number, each), value in rate.items()
            if each == split and (number, base) in rate
        ]
        if logs:
            found[split] = _ratio(logs)
    return found


def _ratio(logs: Sequence[float]) -> Ratio:
    count = len(logs)
    mean = math.fsum(logs) / count
    if count < 2:
        return Ratio(value=math.exp(mean), low=None, high=None)
    deviation = math.sqrt(math.fsum((x - mean) ** 2 for x in logs) / (count - 1))
    half = student_t(0.9, count - 1) * deviation / math.sqrt(count)
    return Ratio(value=math.exp(mean), low=math.exp(mean - half), high=math.exp(mean + half))
