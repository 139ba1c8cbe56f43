"""redis-benchmark: requests per second of each command at some number of clients.

Shape: ``====== SET ======``, ``50 parallel clients``, ``3 bytes payload``, then ``X requests per second``, since
version 6 as ``throughput summary: X requests per second`` with a summary of latency below. Each command is a curve;
payload, threads and pipeline tell others apart.
Trap: with ``-q`` and ``--csv`` it does not print the number of clients, so there is no curve in them.
Source: output of redis-benchmark 3 to 7 and valkey-benchmark 8.
"""

from __future__ import annotations

import re

from cerberus_plan.calibration.programs.imports import load_report
from cerberus_plan.calibration.programs.imports.load_report import Run
from cerberus_plan.calibration.programs.imports.results import Imported
from cerberus_plan.calibration.programs.imports.source import Source

OPENS = re.compile(r"^=+ (.*?) =+\s*$")
CLIENTS = re.compile(r"^\s*(\d+) parallel clients")
RATE = re.compile(r"^\s*(?:throughput summary:\s*)?([\d.]+) requests per second\s*$")
SETTINGS = {
    re.compile(r"^\s*(\d+) bytes payload"): "payload",
    re.compile(r"^\s*threads:\s*(\d+)"): "threads",
    re.compile(r"^\s*keep alive:\s*(\d+)"): "keep alive",
    re.compile(r"^\s*pipeline:?\s*(\d+)"): "pipeline",
}
TITLES = ["avg", "min", "p50", "p95", "p99", "max"]
QUIET = re.compile(
    r"^(?:\S.*: [\d.]+ requests per second(?:, p50=.*)?|\"test\",\"rps\".*|\"[A-Z_ ()0-9a-z]+\",\"[\d.]+\".*)$"
)


def sniff(text: str) -> bool:
    """Whether a command's section or a line of the quiet output is there."""
    lines = text.splitlines()
    sections = any(OPENS.match(line) for line in lines) and "parallel clients" in text
    return (sections and "requests per second" in text) or any(QUIET.match(line) for line in lines[:50])


def parse(source: Source) -> Imported:
    """Requests per second of each command against clients.

    Raises:
        InputError: no run, one cut off, or output without the number of clients.
    """
    runs: list[Run] = []
    titled = False
    for number, line in source.lines:
        if opened := OPENS.match(line):
            runs.append(Run(number, series=opened[1]))
        elif runs:
            _line(source, number, line, runs[-1])
            if titled and len(line.split()) == len(TITLES):
                cells = dict(zip(TITLES, line.split(), strict=True))
                runs[-1].latency = {name: f"{cells[name]} ms" for name in ("p50", "p95", "p99")}
            titled = line.split() == TITLES
    if not runs and (quiet := next((n for n, line in source.lines if QUIET.match(line)), None)):
        source.refuse(quiet, "rates without a number of clients", "the whole output: leave out -q and --csv")
    expected = '"N parallel clients" and "X requests per second" as redis-benchmark prints them'
    return load_report.imported(source, runs, unit="requests/s", expected=expected)


def _line(source: Source, number: int, line: str, run: Run) -> None:
    if clients := CLIENTS.match(line):
        run.clients = int(clients[1])
    elif rate := RATE.match(line):
        run.rate = source.number(rate[1], number, "requests per second")
    for shape, name in SETTINGS.items():
        if found := shape.match(line):
            run.settings[name] = found[1]
