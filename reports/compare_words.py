"""Two answers compared in words, the same on the terminal and on the page.

Takes a comparison as the planner made it. When not to use it: for machines; use --json.
"""

from __future__ import annotations

from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.plan import Candidate
from cerberus_plan.planner.saved.attribution import Cause, size
from cerberus_plan.planner.saved.compare import Comparison
from cerberus_plan.planner.saved.differences import Difference
from cerberus_plan.planner.splits.describe import describe
from cerberus_plan.reports.formats import estimate, number, percent, quotient

# A change of throughput that three digits do not show.
_SAME = 0.0005
GROUP_WORDS = {
    "machine": "the machine",
    "program": "what the program does",
    "measurements": "the runs that were measured",
    "request": "what was asked for",
    "objective": "the objective, which one of the answers does not have",
    "version": "the version of cerberus-plan",
}
# The same in a chart, beside a bar.
GROUP_SHORT = {
    **GROUP_WORDS,
    "measurements": "the measured runs",
    "objective": "the objective",
    "version": "the version",
}


def verdict(one: Comparison) -> str:
    """What changed, in a few sentences."""
    before, after = one.before.best, one.after.best
    if one.same_split:
        sentences = [f"the recommendation stays {describe(after, SYSTEMS)}."]
    else:
        sentences = [f"the recommendation moves from {describe(before, SYSTEMS)} to {describe(after, SYSTEMS)}."]
    times = "" if one.factor is None else factor(one)
    what = "The rate that it carries" if one.by == "headroom" else "Its throughput"
    if one.factor is not None and abs(one.factor - 1.0) < _SAME:
        sentences.append(f"{what} is what it was.")
    elif one.factor is not None and one.overlap:
        sure = "within doubt: the 90 % intervals overlap"
        sentences.append(f"{what} is {times} times what it was, {sure}.")
    elif one.factor is not None:
        sentences.append(f"{what} is {times} times what it was; the 90 % intervals do not overlap.")
    if not one.same_split:
        sentences.append(_keeping(one))
    return " ".join(sentences)


def factor(one: Comparison) -> str:
    """The change of the recommended splits, with the digits that both intervals warrant."""
    return estimate(*quotient(sizes(one.after.best, one.by), sizes(one.before.best, one.by)))


def _keeping(one: Comparison) -> str:
    """What the first answer's split would do now; under an objective the fastest need not be the choice."""
    split, lost = describe(one.before.best, SYSTEMS), one.lost_by_keeping
    if lost is None:
        return f"{split} is no candidate any more."
    if lost < 0.0 and one.after.objective is not None:
        return f"{split} would still do {number(1.0 - lost)} times as much, but costs more than the objective needs."
    return f"Keeping {split} loses {percent(max(lost, 0.0))} now."


def alone(cause: Cause, one: Comparison) -> str:
    """The split that a cause alone makes the choice, where that is another one; else empty."""
    if cause.alone is None:
        return ""
    moved = (cause.alone.system, cause.alone.split) != (one.before.best.system, one.before.best.split)
    return describe(cause.alone, SYSTEMS) if moved else ""


def ordered(differences: tuple[Difference, ...]) -> list[Difference]:
    """What differs beyond its intervals first: the rest may be noise of the measurement."""
    return sorted(differences, key=lambda each: each.overlap is True)


def value(given: object, unit: str) -> str:
    """An input, which may be absent."""
    if given is None or given == "":
        return "none"
    if isinstance(given, float):
        return f"{number(given, 4)} {unit}".removesuffix(" 1").rstrip()
    return str(given)


def short(candidate: Candidate) -> str:
    """A candidate in a few signs."""
    return f"{candidate.system} {candidate.vms} x {candidate.split[0]}"


def sizes(candidate: Candidate, by: str) -> tuple[float, float, float]:
    """What a candidate is compared by, with its 90 % interval."""
    names = ("headroom", "headroom_low", "headroom_high") if by == "headroom" else ("throughput", "low", "high")
    middle, low, high = (size(candidate, name) for name in names)
    return middle, low, high
