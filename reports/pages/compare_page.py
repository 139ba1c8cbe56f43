"""The report of a comparison: what is recommended now, the factors of the change, inputs and splits that moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cerberus_plan.planner.saved.compare import Comparison, Moved
from cerberus_plan.reports import compare_words as words
from cerberus_plan.reports.charts.figure import Figure
from cerberus_plan.reports.charts.waterfall import waterfall
from cerberus_plan.reports.formats import ends, estimate
from cerberus_plan.reports.pages.findings import Table, findings_page

# Splits in the table; the document has all.
_MOST = 40


def compare_page(
    found: Sequence[Comparison], document: Mapping[str, Any], *, command: Sequence[str], version: str
) -> str:
    """The page.

    Args:
        found: The comparison of each workload, at least one.
        document: What ``compare --json`` prints of them.
        command: The command that made it, as a list of words.
        version: Version of the program.
    """
    several = len(found) > 1
    return findings_page(
        document,
        what="compare",
        subject=f"{document['before']['file']} and {document['after']['file']}",
        verdict=_verdict(found),
        notes=[
            f"{one.after.workload.name}: {words.why_not(one)}" if several else words.why_not(one)
            for one in found
            if one.why_no_causes
        ],
        key_facts=_facts(found[0]) if not several else (),
        figures=[figure for at, one in enumerate(found) for figure in _figures(one, at, several)],
        tables=[table for one in found for table in _tables(one, several)],
        command=command,
        version=version,
    )


def _title(one: Comparison, text: str, *, several: bool) -> str:
    return f"{one.after.workload.name}: {text}" if several else f"{text[:1].upper()}{text[1:]}"


def _verdict(found: Sequence[Comparison]) -> str:
    """Of one workload what changed; of several how many, then each."""
    if len(found) == 1:
        text = words.verdict(found[0])
        return text[:1].upper() + text[1:]
    moved = sum(not one.same_split for one in found)
    first = f"The recommendation moves for {moved} of {len(found)} workloads." if moved else "No recommendation moves."
    return " ".join([first, *(f"{one.after.workload.name}: {words.verdict(one)}" for one in found)])


def _facts(one: Comparison) -> list[dict[str, str]]:
    facts = []
    titles = ("Before", "After") if one.same_program else (one.before.workload.name, one.after.workload.name)
    for title, plan in zip(titles, (one.before, one.after), strict=True):
        middle, low, high = words.sizes(plan.best, one.by)
        note = f"{words.short(plan.best)} on {plan.machine.name}; 90 % interval {ends(low, high)}"
        facts.append({"name": title, "value": estimate(middle, low, high, plan.workload.unit), "note": note})
    if one.factor is not None:
        sure = "within doubt: the intervals overlap" if one.overlap else "the intervals do not overlap"
        name = "Change" if one.same_program else "Second over first"
        facts.append({"name": name, "value": f"× {words.factor(one)}", "note": sure})
    return facts


def _figures(one: Comparison, at: int, several: bool) -> Iterator[Figure]:
    if not one.causes:
        return
    carried = "the rate that it carries" if one.by == "headroom" else "its throughput"
    yield waterfall(
        ("before", words.sizes(one.before.best, one.by)),
        [(words.GROUP_SHORT[cause.group], cause.factor) for cause in one.causes],
        ("after", words.sizes(one.after.best, one.by)),
        unit=one.after.workload.unit,
        told=lambda factor: words.part(factor, one),
        name=f"why{at}",
        title=_title(one, f"what changed {carried}", several=several),
        caption="Each group of inputs by its Shapley value: the mean, over all orders in which the groups could have "
        "changed, of what its change does. The factors multiply to the whole; on this scale equal factors are equally "
        "long. Lines are 90 % intervals.",
    )


def _tables(one: Comparison, several: bool) -> Iterator[Table]:
    yield (
        _title(one, "why", several=several),
        ("group of inputs", "factor", "alone it makes the choice"),
        [(words.GROUP_WORDS[cause.group], f"× {words.part(cause.factor, one)}", words.alone(cause, one) or "the same")
         for cause in one.causes],
    )  # fmt: skip
    yield (
        _title(one, "inputs that differ", several=several),
        ("input", "of", "before", "after", "intervals"),
        [
            (each.name.replace("_", " "), words.GROUP_SHORT[each.group], *words.values(each),
             {True: "overlap", False: "apart", None: "–"}[each.overlap])
            for each in words.ordered(one.differences)
        ],
    )  # fmt: skip
    sure_first = sorted(one.moved, key=lambda each: each.overlap)
    more = f", {_MOST} of {len(sure_first)}" if len(sure_first) > _MOST else ""
    yield (
        _title(one, f"splits that moved{more}", several=several),
        ("split", "before", "90 % interval", "after", "90 % interval", "change"),
        [_moved(each) for each in sure_first[:_MOST]],
    )


def _moved(one: Moved) -> tuple[str, ...]:
    old, new = one.before, one.after
    change = f"× {words.moved(one)}{' (within doubt)' if one.overlap else ''}"
    return (
        words.short(new),
        estimate(old.throughput, old.low, old.high),
        ends(old.low, old.high),
        estimate(new.throughput, new.low, new.high),
        ends(new.low, new.high),
        change,
    )
