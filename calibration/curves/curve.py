"""A measured scaling curve: throughput at some counts of cores (or clients), with its repeats summarised.

Assumptions: throughput is positive and larger is better; repeats of one count differ by multiplicative
noise, so they are summarised by their median and the noise by the spread of their logarithms.
When not to use it: for a latency that is not the inverse of a rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cerberus_plan.model.distinct import distinct
from cerberus_plan.model.errors import CannotAnswerError, InputError
from cerberus_plan.model.plain import shown
from cerberus_plan.model.quantiles import quantiles

# Median absolute deviation of a normal variable, in standard deviations.
_MAD_OF_NORMAL = 0.6745
# Deviations from the medians that are needed before repeats tell the noise.
ENOUGH_SPARE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Throughput against count, one entry a count, ascending."""

    n: NDArray[np.float64]  # counts of cores or clients, >= 1
    value: NDArray[np.float64]  # throughput at each count, median of its repeats, in the user's unit
    repeats: NDArray[np.int64]  # measurements behind each value
    noise: float = 0.0  # relative standard deviation of one measurement; 0 where repeats do not tell
    name: str = "curve"

    @classmethod
    def from_points(cls, n: object, value: object, *, name: str = "curve") -> Curve:
        """Group points by count.

        Args:
            n: counts, any order, repeats allowed.
            value: throughput of each point, positive.
            name: what to call the curve in messages.

        Raises:
            InputError: lengths differ, nothing given, or a number is not finite and positive.
        """
        counts, values = as_numbers(n, "n").ravel(), as_numbers(value, "value").ravel()
        if counts.size != values.size or not counts.size:
            raise InputError(f"{name}: {counts.size} counts and {values.size} values; give as many of each")
        for label, numbers, lowest in (("n", counts, 1.0), ("value", values, np.finfo(float).tiny)):
            bad = ~(np.isfinite(numbers) & (numbers >= lowest))
            if bad.any():
                least = "1 or more" if label == "n" else "finite and above 0"
                raise InputError(f"{name}: {label} = {numbers[bad][0]:g} is not allowed; it must be {least}")
        return cls._grouped(counts, np.log(values), name)

    @classmethod
    def _grouped(cls, counts: NDArray[np.float64], logs: NDArray[np.float64], name: str) -> Curve:
        order = np.lexsort((logs, counts))
        levels, ranked = distinct(counts), logs[order]
        start = np.searchsorted(counts[order], levels)
        repeats = np.diff(start, append=counts.size)
        medians = (ranked[start + (repeats - 1) // 2] + ranked[start + repeats // 2]) / 2
        spread = ranked - np.repeat(medians, repeats)
        spare = counts.size - levels.size  # deviations left once each level has its own median
        noise = noise_of_repeats(spread, spare) if spare >= ENOUGH_SPARE else 0.0
        return cls(n=levels, value=np.exp(medians), repeats=repeats, noise=noise, name=name)

    def up_to(self, train_max: float) -> Curve:
        """Only the counts up to `train_max`.

        Raises:
            InputError: no measured count is that small.
        """
        keep = self.n <= train_max
        if not keep.any():
            raise InputError(f"{self.name}: no point has n <= {train_max:g}; the smallest measured n is {self.n[0]:g}")
        return Curve(
            n=self.n[keep],
            value=self.value[keep],
            repeats=self.repeats[keep],
            noise=self.noise,
            name=self.name,
        )

    def require_levels(self, least: int = 3) -> None:
        """Refuse what cannot carry a forecast.

        Raises:
            InputError: one distinct count only.
            CannotAnswerError: fewer than `least` distinct counts; says what to measure.
        """
        have = self.n.size
        if have >= least:
            return
        if have == 1:
            raise InputError(
                f"{self.name}: one distinct n ({self.n[0]:g}) is not a curve; give at least three core counts, "
                f"such as {self.n[0]:g}, {2 * self.n[0]:g} and {4 * self.n[0]:g}"
            )
        raise CannotAnswerError(
            f"{self.name}: {have} distinct core counts do not tell a law; "
            f"measure at n = {third_count(self.n[0], self.n[1])} as well, then fit again"
        )


def noise_of_repeats(deviations: NDArray[np.float64], spare: int) -> float:
    """Standard deviation of one run, robust against outliers.

    Args:
        deviations: of all runs from the medians of their repeats, on the logarithm.
        spare: runs beyond the first of each median. The largest twice as many deviations count: those of runs that are
            their own median say nothing.
    """
    return float(quantiles(np.sort(np.abs(deviations))[-2 * spare :], [0.5])[0]) / _MAD_OF_NORMAL


def as_numbers(given: object, name: str) -> NDArray[np.float64]:
    """What a caller gave as an array of numbers.

    Raises:
        InputError: It is none.
    """
    try:
        return np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"{name} = {shown(given)} must be numbers, such as [1, 2, 4, 8]") from None


def third_count(first: float, second: float) -> int:
    """The count that tells most after two: twice the larger, or between them when they are far apart."""
    return round((first * second) ** 0.5) if second > 4 * first else round(2 * second)
