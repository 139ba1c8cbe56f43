"""Ours beside the field's solvers and simulators, answers and times: `python benchmarks/peers.py`.

    locks    one instance of 48 and of 1,024 threads: think 8, a ticket lock (0.6, hand-over 0.3), a queue (0.15); exact
    splits   24 instances of 2 such threads that share the queue
    queue    48 customers think 5 and hold one server for 0.1, exponential, simulated customer by customer

Every contestant does the same model; those in Python or Octave run as processes of their own and time themselves,
without their start. Each round runs all, in random order; the ratio is that of a round. What is not installed is left
out and named.

Peers live outside this project's dependencies:

    python3 -m venv FOLDER && FOLDER/bin/pip install line-solver==3.0.8.0 ciw==3.2.7 simpy==4.1.2
    apt install octave octave-queueing gcc

Options: --python FOLDER/bin/python, --rounds R (default 5), --only WORD (of a problem), --markdown FILE.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
from pairs import host, ratio
from sections import replace_section, table
from simulation import c_heap, library, our_heap
from solve_splits import SHARED, chosen, compiled, own, shown
from solve_splits import THINK as LOCKS_THINK

from cerberus_plan import __version__
from cerberus_plan.model.exact.solver import solve
from cerberus_plan.model.network import Delay, Instance, Queue
from cerberus_plan.model.simulation.layout import lay_out

PROGRAMS = Path(__file__).parent / "peer_programs"
OURS = f"cerberus-plan {__version__}"
THINK, HOLD, CUSTOMERS, CYCLES = 5.0, 0.1, 48, 200_000
NEEDS = {"line": "line_solver", "ciw": "ciw", "simpy": "simpy"}


@dataclass(frozen=True, slots=True)
class Said:
    """What a contestant answers, and the seconds one answer (or, of a simulation, one cycle) takes."""

    who: str
    answer: float
    seconds: float


@dataclass(slots=True)
class Problem:
    """A model, its exact throughput, and who can do it: ours comes first."""

    title: str
    exact: float
    contestants: list[Callable[[], Said]]
    rounds: list[list[Said]] = field(default_factory=list)


def timed(who: str, call: Callable[[], float]) -> Callable[[], Said]:
    """A contestant of this process: as often as 20 ms allow."""

    def run() -> Said:
        taken, answer = [], 0.0
        while not taken or (sum(taken) < 0.02 and len(taken) < 1000):
            start = time.perf_counter()
            answer = call()
            taken.append(time.perf_counter() - start)
        return Said(who, answer, statistics.median(taken))

    return run


def program(command: list[str], per: int = 1) -> Callable[[], Said]:
    """A contestant with a process of its own, whose last line of output is its answer."""

    def run() -> Said:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=PROGRAMS)
        if done.returncode:
            sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
        said = json.loads(done.stdout.strip().splitlines()[-1])
        return Said(said["who"], said["answer"], said["seconds"] / per)

    return run


def available(python: Path | None) -> tuple[set[str], list[str]]:
    """The peers that are installed, and those that are not."""
    found = set()
    for name, module in NEEDS.items():
        asked = [str(python), "-c", f"import importlib.util, sys; sys.exit(not importlib.util.find_spec('{module}'))"]
        if python is not None and subprocess.run(asked, check=False).returncode == 0:
            found.add(name)
    asked = ["octave-cli", "-q", "--eval", "pkg load queueing"]
    if shutil.which("octave-cli") and subprocess.run(asked, check=False, capture_output=True).returncode == 0:
        found.add("octave")
    if shutil.which("gcc"):
        found.add("gcc")
    return found, sorted({*NEEDS, "octave", "gcc"} - found)


def afresh(instances: int, threads: int, asked: Iterator[int]) -> float:
    """Throughput by ours, each time of another think time: kept tables would look better than they are."""
    local = own(LOCKS_THINK * (1.0 + next(asked) * 2.0**-44))
    return solve(instances=[Instance(threads=threads, stations=local)] * instances, shared=SHARED).throughput


def exact_problems(python: Path | None, have: set[str], folder: Path) -> list[Problem]:
    """One large instance twice, and many small ones."""
    twins = compiled(folder) or {}
    found = []
    for instances, threads in ((1, 48), (1, 1024), (24, 2)):
        call = partial(afresh, instances, threads, count())
        contestants = [timed(OURS, call)]
        if twins:
            twin = twins[chosen(twins, instances, threads)]
            contestants.append(timed("C, gcc -O2", partial(twin, 1, instances, threads, LOCKS_THINK)))
        size, rounds = str(threads), "5" if threads < 1000 else "1"
        if "line" in have:
            arguments = ["line_lock.py", size, rounds] if instances == 1 else ["line_splits.py", str(instances), size]
            contestants.append(program([str(python), *arguments]))
        if "octave" in have and instances == 1:
            contestants.append(program(["octave-cli", "-q", "lock.m", size, rounds]))
        title = f"{instances} x {threads} threads, ticket locks and a queue"
        found.append(Problem(title, call(), contestants))
    return found


def simulated_problem(python: Path | None, have: set[str], folder: Path) -> Problem:
    """Customers that think and queue, each on its own."""
    stations = [Delay(THINK), Queue(HOLD)]
    exact = solve(instances=[Instance(threads=CUSTOMERS, stations=stations)]).throughput
    layout = lay_out([Instance(threads=CUSTOMERS, stations=stations)], [])
    heaps = {OURS: our_heap(layout)}
    if "gcc" in have:
        heaps["C, gcc -O2"] = c_heap(library(folder), layout)
    contestants = [_simulated(who, heap) for who, heap in heaps.items()]
    given = [str(CUSTOMERS), str(CYCLES), str(THINK), str(HOLD)]
    for name in ("line", "simpy", "ciw"):
        if name in have:
            rate = [str(exact)] if name == "ciw" else []
            contestants.append(program([str(python), f"{name}_queue.py", *given, *rate], per=CYCLES))
    return Problem("48 customers at a queue, simulated, a cycle", exact, contestants)


def _simulated(who: str, heap: Callable[[int], tuple[int, float]]) -> Callable[[], Said]:
    """A simulation of this process that goes on where it was; its first cycles are its warm-up."""
    heap(CYCLES // 10)

    def run() -> Said:
        _, before = heap(0)
        start = time.perf_counter()
        _, after = heap(CYCLES)
        return Said(who, CYCLES / (after - before), (time.perf_counter() - start) / CYCLES)

    return run


def rows_of(problem: Problem) -> list[list[str]]:
    """A line for each contestant: error, least time, and the ratio to ours with its interval."""
    seconds = np.array([[said.seconds for said in each] for each in problem.rounds])
    lines = []
    for i, said in enumerate(problem.rounds[-1]):
        errors = [each[i].answer / problem.exact - 1.0 for each in problem.rounds]
        middle, low, high = ratio(seconds[:, i], seconds[:, 0])
        error = max(errors, key=abs)
        cell = "1" if i == 0 else f"{middle:.3g} [{low:.3g}, {high:.3g}]"
        lines.append([problem.title, said.who, f"{error:+.1e}", shown(float(seconds[:, i].min())), cell])
    return lines


def main() -> None:
    """Measure, print, and write the page if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", type=Path, help="interpreter of the environment that holds the peers")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="a word of the problems' titles")
    parser.add_argument("--markdown", type=Path, help="page whose section to replace, docs/benchmarks.md")
    options = parser.parse_args()
    if options.python is not None:
        options.python = options.python.absolute()  # not resolved: an environment's interpreter is a link
        if not options.python.is_file():
            parser.error(f"--python {options.python}: no such file; give the interpreter of the peers' environment")
    have, missing = available(options.python)
    order = np.random.default_rng(1)
    rows = []
    with tempfile.TemporaryDirectory() as name:
        problems = [
            *exact_problems(options.python, have, Path(name)),
            simulated_problem(options.python, have, Path(name)),
        ]
        for problem in (each for each in problems if options.only in each.title):
            for _ in range(options.rounds):
                said: dict[int, Said] = {
                    i: problem.contestants[i]() for i in order.permutation(len(problem.contestants))
                }
                problem.rounds.append([said[i] for i in sorted(said)])
            rows += rows_of(problem)
            print(*rows[-len(problem.contestants) :], sep="\n", file=sys.stderr)
    text = table(["model", "who", "worst error", "least time", "time over ours"], rows)
    print(text)
    if missing:
        print(f"not installed: {', '.join(missing)}", file=sys.stderr)
    if options.markdown:
        note = (
            "The same model by ours and by the field's tools, each timing itself warm and without its start; errors "
            "are those of the throughput against the exact one, the worst of the rounds, times the least of "
            f"{options.rounds} rounds, ratios the median of a round's with its 90 % interval. Simulations count whole "
            "cycles, customer by customer; LINE's samples are taken as cycles. "
            f"Left out: {', '.join(missing) or 'nobody'}. {dt.datetime.now(dt.UTC):%Y-%m-%d}, "
            f"`python benchmarks/peers.py` on {host()}; it says how to install them."
        )
        replace_section(options.markdown, page="Benchmarks", heading="Beside the peers", body=f"{note}\n\n{text}")


if __name__ == "__main__":
    main()
