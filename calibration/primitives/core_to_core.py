"""Cache line round trip between every pair of cores (a sample of pairs above 64 cores).

Two threads hand one line back and forth with plain stores and waiting loads. The matrix is what topology is
recognised from; the quantity is its median.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cerberus_plan.calibration.harness.case import Case, Seat
from cerberus_plan.calibration.harness.probe import line_ping_pong
from cerberus_plan.calibration.primitives.base import Primitive, Results, describe
from cerberus_plan.model.digits import counted
from cerberus_plan.model.quantity import Provenance, Quantity

if TYPE_CHECKING:
    from cerberus_plan.calibration.harness.statistics import Estimate
    from cerberus_plan.calibration.primitives.base import Space

_PREFIX = "core_to_core."
#: Pairs are many: a quarter of the usual batch is still thousands of round trips.
_BATCH_S = 5e-4
#: More pairs than this take part in every third round only.
_MANY = 200


def _prepare(space: Space) -> list[Case]:
    return [
        Case(
            name=f"{_PREFIX}{a}-{b}",
            loop=line_ping_pong,
            seats=(Seat(cpu=a), Seat(cpu=b)),
            area=space.area(),
            count=256,
            batch_s=_BATCH_S,
            probe=False,  # it is its own
            every=3 if len(space.pairs) > _MANY else 1,
        )
        for a, b in space.pairs
    ]


def pair_estimates(results: Results) -> dict[tuple[int, int], Estimate]:
    """Round trip of each pair of cores that has enough clean batches [s]."""
    found: dict[tuple[int, int], Estimate] = {}
    for name in results.batches:
        if not name.startswith(_PREFIX):
            continue
        a, b = (int(text) for text in name.removeprefix(_PREFIX).split("-"))
        estimate = results.estimate(name)
        if estimate is not None:
            found[a, b] = estimate
    return found


def _derive(results: Results) -> dict[str, Quantity]:
    pairs = pair_estimates(results)
    if not pairs:
        return {}
    values = np.array([estimate.value for estimate in pairs.values()])
    middle = sorted(pairs.values(), key=lambda e: e.value)[(len(pairs) - 1) // 2]
    low, high = np.quantile(values, [0.05, 0.95])
    note = f"one line handed back and forth, median of {counted(len(pairs), 'pair')} of cores"
    return {
        "core_to_core_round_trip": Quantity(
            value=middle.value,
            unit="s",
            low=min(float(low), middle.low),
            high=max(float(high), middle.high),
            provenance=Provenance.MEASURED,
            source=describe(middle, note),
        )
    }


PRIMITIVE = Primitive(
    name="core_to_core",
    description="cache line round trip between pairs of cores",
    stresses="cache coherence across the chip",
    feeds="topology; cost of handing over a lock word",
    prepare=_prepare,
    derive=_derive,
)
