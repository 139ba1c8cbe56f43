"""What was learned from public curves before the user's points are seen: `priors.json`, beside this file.

It holds the weight of each law, the shape of each parameter's distribution (a beta distribution on its range),
the weights of noise and drift scales, and how much wider an interval must be beyond the measured range.
Numbers only; `calibration.curves.learn` wrote them and can write them again from a folder of curves.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cerberus_plan.calibration.curves.drift import Drift
from cerberus_plan.calibration.curves.interval import Widening
from cerberus_plan.calibration.curves.laws import LAWS, positions

Array = NDArray[np.float64]

# Beta distribution of the growth beyond the cores: its mean on the range of `step` is -0.03, its 95 % point 0.26.
FLAT_BEYOND_CORES = [2.0, 6.0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Priors:
    """Draws of every law's parameters and the scales of drift, with the logarithm of their weights."""

    units: Mapping[str, Array]  # law name -> positions in [0, 1], shape (draws, parameters)
    log_weight: Array  # one a draw, laws one after the other, in the order of `units`
    drifts: tuple[Drift, ...]
    log_drift: Array  # one a drift
    widening: Widening

    @property
    def law_of_draw(self) -> NDArray[np.int64]:
        """Index of the law, in the order of `units`, for each draw."""
        return np.repeat(np.arange(len(self.units)), [len(unit) for unit in self.units.values()])

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Priors:
        """Build the draws from the numbers of `priors.json`."""
        units: dict[str, Array] = {}
        weights: list[Array] = []
        for name, learned in document["laws"].items():
            shapes = learned["beta"]
            unit = unit_draws(name, document["draws"])
            units[name] = unit
            weights.append(np.log(learned["weight"]) + log_beta(unit, shapes))
        drifts, log_drift = drift_grid(document["drift"])
        return cls(
            units=units,
            log_weight=np.concatenate(weights),
            drifts=drifts,
            log_drift=log_drift,
            widening=Widening(**document["widening"]),
        )


def unit_draws(law: str, draws: int) -> Array:
    """Draws of one law on the unit cube; a law without parameters needs a single one."""
    dimensions = len(LAWS[law].ranges)
    return positions(draws if dimensions else 1, dimensions)


def log_beta(unit: Array, shapes: list[list[float]]) -> Array:
    """Logarithm of a product of beta densities, normalised over the draws."""
    inside = np.clip(unit, 1e-3, 1 - 1e-3)
    density = np.zeros(len(unit))
    for column, (a, b) in enumerate(shapes):
        density += (a - 1) * np.log(inside[:, column]) + (b - 1) * np.log1p(-inside[:, column])
    peak = density.max()
    return np.asarray(density - peak - np.log(np.exp(density - peak).sum()))


def drift_grid(document: Mapping[str, list[list[float]]]) -> tuple[tuple[Drift, ...], Array]:
    """Every combination of the scales with the product of their weights."""
    names = [field.name for field in fields(Drift)]
    grid = list(product(*(document[name] for name in names)))
    drifts = (Drift(**{name: value for name, (value, _) in zip(names, row, strict=True)}) for row in grid)
    return tuple(drifts), np.log([np.prod([weight for _, weight in row]) for row in grid])


@cache
def shipped(*, clients: bool = False) -> Priors:
    """The priors that come with this program; with `clients`, for counts that pass the number of cores."""
    # Not importlib.resources: it imports zipfile and tempfile, which no start should wait for.
    text = Path(__file__).with_name("priors.json").read_text(encoding="utf-8")
    document = json.loads(text)
    return Priors.from_document(for_clients(document) if clients else document)


def for_clients(document: dict[str, Any]) -> dict[str, Any]:
    """What is known before the points when n counts clients: beyond the number of cores throughput stays or falls.

    The law of a boundary then holds in every second curve, with hardly any growth beyond it; not learned (too few
    families count clients) but checked on those: it lowers the 90th percentile of their error at four times.
    """
    laws = {name: {**law, "weight": law["weight"] / 2} for name, law in document["laws"].items()}
    edge, _, serial = laws["step"]["beta"]
    laws["step"] = {"weight": laws["step"]["weight"] + 0.5, "beta": [edge, FLAT_BEYOND_CORES, serial]}
    return {**document, "laws": laws}
