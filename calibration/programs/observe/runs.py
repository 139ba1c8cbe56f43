"""The whole observation: one trial, probes, then interleaved repeats at every core count in random order.

Procedure: a trial run at the largest count shows that the command works and warms caches; it is not counted.
Then rounds: each round measures every count once, in an order drawn anew, so that drift of the machine (heat,
neighbours, file caches) falls on all counts alike. Every run is kept; nothing is averaged away here.
When not to use it: for programs whose state grows from run to run (a database that fills up).
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace

from cerberus_plan.calibration.programs.demand import Demand, LockUse
from cerberus_plan.calibration.programs.load_latency import LoadLatency, read_latency
from cerberus_plan.calibration.programs.observe import cpus as cpu_choice
from cerberus_plan.calibration.programs.observe import locks, probes
from cerberus_plan.calibration.programs.observe.neighbours import watched
from cerberus_plan.calibration.programs.observe.process import Finished, run
from cerberus_plan.calibration.programs.observe.run_plan import Plan
from cerberus_plan.calibration.programs.observe.served import ServerUse
from cerberus_plan.calibration.programs.observe.signals import Signals
from cerberus_plan.model.digits import counted
from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.model.quantity import Quantity

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One counted run.

    Attributes:
        cores: CPUs it had.
        throughput: units of work per second.
        demand: per unit of work.
        elapsed_s: from its start to its end [s].
        watched_s: time in which others_s, stolen_s, load_s and load_on_cores_s were counted [s]: a server's under load.
        others_s: seconds that others kept its CPUs busy [s]; ticks of 10 ms, so meaningful for long runs.
        stolen_s: seconds that the hypervisor kept its CPUs [s].
        left_behind: processes it did not wait for.
        load_s: processor seconds of a server's load, beside what the demand counts [s]; 0 without a server.
        load_on_cores_s: of it, on the run's own cores [s].
        latency: response times that the load printed; None where it printed none that is known.
    """

    cores: int
    throughput: float
    demand: Demand
    elapsed_s: float
    watched_s: float
    others_s: float
    stolen_s: float
    left_behind: int
    load_s: float = 0.0
    load_on_cores_s: float = 0.0
    latency: LoadLatency | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What probes and streams beside it tell of the program at the smallest count, and what was not available."""

    counters: Demand | None = None
    calls: Demand | None = None
    notes: tuple[str, ...] = ()
    memory_bytes: Quantity | None = None


def trial(plan: Plan, signals: Signals) -> Finished:
    """One run at the largest count that is not counted.

    Raises:
        InputError: the program cannot be started, or its output does not hold the number looked for.
        CannotAnswerError: it failed.
        Stopped: the user asked to stop.
    """
    done = _run(plan, plan.counts[-1], signals)
    plan.meter.throughput(done)
    return done


def extras(plan: Plan, usual_s: float, signals: Signals, say: Progress) -> Extras:
    """What perf and strace see at the smallest count, or why they cannot.

    Args:
        plan: what to run.
        usual_s: seconds that a run took at the largest count; one at the smallest may take as many times longer.
        signals: the active context.
        say: takes sentences for people.

    Raises:
        Stopped: the user asked to stop.
    """
    least = plan.counts[0]
    found: dict[str, Demand] = {}
    notes = []
    for name in probes.PROBES:
        say(f"looking with {name} at {counted(least, 'core')}")
        try:
            found[name] = probes.look(
                name,
                plan.command_for(least),
                cpus=plan.cpus[:least],
                usual_s=usual_s * plan.counts[-1] / least,
                meter=plan.meter,
                signals=signals,
            )
        except CannotAnswerError as error:
            notes.append(f"not collected: {error}")
            say(notes[-1])
    return Extras(counters=found.get("perf stat"), calls=found.get("strace -c"), notes=tuple(notes))


def measure(plan: Plan, signals: Signals) -> Iterator[Run]:
    """The counted runs, one by one, as they finish.

    Raises:
        InputError: the output of a run does not hold the number looked for.
        CannotAnswerError: a run failed.
        Stopped: the user asked to stop.
    """
    for count in plan.schedule():
        chosen = plan.cpus[:count]
        before, locked = cpu_choice.busy(chosen), locks.look()
        done = _run(plan, count, signals)
        found = _locks(locked) if locked is not None else ()
        noise = cpu_choice.busy(chosen).since(before)
        server = done.server
        work = plan.meter.work(done) if server is None else plan.meter.throughput(done) * server.elapsed_s
        beside = watched(done, noise, chosen, plan.load_cpus)
        yield Run(
            cores=count,
            throughput=plan.meter.throughput(done),
            demand=replace(_demand(server or done, count), locks=found).per(work, plan.meter.unit),
            elapsed_s=done.elapsed_s,
            left_behind=done.left_behind,
            **asdict(beside),
            latency=None if server is None else read_latency(done.output),
        )


def _locks(before: dict[tuple[str, str], LockUse]) -> tuple[LockUse, ...]:
    after = locks.look()
    return () if after is None else locks.used(before, after)


def _run(plan: Plan, count: int, signals: Signals) -> Finished:
    done = run(plan.command_for(count), cpus=plan.cpus[:count], timeout_s=plan.timeout_s, signals=signals)
    if done.failure is not None:
        advice = "; give more with --timeout" if done.timed_out else ""
        shown = plan.title or shlex.join(plan.command_for(count))
        what = f"{shown} {done.failure} on {counted(count, 'core')}{advice}"
        raise CannotAnswerError(f"{what}; its output ends with\n{done.tail}")
    return done


def _demand(done: Finished | ServerUse, count: int) -> Demand:
    """Of the command and its children, or of a server alone, without its start and its warm-up."""
    return Demand(
        cores=count,
        elapsed_s=done.elapsed_s,
        user_s=done.user_s,
        system_s=done.system_s,
        cpu_s=done.user_s + done.system_s,
        page_faults=float(done.minor_faults + done.major_faults),
        major_faults=float(done.major_faults),
        context_switches=float(done.voluntary_switches + done.involuntary_switches),
        voluntary_switches=float(done.voluntary_switches),
        involuntary_switches=float(done.involuntary_switches),
        read_bytes=float(done.read_bytes),
        written_bytes=float(done.written_bytes),
    )
