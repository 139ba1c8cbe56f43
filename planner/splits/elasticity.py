"""What limits a split: how much faster it would be if one station were a little faster.

Models: the elasticity of throughput to each station's times, -d ln X / d ln D, by a small step under the central
values; over all stations the elasticities sum to 1. The largest names the bottleneck. Where threads are is another
question (the ledger): most threads may compute while a saturated station sets the pace.
Assumptions: a finite job's start-up takes its share of the time whatever the stations do.
When not to use it: to compare stations of two splits; each split's elasticities are its own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from cerberus_plan.model.laws.station import Array, Station
from cerberus_plan.model.structure import Structure
from cerberus_plan.planner.splits.stretches import stretched

# Small: near a collapse elasticities themselves change within a percent (and a slower station may even help).
_STEP = 1e-5


def with_steps(structure: Structure, n_draws: int) -> Structure:
    """The structure with a further draw for each station: the central values, that station's times a step longer."""
    stations = (*structure.local, *structure.shared)
    widened = [_widened(station, i, len(stations), n_draws) for i, station in enumerate(stations)]
    n_local = len(structure.local)
    return replace(structure, local=tuple(widened[:n_local]), shared=tuple(widened[n_local:]), stretch=1.0)


def _widened(station: Station, at: int, count: int, n_draws: int) -> Station:
    changes: dict[str, Any] = {}
    for name in station.parameter_names:
        steps = np.ones(count)
        if name not in station.pure_numbers:
            steps[at] += _STEP
        changes[name] = _columns(getattr(station, name), steps, n_draws)
    return replace(station, **changes)


def _columns(parameter: Any, steps: Array, n_draws: int) -> Array:
    """The parameter under each draw, and beside it its central value times each step."""
    values = np.atleast_2d(np.asarray(parameter, dtype=np.float64))
    drawn = np.broadcast_to(values, (values.shape[0], n_draws))
    return np.concatenate([drawn, values[:, :1] * steps], axis=1)


def elasticities(
    structure: Structure, rate: Array, n_draws: int, stretch: Array, startup_share: Array
) -> list[dict[str, float]]:
    """Elasticity by station name of each split, interference and start-up among them; they sum to 1.

    Args:
        structure: The structure as it is.
        rate: Cycles per second under each draw and each station's step, not stretched: (splits, draws + stations).
        n_draws: Number of draws.
        stretch: Factor of interference of each split.
        startup_share: Share of the time that the start-up takes, of each split.
    """
    logs = np.log(rate)
    found: dict[str, Array] = {}
    for i, station in enumerate((*structure.local, *structure.shared)):
        gain = (logs[:, 0] - logs[:, n_draws + i]) / np.log1p(_STEP)
        found[station.name] = found.get(station.name, 0.0) + gain * (1.0 - startup_share) / stretch
    for name, part in stretched(structure, stretch).items():
        found[name] = (1.0 - startup_share) * (1.0 - 1.0 / stretch) * part
    if (startup_share > 0.0).any():
        found["start-up"] = startup_share
    table = np.stack(list(found.values()), axis=1)
    return [dict(zip(found, row, strict=True)) for row in table.tolist()]
