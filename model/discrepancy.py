"""What the model does not know: how its errors on different splits vary together.

Models: log(true rate) = log(model's rate) + error, the error Gaussian with mean 0. What is wrong with a model is
wrong for all splits of a program (a cost carried over), for all of one system (a lock that the system has and the
model lacks), for instances of about one size, for about one split; and it grows with the distance from what was
measured, by the cores of the machine in use and by those of one instance.
Equation: for splits i, j of systems s with m threads in each of V instances,

    cov = shared^2 + growth_cores^2 x_i x_j
        + [s_i = s_j] (system^2 + size^2 r(m) + split^2 r(m) r(V) + growth_size^2 y_i y_j)
    r(a) = exp(-|ln(a_i / a_j)|),   x = max(0, ln(V m / measured)),   y = max(0, ln(m / measured))

that is Ornstein-Uhlenbeck in the logarithm of sizes and counts, and an unknown slope in double logarithms beyond the
measured cores.
Assumptions: symmetric in the logarithm; systems err independently but for the shared part.
When not to use it: for the doubt about costs, which draws carry (``planner.splits.draws``); this is what is left
when all costs are right.
Source: discrepancy of computer models, Kennedy and O'Hagan (2001); the sizes are estimated on published runs that
the fit did not see (``calibration.paper.left_out``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.record import Record, field


class Discrepancy(Record):
    """Standard deviations of the parts of the model's log error; the growths are for a factor of e in cores.

    Attributes:
        shared: Part of all splits.
        system: Part of a system.
        size: Part of an instance size under a system.
        split: Part of a split.
        growth_cores: Growth with the cores in use beyond ``measured``, the same for all systems.
        growth_size: Growth with the threads of an instance beyond ``measured``, a part of each system.
        of_system: Further part of some systems, by name (their own costs were never measured).
        measured: Cores up to which there are measurements behind the model; None: anything was measured.
    """

    shared: float = 0.0
    system: float = 0.0
    size: float = 0.0
    split: float = 0.0
    growth_cores: float = 0.0
    growth_size: float = 0.0
    of_system: Mapping[str, float] = field(default_factory=dict)
    measured: float | None = None

    def variance(self, systems: Sequence[str], vms: Array, threads: Array) -> Array:
        """Variance of the log error of each split."""
        cores, size = self._beyond(vms * threads), self._beyond(threads)
        own = self.shared**2 + self.system**2 + self.size**2 + self.split**2 + self._further(systems) ** 2
        return own + (self.growth_cores * cores) ** 2 + (self.growth_size * size) ** 2

    def covariance(self, systems: Sequence[str], vms: Array, threads: Array) -> Array:
        """Covariance of the log errors of splits: shape (splits, splits)."""
        names = np.array(systems)
        same = names[:, None] == names[None, :]
        cores, size = self._beyond(vms * threads), self._beyond(threads)
        alike_in_size = _alike(threads)
        further = self._further(systems)
        of_system = (
            self.system**2 + np.outer(further, further) + alike_in_size * (self.size**2 + self.split**2 * _alike(vms))
        )
        of_system += self.growth_size**2 * np.outer(size, size)
        return self.shared**2 + self.growth_cores**2 * np.outer(cores, cores) + same * of_system

    def _further(self, systems: Sequence[str]) -> Array:
        return np.array([self.of_system.get(name, 0.0) for name in systems])

    def _beyond(self, cores: Array) -> Array:
        """Logarithm of the factor by which cores exceed the measured ones, at least 0."""
        if self.measured is None:
            return np.zeros(np.shape(cores))
        return np.maximum(np.log(np.asarray(cores, dtype=np.float64) / self.measured), 0.0)


def _alike(counts: Array) -> Array:
    """Correlation of errors at two counts: exp(-|ln of their ratio|)."""
    logs = np.log(np.asarray(counts, dtype=np.float64))
    found: Array = np.exp(-np.abs(logs[:, None] - logs[None, :]))
    return found
