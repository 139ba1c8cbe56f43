"""Two answers compared in words, the same on the terminal and on the page.

Takes a comparison as the planner made it. When not to use it: for machines; use --json.
"""

from __future__ import annotations

from collections.abc import Sequence

from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.plan import Candidate
from cerberus_plan.planner.saved.attribution import Cause, size
from cerberus_plan.planner.saved.compare import Comparison, Moved
from cerberus_plan.planner.saved.differences import Difference
from cerberus_plan.planner.splits.describe import describe
from cerberus_plan.reports.formats import Spread, estimate, given, percent, prefixed, quotient

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
    """What changed, in a few sentences; of two programs what each does, for neither changed."""
    if not one.same_program:
        return _of_two_programs(one)
    before, after = one.before.best, one.after.best
    if one.same_split:
        sentences = [f"the recommendation stays {describe(after, SYSTEMS)}."]
    else:
        sentences = [f"the recommendation moves from {describe(before, SYSTEMS)} to {describe(after, SYSTEMS)}."]
    what = "The rate that it carries" if one.by == "headroom" else "Its throughput"
    if one.factor is None:
        sentences.append(_no_ratio(one))
    elif abs(one.factor - 1.0) < _SAME:
        sentences.append(f"{what} is what it was.")
    else:
        sentences.append(f"{what} is {factor(one)} times what it was{_how_sure(one)}.")
    if not one.same_split:
        sentences.append(_keeping(one))
    return " ".join(sentences)


def subject(one: Comparison) -> str:
    """The program that both answers are of, or both programs."""
    names = dict.fromkeys(plan.workload.name for plan in (one.before, one.after))
    return " and ".join(names)


def _of_two_programs(one: Comparison) -> str:
    """That no program changed comes first."""
    first, second = one.before.workload.name, one.after.workload.name
    told = [f"the answers are for different programs, {first} and {second}: they explain no change of either."]
    splits = [describe(plan.best, SYSTEMS) for plan in (one.before, one.after)]
    told.append(
        f"Both do best as {splits[0]}."
        if one.same_split
        else f"{first} does best as {splits[0]}, {second} as {splits[1]}."
    )
    if one.factor is None:
        told.append(_no_ratio(one))
    else:
        told.append(f"{second} does {factor(one)} times the {one.after.workload.unit} of {first}{_how_sure(one)}.")
    return " ".join(told)


def _no_ratio(one: Comparison) -> str:
    old, new = (plan.workload.unit for plan in (one.before, one.after))
    if old == new:
        return "The first carries no rate at all, so there is no ratio."
    return f"The first counts {old}, the second {new}, so there is no ratio."


def _how_sure(one: Comparison) -> str:
    if one.overlap:
        return ", within doubt: the 90 % intervals overlap"
    return "; the 90 % intervals do not overlap"


def why_not(one: Comparison) -> str:
    """Why no causes are told."""
    if not one.same_program:
        return f"No causes: {one.why_no_causes}."
    return f"Why is not known: {one.why_no_causes}"


def factor(one: Comparison) -> str:
    """The change of the recommended splits, with the digits that both intervals warrant."""
    return estimate(*_change(one))


def part(factor: float, one: Comparison) -> str:
    """The factor of one cause, with the digits of the whole that the causes multiply to."""
    whole, low, high = _change(one)
    low, high = (None if end is None else factor * end / whole for end in (low, high))
    return estimate(factor, low, high)


def moved(one: Moved) -> str:
    """The change of one split, with the digits that both intervals warrant."""
    after, before = ((each.throughput, each.low, each.high) for each in (one.after, one.before))
    return estimate(*quotient(after, before))


def _change(one: Comparison) -> Spread:
    return quotient(sizes(one.after.best, one.by), sizes(one.before.best, one.by))


def _keeping(one: Comparison) -> str:
    """What the first answer's split would do now; under an objective the fastest need not be the choice."""
    split, kept, best = describe(one.before.best, SYSTEMS), one.keeping, one.after.best
    if kept is None:
        return f"{split} is no candidate any more."
    if kept.throughput > best.throughput and one.after.objective is not None:
        more = estimate(*quotient((kept.throughput, kept.low, kept.high), (best.throughput, best.low, best.high)))
        return f"{split} would still do {more} times as much, but costs more than the objective needs."
    return f"Keeping {split} loses {percent(max(one.lost_by_keeping or 0.0, 0.0))} now."


def alone(cause: Cause, one: Comparison) -> str:
    """The split that a cause alone makes the choice, where that is another one; else empty."""
    if cause.alone is None:
        return ""
    moved = (cause.alone.system, cause.alone.split) != (one.before.best.system, one.before.best.split)
    return describe(cause.alone, SYSTEMS) if moved else ""


def ordered(differences: tuple[Difference, ...]) -> list[Difference]:
    """What differs beyond its intervals first: the rest may be noise of the measurement."""
    return sorted(differences, key=lambda each: each.overlap is True)


def values(one: Difference) -> tuple[str, str]:
    """An input before and after: what was measured with the digits of its interval, what was typed as it was.

    Two that differ by less than these digits are told with all of theirs.
    """
    told = tuple(
        _value(value, ends, one.unit) for value, ends in ((one.before, one.before_ends), (one.after, one.after_ends))
    )
    if told[0] == told[1]:
        told = tuple(_value(value, None, one.unit) for value in (one.before, one.after))
    return told[0], told[1]


def _value(value: object, ends: tuple[float, float] | None, unit: str) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return str(value)
    return given(value, unit) if ends is None else prefixed(value, *ends, unit)[0]


def names(differences: Sequence[Difference]) -> list[str]:
    """Names of inputs of one group, a prefix that several share told once: "objective: kind", "limits"."""
    told, known = [], differences[0].group if differences else ""
    for one in differences:
        prefix, _, rest = one.name.replace("_", " ").rpartition(": ")
        told.append(rest if prefix == known else f"{prefix}: {rest}".removeprefix(": "))
        known = prefix or known
    return told


def short(candidate: Candidate) -> str:
    """A candidate in a few signs."""
    return f"{candidate.system} {candidate.vms} x {candidate.split[0]}"


def sizes(candidate: Candidate, by: str) -> tuple[float, float, float]:
    """What a candidate is compared by, with its 90 % interval."""
    names = ("headroom", "headroom_low", "headroom_high") if by == "headroom" else ("throughput", "low", "high")
    middle, low, high = (size(candidate, name) for name in names)
    return middle, low, high
