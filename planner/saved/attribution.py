"""Which group of inputs made an answer change: plan again with one group at a time taken from the other answer.

Models: the log ratio of the throughputs of the two recommended splits (of the rates they carry, where both answers
have an objective), shared out among the groups of inputs that
differ (machine, program, measurements, request) and the version of the program. Where only one answer has an objective
it is a group of its own: its part is what choosing for it costs in throughput.
Equation: with v(S) the log throughput planned with the groups S of the second answer and the rest of the first, a
group's part is its Shapley value, the mean over all orders of v(S + group) - v(S): parts add up to the whole, two
answers compared the other way give the negative, a group that does not differ gives nothing. What planning the same
inputs again today changes against the saved answers is the version's part.
Assumptions: both plans are of one program, and in one unit.
When not to use it: where a mixed set of inputs cannot be planned (a cost that only one machine has); it then says so.
Source: Shapley, A value for n-person games, Contributions to the Theory of Games II (1953).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from cerberus_plan.model.errors import CerberusError
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.objectives.aim import aimed
from cerberus_plan.planner.plan import Candidate, Plan
from cerberus_plan.planner.saved.differences import (
    GROUPS,
    MACHINE,
    MEASUREMENTS,
    OBJECTIVE,
    PROGRAM,
    REQUEST,
    one_program,
    one_sided,
    systems_of,
)
from cerberus_plan.planner.splits.choose import plan as replan

VERSION = "version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What one group of inputs did.

    Attributes:
        group: The group, or "version".
        factor: Factor on the recommended split's throughput, or on the rate it carries.
        alone: The split recommended when this group alone is the second answer's; None for the version.
    """

    group: str
    factor: float
    alone: Candidate | None = None

    def to_json(self) -> dict[str, Any]:
        """The cause as JSON has it."""
        alone = self.alone
        return {
            "group": self.group,
            "factor": self.factor,
            "alone": None if alone is None else {"system": alone.system, "split": list(alone.split)},
        }


def measure(before: Plan, after: Plan) -> str:
    """What two recommended splits are compared by: the rate they carry where both have one, else throughput."""
    carried = before.best.headroom is not None and after.best.headroom is not None
    return "headroom" if carried else "throughput"


def size(candidate: Candidate, what: str) -> float:
    """That of a candidate; 0 where it has none."""
    return float(getattr(candidate, what) or 0.0)


def causes(before: Plan, after: Plan, groups: Iterable[str]) -> tuple[list[Cause], str]:
    """Parts of the groups that differ, the largest first; and why there are none, empty where there are.

    Args:
        before: The first plan.
        after: The second plan.
        groups: Groups of inputs in which they differ.
    """
    names = list(dict.fromkeys(groups))
    if not one_program(before, after):
        names_of = f"{before.workload.name} and {after.workload.name}"
        return [], (
            f"{names_of} are different programs, so what one does more than the other cannot be compared with a change "
            "of either; where they are one program, plan both under one name"
        )
    if before.workload.unit != after.workload.unit:
        return [], f"{before.workload.unit} and {after.workload.unit} cannot be compared"
    try:
        planned = {chosen: _mixed(before, after, chosen) for chosen in _subsets(names)}
    except CerberusError as error:
        return [], f"the inputs cannot be taken apart: {error}"
    what = measure(before, after)
    if min(size(plan.best, what) for plan in (*planned.values(), before, after)) <= 0.0:
        return [], "with some of the inputs no rate is carried at all"
    value = {chosen: math.log(size(found.best, what)) for chosen, found in planned.items()}
    found = [
        Cause(group=name, factor=math.exp(_shapley(value, name, names)), alone=planned[frozenset({name})].best)
        for name in names
    ]
    whole = frozenset(names)
    saved = math.log(size(after.best, what)) - math.log(size(before.best, what))
    drift = saved - (value[whole] - value[frozenset()])
    if abs(drift) > 1e-12:
        found.append(Cause(group=VERSION, factor=math.exp(drift)))
    return sorted(found, key=lambda one: -abs(math.log(one.factor))), ""


def _subsets(names: list[str]) -> Iterable[frozenset[str]]:
    return (frozenset(chosen) for size in range(len(names) + 1) for chosen in combinations(names, size))


def _mixed(before: Plan, after: Plan, chosen: frozenset[str]) -> Plan:
    """The plan with the chosen groups of the second answer and all others of the first."""
    source = {group: after if group in chosen else before for group in GROUPS}
    rows = source[MEASUREMENTS].workload
    workload = replace(source[PROGRAM].workload, measured=rows.measured, latencies=rows.latencies)
    systems = [SYSTEMS[name] for name in systems_of(source[REQUEST])]
    found = replan(source[MACHINE].machine, workload, systems, source[REQUEST].constraints)
    objective = source[OBJECTIVE if one_sided(before, after) else REQUEST].objective
    return found if objective is None else aimed(found, objective)


def _shapley(value: Mapping[frozenset[str], float], name: str, names: list[str]) -> float:
    """Mean over all orders in which the groups may be swapped of what this one changes."""
    others = [each for each in names if each != name]
    n = len(names)
    return sum(
        math.factorial(len(chosen)) * math.factorial(n - 1 - len(chosen)) / math.factorial(n)
        * (value[chosen | {name}] - value[chosen])
        for chosen in _subsets(others)
    )  # fmt: skip
