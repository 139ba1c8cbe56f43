"""memtier_benchmark: operations per second of a Redis or memcached server, as text or JSON.

Shape: ``4 Threads``, ``50 Connections per thread``, then a table under ``ALL STATS`` whose row ``Totals`` begins
with the operations per second; with ``-x`` the best, the worst and the average run, of which the average counts.
JSON has the same under ``configuration`` and ``ALL STATS``. n is threads times connections.
Source: output of memtier_benchmark 1.2 to 2.1.
"""

from __future__ import annotations

import re

from cerberus_plan.calibration.programs.imports import load_report
from cerberus_plan.calibration.programs.imports.json_source import Node, load
from cerberus_plan.calibration.programs.imports.load_report import Run
from cerberus_plan.calibration.programs.imports.results import Imported
from cerberus_plan.calibration.programs.imports.source import Source

THREADS = re.compile(r"^(\d+)\s+Threads\s*$")
CONNECTIONS = re.compile(r"^(\d+)\s+Connections per thread\s*$")
SECTION = re.compile(r"^(ALL STATS|BEST RUN RESULTS|WORST RUN RESULTS|AGGREGATED AVERAGE RESULTS.*)$")
LATENCY = re.compile(r"(Avg\.|p[\d.]+) Latency")
SETTINGS = ("protocol", "ratio", "data_size", "pipeline", "key_pattern", "rate_limiting")
EXPECTED = '"N Threads", "M Connections per thread" and a row Totals as memtier_benchmark prints them'


def sniff(text: str) -> bool:
    """Whether it is its text or its JSON."""
    is_json = text.lstrip().startswith("{") and '"Ops/sec"' in text and '"Totals"' in text
    return is_json or re.search(CONNECTIONS.pattern, text, re.MULTILINE) is not None


def parse(source: Source) -> Imported:
    """Operations per second against clients.

    Raises:
        InputError: no run, or one cut off.
    """
    return load_report.imported(source, runs_of(source), unit="operations/s", expected=EXPECTED)


def runs_of(source: Source) -> list[Run]:
    """The runs.

    Raises:
        InputError: a number that is none, or JSON of another shape.
    """
    return [_json(load(source))] if source.text.lstrip().startswith("{") else _text(source)


def _text(source: Source) -> list[Run]:
    runs: list[Run] = []
    threads, section, titles = 0, "", ""
    for number, line in source.lines:
        if found := THREADS.match(line):
            threads = int(found[1])
            runs.append(Run(number, series="operations"))
        elif (found := CONNECTIONS.match(line)) and runs:
            runs[-1].clients = threads * int(found[1])
        elif found := SECTION.match(line.strip()):
            section = found[1]
        elif line.startswith("Type "):
            titles = line
        elif line.startswith("Totals") and runs and not section.startswith(("BEST", "WORST")):
            cells = line.split()[1:]
            runs[-1].rate = source.number(cells[0] if cells else "", number, "operations per second")
            runs[-1].latency = _latency(titles, cells)
    return runs


def _latency(titles: str, cells: list[str]) -> dict[str, str]:
    """Percentiles in milliseconds: each title is a column, ``Avg. Latency`` is one too."""
    names = re.findall(r"(?:Avg\.|p[\d.]+) Latency|\S+", titles)[1:]
    if len(names) != len(cells):
        return {}
    found = {LATENCY.match(name): cell for name, cell in zip(names, cells, strict=True)}
    return {match[1].lower().rstrip("."): f"{cell} ms" for match, cell in found.items() if match}


def _json(root: Node) -> Run:
    asked = root.field("configuration")
    sections = [key for key in root.value if key == "ALL STATS" or key.startswith("AGGREGATED AVERAGE")]
    if not sections:
        root.refuse('an object with "ALL STATS"')
    totals = root.field(sections[-1]).field("Totals")
    threads, clients = (asked.field(key).number(positive=True) for key in ("threads", "clients"))
    settings = {key: str(asked.value_of(key)) for key in SETTINGS if asked.value_of(key) not in (None, "", 0)}
    latency: dict[str, str] = {}
    percentiles = totals.maybe("Percentile Latencies")
    for name in ("p50.00", "p99.00", "p99.90"):
        if percentiles is not None and (given := percentiles.maybe(name)) is not None:
            latency[f"p{float(name[1:]):g}"] = f"{given.number():g} ms"
    return Run(
        1,
        clients=int(threads * clients),
        rate=totals.field("Ops/sec").number(positive=True),
        series="operations",
        settings=settings,
        latency=latency,
    )
