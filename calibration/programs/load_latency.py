"""Response times that a load generator prints: of wrk, wrk2, memtier_benchmark and pgbench.

Rule: the last run in the output counts. A generator whose clients wait for each answer is a closed loop of so many
clients; wrk2 and pgbench with a rate (-R) send at it and charge a late request from when it was due, so they are open
loops at the rate they reached. Several generators side by side, each with an instance of its own, are one measurement:
clients and rates are added, each time is the median over them.
Traps: what wrk (1) limits in other ways is a closed loop all the same. Answers that are errors, or never came, are in
no percentile or in the wrong one: a run of which more than half of what a 99th percentile is about failed tells no
response time. Nor does one at a rate that the server could not keep up with: its times are of the queue that grew
meanwhile, and grow with the length of the run. Nor one that broke off. What is wrong with a run is told (``why_not``).
The requests that pgbench processed are those that did not fail, wrk's are those that were answered: error pages are
among these, requests that failed at the socket come on top (a late answer may count twice).
When not to use it: for throughput; ``observe`` reads that with --regex.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from cerberus_plan.calibration.programs.imports import memtier, pgbench, wrk
from cerberus_plan.calibration.programs.imports.load_report import Run
from cerberus_plan.calibration.programs.imports.source import Source
from cerberus_plan.calibration.store.latency_fields import seconds
from cerberus_plan.model.digits import percent
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.latency.measured import STATISTICS, MeasuredLatency

_WRK_MEAN = re.compile(r"^\s*Latency\s+([\d.]+(?:us|ms|s|m|h))\s")
_PGBENCH_MEAN = re.compile(r"^\s*latency average = ([\d.]+) ms")
_PGBENCH_RATE = re.compile(r"^\s*rate limit schedule lag:")
_PGBENCH_DONE = re.compile(r"^\s*number of transactions actually processed:\s*(\d+)")
_DURATION = re.compile(r"^(?:Running (\S+) test @|\s*duration: (\d+ s)\s*$)")
_REQUESTS = re.compile(r"^\s*(\d+) requests in ")
_ERRORS = re.compile(r"^\s*(?:Non-2xx or 3xx responses: (\d+)|Socket errors: (.*))$")
# wrk prints minutes and hours too.
_LONG = {"m": 60.0, "h": 3600.0}
_LONG_TIME = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)([mh])", re.ASCII)
# Share of failed requests that moves a 99th percentile by half of its hundredth.
_MOST_FAILED = 0.005
# Mean response time as a share of the run from which the queue grew for most of it: at 1.1 times what is carried, 5 %.
_GROWING = 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadLatency:
    """What one run told.

    Attributes:
        clients: Clients of a closed loop, None for an open one.
        rate: Rate that an open loop reached [requests/s], None for a closed one.
        times: Mean and percentiles by name [s].
        failed: Requests that were answered with an error, too late or not at all.
    """

    clients: int | None
    rate: float | None
    times: dict[str, float]
    failed: int = field(default=0, compare=False)

    def of_split(self, split: tuple[int, int], *, host: str = "", date: str = "") -> MeasuredLatency | None:
        """The measured latency of a split under this load; None where some of its instances had no client."""
        if self.clients is not None and self.clients < split[0]:
            return None
        return MeasuredLatency(
            instances=split[0],
            cores_per_instance=split[1],
            rate=self.rate,
            concurrency=self.clients,
            host=host,
            date=date,
            **self.times,
        )


def read_latency(output: str) -> LoadLatency | None:
    """What the last run in an output told; None where it is of no known generator, or tells no response time."""
    run = _last(output)
    return None if run is None or run.why_not else run.latency


def why_not(output: str) -> str:
    """Why the last run in an output tells no response time, and what to do; empty where nobody knows."""
    run = _last(output)
    return "" if run is None else run.why_not


def _last(output: str) -> _Told | None:
    """The last run of a known generator."""
    readers = ((wrk.sniff, _wrk), (memtier.sniff, _memtier), (pgbench.sniff, _pgbench))
    for sniff, read in readers:
        if sniff(output):
            try:
                found = list(read(Source("the load's output", output)))
            except InputError:  # a number or a time that is none; of a rate its own reader says so
                return None
            return found[-1] if found else None
    return None


@dataclass(slots=True, kw_only=True)
class _Told:
    """What a run printed: its times and length [s], how many requests it made and how many of them failed."""

    run: Run
    times: dict[str, float]
    opened: bool
    failed: int = 0
    of: int = 0
    errors: str = ""
    lasted: float = 0.0

    @property
    def latency(self) -> LoadLatency | None:
        """What is told, if the run is whole and has a time above zero."""
        found = {n: self.times[n] for n in STATISTICS if self.times.get(n, 0.0) > 0.0}
        run = self.run
        if not (run.clients and run.rate and found):
            return None
        return LoadLatency(
            clients=None if self.opened else run.clients,
            rate=run.rate if self.opened else None,
            times=found,
            failed=self.failed,
        )

    @property
    def why_not(self) -> str:
        """What is wrong with it, empty where nothing is."""
        if self.run.rate is None:
            return f"the run that begins in line {self.run.line} breaks off before its rate: run it to its end"
        if self.failed > _MOST_FAILED * self.of:
            return (
                f"{self.failed} of {self.of} requests failed ({self.errors}), more than "
                f"{percent(_MOST_FAILED)}: its times are not those of answers; mend the address, the load or its "
                "limit of time (--timeout), and run it again"
            )
        found = self.latency
        mean = 0.0 if found is None else next(iter(found.times.values()))
        if self.opened and self.lasted and mean > _GROWING * self.lasted:
            return (
                f"it reached {self.run.rate:g} a second, but a request took {mean:.2g} s of the {self.lasted:g} s that "
                "it lasted: more was offered than is carried, so the queue grew all the while and times are of the "
                "run's length; record a run at a lower rate, or a longer one if requests really take so long"
            )
        return ""


def together(found: Sequence[LoadLatency | None]) -> LoadLatency | None:
    """Generators side by side as one; None where one of them told nothing, or not what the others did."""
    told = [one for one in found if one is not None]
    names = {name for one in told for name in one.times}
    if not told or len(told) < len(found) or any(one.times.keys() != names for one in told):
        return None
    opened = [one.rate for one in told if one.rate is not None]
    closed = [one.clients for one in told if one.clients is not None]
    if opened and closed:
        return None
    return LoadLatency(
        clients=sum(closed) if closed else None,
        rate=sum(opened) if opened else None,
        times={name: median(one.times[name] for one in told) for name in STATISTICS if name in names},
    )


def _seconds(text: str) -> float:
    long = _LONG_TIME.fullmatch(text)
    return float(long[1]) * _LONG[long[2]] if long else seconds(text, "the load's output: latency")


def _times(printed: Mapping[str, str]) -> dict[str, float]:
    """Of the statistics that latencies have; a report prints more."""
    return {name: _seconds(text) for name, text in printed.items() if name in STATISTICS}


def _wrk(source: Source) -> Iterator[_Told]:
    for run, lines in wrk.runs_of(source):
        mean = [found[1] for line in lines if (found := _WRK_MEAN.match(line))]
        opened = any(wrk.LIMITED.match(line) for line in lines)
        told = _Told(run=run, times=_times(run.latency | ({"mean": mean[0]} if mean else {})), opened=opened)
        told.lasted = _duration(source.lines[run.line - 1][1])
        _wrk_errors(lines, told)
        yield told


def _wrk_errors(lines: Sequence[str], told: _Told) -> None:
    """Count answers that are errors, and what wrk calls errors of its sockets; answers too late are among these."""
    said = []
    for line in lines:
        if requests := _REQUESTS.match(line):
            told.of += int(requests[1])
        elif errors := _ERRORS.match(line):
            count = sum(map(int, re.findall(r"\d{1,18}", errors[1] or errors[2])))
            told.failed += count
            told.of += count if errors[2] else 0
            said += [line.strip()] if count else []
    told.errors = "; ".join(said)


def _memtier(source: Source) -> Iterator[_Told]:
    for run in memtier.runs_of(source):
        yield _Told(run=run, times=_times(run.latency | {"mean": run.latency.get("avg", "0ms")}), opened=False)


def _pgbench(source: Source) -> Iterator[_Told]:
    told: _Told | None = None
    for number, line in source.lines:
        if found := pgbench.CLIENTS.match(line):
            if told is not None:
                yield told
            told = _Told(run=Run(number, clients=source.count(found[1], number, "clients")), times={}, opened=False)
        elif told is not None:
            _pgbench_line(source, number, line, told)
    if told is not None:
        yield told


def _pgbench_line(source: Source, number: int, line: str, told: _Told) -> None:
    if found := _PGBENCH_MEAN.match(line):
        told.times["mean"] = _seconds(f"{found[1]}ms")
    elif _PGBENCH_RATE.match(line):
        told.opened = True
    elif found := pgbench.FAILED.match(line):
        told.failed, told.errors = int(found[1]), line.strip()
        told.of += told.failed
    elif found := _PGBENCH_DONE.match(line):
        told.of += int(found[1])
    elif _DURATION.match(line):
        told.lasted = _duration(line)
    elif found := pgbench.TPS.match(line):
        told.run.rate = source.number(found[1], number, "transactions per second")


def _duration(line: str) -> float:
    """Length of a run [s], 0 where the line does not tell."""
    found = _DURATION.match(line)
    text = (found[1] or found[2]).replace(" ", "") if found else ""
    return _seconds(text) if re.fullmatch(r"\d{1,9}[smh]", text) else 0.0
