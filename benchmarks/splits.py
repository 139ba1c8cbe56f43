"""Measured splits judged on families left out: `python benchmarks/splits.py FOLDER [--families]`.

FOLDER holds one CSV file a family: set_id, higher_is_better, instances, threads_per_instance, value. Our priors and
intervals are learned anew without the family that is judged.

extrapolate  every split with at most half of the full total is given, the full splits are asked
tune         so many full splits may be measured, then one is chosen
regret       throughput lost by the chosen full split against the best measured one; mean over sets (over families)
error        |forecast / measured - 1| of the full splits, median of each set; mean over sets (over families)
coverage     share of full splits inside the 90 % interval; width: high / low, median

Beside: always one instance (1xN), always one core each (Nx1), as many instances as the square root of the cores
(Dask's rule), an evenly spread design whose best is taken, a Gaussian process (squared exponential over log instances
and log cores, mean linear), and Optuna's tree-structured Parzen estimator where it is installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cerberus_plan.calibration.splits.examples import Example, read_folder
from cerberus_plan.calibration.splits.fit import fit_splits
from cerberus_plan.calibration.splits.learn import Learner
from cerberus_plan.calibration.splits.measured import Split
from cerberus_plan.calibration.splits.prior import Prior
from cerberus_plan.calibration.splits.search import Search
from cerberus_plan.model.measurement import Measurement

Array = NDArray[np.float64]
Values = dict[Split, float]  # logarithm of throughput
Tuner = Callable[[Values, int, Prior], Split]
BUDGETS = (2, 3, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One set; what a method does not say is NaN."""

    family: str
    name: str
    regret: float
    error: float = math.nan
    covered: float = math.nan
    width: float = math.nan
    used: float = math.nan


def measurements(values: Values) -> list[Measurement]:
    """Values as if each split had been run once."""
    return [Measurement(instances=m, cores_per_instance=k, value=math.exp(v)) for (m, k), v in values.items()]


def regret(truth: Values, chosen: Split) -> float:
    """Share of throughput lost."""
    return 1 - math.exp(truth[chosen] - max(truth.values()))


def forecast_row(example: Example, truth: Values, value: Array, low: Array | None, high: Array | None) -> Row:
    """Judge a forecast of the full splits, in ascending order."""
    measured = np.array([truth[split] for split in sorted(truth)])
    interval = low is not None and high is not None
    return Row(
        family=example.family,
        name=example.name,
        regret=regret(truth, sorted(truth)[int(value.argmax())]),
        error=float(np.median(np.abs(np.exp(value - measured) - 1))),
        covered=float(np.mean((low <= measured) & (measured <= high))) if interval else math.nan,
        width=float(np.median(high - low)) if interval else math.nan,
    )


def ours(example: Example, seen: Values, truth: Values, prior: Prior) -> Row:
    """Our forecast from small totals."""
    answer = fit_splits(measurements(seen), sorted(truth), prior=prior).splits
    value, low, high = (np.log([getattr(split, name) for split in answer]) for name in ("value", "low", "high"))
    return forecast_row(example, truth, value, low, high)


def gaussian_process(example: Example, seen: Values, truth: Values, _: Prior) -> Row:
    """A black-box forecast: squared exponential over log2 of both counts, residuals from linear."""
    at, asked = (np.log2(np.array(sorted(x), dtype=float)) for x in (seen, truth))
    ideal, target = (at.sum(axis=1) * math.log(2), asked.sum(axis=1) * math.log(2))

    def kernel(a: Array, b: Array) -> Array:
        return np.asarray(0.36 * np.exp(-0.5 * (((a[:, None] - b[None]) / 1.5) ** 2).sum(axis=2)))

    rest = np.array([seen[split] for split in sorted(seen)]) - ideal
    inverse = np.linalg.inv(kernel(at, at) + 0.05**2 * np.eye(len(at)))
    value = target + rest.mean() + kernel(asked, at) @ inverse @ (rest - rest.mean())
    spread = np.sqrt(np.maximum(0.36 - np.einsum("ij,jk,ik->i", kernel(asked, at), inverse, kernel(asked, at)), 0.0025))
    return forecast_row(example, truth, value, value - 1.645 * spread, value + 1.645 * spread)


def always(choose: Callable[[Split], float]) -> Tuner:
    """The split that is nearest to a rule of thumb, without measuring."""
    return lambda truth, _budget, _prior: min(sorted(truth), key=choose)


def spread(truth: Values, budget: int, _: Prior) -> Split:
    """The best of evenly spread splits."""
    splits = sorted(truth)
    tried = {splits[round(j * (len(splits) - 1) / (budget - 1))] for j in range(budget)}
    return max(sorted(tried), key=truth.__getitem__)


def search(truth: Values, budget: int, prior: Prior, used: list[int] | None = None, target: float = 0.0) -> Split:
    """Our design and choice."""
    ours_ = Search(candidates=sorted(truth), budget=budget, target=target, prior=prior)
    while (split := ours_.wanted()) is not None:
        ours_.add(measurements({split: truth[split]})[0])
    if used is not None:
        used.append(len(ours_.runs))
    return ours_.best


def optuna_tpe(truth: Values, budget: int, _: Prior) -> Split:
    """The best that a black-box tuner meets: Optuna's tree-structured Parzen estimator."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    splits = sorted(truth)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=1))
    study.optimize(lambda trial: truth[splits[trial.suggest_int("split", 0, len(splits) - 1)]], n_trials=budget)
    return splits[study.best_params["split"]]


def mean(rows: Sequence[Row], name: str) -> str:
    """Over sets, then over families."""
    by = {family: [getattr(r, name) for r in rows if r.family == family] for family in {r.family for r in rows}}
    return f"{np.mean([getattr(r, name) for r in rows]):.1%} ({np.mean([np.mean(v) for v in by.values()]):.1%})"


def table(header: str, found: dict[str, list[Row]], families: bool) -> None:
    """One markdown table."""
    print(f"\n| {header} | sets | regret | error | coverage | width | splits run |\n|---|---|---|---|---|---|---|")
    for method, rows in found.items():
        parts = {"": rows}
        if families:
            parts |= {f" {f}": [r for r in rows if r.family == f] for f in sorted({r.family for r in rows})}
        for part, chosen in parts.items():
            cells = [f"{len(chosen)}", mean(chosen, "regret")]
            cells += ["-" if math.isnan(chosen[0].error) else mean(chosen, "error")]
            cells += ["-" if math.isnan(chosen[0].covered) else mean(chosen, "covered")]
            cells += ["-" if math.isnan(chosen[0].width) else f"{math.exp(np.median([r.width for r in chosen])):.2f}"]
            cells += ["-" if math.isnan(chosen[0].used) else f"{np.mean([r.used for r in chosen]):.1f}"]
            print(f"| {method}{part} | " + " | ".join(cells) + " |")


def extrapolations(examples: list[Example], prior_of: Callable[[str], Prior]) -> dict[str, list[Row]]:
    """Every set that has three splits with at most half of the full total."""
    found: dict[str, list[Row]] = {}
    for example in examples:
        total, full = example.full(3)
        seen = {split: v for split, v in example.value.items() if split[0] * split[1] <= total / 2}
        if len(seen) < 3 or not full:
            continue
        truth = {split: example.value[split] for split in full}
        for name, method in (("ours", ours), ("Gaussian process", gaussian_process)):
            found.setdefault(name, []).append(method(example, seen, truth, prior_of(example.family)))
    return found


def tunings(examples: list[Example], prior_of: Callable[[str], Prior], budget: int) -> dict[str, list[Row]]:
    """Every set with more full splits than the budget, four at least."""
    methods: dict[str, Tuner] = {
        "always 1xN": always(lambda split: split[0]),
        "always Nx1": always(lambda split: split[1]),
        "square root of the cores": always(lambda split: abs(math.log(split[0] / split[1]))),
        "evenly spread": spread,
    }
    if importlib.util.find_spec("optuna") is not None:
        methods["Optuna TPE"] = optuna_tpe
    found: dict[str, list[Row]] = {}
    for example in examples:
        _, full = example.full(4)
        truth = {split: example.value[split] for split in full}
        if len(truth) <= budget or len(truth) < 4:
            continue
        prior, about = prior_of(example.family), {"family": example.family, "name": example.name}
        for name, method in methods.items():
            found.setdefault(name, []).append(Row(**about, regret=regret(truth, method(truth, budget, prior))))
        for name, target in (("ours", 0.0), ("ours, stopping at 2 %", 0.02)):
            used: list[int] = []
            chosen = search(truth, budget, prior, used, target)
            found.setdefault(name, []).append(Row(**about, regret=regret(truth, chosen), used=used[0]))
    return found


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--families", action="store_true", help="one row a family as well")
    arguments = parser.parse_args()
    examples = read_folder(arguments.folder)
    learner = Learner(examples)

    @cache
    def prior_of(family: str) -> Prior:
        return Prior.from_document(learner.document({family}))

    table("small totals to the full machine", extrapolations(examples, prior_of), arguments.families)
    for budget in BUDGETS:
        table(f"tune, {budget} runs", tunings(examples, prior_of, budget), arguments.families)


if __name__ == "__main__":
    main()
