"""Real programs on 16 real cores: what few small runs said of them, beside what was measured.

`python benchmarks/sixteen_cores.py [--write docs/sixteen-cores.md]`

The measurements (`data/sixteen-cores.csv`, made by `measured_splits.py`): a virtual machine of 16 CPUs of an Intel Xeon
of family 6, model 207, one instance of cache for all, Linux 6.18, gcc and Python 3.12; three rounds each.
Shown to the forecast: all splits of at most 2 (4, 8) cores. Asked: the splits of 16. Regret: what the chosen split
loses to the best one measured. Error: median over splits of |predicted / measured - 1|. Inside: share of splits whose
90 % interval holds the median measured; a noisy measurement counts as it is. One number was tuned on them:
how doubtful calibrated costs are to programs (`planner/splits/met.py`), the same from any six of the seven programs.
`fit` has the rows alone; `plan` is the main command with them in a workload of which the time on one core is known.
`calibration` has no runs of splits at all: the time on one core, what an operation does (bytes, faults, calls, share
under a lock, known for seven of the programs from their source), and what `calibrate` measured on a machine of the same
kind an hour and a half later (`data/sixteen-cores-profile.json`, its samples left out, the slowdown of busy cores
derived from them anew). Its table has them with runs of few cores as well.
With --write FILE the table goes into that page.
"""

from __future__ import annotations

import argparse
import csv
import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

from sections import replace_section, table

from cerberus_plan.calibration.splits.fit import fit_splits
from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.measurement import Measurement, ran_on
from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.plan import Constraints, Plan
from cerberus_plan.planner.splits.choose import plan

DATA = Path(__file__).parent / "data" / "sixteen-cores.csv"
PROFILE = DATA.with_name("sixteen-cores-profile.json")
CORES = 16
SEEN = (2, 4, 8)
Split = tuple[int, int]
Runs = Mapping[Split, Sequence[float]]


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of one split: expected value and interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Judged:
    """One program, one way to predict, one amount of evidence."""

    chosen: Split
    regret: float
    error: float
    inside: float
    width: float


def main() -> None:
    """Print or write the tables."""
    parser = argparse.ArgumentParser(description="Compare forecasts with runs on 16 cores.")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--write", type=Path)
    chosen = parser.parse_args()
    runs = read(chosen.data)
    judged = {
        (name, seen): {program: judge(values, way(values, seen)) for program, values in runs.items()}
        for name, way in WAYS.items()
        for seen in SEEN
    }
    parts = [measured_table(runs), summary_table(judged)]
    alone = from_calibration(runs, 0)
    parts.append("By calibration and demands alone:\n\n" + program_table(runs, alone))
    together = {("calibration", seen): alone if seen == 0 else from_calibration(runs, seen) for seen in (0, *SEEN)}
    parts.append("The same seven, with runs:\n\n" + summary_table(together))
    parts += [
        f"By {name}, at most {seen} cores seen:\n\n" + program_table(runs, judged[name, seen]) for name, seen in SHOWN
    ]
    text = "\n\n".join(parts)
    if chosen.write:
        replace_section(chosen.write, page="Sixteen cores", heading="Measured and predicted", body=text)
    print(text)


def read(path: Path) -> dict[str, dict[Split, list[float]]]:
    """Runs of each program by split."""
    found: dict[str, dict[Split, list[float]]] = defaultdict(lambda: defaultdict(list))
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            split = int(row["instances"]), int(row["cores_per_instance"])
            found[row["program"]][split].append(float(row["value"]))
    return {program: dict(splits) for program, splits in found.items()}


def measured_table(runs: Mapping[str, Runs]) -> str:
    """Times of one core, and half the spread of the repeats."""
    splits = [(m, CORES // m) for m in (1, 2, 4, 8, 16)]
    rows = []
    for program, values in runs.items():
        one = median(values[1, 1])
        spread = median((max(v) - min(v)) / median(v) / 2 for v in values.values())
        rows.append([program, *(f"{median(values[s]) / one:.2f}" for s in splits), f"±{100 * spread:.0f} %"])
    return table(["program", *(f"{m} x {k}" for m, k in splits), "a run"], rows)


def summary_table(judged: Mapping[tuple[str, int], Mapping[str, Judged]]) -> str:
    """A row for each way and amount of evidence: mean and worst over programs."""
    header = ["by", "cores seen", "regret", "worst", "error", "worst", "inside", "width"]
    rows = []
    for (name, seen), each in judged.items():
        all_of = list(each.values())
        regrets, errors = [one.regret for one in all_of], [one.error for one in all_of]
        shares = fmean(regrets), max(regrets), median(errors), max(errors)
        inside = fmean(one.inside for one in all_of)
        width = math.exp(fmean(math.log(one.width) for one in all_of))
        rows.append([name, f"≤ {seen}", *map(percent, shares), percent(inside), f"x{width:.2f}"])
    return table(header, rows)


def program_table(runs: Mapping[str, Runs], judged: Mapping[str, Judged]) -> str:
    """A row a program."""
    rows = []
    for program, one in judged.items():
        truth = truths(runs[program])
        best, chosen = max(truth, key=truth.__getitem__), one.chosen
        splits = [f"{m} x {k}" for m, k in (best, chosen)]
        rows.append([program, *splits, *map(percent, (one.regret, one.error, one.inside)), f"x{one.width:.2f}"])
    return table(["program", "best", "chosen", "regret", "error", "inside", "width"], rows)


def percent(share: float) -> str:
    """Of one."""
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"


def truths(values: Runs) -> dict[Split, float]:
    """Median of each split of all the cores."""
    return {split: median(v) for split, v in values.items() if split[0] * split[1] == CORES}


def judge(values: Runs, said: Mapping[Split, Said]) -> Judged:
    """Against the medians measured."""
    truth = truths(values)
    chosen = max(truth, key=lambda split: said[split].value)
    return Judged(
        chosen=chosen,
        regret=1 - truth[chosen] / max(truth.values()),
        error=median(abs(said[split].value / value - 1) for split, value in truth.items()),
        inside=fmean(said[split].low <= value <= said[split].high for split, value in truth.items()),
        width=math.exp(fmean(math.log(said[split].high / said[split].low) for split in truth)),
    )


def rows_seen(values: Runs, seen: int) -> list[Measurement]:
    """One measurement a run."""
    return [
        Measurement(instances=m, cores_per_instance=k, value=value)
        for (m, k), found in values.items()
        if m * k <= seen
        for value in found
    ]


def fitted(values: Runs, seen: int) -> dict[Split, Said]:
    """From the runs alone."""
    fit = fit_splits(rows_seen(values, seen), [(m, CORES // m) for m in (1, 2, 4, 8, 16)])
    return {(s.instances, s.cores_per_instance): Said(s.value, s.low, s.high) for s in fit.splits}


def planned(values: Runs, seen: int) -> dict[Split, Said]:
    """From the runs and the planner's own models: a program of which only its time on one core is known."""
    one = median(values[1, 1])
    workload = Workload(
        name="program", description="", unit="operations/s", units_per_cycle=1.0,
        operations={"compute": Quantity(value=1 / one, unit="s", provenance=Provenance.MEASURED)},
        measured=tuple(rows_seen(values, seen)),
    )  # fmt: skip
    systems = [SYSTEMS["linux"], SYSTEMS["processes"]]
    return said(plan(catalog.machine("intel16"), workload, systems, Constraints(cores=CORES)))


def said(answer: Plan) -> dict[Split, Said]:
    """Of one Linux, and of processes of one."""
    return {
        (c.vms, c.split[0]): Said(c.throughput, c.low, c.high)
        for c in answer.candidates
        if c.cores == CORES and c.cores_per_vm is not None and c.system == ran_on(c.vms)
    }


def from_calibration(runs: Mapping[str, Runs], seen: int) -> dict[str, Judged]:
    """Of programs whose demands are known, with the runs of at most so many cores."""
    machine = catalog.machine(str(PROFILE))
    return {program: judge(runs[program], calibrated(machine, program, runs[program], seen)) for program in DOES}


def calibrated(machine: Machine, program: str, values: Runs, seen: int) -> dict[Split, Said]:
    """From the machine's costs, the program's demands and runs; what is left of the time on one core is computing."""
    one = 1 / median(values[1, 1])
    does = DOES[program](one)
    apart = sum(count * machine.quantities[cost].value for name, count in does.items() for cost in COSTS.get(name, ()))
    compute = max(one - apart - does.get("process_lock", 0.0), 0.0 if program == "stream" else 0.001 * one)
    units = {"process_lock": "s", "memory_bytes": "B"}
    operations = {
        name: Quantity(value=value, unit=units.get(name, "1"), provenance=Provenance.MEASURED)
        for name, value in does.items()
    } | {"compute": Quantity(value=max(compute, 1e-9), unit="s", provenance=Provenance.MEASURED)}
    workload = Workload(
        name=program, description="", unit="operations/s", units_per_cycle=1.0, operations=operations,
        measured=tuple(rows_seen(values, seen)),
    )  # fmt: skip
    return said(plan(machine, workload, [SYSTEMS["linux"], SYSTEMS["processes"]], Constraints(cores=CORES)))


# What an operation of `tests/planner/verify/gallery` does, given its time on one core [s].
DOES: dict[str, Callable[[float], dict[str, float]]] = {
    "compute": lambda _: {},
    "stream": lambda _: {"memory_bytes": 2.0 * 32 * 2**20},
    "faults": lambda _: {"page_faults": 64.0, "address_space_calls": 2.0},
    "mmap": lambda _: {"page_faults": 1.0, "address_space_calls": 2.0},
    "mutex20": lambda one: {"process_lock": 0.2 * one},
    "mutex80": lambda one: {"process_lock": 0.8 * one},
    "interpreter": lambda one: {"process_lock": 0.98 * one},
}
COSTS = {"page_faults": ("page_fault", "page_fault_parallel"), "address_space_calls": ("address_space_call",)}
WAYS: dict[str, Callable[[Runs, int], dict[Split, Said]]] = {"fit": fitted, "plan": planned}
SHOWN = [("fit", 2), ("fit", 4), ("plan", 4)]

if __name__ == "__main__":
    main()
