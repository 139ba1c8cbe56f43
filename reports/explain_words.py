"""An explanation in words, the same on the terminal and on the page."""

from __future__ import annotations

from collections.abc import Mapping

from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.plan import Candidate, Plan
from cerberus_plan.planner.splits.describe import describe
from cerberus_plan.reports.formats import number, quantity

# Parameters of laws that are no times.
_PURE = frozenset({"width", "count", "writes"})


def numbers(given: Mapping[str, float]) -> str:
    """The parameters of a station's law: "hold 2.230 µs, handover 16.30 µs"."""
    return ", ".join(
        f"{name} {number(value) if name in _PURE else quantity(value, 's', 4)}" for name, value in given.items()
    )


def which(plan: Plan, shown: Candidate) -> str:
    """That another split than the recommended one is explained; empty where it is that one."""
    best = plan.best
    if (shown.system, shown.split) == (best.system, best.split):
        return ""
    return (
        f"{plan.workload.name}: explained is {describe(shown, SYSTEMS)}, the fastest that uses every core, not the "
        f"recommended {describe(best, SYSTEMS)}; --best explains that one."
    )
