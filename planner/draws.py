"""Draws of the uncertain numbers: the same doubts for every candidate, so that differences are paired.

Models: each quantity with an interval as an independent log-normal variable whose 5th and 95th percentiles are
the interval's ends. Draw 0 is the central value; the others are antithetic pairs on a low-discrepancy sequence
(square roots of primes, Box-Muller), so that 41 draws do the work of several hundred random ones and every run
gives the same answer.
Assumptions: quantities err independently (a joint fit makes them correlated, which widens what is said here).
When not to use it: for tails beyond the 90 % interval; 41 draws do not reach them.
Source: Niederreiter (1992) for the sequence; Box and Muller (1958).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from model.laws.station import Array
from model.quantity import Quantity

# 41, so that the 5th and 95th percentiles fall on draws and need no interpolation.
N_DRAWS = 41


def standard_normals(n_draws: int, n_quantities: int) -> Array:
    """Standard normal numbers, row 0 zero, rows 2i - 1 and 2i opposite: shape (n_draws, n_quantities)."""
    pairs = (n_draws - 1) // 2
    roots = np.sqrt(np.array(_primes(2 * n_quantities), dtype=np.float64)).reshape(2, n_quantities)
    uniform = (np.arange(1, pairs + 1)[:, None, None] * roots + 0.5) % 1.0
    half = np.sqrt(-2.0 * np.log(uniform[:, 0])) * np.cos(2.0 * math.pi * uniform[:, 1])
    found = np.zeros((n_draws, n_quantities))
    found[1 : 2 * pairs : 2] = half
    found[2 : 2 * pairs + 1 : 2] = -half
    return found


def percentiles(values: Array) -> tuple[Array, Array]:
    """5th and 95th percentile over draws, the last axis."""
    ordered = np.sort(values, axis=-1)
    rank = round(0.05 * (ordered.shape[-1] - 1))
    return ordered[..., rank], ordered[..., -1 - rank]


def _primes(count: int) -> list[int]:
    """The first primes."""
    found: list[int] = []
    number = 2
    while len(found) < count:
        if all(number % prime for prime in found if prime * prime <= number):
            found.append(number)
        number += 1
    return found


def draw(*groups: Mapping[str, Quantity]) -> list[dict[str, Array]]:
    """Values of all quantities under every draw, group by group: name -> shape (1, draws)."""
    uncertain = [quantity for group in groups for quantity in group.values() if quantity.sigma > 0.0]
    normals = standard_normals(N_DRAWS, len(uncertain)) if uncertain else np.zeros((N_DRAWS, 0))
    column = 0
    found = []
    for group in groups:
        values = {}
        for name, quantity in group.items():
            if quantity.sigma > 0.0:
                values[name] = quantity.value * np.exp(quantity.sigma * normals[None, :, column])
                column += 1
            else:
                values[name] = np.full((1, 1), quantity.value)
        found.append(values)
    return found
