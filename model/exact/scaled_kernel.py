"""Products of positive power series whose coefficients leave the range of a double, compiled.

Equation: c_j = sum_i a_i b_(j-i), block by block, for series as ``model.exact.scaled_series`` holds them.
Numerics: no term cancels. Two blocks whose product lies so far below what all coefficients of their output block have
that even the smallest cannot see it are left out: for the bell-shaped powers of one instance that is most of them.
When not to use it: for short series (``model.exact.series``); starting a compiler costs more than it saves.
Source: block floating point, Wilkinson, Rounding Errors in Algebraic Processes (1963).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cerberus_plan.model.kernel import inlined, kernel
from cerberus_plan.model.laws.station import Array

Whole = np.ndarray[Any, np.dtype[np.int64]]

BLOCK = 16
# Bits below the smallest coefficient of a block beyond which nothing is added.
UNSEEN = 80
# Largest sum of the spans of two factors that is followed: their product and what is left out stay within a double.
MOST_SPAN = 440.0
# Exponent of a block of zeros: far below any other, and sums of a few of them are no overflow.
NOTHING = -(2**40)
# Powers of a half, by their exponent; the last ones are nothing.
_HALVES = 2.0 ** -np.arange(1100.0)


@inlined
def lowered(bits: int) -> float:
    """A half to a power that is not negative."""
    return _HALVES[min(bits, 1099)]


@kernel
def settled(numbers: Array, at: int, power: int) -> tuple[int, float]:
    """Scale the block at an index until its largest number is below 1; its exponent then, and largest over smallest."""
    most, least, block = 0.0, math.inf, numbers[at : at + BLOCK]
    for t in range(BLOCK):
        most = max(most, block[t])
        least = min(least, block[t] if block[t] > 0.0 else math.inf)
    if not most > 0.0:
        return NOTHING, 1.0
    if not most < math.inf:
        return power, math.inf
    _, exponent = math.frexp(most)
    scale = math.ldexp(1.0, -exponent)
    for t in range(BLOCK):
        block[t] *= scale
    return power + exponent, most / least


@inlined
def paired(numbers: Array, powers: Whole, windows: Array, window_powers: Whole) -> None:
    """Every two neighbouring blocks of a series on one scale: what one block of another series meets."""
    last = powers.size
    for block in range(last + 1):
        upper = powers[block] if block < last else NOTHING
        lower = powers[block - 1] if block > 0 else NOTHING
        power = max(upper, lower)
        low, high = lowered(power - lower), lowered(power - upper)
        window_powers[block] = power
        window = windows[2 * block * BLOCK : 2 * (block + 1) * BLOCK]
        before = numbers[max(0, block - 1) * BLOCK : max(1, block) * BLOCK]
        after = numbers[min(block, last - 1) * BLOCK : min(block + 1, last) * BLOCK]
        for t in range(BLOCK):
            window[t] = before[t] * low
            window[BLOCK + t] = after[t] * high


@kernel
def multiply(  # noqa: PLR0917 - one compiled function: each more takes a second to compile
    left: Array,
    left_powers: Whole,
    terms: int,
    right: Array,
    right_powers: Whole,
    first: int,
    unseen: int,
    found: Array,
    found_powers: Whole,
    windows: Array,
    window_powers: Whole,
) -> float:
    """Some blocks of the product of two series; the largest span of a block in bits.

    Args:
        left: Numbers of a series, the shorter one if there is: shape (blocks x BLOCK,).
        left_powers: Exponents of the blocks.
        terms: Coefficients of the left series; zeros follow.
        right: Numbers of the other series.
        right_powers: Their exponents.
        first: Block of the product that is the first of ``found``; for 0 callers write an expression, as the compiler
            makes a second version of the loop for a plain number.
        unseen: Bits below the largest term that a whole output block is sure to have from which on nothing is added.
        found: The product's numbers.
        found_powers: Their exponents.
        windows: Scratch of 2 x BLOCK for each block of the right series and one more.
        window_powers: Scratch of one for each of them.
    """
    n_left, n_right = left_powers.size, right_powers.size
    paired(right, right_powers, windows, window_powers)
    widest = 1.0
    for into in range(found_powers.size):
        block, at = first + into, into * BLOCK
        begin, end = max(0, block - n_right), min(n_left, block + 1)
        best, sure = 2 * NOTHING, 2 * NOTHING
        for i in range(begin, end):
            best = max(best, left_powers[i] + window_powers[block - i])
            # What every number of the output block has a part of: inner blocks are without zeros.
            if i > 0 and 0 < block - i < n_right - 1:
                sure = max(sure, left_powers[i] + right_powers[block - i])
        into_these = found[at : at + BLOCK]
        for t in range(BLOCK):
            into_these[t] = 0.0
        for i in range(begin, end):
            power = left_powers[i] + window_powers[block - i]
            shift = best - power
            if best <= NOTHING or sure - power > unseen:
                continue
            scale, top = lowered(shift), 2 * (block - i) * BLOCK + BLOCK
            for j in range(i * BLOCK, min((i + 1) * BLOCK, terms), 8):
                a, b, c, d = left[j] * scale, left[j + 1] * scale, left[j + 2] * scale, left[j + 3] * scale
                e, f, g, h = left[j + 4] * scale, left[j + 5] * scale, left[j + 6] * scale, left[j + 7] * scale
                last = top - (j - i * BLOCK)
                met = windows[last - 7 : last + BLOCK]  # known to start at 0, it is read four numbers at a time
                for t in range(BLOCK):
                    into_these[t] += ((a * met[t + 7] + b * met[t + 6]) + (c * met[t + 5] + d * met[t + 4])) + (
                        (e * met[t + 3] + f * met[t + 2]) + (g * met[t + 1] + h * met[t])
                    )
        found_powers[into], spread = settled(found, at, best)
        widest = max(widest, spread)
    return math.log2(widest)
