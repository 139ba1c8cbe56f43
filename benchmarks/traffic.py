"""Is `observe --memory` right? Programs of known memory traffic, beside streams on all other cores of this host.

    python benchmarks/traffic.py [--rounds N] [--seconds S] [--cores 1,2] [--write]

`traffic.c` computes (no bytes), reads an array, copies one onto another, adds two into a third (triad), and copies for
half of its time: one pass over its arrays, which are four times the last-level cache, is an operation. A row says what
is known of it, what one copy of it and copies on all cores move a second of processor time (where these are in
proportion, no stream can lose anything to it), what `observe` would write into the workload, and whether its interval
holds what is known; or why this host cannot tell. Needs gcc and a quiet host. With `--write` the table goes into
docs/observe.md.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from sections import replace_section, table

from cerberus_plan.calibration.host.identity import this_host
from cerberus_plan.calibration.host.topology import last_level_bytes, system_topology
from cerberus_plan.calibration.programs.observe.displaced import Traffic
from cerberus_plan.calibration.programs.observe.hogs import Hogs
from cerberus_plan.calibration.programs.observe.meter import Meter
from cerberus_plan.calibration.programs.observe.run_plan import Plan, available
from cerberus_plan.calibration.programs.observe.signals import Signals
from cerberus_plan.planner.placing.placement import place
from cerberus_plan.planner.verify.beside_streams import ROUNDS, measure
from cerberus_plan.planner.verify.together import Order, run_together

ROOT = Path(__file__).resolve().parents[1]
MIB = 2**20
ARRAYS = {"compute": 0, "read": 1, "copy": 2, "triad": 3, "half": 2}  # that an operation passes over
HEADER = ["program", "cores", "known", "one core", "all cores", "told", "90 % interval", "right"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What is run: the compiled program, MiB of an array, seconds of a run, rounds beside streams."""

    program: Path
    mib: int
    seconds: float
    rounds: int

    def command(self, kind: str) -> tuple[str, ...]:
        """Of one program."""
        return str(self.program), kind, str(self.seconds), str(self.mib)

    @cache  # noqa: B019 - there is one bench
    def rate(self, kind: str, copies: int) -> float:
        """Bytes that copies of it, each on a core, move a second of their processor time together."""
        places = place(system_topology(tuple(sorted(os.sched_getaffinity(0)))), (1,) * copies).places
        with Signals() as signals:
            _, ended = run_together(Order(command=self.command(kind), timeout_s=60.0), places, signals)
        found = (re.search(r"ops/cpu-s: ([0-9.]+)", one.output) for one in ended)
        return sum(float(one[1]) for one in found if one) * ARRAYS[kind] * self.mib * MIB

    def streams(self) -> float:
        """Bytes that the streams of `observe` move a second of processor time, on one core."""
        with Hogs([min(os.sched_getaffinity(0))], self.mib * MIB) as hogs:
            before = hogs.seen()
            time.sleep(2 * self.seconds)
            return hogs.rate(before)

    def told(self, kind: str, cores: int) -> Traffic:
        """What `observe --memory --cores N` finds."""
        where = available([cores])
        plan = Plan(
            command=self.command(kind), counts=where.counts, repeats=1, timeout_s=60.0, cpus=where.cpus,
            meter=Meter.of(rate=r"ops/s: ([0-9.]+)", unit="operation"),
        )  # fmt: skip
        with Signals() as signals:
            return measure(plan, signals, lambda _text: None, rounds=self.rounds)


def row(bench: Bench, kind: str, cores: int) -> list[str]:
    """Known, reached and told of one program."""
    known = ARRAYS[kind] * bench.mib
    reached = [f"{bench.rate(kind, n) / 1e9:.1f} GB/s" if known else "-" for n in (1, len(os.sched_getaffinity(0)))]
    found = bench.told(kind, cores)
    start = [kind, str(cores), f"{known} MiB", *reached]
    if (told := found.memory_bytes) is None:
        return [*start, "-", "-", f"cannot tell: {found.why}"]
    low, high = (told.low or 0.0) / MIB, (told.high or 0.0) / MIB
    # nothing is told as less than a twentieth of what a copy moves
    inside = low <= known <= high if known else low < 0.05 * 2 * bench.mib
    return [*start, f"{told.value / MIB:.3g} MiB", f"{low:.3g} to {high:.3g}", "yes" if inside else "no"]


def main() -> None:
    """One row a program and number of cores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=0.7)
    parser.add_argument("--cores", default="1,2")
    parser.add_argument("--write", action="store_true", help="put the table into docs/observe.md")
    asked = parser.parse_args()
    compiler = shutil.which("gcc")
    if compiler is None:
        sys.exit("gcc is not here: apt install gcc")
    mib = max(4 * (last_level_bytes(min(os.sched_getaffinity(0))) or 0) // MIB, 32)
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "traffic"
        subprocess.run([compiler, "-O2", "-o", str(program), str(Path(__file__).with_suffix(".c"))], check=True)
        bench = Bench(program=program, mib=mib, seconds=asked.seconds, rounds=asked.rounds)
        counts = [int(n) for n in asked.cores.split(",") if int(n) <= len(os.sched_getaffinity(0))]
        ours = bench.streams() / bench.rate("copy", 1)
        rows = [row(bench, kind, cores) for cores in counts for kind in ARRAYS]
    wrong = sum(one[-1] == "no" for one in rows)
    body = (
        f"{datetime.now(UTC).date().isoformat()}, {this_host().processor}, "
        f"{len(os.sched_getaffinity(0))} CPUs, arrays of {mib} MiB, {asked.rounds} rounds: {wrong} of {len(rows)} "
        f"wrong.\nThe streams of `observe` move {ours:.2f} of what a copy in C does. "
        f"Made by `python benchmarks/traffic.py --write`.\n\n{table(HEADER, rows)}"
    )
    print(body)
    if asked.write:
        replace_section(ROOT / "docs" / "observe.md", page="Observe", heading="Programs of known traffic", body=body)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
