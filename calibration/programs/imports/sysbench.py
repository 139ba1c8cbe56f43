"""sysbench: the text of one or several runs one after the other, each with its number of threads.

Shape: ``Number of threads: N`` opens a run; its rate is the transactions, operations or events per second that it
prints, else events divided by total time (versions before 1.0, ``mutex`` and ``threads`` tests; database tests
without transactions, which count events). What the run says of its workload (test, prime limit, block size, reads
and writes an event, ...) tells curves apart.
Logs whose headers people have trimmed are read under the last header above, which is said.
Trap: a run that did nothing prints zeros (an impossible memory size, say) and is refused.
When not to use it: a rate per second of a run with ``--rate`` is the rate you asked for, which is said where it is
printed.
Source: output of sysbench 0.4 to 1.1; for database tests N counts clients, not cores.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from cerberus_plan.calibration.programs.imports.load_report import CLIENTS
from cerberus_plan.calibration.programs.imports.results import Curve, Imported
from cerberus_plan.calibration.programs.imports.source import Source

THREADS = re.compile(r"^Number of threads:\s*(\S+)")
NUMBER = r"([0-9][0-9.]*(?:e[+-]?\d+)?)"
# what is printed -> the unit of the curve, best first
RATES = {
    "transactions/s": re.compile(rf"^\s*transactions:\s.*\(\s*{NUMBER} per sec"),
    "operations/s": re.compile(
        rf"^\s*(?:Total operations|Operations performed):.*\(\s*{NUMBER} (?:per second|ops/sec)\)"
    ),
    "events/s": re.compile(rf"^\s*(?:events per second:|events/s \(eps\):)\s*{NUMBER}"),
}
TOTALS = {
    "time": re.compile(rf"^\s*(?:total time|time elapsed):\s*{NUMBER}s"),
    "events": re.compile(rf"^\s*total number of events:\s*{NUMBER}"),
    "read": re.compile(rf"^\s*read:\s*{NUMBER}\s*$"),
    "write": re.compile(rf"^\s*write:\s*{NUMBER}\s*$"),
    "target": re.compile(rf"^\s*Target transaction rate:\s*{NUMBER}/sec"),
}
# what is printed about the workload -> what to call it
SETTINGS = {
    re.compile(r"^Doing (.*?)(?: test| benchmark)?\.?$"): "test",
    re.compile(r"^Running (\w+ OLTP) test"): "OLTP",
    re.compile(r"^(?:Prime numbers limit|Maximum prime number checked in CPU test):\s*(.*)$"): "primes to",
    re.compile(r"^\s*(?:Memory )?block size:?\s*(.*)$", re.IGNORECASE): "block size",
    re.compile(r"^\s*(?:Memory )?operations?(?: type)?:\s*(read|write|none)$"): "operation",
    re.compile(r"^\s*(?:Memory )?scope(?: type)?:\s*(.*)$"): "scope",
    re.compile(r"^(\S+) total file size$"): "file size",
    re.compile(r"^Read/Write ratio for combined random IO test:\s*(.*)$"): "read/write ratio",
    re.compile(r"^Thread yields per test:\s*(\d+)"): "yields",
}


@dataclass(slots=True)
class _Run:
    line: int
    threads: int
    found: dict[str, float] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    printed: set[str] = field(default_factory=set)  # words before the rates: 1.1 prints that of events in two places

    def again(self) -> _Run:
        """Another run under the same header."""
        return _Run(self.line, self.threads, settings=self.settings)

    @property
    def is_database(self) -> bool:
        return "transactions/s" in self.found

    def queries(self) -> Iterator[tuple[str, str]]:
        """What kind of statements a database test makes: only reads, only writes, one or several an event."""
        events = self.found.get("events", 0.0)
        if self.is_database and events and self.found.keys() & {"read", "write"}:
            kinds = [
                f"one {kind}" if self.found[kind] < 1.5 * events else f"several {kind}s"
                for kind in ("read", "write")
                if self.found.get(kind)
            ]
            yield "queries", " and ".join(kinds) or "none"


def sniff(text: str) -> bool:
    """Whether it opens like sysbench does."""
    return "Number of threads:" in text and ("sysbench" in text or "total number of events:" in text)


def parse(source: Source) -> Imported:
    """One curve for each kind of rate and each workload in the file.

    Raises:
        InputError: no runs, a run cut off or failed, or one that did nothing.
    """
    runs = _runs(source)
    if not runs:
        source.refuse(None, "no run", '"Number of threads: N" and results as sysbench prints them')
    pairs: dict[tuple[str, str, tuple[tuple[str, str], ...]], list[tuple[int, float]]] = {}
    for run in runs:
        unit, rate = _rate(source, run)
        key = unit, "clients" if run.is_database else "threads", (*run.settings.items(), *run.queries())
        pairs.setdefault(key, []).append((run.threads, rate))
    curves = [
        Curve.of(found, series=unit, axis=axis, unit=unit, settings=dict(settings))
        for (unit, axis, settings), found in pairs.items()
    ]
    asked = sorted({run.found["target"] for run in runs if run.found.get("target")})
    notes = [f"run with --rate {rate:g}: the rate is what was asked for, not what could be done" for rate in asked]
    served = (CLIENTS,) if any(curve.axis == "clients" for curve in curves) else ()
    return Imported(curves=tuple(curves), notes=(*served, *notes, *_trimmed(runs)))


def _trimmed(runs: list[_Run]) -> Iterator[str]:
    """That several results stand under one header, where they do."""
    for (_, threads), count in Counter((run.line, run.threads) for run in runs).items():
        if count > 1:
            yield f"{count} results stand under one header: read as repeats at n = {threads}"


def _runs(source: Source) -> list[_Run]:
    runs: list[_Run] = []
    for number, line in source.lines:
        if line.startswith("FATAL:"):
            source.refuse(number, repr(line), "a run without errors; repeat it")
        if match := THREADS.match(line):
            runs.append(_Run(number, source.count(match[1], number, "threads")))
            continue
        if not runs:
            continue
        for name, pattern in (RATES | TOTALS).items():
            if match := pattern.match(line):
                words = line.partition(":")[0].strip()
                if name in RATES and words in runs[-1].printed:
                    runs.append(runs[-1].again())
                runs[-1].printed.add(words)
                runs[-1].found[name] = source.number(match[1], number, name)
        for setting, called in SETTINGS.items():
            if match := setting.match(line):
                runs[-1].settings.setdefault(called, match[1].strip())
    return runs


def _rate(source: Source, run: _Run) -> tuple[str, float]:
    """The unit and value of the best rate that a run printed; one of zero only if there is no other."""
    found = run.found
    rates = [(unit, found[unit]) for unit in RATES if unit in found]
    if found.get("time") and "events" in found:
        rates.append(("events/s", found["events"] / found["time"]))
    if not rates:
        source.refuse(run.line, f"a run with {run.threads} threads and no results", "its whole output")
    unit, rate = next(((unit, rate) for unit, rate in rates if rate > 0.0), rates[0])
    if rate <= 0.0 or run.threads < 1:
        source.refuse(run.line, f"a run with {run.threads} threads and {rate} {unit}", "work done")
    return unit, rate
