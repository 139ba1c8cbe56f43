"""Real programs in every split of this machine: `python benchmarks/measured_splits.py OUT.csv [--cores N] [...]`.

Programs whose law is known (tests/planner/verify/gallery), two servers with their load on the same CPUs, inference on
the CPU and a compiler, each where what it needs is installed. All splits of N cores and of its halves down to one core,
instances pinned next to each other, in interleaved rounds of random order; a warm-up round is dropped. A row a run:
`program,round,instances,cores_per_instance,value,others`, the last the share of its CPUs' time that others took.
`benchmarks/sixteen_cores.py` compares such a file with what was predicted.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from cerberus_plan.calibration.host.topology import system_topology
from cerberus_plan.calibration.programs.observe.meter import Meter
from cerberus_plan.calibration.programs.observe.signals import Signals
from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.planner.placing.placement import Placement, place
from cerberus_plan.planner.verify.rounds import measure
from cerberus_plan.planner.verify.together import Order

HERE = Path(__file__).parent
GALLERY = HERE.parent / "tests" / "planner" / "verify" / "gallery"
KNOWN = ("stream", "mutex20", "mutex80", "faults", "compute", "mmap")
MORE = ("files", "atomic", "rwlock")
RATE = r"(?:ops|requests)/s: ([\d.]+)"
HEADER = ("program", "round", "instances", "cores_per_instance", "value", "others")


def main() -> None:
    """Measure and write, a line as each run ends."""
    parser = argparse.ArgumentParser(description="Measure real programs in every split.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.4)
    parser.add_argument("--programs", nargs="*", default=None)
    parser.add_argument("--most", type=float, default=float("inf"), help="seconds after which no program is begun")
    chosen = parser.parse_args()
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, chosen.out.open("w", newline="", encoding="utf-8") as file:
        os.chdir(folder)  # for what the programs write
        rows = csv.writer(file)
        rows.writerow(HEADER)
        for name, command in programs(Path(folder), chosen.seconds):
            if time.monotonic() - begun > chosen.most or (
                chosen.programs not in (None, []) and name not in chosen.programs
            ):
                continue
            started = time.monotonic()
            try:
                for row in measured(name, command, chosen.cores, chosen.rounds):
                    rows.writerow(row)
                    file.flush()
            except CannotAnswerError as error:
                print(f"{name}: {error}", file=sys.stderr)
            print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr)


def splits_of(cores: int) -> list[tuple[int, int]]:
    """(instances, cores each) of all totals 1, 2, 4, ... up to ``cores``, instances powers of two."""
    totals = [2**i for i in range(cores.bit_length())]
    return [(m, total // m) for total in totals for m in totals if m <= total]


def measured(name: str, command: Sequence[str], cores: int, rounds: int) -> Iterator[list[str]]:
    """Rows of one program."""
    topology = system_topology(tuple(sorted(os.sched_getaffinity(0))))
    splits = splits_of(cores)
    placements: list[Placement] = [place(topology, (each,) * m) for m, each in splits]
    with Signals() as signals:
        order = Order(command=tuple(command), timeout_s=60)
        for sample in measure(order, placements, Meter.of(rate=RATE), rounds=rounds, seed=1, signals=signals):
            if sample.round > 0:
                m, each = splits[sample.split]
                yield [name, str(sample.round), str(m), str(each), f"{sample.rate:.6g}", f"{sample.others:.4f}"]


def programs(folder: Path, seconds: float) -> Iterator[tuple[str, list[str]]]:
    """Name and command of what can run here; says what cannot."""
    if shutil.which("gcc"):
        known, gets = folder / "gallery", folder / "gets"
        for out, source in ((known, GALLERY / "gallery.c"), (gets, HERE / "servers" / "gets.c")):
            subprocess.run(["gcc", "-O1", "-pthread", "-o", str(out), str(source)], check=True)
        for kind in KNOWN:
            yield kind, [str(known), kind, "{cores}", str(seconds)]
        yield "compiling", [sys.executable, str(HERE / "programs" / "compiling.py"), "{cores}", str(seconds)]
        if shutil.which("memcached"):
            server = str(HERE / "servers" / "memcached_once.py")
            yield "memcached", [sys.executable, server, "{cores}", str(seconds), str(gets)]
    yield "interpreter", [sys.executable, "-I", str(GALLERY / "interpreter.py"), "{cores}", str(seconds)]
    if shutil.which("nginx") and shutil.which("wrk"):
        yield "nginx", [sys.executable, str(HERE / "servers" / "nginx_once.py"), "{cores}", "1"]
    if shutil.which("gcc"):
        for kind in MORE:
            yield kind, [str(known), kind, "{cores}", str(seconds)]
    if importlib.util.find_spec("torch"):
        yield "inference", [sys.executable, str(HERE / "programs" / "inference.py"), "{cores}", str(seconds)]


if __name__ == "__main__":
    main()
