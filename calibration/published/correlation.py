"""How the fitted numbers of the shipped files err together, for the planner's draws.

Equation: with R the correlation of the parameters' logarithms, normals z become root(R) z.
A quantity takes part if its name and relative interval are those of the fit (whatever the unit of time); one with
an edited interval errs alone. What is derived from histogram's calc time errs exactly with it.
Assumptions: log-normal errors; the correlation at the optimum holds over the interval.
When not to use it: for measured machines, whose quantities are measured one by one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from model.laws.station import Array
from model.quantity import Provenance, Quantity

_NEAR = 2e-3
# Costs that ``derived.paging`` computes from histogram's calc time.
FROM_CALC_TIME = ("page_fault", "page_fault_direct", "shadow_lock_hold")


@cache
def _stored() -> dict[str, Any]:
    """``fit.json``, read without importing the fit: every plan of a shipped machine needs it."""
    text = (resources.files("calibration.published") / "fit.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


@cache
def _known() -> Mapping[str, tuple[tuple[float, float, int], ...]]:
    """Relative ends of the interval and parameter index of every quantity that errs with the fit, by name."""
    stored = _stored()
    found: dict[str, tuple[tuple[float, float, int], ...]] = {}
    for index, row in enumerate(stored["parameters"][: len(stored["correlation"])]):
        entry = (row["low"] / row["value"], row["high"] / row["value"], index)
        found[row["name"]] = (*found.get(row["name"], ()), entry)
    calc = found["compute"][0]
    return {**found, **dict.fromkeys(FROM_CALC_TIME, (calc,))}


def index_of(name: str, quantity: Quantity) -> int | None:
    """Index of the fitted parameter that a quantity errs with, None when it errs alone."""
    if quantity.provenance not in {Provenance.FITTED, Provenance.DERIVED} or quantity.value <= 0.0:
        return None
    ends = tuple((end or quantity.value) / quantity.value for end in (quantity.low, quantity.high))
    for low, high, index in _known().get(name, ()):
        if math.isclose(low, ends[0], rel_tol=_NEAR) and math.isclose(high, ends[1], rel_tol=_NEAR):
            return index
    return None


def root(parameters: Sequence[int]) -> Array:
    """Lower triangular root of the correlation of some parameters: shape (parameters, parameters)."""
    correlation = np.array(_stored()["correlation"])
    found: Array = np.linalg.cholesky(correlation[np.ix_(parameters, parameters)])
    return found
