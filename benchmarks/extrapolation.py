"""Extrapolation judged on families left out: `python benchmarks/extrapolation.py FOLDER [--families]`.

Each curve is cut at its largest count divided by 2, 4 and 8; the points up to the cut (three at least) are fitted,
the points above are judged. Our priors and interval multipliers are learned anew without the family that is judged,
so nothing of a family helps to forecast it. Incumbents: universal scalability law and Amdahl's law, least squares,
with intervals by the delta method.

error     |forecast / measured - 1|, over all judged points: median and 90th percentile
coverage  share of judged points inside the 90 % interval, with a bootstrap over families (5 % to 95 %)
width     high / low of the interval, median
regret    throughput lost by running on the count the forecast calls best, against the best measured; mean over curves
confirmed the same after one, two and three runs that `confirm` asks for, each measured count being one that can be run

A second table has our points by how far beyond the cut they are: a curve cut at an eighth has near points too.
Takes three minutes of one quiet core: what a curve says of each law is computed once for all families left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cerberus_plan.calibration.curves.confirm import confirmation
from cerberus_plan.calibration.curves.curve import Curve
from cerberus_plan.calibration.curves.examples import Example, read_folder
from cerberus_plan.calibration.curves.fit import intervals
from cerberus_plan.calibration.curves.incumbents import least_squares
from cerberus_plan.calibration.curves.learn import Learner
from cerberus_plan.calibration.curves.posterior import weigh
from cerberus_plan.calibration.curves.priors import Priors

Array = NDArray[np.float64]
Method = Callable[[Curve, Array], tuple[Array, Array, Array]]
# 95 % point of the standard normal distribution: a two-sided 90 % interval.
Z = 1.645
CONFIRMING = 3
# How many times the largest fitted count, from and to.
DISTANCES = ((1, 2), (2, 4), (4, 8))
HEADER = (
    "cut",
    "method",
    "curves",
    "median error",
    "90th percentile",
    "median of curves",
    "coverage of points",
    "coverage of curves (family bootstrap)",
    "width",
    "regret",
    "after 1, 2, 3 confirming runs",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One curve at one cut by one method; arrays have one entry a judged point."""

    family: str
    name: str
    cut: int
    error: Array
    covered: Array
    ratio: Array
    factor: Array  # of the largest count that was fitted
    regret: float
    confirmed: tuple[float, ...] = ()


def ours(priors: Priors) -> Method:
    """Our forecast under these priors: low, middle, high at the targets."""

    def forecast(train: Curve, targets: Array) -> tuple[Array, Array, Array]:
        posterior = weigh(train, priors)
        return intervals(posterior, posterior.predict(targets), targets)

    return forecast


def textbook(*, coherent: bool) -> Method:
    """An incumbent with its delta-method predictive interval."""
    free = 3 if coherent else 2

    def forecast(train: Curve, targets: Array) -> tuple[Array, Array, Array]:
        best = np.array(least_squares(train.n, train.value, coherent=coherent))
        at, jacobian = shape(best, targets), slopes(best, targets)[:, :free]
        residual, inside = train.value - shape(best, train.n), slopes(best, train.n)[:, :free]
        variance = (residual @ residual) / max(train.n.size - free, 1)
        spread = np.einsum("ij,jk,ik->i", jacobian, np.linalg.pinv(inside.T @ inside), jacobian)
        half = Z * np.sqrt(variance * (1 + spread))
        return np.maximum(at - half, 1e-3 * at), at, at + half

    return forecast


def shape(p: Array, n: Array) -> Array:
    """Universal scalability law with parameters scale, contention, coherency."""
    return np.asarray(p[0] * n / (1 + p[1] * (n - 1) + p[2] * n * (n - 1)))


def slopes(p: Array, n: Array) -> Array:
    """Its derivatives by the three parameters, shape (n, 3)."""
    divisor = 1 + p[1] * (n - 1) + p[2] * n * (n - 1)
    top = -p[0] * n / divisor**2
    return np.stack([n / divisor, top * (n - 1), top * n * (n - 1)], axis=1)


def judge(
    example: Example, cut: int, train: Curve, beyond: NDArray[np.bool_], method: Method, *, asked: Priors | None = None
) -> Row:
    """Fit below the cut, judge above; with priors, look at confirming runs as well."""
    curve = example.curve
    low, middle, high = method(train, curve.n)
    believed = np.where(beyond, middle, curve.value)
    confirmed = confirm(curve, train, asked) if asked else ()
    return Row(
        family=example.family,
        name=curve.name,
        cut=cut,
        error=np.abs(middle / curve.value - 1)[beyond],
        covered=((low <= curve.value) & (curve.value <= high))[beyond],
        ratio=(high / low)[beyond],
        factor=curve.n[beyond] / train.n[-1],
        regret=float(1 - curve.value[believed.argmax()] / curve.value.max()),
        confirmed=confirmed,
    )


def confirm(curve: Curve, train: Curve, priors: Priors) -> tuple[float, ...]:
    """Regret of the best measured count after each confirming run; the forecast is made anew after each."""
    known = np.isin(curve.n, train.n)
    regrets = []
    for _ in range(CONFIRMING):
        seen = replace(train, n=curve.n[known], value=curve.value[known], repeats=curve.repeats[known])
        asked = confirmation(seen, curve.n, weigh(seen, priors).predict(curve.n).paths(), runnable=curve.n)
        if asked is not None:
            known |= curve.n == asked.n
        regrets.append(float(1 - curve.value[known].max() / curve.value.max()))
    return tuple(regrets)


def summary(rows: list[Row]) -> list[str]:
    """The table's cells for one method at one cut."""
    error, ratio = np.concatenate([r.error for r in rows]), np.concatenate([r.ratio for r in rows])
    low, high = family_bootstrap(rows)
    return [
        f"{len(rows)}",
        f"{np.median(error):.1%}",
        f"{np.quantile(error, 0.9):.0%}",
        f"{np.median([np.median(r.error) for r in rows]):.1%}",
        f"{np.concatenate([r.covered for r in rows]).mean():.1%}",
        f"{np.mean([r.covered.mean() for r in rows]):.1%} ({low:.0%} to {high:.0%})",
        f"{np.median(ratio):.2f}",
        f"{np.mean([r.regret for r in rows]):.1%}",
        ", ".join(f"{x:.1%}" for x in np.mean([r.confirmed for r in rows], axis=0)) or "-",
    ]


def by_distance(rows: list[Row]) -> None:
    """One markdown table: coverage and width at each distance beyond the cut, all cuts together."""
    print("\n| beyond | points | coverage of points | of curves | of families | width |\n|---|---|---|---|---|---|")
    for low, high in DISTANCES:
        held: dict[tuple[str, str], list[bool]] = {}
        ratio: list[float] = []
        for row in rows:
            near = (row.factor > low) & (row.factor <= high)
            if near.any():
                held.setdefault((row.family, row.name), []).extend(row.covered[near])
                ratio.extend(row.ratio[near])
        of_curve = {curve: float(np.mean(points)) for curve, points in held.items()}
        families = {family: [v for (f, _), v in of_curve.items() if f == family] for family, _ in of_curve}
        cells = [f"{np.mean(np.concatenate(list(held.values()))):.1%}", f"{np.mean(list(of_curve.values())):.1%}"]
        cells.append(f"{np.mean([np.mean(v) for v in families.values()]):.1%}")
        print(f"| {low} to {high} times | {len(ratio)} | {' | '.join(cells)} | {np.median(ratio):.2f} |")


def family_bootstrap(rows: list[Row]) -> tuple[float, float]:
    """5 % and 95 % points of the curves' mean coverage when whole families are drawn anew."""
    families = sorted({row.family for row in rows})
    members = {f: [row.covered.mean() for row in rows if row.family == f] for f in families}
    generator = np.random.default_rng(0)
    draws = (generator.choice(families, len(families)) for _ in range(2000))
    means = [np.mean(np.concatenate([members[f] for f in drawn])) for drawn in draws]
    low, high = np.quantile(means, [0.05, 0.95])
    return float(low), float(high)


def evaluate(learner: Learner) -> dict[tuple[int, str], list[Row]]:
    """Every method at every cut; ours with priors that never saw the judged family."""
    rows: dict[tuple[int, str], list[Row]] = {}
    for family, document in learner.without_each().items():
        priors = Priors.from_document(document)
        methods = {
            "ours": ours(priors),
            "USL": textbook(coherent=True),
            "Amdahl": textbook(coherent=False),
        }
        for example in (e for e in learner.examples if e.family == family):
            for cut, train, beyond in example.cuts():
                for name, method in methods.items():
                    rows.setdefault((cut, name), []).append(
                        judge(example, cut, train, beyond, method, asked=priors if name == "ours" else None)
                    )
    return rows


def show(rows: dict[tuple[int, str], list[Row]]) -> None:
    """One markdown table."""
    print("| " + " | ".join(HEADER) + " |")
    print("|" + "---|" * len(HEADER))
    for (cut, name), found in sorted(rows.items(), key=lambda item: item[0][0]):
        if found:
            print("| " + " | ".join([f"{cut}x", name, *summary(found)]) + " |")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--families", action="store_true", help="one table a family as well")
    arguments = parser.parse_args()
    rows = evaluate(Learner(read_folder(arguments.folder)))
    show(rows)
    by_distance([row for (_, name), found in rows.items() if name == "ours" for row in found])
    if arguments.families:
        for family in sorted({row.family for found in rows.values() for row in found}):
            print(f"\n{family}\n")
            show({key: [row for row in found if row.family == family] for key, found in rows.items()})


if __name__ == "__main__":
    main()
