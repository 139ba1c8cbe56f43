"""Refinements of kernel and hypervisor in words, the same on the terminal and on the page.

Takes answers as the plan's JSON has them (``what_if``), in the order of ``planner.splits.changes.ranked``. What a gain
is of is what the answer says it is (``gain_of``). When not to use it: for machines; use --json.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cerberus_plan.planner.plan import Plan
from cerberus_plan.reports.formats import estimate, exact, number

# Between the numbers of a split on a page, with blanks at which no line is broken.
TIMES = "\u00a0×\u00a0"
# A smaller gain, relative, is none.
_LITTLE = 0.005


def headings(plan: Plan) -> tuple[str, ...]:
    """Of the best split, what it does, its cost where a split was chosen for an objective, and the gain."""
    unit = plan.workload.unit
    if plan.objective is None:
        return "best split", unit, "gain"
    return "best split", f"carries {unit}", f"cost [{plan.objective.prices.unit}]", "against now"


def as_it_is(plan: Plan, sign: str = " x ") -> tuple[str, ...]:
    """The cells of the plan without a change; ``sign`` is what stands for "times"."""
    best = plan.best.to_json()
    carried = plan.objective is not None and (plan.best.headroom or 0.0) > 0.0
    return _split(best, sign), *_amounts(plan, best, "headroom" if carried else "throughput"), ""


def cells(plan: Plan, answer: Mapping[str, Any], sign: str = " x ") -> tuple[str, ...]:
    """The cells of one change."""
    best = answer["best"]
    return _split(best, sign), *_amounts(plan, best, answer["gain_of"]), f"{number(answer['gain'])} {sign.strip()}"


def worthwhile(plan: Plan, answer: Mapping[str, Any]) -> bool:
    """Whether a change gains something, moves the choice, or makes it cheaper."""
    before, after = plan.best.cost, answer["best"].get("cost")
    cheaper = before is not None and after is not None and after < before
    return cheaper or answer["gain"] > 1.0 + _LITTLE or not answer["same_split"]


def _split(candidate: Mapping[str, Any], sign: str) -> str:
    return f"{candidate['system']}{sign[0]}{candidate['vms']}{sign}{candidate['split'][0]}"


def _amounts(plan: Plan, candidate: Mapping[str, Any], what: str) -> tuple[str, ...]:
    """What it does, and what that costs where it was asked."""
    names = ("headroom", "headroom_low", "headroom_high") if what == "headroom" else ("throughput", "low", "high")
    told = estimate(*(candidate[name] for name in names))
    if plan.objective is None:
        return (told,)
    # where no rate is carried within the limits, the gain is of the throughput without them
    return (told if what == "headroom" else f"0 (of {told} without limits)"), exact(candidate["cost"])
