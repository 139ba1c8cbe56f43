"""Predicted curves of figures 5 to 8, whose data the text does not give, with the published numbers on them.

Models: every core count the source swept, for Linux, Xen-Linux (to 32 cores) and Cerberus with one and two cores a
VM (to 24 VMs), in the figure's unit.
When not to use it: as measurements; only the anchors are published.
"""

from __future__ import annotations

from dataclasses import dataclass

from cerberus_plan.calibration.paper.facts import value
from cerberus_plan.calibration.paper.runs import Runs, Splitting

MOST_VMS = 24
MOST_VCPUS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One curve: values at core counts, and published numbers at some of them."""

    label: str
    cores: tuple[int, ...]
    values: tuple[float, ...]
    anchors: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of the source."""

    number: int
    title: str
    unit: str
    series: tuple[Series, ...]


def figures(run: Runs) -> tuple[Figure, ...]:
    """Figures 5 to 8."""
    large, small = tuple(range(2, 49, 2)), (1, 2, 4, 8, 12, 16)
    return (
        Figure(number=5, title="histogram", unit="s", series=_series(run, "histogram", "s", large)),
        Figure(number=6, title="dbench", unit="MB/s", series=_series(run, "dbench", "MB/s", large)),
        Figure(number=7, title="apache", unit=_PER_CORE, series=_series(run, "apache", _PER_CORE, small)),
        Figure(number=8, title="memcached", unit=_PER_CORE, series=_series(run, "memcached", _PER_CORE, small)),
    )


_PER_CORE = "req/s/core"
_LINUX, _XEN, _ONE, _TWO = "Linux", "Xen-Linux", "Cerberus, 1 core per VM", "Cerberus, 2 cores per VM"
_CARDS = "Cerberus, one VM a network card"
# (workload, curve) -> published numbers on it
_ANCHORS: dict[tuple[str, str], tuple[tuple[int, float], ...]] = {
    ("histogram", _XEN): ((32, value("hist.direct.32")),),
    ("histogram", _TWO): ((48, value("hist.t.48.2")),),
    ("dbench", _LINUX): ((48, value("dbench.48.2") / value("dbench.ratio.48")),),
    ("dbench", _XEN): ((32, value("dbench.direct.32")),),
    ("dbench", _TWO): ((48, value("dbench.48.2")),),
    ("apache", _LINUX): ((2, value("apache.linux.2")), (16, value("apache.16.a"))),
    ("apache", _XEN): ((16, value("apache.16.b")),),
    ("apache", _CARDS): ((2, value("apache.cerb.2")), (16, value("apache.cerb.16"))),
}


def _series(run: Runs, workload: str, unit: str, cores: tuple[int, ...]) -> tuple[Series, ...]:
    layouts: dict[str, tuple[str, dict[int, Splitting]]] = {
        _LINUX: ("linux", {n: (1, n) for n in cores}),
        _XEN: ("xen-linux", {n: (1, n) for n in cores if n <= MOST_VCPUS}),
    }
    if unit == _PER_CORE:
        layouts[_CARDS] = ("cerberus", {n: (min(n, 8), max(1, n // 8)) for n in cores if n <= 8 or n % 8 == 0})
    else:
        layouts[_ONE] = ("cerberus", {n: (n, 1) for n in cores if n <= MOST_VMS})
        layouts[_TWO] = ("cerberus", {n: (n // 2, 2) for n in cores})
    return tuple(
        Series(
            label=label,
            cores=tuple(splits),
            values=tuple(_value(run, workload, unit, system, split) for split in splits.values()),
            anchors=_ANCHORS.get((workload, label), ()),
        )
        for label, (system, splits) in layouts.items()
    )


def _value(run: Runs, workload: str, unit: str, system: str, split: Splitting) -> float:
    if unit == "s":
        return float(run.seconds(workload, system, *split)[0])
    rate = float(run.rate(workload, system, *split)[0])
    return rate / (split[0] * split[1]) if unit == _PER_CORE else rate
