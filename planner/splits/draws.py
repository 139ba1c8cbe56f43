"""Draws of the uncertain numbers: the same doubts for every candidate, so that differences are paired.

Models: each quantity with an interval as an independent log-normal variable whose 5th and 95th percentiles are
the interval's ends. Draw 0 is the central value; the others are antithetic pairs on a low-discrepancy sequence
(square roots of primes, Box-Muller), so that 41 draws do the work of several hundred random ones and every run
gives the same answer.
Numbers that were fitted together err together: those of the shipped files follow the fit's correlation, and what
was derived from one of them follows it exactly.
Assumptions: all other quantities err independently.
When not to use it: for tails beyond the 90 % interval; 41 draws do not reach them.
Source: Niederreiter (1992) for the sequence; Box and Muller (1958).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.quantity import Provenance, Quantity

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


def _correlate(normals: Array, named: Sequence[tuple[str, Quantity]]) -> None:
    """Make the columns of numbers that were fitted together move together, in place."""
    if not any(quantity.provenance is Provenance.FITTED for _, quantity in named):
        return
    from cerberus_plan.calibration.paper.correlation import index_of, root

    columns = {column: at for column, (name, q) in enumerate(named) if (at := index_of(name, q)) is not None}
    parameters = sorted(set(columns.values()))
    firsts = [next(column for column, at in columns.items() if at == parameter) for parameter in parameters]
    together = _uncorrelated(normals[:, firsts]) @ root(parameters).T
    for column, at in columns.items():
        normals[:, column] = together[:, parameters.index(at)]


def _uncorrelated(normals: Array) -> Array:
    """The columns mixed so that their sample correlation is none and their variance one: so few draws have some."""
    if len(normals) <= 2 * normals.shape[1]:
        return normals  # fewer pairs than columns
    moments = normals.T @ normals / (len(normals) - 1)
    found: Array = np.linalg.solve(np.linalg.cholesky(moments), normals.T).T
    return found


def _primes(count: int) -> list[int]:
    """The first primes, by the sieve of Eratosthenes."""
    most = max(15, math.ceil(count * (math.log(count) + math.log(math.log(count))))) if count > 1 else 15
    prime = np.ones(most + 1, dtype=bool)
    prime[:2] = False
    for number in range(2, math.isqrt(most) + 1):
        prime[number * number :: number] = False
    found: list[int] = np.flatnonzero(prime)[:count].tolist()
    return found


def draw(*groups: Mapping[str, Quantity]) -> list[dict[str, Array]]:
    """Values of all quantities under every draw, group by group: name -> shape (1, draws)."""
    named = [(name, quantity) for group in groups for name, quantity in group.items() if quantity.sigma > 0.0]
    normals = standard_normals(N_DRAWS, len(named)) if named else np.zeros((N_DRAWS, 0))
    _correlate(normals, named)
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
