"""What was measured, one entry a split: the median of its repeats on the logarithm, and how far it can be trusted.

    told = max(own, scatter / sqrt(repeats)),     standard error = told, or 3 % / sqrt(repeats) where nothing is told

`scatter` is what repeats tell of one run, alike for all splits; `own` is what a split's rows say of themselves by their
low and high ends, which more rows do not lessen (others may have slowed all of them alike). `noise` is that of one more
run: by repeats or rows, whichever tells more, or the usual 3 %.

Assumptions: repeats of one split differ by multiplicative noise.
When not to use it: for values that may be zero or negative.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cerberus_plan.calibration.curves.curve import ENOUGH_SPARE, noise_of_repeats
from cerberus_plan.calibration.curves.interval import rate
from cerberus_plan.model.distinct import evenly
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.measurement import Measurement
from cerberus_plan.model.normal import normal_quantile
from cerberus_plan.model.quantiles import quantiles

Array = NDArray[np.float64]
Split = tuple[int, int]  # instances, cores of each

# Relative standard deviation of one run where no repeat tells: the median of public sets that have repeats.
NOISE_OF_ONE_RUN = 0.03
# Repeats that agree to the last digit do not prove that the next run will.
LEAST_NOISE = 0.003
# Half the width of a 90 % interval, in standard deviations.
HALF_WIDTH = normal_quantile(0.95)
# The inference looks at no more splits than this; more add time but hardly any information.
MOST_SPLITS = 48
# Cores beyond the largest run, as a factor, from which no interval was checked: families left out reach twice.
FAR = 2.0
# Fewer repeats tell it where they are farther apart than so many standard deviations of the usual noise.
CONTRADICTED = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Splits in ascending order of total cores, then instances, each once."""

    splits: tuple[Split, ...]
    log_value: Array
    repeats: NDArray[np.int64]
    noise: float  # relative standard deviation of one run
    scatter: float = 0.0  # the same by repeats alone; 0 where they do not tell
    own: Array | None = None  # standard deviation of each median by its rows' ends, 0 without; None where none has any
    contradiction: tuple[Split, float] | None = None  # the split whose runs are farthest apart, where they are too far

    @classmethod
    def of(cls, measurements: Iterable[Measurement]) -> Measured:
        """Group measurements by split.

        Raises:
            InputError: There is none.
        """
        found: dict[Split, list[float]] = {}
        brought: dict[Split, list[float]] = {}
        for one in measurements:
            split = (one.instances, one.cores_per_instance)
            found.setdefault(split, []).append(float(np.log(one.value)))
            brought.setdefault(split, []).append(_brought(one))
        if not found:
            raise InputError("no split has been measured; give at least one")
        splits = tuple(sorted(found, key=lambda split: (split[0] * split[1], split[0])))
        runs = [np.sort(found[split]) for split in splits]
        medians = np.array([quantiles(values, [0.5])[0] for values in runs])
        deviations = np.concatenate([r - m for r, m in zip(runs, medians, strict=True)])
        scatter = _scatter(deviations, len(runs))
        own = np.array([_usual(brought[split]) for split in splits])
        return cls(
            splits=splits,
            log_value=medians,
            repeats=np.array([values.size for values in runs]),
            noise=_noise(scatter, [x for some in brought.values() for x in some], len(runs)),
            scatter=scatter,
            own=own if own.any() else None,
            contradiction=_contradiction(splits, runs),
        )

    @property
    def largest(self) -> int:
        """Cores of the largest measured split."""
        return max(instances * cores for instances, cores in self.splits)

    @property
    def told(self) -> Array:
        """Standard deviation of each split's median by what was run, on the logarithm; 0 where nothing tells it."""
        by_repeats = self.scatter / np.sqrt(self.repeats)
        return np.asarray(by_repeats if self.own is None else np.maximum(self.own, by_repeats))

    @property
    def standard_error(self) -> Array:
        """Of each split's median, on the logarithm."""
        told = self.told
        return np.asarray(np.where(told > 0.0, told, NOISE_OF_ONE_RUN / np.sqrt(self.repeats)))

    def thinned(self) -> Measured:
        """At most `MOST_SPLITS`, evenly taken in their order, both ends kept."""
        return self if len(self.splits) <= MOST_SPLITS else self.at(evenly(len(self.splits), MOST_SPLITS))

    def at(self, rows: NDArray[np.int64]) -> Measured:
        """As if only these had been run; what is known of the noise stays."""
        return replace(
            self,
            splits=tuple(self.splits[i] for i in rows),
            log_value=self.log_value[rows],
            repeats=self.repeats[rows],
            own=None if self.own is None else self.own[rows],
        )


def _contradiction(splits: Sequence[Split], runs: Sequence[Array]) -> tuple[Split, float] | None:
    """The split whose runs are farthest apart, and how many times; None where no two differ by more than noise does."""
    apart = [float(values[-1] - values[0]) for values in runs]
    widest = int(np.argmax(apart))
    if apart[widest] <= CONTRADICTED * math.sqrt(2.0) * NOISE_OF_ONE_RUN:
        return None
    return splits[widest], float(rate(np.array(apart[widest])))


def _scatter(deviations: Array, splits: int) -> float:
    """Standard deviation of one run by repeats, where there are enough or they contradict each other; else 0."""
    spare = deviations.size - splits
    if spare >= ENOUGH_SPARE:
        return max(noise_of_repeats(deviations, spare), LEAST_NOISE)
    apart = float(np.sqrt((deviations**2).sum() / max(spare, 1)))
    return apart if apart > CONTRADICTED * NOISE_OF_ONE_RUN else 0.0


def _brought(one: Measurement) -> float:
    """Standard deviation that a row's own ends tell; 0 without."""
    if one.low is None or one.high is None:
        return 0.0
    return max((math.log(one.high) - math.log(one.low)) / (2 * HALF_WIDTH), LEAST_NOISE)


def _usual(brought: Sequence[float]) -> float:
    """What most rows bring along."""
    return sorted(brought)[(len(brought) - 1) // 2]


def _noise(scatter: float, brought: Sequence[float], splits: int) -> float:
    """From repeats and from intervals, whichever says more; where neither tells, what is usual.

    Repeats that agree do not undo intervals that most rows bring along: others may have slowed all of them alike. Nor
    do a few that contradict each other: the farther apart, the more noise.
    """
    some = [one for one in brought if one > 0.0]
    if not (scatter or some):
        return NOISE_OF_ONE_RUN
    if len(brought) - splits >= ENOUGH_SPARE:
        return max(scatter, _usual(brought), LEAST_NOISE)
    return max(scatter, float(quantiles(np.array(some), [0.5])[0]) if some else 0.0, LEAST_NOISE)


def named(split: Split) -> dict[str, int]:
    """A split with the names of its two counts, as documents have it."""
    return {"instances": split[0], "cores_per_instance": split[1]}
