"""A host's profile in the terminal: verdict, quantities with intervals, the paper's primitives beside this host's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cerberus_plan.calibration.paper.microbenchmarks import ROWS

if TYPE_CHECKING:
    from rich.console import Console

    from cerberus_plan.calibration.store.profile import Profile
    from cerberus_plan.model.quantity import Quantity

_SCALES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"))


def format_seconds(value: float) -> str:
    """Three significant digits in the unit that suits.

    >>> format_seconds(1.2345e-7)
    '123 ns'
    """
    if value == 0.0:
        return "0 s"
    for scale, unit in _SCALES:
        if abs(value) >= scale * 0.9995 or unit == "ns":
            scaled = value / scale
            digits = max(0, 2 - len(str(int(abs(scaled)))) + 1) if abs(scaled) >= 1.0 else 3
            return f"{scaled:.{digits}f} {unit}"
    return f"{value} s"


def format_value(value: float, unit: str) -> str:
    """A quantity's value in words: times and bytes in a handy unit, anything else as a number with its unit."""
    if unit in {"B", "B/s"}:
        return f"{value / 1e9:.3g} G{unit}" if value >= 1e9 else f"{value / 1e6:.3g} M{unit}"
    if unit == "s":
        return format_seconds(value)
    return f"{value:.3g}" if unit == "1" else f"{value:.4g} {unit}"


def _interval(quantity: Quantity) -> str:
    if quantity.low is None or quantity.high is None:
        return ""
    return f"{format_value(quantity.low, quantity.unit)} .. {format_value(quantity.high, quantity.unit)}"


def print_quantities(console: Console, profile: Profile) -> None:
    """All quantities of the profile."""
    from rich.table import Table

    cpus = f"{profile.host.cpus} CPU{'s' if profile.host.cpus > 1 else ''}"
    title = f"{profile.host.name}: {profile.host.processor}, {cpus}"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("quantity", no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("90 % interval", no_wrap=True)
    table.add_column("known by", no_wrap=True)
    for name, quantity in profile.quantities.items():
        value = format_value(quantity.value, quantity.unit)
        table.add_row(name, value, _interval(quantity), str(quantity.provenance))
    console.print(table)
    console.print()


def _cell(profile: Profile, name: str) -> str:
    quantity = profile.quantities.get(name)
    return "" if quantity is None else format_value(quantity.value, quantity.unit)


def print_beside_paper(console: Console, profile: Profile) -> None:
    """The paper's section 7.2 with this host's relatives of its primitives."""
    from rich.table import Table

    table = Table(title="Beside the paper's section 7.2", title_justify="left", box=None, padding=(0, 1, 0, 0))
    table.add_column("operation", no_wrap=True)
    for heading in ("here", "resident", "Linux", "Xen", "local", "remote"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in ROWS:
        published = [row.published.get(column) for column in ("linux", "xen", "local", "remote")]
        texts = ["" if value is None else format_seconds(value) for value in published]
        table.add_row(row.operation, _cell(profile, row.local), _cell(profile, row.remote), *texts)
    console.print(table)
    console.print(
        "here, resident: this host, alone and through a process on another core; Linux, Xen, local, remote: the "
        "paper's machines of 2011, Cerberus within one OS instance and across two\n",
        style="dim",
        highlight=False,
    )


def print_comparison(console: Console, profile: Profile) -> None:
    """Compiled loops beside their twins in C, where they were run."""
    from rich.table import Table

    from cerberus_plan.calibration.campaign.compare_c import Comparison

    found = [Comparison(**record) for record in profile.run.get("compare_c", ())]
    if not found:
        return
    title = "Compiled loops beside their twins in C, lowest times"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for heading in ("case", "numba", "C", "numba/C", "promised", "kept"):
        table.add_column(heading, justify="left" if heading == "case" else "right")
    words = {True: "yes", False: "no", None: ""}
    for row in found:
        promised = "" if row.promise is None else f"{row.promise:.0%}"
        times = (format_seconds(row.numba_s), format_seconds(row.c_s))
        table.add_row(row.case, *times, f"{row.ratio:.3f}", promised, words[row.kept])
    console.print(table)
    promised_rows = [row for row in found if row.kept is not None]
    kept = sum(row.kept is True for row in promised_rows)
    console.print(f"{kept} of {len(promised_rows)} cases keep what is promised\n", highlight=False)


def print_profile(console: Console, profile: Profile) -> None:
    """Quantities, the paper's beside them, notes, and the verdict last."""
    print_quantities(console, profile)
    print_beside_paper(console, profile)
    print_comparison(console, profile)
    for note in profile.notes:
        console.print(f"note: {note}", highlight=False)
    for name, reason in profile.missing.items():
        console.print(f"not measured: {name}: {reason}", highlight=False)
    console.print(f"verdict: {profile.run.get('verdict', 'not judged')}", highlight=False)
