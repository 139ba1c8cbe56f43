"""Write a fitted curve as a workload file that the planner reads.

A cycle is one unit of the curve's throughput; its operations are those of `contention`. Every number carries its
interval, and the file says in words what was assumed and which measurement would decide it.
When not to use it: to carry a program to another machine without a word: times are those of the measured one.
"""

from __future__ import annotations

import re
from pathlib import Path

from calibration.curves.contention import Contention, Demand
from calibration.curves.fit import Fit
from calibration.files import write_atomically


def write_workload(path: Path, fit: Fit, contention: Contention, *, unit: str = "operations/s") -> str:
    """Write the file and return the workload's name.

    Raises:
        InputError: the path cannot be written.
    """
    name = re.sub(r"[^A-Za-z0-9._+-]+", "-", Path(path).stem).strip("-.+_")[:64] or "fitted"
    write_atomically(path, workload_text(name, fit, contention, unit=unit))
    return name


def workload_text(name: str, fit: Fit, contention: Contention, *, unit: str) -> str:
    """The file's content (TOML)."""
    largest = fit.curve.n[-1]
    lines = [
        f"# Fitted to {fit.curve.n.size} core counts, the largest {largest:g}.",
        "# One cycle is one unit of work; times are those of the machine it was measured on.",
        "format = 1",
        f"name = {_quoted(name)}",
        f"description = {_quoted(f'fitted curve of {Path(fit.curve.name).name}')}",
        f"unit = {_quoted(unit)}",
        "units_per_cycle = 1.0",
        f"note = {_quoted(_note(fit, contention))}",
        "",
        "[operations]",
        *(_line(demand, contention) for demand in contention.demands),
    ]
    return "\n".join(lines) + "\n"


def _note(fit: Fit, contention: Contention) -> str:
    return (
        f"{contention.reason}. The network follows the forecast within {contention.error:.0%}. One curve cannot prove "
        "who owns the contention: run two instances on half of the cores each; if together they do more than one on "
        f"all, it is theirs. Measured up to {fit.curve.n[-1]:g} cores, intervals useful to {fit.trusted_to:g}."
    )


def _line(demand: Demand, contention: Contention) -> str:
    provenance = "fitted" if demand.name == "compute" else "assumed"
    source = "fitted curve" if demand.name == "compute" else f"fitted curve; {contention.reason}"
    return (
        f'{demand.name} = {{ value = {demand.value:.6g}, unit = "{demand.unit}", low = {demand.low:.6g}, '
        f'high = {demand.high:.6g}, provenance = "{provenance}", source = {_quoted(source)} }}'
    )


def _quoted(text: str) -> str:
    """A TOML basic string: quotes and backslashes escaped, control characters replaced by spaces."""
    clean = "".join(c if c.isprintable() else " " for c in text)
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'
