"""`cerberus-plan verify -- COMMAND`: run the plan for real, with processes as instances, beside one big instance."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cerberus_plan.cli import measured, report_file
from cerberus_plan.cli.json_output import print_document
from cerberus_plan.cli.report_file import ReportFile
from cerberus_plan.model.digits import counted
from cerberus_plan.model.errors import CerberusError, InputError

if TYPE_CHECKING:
    from cerberus_plan.planner.verify.judge import Judgement
    from cerberus_plan.planner.verify.rounds import Sample
    from cerberus_plan.planner.verify.splits_to_run import Prediction, Split

KERNEL = (
    "Processes on one kernel split its address-space lock, never its file-system and network locks: "
    "VMs may gain more where those are the bottleneck."
)


def verify(
    command: Annotated[
        list[str],
        typer.Argument(help="Program and arguments, after --; {instances}, {instance}, {cores}, {cpus} are filled in."),
    ],
    *,
    workload: Annotated[
        str | None, typer.Option(help="Workload whose prediction to compare: shipped, or a file.")
    ] = None,
    machine: Annotated[
        str | None, typer.Option(help="Machine to predict for.", show_default="this host, else amd48")
    ] = None,
    cores: Annotated[int | None, typer.Option(help="Cores to use.", min=2, show_default="all")] = None,
    vms: Annotated[int | None, typer.Option(help="Instances of the split to run.", min=1)] = None,
    cores_per_vm: Annotated[int | None, typer.Option(help="Its cores per instance.", min=1)] = None,
    rounds: Annotated[int, typer.Option(help="Counted rounds; each runs every split once.", min=1, max=1000)] = 7,
    regex: Annotated[
        str | None, typer.Option(help="Finds an instance's work per second in its output, as 'ops/s: ([0-9.]+)'.")
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds after which a run is ended.", min=0.1)] = 600.0,
    seed: Annotated[int, typer.Option(help="Of the random order of runs.")] = 0,
    record: Annotated[
        Path | None, typer.Option(help="Workload file to add the counted runs to, with --regex; made when missing.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    report: ReportFile = None,
) -> None:
    """Run the command once per instance against one big instance, paired and interleaved; predicted beside measured.

    Without --regex, work is taken to be in proportion to {cores}: give that to the program as its number of workers.
    Ctrl-C, failures and kill leave no process and no cgroup behind. Exit code 4: a prediction is refuted.
    """
    from cerberus_plan.calibration.host.identity import allowed_cpus
    from cerberus_plan.calibration.host.topology import system_topology
    from cerberus_plan.calibration.programs.observe.meter import Meter
    from cerberus_plan.calibration.programs.observe.signals import Signals, Stopped
    from cerberus_plan.planner.placing.placement import place
    from cerberus_plan.planner.verify.cpusets import open_cpusets
    from cerberus_plan.planner.verify.judge import DISAGREEMENT, pressure
    from cerberus_plan.planner.verify.rounds import measure
    from cerberus_plan.planner.verify.splits_to_run import splits_to_run
    from cerberus_plan.planner.verify.together import Order

    _check(record, regex)
    report_file.check(report)
    meter = Meter.of(rate=regex)
    topology = system_topology(allowed_cpus())
    total = _cores(cores, topology.n_cpus)
    prediction = None if workload is None else _prediction(machine, workload, total)
    splits = splits_to_run(total, prediction, _wanted(vms, cores_per_vm, total))
    if len(splits) < 2:
        raise InputError(f"only one split of {total} cores is asked for; give --vms and --cores-per-vm of another")
    placements = [place(topology, split) for split in splits]
    order = Order(command=tuple(command), timeout_s=timeout)
    samples: list[Sample] = []
    ended: Stopped | CerberusError | None = None
    try:
        with Signals() as signals, open_cpusets() as cpusets:
            how = "cgroup cpusets" if cpusets else "affinity"
            typer.echo(
                f"{counted(len(splits), 'split')}, a warm-up and {counted(rounds, 'round')}, pinned by {how}", err=True
            )
            if (busy := pressure()) is not None:
                typer.echo(busy, err=True)
            for sample in measure(order, placements, meter, rounds=rounds, seed=seed, signals=signals, cpusets=cpusets):
                samples.append(sample)
                _progress(sample, splits)
    except (Stopped, CerberusError) as error:  # what was measured before may have taken hours
        ended = error
    if not any(sample.round for sample in samples):
        if isinstance(ended, Stopped):
            typer.echo("stopped before the first counted round: nothing to compare", err=True)
        refuted = False
    else:
        document, refuted = _tell(splits, samples, prediction, how, as_json=as_json)
        if record is not None:
            _record(record, splits, samples)
        if report is not None:  # last: where it cannot be written, answer and record are safe
            _write_page(report, document)
    measured.leave(ended, "no process and no cgroup is left")
    if refuted:
        raise typer.Exit(DISAGREEMENT)


# What follows the program's name belongs to the program.
verify.context_settings = {"allow_interspersed_args": False}  # type: ignore[attr-defined]


def _check(record: Path | None, regex: str | None) -> None:
    if record is None:
        return
    from cerberus_plan.planner.tune import record as recording

    if regex is None:
        raise InputError(f"--record {record} needs --regex: without it runs have a time, but no throughput in a unit")
    recording.check(record)


def _record(record: Path, splits: list[Split], samples: list[Sample]) -> None:
    """The counted runs as rows [[measured]]; the warm-up is no evidence."""
    from cerberus_plan.planner.tune import record as recording

    kept = [sample for sample in samples if sample.round > 0]
    runs = [((len(splits[one.split]), splits[one.split][0]), one.rate, min(one.others, 1.0)) for one in kept]
    recording.keep(record, runs, unit="operations/s")
    typer.echo(f"added {counted(len(runs), 'run')} to {record}", err=True)


def _cores(cores: int | None, available: int) -> int:
    if cores is not None and cores > available:
        raise InputError(f"--cores {cores}: this process may use {available} CPUs; ask for fewer, or run it there")
    total = available if cores is None else cores
    if total < 2:
        raise InputError("this process may use one CPU only; a comparison of splits needs two")
    return total


def _wanted(vms: int | None, cores_per_vm: int | None, total: int) -> Split | None:
    if (vms is None) != (cores_per_vm is None):
        raise InputError("--vms and --cores-per-vm go together: give both, or neither")
    if vms is None or cores_per_vm is None:
        return None
    if vms * cores_per_vm > total:
        needed = counted(vms * cores_per_vm, "CPU")
        asked = f"--vms {vms} --cores-per-vm {cores_per_vm}"
        raise InputError(f"{asked} needs {needed}; this run has {total}: ask for fewer, or raise --cores")
    return (cores_per_vm,) * vms


def _prediction(machine: str | None, workload: str, cores: int) -> Prediction:
    from cerberus_plan.calibration.store import catalog
    from cerberus_plan.choices import machine_for
    from cerberus_plan.planner.verify.splits_to_run import predict

    return predict(machine_for(machine), catalog.workload(workload), cores)


def _name(split: Split) -> str:
    return f"{len(split)} x {split[0]}"


def _progress(sample: Sample, splits: list[Split]) -> None:
    turn = "warm-up" if sample.round == 0 else f"round {sample.round}"
    typer.echo(f"{turn}: {_name(splits[sample.split])} took {sample.seconds:.2f} s", err=True)


def _tell(
    splits: list[Split],
    samples: list[Sample],
    prediction: Prediction | None,
    how: str,
    *,
    as_json: bool,
) -> tuple[dict[str, Any], bool]:
    """Print the comparison; its document, and True when a prediction was refuted."""
    from cerberus_plan.planner.verify.judge import DISAGREE, doubts, judge
    from cerberus_plan.planner.verify.rounds import ratios

    measured = ratios(samples, base=0)
    predicted = {} if prediction is None else prediction.ratios
    judged = [judge(measured.get(i), predicted.get(split), samples) if i else None for i, split in enumerate(splits)]
    rows = [
        {
            "split": list(split),
            "measured": None if i not in measured else asdict(measured[i]),
            "predicted": None if split not in predicted else asdict(predicted[split]),
            **_judgement(judged[i]),
            "seconds": [sample.seconds for sample in samples if sample.split == i and sample.round > 0],
        }
        for i, split in enumerate(splits)
    ]
    told = [each.trust for each in judged if each is not None]  # a doubt that no verdict gave as its reason
    untold = [text for text in doubts(samples) if not any(text in trust for trust in told)]
    notes = [KERNEL, *(f"{text[0].upper()}{text[1:]}." for text in untold)]
    refuted = any(each is not None and each.verdict == DISAGREE for each in judged)
    document = {"pinned_by": how, "splits": rows, "samples": [asdict(s) for s in samples], "notes": notes}
    if as_json:
        print_document(document)
    else:
        _show(rows, splits, notes)
    return document, refuted


def _write_page(report: Path, document: dict[str, Any]) -> None:
    from cerberus_plan.reports.pages.verify_page import verify_page

    report_file.write(report, verify_page(document, command=report_file.command(), version=report_file.version()))


def _judgement(judged: Judgement | None) -> dict[str, Any]:
    from cerberus_plan.planner.verify.judge import AGREE, DISAGREE

    if judged is None:
        return {"agrees": None}
    return {"agrees": {AGREE: True, DISAGREE: False}.get(judged.verdict), **asdict(judged)}


def _show(rows: list[dict[str, Any]], splits: list[Split], notes: list[str]) -> None:
    from rich.table import Table

    from cerberus_plan.planner.verify.judge import AGREE
    from cerberus_plan.reports.text.console import literal_console, print_whole

    console = literal_console()
    table = Table(title="throughput relative to one big instance, 90 % intervals", title_justify="left")
    for column in ("instances x cores", "measured", "predicted", ""):
        table.add_column(column)
    for row, split in zip(rows, splits, strict=True):
        table.add_row(_name(split), _interval(row["measured"]), _interval(row["predicted"]), row.get("verdict", ""))
    print_whole(console, table)
    for row, split in zip(rows, splits, strict=True):
        if row.get("verdict", AGREE) != AGREE:
            console.print(f"{_name(split)}: trust {row['trust']}; next: {row['next']}")
    for note in notes:
        console.print(note)


def _interval(ratio: dict[str, Any] | None) -> str:
    from cerberus_plan.reports.formats import number, spread

    if ratio is None:
        return "not known"
    if ratio["low"] is None or math.isclose(ratio["low"], ratio["high"], rel_tol=1e-3):
        # the split that all are compared with
        return number(ratio["value"])
    return spread(ratio["value"], ratio["low"], ratio["high"])
