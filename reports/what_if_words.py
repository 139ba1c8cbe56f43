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
    return _split(best, sign), *_amounts(plan, best), ""


def cells(plan: Plan, answer: Mapping[str, Any], sign: str = " x ") -> tuple[str, ...]:
    """The cells of one change."""
    best = answer["best"]
    gain = "–" if _makes_possible(plan, answer) else f"{number(answer['gain'])} {sign.strip()}"
    return _split(best, sign), *_amounts(plan, best), gain


def worthwhile(plan: Plan, answer: Mapping[str, Any]) -> bool:
    """Whether a change gains something, moves the choice, makes it cheaper, or makes it possible at all."""
    before, after = plan.best.cost, answer["best"].get("cost")
    cheaper = before is not None and after is not None and after < before
    return cheaper or _makes_possible(plan, answer) or answer["gain"] > 1.0 + _LITTLE or not answer["same_split"]


def _split(candidate: Mapping[str, Any], sign: str) -> str:
    return f"{candidate['system']}{sign[0]}{candidate['vms']}{sign}{candidate['split'][0]}"


def _carries(plan: Plan, candidate: Mapping[str, Any]) -> bool:
    """Whether a split was chosen for an objective and carries a rate within its limits."""
    return plan.objective is not None and (candidate["headroom"] or 0.0) > 0.0


def _makes_possible(plan: Plan, answer: Mapping[str, Any]) -> bool:
    """Whether a rate is carried with the change and none without: a gain over nothing, which no number tells."""
    return _carries(plan, answer["best"]) and answer["gain_of"] == "throughput"


def _amounts(plan: Plan, candidate: Mapping[str, Any]) -> tuple[str, ...]:
    """What it does, and what that costs where it was asked."""
    carried = _carries(plan, candidate)
    names = ("headroom", "headroom_low", "headroom_high") if carried else ("throughput", "low", "high")
    told = estimate(*(candidate[name] for name in names))
    if plan.objective is None:
        return (told,)
    # where no rate is carried within the limits, the gain is of the throughput without them
    return (told if carried else f"0 (of {told} without limits)"), exact(candidate["cost"])
