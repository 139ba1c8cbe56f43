"""Weights J! g_s(J) of shared stations from their service times, for many tables and draws in one compiled pass.

Equations: F(J) = prod_{j<=J} T(j) by running products; g_s the product of the stations' series. A station whose service
time is rho from c customers on has F(J) = F(c) rho^(J - c) there, so that its product with L is

    L F = L (F_0 + ... + F_(c-1) z^(c-1)) + F(c) z^c H        H_J = L_J + rho H_(J-1)

which takes c steps a coefficient, not J: servers, saturated memory and queue locks have few.
Numerics: blocks of doubles (``scaled_kernel``); no term cancels. What leaves the range of a block has an infinite span.
When not to use it: for one table under one draw (``scaled_series``).
Source: convolution of stations as in Buzen, CACM 16 (1973), whose single servers are the case c = 0.
"""

from __future__ import annotations

import math

from cerberus_plan.model.exact.scaled_kernel import BLOCK, MOST_SPAN, NOTHING, UNSEEN, Whole, lowered, multiply, settled
from cerberus_plan.model.kernel import inlined, kernel
from cerberus_plan.model.laws.station import Array

# A running product that leaves these bounds within a block has lost what it says.
_TINY, _HUGE = 1e-290, 1e290


@kernel
def running(steps: Array, ratio: float, numbers: Array, powers: Whole) -> float:
    """Multiply coefficient j by the product of the first j steps x ratio, the last one repeated; the largest span."""
    value, power, widest, j = 1.0, 0, 1.0, 0
    for block in range(powers.size):
        at = block * BLOCK
        these = numbers[at : at + BLOCK]
        for t in range(BLOCK):
            if j > 0:
                value *= steps[min(j, steps.size) - 1] * ratio
            these[t] *= value
            j += 1
        if not _TINY < value < _HUGE and (value != 0.0 or steps[0] > 0.0):
            return math.inf
        powers[block], spread = settled(numbers, at, powers[block] + power)
        widest = max(widest, spread)
        if value > 0.0:
            value, exponent = math.frexp(value)
            power += exponent
    return math.log2(widest)


@kernel
def followed(ratio: float, numbers: Array, powers: Whole) -> float:
    """H_j = L_j + ratio H_(j-1) in place; the largest span."""
    carry, power, widest = 0.0, NOTHING, 1.0
    for block in range(powers.size):
        at = block * BLOCK
        best = max(powers[block], power)
        if best <= NOTHING:
            continue
        own = lowered(best - powers[block])
        carry *= lowered(best - power)
        these = numbers[at : at + BLOCK]
        for t in range(BLOCK):
            carry = these[t] * own + ratio * carry
            these[t] = carry
        powers[block], spread = settled(numbers, at, best)
        widest = max(widest, spread)
        carry, power = numbers[at + BLOCK - 1], powers[block]
    return math.log2(widest)


@inlined
def added(  # noqa: PLR0917
    numbers: Array, powers: Whole, number: float, power: int, other: Array, other_powers: Whole, shift: int
) -> float:
    """Add number 2^power times another series, that many blocks later; the largest span."""
    widest = 1.0
    for block in range(shift, powers.size):
        at, source = block * BLOCK, (block - shift) * BLOCK
        theirs = other_powers[block - shift] + power
        best = max(powers[block], theirs)
        if best <= NOTHING // 2:
            continue
        one, two = lowered(best - powers[block]), number * lowered(best - theirs)
        for t in range(BLOCK):
            numbers[at + t] = numbers[at + t] * one + other[source + t] * two
        powers[block], spread = settled(numbers, at, best)
        widest = max(widest, spread)
    return math.log2(widest)


@inlined
def constant_from(times: Array) -> int:
    """Customers from which on the service time is that of the most, whole blocks of them; 0 for a single server."""
    last = times.size - 1
    while last > 0 and times[last - 1] == times[times.size - 1]:
        last -= 1
    return (last + BLOCK - 1) // BLOCK * BLOCK


@inlined
def joined(  # noqa: PLR0917
    times: Array, longer: bool, ratio: float, numbers: Array, powers: Whole, work: Array, work_powers: Whole,
    span: float,
) -> float:  # fmt: skip
    """Multiply a series by a station's, in place, or by one whose F(j) is replaced by j F(j); the largest span."""
    blocks = powers.size
    head = constant_from(times) // BLOCK
    if head == 0 and not longer:
        return followed(times[0] * ratio, numbers, powers)
    if longer or 4 * head > blocks:
        head = blocks
    count = min(head + 1, blocks)
    factor, factor_powers = work[0, : count * BLOCK], work_powers[0, :count]
    factor[:], factor_powers[:] = 1.0, 0
    own = running(times, ratio, factor, factor_powers)
    if longer:
        widest = 1.0
        for block in range(count):
            for t in range(block * BLOCK, (block + 1) * BLOCK):
                factor[t] *= t
            factor_powers[block], spread = settled(factor, block * BLOCK, factor_powers[block])
            widest = max(widest, spread)
        own = math.log2(widest)
    if not own + span < MOST_SPAN:
        return math.inf
    tail, tail_powers = work[1, : blocks * BLOCK], work_powers[1, :blocks]
    for t in range(tail.size):
        tail[t] = numbers[t]
    for block in range(blocks):
        tail_powers[block] = powers[block]
    found = multiply(
        factor[: head * BLOCK], factor_powers[:head], head * BLOCK, tail, tail_powers, min(0, head),
        UNSEEN + int(own + span), numbers, powers, work[2], work_powers[2],
    )  # fmt: skip
    if head == blocks:
        return found
    own = followed(times[times.size - 1] * ratio, tail, tail_powers)
    other = added(numbers, powers, factor[head * BLOCK], factor_powers[head], tail, tail_powers, head)
    return max(found, own, other)


@kernel
def weights(  # noqa: PLR0917
    common: Array,
    common_powers: Whole,
    slopes: Array,
    span: float,
    times: Array,
    longer: int,
    totals: Whole,
    tables: Whole,
    tilt: float,
    numbers: Array,
    powers: Whole,
    starts: Whole,
    spans: Array,
    work: Array,
    work_powers: Whole,
) -> None:
    """J! g_s(J) exp(-tilt J) of some tables under every draw.

    Args:
        common: Numbers of the product of the stations that all tables have alike: shape (draws or 1, blocks x BLOCK).
        common_powers: Their exponents.
        slopes: Logarithms of a factor on z that has been taken out of them, -inf without such stations.
        span: The largest span of their blocks.
        times: Service times of the other stations: shape (stations, tables, draws or 1, at least the largest total).
        longer: Which of the other stations has its F(J) replaced by J F(J), if not negative.
        totals: Customers of each of these tables at the most.
        tables: Which tables these are.
        tilt: As above.
        numbers: Of the weights, table after table: shape (draws, blocks x BLOCK).
        powers: Their exponents: shape (draws, blocks).
        starts: Block at which each table starts.
        spans: Largest span of each table's blocks under each draw: shape (draws, tables).
        work: Scratch: shape (5, twice the numbers of the largest table and a block more); its last rows hold
            ones, and 1, 2, 3, ...
        work_powers: Scratch: shape (3, blocks of the largest table and one more).
    """
    for table in range(totals.size):
        total, blocks = totals[table], totals[table] // BLOCK + 1
        first = starts[tables[table]]
        for draw in range(spans.shape[0]):
            own, row = min(draw, common.shape[0] - 1), min(draw, times.shape[2] - 1)
            into = numbers[draw, first * BLOCK : (first + blocks) * BLOCK]
            into_powers = powers[draw, first : first + blocks]
            unit = math.exp(slopes[own])
            for station in range(times.shape[0]):
                mean = math.sqrt(times[station, table, row, 0] * times[station, table, row, total - 1])
                unit = max(unit, mean)
            unit = unit if unit > 0.0 else 1.0
            for t in range(blocks * BLOCK):
                into[t] = common[own, t]
            for block in range(blocks):
                into_powers[block] = common_powers[own, block]
            most = span
            if slopes[own] > -math.inf:
                most = running(work[3], math.exp(slopes[own]) / unit, into, into_powers)
            for station in range(times.shape[0]):
                if most < MOST_SPAN:
                    service = times[station, table, row, :total]
                    most = joined(service, station == longer, 1.0 / unit, into, into_powers, work, work_powers, most)
            if most < MOST_SPAN:
                most = running(work[4], unit * math.exp(-tilt), into, into_powers)
            spans[draw, tables[table]] = most
