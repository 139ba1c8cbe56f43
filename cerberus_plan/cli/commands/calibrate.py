"""`cerberus-plan calibrate`: measure this host and keep its profile."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cerberus_plan.cli import report_file
from cerberus_plan.cli.json_output import print_document
from cerberus_plan.cli.report_file import ReportFile
from cerberus_plan.model.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cerberus_plan.calibration.campaign.host_profile import Effort
    from cerberus_plan.calibration.store.profile import Profile

MOST_ROUNDS = 10_000


def calibrate(
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="Under a minute, with wider intervals; default: a few minutes.")
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Measure this primitive only (repeat for more); other quantities are kept."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="Profile file to write; default: this user's profile of this host."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    rounds: Annotated[
        int | None, typer.Option(help="Rounds of each measuring process; more narrow the intervals.")
    ] = None,
    compare_c: Annotated[
        bool, typer.Option("--compare-c", help="Also run twins in C (needs gcc) and print numba/C.")
    ] = False,
    imported: Annotated[
        list[str] | None,
        typer.Option(
            "--import",
            help="Do not measure: make the profile of lstopo XML, lscpu, latency matrices, will-it-scale CSV.",
        ),
    ] = None,
    fifo: Annotated[
        bool,
        typer.Option("--fifo", help="Real-time scheduling: steadier, but starves other jobs meanwhile."),
    ] = False,
    report_path: ReportFile = None,
) -> None:
    """Measure what this host's cores, locks, kernel and messages cost, without root or source."""
    from cerberus_plan.calibration.campaign.host_profile import measure_host
    from cerberus_plan.calibration.host.identity import require_supported, this_host
    from cerberus_plan.calibration.store.earlier import held_with
    from cerberus_plan.calibration.store.profile import default_path, merge

    report_file.check(report_path)
    if imported:
        profile, target = _import(imported, output)
        _keep(profile, target, report_path, as_json=as_json)
        return
    require_supported()
    effort = _effort(quick=quick, rounds=rounds)
    target = output or default_path(this_host())
    known = _known_profile(target, only=bool(only), output=output)
    try:
        with _progress() as report:
            profile = measure_host(effort=effort, only=only or (), fifo=fifo, compare_c=compare_c, report=report)
    except KeyboardInterrupt:
        typer.echo("stopped: nothing was written", err=True)
        raise typer.Exit(130) from None
    earlier = _earlier(target)
    if earlier is not None:
        profile = held_with(earlier, profile)
    if known is not None:
        profile = merge(known, profile)
    if output is None:
        target.parent.mkdir(parents=True, exist_ok=True)
    _keep(profile, target, report_path, as_json=as_json)


def _keep(profile: Profile, target: Path, report_path: Path | None, *, as_json: bool) -> None:
    """Write the profile and its page, and tell what is in it."""
    from cerberus_plan.calibration.store.profile import write_profile

    write_profile(profile, target)
    if report_path is not None:
        from cerberus_plan.reports.pages.calibration_page import calibration_page

        page = calibration_page(profile, command=report_file.command(), version=report_file.version())
        report_file.write(report_path, page)
    _tell(profile, target, as_json=as_json)


def _import(files: list[str], output: Path | None) -> tuple[Profile, Path]:
    """A profile made of other tools' files, and where it goes.

    Raises:
        InputError: No --output, or a file that cannot be read.
    """
    from cerberus_plan.calibration.programs.imports.imported_profile import import_profile

    if output is None:
        raise InputError("--import makes a profile of another machine: say where to write it with --output FILE")
    return import_profile(files), output


def _effort(*, quick: bool, rounds: int | None) -> Effort:
    from dataclasses import replace

    from cerberus_plan.calibration.campaign.host_profile import FULL, QUICK

    effort = QUICK if quick else FULL
    if rounds is None:
        return effort
    if not 1 <= rounds <= MOST_ROUNDS:
        raise InputError(f"--rounds {rounds}: give a whole number from 1 to {MOST_ROUNDS}")
    return replace(effort, rounds=rounds, budget_s=None)


def _known_profile(target: Path, *, only: bool, output: Path | None) -> Profile | None:
    """The profile to add to, with everything that would fail later checked before minutes are spent.

    Raises:
        InputError: The folder is missing, or the profile is of another host.
    """
    from cerberus_plan.calibration.host.identity import this_host
    from cerberus_plan.calibration.store.profile import read_profile

    if target.is_dir():
        raise InputError(f"{target} is a folder; give the name of a file in it")
    if output is not None and not target.resolve().parent.is_dir():
        raise InputError(f"{output}: the folder {target.resolve().parent} does not exist; create it first")
    if not only or not target.is_file():
        return None
    known = read_profile(target)
    if differences := known.host.differences(this_host()):
        raise InputError(
            f"{target} was measured on another host ({'; '.join(differences)}); measurements of two hosts "
            "are never merged: choose another --output, or leave out --only to replace it"
        )
    return known


def _earlier(target: Path) -> Profile | None:
    """The profile that is about to be replaced; None where there is none that can be read: it goes in any case."""
    from cerberus_plan.calibration.store.profile import read_profile

    try:
        return read_profile(target, samples=False) if target.is_file() else None
    except InputError:
        return None


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar with the time left on standard error; one line a process where that is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _line_by_line()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None)

        def report(label: str, done: int, expected: int) -> None:
            bar.update(task, description=label, completed=done, total=expected or None)

        yield report


def _line_by_line() -> Callable[[str, int, int], None]:
    said: set[str] = set()

    def report(label: str, _done: int, _expected: int) -> None:
        short = label.partition(",")[0]
        if short not in said:
            said.add(short)
            typer.echo(f"measuring: {short}", err=True)

    return report


def _tell(profile: Profile, target: Path, *, as_json: bool) -> None:
    from cerberus_plan.calibration.store.profile import to_record

    if as_json:
        record = to_record(profile)
        record.pop("samples")  # they are in the file
        print_document({**record, "profile": str(target)}, indent=2)
        return
    from cerberus_plan.reports.text.calibration_text import print_profile
    from cerberus_plan.reports.text.console import literal_console

    print_profile(literal_console(), profile)
    typer.echo(f"written: {target}", err=True)
    typer.echo(f"next: {_next(target)}", err=True)


def _next(target: Path) -> str:
    """What a profile is for: this host's own is found by itself, another is named."""
    from shlex import quote

    from cerberus_plan.calibration.store.profile import this_host_profile

    machine = "" if this_host_profile() == target else f" --machine {quote(str(target))}"
    return (
        "learn what your program asks for, cerberus-plan observe --help; then plan with both, "
        f"cerberus-plan --workload mine.toml{machine}, for a larger machine with its --cores"
    )
