"""`cerberus-plan import FILE`: read a file that another tool wrote into a curve, a demand or a workload."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from shlex import quote
from statistics import median
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cerberus_plan.cli.json_output import print_document
from cerberus_plan.model.errors import InputError

if TYPE_CHECKING:
    from cerberus_plan.calibration.programs.demand import Demand
    from cerberus_plan.calibration.programs.imports.results import Curve, Imported

SHOWN = 10  # system calls and locks printed; all are in the files
EXACT = 2.0**53  # whole numbers below are themselves
TABLES = 40  # demands printed; --json and --output have all


def import_(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Files to read as one; - for standard input.")],
    *,
    form: Annotated[
        str | None, typer.Option("--format", help="Format, if it is not recognised by itself (see docs/observe.md).")
    ] = None,
    parameter: Annotated[
        str | None, typer.Option(help="Which parameter of a scan counts cores, if its name does not say so.")
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=time|rate", help="What a metric of Extra-P is, if its name does not say so."),
    ] = None,
    series: Annotated[str | None, typer.Option(help="Which curve to write, if the file holds several.")] = None,
    work: Annotated[float, typer.Option(help="Units of work done while the demand was measured.")] = 1.0,
    unit: Annotated[str | None, typer.Option(help="What work is counted in, as 'request'.")] = None,
    output: Annotated[
        Path | None, typer.Option(help="Write a curve (.csv), a demand (.json) or a workload (.toml).")
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(help="Workload file to add measured rows to: of a table of splits, or a load's latency."),
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="The split that a load generator's latency is of, as in 2x8; with --record.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Read a benchmark's or profiler's file: what was found, and a file that `fit` or the planner reads."""
    from cerberus_plan.calibration.programs.imports import readers as registry
    from cerberus_plan.calibration.programs.imports.merge import merge
    from cerberus_plan.calibration.programs.imports.parameters import Asked
    from cerberus_plan.calibration.programs.imports.results import Imported

    if record is not None or split is not None:
        given = {"--output": output, "--format": form, "--series": series, "--parameter": parameter, "--metric": metric}
        _record(files, record, split, [name for name, value in given.items() if value is not None], as_json=as_json)
        return
    asked = Asked(parameter=parameter, metrics=_metrics(metric or []))
    read = [registry.parse(_text(name), name=name, form=form, asked=asked) for name in files]
    merged = merge([imported for _, imported in read])
    file = ", ".join(files)
    imported = Imported(
        curves=_chosen(merged.curves, series, file),
        demands=tuple(demand.per(work, unit or demand.unit) for demand in merged.demands),
        notes=merged.notes,
    )
    if output is not None:
        _write(imported, output, file)
    if as_json:
        document = _document(files, [form for form, _ in read], imported, output)
        print_document(document, indent=2)
    else:
        titles = dict.fromkeys(registry.FORMATS[form].title for form, _ in read)
        _show(file, ", ".join(titles), imported, output)


def _record(files: list[str], record: Path | None, split: str | None, others: list[str], *, as_json: bool) -> None:
    """Add what the files measured to a workload file.

    Raises:
        InputError: Options that do not go together, or a file of nothing that is recorded.
    """
    from cerberus_plan.calibration.programs.imports.recorded import read_recorded
    from cerberus_plan.calibration.store.measured_rows import append
    from cerberus_plan.cli import split_list
    from cerberus_plan.model.digits import counted

    if record is None:
        raise InputError("--split belongs to --record FILE.toml, the workload file that the measured latency goes to")
    if others:
        raise InputError(f"--record adds rows to a workload file; leave out {', '.join(others)}")
    of = None if split is None else split_list.splits(split, None, "--split")
    if of is not None and len(of) != 1:
        raise InputError(f"--split {split} must be one split, as in 2x8")
    found = read_recorded([(name, _text(name)) for name in files], None if of is None else of[0])
    append(record, found.measured, found.latencies)
    for note in found.notes:
        typer.echo(f"note: {note}", err=True)
    if as_json:
        rows = {name: [asdict(row) for row in getattr(found, name)] for name in ("measured", "latencies")}
        print_document({"files": files, "record": str(record), "notes": list(found.notes)} | rows, indent=2)
        return
    added = [
        counted(len(rows), noun)
        for rows, noun in ((found.measured, "throughput"), (found.latencies, "response time"))
        if rows
    ]
    typer.echo(f"added {' and '.join(added)} to {record}")
    typer.echo(f"next: cerberus-plan --workload {quote(str(record))} --rate R --slo p99=10ms")


def _metrics(pairs: list[str]) -> dict[str, str]:
    """What each metric is.

    Raises:
        InputError: not NAME=time or NAME=rate.
    """
    found = {}
    for pair in pairs:
        name, _, kind = pair.rpartition("=")
        if not name or kind not in ("time", "rate"):
            raise InputError(f"--metric {pair}: give NAME=time (smaller is better) or NAME=rate (larger is better)")
        found[name] = kind
    return found


def _text(file: str) -> str:
    from cerberus_plan.calibration.store.files import MAX_BYTES, decode, read_text

    return decode(sys.stdin.buffer.read(MAX_BYTES + 1), "standard input") if file == "-" else read_text(file)


def _chosen(curves: tuple[Curve, ...], series: str | None, file: str) -> tuple[Curve, ...]:
    """The curve of that name, or all.

    Raises:
        InputError: there is none of that name.
    """
    if series is None:
        return curves
    chosen = tuple(curve for curve in curves if curve.series == series)
    if not chosen:
        names = ", ".join(repr(curve.series) for curve in curves) or "no curves"
        raise InputError(f"{file} has {names}, and not the series {series!r}")
    return chosen


def _write(imported: Imported, output: Path, file: str) -> None:
    """Write what the suffix asks for.

    Raises:
        InputError: the file does not hold that, holds several, or the suffix is another.
        CannotAnswerError: a demand without times makes no workload.
    """
    from cerberus_plan.calibration.programs.demand import demands_to_json
    from cerberus_plan.calibration.programs.demand_to_workload import smallest, workload_of
    from cerberus_plan.calibration.store.files import write_atomically
    from cerberus_plan.calibration.store.workload_file import to_toml

    if output.suffix == ".csv":
        if len(imported.curves) != 1:
            names = ", ".join(repr(curve.series) for curve in imported.curves)
            many = f"{len(imported.curves)} curves ({names}); choose one with --series"
            raise InputError(f"{file} holds {many if names else 'no curve; write its demand to a .json file'}")
        write_atomically(output, imported.curves[0].to_csv())
    elif output.suffix in (".json", ".toml"):
        if not imported.demands:
            raise InputError(f"{file} holds no demand; write its curve to a .csv file")
        is_toml = output.suffix == ".toml"
        demand = smallest(imported.demands)
        text = to_toml(workload_of(demand, name=output.stem)) if is_toml else demands_to_json(imported.demands)
        write_atomically(output, text)
    else:
        raise InputError(f"--output {output}: end it in .csv (curve), .json (demand) or .toml (workload)")


def _document(files: list[str], forms: list[str], imported: Imported, output: Path | None) -> dict[str, Any]:
    return {
        "files": files,
        "formats": forms,
        "curves": [asdict(curve) for curve in imported.curves],
        "demands": [asdict(demand) for demand in imported.demands],
        "notes": list(imported.notes),
        "output": None if output is None else str(output),
    }


def _show(file: str, title: str, imported: Imported, output: Path | None) -> None:
    from rich.console import Console
    from rich.markup import escape

    from cerberus_plan.reports.text.console import print_whole

    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{escape(file)}: {title}")
    for curve in imported.curves:
        print_whole(console, _curve_table(curve))
    for demand in imported.demands[:TABLES]:
        print_whole(console, _demand_table(demand, several=len(imported.demands) > 1))
    if len(imported.demands) > TABLES:
        console.print(f"... and {len(imported.demands) - TABLES} demands more: --json prints all")
    for note in (*imported.notes, *(note for demand in imported.demands for note in demand.notes)):
        console.print(f"- {escape(note)}")
    for bound in _bounds(imported):
        console.print(f"- {escape(bound)}")
    if output is not None:
        console.print(f"wrote {escape(str(output))}")
        if output.suffix == ".csv":
            clients = " --clients" if imported.curves[0].axis == "clients" else ""
            console.print(f"next: cerberus-plan fit {escape(quote(str(output)))}{clients}")


def _curve_table(curve: Curve) -> Any:
    from rich.markup import escape
    from rich.table import Table

    from cerberus_plan.reports.formats import number

    table = Table(title=escape(f"curve {curve.series}: {curve.unit} against {curve.axis}"), title_justify="left")
    for column in ("n", "median", "repeats", "speed-up"):
        table.add_column(column, justify="right")
    first = median(curve.points[0].values)
    for point in curve.points:
        middle = median(point.values)
        table.add_row(str(point.n), number(middle, 4), str(len(point.values)), number(middle / first))
    return table


def _demand_table(demand: Demand, *, several: bool = False) -> Any:
    from rich.markup import escape
    from rich.table import Table

    from cerberus_plan.calibration.programs.demand import COUNTS, TIMES
    from cerberus_plan.reports.formats import quantity

    where = f" at n = {demand.cores}" if demand.cores else ""
    whose = f" of {demand.source}" if several and demand.source else ""
    table = Table(title=escape(f"demand per {demand.unit}{where}{whose}"), title_justify="left")
    table.add_column("what")
    table.add_column("amount", justify="right")
    for name in (*TIMES, *COUNTS):
        if (value := getattr(demand, name)) is not None:
            label = name.removesuffix("_s").replace("_", " ")
            table.add_row(label, quantity(value, "s") if name in TIMES else _amount(value))
    for event, value in demand.counters.items():
        table.add_row(escape(event), _amount(value))
    for call in demand.system_calls[:SHOWN]:
        table.add_row(escape(f"system call {call.name}"), _amount(call.calls))
    for lock in demand.locks[:SHOWN]:
        held = "" if lock.hold_s is None else f", held {quantity(lock.hold_s, 's')}"
        thread = lock.kind == "thread"
        kind = f" ({lock.kind})" if lock.kind and not thread else ""
        table.add_row(
            escape(f"{'thread' if thread else 'lock'} {lock.name}{kind}"), f"waited {quantity(lock.wait_s, 's')}{held}"
        )
    hidden = max(len(demand.system_calls) - SHOWN, 0) + max(len(demand.locks) - SHOWN, 0)
    if hidden:
        table.add_row(f"... and {hidden} more", "")
    return table


def _amount(value: float) -> str:
    """What was counted is whole, and told to the last one; what is a mean, or a time, to three digits."""
    from cerberus_plan.reports.formats import number

    return f"{int(value):,}" if value == int(value) and value < EXACT else number(value)


def _bounds(imported: Imported) -> list[str]:
    """What the tightest lock allows at most."""
    from cerberus_plan.calibration.programs.serial_locks import serial_locks

    return [lock.sentence(demand.unit) for demand in imported.demands for lock in serial_locks(demand)[:1]]
