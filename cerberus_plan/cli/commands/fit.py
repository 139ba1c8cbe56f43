"""`cerberus-plan fit FILE.csv`: from a measured curve or measured splits to a forecast with 90 % intervals."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cerberus_plan.cli import report_file
from cerberus_plan.cli.json_output import print_document
from cerberus_plan.cli.one_thread import load_numpy
from cerberus_plan.cli.report_file import ReportFile
from cerberus_plan.model.errors import InputError

if TYPE_CHECKING:
    from cerberus_plan.calibration.curves.fit import Fit
    from cerberus_plan.model.measurement import Measurement

LARGEST_N = 1_000_000


def fit(
    curve: Annotated[
        Path,
        typer.Argument(
            help="Table: n,value (a curve) or instances,cores_per_instance,value (splits); repeats are welcome. "
            "Or a workload file with [\\[measured]] rows."
        ),
    ],
    *,
    cores: Annotated[
        int | None, typer.Option(help="Splits: cores of the machine to plan for.", min=1, max=LARGEST_N)
    ] = None,
    splits: Annotated[
        str | None, typer.Option(help="Splits: those to choose from, as in 1x64,2x32; default all of --cores.")
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(metavar="cores=NAME,value=NAME", help="Which columns a curve is in, or time=NAME for times."),
    ] = None,
    where: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN=TEXT", help="Curves: use only rows with this text; repeatable.")
    ] = None,
    train_max: Annotated[
        int | None, typer.Option(help="Use only points with n up to this; the rest can be compared.")
    ] = None,
    predict: Annotated[
        str | None, typer.Option(help="Counts to forecast, at most 256, separated by commas, such as 16,32,48.")
    ] = None,
    boundaries: Annotated[
        str | None,
        typer.Option(help="Counts at which the machine changes (socket, SMT siblings, L3), such as 24,48."),
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Write a workload file for the planner.")] = None,
    owner: Annotated[
        str | None,
        typer.Option(
            help="Who owns the contention, for --output: process, kernel or machine. Default: judged by shape."
        ),
    ] = None,
    unit: Annotated[str, typer.Option(help="Unit of throughput, for --output.")] = "operations/s",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    time: Annotated[bool, typer.Option("--time", help="Values are times: smaller is better.")] = False,
    clients: Annotated[bool, typer.Option("--clients", help="n counts clients, not cores.")] = False,
    report: ReportFile = None,
) -> None:
    """Forecast throughput beyond what was measured, with intervals that hold there."""
    load_numpy()
    report_file.check(report)
    if cores is not None or splits is not None or (columns is None and _has_splits(curve)):
        of_curves: dict[str, object] = {
            "--train-max": train_max,
            "--predict": predict,
            "--boundaries": boundaries,
            "--output": output,
        }
        of_curves |= {"--columns": columns, "--where": where}
        of_curves |= {"--owner": owner, "--clients": clients or None}
        _refuse([option for option, given in of_curves.items() if given is not None], curve)
        fit_measured_splits(curve, cores, splits, time=time, as_json=as_json, report=report)
        return
    import numpy as np

    from cerberus_plan.calibration.curves.columns import parse
    from cerberus_plan.calibration.curves.contention import OWNERS
    from cerberus_plan.calibration.curves.document import document
    from cerberus_plan.calibration.curves.fit import fit_curve
    from cerberus_plan.calibration.curves.read import read_noted

    if owner is not None and owner not in OWNERS:
        raise InputError(f"--owner {owner} is not known; use one of {', '.join(OWNERS)}")
    asked = parse(columns, where or ())
    measured, notes = read_noted(curve, time=time, clients=clients, columns=asked)
    time = time or asked.is_time
    for note in notes:
        typer.echo(f"{curve}: {note}", err=True)
    used = measured if train_max is None else measured.up_to(train_max)
    answer = fit_curve(
        used,
        predict=None if predict is None else np.array(counts(predict, "--predict")),
        boundaries=None if boundaries is None else np.array(counts(boundaries, "--boundaries")),
        clients=clients,
    )
    answered = document(answer, inverted=time, clients=clients, measured=measured)
    if output is not None:
        answered["workload"] = written(answer, output, owner, unit)
    if report is not None:
        from cerberus_plan.reports.pages.fit_page import fit_page

        page = fit_page(answered, command=report_file.command(), version=report_file.version())
        report_file.write(report, page)
    if as_json:
        print_document(answered, indent=2)
    else:
        show(answer, answered, curve.name)


def _has_splits(path: Path) -> bool:
    from cerberus_plan.calibration.splits.read import holds_splits

    return path.suffix == ".toml" or holds_splits(path)


def _refuse(options: list[str], path: Path) -> None:
    if options:
        raise InputError(
            f"{', '.join(options)} belongs to a curve of one instance (n,value), but splits are asked for ({path}); "
            "leave it out"
        )


def fit_measured_splits(
    path: Path, cores: int | None, splits: str | None, *, time: bool, as_json: bool, report: Path | None
) -> None:
    """Forecast all splits from the measured ones.

    Raises:
        InputError: The file or an option is wrong.
    """
    from cerberus_plan.calibration.splits.document import document
    from cerberus_plan.calibration.splits.fit import fit_splits, splits_of
    from cerberus_plan.cli import split_list

    measurements = _measurements(path, time=time)
    total = cores or max(one.cores for one in measurements)
    asked = splits_of(total) if splits is None else split_list.splits(splits, cores)
    answered = document(fit_splits(measurements, asked), inverted=time, runs=measurements)
    answered["cores"] = max(m * k for m, k in asked) if cores is None else cores
    if report is not None:
        from cerberus_plan.reports.pages.splits_page import splits_page

        page = splits_page(answered, path.name, command=report_file.command(), version=report_file.version())
        report_file.write(report, page)
    if as_json:
        print_document(answered, indent=2)
    else:
        from cerberus_plan.reports.text.splits_text import splits_text

        typer.echo(splits_text(answered, shutil.get_terminal_size().columns))


def _measurements(path: Path, *, time: bool) -> tuple[Measurement, ...]:
    if path.suffix != ".toml":
        from cerberus_plan.calibration.splits.read import read_splits

        return read_splits(path, time=time)
    from cerberus_plan.calibration.store import catalog

    measured = catalog.workload(str(path)).measured
    if not measured:
        raise InputError(f"{path}: no rows [[measured]] with a value; `cerberus-plan tune --record {path}` adds some")
    return measured


def written(answer: Fit, output: Path, owner: str | None, unit: str) -> dict[str, object]:
    """Write the workload file; what was assumed goes to stderr and into the document.

    Raises:
        InputError: the file cannot be written.
    """
    from cerberus_plan.calibration.curves.contention import assign
    from cerberus_plan.calibration.curves.to_workload import write_workload

    contention = assign(answer, owner)
    name = write_workload(output, answer, contention, unit=unit).name
    typer.echo(f"wrote {output}: {contention.reason} (--owner says otherwise)", err=True)
    return {"file": str(output), "name": name, "owner": contention.owner, "reason": contention.reason}


def counts(text: str, option: str) -> list[float]:
    """Whole counts separated by commas, ascending, each once.

    Raises:
        InputError: a part is not a whole number from 1 to a million.
    """
    numbers = set()
    for part in text.split(","):
        cell = part.strip()
        if not (cell.isascii() and cell.isdigit() and len(cell) <= 7 and 1 <= int(cell) <= LARGEST_N):
            raise InputError(
                f"{option} {text}: {cell!r} is not a count; give whole numbers from 1 to {LARGEST_N}, as in 16,32,48"
            )
        numbers.add(float(cell))
    return sorted(numbers)


def show(answer: Fit, answered: dict[str, Any], title: str) -> None:
    """Print the verdict, then the forecast beside what was measured and the incumbents, then the laws."""
    from rich.table import Table

    from cerberus_plan.reports.formats import alike, number, percent, reading
    from cerberus_plan.reports.text.console import literal_console, print_whole, print_wrapped
    from cerberus_plan.reports.text.next_runs import next_runs

    console = literal_console()
    print_wrapped(console, answered["verdict"], "bold")
    table = Table(title=f"{title}: {answered['quantity']} with 90 % intervals", title_justify="left")
    for column in ("n", "measured", "expected", "low", "high", "high / low", *(law.name for law in answer.incumbents)):
        table.add_column(column, justify="right")
    laws, known = answered["incumbents"], {point["n"]: reading(point["value"]) for point in answered["points"]}
    for i, row in enumerate(answered["predictions"]):
        beside = [number(law["predictions"][i]["value"], 4) for law in laws]
        cells = alike(row["value"], row["low"], row["high"])
        table.add_row(f"{row['n']:g}", known.get(row["n"], ""), *cells, number(row["high"] / row["low"]), *beside)
    print_whole(console, table)
    weights = ", ".join(f"{name} {percent(weight)}" for name, weight in answer.law_weights.items() if weight >= 0.01)
    print_wrapped(console, f"Laws by weight: {weights}")
    if told := next_runs(answered):
        print_wrapped(console, told)
