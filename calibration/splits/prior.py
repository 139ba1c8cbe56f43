"""What is believed before a program's splits are seen: weighted mechanisms, discrepancy scales, interval multipliers.

Draws are taken from what was learned (`priors.json`, written by `calibration.splits.learn`) with a fixed seed, so
every run believes the same. Each draw has one law for each scope with its parameters, and a first step or none.
When not to use it: to say what a program does; these are beliefs about programs nobody has measured.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cerberus_plan.calibration.curves.laws import LAWS
from cerberus_plan.calibration.splits.discrepancy import Discrepancy
from cerberus_plan.calibration.splits.interval import Widening
from cerberus_plan.calibration.splits.measured import Split
from cerberus_plan.calibration.splits.mechanisms import ABSENT, FIRST, SCOPES, counts, loss

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

SEED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """One law for each scope and draw, its parameters on the unit interval, and the first step."""

    size: int
    law: Mapping[str, Rows]  # scope -> index in the scope's laws, one a draw
    unit: Mapping[tuple[str, str], Array]  # (scope, law) -> parameters, shape (draws, parameters)
    first: Array  # log step from one instance to two, one a draw; 0 where absent

    def parts(self, splits: Sequence[Split], rows: Rows | None = None) -> dict[str, Array]:
        """Logarithm of what each scope takes away, shape (draws, splits); `first` belongs to `between`.

        Args:
            splits: where.
            rows: which draws; all by default.
        """
        chosen = np.arange(self.size) if rows is None else rows
        instances, cores = counts(tuple(splits))
        found = {name: self._scope(name, scope.count(instances, cores), chosen) for name, scope in SCOPES.items()}
        found["between"] = found["between"] + self.first[chosen, None] * (instances >= 2)
        return found

    def loss(self, splits: Sequence[Split], rows: Rows | None = None) -> Array:
        """Logarithm of what all scopes take away together, shape (draws, splits)."""
        return np.asarray(sum(self.parts(splits, rows).values()))

    def _scope(self, name: str, count: Array, chosen: Rows) -> Array:
        out = np.zeros((chosen.size, count.size))
        laws = self.law[name][chosen]
        for index, law in enumerate(SCOPES[name].laws):
            at = np.flatnonzero(laws == index)
            if at.size and law != ABSENT:
                out[at] = loss(law, self.unit[name, law][chosen[at]], count)
        return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """Equally likely draws, and the discrepancy scales with the logarithm of their weights."""

    draws: Draws
    discrepancies: tuple[Discrepancy, ...]
    log_weight: Array
    widening: Widening

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Prior:
        """Build the draws from the numbers of `priors.json`."""
        scales = document["discrepancies"]
        names = scales["names"]
        return cls(
            draws=drawn(document, document["draws"]),
            discrepancies=tuple(Discrepancy(**dict(zip(names, row[:-1], strict=True))) for row in scales["rows"]),
            log_weight=np.log([row[-1] for row in scales["rows"]]),
            widening=Widening(**{name: np.array(values) for name, values in document["widening"].items()}),
        )


def drawn(document: Mapping[str, Any], size: int) -> Draws:
    """So many draws of the learned distributions, the same on every run."""
    random = np.random.default_rng(SEED)
    law: dict[str, Rows] = {}
    unit: dict[tuple[str, str], Array] = {}
    for scope, learned in document["scopes"].items():
        weights = np.array([learned[name]["weight"] for name in SCOPES[scope].laws])
        law[scope] = random.choice(weights.size, size, p=weights / weights.sum())
        for name in SCOPES[scope].laws:
            shapes = learned[name]["beta"]
            if len(shapes) != len(LAWS[name].ranges):
                raise ValueError(f"priors of {name} in {scope} were learned for other parameters; learn them again")
            if shapes:
                unit[scope, name] = np.stack([random.beta(a, b, size) for a, b in shapes], axis=1)
    present = random.random(size) < document["first"]["weight"]
    [[a, b]] = document["first"]["beta"]
    return Draws(size=size, law=law, unit=unit, first=present * FIRST.at(random.beta(a, b, size)))


@cache
def shipped() -> Prior:
    """The prior that comes with this program."""
    # Not importlib.resources: it imports zipfile and tempfile, which no start should wait for.
    text = Path(__file__).with_name("priors.json").read_text(encoding="utf-8")
    return Prior.from_document(json.loads(text))
