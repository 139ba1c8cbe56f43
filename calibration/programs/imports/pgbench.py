"""pgbench: the text of one or several runs, each with its number of clients and its transactions per second.

Shape: lines on the workload (``transaction type``, ``scaling factor``, ``query mode``), ``number of clients: N``
and ``tps = X (...)``. Versions before 14 print two rates; the one *excluding* connection set-up is taken. With
``-C`` only the rate including reconnections exists: a series apart. Runs of another type, scale or mode are another
curve. Logs whose headers people have trimmed are read under the last header above, which is said.
Trap: N counts clients, not cores; beyond the server's cores the curve is about queueing, not scaling.
When not to use it: the rate of a run with ``--rate`` is the rate you asked for, and one that was aborted is of the
clients that were left; both are said.
Source: output of pgbench 9 to 18.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from cerberus_plan.calibration.programs.imports import load_report
from cerberus_plan.calibration.programs.imports.results import Curve, Imported
from cerberus_plan.calibration.programs.imports.source import Source
from cerberus_plan.model.digits import counted

CLIENTS = re.compile(r"^\s*number of clients:\s*(\S+)")
TPS = re.compile(r"^\s*tps = (\S+)(?: \((.*)\))?\s*$")
FAILED = re.compile(r"^\s*number of failed transactions:\s*(\d+)")
# what is printed of rates that tell less than they seem to -> what to say of them
DOUBTS = {
    re.compile(r"^\s*rate limit schedule lag:"): (
        "throttled (--rate): the rate is what was asked for, not what could be done"
    ),
    re.compile(r"^(?:pgbench: error: )?Run was aborted"): (
        "aborted: the rate is of the clients that were left, repeat the run"
    ),
}
SETTING = re.compile(r"^\s*(transaction type|scaling factor|query mode):\s*(.*?)\s*$")


@dataclass(slots=True)
class _Header:
    """What stands above the rates of a run."""

    line: int = 0
    clients: int | None = None
    settings: dict[str, str] = field(default_factory=dict)
    results: int = 0
    doubts: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Result:
    line: int
    header: _Header
    tps: float
    said: str

    @property
    def series(self) -> str:
        return "tps with reconnections" if self.said == "including reconnection times" else "tps"


def sniff(text: str) -> bool:
    """Whether it has a number of clients, and a rate or, where it breaks off, a workload."""
    opened = re.search(r"^\s*(?:tps = |transaction type:)", text, re.MULTILINE)
    return opened is not None and "number of clients:" in text


def parse(source: Source) -> Imported:
    """Transactions per second against clients, with and without reconnecting apart, one curve a workload.

    Raises:
        InputError: no runs, or a run without a positive rate.
    """
    headers, results, failed = _read(source)
    for header in headers:
        if not header.results and header.clients is not None:
            source.refuse(header.line, f"a run of {header.clients} clients without a rate", '"tps = X" above 0')
    if not headers or not any(result.header.clients for result in results):
        source.refuse(None, "no run", '"number of clients: N" and "tps = X" as pgbench prints them')
    pairs: dict[tuple[str, tuple[tuple[str, str], ...]], list[tuple[int, float]]] = {}
    for result in results:
        clients = result.header.clients
        if clients is None:
            continue
        if not result.tps or clients < 1:
            source.refuse(result.line, f"a run of {clients} clients without a rate", '"tps = X" above 0')
        key = result.series, tuple(result.header.settings.items())
        pairs.setdefault(key, []).append((clients, result.tps))
    curves = [
        Curve.of(found, series=series, axis="clients", unit="transactions/s", settings=dict(settings))
        for (series, settings), found in pairs.items()
    ]
    return Imported(curves=tuple(curves), notes=(load_report.CLIENTS, *_notes(headers, results, failed)))


def _notes(headers: list[_Header], results: list[_Result], failed: int) -> Iterator[str]:
    if failed:
        yield f"{counted(failed, 'transaction')} failed; rates are of the others"
    for header in headers:
        if header.results > 1 and header.clients is not None:
            yield f"{header.results} results stand under one header: read as repeats at n = {header.clients}"
        for doubt in header.doubts:
            yield f"the run of {counted(header.clients or 0, 'client')} was {doubt}"
    if lost := sum(result.header.clients is None for result in results):
        yield f"{counted(lost, 'result')} left out, without a number of clients above"


def _read(source: Source) -> tuple[list[_Header], list[_Result], int]:
    """Headers, results under them, and how many transactions failed."""
    headers: list[_Header] = [_Header()]
    results: list[_Result] = []
    failed = 0
    for number, line in source.lines:
        if match := SETTING.match(line):
            if match[1] == "transaction type" or match[1] in headers[-1].settings or headers[-1].results:
                headers.append(_next(headers[-1], match[1]))
            headers[-1].settings[match[1]] = match[2]
        elif match := CLIENTS.match(line):
            if headers[-1].clients is not None:
                headers.append(_Header(settings=dict(headers[-1].settings)))
            headers[-1].clients, headers[-1].line = source.count(match[1], number, "clients"), number
        elif match := TPS.match(line):
            _result(source, number, match, headers[-1], results)
        elif match := FAILED.match(line):
            failed += int(match[1])
        else:
            headers[-1].doubts += [said for pattern, said in DOUBTS.items() if pattern.match(line)]
    return headers, results, failed


def _next(header: _Header, setting: str) -> _Header:
    """The header that this setting opens: a new one at the type, else what is known of the workload stays."""
    return _Header() if setting == "transaction type" else _Header(settings=dict(header.settings))


def _result(source: Source, number: int, match: re.Match[str], header: _Header, results: list[_Result]) -> None:
    """Note a rate; of the two that old versions print, the second replaces the first."""
    tps, said = source.number(match[1], number, "transactions per second"), match[2] or ""
    last = results[-1] if results and results[-1].header is header else None
    if last is not None and said.startswith("excluding") and last.said.startswith("including connections"):
        last.tps, last.said = tps, said
    else:
        results.append(_Result(number, header, tps, said))
        header.results += 1
