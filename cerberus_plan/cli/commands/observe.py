"""`cerberus-plan observe -- COMMAND`: run the user's program at several core counts, learn its curve and demand."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cerberus_plan.cli import report_file
from cerberus_plan.cli.json_output import print_document
from cerberus_plan.cli.report_file import ReportFile
from cerberus_plan.cli.server_options import Load, LoadCpus, Ready, Server, Target, WarmUps, served_command
from cerberus_plan.model.errors import CannotAnswerError, CerberusError, InputError

if TYPE_CHECKING:
    from cerberus_plan.calibration.programs.observe.observation import Observation
    from cerberus_plan.calibration.programs.observe.run_plan import Plan
    from cerberus_plan.calibration.programs.observe.runs import Extras, Run
    from cerberus_plan.calibration.programs.observe.signals import Signals
    from cerberus_plan.model.workload import Workload
    from cerberus_plan.planner.verify.observed import SplitRun

DEFAULT_TIMEOUT_S = 600.0


def observe(
    command: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="-- COMMAND...",
            help="Program and arguments; {cores}, {cpus}, {instance}, {instances} are filled in.",
        ),
    ] = None,
    *,
    cores: Annotated[str | None, typer.Option(help="Core counts, as in 1,2,4. Default: 1, 2, 4, ... all.")] = None,
    repeats: Annotated[int, typer.Option(help="Runs at each count, in random order.")] = 3,
    regex: Annotated[
        str | None, typer.Option(help="Finds units of work per second in the output, as 'ops/s: ([0-9.]+)'.")
    ] = None,
    time_regex: Annotated[
        str | None, typer.Option(help="Finds the seconds of one run in the output; throughput is 1/seconds.")
    ] = None,
    by_time: Annotated[
        bool, typer.Option("--time", help="Throughput is 1/wall-clock time of the command (the default).")
    ] = False,
    unit: Annotated[str | None, typer.Option(help="What work is counted in, as 'request'.")] = None,
    timeout: Annotated[
        float, typer.Option(help="Seconds after which a run is ended; 0 for never.")
    ] = DEFAULT_TIMEOUT_S,
    probe: Annotated[bool, typer.Option(help="Look with perf stat and strace too, where they are there.")] = True,
    splits: Annotated[
        bool, typer.Option(help="Run splits of the largest count too: 2 x n/2 and n x 1 beside 1 x n.")
    ] = True,
    memory: Annotated[
        bool,
        typer.Option(help="Where perf counts no cache misses, learn bytes of memory beside streams; takes the host."),
    ] = False,
    server: Server = None,
    load: Load = None,
    ready: Ready = None,
    warm_ups: WarmUps = 1,
    load_cpus: LoadCpus = None,
    pid: Annotated[
        int | None, typer.Option(help="A server that runs already: its demand on the CPUs it has.", min=1)
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the random order of runs.")] = 0,
    output: Annotated[
        str | None,
        typer.Option(
            help="Folder, or start of the names, for curve.csv, demand.json and workload.toml; or mine.toml, the last."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    report: ReportFile = None,
) -> None:
    """Run a program on 1, 2, 4, ... cores; learn how it scales and what a unit of its work asks for."""
    from cerberus_plan.calibration.programs.observe import keep
    from cerberus_plan.calibration.programs.observe.meter import Meter
    from cerberus_plan.calibration.programs.observe.signals import Signals, Stopped

    report_file.check(report)
    if by_time and (regex or time_regex):
        raise InputError("--time reads the clock; leave it out to read the output with --regex or --time-regex")
    served = served_command(command, server, load, pid, ready=ready, warm_ups=warm_ups, load_cpus=load_cpus)
    if served is not None and not (regex or time_regex):
        raise InputError("a server's work is read from what its load prints: give --regex (a rate)")
    plan = _plan(
        served or Target(tuple(command or ())),
        None if cores is None else _counts(cores),
        repeats=repeats,
        timeout_s=timeout or None,
        meter=Meter.of(rate=regex, seconds=time_regex, unit=unit),
        seed=seed,
    )
    if memory and served is not None:
        raise InputError("--memory runs a program beside streams; a server's load would count too: leave it out")
    probe, splits = probe and served is None, splits and pid is None
    files = None if output is None else keep.files_for(output)
    runs: list[Run] = []
    extras: list[Extras] = []
    divided: list[SplitRun] = []
    try:
        with Signals() as signals:
            _observe(plan, signals, runs, extras, probe=probe)
            if memory:
                extras[:] = [_beside_streams(plan, signals, extras)]
            if splits:
                _divide(plan, signals, divided)
    except (Stopped, CerberusError) as error:
        _give(plan, runs, extras, divided, files, as_json=as_json, report=report)
        if isinstance(error, Stopped):
            _say(str(error) + ("" if runs else "; nothing was written"))
            raise typer.Exit(128 + error.signum) from error
        raise
    _give(plan, runs, extras, divided, files, as_json=as_json, report=report)


def _plan(what: Target, counts: list[int] | None, **settings: Any) -> Plan:
    """Where and how often it is run; a server that runs already keeps the CPUs it has."""
    from cerberus_plan.calibration.host.identity import affinity
    from cerberus_plan.calibration.programs.observe.run_plan import Plan, available

    place = available(counts, without=what.load_cpus or ())
    if what.pid is not None:
        if counts is not None:
            raise InputError("--cores belongs to a --server that is started here; one with --pid keeps its CPUs")
        cpus = affinity(what.pid)
        place = replace(place, counts=(len(cpus),), cpus=cpus, boundaries=())
    return Plan(
        command=what.command,
        counts=place.counts,
        cpus=place.cpus,
        boundaries=place.boundaries,
        quota=place.quota,
        title=what.title,
        load_cpus=what.load_cpus,
        **settings,
    )


# What follows the program's name belongs to the program, with or without -- before it.
observe.context_settings = {"allow_interspersed_args": False}  # type: ignore[attr-defined]


def _observe(plan: Plan, signals: Signals, runs: list[Run], extras: list[Extras], *, probe: bool) -> None:
    """Trial, probes and counted runs; what is finished is in `runs` and `extras` whatever happens."""
    from cerberus_plan.calibration.programs.observe import runs as session
    from cerberus_plan.calibration.programs.observe.meter import Kind
    from cerberus_plan.calibration.programs.observe.rate_seen import rate_seen
    from cerberus_plan.model.digits import counted
    from cerberus_plan.model.plain import shown
    from cerberus_plan.reports.formats import number

    most = counted(plan.counts[-1], "core")
    _say(f"trial run of `{plan.text}` on {most} (not counted)")
    trial = session.trial(plan, signals)
    if plan.meter.kind is Kind.CLOCK and (seen := rate_seen(trial.output)):
        _say(f"the clock is read, and the program prints {shown(seen.line)}: --regex {quote(seen.regex)} reads that")
    if probe:
        extras.append(session.extras(plan, trial.elapsed_s, signals, _say))
    total = len(plan.schedule())
    started = time.monotonic()
    for run in session.measure(plan, signals):
        runs.append(run)
        done = len(runs)
        rest = _left(started, done, total)
        rate = f"{number(run.throughput, 4)} {plan.meter.unit}s/s"
        _say(f"[{done}/{total}] {counted(run.cores, 'core')}: {rate} in {_duration(run.elapsed_s)}{rest}")


def _left(started: float, done: int, total: int, *, uncounted: int = 0) -> str:
    """How long the rest takes at the pace so far; runs that are not counted took their time too."""
    if done == total:
        return ""
    return f", about {_duration((time.monotonic() - started) / (done + uncounted) * (total - done))} left"


def _beside_streams(plan: Plan, signals: Signals, extras: list[Extras]) -> Extras:
    from cerberus_plan.calibration.programs.observe.runs import Extras as NoExtras
    from cerberus_plan.planner.verify.beside_streams import with_memory

    return with_memory(plan, signals, extras[0] if extras else NoExtras(), _say)


def _divide(plan: Plan, signals: Signals, divided: list[SplitRun]) -> None:
    """Runs of splits; a program that cannot run beside itself has a curve only, and that is said."""
    from cerberus_plan.planner.verify.observed import run_splits, splits
    from cerberus_plan.reports.formats import number

    each = len(splits(plan.counts[-1]))
    if each:
        _say("the same cores divided among instances; each split runs once more, not counted")
    started = time.monotonic()
    try:
        for run in run_splits(plan, signals):
            divided.append(run)
            rest = _left(started, len(divided), each * plan.repeats, uncounted=each)
            name = f"{run.split[0]} x {run.split[1]}"
            _say(f"[{len(divided)}/{each * plan.repeats}] {name}: {number(run.rate, 4)} {plan.meter.unit}s/s{rest}")
    except CannotAnswerError as error:
        divided.clear()
        _say(f"splits were not measured: {error}")
        _say("if it cannot run twice at a time (a port, a file), give {instance} to what must differ, or --no-splits")


def _give(
    plan: Plan,
    runs: list[Run],
    extras: list[Extras],
    divided: list[SplitRun],
    files: list[Path] | None,
    *,
    as_json: bool,
    report: Path | None,
) -> None:
    """Print and write what was finished; nothing if no run was.

    Raises:
        CerberusError: A file cannot be written; what was to be in it is printed before, for it may have taken hours.
    """
    from cerberus_plan.calibration.programs.observe import keep
    from cerberus_plan.calibration.programs.observe.observation import Observation
    from cerberus_plan.calibration.programs.observe.runs import Extras as NoExtras
    from cerberus_plan.planner.verify.observed import latencies, learned, rows

    if not runs:
        return
    observation = Observation(plan=plan, runs=tuple(runs), extras=extras[0] if extras else NoExtras())
    measured, times, costs = rows(observation, divided), latencies(observation), _costs()
    made = keep.workload_from(observation, costs, measured, times)
    written: list[str] = []
    failure: CerberusError | None = None
    try:
        written = [] if files is None else keep.write(observation, files, made=made)
    except CerberusError as error:
        failure = error
    document = _document(observation, written) | learned(observation, made, costs, measured)
    document["latencies"] = [asdict(one) for one in times]
    if as_json:
        print_document(document, indent=2)
    else:
        from cerberus_plan.reports.text.observe_text import print_observation

        print_observation(document, work=plan.meter.unit)
    if failure is not None:
        raise failure
    if not as_json:
        _say(_next(files, made))
    if report is not None:
        from cerberus_plan.reports.pages.observe_page import observe_page

        page = observe_page(document, command=report_file.command(), version=report_file.version())
        report_file.write(report, page)


def _next(files: list[Path] | None, made: Workload | None) -> str:
    """What to do with what was learned."""
    if made is None:
        keep = (
            "--output mine/ keeps the curve"
            if files is None
            else f"extend the curve: cerberus-plan fit {quote(str(files[0]))}"
        )
        return f"no workload was written: no processor time was seen; {keep}"
    if files is None:
        return "nothing was kept: --output mine.toml writes what `cerberus-plan --workload mine.toml` plans with"
    return f"plan with it: cerberus-plan --workload {quote(str(files[-1]))}"


def _costs() -> dict[str, float] | None:
    """This host's costs; a broken profile must not cost the user the runs, so it is only mentioned."""
    from cerberus_plan.calibration.programs.observe import keep

    try:
        return keep.costs_here()
    except InputError as error:
        _say(f"this host's profile is not used: {error}")
        return None


def _document(observation: Observation, written: list[str]) -> dict[str, Any]:
    from cerberus_plan.calibration.host.identity import this_host
    from cerberus_plan.calibration.programs.call_families import call_mix

    plan = observation.plan
    return {
        "command": list(plan.command),
        "program": plan.text,
        "host": this_host().to_record(),
        "unit": observation.curve.unit,
        "complete": observation.complete,
        "curve": [{"n": point.n, "values": list(point.values)} for point in observation.curve.points],
        "runs": [_without_demand(run) for run in observation.runs],
        "demands": [asdict(demand) for demand in observation.demands],
        "boundaries": list(plan.boundaries),
        "system_call_mix": call_mix(observation.demands[0]),
        "findings": observation.findings,
        "files": written,
    }


def _without_demand(run: Run) -> dict[str, Any]:
    """A run as numbers; its demand is told in the median over repeats."""
    return {name: value for name, value in asdict(run).items() if name != "demand"}


def _counts(text: str) -> list[int]:
    """Core counts separated by commas.

    Raises:
        InputError: something else is between the commas.
    """
    found = []
    for cell in text.split(","):
        if not (cell.strip().isascii() and cell.strip().isdigit() and len(cell) < 10):
            raise InputError(
                f"--cores {text[:60]}: {cell.strip()[:20]!r} is not a number of cores; write them as in 1,2,4"
            )
        found.append(int(cell))
    return found


def _duration(seconds: float) -> str:
    """A waiting time in words."""
    if seconds < 100:
        return f"{seconds:.2g} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _say(text: str) -> None:
    typer.echo(text, err=True)
