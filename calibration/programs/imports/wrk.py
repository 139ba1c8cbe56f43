"""wrk and wrk2: requests per second of an HTTP server at some number of connections.

Shape: ``Running 30s test @ URL``, ``12 threads and 400 connections``, with ``--latency`` a distribution, then
``Requests/sec: X``. Several runs in one file are points of one curve for each URL.
Traps: responses that are errors are counted in the rate; wrk2 (``-R``) sends at the rate that was asked for, which
is no capacity. Both are said.
Source: output of wrk 4 and wrk2.
"""

from __future__ import annotations

import re

from cerberus_plan.calibration.programs.imports import load_report
from cerberus_plan.calibration.programs.imports.load_report import Run
from cerberus_plan.calibration.programs.imports.results import Imported
from cerberus_plan.calibration.programs.imports.source import Source

OPENS = re.compile(r"^Running \S+ test @ (\S+)")
CLIENTS = re.compile(r"^\s*(\d+) threads? and (\d+) connections?")
RATE = re.compile(r"^Requests/sec:\s*(\S+)")
PERCENTILE = re.compile(r"^\s*(\d+(?:\.\d+)?)%\s+([\d.]+(?:us|ms|s|m|h))\s*$")
ERRORS = re.compile(r"^\s*(Non-2xx or 3xx responses: \d+|Socket errors: .*)$")
LIMITED = re.compile(r"^\s*(?:Thread calibration:|Latency Distribution \(HdrHistogram)")
TOLD = ("50", "75", "90", "95", "99", "99.9")


def sniff(text: str) -> bool:
    """Whether it opens like wrk's output; one that breaks off is known for what it is."""
    return re.search(OPENS.pattern, text, re.MULTILINE) is not None


def parse(source: Source) -> Imported:
    """Requests per second against connections.

    Raises:
        InputError: no run, or one cut off.
    """
    return load_report.imported(
        source,
        [run for run, _ in runs_of(source)],
        unit="requests/s",
        expected='"N threads and M connections" and "Requests/sec: X" as wrk prints them',
    )


def runs_of(source: Source) -> list[tuple[Run, list[str]]]:
    """The runs, each with its lines.

    Raises:
        InputError: a rate that is no number.
    """
    runs: list[tuple[Run, list[str]]] = []
    for number, line in source.lines:
        if opened := OPENS.match(line):
            runs.append((Run(number, settings={"url": opened[1]}), []))
        elif runs:
            runs[-1][1].append(line)
            _line(source, number, line, runs[-1][0])
    return runs


def _line(source: Source, number: int, line: str, run: Run) -> None:
    if clients := CLIENTS.match(line):
        run.clients = int(clients[2])
    elif rate := RATE.match(line):
        run.rate = source.number(rate[1], number, "requests per second")
    elif (percentile := PERCENTILE.match(line)) and (name := f"{float(percentile[1]):g}") in TOLD:
        run.latency.setdefault(f"p{name}", percentile[2])
    elif errors := ERRORS.match(line):
        run.notes.append(f"at n = {run.clients}: {errors[1]}")
    elif LIMITED.match(line):
        run.notes.append("wrk2 sends at the rate asked for (-R): the rate is a capacity only where it stays below that")
