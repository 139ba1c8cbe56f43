"""How the fitted numbers of the shipped files err together, for the planner's draws.

``correlation.csv`` is what ``fit.json`` says, in a form that reads fast: every plan of a shipped machine needs it. Rows
and columns are fitted numbers by name, "file.quantity"; a quantity says with which one it errs (``errs_with``).

Equation: with R the correlation of the parameters' logarithms, normals z become root(R) z.
Assumptions: log-normal errors; the correlation at the optimum holds over the interval; a name that the fit does not
know errs with its namesakes and with nothing else.
When not to use it: for measured machines, whose quantities are measured one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from cerberus_plan.model.laws.station import Array

# Not importlib.resources: it imports zipfile and tempfile, which no start should wait for.
_FILE = Path(__file__).parent / "correlation.csv"


@cache
def rows() -> dict[str, tuple[float, ...]]:
    """Row of the correlation of every fitted number, by name."""
    lines = (line.split(",") for line in _FILE.read_text(encoding="utf-8").splitlines())
    return {name: tuple(float(cell) for cell in cells) for name, *cells in lines}


@cache
def root(names: tuple[str, ...]) -> Array:
    """Lower triangular root of the correlation of some fitted numbers: shape (names, names)."""
    return np.asarray(np.linalg.cholesky(correlation(names)))


def correlation(names: Sequence[str]) -> Array:
    """Correlation of some fitted numbers."""
    known = rows()
    order = {name: column for column, name in enumerate(known)}
    found: Array = np.eye(len(names))
    for i, one in enumerate(names):
        for j, other in enumerate(names):
            if i != j and one in known and other in known:
                found[i, j] = known[one][order[other]]
    return found
