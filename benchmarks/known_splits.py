"""Splits of programs whose law is known: `python benchmarks/known_splits.py [--seeds 4] [--plans]`.

Ten invented programs run, with noise, in every split of 1, 2, 4 and 8 cores (powers of two); all splits of 32 cores are
asked, of `fit` and, with --plans, of a plan that knows the time of one core beside these runs.

regret    throughput lost by the chosen split against the best of 32 cores; beside it what the answer expects to lose
error     |forecast / truth - 1|, median over splits;  coverage: share of splits whose truth is inside the interval
width     high / low, median;  owner: probability of the true owner of the contention, of one instance on all cores

The first eight laws are smooth; of the last two nothing is seen up to 8 cores, so that only the interval can be right.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from cerberus_plan.calibration.splits.fit import fit_splits, splits_of
from cerberus_plan.calibration.splits.measured import Split
from cerberus_plan.model.measurement import Measurement

FULL = 32
SMALL = [(m, k) for m in (1, 2, 4, 8) for k in (1, 2, 4, 8) if m * k <= 8]
NOISE = 0.02
ONE_CORE = 1e5  # units a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Throughput of M instances of K cores in times of one core, and whose the contention is."""

    name: str
    rate: Callable[[int, int], float]
    owner: str


def queue(customers: int, share: float, handover: float = 0.0) -> float:
    """Closed network of computing and one lock over this share of the work, exact; its hand-over slows with waiters."""
    terms = [0.0]  # logarithms of the weights of k at the lock: product of its service times, over (n - k)! thinking
    for k in range(1, customers + 1):
        slowed = share + handover * (k - 1)
        terms.append(terms[-1] + math.log(slowed * (customers - k + 1) / (1 - share)))
    weights = np.exp(np.array(terms) - max(terms))
    thinking = float(weights @ (customers - np.arange(customers + 1.0))) / float(weights.sum())
    return thinking / (1 - share)


def bounded(cores: float, limit: float) -> float:
    """A resource of the machine that serves so many cores."""
    return float((cores**-6 + limit**-6) ** (-1 / 6))


PROGRAMS = (
    Program(name="nothing shared", rate=lambda m, k: m * k, owner="none"),
    Program(name="process lock, 20 % of the work", rate=lambda m, k: m * queue(k, 0.2), owner="inside"),
    Program(name="process lock, 5 %", rate=lambda m, k: m * queue(k, 0.05), owner="inside"),
    Program(name="process lock that collapses", rate=lambda m, k: m * queue(k, 0.1, 0.02), owner="inside"),
    Program(name="machine lock, 15 %", rate=lambda m, k: queue(m * k, 0.15), owner="machine"),
    Program(name="memory bandwidth of 6 cores", rate=lambda m, k: bounded(m * k, 6.0), owner="machine"),
    Program(name="start-up, 3 % an instance", rate=lambda m, k: m * k / (1 + 0.03 * (m - 1)), owner="between"),
    Program(
        name="process lock 20 %, messages",
        rate=lambda m, k: m * queue(k, 0.2) / (1 + 0.02 * (m - 1)),
        owner="inside",
    ),
    Program(name="memory bandwidth of 16 cores", rate=lambda m, k: bounded(m * k, 16.0), owner="machine"),
    Program(name="hardware threads beyond 16", rate=lambda m, k: min(m * k, 16) * (m * k / min(m * k, 16)) ** 0.3,
            owner="machine"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One answer."""

    regret: float
    expected: float
    error: float
    covered: float
    width: float
    owner: float


def runs(program: Program, seed: int) -> list[Measurement]:
    """Every small split once."""
    random = np.random.default_rng([seed, PROGRAMS.index(program)])
    return [
        Measurement(
            instances=m,
            cores_per_instance=k,
            value=ONE_CORE * program.rate(m, k) * math.exp(NOISE * random.standard_normal()),
        )
        for m, k in SMALL
    ]


def judged(
    program: Program, rows: dict[Split, tuple[float, float, float]], best: Split, expected: float, owner: float
) -> Judged:
    """Against the truth; rows are value, low end, high end."""
    truth = np.array([ONE_CORE * program.rate(*split) for split in rows])
    value, low, high = np.array(list(rows.values())).T
    return Judged(
        regret=1 - ONE_CORE * program.rate(*best) / float(truth.max()),
        expected=expected,
        error=float(np.median(np.abs(value / truth - 1))),
        covered=float(np.mean((low <= truth) & (truth <= high))),
        width=float(np.median(high / low)),
        owner=owner,
    )


def by_fit(program: Program, seed: int) -> Judged:
    """What `fit` says."""
    fit = fit_splits(runs(program, seed), splits_of(FULL))
    rows = {(s.instances, s.cores_per_instance): (s.value, s.low, s.high) for s in fit.splits}
    best = (fit.best.instances, fit.best.cores_per_instance)
    return judged(program, rows, best, fit.best.regret, fit.owner[program.owner])


def by_plan(program: Program, seed: int) -> Judged:
    """What a plan says that knows the time of one core and these runs."""
    from cerberus_plan.calibration.store import catalog
    from cerberus_plan.model.quantity import Provenance, Quantity
    from cerberus_plan.model.systems.registry import SYSTEMS
    from cerberus_plan.model.workload import Workload
    from cerberus_plan.planner.plan import Constraints
    from cerberus_plan.planner.splits.choose import plan

    compute = Quantity(value=1 / ONE_CORE, unit="s", provenance=Provenance.MEASURED)
    workload = Workload(
        name="program", description="", unit="operations/s", units_per_cycle=1.0, operations={"compute": compute},
        measured=tuple(runs(program, seed)),
    )  # fmt: skip
    systems = [SYSTEMS["linux"], SYSTEMS["processes"]]
    found = plan(catalog.machine("amd48"), workload, systems, Constraints(cores=FULL))
    full = {(c.vms, c.split[0]): c for c in found.candidates if c.cores == FULL and c.cores_per_vm is not None}
    best = found.best_all_cores or found.best
    rows = {split: (c.throughput, c.low, c.high) for split, c in full.items() if split in set(splits_of(FULL))}
    return judged(program, rows, (best.vms, best.split[0]), best.regret, math.nan)


def table(title: str, judge: Callable[[Program, int], Judged], seeds: Iterable[int]) -> None:
    """One markdown table, a row a program."""
    print(f"\n| {title} | regret | expected | error | coverage | width | owner |\n|---|---|---|---|---|---|---|")
    for program in PROGRAMS:
        found = [judge(program, seed) for seed in seeds]
        means = {name: float(np.mean([getattr(one, name) for one in found])) for name in Judged.__slots__}
        cells = [f"{means[name]:.1%}" for name in ("regret", "expected", "error", "covered")]
        owner = "-" if math.isnan(means["owner"]) else f"{program.owner} {means['owner']:.0%}"
        print(f"| {program.name} | {' | '.join(cells)} | {means['width']:.2f} | {owner} |", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--plans", action="store_true", help="plans as well, a second a program")
    arguments = parser.parse_args()
    table("fit", by_fit, range(arguments.seeds))
    if arguments.plans:
        table("plan", by_plan, range(arguments.seeds))


if __name__ == "__main__":
    main()
