"""Plans as text for the terminal: the verdict first, then the splits, then where the time goes.

Colours only on a terminal, and not with NO_COLOR. Lines are wrapped here: rich's console would take longer to import
than a plan takes to print. When not to use it: for machines; use --json.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import typer

from cerberus_plan.model.digits import counted
from cerberus_plan.model.objective import Objective
from cerberus_plan.planner.plan import Candidate, Plan, fastest
from cerberus_plan.reports.formats import ends, estimate, percent
from cerberus_plan.reports.text.wrap import wrap

# Ties shown beside the best; the rest are counted.
_TIES_SHOWN = 2
# Ledger entries below this share are added up as "other".
_SMALL_SHARE = 0.02
_DIM, _BOLD, _BEST, _NAME, _WARNING = (
    {"dim": True},
    {"bold": True},
    {"fg": "green"},
    {"fg": "cyan", "bold": True},
    {"fg": "yellow"},
)  # fmt: skip
# A line of text with its style.
Line = tuple[str, Mapping[str, object]]


def print_plans(plans: Sequence[Plan]) -> None:
    """Print all plans, then what limits them."""
    width = shutil.get_terminal_size().columns
    coloured = False if os.environ.get("NO_COLOR") else None  # None: as the stream allows
    for text, style in text_of(plans, width):
        typer.echo(typer.style(text, **style) if style and text else text, color=coloured)  # type: ignore[arg-type]


def text_of(plans: Sequence[Plan], width: int) -> Iterator[Line]:
    """The lines that ``print_plans`` prints, none longer than the width but table rows on a narrow terminal."""
    for plan in plans:
        yield from _one(plan, width, alone=len(plans) == 1)
    yield from _wrapped(_footer(plans), width, _DIM)


def _one(plan: Plan, width: int, *, alone: bool) -> Iterator[Line]:
    """One workload. Alone: ties, risk and where every core-second goes; among several: what it is compared with."""
    heading = f"{plan.workload.name}  {plan.workload.description}; {_cores(plan)} of {plan.machine.name}"
    yield from _wrapped(heading, width, _NAME)
    yield from _wrapped(plan.verdict, width, _BOLD)
    yield from _wrapped(plan.reason, width)
    if plan.objective is not None:
        yield from _frontier(plan, plan.objective)
    else:
        if alone:
            yield from _wrapped(_risk(plan), width)
        yield from _table(plan, chosen_rows(plan) if alone else compared(plan))
    if alone:
        yield from _ledgers(plan, width)
    for warning in plan.warnings:
        yield from _wrapped(f"! {warning}", width, _WARNING)
    yield "", {}


def _wrapped(text: str, width: int, style: Mapping[str, object] | None = None) -> Iterator[Line]:
    for line in wrap(text, width):
        yield line, style or {}


def _cores(plan: Plan) -> str:
    return counted(plan.constraints.cores, "core")


def compared(plan: Plan) -> list[tuple[str, Candidate]]:
    """The best, the best on all cores, and the best of each other system."""
    rows = [("best", plan.best)]
    if plan.best_all_cores is not None and plan.best_all_cores is not plan.best:
        rows.append(("all", plan.best_all_cores))
    shown = {candidate.system for _, candidate in rows}
    for system in dict.fromkeys(candidate.system for candidate in plan.candidates):
        candidate = None if system in shown else fastest(_of(plan, system))
        if candidate is not None:
            rows.append(("", candidate))
    return rows


def _of(plan: Plan, system: str) -> list[Candidate]:
    return [candidate for candidate in plan.candidates if candidate.system == system]


def chosen_rows(plan: Plan) -> list[tuple[str, Candidate]]:
    """The candidates worth a line, each with its mark: the best, ties, all cores, each system's own best."""
    rows = [("best", plan.best)]
    rows += [("tie", tie) for tie in plan.ties[:_TIES_SHOWN]]
    if plan.best_all_cores is not None:
        rows.append(("all", plan.best_all_cores))
    seen = {id(candidate) for _, candidate in rows}
    for system in dict.fromkeys(candidate.system for candidate in plan.candidates):
        of_system = _of(plan, system)
        everywhere = (c for c in of_system if c.cores == plan.constraints.usable)
        for candidate in (fastest(of_system), next(everywhere, None)):
            if candidate is not None and id(candidate) not in seen and system != plan.best.system:
                rows.append(("", candidate))
                seen.add(id(candidate))
    unique: dict[int, tuple[str, Candidate]] = {}
    for mark, candidate in rows:
        unique.setdefault(id(candidate), (mark, candidate))
    return list(unique.values())


def _frontier(plan: Plan, objective: Objective) -> Iterator[Line]:
    """What each step up in cost buys, the chosen split green."""
    from cerberus_plan.reports.text.objective_text import rows

    lines = list(rows(plan, objective))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    yield "", {}
    for line in lines:
        style = _DIM if line is lines[0] else _BEST if line[0] == "best" else {}
        cells = (
            cell.rjust(width) if at > 1 else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        yield " ".join(cells).rstrip(), style
    yield "", {}


def _table(plan: Plan, rows: Iterable[tuple[str, Candidate]]) -> Iterator[Line]:
    """Aligned columns, the best line green."""
    finite = plan.best.seconds is not None
    header = ("", "system", "split", plan.workload.unit, "90 %", *(["s"] if finite else []), "regret", "bottleneck")
    lines = [header, *(tuple(_cells(mark, candidate, finite=finite)) for mark, candidate in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    yield "", {}
    for line in lines:
        style = _DIM if line is header else _BEST if line[0] == "best" else {}
        yield " ".join(_aligned(line, widths)).rstrip(), style
    yield "", {}


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> Iterable[str]:
    """Names to the left, numbers to the right."""
    for i, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        yield cell.rjust(width) if 1 < i < len(cells) - 1 else cell.ljust(width)


def _cells(mark: str, candidate: Candidate, *, finite: bool) -> Iterable[str]:
    yield mark
    yield candidate.system
    yield f"{candidate.vms} x {candidate.split[0]}"
    yield estimate(candidate.throughput, candidate.low, candidate.high)
    yield ends(candidate.low, candidate.high, "-")
    if finite:
        yield estimate(candidate.seconds or 0.0, candidate.seconds_low, candidate.seconds_high)
    yield percent(candidate.regret)
    yield candidate.bottleneck


def _risk(plan: Plan) -> str:
    """What choosing the recommended split may cost."""
    best = plan.best
    text = f"Risk: expected regret {percent(best.regret)}"
    if not plan.ties:
        return f"{text}; it is the fastest with probability {percent(best.probability_best)}."
    together = best.probability_best + sum(tie.probability_best for tie in plan.ties)
    return (
        f"{text}. {counted(len(plan.ties), 'other split')} cannot be told from it (one of them is the fastest with "
        f"probability {percent(together)})."
    )


def _ledgers(plan: Plan, width: int) -> Iterator[Line]:
    """Where each core-second goes, for the best split and the best single instance."""
    rows = {f"{plan.best.system} {plan.best.vms} x {plan.best.split[0]}": plan.best}
    single = plan.best_single
    if single is not None and single is not plan.best:
        rows[f"{single.system} 1 x {single.split[0]}"] = single
    label = max(map(len, rows)) + 4
    for name, candidate in rows.items():
        told = ", ".join(shares(candidate.ledger))
        for line in wrap(told, width, first=f"  {name}".ljust(label), later=" " * label):
            yield line, {}
    yield "", {}


def shares(ledger: Mapping[str, float]) -> Iterable[str]:
    """Ledger entries from large to small, the small ones added up."""
    small = 0.0
    for name, share in sorted(ledger.items(), key=lambda entry: -entry[1]):
        if share < _SMALL_SHARE:
            small += share
        else:
            yield f"{name} {percent(share)}"
    if small > 0.0005:
        yield f"other {percent(small)}"


def _footer(plans: Sequence[Plan]) -> str:
    """Which numbers the answer rests on, by how they became known."""
    inputs = {name: quantity for plan in plans for name, quantity in plan.inputs.items()}
    counts = Counter(str(quantity.provenance) for quantity in inputs.values())
    told = ", ".join(f"{count} {provenance}" for provenance, count in counts.most_common())
    more = "--json lists every number with its source."
    if len(plans) > 1:
        more = f"--workload NAME shows ties, risk and every core-second; {more}"
    rests = f"Rests on {counted(len(inputs), 'number')}: {told}"
    return f"{rests}. Intervals are 90 % and hold parameter and model error. {more}"
