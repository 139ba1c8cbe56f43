"""Two saved answers compared: what is recommended now, whether the difference is more than doubt, and why.

Models: nothing new; plans of the same workload are set side by side. Two throughputs differ for sure only where their
90 % intervals do not overlap. The price of keeping the first answer's split is its loss in the second answer.
When not to use it: to compare splits within one answer; the plan itself says which of them it can tell apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cerberus_plan.model.errors import InputError
from cerberus_plan.planner.plan import Candidate, Plan
from cerberus_plan.planner.saved.answer import SavedAnswer
from cerberus_plan.planner.saved.attribution import Cause, causes, measure, size
from cerberus_plan.planner.saved.differences import Difference, differences, one_program

# Relative change of a throughput below which it is the same: rounding of another machine.
_SAME = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A split that both answers have, with different throughputs."""

    before: Candidate
    after: Candidate

    @property
    def factor(self) -> float:
        """The second throughput over the first."""
        return self.after.throughput / self.before.throughput

    @property
    def overlap(self) -> bool:
        """Whether the intervals overlap, so that it may not have moved at all."""
        return overlap(self.before, self.after)

    def to_json(self) -> dict[str, Any]:
        """The split as JSON has it."""
        return {
            "system": self.before.system,
            "split": list(self.before.split),
            "before": self.before.throughput,
            "after": self.after.throughput,
            "factor": self.factor,
            "intervals_overlap": self.overlap,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One workload in two answers.

    Attributes:
        before: The first plan; ``after`` the second.
        differences: Inputs that differ.
        causes: What each group of them did to the recommended split's throughput, the largest first.
        why_no_causes: Why that is not known; empty where it is.
        moved: Splits of both answers whose throughput changed, the largest change first.
        keeping: The first answer's split as the second answer has it, None where it is no candidate there.
    """

    before: Plan
    after: Plan
    differences: tuple[Difference, ...]
    causes: tuple[Cause, ...]
    why_no_causes: str
    moved: tuple[Moved, ...]
    keeping: Candidate | None

    @property
    def same_split(self) -> bool:
        """Whether the same split is recommended."""
        return place(self.before.best) == place(self.after.best)

    @property
    def same_program(self) -> bool:
        """Whether both answers are of one program; else their ratio compares two programs, and is no change."""
        return one_program(self.before, self.after)

    @property
    def factor(self) -> float | None:
        """The second recommendation over the first, in what they are compared by; None where that cannot be."""
        if self.before.workload.unit != self.after.workload.unit or not size(self.before.best, self.by):
            return None
        return size(self.after.best, self.by) / size(self.before.best, self.by)

    @property
    def by(self) -> str:
        """What the recommended splits are compared by: "headroom", the rate they carry, or "throughput"."""
        return measure(self.before, self.after)

    @property
    def overlap(self) -> bool:
        """Whether the 90 % intervals of the recommended splits overlap."""
        ends = ("headroom_low", "headroom_high") if self.by == "headroom" else ("low", "high")
        old, new = (tuple(size(plan.best, end) for end in ends) for plan in (self.before, self.after))
        return old[0] <= new[1] and new[0] <= old[1]

    @property
    def lost_by_keeping(self) -> float | None:
        """Share of the second recommendation's throughput that the first answer's split loses."""
        return None if self.keeping is None else 1.0 - self.keeping.throughput / self.after.best.throughput

    def to_json(self) -> dict[str, Any]:
        """The comparison as JSON has it."""
        keeping = self.keeping
        return {
            "workload": self.after.workload.name,
            "unit": self.after.workload.unit,
            "before": self.before.best.to_json(),
            "after": self.after.best.to_json(),
            "same_program": self.same_program,
            "same_split": self.same_split,
            "factor": self.factor,
            "compared_by": self.by,
            "intervals_overlap": None if self.factor is None else self.overlap,
            "keeping": None if keeping is None else keeping.to_json() | {"lost": self.lost_by_keeping},
            "causes": [cause.to_json() for cause in self.causes],
            "why_no_causes": self.why_no_causes or None,
            "inputs": [one.to_json() for one in self.differences],
            "moved": [one.to_json() for one in self.moved],
        }


def compare(before: SavedAnswer, after: SavedAnswer) -> list[Comparison]:
    """Each workload that both answers have; one of each alone is compared whatever it is called.

    Raises:
        InputError: There is none, or one of them is a mixture.
    """
    for answer in (before, after):
        if answer.mix is not None:
            raise InputError(f"{answer.path} is a mixture; compare takes answers of workloads planned each alone")
    return [compare_plans(old, new) for old, new in _pairs(before, after)]


def compare_plans(before: Plan, after: Plan) -> Comparison:
    """The comparison of two plans."""
    found = differences(before, after)
    parts, why_not = causes(before, after, [one.group for one in found])
    known = {place(candidate): candidate for candidate in after.candidates}
    return Comparison(
        before=before,
        after=after,
        differences=tuple(found),
        causes=tuple(parts),
        why_no_causes=why_not,
        moved=tuple(sorted(_moved(before, after), key=lambda one: -abs(one.factor - 1.0))),
        keeping=known.get(place(before.best)),
    )


def place(candidate: Candidate) -> tuple[str, tuple[int, ...]]:
    """What makes two candidates of two answers the same split."""
    return candidate.system, candidate.split


def overlap(before: Candidate, after: Candidate) -> bool:
    """Whether the 90 % intervals overlap."""
    return before.low <= after.high and after.low <= before.high


def _moved(before: Plan, after: Plan) -> Iterator[Moved]:
    if before.workload.unit != after.workload.unit or not one_program(before, after):
        return
    known = {place(candidate): candidate for candidate in after.candidates}
    for old in before.candidates:
        new = known.get(place(old))
        if new is not None and abs(new.throughput / old.throughput - 1.0) > _SAME:
            yield Moved(before=old, after=new)


def _pairs(before: SavedAnswer, after: SavedAnswer) -> list[tuple[Plan, Plan]]:
    if len(before.plans) == len(after.plans) == 1:
        return [(before.plans[0], after.plans[0])]
    old = {plan.workload.name: plan for plan in before.plans}
    pairs = [(old[plan.workload.name], plan) for plan in after.plans if plan.workload.name in old]
    if not pairs:
        raise InputError(
            f"{before.path} and {after.path} have no workload in common: {', '.join(old)} and "
            f"{', '.join(plan.workload.name for plan in after.plans)}"
        )
    return pairs
