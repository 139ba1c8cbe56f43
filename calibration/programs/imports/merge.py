"""Several files as one: a run at each core count in a file of its own, or perf and strace of the same work.

Curves of one series, unit and workload become one curve; all their points are kept. Curves whose settings differ stay
apart and are called by what differs. Demands are put together when no number is in both (times from one tool, system
calls from another); otherwise they stay apart, since nobody can say which is right. Nothing is put together silently.
Time: linear in the number of curves and demands.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from typing import Any

from cerberus_plan.calibration.programs.demand import Demand
from cerberus_plan.calibration.programs.imports.results import Curve, Imported

# What describes a demand rather than being part of it.
_ABOUT = ("unit", "work", "cores", "notes", "source")
_SHOWN = 5  # counts listed in a note


def merge(found: Sequence[Imported]) -> Imported:
    """All curves and demands of these files, put together where they belong together."""
    pool = _Pool()
    for demand in (demand for imported in found for demand in imported.demands):
        pool.add(demand)
    curves, said = _curves(found)
    notes = dict.fromkeys([*(note for imported in found for note in imported.notes), *said])
    return Imported(curves=curves, demands=tuple(pool.demands), notes=tuple(notes))


def _curves(found: Sequence[Imported]) -> tuple[tuple[Curve, ...], list[str]]:
    """One curve a series and workload, under names of their own, and sentences on what was put together."""
    gathered: dict[Any, list[tuple[int, Curve]]] = {}
    for file, curve in ((i, curve) for i, imported in enumerate(found) for curve in imported.curves):
        key = (curve.series, curve.axis, curve.unit, tuple(sorted(curve.settings.items())))
        gathered.setdefault(key, []).append((file, curve))
    merged: list[Curve] = []
    notes: list[str] = []
    for parts in gathered.values():
        first = parts[0][1]
        points = [(point.n, value) for _, curve in parts for point in curve.points for value in point.values]
        merged.append(replace(first, points=Curve.of(points, series="", axis="", unit="").points))
        notes += _repeated(first.series, parts)
    return _told_apart(merged, notes), notes


def _repeated(series: str, parts: list[tuple[int, Curve]]) -> Iterator[str]:
    """That the same n stands in several files, where it does."""
    seen: dict[int, set[int]] = {}
    for file, curve in parts:
        for point in curve.points:
            seen.setdefault(point.n, set()).add(file)
    twice = sorted(n for n, files in seen.items() if len(files) > 1)
    if twice:
        counts = ", ".join(map(str, twice[:_SHOWN])) + (", ..." if len(twice) > _SHOWN else "")
        yield f"{series} at n = {counts} is in several files: read as repeats; import files of other work apart"


def _told_apart(curves: list[Curve], notes: list[str]) -> tuple[Curve, ...]:
    """Curves of one series called by the settings in which they differ."""
    named: dict[str, list[Curve]] = {}
    for curve in curves:
        named.setdefault(curve.series, []).append(curve)
    new: dict[int, str] = {}
    for series, same in named.items():
        keys = dict.fromkeys(key for curve in same for key in curve.settings)
        differing = [key for key in keys if len({curve.settings.get(key) for curve in same}) > 1]
        if differing:
            notes.append(f"{len(same)} curves of {series}, which differ in {', '.join(differing)}")
        for curve in same:
            told = [f"{key} {curve.settings[key]}" for key in differing if key in curve.settings]
            new[id(curve)] = " ".join([series, ", ".join(told)]).strip()
    return tuple(replace(curve, series=new[id(curve)]) for curve in curves)


class _Pool:
    """Demands, and which of them have which fields at which cores: so that a complement is found at once."""

    def __init__(self) -> None:
        self.demands: list[Demand] = []
        self._at: dict[tuple[str, float], dict[frozenset[str], dict[int | None, deque[int]]]] = {}

    def add(self, demand: Demand) -> None:
        """Put it together with the first demand that it complements, or beside the others."""
        known = frozenset(_known(demand))
        where = self._find(demand, known)
        if where is None:
            self.demands.append(demand)
            self._enter(len(self.demands) - 1, known)
        else:
            self.demands[where] = _together(self.demands[where], demand)
            self._enter(where, frozenset(_known(self.demands[where])))

    def _enter(self, index: int, known: frozenset[str]) -> None:
        demand = self.demands[index]
        by_fields = self._at.setdefault((demand.unit, demand.work), {})
        by_fields.setdefault(known, {}).setdefault(demand.cores, deque()).append(index)

    def _find(self, demand: Demand, known: frozenset[str]) -> int | None:
        """The first demand of the same unit and cores that speaks of different things, taken out of the index."""
        fitting: list[deque[int]] = []
        for fields_of, by_cores in self._at.get((demand.unit, demand.work), {}).items():
            if not (fields_of & known):
                cores = list(by_cores) if demand.cores is None else [demand.cores, None]
                fitting += [by_cores[count] for count in cores if by_cores.get(count)]
        return min(fitting, key=lambda indices: indices[0]).popleft() if fitting else None


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
