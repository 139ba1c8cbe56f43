"""The laws people use today, fitted the way they do: the universal scalability law and Amdahl's law.

    X(n) = L n / (1 + s (n-1) + k n (n-1)),  s, k >= 0;  Amdahl: k = 0

Unweighted least squares on throughput, all parameters non-negative. The scale L is eliminated in closed form;
the other two are found on a grid that shrinks around the best point.
They are printed beside ours so that a reader can judge both. When not to use them: to extrapolate.
Source: Gunther (2007), Guerrilla Capacity Planning, chapter 4; the R package `usl` fits the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cerberus_plan.calibration.curves.curve import Curve
from cerberus_plan.model.distinct import evenly

Array = NDArray[np.float64]

# A curve of more levels is thinned evenly: three parameters need no more.
MOST_LEVELS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Incumbent:
    """A fitted textbook law."""

    name: str
    scale: float  # throughput at n = 1, in the curve's unit
    contention: float
    coherency: float
    predictions: tuple[float, ...]

    def at(self, n: Array) -> Array:
        """Throughput at counts n."""
        return self.scale * _relative(n, np.array(self.contention), np.array(self.coherency))


def incumbents(curve: Curve, targets: Array) -> tuple[Incumbent, ...]:
    """Both laws, fitted to the curve and evaluated at the targets."""
    return tuple(_fitted(name, curve, targets, coherent) for name, coherent in (("usl", True), ("amdahl", False)))


def _fitted(name: str, curve: Curve, targets: Array, coherent: bool) -> Incumbent:
    scale, contention, coherency = least_squares(curve.n, curve.value, coherent=coherent)
    values = scale * _relative(targets, np.array(contention), np.array(coherency))
    return Incumbent(
        name=name,
        scale=scale,
        contention=contention,
        coherency=coherency,
        predictions=tuple(float(value) for value in values),
    )


def least_squares(n: Array, value: Array, *, coherent: bool = True) -> tuple[float, float, float]:
    """Scale, contention and coherency with the least sum of squares; coherency is 0 unless `coherent`."""
    keep = evenly(n.size, MOST_LEVELS)
    largest = float(value.max())  # squares of the user's own unit may overflow
    n, value = n[keep], value[keep] / largest
    contention = np.concatenate([[0.0], np.geomspace(1e-5, 1e3, 65)])
    coherency = np.concatenate([[0.0], np.geomspace(1e-8, 1e2, 65)]) if coherent else np.zeros(1)
    for _ in range(12):
        shape = _relative(n, contention[:, None, None], coherency[None, :, None])
        norm = (shape**2).sum(axis=2)
        scale = (shape @ value) / norm
        lost = (value**2).sum() - scale**2 * norm
        i, j = np.unravel_index(int(lost.argmin()), lost.shape)
        best = largest * float(scale[i, j]), float(contention[i]), float(coherency[j])
        contention = _around(contention, int(i))
        coherency = _around(coherency, int(j)) if coherent else coherency
    return best


def _around(grid: Array, i: int) -> Array:
    """A finer grid between the neighbours of the best point."""
    return np.linspace(grid[max(i - 1, 0)], grid[min(i + 1, grid.size - 1)], 17)


def _relative(n: Array, contention: Array, coherency: Array) -> Array:
    return np.asarray(n / (1 + contention * (n - 1) + coherency * n * (n - 1)))
