"""Is `observe --memory` right? Programs of known memory traffic, beside streams on all other cores of this host.

    python benchmarks/traffic.py [--rounds N] [--seconds S]

`traffic.c` computes (no bytes), reads (32 MiB an operation), copies (64 MiB), and copies for half of its time (64 MiB).
Prints what is known, what `observe` would write into the workload, and whether its interval holds what is known; or
why this host cannot tell. Needs gcc, a quiet host, and more cores than memory has bandwidth for.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from cerberus_plan.calibration.programs.observe.meter import Meter
from cerberus_plan.calibration.programs.observe.run_plan import Plan, available
from cerberus_plan.calibration.programs.observe.signals import Signals
from cerberus_plan.planner.verify.beside_streams import ROUNDS, measure

MIB = 2**20
KNOWN = {"compute": 0, "read": 32 * MIB, "copy": 64 * MIB, "half": 64 * MIB}


def main() -> None:
    """One row a program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=0.7)
    asked = parser.parse_args()
    compiler = shutil.which("gcc")
    if compiler is None:
        sys.exit("gcc is not here: apt install gcc")
    place = available([1])
    print(f"{len(place.cpus)} CPUs, {asked.rounds} rounds")
    print("| program | known MiB | told MiB | 90 % interval | told / known | inside |")
    print("| ------: | --------: | -------: | ------------: | -----------: | -----: |")
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "traffic"
        source = Path(__file__).with_suffix(".c")
        subprocess.run([compiler, "-O2", "-o", str(program), str(source)], check=True)
        for kind, known in KNOWN.items():
            plan = Plan(
                command=(str(program), kind, str(asked.seconds)),
                counts=place.counts,
                repeats=1,
                timeout_s=60.0,
                meter=Meter.of(rate=r"ops/s: ([\d.]+)", unit="operation"),
                cpus=place.cpus,
            )
            with Signals() as signals:
                found = measure(plan, signals, lambda _text: None, rounds=asked.rounds)
            told = found.memory_bytes
            if told is None:
                print(f"| {kind} | {known / MIB:.0f} | - | {found.why} | | |")
                continue
            low, high = told.low or 0.0, told.high or 0.0
            inside = low <= known <= high if known else low < 0.05 * high or high < MIB
            ratio = f"{told.value / known:.2f}" if known else "-"
            interval = f"{low / MIB:.3g} to {high / MIB:.3g}"
            print(f"| {kind} | {known / MIB:.0f} | {told.value / MIB:.3g} | {interval} | {ratio} | {inside} |")
            print(f"  {kind}: {told.source}", file=sys.stderr)


if __name__ == "__main__":
    main()
