"""Response times that a load generator prints: of wrk, wrk2, memtier_benchmark and pgbench.

Rule: the last run in the output counts. A generator whose clients wait for each answer is a closed loop of so many
clients; wrk2 and pgbench with a rate (-R) send at it and charge a late request from when it was due, so they are open
loops at the rate they reached. Several generators side by side, each with an instance of its own, are one measurement:
clients and rates are added, each time is the median over them.
Traps: what wrk (1) limits in other ways is a closed loop all the same. A rate that was not reached is that of a server
that could not keep up: its times are of the queue that grew meanwhile.
When not to use it: for throughput; ``observe`` reads that with --regex.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from cerberus_plan.calibration.programs.imports import memtier, pgbench, wrk
from cerberus_plan.calibration.programs.imports.load_report import Run
from cerberus_plan.calibration.programs.imports.source import Source
from cerberus_plan.calibration.store.latency_fields import seconds
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.latency.measured import STATISTICS, MeasuredLatency

_WRK_MEAN = re.compile(r"^\s*Latency\s+([\d.]+(?:us|ms|s|m|h))\s")
_PGBENCH_MEAN = re.compile(r"^\s*latency average = ([\d.]+) ms")
_PGBENCH_RATE = re.compile(r"^\s*rate limit schedule lag:")
# wrk prints minutes and hours too.
_LONG = {"m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadLatency:
    """What one run told.

    Attributes:
        clients: Clients of a closed loop, None for an open one.
        rate: Rate that an open loop reached [requests/s], None for a closed one.
        times: Mean and percentiles by name [s].
    """

    clients: int | None
    rate: float | None
    times: dict[str, float]

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
    readers = ((wrk.sniff, _wrk), (memtier.sniff, _memtier), (pgbench.sniff, _pgbench))
    for sniff, read in readers:
        if sniff(output):
            try:
                found = list(read(Source("the load's output", output)))
            except InputError:  # a number that is none: the rate, which matters more, says so itself
                return None
            return found[-1] if found else None
    return None


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


def _told(run: Run, times: dict[str, str], *, opened: bool) -> Iterator[LoadLatency]:
    """The run, if it is whole and has a time above zero."""
    found = {name: value for name in STATISTICS if name in times and (value := _seconds(times[name])) > 0.0}
    if run.clients and run.rate and found:
        yield LoadLatency(clients=None if opened else run.clients, rate=run.rate if opened else None, times=found)


def _seconds(text: str) -> float:
    factor = _LONG.get(text[-1:], 0.0) if text[-2:-1].isdigit() else 0.0
    return float(text[:-1]) * factor if factor else seconds(text, "the load's output: latency")


def _wrk(source: Source) -> Iterator[LoadLatency]:
    for run, lines in wrk.runs_of(source):
        mean = [found[1] for line in lines if (found := _WRK_MEAN.match(line))]
        opened = any(wrk.LIMITED.match(line) for line in lines)
        yield from _told(run, run.latency | ({"mean": mean[0]} if mean else {}), opened=opened)


def _memtier(source: Source) -> Iterator[LoadLatency]:
    for run in memtier.runs_of(source):
        yield from _told(run, run.latency | {"mean": run.latency.get("avg", "0ms")}, opened=False)


def _pgbench(source: Source) -> Iterator[LoadLatency]:
    run, mean, opened = Run(0), "", False
    for number, line in source.lines:
        if found := pgbench.CLIENTS.match(line):
            run, mean, opened = Run(number, clients=source.count(found[1], number, "clients")), "", False
        elif found := _PGBENCH_MEAN.match(line):
            mean = f"{found[1]}ms"
        elif _PGBENCH_RATE.match(line):
            opened = True
        elif (found := pgbench.TPS.match(line)) and mean:
            run.rate = source.number(found[1], number, "transactions per second")
            yield from _told(run, {"mean": mean}, opened=opened)
