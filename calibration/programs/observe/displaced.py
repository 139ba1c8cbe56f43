"""Bytes of memory traffic from what streams beside a program lose.

Models: streams on the other cores ask for more than memory gives. Alone they move R0 bytes a second, beside streams of
known rate P2 on the program's cores R2, beside copies of the program R1. What is displaced is in proportion:

    d = (R0 - R2) / P2            traffic of the copies [B/s] = (R0 - R1) / d            of a unit: / units a second

d is 1 where memory is saturated and shared evenly, 0 where it is not: then nothing can be told, so `LEAST` of it has
to be certain. Rounds hold all three parts, so what memory gives at the moment cancels. The interval is Student's, of
the means over the rounds, given that no program goes below zero, and widened by `KINDS`.
Assumptions: displacement is linear in traffic up to a stream's; nobody else's traffic follows the rounds.
When not to use it: with counters of last-level misses, which see the program itself.
Source: Mars et al., Bubble-Up, MICRO (2011): a program's pressure is read from a reporter beside it, calibrated by a
bubble of known size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, stdev

from cerberus_plan.model.digits import counted, percent
from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.model.student import student_t

LEVEL = 0.9
#: A line that is written is fetched first, or not (non-temporal stores): STREAM's bytes are 2/3 of all, or all.
KINDS = 1.5
#: Share of the added streams' bytes that the others certainly lose.
LEAST = 0.5
FEWEST_ROUNDS = 3
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Rates of one round.

    Attributes:
        alone: of the streams alone [B/s].
        beside: of the streams beside the program [B/s].
        beside_stream: of the streams beside more of known rate [B/s].
        stream: that rate [B/s].
        units: units of work that the program's copies did a second, beside the streams.
    """

    alone: float
    beside: float
    beside_stream: float
    stream: float
    units: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What a unit of work moves, or why that is not known."""

    memory_bytes: Quantity | None = None
    why: str = ""


def traffic_of(rounds: Sequence[Round], *, streams: int, copies: int) -> Traffic:
    """Bytes that a unit of the program's work moves: median and interval of what is not below zero.

    Args:
        rounds: what was measured.
        streams: how many there were, for the source.
        copies: of the program, likewise.
    """
    if len(rounds) < FEWEST_ROUNDS:
        return Traffic(why=f"too few rounds: {len(rounds)}")
    if still := sum(min(one.alone, one.beside, one.beside_stream, one.stream) <= 0.0 for one in rounds):
        return Traffic(
            why=f"in {still} of {counted(len(rounds), 'round')} a stream had no core to run on, for others use them; "
            "try again on a quieter host"
        )
    times = student_t(LEVEL, len(rounds) - 1)
    share, share_error = _mean([(one.alone - one.beside_stream) / one.stream for one in rounds])
    if share - times * share_error < LEAST:
        about = times * share_error
        lost = (
            f"the other cores' streams lose {percent(share)} of what more streams move (give or take {percent(about)})"
        )
        if share + about < LEAST:
            return Traffic(why=f"{lost}: these cores do not fill this host's memory")
        return Traffic(why=f"{lost}: too uncertain, for others use cores or memory; try again on a quieter host")
    mean, error = _mean([(one.alone - one.beside) / share / one.units for one in rounds])
    error = math.hypot(error, mean * share_error / share)
    # a normal as wide as Student's interval, given that it is not negative
    width = error * times / _NORMAL.inv_cdf(0.5 + LEVEL / 2)
    low, value, high = (_above_zero(mean, width, chance) for chance in (0.5 - LEVEL / 2, 0.5, 0.5 + LEVEL / 2))
    alone, beside = fmean(one.alone for one in rounds), fmean(one.beside for one in rounds)
    source = (
        f"{streams} streams moved {alone / 1e9:.3g} GB/s alone, {beside / 1e9:.3g} GB/s beside {copies} of the "
        f"program, and lost {percent(share)} of what streams in its place moved; {counted(len(rounds), 'round')}"
    )
    return Traffic(
        memory_bytes=Quantity(
            value=value, unit="B", low=low / KINDS, high=high * KINDS, provenance=Provenance.MEASURED, source=source
        )
    )


def _mean(values: Sequence[float]) -> tuple[float, float]:
    """Mean and its standard error."""
    return fmean(values), stdev(values) / math.sqrt(len(values))


def _above_zero(mean: float, width: float, chance: float) -> float:
    """Quantile of a normal variable that is not negative."""
    if width <= 0.0:
        return max(mean, 0.0)
    below = _NORMAL.cdf(-mean / width)
    left = min(below + chance * (1.0 - below), 1.0 - 1e-15)
    return max(mean + width * _NORMAL.inv_cdf(max(left, 1e-300)), 0.0)
