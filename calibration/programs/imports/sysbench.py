"""sysbench: the text of one or several runs one after the other, each with its number of threads.

Shape: ``Number of threads: N`` opens a run; its rate is the transactions, operations or events per second
that it prints, else events divided by total time (versions before 1.0, ``mutex`` and ``threads`` tests).
Trap: a run that did nothing prints zeros (an impossible memory size, say) and is refused.
When not to use it: a rate per second of a run with ``--rate`` is the rate you asked for.
Source: output of sysbench 0.4 to 1.1; for database tests N counts clients, not cores.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from cerberus_plan.calibration.programs.imports.results import Curve, Imported
from cerberus_plan.calibration.programs.imports.source import Source

THREADS = re.compile(r"^Number of threads:\s*(\S+)")
NUMBER = r"([0-9][0-9.]*(?:e[+-]?\d+)?)"
# what is printed -> the unit of the curve, best first
RATES = {
    "transactions/s": re.compile(rf"^\s*transactions:\s.*\(\s*{NUMBER} per sec"),
    "operations/s": re.compile(rf"^\s*Total operations:.*\(\s*{NUMBER} per second\)"),
    "events/s": re.compile(rf"^\s*(?:events per second:|events/s \(eps\):)\s*{NUMBER}"),
}
TOTALS = {
    "time": re.compile(rf"^\s*(?:total time|time elapsed):\s*{NUMBER}s"),
    "events": re.compile(rf"^\s*total number of events:\s*{NUMBER}"),
}


@dataclass(slots=True)
class _Run:
    line: int
    threads: int
    found: dict[str, float] = field(default_factory=dict)


def sniff(text: str) -> bool:
    """Whether it opens like sysbench does."""
    return "Number of threads:" in text and ("sysbench" in text or "total number of events:" in text)


def parse(source: Source) -> Imported:
    """One curve for each kind of rate in the file.

    Raises:
        InputError: no runs, a run cut off or failed, or one that did nothing.
    """
    runs = _runs(source)
    if not runs:
        source.refuse(None, "no run", '"Number of threads: N" and results as sysbench prints them')
    pairs: dict[str, list[tuple[int, float]]] = {}
    for run in runs:
        unit, rate = _rate(source, run)
        pairs.setdefault(unit, []).append((run.threads, rate))
    curves = [
        Curve.of(found, series=unit, axis="clients" if unit == "transactions/s" else "threads", unit=unit)
        for unit, found in pairs.items()
    ]
    return Imported(curves=tuple(curves))


def _runs(source: Source) -> list[_Run]:
    runs: list[_Run] = []
    for number, line in source.lines:
        if line.startswith("FATAL:"):
            source.refuse(number, repr(line), "a run without errors; repeat it")
        if match := THREADS.match(line):
            runs.append(_Run(number, source.count(match[1], number, "threads")))
            continue
        for name, pattern in (RATES | TOTALS).items():
            if (match := pattern.match(line)) and runs:
                runs[-1].found[name] = source.number(match[1], number, name)
    return runs


def _rate(source: Source, run: _Run) -> tuple[str, float]:
    """The unit and value of the best rate that a run printed."""
    found = run.found
    rate = next(((unit, found[unit]) for unit in RATES if unit in found), None)
    if rate is None and found.get("time") and "events" in found:
        rate = ("events/s", found["events"] / found["time"])
    if rate is None:
        source.refuse(run.line, f"a run with {run.threads} threads and no results", "its whole output")
    if rate[1] <= 0.0 or run.threads < 1:
        source.refuse(run.line, f"a run with {run.threads} threads and {rate[1]} {rate[0]}", "work done")
    return rate
