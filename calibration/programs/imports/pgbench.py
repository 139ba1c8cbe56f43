"""pgbench: the text of one or several runs, each with its number of clients and its transactions per second.

Shape: ``number of clients: N`` and ``tps = X (...)``. Versions before 14 print two rates; the one
*excluding* connection set-up is taken. With ``-C`` only the rate including reconnections exists: a series apart.
Trap: N counts clients, not cores; beyond the server's cores the curve is about queueing, not scaling.
Source: output of pgbench 9 to 17.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cerberus_plan.calibration.programs.imports.results import Curve, Imported
from cerberus_plan.calibration.programs.imports.source import Source

CLIENTS = re.compile(r"^number of clients:\s*(\S+)")
TPS = re.compile(r"^tps = (\S+)(?: \((.*)\))?\s*$")
FAILED = re.compile(r"^number of failed transactions:\s*(\d+)")


@dataclass(slots=True)
class _Run:
    line: int
    clients: int
    tps: float | None = None
    reconnects: bool = False
    failed: int = 0


def sniff(text: str) -> bool:
    """Whether it has the two lines this reader needs."""
    return "number of clients:" in text and "\ntps = " in text


def parse(source: Source) -> Imported:
    """Transactions per second against clients, with and without reconnecting apart.

    Raises:
        InputError: no runs, or a run without a positive rate.
    """
    runs = _runs(source)
    if not runs:
        source.refuse(None, "no run", '"number of clients: N" and "tps = X" as pgbench prints them')
    pairs: dict[str, list[tuple[int, float]]] = {}
    for run in runs:
        if not run.tps or run.clients < 1:
            source.refuse(run.line, f"a run of {run.clients} clients without a rate", '"tps = X" above 0')
        series = "tps with reconnections" if run.reconnects else "tps"
        pairs.setdefault(series, []).append((run.clients, run.tps))
    failed = sum(run.failed for run in runs)
    notes = [f"{failed} transactions failed; they are not in the rates"] if failed else []
    curves = [Curve.of(p, series=s, axis="clients", unit="transactions/s") for s, p in pairs.items()]
    return Imported(curves=tuple(curves), notes=("n counts clients, not cores", *notes))


def _runs(source: Source) -> list[_Run]:
    runs: list[_Run] = []
    for number, line in source.lines:
        if match := CLIENTS.match(line):
            runs.append(_Run(number, source.count(match[1], number, "clients")))
        elif (match := TPS.match(line)) and runs:
            if runs[-1].tps is None or not (match[2] or "").startswith("including"):
                runs[-1].tps = source.number(match[1], number, "transactions per second")
                runs[-1].reconnects = match[2] == "including reconnection times"
        elif (match := FAILED.match(line)) and runs:
            runs[-1].failed = int(match[1])
    return runs
