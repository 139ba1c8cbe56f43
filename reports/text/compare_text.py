"""Two answers compared, as text: what is recommended now, whether that is more than doubt, and why it changed.

When not to use it: for machines; use --json.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

import typer

from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.plan import Candidate, Plan
from cerberus_plan.planner.saved.compare import Comparison, Moved
from cerberus_plan.planner.saved.differences import GROUPS, Difference
from cerberus_plan.planner.splits.describe import amount, describe

# Inputs of a group, and splits, told by name; the rest are counted.
_MOST_TOLD = 6
# A change of throughput that three digits do not show.
_SAME = 0.0005
_WORDS = {
    "machine": "the machine",
    "program": "what the program does",
    "measurements": "the runs that were measured",
    "request": "what was asked for",
    "version": "the version of cerberus-plan",
}


def print_comparisons(found: Sequence[Comparison], width: int) -> None:
    """Print each workload's comparison."""
    for line in (line for one in found for line in text_of(one, width)):
        typer.echo(line)


def text_of(one: Comparison, width: int) -> Iterator[str]:
    """The lines of one comparison."""
    yield from textwrap.wrap(f"{one.after.workload.name}: {verdict(one)}", width, break_on_hyphens=False)
    for title, plan in (("before", one.before), ("after", one.after)):
        yield f"  {title.ljust(7)}{_answer(plan)}"
    if not one.differences and not one.causes:
        yield "No input differs."
    yield from _why(one, width)
    yield from _inputs(one, width)
    yield from _moves(one, width)
    yield ""


def verdict(one: Comparison) -> str:
    """What changed, in a few sentences."""
    before, after = one.before.best, one.after.best
    if one.same_split:
        sentences = [f"the recommendation stays {describe(after, SYSTEMS)}."]
    else:
        sentences = [f"the recommendation moves from {describe(before, SYSTEMS)} to {describe(after, SYSTEMS)}."]
    what = "The rate that it carries" if one.by == "headroom" else "Its throughput"
    if one.factor is not None and abs(one.factor - 1.0) < _SAME:
        sentences.append(f"{what} is what it was.")
    elif one.factor is not None and one.overlap:
        sure = "within doubt: the 90 % intervals overlap"
        sentences.append(f"{what} is {one.factor:.3g} times what it was, {sure}.")
    elif one.factor is not None:
        sentences.append(f"{what} is {one.factor:.3g} times what it was; the 90 % intervals do not overlap.")
    if not one.same_split and one.lost_by_keeping is not None:
        sentences.append(f"Keeping {describe(before, SYSTEMS)} loses {max(one.lost_by_keeping, 0.0):.1%} now.")
    elif not one.same_split:
        sentences.append(f"{describe(before, SYSTEMS)} is no candidate any more.")
    return " ".join(sentences)


def _answer(plan: Plan) -> str:
    best, unit = plan.best, plan.workload.unit
    return (
        f"{describe(best, SYSTEMS)}: {amount(best.throughput, unit)} ({amount(best.low, '')} to "
        f"{amount(best.high, '')}) on {plan.machine.name}"
    )


def _why(one: Comparison, width: int) -> Iterator[str]:
    if one.why_no_causes:
        yield from textwrap.wrap(f"Why is not known: {one.why_no_causes}", width, break_on_hyphens=False)
    if not one.causes:
        return
    yield "Why (factors multiply to the whole):"
    for cause in one.causes:
        text = f"{cause.factor:.3g} x by {_WORDS[cause.group]}"
        if cause.alone is not None:
            moved = (cause.alone.system, cause.alone.split) != (one.before.best.system, one.before.best.split)
            text += f"; alone it makes {describe(cause.alone, SYSTEMS)} the choice" if moved else ""
        yield from textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)


def _inputs(one: Comparison, width: int) -> Iterator[str]:
    for group in GROUPS:
        rows = [each for each in one.differences if each.group == group]
        if not rows:
            continue
        # what differs beyond its intervals first: the rest may be noise of the measurement
        rows.sort(key=lambda each: each.overlap is True)
        told = [_input(each) for each in rows[:_MOST_TOLD]]
        if len(rows) > _MOST_TOLD:
            told.append(f"and {len(rows) - _MOST_TOLD} more (--json has all)")
        text = f"{_WORDS[group][0].upper()}{_WORDS[group][1:]}: {'; '.join(told)}"
        yield from textwrap.wrap(text, width, subsequent_indent="  ", break_on_hyphens=False)


def _input(one: Difference) -> str:
    within = " (intervals overlap)" if one.overlap else ""
    return f"{one.name.replace('_', ' ')} {_value(one.before, one.unit)} -> {_value(one.after, one.unit)}{within}"


def _value(value: object, unit: str) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, float):
        return f"{value:.4g} {unit}".removesuffix(" 1").rstrip()
    return str(value)


def _moves(one: Comparison, width: int) -> Iterator[str]:
    """Splits beside the recommended ones that moved beyond doubt."""
    sure = [each for each in one.moved if not each.overlap]
    if not one.moved:
        return
    text = f"Of {len(one.moved)} splits that moved, {len(sure)} moved beyond their intervals"
    if sure:
        text += ": " + "; ".join(_move(each, one) for each in sure[:_MOST_TOLD])
        text += "; ..." if len(sure) > _MOST_TOLD else ""
    yield from textwrap.wrap(f"{text}.", width, subsequent_indent="  ", break_on_hyphens=False)


def _move(one: Moved, of: Comparison) -> str:
    unit = of.after.workload.unit
    return f"{_short(one.after)} {amount(one.before.throughput, '')} -> {amount(one.after.throughput, unit)}"


def _short(candidate: Candidate) -> str:
    return f"{candidate.system} {candidate.vms} x {candidate.split[0]}"
