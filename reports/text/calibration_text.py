"""A host's profile in the terminal: verdict, quantities with intervals, the paper's primitives beside this host's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cerberus_plan.calibration.paper.microbenchmarks import ROWS
from cerberus_plan.model.digits import counted
from cerberus_plan.reports.formats import known, number, percent, quantity

if TYPE_CHECKING:
    from rich.console import Console

    from cerberus_plan.calibration.store.profile import Profile


def print_quantities(console: Console, profile: Profile) -> None:
    """All quantities of the profile."""
    from rich.table import Table

    from cerberus_plan.reports.text.console import print_whole

    cpus = counted(profile.host.cpus, "CPU")
    title = f"{profile.host.name}: {profile.host.processor}, {cpus}"
    if not profile.quantities:
        console.print(f"{title}; nothing was measured\n", highlight=False)
        return
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("quantity", no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("90 % interval", no_wrap=True)
    table.add_column("known by", no_wrap=True)
    for name, one in profile.quantities.items():
        table.add_row(name, *known(one), str(one.provenance))
    print_whole(console, table)
    console.print()


def _cell(profile: Profile, name: str) -> str:
    one = profile.quantities.get(name)
    return "" if one is None else known(one)[0]


def print_beside_paper(console: Console, profile: Profile) -> None:
    """The paper's section 7.2 with this host's relatives of its primitives, where it has any."""
    if not any(name in profile.quantities for row in ROWS for name in (row.local, row.remote)):
        return  # a machine read from other tools' files: numbers of the paper alone tell nothing of it
    from rich.table import Table

    from cerberus_plan.reports.text.console import print_whole

    table = Table(title="Beside the paper's section 7.2", title_justify="left", box=None, padding=(0, 1, 0, 0))
    table.add_column("operation", no_wrap=True)
    for heading in ("here", "resident", "Linux", "Xen", "local", "remote"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in ROWS:
        published = [row.published.get(column) for column in ("linux", "xen", "local", "remote")]
        texts = ["" if value is None else quantity(value, "s") for value in published]
        table.add_row(row.operation, _cell(profile, row.local), _cell(profile, row.remote), *texts)
    print_whole(console, table)
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
    from cerberus_plan.reports.text.console import print_whole

    found = [Comparison(**record) for record in profile.run.get("compare_c", ())]
    if not found:
        return
    title = "Compiled loops beside their twins in C, lowest times"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for heading in ("case", "numba", "C", "numba/C", "promised", "kept"):
        table.add_column(heading, justify="left" if heading == "case" else "right")
    words = {True: "yes", False: "no", None: ""}
    for row in found:
        promised = "" if row.promise is None else percent(row.promise)
        times = (quantity(row.numba_s, "s"), quantity(row.c_s, "s"))
        table.add_row(row.case, *times, number(row.ratio), promised, words[row.kept])
    print_whole(console, table)
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
