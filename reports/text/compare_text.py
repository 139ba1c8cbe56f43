"""Two answers compared, as text: what is recommended now, whether that is more than doubt, and why it changed.

When not to use it: for machines; use --json.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import typer

from cerberus_plan.model.digits import counted
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.plan import Plan
from cerberus_plan.planner.saved.compare import Comparison, Moved
from cerberus_plan.planner.saved.differences import GROUPS, Difference
from cerberus_plan.planner.splits.describe import describe, expected
from cerberus_plan.reports import compare_words as words
from cerberus_plan.reports.formats import estimate
from cerberus_plan.reports.text.wrap import wrap

# Inputs of a group, and splits, told by name; the rest are counted.
_MOST_TOLD = 6


def print_comparisons(found: Sequence[Comparison], width: int) -> None:
    """Print each workload's comparison."""
    for line in (line for one in found for line in text_of(one, width)):
        typer.echo(line)


def text_of(one: Comparison, width: int) -> Iterator[str]:
    """The lines of one comparison."""
    yield from wrap(f"{words.subject(one)}: {words.verdict(one)}", width)
    titles = ("before", "after") if one.same_program else ("first", "second")
    for title, plan in zip(titles, (one.before, one.after), strict=True):
        yield f"  {title.ljust(7)}{_answer(plan)}"
    if not one.differences and not one.causes:
        yield "No input differs."
    yield from _why(one, width)
    yield from _inputs(one, width)
    yield from _moves(one, width)
    yield ""


def _answer(plan: Plan) -> str:
    best, unit = plan.best, plan.workload.unit
    return f"{describe(best, SYSTEMS)}: {expected(best, unit)} on {plan.machine.name}"


def _why(one: Comparison, width: int) -> Iterator[str]:
    if one.why_no_causes:
        yield from wrap(words.why_not(one), width)
    if not one.causes:
        return
    yield "Why (factors multiply to the whole):"
    for cause in one.causes:
        text = f"{words.part(cause.factor, one)} x by {words.GROUP_WORDS[cause.group]}"
        if other := words.alone(cause, one):
            text += f"; alone it makes {other} the choice"
        yield from wrap(text, width, first="  ", later="    ")


def _inputs(one: Comparison, width: int) -> Iterator[str]:
    for group in GROUPS:
        rows = [each for each in words.ordered(one.differences) if each.group == group]
        if not rows:
            continue
        shown = rows[:_MOST_TOLD]
        told = [_input(name, each) for name, each in zip(words.names(shown), shown, strict=True)]
        if len(rows) > _MOST_TOLD:
            told.append(f"and {len(rows) - _MOST_TOLD} more (--json has all)")
        title = words.GROUP_WORDS[group]
        text = f"{title[0].upper()}{title[1:]}: {'; '.join(told)}"
        yield from wrap(text, width, later="  ")


def _input(name: str, one: Difference) -> str:
    within = " (intervals overlap)" if one.overlap else ""
    before, after = words.values(one)
    return f"{name} {before} -> {after}{within}"


def _moves(one: Comparison, width: int) -> Iterator[str]:
    """Splits beside the recommended ones that moved beyond doubt."""
    sure = [each for each in one.moved if not each.overlap]
    if not one.moved:
        return
    text = f"Of {counted(len(one.moved), 'split')} that moved, {len(sure)} moved beyond their intervals"
    if sure:
        text += ": " + "; ".join(_move(each, one) for each in sure[:_MOST_TOLD])
        text += "; ..." if len(sure) > _MOST_TOLD else ""
    yield from wrap(f"{text}.", width, later="  ")


def _move(one: Moved, of: Comparison) -> str:
    unit = of.after.workload.unit
    before, after = (estimate(each.throughput, each.low, each.high) for each in (one.before, one.after))
    return f"{words.short(one.after)} {before} -> {after} {unit}"
