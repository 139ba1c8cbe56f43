"""The exact answer beside the simulated one, and whether the model holds there.

Verdict: the model holds when its answer lies in the simulation's 99 % interval, or within 5 %, which
is less than any plan allows for the model's own error; else the page says by how much it is off and what to do.
When not to use it: for comparing candidates; simulate each.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cerberus_plan.model.digits import counted
from cerberus_plan.model.exact.solver import Solution
from cerberus_plan.model.simulation.rules import Rules
from cerberus_plan.model.simulation.run import Simulation
from cerberus_plan.planner.splits.network_of import CandidateNetwork
from cerberus_plan.reports.formats import ends, estimate, number, percent
from cerberus_plan.reports.text.console import literal_console, print_whole

# Error of a network's exact answer that no plan would notice.
HOLDS_WITHIN = 0.05
# Equal stations of equal instances are shown once; after so many rows the rest is counted.
_MOST_ROWS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One network, answered twice."""

    title: str
    unit: str
    network: CandidateNetwork
    rules: Rules
    exact: Solution
    simulated: Simulation
    replications: int

    @property
    def error(self) -> float:
        """Model over simulation, minus 1, in the unit of the work."""
        analytic, simulated = (self.network.throughput(x.throughput) for x in (self.exact, self.simulated))
        return analytic / simulated - 1.0

    @property
    def inside(self) -> bool:
        """Whether the model's answer lies in the simulation's 99 % interval."""
        return self.simulated.low <= self.exact.throughput <= self.simulated.high

    @property
    def holds(self) -> bool:
        """Whether a plan may use the model here."""
        return self.inside or abs(self.error) <= HOLDS_WITHIN

    @property
    def verdict(self) -> str:
        """The answer in a sentence."""
        if self.inside:
            return "The model holds here: its answer is inside the simulation's 99 % interval."
        by = f"it is {percent(abs(self.error))} {'above' if self.error > 0 else 'below'} the simulation"
        if self.holds:
            return f"The model holds here to within {percent(HOLDS_WITHIN)}: {by}."
        return f"The model does not hold here: {by}. Trust the simulation, and see docs/where-the-model-bends.md."


def document(comparison: Comparison) -> dict[str, Any]:
    """The JSON document of the command."""
    found, scale = comparison.simulated, comparison.network.throughput
    return {
        "title": comparison.title,
        "unit": comparison.unit,
        "analytic": {"throughput": scale(comparison.exact.throughput)},
        "simulated": {
            "throughput": scale(found.throughput),
            "low": scale(found.low),
            "high": scale(found.high) if found.high < float("inf") else None,
            "level": 0.99,
        },
        "error": comparison.error,
        "holds": comparison.holds,
        "verdict": comparison.verdict,
        "engine": found.engine,
        "holds_distribution": comparison.rules.holds if isinstance(comparison.rules.holds, str) else "given",
        "handover": comparison.rules.handover,
        "replications": comparison.replications,
        "completions": found.completions,
        "warm_up": found.warm_up,
        "events": found.events,
        "seed": found.seed,
        "stations": [
            {
                "name": left.name,
                "instance": left.instance,
                "analytic": _measures(left),
                "simulated": _measures(right),
            }
            for left, right in zip(comparison.exact.stations, found.stations, strict=True)
        ],
    }


def _measures(result: Any) -> dict[str, float | None]:
    return {
        "queue_length": result.queue_length,
        # where no cycle ended in the time measured, how long one stays is not known
        "residence": result.residence if math.isfinite(result.residence) else None,
        "utilisation": result.utilisation,
    }


def print_comparison(comparison: Comparison, console: Console | None = None) -> None:
    """Print throughputs, stations and the verdict."""
    out = console or literal_console()
    found, scale = comparison.simulated, comparison.network.throughput
    out.print(Text(comparison.title, style="bold cyan"))
    table = Table(box=None, pad_edge=False)
    for column in ("throughput", "model", "simulated", "99 % interval"):
        table.add_column(column, justify="left" if column == "throughput" else "right")
    low, high = scale(found.low), scale(found.high)
    told = (estimate(scale(each.throughput), low, high) for each in (comparison.exact, found))
    table.add_row(comparison.unit, *told, ends(low, high))
    print_whole(out, table)
    print_whole(out, _station_table(comparison))
    out.print(Text(comparison.verdict, style="bold green" if comparison.holds else "bold yellow"))
    out.print(
        Text(
            f"{counted(comparison.replications, 'run')}, {found.completions:,} cycles ({found.warm_up:,} warm-up), "
            f"{found.events:,} events on the {'jump chain' if found.engine == 'jumps' else 'event heap'}, "
            f"seed {found.seed}",
            style="dim",
        )
    )


def _station_table(comparison: Comparison) -> Table:
    """Queue lengths of the first instance and of what is shared."""
    table = Table(box=None, pad_edge=False)
    for column in ("station", "of", "present, model", "simulated", "busy, model", "simulated"):
        table.add_column(column, justify="left" if column in ("station", "of") else "right")
    pairs = zip(comparison.exact.stations, comparison.simulated.stations, strict=True)
    rows = [(left, right) for left, right in pairs if left.instance in (0, None)]
    for left, right in rows[:_MOST_ROWS]:
        table.add_row(
            left.name,
            "all" if left.instance is None else "instance 1",
            number(left.queue_length),
            number(right.queue_length),
            percent(left.utilisation),
            percent(right.utilisation),
        )
    if len(rows) > _MOST_ROWS:
        table.add_row(f"and {len(rows) - _MOST_ROWS} more (--json has all)", "", "", "", "", "")
    return table
