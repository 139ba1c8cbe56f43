"""What was measured, one entry a split: the median of its repeats on the logarithm, and the spread of one run.

Assumptions: repeats of one split differ by multiplicative noise that is alike for all splits.
When not to use it: for values that may be zero or negative.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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
# Fewer repeats tell it where they are farther apart than so many standard deviations of the usual noise.
CONTRADICTED = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Splits in ascending order of total cores, then instances, each once."""

    splits: tuple[Split, ...]
    log_value: Array
    repeats: NDArray[np.int64]
    noise: float  # relative standard deviation of one run
    contradiction: tuple[Split, float] | None = None  # the split whose runs are farthest apart, where they are too far

    @classmethod
    def of(cls, measurements: Iterable[Measurement]) -> Measured:
        """Group measurements by split.

        Raises:
            InputError: There is none.
        """
        found: dict[Split, list[float]] = {}
        ends: list[float] = []
        for one in measurements:
            found.setdefault((one.instances, one.cores_per_instance), []).append(float(np.log(one.value)))
            if one.low is not None and one.high is not None:
                ends.append(float(np.log(one.high / one.low)))
        if not found:
            raise InputError("no split has been measured; give at least one")
        splits = tuple(sorted(found, key=lambda split: (split[0] * split[1], split[0])))
        runs = [np.sort(found[split]) for split in splits]
        medians = np.array([quantiles(values, [0.5])[0] for values in runs])
        return cls(
            splits=splits,
            log_value=medians,
            repeats=np.array([values.size for values in runs]),
            noise=_noise(np.concatenate([r - m for r, m in zip(runs, medians, strict=True)]), len(runs), ends),
            contradiction=_contradiction(splits, runs),
        )

    @property
    def largest(self) -> int:
        """Cores of the largest measured split."""
        return max(instances * cores for instances, cores in self.splits)

    @property
    def standard_error(self) -> Array:
        """Of each split's median, on the logarithm."""
        return np.asarray(self.noise / np.sqrt(self.repeats))

    def thinned(self) -> Measured:
        """At most `MOST_SPLITS`, evenly taken in their order, both ends kept."""
        if len(self.splits) <= MOST_SPLITS:
            return self
        keep = evenly(len(self.splits), MOST_SPLITS)
        return Measured(
            splits=tuple(self.splits[i] for i in keep),
            log_value=self.log_value[keep],
            repeats=self.repeats[keep],
            noise=self.noise,
            contradiction=self.contradiction,
        )


def _contradiction(splits: Sequence[Split], runs: Sequence[Array]) -> tuple[Split, float] | None:
    """The split whose runs are farthest apart, and how many times; None where no two differ by more than noise does."""
    apart = [float(values[-1] - values[0]) for values in runs]
    widest = int(np.argmax(apart))
    if apart[widest] <= CONTRADICTED * math.sqrt(2.0) * NOISE_OF_ONE_RUN:
        return None
    return splits[widest], float(rate(np.array(apart[widest])))


def _noise(deviations: Array, splits: int, ends: Sequence[float]) -> float:
    """From repeats where there are enough, else from intervals, else what is usual; at least what contradictions show.

    Repeats that agree do not undo intervals that most rows bring along: others may have slowed all of them alike. Nor
    do a few that contradict each other: the farther apart, the more noise.
    """
    spare = deviations.size - splits
    if spare >= ENOUGH_SPARE:
        brought = sorted([*ends, *(0.0 for _ in range(deviations.size - len(ends)))])[(deviations.size - 1) // 2]
        return max(noise_of_repeats(deviations, spare), brought / (2 * HALF_WIDTH), LEAST_NOISE)
    apart = float(np.sqrt((deviations**2).sum() / max(spare, 1)))
    told = max(float(quantiles(np.array(ends), [0.5])[0]) / (2 * HALF_WIDTH), LEAST_NOISE) if ends else NOISE_OF_ONE_RUN
    return max(apart, told) if apart > CONTRADICTED * NOISE_OF_ONE_RUN else told


def named(split: Split) -> dict[str, int]:
    """A split with the names of its two counts, as documents have it."""
    return {"instances": split[0], "cores_per_instance": split[1]}
