"""What the runs say together: the curve, the demand at each core count, and sentences about where time goes.

The demand at a count is the median over its repeats, number by number. Growth of user time per unit of work with
cores means that cores slow each other down (caches, memory, SMT, spinning in user mode); growth of system time
means contention inside the kernel; neither, with cores idle, means waiting or too little parallel work.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cerberus_plan.calibration.programs.demand import COUNTS, TIMES, Demand
from cerberus_plan.calibration.programs.imports.results import Curve
from cerberus_plan.calibration.programs.observe.meter import Kind
from cerberus_plan.calibration.programs.observe.run_plan import PLACEHOLDER, Plan
from cerberus_plan.calibration.programs.observe.runs import Extras, Run
from cerberus_plan.calibration.programs.observe.served import loads_unlike
from cerberus_plan.calibration.programs.serial_locks import serial_locks
from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.model.digits import counted, percent

NOISE = 0.05  # share of the cores' time taken by others from which a run counts as disturbed
SHORT_S = 0.5  # runs shorter than this say more about starting than about working
GROWTH = 1.15  # growth of time per unit from which it is worth a sentence
BUSY = 0.8  # share of its cores that a program keeps busy, below which it is worth a sentence
SIZES = (PLACEHOLDER, "{threads}", "{cpus}")  # what tells a program how many CPUs it may use
SAME = 0.1  # runs whose lengths differ by less last as long
FILLED = 0.6  # share of the added cores that a program keeps busy which works for a fixed time
SCATTER = 0.10  # spread of repeats, (largest - smallest) / median, worth a sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """All runs of a plan that were finished; `complete` is False if it was cut short."""

    plan: Plan
    runs: tuple[Run, ...]
    extras: Extras

    @property
    def complete(self) -> bool:
        """Whether every planned run was made."""
        return len(self.runs) == len(self.plan.counts) * self.plan.repeats

    @property
    def curve(self) -> Curve:
        """Throughput against cores, every repeat.

        Raises:
            InputError: no run was finished.
        """
        pairs = [(run.cores, run.throughput) for run in self.runs]
        return Curve.of(pairs, series=self.plan.text, axis="cores", unit=f"{self.plan.meter.unit}s/s")

    @property
    def demands(self) -> tuple[Demand, ...]:
        """The demand at each core count measured; what probes saw is added to that at the smallest."""
        counts = sorted({run.cores for run in self.runs})
        found = [_median([run.demand for run in self.runs if run.cores == count]) for count in counts]
        if found and found[0].cores == self.plan.counts[0]:
            found[0] = _with_extras(found[0], self.extras)
        return tuple(replace(demand, source=self.plan.text) for demand in found)

    @property
    def findings(self) -> list[str]:
        """Sentences for people, the most useful first."""
        long = max((run.elapsed_s for run in self.runs), default=0.0) >= SHORT_S
        time = [*_growth(self.demands), *_idleness(self)] if long else []
        return [*_fixed_time(self), *time, *_load(self), *_locks(self.demands), *_warnings(self), *self.extras.notes]


def _median(demands: Sequence[Demand]) -> Demand:
    fields: dict[str, Any] = {}
    for name in (*TIMES, *COUNTS, "work"):
        known = [value for demand in demands if (value := getattr(demand, name)) is not None]
        fields[name] = statistics.median(known) if known else None
    return replace(demands[-1], **fields)


def _with_extras(demand: Demand, extras: Extras) -> Demand:
    if extras.counters is not None:
        counters, migrations = extras.counters.counters, extras.counters.migrations
        notes = (*demand.notes, *extras.counters.notes)
        demand = replace(demand, counters=counters, migrations=migrations, notes=notes)
    if extras.calls is not None:
        notes = (*demand.notes, *extras.calls.notes)
        demand = replace(demand, system_calls=extras.calls.system_calls, notes=notes)
    return demand


def _fixed_time(observation: Observation) -> Iterator[str]:
    """Runs by the clock that last as long on all cores as on few, and use more processor time the more they get."""
    counts = sorted({run.cores for run in observation.runs})
    if observation.plan.meter.kind is not Kind.CLOCK or len(counts) < 2:
        return
    few, many = (_middle_run(observation, count) for count in (counts[0], counts[-1]))
    lasts, used = many[0] / few[0], many[1] / max(few[1], 1e-9)
    if abs(lasts - 1.0) < SAME and used > 1.0 + FILLED * (counts[-1] / counts[0] - 1.0):
        yield (
            f"runs last as long on {counts[-1]} cores as on {counts[0]} and use {used:.1f} times the processor time: "
            "if the program works for a fixed time, the clock tells nothing; read the rate that it prints with --regex"
        )


def _middle_run(observation: Observation, count: int) -> tuple[float, float]:
    """How long runs on so many cores last, and what processor time they use [s]."""
    runs = [run for run in observation.runs if run.cores == count]
    lasting = statistics.median(1.0 / run.throughput for run in runs)
    return lasting, statistics.median((run.demand.cpu_s or 0.0) * run.demand.work for run in runs)


def _growth(demands: Sequence[Demand]) -> Iterator[str]:
    """User and system time per unit of work, at the largest count against the smallest."""
    if len(demands) < 2:
        return
    first, last = demands[0], demands[-1]
    where = f"from {counted(first.cores or 0, 'core')} to {last.cores}"
    total = (first.cpu_s or 0.0) or 1.0
    reasons = {
        "user_s": "cores slow each other down (caches, memory, SMT, or spinning on locks)",
        "system_s": "contention inside the kernel",
    }
    for name, reason in reasons.items():
        before, after = getattr(first, name), getattr(last, name)
        if after - before > (GROWTH - 1.0) * total and after > before:
            what = "user" if name == "user_s" else "system"
            times = f"x{after / before:.2f}" if before > 0.01 * total else "from nearly nothing"
            yield f"{what} time per {first.unit} grows {times} {where}: {reason}"


def _idleness(observation: Observation) -> Iterator[str]:
    """How many of the cores it is given the program keeps busy, where others leave them to it."""
    most = max((run.cores for run in observation.runs), default=0)
    runs = [run for run in observation.runs if run.cores == most]
    used = statistics.median(  # a load on the same cores keeps them busy too
        ((run.demand.cpu_s or 0.0) + run.load_on_cores_s / run.demand.work) / (run.demand.elapsed_s or 1.0)
        for run in runs
    )
    others = statistics.median((run.others_s + run.stolen_s) / run.watched_s for run in runs)
    if used + others < BUSY * most:
        yield f"on {counted(most, 'core')} it keeps {used:.1f} busy: the rest waits or has nothing to do"


def _load(observation: Observation) -> Iterator[str]:
    """What a server's load takes beside it, where it takes it from the server."""
    plan = observation.plan
    runs = [run for run in observation.runs if run.load_s > 0]
    if not runs:
        return
    share = statistics.median(run.load_s / (run.load_s + (run.demand.cpu_s or 0.0) * run.demand.work) for run in runs)
    if plan.load_cpus is not None and not any(run.load_on_cores_s for run in runs):
        yield f"the load ran on CPUs {cpu_list(plan.load_cpus)}; the demand is the server's alone"
    else:
        yield (
            f"the load took {percent(share)} of the processor time, on the server's cores: the demand is the server's "
            "alone, throughput is that of both; --load-cpus gives the load its own"
        )


def _locks(demands: Sequence[Demand]) -> Iterator[str]:
    """The kernel lock that bounds one OS instance most, where the kernel counts locks."""
    for lock in serial_locks(demands[-1])[:1] if demands else []:
        yield lock.sentence(demands[-1].unit)


def _warnings(observation: Observation) -> Iterator[str]:
    runs, plan = observation.runs, observation.plan
    if not observation.complete:
        yield f"cut short: {len(runs)} of {len(plan.counts) * plan.repeats} runs were made"
    if len(plan.counts) > 1 and not any(name in word for word in plan.command for name in SIZES):
        yield f"the command has no {PLACEHOLDER}: it must find out itself how many CPUs it may use"
    if len(plan.counts) > 1 and (unlike := loads_unlike(plan.command)):
        yield unlike
    if plan.quota is not None and plan.quota < plan.counts[-1]:
        yield f"this container may use {plan.quota:g} CPUs' worth of time: counts above measure that limit"
    if plan.boundaries:
        after = ", ".join(map(str, plan.boundaries))
        yield f"beyond {after} cores runs spread to second hardware threads or another package: expect a bend there"
    longest = max((run.elapsed_s for run in runs), default=0.0)
    if runs and longest < SHORT_S:
        yield f"runs take {longest:.2g} s at most: starting the program weighs heavily; give it more work"
    if busy := busy_host(observation):
        yield f"{busy}; quieten the host"
    if left := sum(run.left_behind for run in runs):
        yield (
            "1 process outlived its run and was ended; make the program wait for it"
            if left == 1
            else f"{left} processes outlived their run and were ended; make the program wait for them"
        )
    yield from _scatter(observation)


def busy_host(observation: Observation) -> str:
    """What others took of the runs' cores, nothing where it is too little to matter."""
    disturbed = [share for run in observation.runs if (share := in_other_hands(run)) > NOISE]
    if not disturbed:
        return ""
    return (
        f"other programs took up to {percent(max(disturbed))} of the cores in "
        f"{len(disturbed)} of {len(observation.runs)} runs"
    )


def in_other_hands(run: Run) -> float:
    """Share of its cores' time that other programs or the hypervisor took; 0 where a run is too short to tell."""
    return (run.others_s + run.stolen_s) / (run.watched_s * run.cores) if run.elapsed_s >= SHORT_S else 0.0


def _scatter(observation: Observation) -> Iterator[str]:
    spreads = {}
    for count in observation.plan.counts:
        values = [run.throughput for run in observation.runs if run.cores == count]
        if len(values) > 1:
            spreads[count] = (max(values) - min(values)) / statistics.median(values)
    wide = {count: spread for count, spread in spreads.items() if spread > SCATTER}
    if wide:
        worst = max(wide, key=lambda count: wide[count])
        by = f"repeats differ by up to {percent(wide[worst])} (at {counted(worst, 'core')})"
        yield f"{by}; more --repeats narrow the answer"
