"""Rounds of all splits in random order, and their ratios to one big instance, paired by round.

Equation: per round log(rate of the split / rate of the big instance); estimate: mean, 90 % interval by Student's t.
What drifts over minutes is in both parts of a pair and cancels. Others that keep the CPUs busy may take more from one
part than from the other, by chance or because pinned instances cannot step aside; or they take what that part leaves
idle. Which of the two cannot be seen, so the interval holds both readings: the rates as they were, and the rates over
the share of the CPUs' time that others left. A first round warms caches and is not counted, but
kept. A rate is what ``--regex`` reads, added over instances; without it, threads over seconds, which assumes that an
instance does work in proportion to its ``{threads}``.
When not to use it: with fewer than three rounds; the interval says little.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from cerberus_plan.calibration.programs.observe.cpus import Busy, busy
from cerberus_plan.calibration.programs.observe.meter import Kind, Meter
from cerberus_plan.calibration.programs.observe.process import Finished
from cerberus_plan.calibration.programs.observe.signals import Signals
from cerberus_plan.model.student import student_t
from cerberus_plan.planner.placing.placement import Placement
from cerberus_plan.planner.verify.cpusets import Cpusets
from cerberus_plan.planner.verify.together import Order, run_together

# Beyond this share in other hands a rate cannot be corrected for it.
MOST_OTHERS = 0.98


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One run of one split.

    Attributes:
        round: its number; 0 is the warm-up.
        split: by index.
        seconds: from the first start to the last end [s].
        rate: of all instances together.
        others: share of its CPUs' time that other programs or the hypervisor took.
        switches: times a second that a thread was put off its CPU.
    """

    round: int
    split: int
    seconds: float
    rate: float
    others: float = 0.0
    switches: float = 0.0


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
            cpus = [cpu for place in places for cpu in place.cpus]
            before = busy(cpus)
            seconds, ended = run_together(order, places, signals, cpusets)
            others = _others(busy(cpus).since(before), ended) / (seconds * len(cpus))
            rate = len(cpus) / seconds if meter.kind is Kind.CLOCK else sum(meter.throughput(each) for each in ended)
            switches = sum(each.involuntary_switches for each in ended) / seconds
            sample = Sample(round=number, split=split, seconds=seconds, rate=rate, others=others, switches=switches)
            if tell is not None:
                tell(sample)
            yield sample


def _others(noise: Busy, ended: Sequence[Finished]) -> float:
    """Seconds that the CPUs were in other hands."""
    ours = sum(each.user_s + each.system_s for each in ended)
    return max(noise.working_s - ours, 0.0) + noise.stolen_s


def ratios(samples: Sequence[Sample], *, base: int) -> dict[int, Ratio]:
    """Ratio of every split to the split ``base``, from the counted rounds that have both."""
    counted = {(sample.round, sample.split): sample for sample in samples if sample.round > 0}
    found = {}
    for split in sorted({split for _, split in counted}):
        pairs = [
            (sample, counted[number, base])
            for (number, each), sample in counted.items()
            if each == split and (number, base) in counted
        ]
        if pairs:
            found[split] = _ratio(pairs)
    return found


def _ratio(pairs: Sequence[tuple[Sample, Sample]]) -> Ratio:
    """Mean of the pairs as they ran; the interval holds that of the pairs with the CPUs to themselves as well."""
    logs = [math.log(split.rate / whole.rate) for split, whole in pairs]
    value = math.exp(math.fsum(logs) / len(logs))
    if len(logs) < 2:
        return Ratio(value=value, low=None, high=None)
    alone = [log - math.log(_left(split) / _left(whole)) for log, (split, whole) in zip(logs, pairs, strict=True)]
    lows, highs = zip(_interval(logs), _interval(alone), strict=True)
    return Ratio(value=value, low=math.exp(min(lows)), high=math.exp(max(highs)))


def _left(sample: Sample) -> float:
    """Share of its CPUs' time that others left to a run."""
    return 1.0 - min(sample.others, MOST_OTHERS)


def _interval(logs: Sequence[float]) -> tuple[float, float]:
    count = len(logs)
    mean = math.fsum(logs) / count
    deviation = math.sqrt(math.fsum((x - mean) ** 2 for x in logs) / (count - 1))
    half = student_t(0.9, count - 1) * deviation / math.sqrt(count)
    return mean - half, mean + half
