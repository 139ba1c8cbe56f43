"""Who is to blame for a factor on all times: interference, SMT siblings, the clock, what an instance costs.

Equation: factors multiply, so each has the share of the loss that its logarithm has of the product's.
Assumptions: no factor is below 1. When not to use it: for waiting at stations, which the network itself divides.
"""

from __future__ import annotations

import numpy as np

from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.structure import Structure


def stretched(structure: Structure, stretch: Array) -> dict[str, Array]:
    """Share of the loss of each cause by name, for causes that some split has; ``stretch`` is the whole factor."""
    logs = np.log(stretch)
    whole = np.where(logs > 0.0, logs, 1.0)
    found, rest = {}, logs
    for name, factor in structure.stretched_by.items():
        part = np.log(np.broadcast_to(np.asarray(factor, dtype=np.float64)[..., :1], (stretch.size, 1))[:, 0])
        found[name], rest = part / whole, rest - part
    found["interference"] = np.where(rest > 1e-12, rest, 0.0) / whole
    return {name: part for name, part in found.items() if (part > 0.0).any()}
