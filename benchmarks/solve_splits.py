"""Exact solution of all even splits, against the same mathematics in C: `python benchmarks/solve_splits.py`.

One instance: think 8, a ticket lock (hold 0.6, hand-over 0.3); all instances share a single server (0.15). Every even
split of 48, 96, ... cores is solved

    solve    one `solve(instances=..., shared=...)` call a split, as a user writes it
    splits   one `model.exact.splits.throughput` call for all splits, as a plan does it
    C        solve_splits.c, gcc -O2: double, or long double for a split where a double's exponent is too small

All three must agree to 1e-9 before anything is timed. Every round has a think time of its own: a table that is kept
from one call to the next helps within a round, as it would a user, not from round to round.
Options: --largest N (default 1024), --rounds R, --markdown FILE. Without gcc the C column is left out, and the output
says so.
"""

from __future__ import annotations

import argparse
import ctypes
import math
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from pairs import host, interleaved, ratio
from sections import replace_section, table

from cerberus_plan.model.exact.solver import solve
from cerberus_plan.model.exact.splits import Splits, throughput
from cerberus_plan.model.network import Delay, Instance, Queue, Station, TicketLock
from cerberus_plan.model.structure import Structure

THINK, HOLD, HANDOVER, DEMAND = 8.0, 0.6, 0.3, 0.15
SHARED = (Queue(DEMAND),)
AGREE = 1e-9
SOURCE = Path(__file__).with_suffix(".c")
FLAGS = ("-O2", "-shared", "-fPIC")
Twin = Callable[[int, int, int, float], float]


def even_splits(cores: int) -> list[tuple[int, int]]:
    """All (instances, threads of each) that use every core."""
    return [(vms, cores // vms) for vms in range(1, cores + 1) if cores % vms == 0]


def own(think: float) -> tuple[Station, ...]:
    """An instance's stations."""
    return (Delay(think), TicketLock(HOLD, handover=HANDOVER))


def by_solve(splits: list[tuple[int, int]], think: float) -> list[float]:
    """Throughput of all splits by the solver, as a user writes it."""
    local = own(think)
    return [
        solve(instances=[Instance(threads=threads, stations=local)] * vms, shared=SHARED).throughput
        for vms, threads in splits
    ]


def in_one_call(splits: list[tuple[int, int]], think: float) -> np.ndarray:
    """Throughput of all splits by the planner's tables."""
    columns = np.array(splits, dtype=float).T
    return throughput(Structure(local=own(think), shared=SHARED), Splits(vms=columns[0], threads=columns[1]), 1)[:, 0]


def compiled(folder: Path) -> dict[str, Twin] | None:
    """The C twin in double and long double, ``twin(times, vms, threads, think)``; None without gcc."""
    if shutil.which("gcc") is None:
        return None
    twins = {}
    for real in ("double", "long double"):
        library = folder / f"{real.replace(' ', '_')}.so"
        subprocess.run(["gcc", *FLAGS, f"-DREAL={real}", "-o", library, SOURCE, "-lm"], check=True)
        function = ctypes.CDLL(str(library)).solve_often
        function.restype = ctypes.c_double
        function.argtypes = [ctypes.c_int] * 3 + [ctypes.c_double] * 4
        twins[real] = lambda *asked, f=function: f(*asked, HOLD, HANDOVER, DEMAND)
    return twins


def chosen(twins: dict[str, Twin], vms: int, threads: int) -> str:
    """The cheapest precision whose range is enough and that agrees with ours."""
    (expected,) = by_solve([(vms, threads)], THINK)
    for real, twin in twins.items():
        if math.isclose(twin(1, vms, threads, THINK), expected, rel_tol=AGREE):
            return real
    sys.exit(f"C disagrees with solve at {vms} x {threads}: {expected!r}")


def measure(cores: int, twins: dict[str, Twin] | None, rounds: int) -> dict[str, np.ndarray]:
    """Seconds for all splits of ``cores``, by contestant, one entry a round."""
    splits = even_splits(cores)
    if not np.allclose(in_one_call(splits, THINK), by_solve(splits, THINK), rtol=AGREE, atol=0.0):
        sys.exit(f"splits disagrees with solve at {cores} cores")
    thinks = {name: iter(THINK * (1.0 + 1e-6 * np.arange(1.0, rounds + 2.0))) for name in ("solve", "splits", "C")}
    contestants: dict[str, Callable[[], object]] = {
        "solve": lambda: by_solve(splits, float(next(thinks["solve"]))),
        "splits": lambda: in_one_call(splits, float(next(thinks["splits"]))),
    }
    repeats = max(1, 50_000 // cores**2)  # so that the call from Python does not count
    if twins:
        pick = [(twins[chosen(twins, *split)], split) for split in splits]
        contestants["C"] = lambda: by_twins(pick, repeats, float(next(thinks["C"])))
    times = dict(interleaved(contestants, rounds=rounds))
    if twins:
        times["C"] = times["C"] / repeats
    return times


def by_twins(pick: list[tuple[Twin, tuple[int, int]]], repeats: int, think: float) -> list[float]:
    """Throughput of all splits by the C twins, each so many times over."""
    return [twin(repeats, vms, threads, think) for twin, (vms, threads) in pick]


def thousand_draws(folder: Path, rounds: int) -> str:
    """1,001 draws of the think time under every split of at most 48 cores, ours and C's, as a sentence.

    It comes first: so much to do loads the compiled passes, which the tables below then find loaded.
    """
    splits = [(vms, threads) for threads in range(1, 49) for vms in range(1, 48 // threads + 1)]
    thinks = THINK * np.exp(0.1 * np.random.default_rng(1).standard_normal((1, 1001)))
    columns = np.array(splits, dtype=float).T
    both = Splits(vms=columns[0], threads=columns[1])
    structure = Structure(local=(Delay(thinks), own(THINK)[1]), shared=SHARED)
    contestants: dict[str, Callable[[], object]] = {"ours": lambda: throughput(structure, both, thinks.size)}
    what = f"1,001 draws of all {len(splits)} splits of up to 48 cores: {{ours}}"
    if shutil.which("gcc") is not None:
        subprocess.run(["gcc", *FLAGS, "-DREAL=double", "-o", folder / "draws.so", SOURCE, "-lm"], check=True)
        function = ctypes.CDLL(str(folder / "draws.so")).solve_even
        function.restype, function.argtypes = ctypes.c_double, [ctypes.c_int] * 2 + [ctypes.c_double] * 4
        draws = thinks[0].tolist()
        contestants["C"] = lambda: [[function(*split, t, HOLD, HANDOVER, DEMAND) for t in draws] for split in splits]
        if not np.allclose(contestants["C"](), contestants["ours"](), rtol=AGREE, atol=0.0):
            sys.exit("C disagrees with the draws of all splits")
    times = interleaved(contestants, rounds=rounds)
    if "C" not in times:
        return what.format(ours=shown(float(times["ours"].min()))) + "; no gcc"
    middle, low, high = ratio(times["ours"], times["C"])
    return (
        what.format(ours=shown(float(times["ours"].min())))
        + f", C split by split {shown(float(times['C'].min()))}: {middle:.2g} [{low:.2g}, {high:.2g}] of it."
    )


def shown(seconds: float) -> str:
    """Seconds with three figures in the unit that suits them."""
    for factor, unit in ((1e6, "us"), (1e3, "ms")):
        if seconds * factor < 1000:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds:.3g} s"


def row(cores: int, times: dict[str, np.ndarray]) -> list[str]:
    """One line of the table."""
    cells = [str(cores), str(len(even_splits(cores)))]
    cells += [shown(float(times[name].min())) for name in ("solve", "splits")]
    if "C" not in times:
        return [*cells, "no gcc", "", ""]
    cells.append(shown(float(times["C"].min())))
    for name in ("solve", "splits"):
        middle, low, high = ratio(times[name], times["C"])
        cells.append(f"{middle:.3g} [{low:.3g}, {high:.3g}]")
    return cells


def main() -> None:
    """Measure, print, and write the page if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--largest", type=int, default=1024, help="largest number of cores (48, 96, 192, ...)")
    parser.add_argument("--rounds", type=int, default=100, help="rounds at 48 cores; fewer above")
    parser.add_argument("--markdown", type=Path, help="page whose section to replace, docs/benchmarks.md")
    options = parser.parse_args()
    sizes = sorted({48 * 2**i for i in range(12) if 48 * 2**i <= options.largest} | {options.largest})
    header = ["cores", "splits", "solve", "splits, one call", "C", "solve / C", "one call / C"]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        draws = thousand_draws(Path(folder), max(3, options.rounds // 20))
        print(draws, file=sys.stderr)
        twins = compiled(Path(folder))
        for cores in sizes:
            rounds = max(5, options.rounds * 48 // cores)
            rows.append(row(cores, measure(cores, twins, rounds)))
            print(*rows[-1], sep="   ", file=sys.stderr)
    print(table(header, rows))
    if options.markdown:
        note = (
            "Time for **all** even splits of a machine, exactly; least of the rounds, and the median paired ratio with "
            "its 90 % interval. The C twin (`benchmarks/solve_splits.c`, gcc -O2) uses long double where a double's "
            "range is too small; all agree to 1e-9. "
            f"{draws} That comes first, so the compiled passes are loaded. "
            f"Made by `python benchmarks/solve_splits.py --largest {options.largest}` on {host()}."
        )
        body = f"{note}\n\n{table(header, rows)}"
        replace_section(options.markdown, page="Benchmarks", heading="Exact solution of all even splits", body=body)


if __name__ == "__main__":
    main()
