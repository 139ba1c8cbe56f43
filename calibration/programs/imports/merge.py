"""Several files as one: a run at each core count in a file of its own, or perf and strace of the same work.

Curves of one series become one curve; all their points are kept. Demands are put together when no number is in
both (times from one tool, system calls from another); otherwise they stay apart, since nobody can say which is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from cerberus_plan.calibration.programs.demand import Demand
from cerberus_plan.calibration.programs.imports.results import Curve, Imported

# What describes a demand rather than being part of it.
_ABOUT = ("unit", "work", "cores", "notes", "source")


def merge(found: Sequence[Imported]) -> Imported:
    """All curves and demands of these files, put together where they belong together."""
    demands: list[Demand] = []
    for demand in (demand for imported in found for demand in imported.demands):
        fitting = next((i for i, other in enumerate(demands) if _complement(other, demand)), None)
        if fitting is None:
            demands.append(demand)
        else:
            demands[fitting] = _together(demands[fitting], demand)
    notes = dict.fromkeys(note for imported in found for note in imported.notes)
    return Imported(curves=_curves(found), demands=tuple(demands), notes=tuple(notes))


def _curves(found: Sequence[Imported]) -> tuple[Curve, ...]:
    pairs: dict[tuple[str, str, str], list[tuple[int, float]]] = {}
    for curve in (curve for imported in found for curve in imported.curves):
        points = [(point.n, value) for point in curve.points for value in point.values]
        pairs.setdefault((curve.series, curve.axis, curve.unit), []).extend(points)
    return tuple(Curve.of(p, series=series, axis=axis, unit=unit) for (series, axis, unit), p in pairs.items())


def _complement(one: Demand, two: Demand) -> bool:
    """Whether they speak of the same unit and cores, and of different things."""
    same = one.unit == two.unit and one.work == two.work and (one.cores == two.cores or None in (one.cores, two.cores))
    return same and not (_known(one).keys() & _known(two).keys())


def _known(demand: Demand) -> dict[str, Any]:
    """The fields that hold something."""
    values = {field.name: getattr(demand, field.name) for field in fields(demand) if field.name not in _ABOUT}
    return {name: value for name, value in values.items() if value is not None and value not in ((), {})}


def _together(one: Demand, two: Demand) -> Demand:
    return replace(
        one,
        **_known(two),
        cores=one.cores or two.cores,
        notes=(*one.notes, *two.notes),
        source=", ".join(filter(None, (one.source, two.source))),
    )
