"""How the fitted numbers of the shipped files err together, for the planner's draws.

``correlation.csv`` is what ``fit.json`` says, in a form that reads fast: every plan of a shipped machine needs it.

Equation: with R the correlation of the parameters' logarithms, normals z become root(R) z.
A quantity takes part if its name and relative interval are those of the fit (whatever the unit of time); one with
an edited interval errs alone. What is derived from histogram's calc time errs exactly with it.
Assumptions: log-normal errors; the correlation at the optimum holds over the interval.
When not to use it: for measured machines, whose quantities are measured one by one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.quantity import Provenance, Quantity

# Not importlib.resources: it imports zipfile and tempfile, which no start should wait for.
_FILE = Path(__file__).parent / "correlation.csv"
_NEAR = 2e-3
# Costs that ``derived.paging`` computes from histogram's calc time.
FROM_CALC_TIME = ("page_fault", "page_fault_direct", "shadow_lock_hold")


@cache
def _rows() -> tuple[tuple[str, tuple[float, ...]], ...]:
    """Name, relative low and high end, and row of the correlation, of every fitted parameter."""
    lines = (line.split(",") for line in _FILE.read_text(encoding="utf-8").splitlines())
    return tuple((name, tuple(float(cell) for cell in cells)) for name, *cells in lines)


@cache
def _known() -> Mapping[str, tuple[tuple[float, float, int], ...]]:
    """Relative ends of the interval and parameter index of every quantity that errs with the fit, by name."""
    found: dict[str, tuple[tuple[float, float, int], ...]] = {}
    for index, (name, (low, high, *_)) in enumerate(_rows()):
        found[name] = (*found.get(name, ()), (low, high, index))
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
    correlation = np.array([row[2:] for _, row in _rows()])
    found: Array = np.linalg.cholesky(correlation[np.ix_(parameters, parameters)])
    return found
