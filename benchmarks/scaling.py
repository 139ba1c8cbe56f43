"""Time and memory of whole commands over sizes, with fitted growth: `python benchmarks/scaling.py`.

Every row is a command as a user types it, run in a process of its own at several sizes: processor time (user and
system) and the most memory it held, as the kernel accounts them, the least of the rounds. The start of the program is
taken off both before the growth is fitted: the slope of the logarithms over the larger half of the sizes, so 1 is
linear and 2 quadratic. Modules are compiled, as an installation leaves them. Files that a row reads are made here and
named after what they hold.

Options: --only TEXT (rows that contain it), --quick (the two smallest sizes), --rounds R (default 2; the first also
fills the caches of compiled loops), --markdown FILE.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pairs import host
from sections import replace_section, table

PROGRAM = [sys.executable, "-m", "cerberus_plan"]
SOLVE = (
    "from cerberus_plan import Delay, Instance, Queue, TicketLock, solve;"
    "one = Instance(threads={n}, stations=[Delay(800.0), TicketLock(0.6, handover=0.3)]);"
    "solve(instances=[one], shared=[Queue(1.0)])"
)
# What remains of a command when its start is taken off is at least this much: less cannot be told from noise.
LEAST_SECONDS, LEAST_MEGABYTES = 0.02, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One kind of work: its name, its sizes, and the command for a size, which may put files into a folder."""

    name: str
    sizes: tuple[int, ...]
    command: Callable[[int, Path], list[str]]


def plan(machine: str, workload: str) -> Callable[[int, Path], list[str]]:
    """The main command for so many cores of a machine without a limit on VMs."""
    return lambda n, _: [*PROGRAM, "--cores", str(n), "--machine", machine, "--workload", workload]


def locks_and_memory(n: int, folder: Path) -> list[str]:
    """A lock a process, a lock a kernel and memory that saturates: each number of cores has stations of its own."""
    made = folder / "locks-and-memory.toml"
    numbers = {
        "compute": (30, "us"),
        "process_lock": (0.2, "us"),
        "process_lock_handover": (0.05, "us"),
        "kernel_lock": (0.3, "us"),
        "kernel_lock_handover": (0.1, "us"),
        "memory_bytes": (20000, "B"),
    }
    lines = ["format = 1", 'name = "locks-and-memory"', 'unit = "requests/s"', "units_per_cycle = 1.0", "[operations]"]
    for name, (value, unit) in numbers.items():
        doubt = f"low = {value / 2}, high = {value * 1.5}"
        lines.append(
            f'{name} = {{ value = {value}, unit = "{unit}", {doubt}, provenance = "assumed", source = "made" }}'
        )
    made.write_text("\n".join(lines) + "\n", "utf-8")
    return [*PROGRAM, "--cores", str(n), "--machine", "epyc-9754-2s", "--workload", str(made)]


def mixture(n: int, folder: Path) -> list[str]:
    """Eight workloads together: the shipped ones twice, under other names and without network cards of their own."""
    names = []
    for shipped in ("apache", "dbench", "histogram", "memcached"):
        text = (Path(__file__).parents[1] / "model" / "data" / "workloads" / f"{shipped}.toml").read_text("utf-8")
        for copy in (1, 2):
            lines = [line for line in text.splitlines() if not line.startswith(("name", "needs_network_card"))]
            made = folder / f"{shipped}-{copy}.toml"
            made.write_text("\n".join([lines[0], f'name = "{shipped}-{copy}"', *lines[1:]]) + "\n", "utf-8")
            names.append(f"{made}={len(names) + 1}")
    return [*PROGRAM, "--mix", ",".join(names), "--cores", str(n), "--machine", "epyc-9754-2s"]


def export(n: int, folder: Path) -> list[str]:
    """A libvirt deployment of the best split."""
    where = folder / f"deployment-{n}"
    options = [
        "--cores",
        str(n),
        "--machine",
        "epyc-9754-2s",
        "--workload",
        "memcached",
        "--output",
        str(where),
        "--force",
    ]
    return [*PROGRAM, "export", "--format", "libvirt", *options]


def matrix(n: int, folder: Path) -> list[str]:
    """A core-to-core latency matrix of so many CPUs, in groups of eight and two sockets, as a profile."""
    noise = random.Random(1)  # noqa: S311 - noise, not a secret
    rows = []
    for i in range(n):
        near = [20.0 if i // 8 == j // 8 else 50.0 if i // (n // 2) == j // (n // 2) else 120.0 for j in range(i)]
        cells = [f"{each * noise.uniform(0.97, 1.03):.1f}" for each in near]
        rows.append(",".join([*cells, *[""] * (n - i)]))
    made = folder / f"latencies-{n}.csv"
    made.write_text("\n".join(rows) + "\n", "utf-8")
    return [*PROGRAM, "calibrate", "--import", str(made), "--output", str(folder / f"profile-{n}.json")]


def forecasts(n: int, folder: Path) -> list[str]:
    """A curve of eight points, forecast at so many counts."""
    made = folder / "curve.csv"
    points = [(c, 100.0 * c / (1.0 + 0.03 * (c - 1))) for c in (1, 2, 3, 4, 6, 8, 12, 16)]
    made.write_text("n,value\n" + "".join(f"{c},{value:.3f}\n" for c, value in points), "utf-8")
    return [*PROGRAM, "fit", str(made), "--predict", ",".join(str(17 + i) for i in range(n))]


def results(n: int, folder: Path) -> list[str]:
    """So many results of hyperfine, eight thread counts each of as many programs as it takes."""
    entries = []
    for i in range(n):
        threads, program = (1, 2, 4, 8, 16, 32, 48, 64)[i % 8], i // 8
        seconds = 1.0 / threads + 0.01
        entries.append(
            {
                "command": f"program-{program} --threads {threads}",
                "mean": seconds,
                "times": [seconds, seconds * 1.01],
                "parameters": {"threads": str(threads), "program": str(program)},
            }
        )
    made = folder / f"hyperfine-{n}.json"
    made.write_text(json.dumps({"results": entries}), "utf-8")
    return [*PROGRAM, "import", str(made), "--json"]


ROWS = (
    Row(name="plan, one shared server", sizes=(128, 256, 512, 1024, 2048, 4096), command=plan("amd48", "dbench")),
    Row(
        name="plan, shared locks and no VM limit",
        sizes=(128, 256, 512, 1024, 2048, 4096),
        command=plan("epyc-9754-2s", "memcached"),
    ),
    Row(name="plan, two locks and memory", sizes=(128, 256, 512, 1024, 2048), command=locks_and_memory),
    Row(name="mixture of eight workloads", sizes=(64, 128, 256, 512), command=mixture),
    Row(name="libvirt export", sizes=(64, 128, 256, 512), command=export),
    Row(
        name="one instance, `solve`",
        sizes=(1024, 2048, 4096, 8192, 16384),
        command=lambda n, _: [sys.executable, "-c", SOLVE.format(n=n)],
    ),
    Row(name="latency matrix of CPUs", sizes=(96, 192, 384, 768, 1536), command=matrix),
    Row(name="`fit --predict`, counts", sizes=(16, 64, 256), command=forecasts),
    Row(name="results of hyperfine", sizes=(800, 3200, 12800), command=results),
)


def measured(command: list[str], rounds: int) -> tuple[float, float]:
    """Processor seconds and megabytes of a command, the least of the rounds; a failure ends the benchmark."""
    found = []
    for _ in range(rounds):
        with tempfile.TemporaryFile() as errors:
            actions = [
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_DUP2, errors.fileno(), 2),
            ]
            child = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
            _, status, used = os.wait4(child, 0)
            if status:
                errors.seek(0)
                sys.exit(f"{' '.join(command)} ended with {status}: {errors.read().decode(errors='replace')}")
        found.append((used.ru_utime + used.ru_stime, used.ru_maxrss / 1024.0))
    return min(seconds for seconds, _ in found), min(megabytes for _, megabytes in found)


def slope(sizes: list[int], values: list[float], start: float, least: float) -> str:
    """Growth over the larger half of the sizes, the start taken off; nothing where that is too little to tell."""
    half = max(2, (len(sizes) + 1) // 2)
    logs = [
        (math.log(n), math.log(value - start))
        for n, value in zip(sizes[-half:], values[-half:], strict=True)
        if value - start >= least
    ]
    if len(logs) < 2:
        return "-"
    return f"{np.polyfit(*zip(*logs, strict=True), 1)[0]:.1f}"


def line(row: Row, sizes: tuple[int, ...], folder: Path, start: tuple[float, float], rounds: int) -> list[str]:
    """One line of the table."""
    found = [measured(row.command(n, folder), rounds) for n in sizes]
    seconds, megabytes = [list(column) for column in zip(*found, strict=True)]
    return [
        row.name,
        ", ".join(f"{n:,}" for n in sizes),
        ", ".join(f"{each:.2f}" for each in seconds),
        slope(list(sizes), seconds, start[0], LEAST_SECONDS),
        ", ".join(f"{each:.0f}" for each in megabytes),
        slope(list(sizes), megabytes, start[1], LEAST_MEGABYTES),
    ]


def main() -> None:
    """Measure, print, and write the page if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="rows whose name contains this")
    parser.add_argument("--quick", action="store_true", help="the two smallest sizes of each row")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--markdown", type=Path, help="page whose section to replace, docs/benchmarks.md")
    options = parser.parse_args()
    header = ["work", "sizes", "CPU s", "growth", "MB", "growth of memory"]
    rows = []
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as compiled:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = compiled
        start = measured([*PROGRAM, "--version"], 3)
        for row in ROWS:
            if options.only in row.name:
                sizes = row.sizes[:2] if options.quick else row.sizes
                rows.append(line(row, sizes, Path(folder), start, options.rounds))
                print(*rows[-1], sep="   ", file=sys.stderr)
    print(table(header, rows))
    if options.markdown:
        note = (
            "Whole commands: processor time and the most memory held at each size, least of "
            f"{options.rounds} run(s), and the exponent of the growth over the larger half of the sizes once the "
            f"program's start ({start[0]:.2f} s, {start[1]:.0f} MB) is taken off: 1 is linear, 2 quadratic. "
            "Modules and loops are compiled, as an installation and a first run leave them. "
            f"Made by `python benchmarks/scaling.py` on {host()}."
        )
        body = f"{note}\n\n{table(header, rows)}"
        replace_section(options.markdown, page="Benchmarks", heading="Growth with size", body=body)


if __name__ == "__main__":
    main()
