"""How alike the errors of two predicted response times are: what the model has wrong in one it has wrong in the next.

Equation: cov = s^2 A exp(-(dm^2 + dk^2) / 2 l^2) (1 + exp(-du^2 / 2)) / 2 (1 + exp(-dz^2 / 2 h^2)) / 2, with m, k the
logarithms of instances and cores of each, u = -log(1 - load), z = log(-log(1 - p)) of a percentile p (0 of the mean:
an exponential time's), A = 1 within a system and below that between two.
Half of the error at one load and one percentile is that of all of them, the rest fades with the distance.
Assumptions: errors are normal on the logarithm. The lengths are a judgement: too few public runs tell response times of
several splits of one program for them to be learned.
When not to use it: for throughput, whose discrepancy is learned (``calibration.splits``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from cerberus_plan.model.laws.station import Array
from cerberus_plan.planner.objectives.curve import share_of

# Distance in log size at which errors have little in common, and in log percentile.
_SIZES, _PERCENTILES = 1.5, 0.7
BETWEEN_SYSTEMS = 0.75
# Load from which all are alike: saturated.
_FULL = 0.98


class Place(NamedTuple):
    """Where a response time is told: system, split, load as a share of the capacity, and which statistic."""

    system: str
    instances: int
    cores: int
    load: float
    name: str

    @property
    def numbers(self) -> tuple[float, ...]:
        """Log instances, log cores, u, z."""
        share = share_of(self.name)
        z = 0.0 if share is None else math.log(-math.log1p(-share))
        return math.log(self.instances), math.log(self.cores), -math.log1p(-min(self.load, _FULL)), z


def alike(left: Sequence[Place], right: Sequence[Place]) -> Array:
    """Correlation of the errors, shape (left, right)."""
    a, b = (np.array([place.numbers for place in places]) for places in (left, right))
    apart = (a[:, None, :] - b[None, :, :]) ** 2
    same = np.array([[one.system == other.system for other in right] for one in left])
    sizes = np.exp(-(apart[..., 0] + apart[..., 1]) / (2.0 * _SIZES**2))
    loads = (1.0 + np.exp(-apart[..., 2] / 2.0)) / 2.0
    percentiles = (1.0 + np.exp(-apart[..., 3] / (2.0 * _PERCENTILES**2))) / 2.0
    return np.asarray(np.where(same, 1.0, BETWEEN_SYSTEMS) * sizes * loads * percentiles)


def split_alike(place: Place, measured: Sequence[Place]) -> float:
    """Correlation of a split's speed with that of the measured split it is most like, 0 to 1."""
    nearest = (
        math.exp(-sum((a - b) ** 2 for a, b in zip(place.numbers[:2], one.numbers[:2], strict=True)) / (2 * _SIZES**2))
        * (1.0 if one.system == place.system else BETWEEN_SYSTEMS)
        for one in measured
    )
    return max(nearest)
