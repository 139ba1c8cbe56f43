"""Events per second of both simulation paths, against the same algorithms in C: `python benchmarks/simulation.py`.

Networks: the 48-core ticket lock (think 5, hold 0.4, hand-over 0.1) and 24 instances of 2 threads with a ticket lock
each (think 8, hold 0.6, hand-over 0.3) that share a single server (0.15). simulation.c holds the twins, compiled with
gcc -O2 at run time; the jump chains must give the same clock, the heaps the same throughput to 1 %, before anything is
timed. Options: --completions N (default 2 000 000), --rounds R, --markdown FILE.
"""

from __future__ import annotations

import argparse
import ctypes
import math
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pairs import host, interleaved, ratio
from sections import replace_section, table

from cerberus_plan.model.exact.solver import solve
from cerberus_plan.model.network import Delay, Instance, Queue, Station, TicketLock
from cerberus_plan.model.simulation import events, jump_chain
from cerberus_plan.model.simulation.description import FREE
from cerberus_plan.model.simulation.layout import Layout, lay_out
from cerberus_plan.model.simulation.random import generator
from cerberus_plan.model.simulation.rules import Rules
from cerberus_plan.model.simulation.world import world

SOURCE = Path(__file__).with_suffix(".c")
FLAGS = ("-O2", "-shared", "-fPIC")
Network = tuple[list[Instance], list[Station]]
NETWORKS: dict[str, Network] = {
    "48-core ticket lock": ([Instance(threads=48, stations=[Delay(5.0), TicketLock(0.4, handover=0.1)])], []),
    "24 x 2, shared queue": (
        [Instance(threads=2, stations=[Delay(8.0), TicketLock(0.6, handover=0.3)])] * 24,
        [Queue(0.15)],
    ),
}
# One advance: completions -> (events, simulated seconds).
Run = Callable[[int], tuple[int, float]]


def our_jumps(layout: Layout) -> Run:
    """Our jump chain, ready to go on."""
    state = jump_chain.chain(layout, generator(1))
    return lambda completions: (jump_chain.advance(state, layout.n_local, completions), float(state.clock[0]))


def our_heap(layout: Layout) -> Run:
    """Our event heap, ready to go on."""
    state = world(layout, Rules(), generator(1))
    return lambda completions: (events.advance(state, completions), float(state.clock[0]))


def library(folder: Path) -> ctypes.CDLL:
    """The C twins."""
    target = folder / "simulation.so"
    subprocess.run(["gcc", *FLAGS, "-o", target, SOURCE, "-lm"], check=True)
    twins = ctypes.CDLL(str(target))
    for name in ("jump", "heap"):
        getattr(twins, f"{name}_new").restype = ctypes.c_void_p
        getattr(twins, f"{name}_advance").restype = ctypes.c_long
        getattr(twins, f"{name}_clock").restype = ctypes.c_double
    return twins


def c_run(twins: ctypes.CDLL, name: str, arguments: list[Any]) -> Run:
    """A twin, ready to go on; it keeps the arrays it points into."""
    passed = [ctypes.c_long(a) if isinstance(a, int) else ctypes.c_void_p(a.ctypes.data) for a in arguments]
    state = ctypes.c_void_p(getattr(twins, f"{name}_new")(*passed))

    def run(completions: int, _keep: list[Any] = arguments) -> tuple[int, float]:
        done = getattr(twins, f"{name}_advance")(state, ctypes.c_long(completions))
        return done, getattr(twins, f"{name}_clock")(state)

    return run


def c_jumps(twins: ctypes.CDLL, layout: Layout) -> Run:
    """The C jump chain from the same tables and seed."""
    ours = jump_chain.chain(layout, generator(1))
    servers = np.array([d.servers for d in layout.descriptions])
    offset = np.ascontiguousarray(ours.station[0])
    arguments = [len(layout.names), layout.n_local, layout.threads.size, layout.threads, layout.first]
    return c_run(
        twins, "jump", [*arguments, layout.next_station, layout.owner, servers, offset, ours.rates, generator(1)]
    )


def c_heap(twins: ctypes.CDLL, layout: Layout) -> Run:
    """The C event heap from the same tables and seed."""
    ours = world(layout, Rules(), generator(1))
    first = np.ascontiguousarray(ours.instances["first"][ours.threads["instance"]])
    columns = [np.ascontiguousarray(ours.steps[name]) for name in ("station", "next")]
    step_first = np.array([max(f for f in ours.instances["first"] if f <= j) for j in range(ours.steps.size)])
    lock = np.array([int(d.kind != FREE) for d in layout.descriptions])
    offset = np.ascontiguousarray(ours.stations["times"])
    sizes = [ours.threads.size, ours.steps.size, ours.stations.size]
    return c_run(twins, "heap", [*sizes, first, *columns, step_first, lock, offset, ours.times, generator(1)])


def check(network: Network, jumps: tuple[Run, Run], heaps: tuple[Run, Run]) -> None:
    """Stop unless the contestants do the same work."""
    clocks = [run(10_000)[1] for run in jumps]
    if not math.isclose(*clocks, rel_tol=1e-9):
        sys.exit(f"the jump chains disagree: {clocks}")
    exact = solve(instances=network[0], shared=network[1]).throughput
    for run in heaps:
        _, start = run(100_000)
        rate = 1_000_000 / (run(1_000_000)[1] - start)
        if not math.isclose(rate, exact, rel_tol=0.01):
            sys.exit(f"an event heap gives {rate}, not {exact}")


def rows_of(name: str, network: Network, twins: ctypes.CDLL, completions: int, rounds: int) -> list[list[str]]:
    """Two lines of the table."""
    layout = lay_out(*network)
    jumps = our_jumps(layout), c_jumps(twins, layout)
    heaps = our_heap(layout), c_heap(twins, layout)
    check(network, jumps, heaps)
    found = []
    for path, (ours, theirs) in {"jump chain": jumps, "event heap": heaps}.items():
        n_events = ours(completions)[0]
        contestants: dict[str, Callable[[], object]] = {
            "ours": lambda ours=ours: ours(completions),
            "C": lambda theirs=theirs: theirs(completions),
        }
        times = interleaved(contestants, rounds=rounds, clock=time.process_time)
        middle, low, high = ratio(times["C"], times["ours"])
        speeds = [f"{n_events / times[who].min() / 1e6:.1f}" for who in ("ours", "C")]
        found.append([name, path, *speeds, f"{middle:.2f} [{low:.2f}, {high:.2f}]"])
        print(*found[-1], sep="   ", file=sys.stderr)
    return found


def main() -> None:
    """Measure, print, and write the page if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--completions", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--markdown", type=Path, help="page whose section to replace, docs/benchmarks.md")
    options = parser.parse_args()
    if shutil.which("gcc") is None:
        sys.exit("this benchmark compares with C: install gcc")
    header = ["network", "path", "M events/s", "C, M events/s", "speed over C"]
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory() as folder:
        twins = library(Path(folder))
        for name, network in NETWORKS.items():
            rows += rows_of(name, network, twins, options.completions, options.rounds)
    print(table(header, rows))
    if options.markdown:
        note = (
            f"{options.completions:,} cycles on one core, processor time: most events a second of the rounds, and the "
            "median paired ratio of speeds with its 90 % interval. The C twins (`benchmarks/simulation.c`, gcc -O2) "
            "run the same algorithms with the same random numbers; the jump chains give the same clock. "
            f"Made by `python benchmarks/simulation.py` on {host()}."
        )
        body = f"{note}\n\n{table(header, rows)}"
        replace_section(options.markdown, page="Benchmarks", heading="Simulation", body=body)


if __name__ == "__main__":
    main()
