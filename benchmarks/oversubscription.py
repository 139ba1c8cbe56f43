"""More threads than cores, really run and predicted: `python benchmarks/oversubscription.py`.

Elsewhere: any Linux with gcc and this package, on an idle machine: `--rounds 5` takes two minutes, `--cpus 0-7` a part
of its CPUs, `--json FILE` keeps all; as root it raises its own priority. --markdown docs/run-queue.md writes the table.
Programs: computing alone, a mutex, a
test-and-set lock, a ticket lock (oversubscription.c, built at run time); the lock is held for --hold-share of a cycle.
Measured in the same rounds, in random order: a cycle of one thread alone, and what a prediction needs: a slice (how
often running threads take turns), a switch and a wake-up (two threads that wake each other, on one core and on two).
Predicted: `model.exact.run_queue`, `model.laws.preempted_holder`. Nothing is fitted.
--round-robin MS: the kernel's SCHED_RR in slices of MS (as root; the system's setting is put back), where others keep
the machine busy: wake-ups of the fair class are then placed behind each other although a core could be had.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pairs import host
from sections import replace_section, table

from cerberus_plan.model.cpu_list import parse_cpu_list
from cerberus_plan.model.exact import run_queue
from cerberus_plan.model.exact.solver import solve
from cerberus_plan.model.laws import preempted_holder
from cerberus_plan.model.network import Delay, Instance, Queue, QueueLock

SOURCE = Path(__file__).with_suffix(".c")
FLAGS = ("-O2", "-shared", "-fPIC", "-pthread")
PROGRAMS = ("computing", "mutex", "test-and-set", "ticket")
RATIOS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 8.0, 16.0)
SLICE_SETTING = Path("/proc/sys/kernel/sched_rr_timeslice_ms")
LOCK = "lock"


@dataclass(frozen=True, kw_only=True)
class Burst:
    """One run: cycles a second, cores used, and cores that others used."""

    rate: float
    cores: float
    others: float


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What a prediction needs [s]."""

    cycle: float
    slice_s: float
    switch: float
    wake: float


def library(folder: Path) -> ctypes.CDLL:
    """The loops in C."""
    target = folder / "oversubscription.so"
    subprocess.run(["gcc", *FLAGS, "-o", target, SOURCE], check=True)
    loops = ctypes.CDLL(str(target))
    loops.turns.restype = ctypes.c_double
    return loops


def busy_seconds() -> float:
    """Seconds that all CPUs of the machine were busy, theft by a hypervisor included."""
    fields = [int(word) for word in Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


class Bench:
    """Bursts of one length of work."""

    def __init__(self, loops: ctypes.CDLL, cycle_s: float, hold_share: float, seconds: float) -> None:
        drawn = np.random.default_rng(1).exponential(1.0, 1024)
        self._lengths = (drawn / drawn.mean() * 1024).astype(np.uint32)
        self._loops, self._seconds, self._steps = loops, seconds, (10_000, 0)
        rate = max(self.burst("computing", 1).rate for _ in range(5))
        steps = 10_000 * rate * cycle_s
        self._steps = int(steps * (1.0 - hold_share)), int(steps * hold_share)

    def burst(self, program: str, threads: int) -> Burst:
        """One run, after the threads have had two turns each."""
        compute, hold = self._steps if program != PROGRAMS[0] else (sum(self._steps), 0)
        found, before = (ctypes.c_double * 4)(), busy_seconds()
        failed = self._loops.burst(
            PROGRAMS.index(program),
            threads,
            ctypes.c_uint64(compute),
            ctypes.c_uint64(hold),
            self._settle(threads),
            ctypes.c_double(self._seconds),
            self._lengths.ctypes.data_as(ctypes.c_void_p),
            found,
        )
        if failed:
            sys.exit(f"cannot start {threads} threads; try fewer with --threads")
        cycles, seconds, cpu, whole = found
        others = (busy_seconds() - before - cpu) / whole
        time.sleep(0.1)  # let the rest of the machine have its turn
        return Burst(rate=cycles / seconds, cores=cpu / whole, others=max(others, 0.0))

    @staticmethod
    def _settle(threads: int) -> ctypes.c_double:
        """Time for every thread to have had its turn."""
        return ctypes.c_double(0.05 + 4e-3 * threads)

    def slice_s(self, threads: int, cores: int) -> float:
        """Seconds that one of so many running threads keeps a core."""
        turns = self._loops.turns(threads, self._settle(threads), ctypes.c_double(self._seconds))
        if turns <= 0.0:
            sys.exit(f"cannot start {threads} threads; try fewer with --threads")
        return float(cores / turns)

    def wake_up(self, cpu: int, other: int, rounds: int = 1000) -> float:
        """Half of a round trip of two threads that wake each other, median [s]."""
        times = np.zeros(rounds)
        self._loops.wake(cpu, other, rounds, times.ctypes.data_as(ctypes.c_void_p))
        return float(np.median(times[rounds // 10 :]))


def predicted(program: str, threads: int, cores: int, hold_share: float, costs: Costs) -> float:
    """Cycles a second by the model."""
    hold = costs.cycle * hold_share
    compute = Delay(costs.cycle - hold)
    if program == "computing":
        return run_queue.throughput(Instance(threads=threads, stations=[Delay(costs.cycle)]), cores=cores)
    if program == "mutex":
        lock = QueueLock(hold, handover=costs.wake, name=LOCK)
        fewer = Instance(threads=max(threads - 1, 1), stations=[compute, lock])
        waits = solve(instances=[fewer]).stations[1].utilisation if threads > 1 else 0.0
        switching = Delay(float(preempted_holder.sleeping(np, waits, costs.switch)), name="switches")
        sleepy = Instance(threads=threads, stations=[compute, switching, lock])
        return run_queue.throughput(sleepy, cores=cores, sleeping=[LOCK])
    spinning = Instance(threads=min(threads, cores), stations=[compute, Queue(hold, name=LOCK)])
    price = preempted_holder.spinning(np, hold, threads, cores)
    turn = preempted_holder.turn(np, costs.slice_s, threads, cores) if program == "ticket" else 0.0
    return float(preempted_holder.spinning_rate(np, solve(instances=[spinning]).throughput, price, turn))


@contextlib.contextmanager
def raised(round_robin_ms: int) -> Iterator[str]:
    """Above the other programs of the machine where that is permitted; how, in words."""
    try:
        os.setsid()
        Path("/proc/self/autogroup").write_text("-20", encoding="ascii")
    except OSError:
        pass  # no groups here, or not the right to
    if not round_robin_ms:
        try:
            os.setpriority(os.PRIO_PROCESS, 0, -20)
            yield "fair class, priority -20"
        except PermissionError:
            yield "fair class"
        return
    kept = SLICE_SETTING.read_text(encoding="ascii")
    try:
        SLICE_SETTING.write_text(str(round_robin_ms), encoding="ascii")
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        yield f"round robin, {round_robin_ms} ms"
    finally:
        SLICE_SETTING.write_text(kept, encoding="ascii")


def measure(bench: Bench, programs: list[str], threads: list[int], cpus: list[int], rounds: int) -> tuple[dict, Costs]:
    """All bursts by program and threads, and what predictions need."""
    found: dict[tuple[str, int], list[Burst]] = {(p, n): [] for p in programs for n in threads}
    alone, slices, switches, wakes = [], [], [], []
    tasks: list[Callable[[], object]] = [lambda k=k: found[k].append(bench.burst(*k)) for k in found]
    tasks += [
        lambda: alone.append(bench.burst("computing", 1)),
        lambda: slices.append(bench.slice_s(4 * len(cpus), len(cpus))),
        lambda: switches.append(bench.wake_up(cpus[0], cpus[0])),
        lambda: wakes.append(bench.wake_up(cpus[0], cpus[-1])),
    ]
    order = random.Random(1)  # noqa: S311 - an order, not a secret
    for _ in range(rounds):
        for task in order.sample(tasks, k=len(tasks)):
            task()
    return found, Costs(
        cycle=1.0 / float(np.median([burst.rate for burst in alone])),
        slice_s=float(np.median(slices)),
        switch=float(np.median(switches)),
        wake=float(np.median(wakes)),
    )


def rows(found: dict[tuple[str, int], list[Burst]], cores: int, hold_share: float, costs: Costs) -> list[dict]:
    """Predicted and measured, one row a program and number of threads."""
    answers = []
    for (program, threads), bursts in found.items():
        rates = np.array([burst.rate for burst in bursts])
        model = predicted(program, threads, cores, hold_share, costs)
        measured = float(np.median(rates))
        answers.append(
            {
                "program": program,
                "threads": threads,
                "predicted": model,
                "measured": measured,
                "low": float(rates.min()),
                "high": float(rates.max()),
                "error": model / measured - 1.0,
                "cores_used": float(np.median([burst.cores for burst in bursts])),
                "cores_of_others": float(np.median([burst.others for burst in bursts])),
            }
        )
    return answers


def page(answers: list[dict], heading: str) -> str:
    """The section of the page."""
    header = ["program", "threads", "predicted /s", "measured /s", "least to most", "error", "cores used", "by others"]
    lines = [
        [
            row["program"],
            str(row["threads"]),
            f"{row['predicted']:,.0f}",
            f"{row['measured']:,.0f}",
            f"{row['low']:,.0f} to {row['high']:,.0f}",
            f"{row['error']:+.0%}",
            f"{row['cores_used']:.2f}",
            f"{row['cores_of_others']:.2f}",
        ]
        for row in answers
    ]
    return f"{heading}\n\n{table(header, lines)}"


def main() -> None:
    """Measure, predict, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cpus", help="CPUs to use, such as 0-7 (default: all)")
    parser.add_argument("--threads", help="numbers of threads, such as 1,2,4 (default: 0.5 to 16 a core)")
    parser.add_argument("--programs", default=",".join(PROGRAMS), help="some of computing,mutex,test-and-set,ticket")
    parser.add_argument("--cycle-us", type=float, default=100.0, help="length of a cycle")
    parser.add_argument("--hold-share", type=float, help="share of it under the lock (default: 0.4 over the CPUs)")
    parser.add_argument("--seconds", type=float, default=0.3, help="length of a burst")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--round-robin", type=int, default=0, metavar="MS")
    parser.add_argument("--json", type=Path, help="write everything here")
    parser.add_argument("--markdown", type=Path, help="put the table into this page")
    asked = parser.parse_args()
    if asked.cpus:
        os.sched_setaffinity(0, parse_cpu_list(asked.cpus))
    cpus = sorted(os.sched_getaffinity(0))
    cores, programs = len(cpus), asked.programs.split(",")
    threads = (
        [int(n) for n in asked.threads.split(",")]
        if asked.threads
        else sorted({max(1, int(r * cores)) for r in RATIOS})
    )
    share = asked.hold_share if asked.hold_share is not None else 0.4 / cores
    with tempfile.TemporaryDirectory() as folder, raised(asked.round_robin) as how:
        bench = Bench(library(Path(folder)), 1e-6 * asked.cycle_us, share, asked.seconds)
        found, costs = measure(bench, programs, threads, cpus, asked.rounds)
    answers = rows(found, cores, share, costs)
    heading = (
        f"{cores} CPUs, {how}; a cycle of {1e6 * costs.cycle:.0f} us, {share:.1%} of it under the lock. "
        f"Measured beside: a slice of {1e3 * costs.slice_s:.2f} ms, a switch of {1e6 * costs.switch:.1f} us, "
        f"a wake-up of {1e6 * costs.wake:.1f} us. "
        f"Medians of {asked.rounds} bursts of {asked.seconds} s in random order. {host()}."
    )
    text = page(answers, heading)
    print(text)
    if asked.json:
        asked.json.write_text(
            json.dumps({"costs": vars(costs), "how": how, "rows": answers}, indent=1), encoding="utf-8"
        )
    if asked.markdown:
        name = f"Measured: {how.split(',')[0]}, {cores} CPUs"
        replace_section(asked.markdown, page="The run queue", heading=name, body=text)


if __name__ == "__main__":
    main()
