"""Plans as text for the terminal: the verdict first, then the splits, then where the time goes.

Colours only on a terminal and not with NO_COLOR (rich's own rule). When not to use it: for machines; use --json.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from planner.describe import amount
from planner.plan import Candidate, Plan

# Ties shown beside the best; the rest are counted.
_TIES_SHOWN = 2
# Ledger entries below this share are added up as "other".
_SMALL_SHARE = 0.02


def print_plans(plans: Sequence[Plan], console: Console | None = None) -> None:
    """Print all plans, then what limits them."""
    out = console or Console(highlight=False)
    for plan in plans:
        out.print(_plan(plan) if len(plans) == 1 else _summary(plan))
    out.print(_footer(plans))


def _heading(plan: Plan) -> Text:
    return Text.assemble(
        (plan.workload.name, "bold cyan"),
        (f"  {plan.workload.description}; {_cores(plan)} of {plan.machine.name}", "dim"),
    )


def _cores(plan: Plan) -> str:
    n = plan.constraints.cores
    return f"{n} core{'s' * (n > 1)}"


def _summary(plan: Plan) -> Group:
    """One workload among several: the answer, and a line for each thing it is compared with."""
    return Group(
        _heading(plan),
        Text(plan.verdict, style="bold"),
        Text(plan.reason),
        _table(plan, compared(plan)),
        *_warnings(plan),
        Text(),
    )


def _plan(plan: Plan) -> Group:
    """One workload alone: ties, risk and where every core-second goes as well."""
    return Group(
        _heading(plan),
        Text(plan.verdict, style="bold"),
        Text(plan.reason),
        Text(_risk(plan)),
        _table(plan, chosen_rows(plan)),
        _ledgers(plan),
        *_warnings(plan),
        Text(),
    )


def _warnings(plan: Plan) -> list[RenderableType]:
    return [Text(f"! {warning}", style="yellow") for warning in plan.warnings]


def compared(plan: Plan) -> list[tuple[str, Candidate]]:
    """The best, the best on all cores, and the best of each other system."""
    rows = [("best", plan.best)]
    if plan.best_all_cores is not None and plan.best_all_cores is not plan.best:
        rows.append(("all", plan.best_all_cores))
    shown = {candidate.system for _, candidate in rows}
    for candidate in plan.candidates:
        if candidate.system not in shown:
            rows.append(("", candidate))
            shown.add(candidate.system)
    return rows


def chosen_rows(plan: Plan) -> list[tuple[str, Candidate]]:
    """The candidates worth a line, each with its mark: the best, ties, all cores, each system's own best."""
    rows = [("best", plan.best)]
    rows += [("tie", tie) for tie in plan.ties[:_TIES_SHOWN]]
    if plan.best_all_cores is not None:
        rows.append(("all", plan.best_all_cores))
    seen = {id(candidate) for _, candidate in rows}
    for system in dict.fromkeys(candidate.system for candidate in plan.candidates):
        of_system = [candidate for candidate in plan.candidates if candidate.system == system]
        everywhere = (c for c in of_system if c.cores == plan.constraints.usable)
        for mark, candidate in (("", of_system[0]), ("", next(everywhere, None))):
            if candidate is not None and id(candidate) not in seen and system != plan.best.system:
                rows.append((mark, candidate))
                seen.add(id(candidate))
    unique: dict[int, tuple[str, Candidate]] = {}
    for mark, candidate in rows:
        unique.setdefault(id(candidate), (mark, candidate))
    return list(unique.values())


def _table(plan: Plan, rows: Iterable[tuple[str, Candidate]]) -> Text:
    """Aligned columns, the best line green. Plain text: rich's tables measure and wrap every cell, 4 ms each."""
    finite = plan.best.seconds is not None
    header = ("", "system", "split", plan.workload.unit, "90 %", *(["s"] if finite else []), "regret", "bottleneck")
    lines = [header, *(tuple(_cells(mark, candidate, finite=finite)) for mark, candidate in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = Text(no_wrap=True, overflow="ellipsis")
    for line in lines:
        style = "dim" if line is header else "green" if line[0] == "best" else ""
        text.append("\n" + " ".join(_aligned(line, widths)).rstrip(), style=style)
    return text.append("\n")


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> Iterable[str]:
    """Names to the left, numbers to the right."""
    for i, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        yield cell.rjust(width) if 1 < i < len(cells) - 1 else cell.ljust(width)


def _cells(mark: str, candidate: Candidate, *, finite: bool) -> Iterable[str]:
    yield mark
    yield candidate.system
    yield f"{candidate.vms} x {candidate.split[0]}"
    yield amount(candidate.throughput, "").strip()
    yield f"{amount(candidate.low, '').strip()}-{amount(candidate.high, '').strip()}"
    if finite:
        yield f"{candidate.seconds:.3g}"
    yield f"{candidate.regret:.1%}"
    yield candidate.bottleneck


def _risk(plan: Plan) -> str:
    """What choosing the recommended split may cost."""
    best = plan.best
    text = f"Risk: expected regret {best.regret:.1%}"
    if not plan.ties:
        return f"{text}; it is the fastest with probability {best.probability_best:.0%}."
    n = len(plan.ties)
    together = best.probability_best + sum(tie.probability_best for tie in plan.ties)
    return (
        f"{text}. {n} other split{'s' * (n > 1)} cannot be told from it (one of them is the fastest with probability "
        f"{together:.0%}); among ties the fewest VMs win."
    )


def _ledgers(plan: Plan) -> Padding:
    """Where each core-second goes, for the best split and the best single instance."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column()
    rows = {f"{plan.best.system} {plan.best.vms} x {plan.best.split[0]}": plan.best}
    single = next((candidate for candidate in plan.candidates if candidate.vms == 1), None)
    if single is not None and single is not plan.best:
        rows[f"{single.system} 1 x {single.split[0]}"] = single
    for label, candidate in rows.items():
        table.add_row(label, ", ".join(shares(candidate.ledger)))
    return Padding(table, (0, 0, 0, 2))


def shares(ledger: Mapping[str, float]) -> Iterable[str]:
    """Ledger entries from large to small, the small ones added up."""
    small = 0.0
    for name, share in sorted(ledger.items(), key=lambda entry: -entry[1]):
        if share < _SMALL_SHARE:
            small += share
        else:
            yield f"{name} {share:.0%}"
    if small > 0.0005:
        yield f"other {small:.1%}"


def _footer(plans: Sequence[Plan]) -> Text:
    """Which numbers the answer rests on, by how they became known."""
    inputs = {name: quantity for plan in plans for name, quantity in plan.inputs.items()}
    counts = Counter(str(quantity.provenance) for quantity in inputs.values())
    told = ", ".join(f"{count} {provenance}" for provenance, count in counts.most_common())
    more = "--json lists every number with its source."
    if len(plans) > 1:
        more = f"--workload NAME shows ties, risk and every core-second; {more}"
    text = f"Rests on {len(inputs)} numbers: {told}. Intervals are 90 % and hold parameter and model error. {more}"
    return Text(text, style="dim")
