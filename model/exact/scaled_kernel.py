"""Products of positive power series whose coefficients leave the range of a double, compiled.

Equation: c_j = sum_i a_i b_(j-i), block by block, for series as ``model.exact.scaled_series`` holds them.
Numerics: no term cancels. Two blocks whose product lies so far below the largest of their output block that even its
smallest coefficient cannot see it are left out: for the bell-shaped powers of one instance that is most of them.
When not to use it: for short series (``model.exact.series``); starting a compiler costs more than it saves.
Source: block floating point, Wilkinson, Rounding Errors in Algebraic Processes (1963).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cerberus_plan.model.kernel import kernel
from cerberus_plan.model.laws.station import Array

Whole = np.ndarray[Any, np.dtype[np.int64]]

BLOCK = 16
# Exponent of a block of zeros: far below any other, and sums of a few of them are no overflow.
NOTHING = -(2**40)


@kernel
def product(  # noqa: C901, PLR0912, PLR0917 - one compiled function: each more takes a second to compile
    left: Array,
    left_powers: Whole,
    right: Array,
    right_powers: Whole,
    first: int,
    unseen: int,
    found: Array,
    found_powers: Whole,
    window: Array,
) -> float:
    """Some blocks of the products of two series, row by row; the largest span of a block in bits.

    Args:
        left: Numbers of a series a row, the shorter ones if there are: shape (rows or 1, blocks x BLOCK).
        left_powers: Exponents of the blocks.
        right: Numbers of the other series, likewise.
        right_powers: Their exponents.
        first: Block of the product that is the first of ``found``.
        unseen: Bits below an output block's largest term from which on nothing is added.
        found: The products' numbers.
        found_powers: Their exponents.
        window: Scratch of 2 x BLOCK.
    """
    rows, n_found = found_powers.shape
    n_left, n_right = left_powers.shape[1], right_powers.shape[1]
    span = 0.0
    for row in range(rows):
        own, other = min(row, left.shape[0] - 1), min(row, right.shape[0] - 1)
        for into in range(n_found):
            block, at = first + into, into * BLOCK
            begin, end = max(0, block - n_right), min(n_left, block + 1)
            best = 2 * NOTHING
            for i in range(begin, end):
                upper = right_powers[other, block - i] if block - i < n_right else NOTHING
                lower = right_powers[other, block - i - 1] if block > i else NOTHING
                best = max(best, left_powers[own, i] + max(upper, lower))
            for t in range(at, at + BLOCK):
                found[row, t] = 0.0
            for i in range(begin, end):
                upper = right_powers[other, block - i] if block - i < n_right else NOTHING
                lower = right_powers[other, block - i - 1] if block > i else NOTHING
                power = max(upper, lower)
                shift = left_powers[own, i] + power - best
                if best <= NOTHING or shift < -unseen:
                    continue
                # Two neighbouring blocks of the right series on one scale: what one block of the left meets.
                low = math.ldexp(1.0, max(lower - power, -2000))
                high = math.ldexp(1.0, max(upper - power, -2000))
                source = (block - i) * BLOCK
                for t in range(BLOCK):
                    window[t] = right[other, source - BLOCK + t] * low if low > 0.0 else 0.0
                    window[BLOCK + t] = right[other, source + t] * high if high > 0.0 else 0.0
                scale = math.ldexp(1.0, shift)
                for j in range(0, BLOCK, 4):
                    from_j, top = i * BLOCK + j, BLOCK - j
                    a, b = left[own, from_j] * scale, left[own, from_j + 1] * scale
                    c, d = left[own, from_j + 2] * scale, left[own, from_j + 3] * scale
                    for t in range(BLOCK):
                        found[row, at + t] += (a * window[top + t] + b * window[top + t - 1]) + (
                            c * window[top + t - 2] + d * window[top + t - 3]
                        )
            most, least = 0.0, math.inf
            for t in range(at, at + BLOCK):
                most = max(most, found[row, t])
                if found[row, t] > 0.0:
                    least = min(least, found[row, t])
            if most == 0.0:
                found_powers[row, into] = NOTHING
                continue
            _, exponent = math.frexp(most)
            scale = math.ldexp(1.0, -exponent)
            for t in range(at, at + BLOCK):
                found[row, t] *= scale
            found_powers[row, into] = best + exponent
            span = max(span, math.log2(most / least))
    return span
