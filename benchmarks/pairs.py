"""Time contestants against each other on a machine that is never quite still.

Each round runs every contestant once, in random order, so a slow moment hits all of them alike; ratios are taken
inside a round. Reported: the least time of each, and the median ratio with a 90 % bootstrap interval. Where others
compete for the processors, a clock of processor time (``children_cpu``) leaves their waiting out.
Source: Georges, Buytaert, Eeckhout, OOPSLA 2007; interleaving as in Kalibera, Jones, ISMM 2013.
"""

from __future__ import annotations

import os
import platform
import random
import resource
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Times = Mapping[str, NDArray[np.float64]]


def children_cpu() -> float:
    """Processor seconds, user and system, of the processes started and waited for so far."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def interleaved(
    contestants: Mapping[str, Callable[[], object]],
    *,
    rounds: int,
    seed: int = 1,
    clock: Callable[[], float] = time.perf_counter,
) -> Times:
    """Seconds of each call, one array a contestant, entries of one index from one round."""
    order, names = random.Random(seed), list(contestants)  # noqa: S311 - an order, not a secret
    taken: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds + 1):
        for name in order.sample(names, k=len(names)):
            start = clock()
            contestants[name]()
            if number:  # the first round warms up
                taken[name].append(clock() - start)
    return {name: np.array(values) for name, values in taken.items()}


def ratio(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> tuple[float, float, float]:
    """Median of the paired ratios ours / theirs, and its 90 % bootstrap interval."""
    ratios = ours / theirs
    rng = np.random.default_rng(0)
    medians = np.median(ratios[rng.integers(0, ratios.size, (1000, ratios.size))], axis=1)
    low, high = np.quantile(medians, [0.05, 0.95])
    return float(np.median(ratios)), float(low), float(high)


def host() -> str:
    """The machine in words that say nothing about whose it is."""
    lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    models = {line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")}
    load = os.getloadavg()[0]
    cpus = len(os.sched_getaffinity(0))
    return f"{' / '.join(models)}, {cpus} CPUs, Python {platform.python_version()}, load {load:.1f}"
