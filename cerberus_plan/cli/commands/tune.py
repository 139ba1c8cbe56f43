"""`cerberus-plan tune -- COMMAND`: find a good split by running few of them for real."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cerberus_plan.cli import measured, report_file, split_list
from cerberus_plan.cli.json_output import print_document
from cerberus_plan.cli.one_thread import load_numpy
from cerberus_plan.cli.report_file import ReportFile
from cerberus_plan.cli.server_options import Load, Ready, Server, WarmUps, served_command
from cerberus_plan.model.digits import counted
from cerberus_plan.model.errors import CerberusError, InputError

if TYPE_CHECKING:
    from cerberus_plan.calibration.programs.observe.meter import Meter
    from cerberus_plan.calibration.splits.search import Search
    from cerberus_plan.planner.tune.run_split import SplitRun

THROUGHPUT = r"throughput: *([0-9.eE+-]+)"
# A share of the CPUs' time in other hands that spoils a run.
BUSY = 0.1
# The kernel counts in ticks of 10 ms: shorter runs do not tell who used the CPUs.
TELLING_S = 0.5


def tune(
    command: Annotated[
        list[str] | None,
        typer.Argument(
            help="Program and arguments, after --. With {instances} it divides itself and runs once, {instances} and "
            "{cores} filled in; otherwise it is started once an instance, pinned ({instance}, {cores}, {cpus})."
        ),
    ] = None,
    *,
    cores: Annotated[
        int | None,
        typer.Option(help="Cores to split.", min=1, max=split_list.LARGEST, show_default="all this process may use"),
    ] = None,
    splits: Annotated[
        str | None, typer.Option(help="Splits to choose from, as in 1x64,2x32; default all of --cores.")
    ] = None,
    budget: Annotated[int, typer.Option(help="Different splits to run at most.", min=1, max=500)] = 4,
    regret: Annotated[
        float, typer.Option(help="Stop when the choice is expected to lose at most this share.", min=0.0, max=0.5)
    ] = 0.02,
    regex: Annotated[str, typer.Option(help="Finds work per second in the output; instances are added.")] = THROUGHPUT,
    time_regex: Annotated[
        str | None, typer.Option(help="Finds the seconds of the run in the output instead: the fewer the better.")
    ] = None,
    time: Annotated[
        bool, typer.Option("--time", help="The faster the better: the run itself is timed, no output is read.")
    ] = False,
    repeats: Annotated[
        int, typer.Option(help="Runs of one split at most; only close rivals are run again.", min=1, max=100)
    ] = 3,
    timeout: Annotated[float, typer.Option(help="Seconds after which a run is ended.", min=0.1)] = 3600.0,
    record: Annotated[
        Path | None, typer.Option(help="Workload file to add the runs to; made when it does not exist.")
    ] = None,
    server: Server = None,
    load: Load = None,
    ready: Ready = None,
    warm_ups: WarmUps = 1,
    unit: Annotated[str, typer.Option(help="Unit of throughput of a new --record file.")] = "operations/s",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    report: ReportFile = None,
) -> None:
    """Measure few splits, chosen by what the ones before say, until the choice is good enough; then recommend.

    Ctrl-C keeps what was measured; failures leave no process behind.
    """
    report_file.check(report)
    load_numpy()
    from cerberus_plan.calibration.programs.observe.served import apart
    from cerberus_plan.calibration.programs.observe.signals import Signals, Stopped
    from cerberus_plan.calibration.splits.search import Search
    from cerberus_plan.planner.tune import record as recording
    from cerberus_plan.planner.tune.rounds import tune as tuned
    from cerberus_plan.planner.tune.run_split import Runner
    from cerberus_plan.planner.verify.cpusets import open_cpusets

    served = served_command(command, server, load, None, ready=ready, warm_ups=warm_ups, load_cpus=None)
    command = list(served.command) if served is not None else command
    if not command:
        raise InputError("give the command to run after --, as in: tune --cores 16 -- ./program --threads {cores}")
    meter, timed = _meter(regex, time_regex, time=time, served=served is not None), time or time_regex is not None
    search = Search(candidates=_candidates(command, cores, splits), budget=budget, target=regret)
    if record is not None:
        recording.check(record)
    runs: list[SplitRun] = []
    regrets: list[float] = []
    ended: Stopped | CerberusError | None = None
    try:
        with Signals() as signals, open_cpusets() as cpusets:
            runner = Runner.here(command, meter, timeout, signals, cpusets)

            def measure(split: tuple[int, int]) -> SplitRun:
                typer.echo(f"run {len(runs) + 1}: {split_list.name(split)} ...", err=True)
                return runner.measure(split)

            for done in tuned(search, measure, repeats=repeats):
                runs.append(done)
                regrets.append(search.regret)
                _progress(done, search, time=timed)
    except (Stopped, CerberusError) as error:  # what was measured before may have taken hours
        ended = error
    if runs:
        answer = document(search, runs, time=timed, regrets=regrets, ended=ended) | {"caution": apart(command)}
        _tell(answer, as_json=as_json)
        if record is not None:
            named = "runs/s" if timed and unit == "operations/s" else unit
            _record(record, runs, unit=named, caution=answer["caution"])
        if report is not None:
            from cerberus_plan.reports.pages.tune_page import tune_page

            command_, version = report_file.command(), report_file.version()
            report_file.write(report, tune_page(answer, command=command_, version=version))
    known = "what was measured is above" if runs else "nothing was measured"
    measured.leave(ended, f"{known}; no process is left")


# What follows the program's name belongs to the program.
tune.context_settings = {"allow_interspersed_args": False}  # type: ignore[attr-defined]


def _meter(regex: str, time_regex: str | None, *, time: bool, served: bool) -> Meter:
    """How a run's throughput is read.

    Raises:
        InputError: Two ways are asked for, or one that says nothing of a server.
    """
    from cerberus_plan.calibration.programs.observe.meter import Meter

    if served and time:
        raise InputError("--time would count the server's start; give --regex, which reads what the load prints")
    if time and time_regex is not None:
        raise InputError("--time takes the clock and --time-regex reads the output; give one of them")
    timed = time or time_regex is not None
    if timed and regex != THROUGHPUT:
        raise InputError("--regex reads a rate; leave it out to take the time, with --time or --time-regex")
    return Meter.of(rate=None if timed else regex, seconds=time_regex)


def _record(path: Path, runs: list[SplitRun], *, unit: str, caution: str | None) -> None:
    from cerberus_plan.planner.tune import record

    rates = [(run.split, run.throughput, min(run.others + run.stolen, 1.0)) for run in runs]
    times = [(run.split, run.latency) for run in runs]
    record.keep(path, rates, unit=unit, latencies=times, caution=caution)
    told = f"added {counted(len(runs), 'run')} to {path}; plan with it: cerberus-plan --workload {quote(str(path))}"
    typer.echo(told, err=True)


def _candidates(command: list[str], cores: int | None, splits: str | None) -> list[tuple[int, int]]:
    from cerberus_plan.calibration.host.identity import allowed_cpus
    from cerberus_plan.calibration.programs.observe.served import loads_unlike
    from cerberus_plan.calibration.splits.fit import splits_of
    from cerberus_plan.planner.tune.run_split import DIVIDES, divides

    if unlike := loads_unlike(command):
        typer.echo(unlike, err=True)
    available = len(allowed_cpus())
    if splits is not None:
        found = split_list.splits(splits, cores)
    else:
        found = splits_of(available if cores is None else cores)
    most = max(m * k for m, k in found)
    if most > available and not divides(command):
        raise InputError(
            f"{most} cores are asked for and this process may use {available}; ask for fewer --cores, "
            f"or write {DIVIDES} into a command that divides itself"
        )
    return found


def _progress(done: SplitRun, search: Search, *, time: bool) -> None:
    from cerberus_plan.reports.formats import percent, reading

    seen = f"{reading(1 / done.throughput)} s" if time else reading(done.throughput)
    typer.echo(
        f"{split_list.name(done.split)}: {seen}; best so far {split_list.name(search.best)}, "
        f"expected regret {percent(search.regret)}",
        err=True,
    )
    if done.seconds < TELLING_S:
        return
    if done.others > BUSY:
        typer.echo(
            f"busy host: other programs took {percent(done.others)} of these CPUs; end them and run again", err=True
        )
    if done.stolen > BUSY:
        typer.echo(f"busy host: the hypervisor kept {percent(done.stolen)} of these CPUs from us", err=True)


def document(
    search: Search, runs: list[SplitRun], *, time: bool, regrets: list[float], ended: BaseException | None = None
) -> dict[str, Any]:
    """The answer; its keys are a contract: add, never rename."""
    best = next(split for split in search.forecasts() if (split.instances, split.cores_per_instance) == search.best)
    if ended is not None:
        stopped = "failed" if isinstance(ended, CerberusError) else "interrupted"
    elif search.sure:
        stopped = "sure"
    else:
        stopped = "all measured" if len(search.different) == len(search.candidates) else "budget"
    return {
        "runs": [
            {
                "instances": run.split[0],
                "cores_per_instance": run.split[1],
                "value": 1 / run.throughput if time else run.throughput,
                "throughput": run.throughput,
                "seconds": run.seconds,
                "others": run.others,
                "stolen": run.stolen,
                "latency": None if run.latency is None else asdict(run.latency),
                "regret_after": regret,
            }
            for run, regret in zip(runs, regrets, strict=True)
        ],
        "best": {
            "instances": best.instances,
            "cores_per_instance": best.cores_per_instance,
            "value": 1 / best.value if time else best.value,
            "low": 1 / best.high if time else best.low,
            "high": 1 / best.low if time else best.high,
            "measured": best.measured,
            "probability_best": best.probability_best,
        },
        "quantity": "time" if time else "throughput",
        "level": 0.9,
        "regret": search.regret,
        "disturbed": sum(map(_disturbed, runs)),
        "stopped": stopped,
    }


def _disturbed(run: SplitRun) -> bool:
    """Whether others kept so much of the CPUs that the run says little."""
    return run.seconds >= TELLING_S and max(run.others, run.stolen) > BUSY


def _tell(answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_document(answer, indent=2)
        return
    from cerberus_plan.reports.formats import reading
    from cerberus_plan.reports.tune_words import doubts, name, unit, verdict

    typer.echo(verdict(answer))
    for doubt in doubts(answer):
        typer.echo(doubt)
    typer.echo()
    for run in answer["runs"]:
        typer.echo(f"{name(run):>12}  {answer['quantity']} {reading(run['value'])} {unit(answer)}".rstrip())
