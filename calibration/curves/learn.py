"""Learn the priors of `priors.json` from a folder of measured curves; `python -m calibration.curves.learn FOLDER`.

Laws: the weights of laws, the shapes of their parameters and the scales of drift maximise the probability of the
whole curves (expectation maximisation over the fixed draws, with a few curves' worth of pseudo-counts).
Intervals: each family is forecast with priors learned from the others; the multipliers are the smoothed
quantiles of how far, in units of the raw interval, the truth fell below and above (conformal adjustment by
extrapolation factor). A family is one CSV file; families weigh by the square root of their size.

Only these numbers are kept, never the curves. When not to use it: on a single family.
Source: Dempster, Laird and Rubin (1977); Romano, Patterson and Candes (2019), conformalised quantiles.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.curves.curve import Curve
from calibration.curves.fit import TAIL
from calibration.curves.laws import LAWS
from calibration.curves.posterior import likelihood, thinned, weigh
from calibration.curves.priors import Priors
from calibration.files import read_text, write_atomically
from model.errors import InputError

Array = NDArray[np.float64]

NOISE = (0.004, 0.015, 0.05)
WANDER = (0.01, 0.03, 0.1, 0.25)
BEND = (0.0, 0.05, 0.15, 0.4)
DRAWS_LEARNING = 512
DRAWS_SHIPPED = 1024
ROUNDS = 30
# Pseudo-counts, in curves: what an unseen family may do that these do not.
PSEUDO_LAW, PSEUDO_SHAPE, PSEUDO_DRIFT = 2.0, 3.0, 2.0
# Independent curves that one family is worth, on average: its members resemble each other.
CURVES_A_FAMILY = 3.0
CUTS = (2, 4, 8)
FACTORS = (1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
# Width of the smoothing of multipliers, in doublings of the extrapolation factor.
BANDWIDTH = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One measured curve and the family it belongs to."""

    family: str
    curve: Curve


def read_folder(folder: Path) -> list[Example]:
    """Every curve of every CSV file with columns curve_id, higher_is_better, n, value; one file is a family.

    Raises:
        InputError: no such files, or a file without these columns.
    """
    examples = []
    for path in sorted(folder.glob("*.csv")):
        points: dict[str, list[tuple[float, float]]] = {}
        try:
            for row in csv.DictReader(io.StringIO(read_text(path))):
                rate = float(row["value"]) if row["higher_is_better"] == "1" else 1 / float(row["value"])
                points.setdefault(row["curve_id"], []).append((float(row["n"]), rate))
        except (KeyError, ValueError) as error:
            raise InputError(f"{path}: columns curve_id, higher_is_better, n, value are needed ({error})") from error
        for name, pairs in points.items():
            n, value = zip(*pairs, strict=True)
            examples.append(Example(family=path.stem, curve=Curve.from_points(n, value, name=name)))
    if not examples:
        raise InputError(f"{folder}: no curves found; give the folder that holds the CSV files")
    return examples


def flat_document(draws: int) -> dict[str, Any]:
    """Priors that prefer nothing."""
    return {
        "draws": draws,
        "laws": {name: {"weight": 1 / len(LAWS), "beta": [[1.0, 1.0]] * len(law.ranges)} for name, law in LAWS.items()},
        "drift": {
            name: [[value, 1 / len(values)] for value in values]
            for name, values in (("noise", NOISE), ("wander", WANDER), ("bend", BEND))
        },
        "widening": {"factor": [1.0], "below": [1.0], "above": [1.0]},
    }


class Learner:
    """Curves with the likelihood of every draw under every drift, computed once."""

    def __init__(self, examples: list[Example]) -> None:
        self.examples = examples
        self.flat = flat_document(DRAWS_LEARNING)
        self.priors = Priors.from_document(self.flat)
        self.scores = [self._score(example.curve) for example in examples]

    def _score(self, curve: Curve) -> NDArray[np.float32]:
        keep = thinned(curve.n)
        extra = curve.noise**2 / curve.repeats[keep]
        scores = likelihood(curve.n[keep], np.log(curve.value[keep]), extra, self.priors, np.array([]))
        return scores.astype(np.float32)

    def without(self, family: str | None) -> dict[str, Any]:
        """The document learned from all families but one (or from all)."""
        chosen = [i for i, example in enumerate(self.examples) if example.family != family]
        weights = family_weights([self.examples[i].family for i in chosen])
        document = self.flat
        for _ in range(ROUNDS):
            priors = Priors.from_document(document)
            draws, drifts = np.zeros(priors.log_weight.size), np.zeros(len(priors.drifts))
            for i, weight in zip(chosen, weights, strict=True):
                joint = self.scores[i] + priors.log_weight[None, :] + priors.log_drift[:, None]
                share = np.exp(joint - joint.max())
                share *= weight / share.sum()
                draws += share.sum(axis=0)
                drifts += share.sum(axis=1)
            document = maximised(priors, draws, drifts)
        return document


def family_weights(families: list[str]) -> Array:
    """Weight of each curve: families count by the square root of their size, all together `CURVES_A_FAMILY` each."""
    size = {family: families.count(family) for family in families}
    weights = np.array([size[family] ** -0.5 for family in families])
    return np.asarray(weights * CURVES_A_FAMILY * len(size) / weights.sum())


def maximised(priors: Priors, draws: Array, drifts: Array) -> dict[str, Any]:
    """The document whose weights and shapes fit these shares best (the M step)."""
    laws: dict[str, Any] = {}
    all_curves = draws.sum() + PSEUDO_LAW * len(priors.units)
    for k, (name, unit) in enumerate(priors.units.items()):
        share = draws[priors.law_of_draw == k]
        shapes = [beta_shape(unit[:, j], share) for j in range(unit.shape[1])]
        laws[name] = {"weight": float((share.sum() + PSEUDO_LAW) / all_curves), "beta": shapes}
    drift = {
        name: drift_weights([getattr(scales, name) for scales in priors.drifts], drifts)
        for name in ("noise", "wander", "bend")
    }
    return {
        "draws": DRAWS_LEARNING,
        "laws": laws,
        "drift": drift,
        "widening": {"factor": [1.0], "below": [1.0], "above": [1.0]},
    }


def beta_shape(unit: Array, share: Array) -> list[float]:
    """Parameters of the beta distribution with the mean and variance of the shares, by moments."""
    total = share.sum() + PSEUDO_SHAPE
    mean = float((share @ unit + PSEUDO_SHAPE / 2) / total)
    around_flat = 1 / 12 + (0.5 - mean) ** 2
    variance = float((share @ (unit - mean) ** 2 + PSEUDO_SHAPE * around_flat) / total)
    size = max(mean * (1 - mean) / variance - 1, 1.2)
    return [round(mean * size, 3), round((1 - mean) * size, 3)]


def drift_weights(values: list[float], share: Array) -> list[list[float]]:
    """Weight of each distinct value of one scale."""
    sums = dict.fromkeys(values, PSEUDO_DRIFT)
    for value, part in zip(values, share, strict=True):
        sums[value] += float(part)
    total = sum(sums.values())
    return [[value, round(part / total, 4)] for value, part in sums.items()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Misses:
    """How far the truth fell from the median, in units of the raw distance to that end; one entry a point."""

    factor: Array
    below: Array  # positive when the truth is below the median
    above: Array
    weight: Array


def misses(examples: list[Example], documents: dict[str, dict[str, Any]]) -> Misses:
    """Forecast every curve at every cut with priors that never saw its family."""
    priors = {family: Priors.from_document(document) for family, document in documents.items()}
    rows: list[Array] = []
    size = family_weights([example.family for example in examples])
    for example, importance in zip(examples, size, strict=True):
        curve = example.curve
        for cut in CUTS:
            train_max = curve.n[-1] / cut
            if (curve.n <= train_max).sum() < 3:
                continue
            train, beyond = curve.up_to(train_max), curve.n > train_max
            forecast = weigh(train, priors[example.family]).predict(curve.n[beyond])
            low, middle, high = forecast.quantiles([TAIL, 0.5, 1 - TAIL])
            miss = np.log(curve.value[beyond]) - middle
            weight = np.full(miss.size, importance / miss.size)
            factor = curve.n[beyond] / train.n[-1]
            rows.append(np.stack([factor, -miss / (middle - low), miss / (high - middle), weight]))
    factor, below, above, weight = np.concatenate(rows, axis=1)
    return Misses(factor=factor, below=below, above=above, weight=weight)


def widening(seen: Misses) -> dict[str, list[float]]:
    """Multipliers by factor: the weighted quantile that leaves `TAIL` of the points outside, smoothed, growing."""
    below, above = [], []
    for factor in FACTORS:
        near = np.exp(-0.5 * (np.log2(seen.factor / factor) / BANDWIDTH) ** 2) * seen.weight
        below.append(weighted_quantile(seen.below, near, 1 - TAIL))
        above.append(weighted_quantile(seen.above, near, 1 - TAIL))
    return {
        "factor": list(FACTORS),
        "below": [round(max(x, 0.3), 3) for x in below],
        "above": [round(max(x, 0.3), 3) for x in above],
    }


def weighted_quantile(values: Array, weights: Array, level: float) -> float:
    """Smallest value below which `level` of the weight lies."""
    order = np.argsort(values)
    steps = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(steps, level * steps[-1])])


def learn(examples: list[Example], *, skip: str | None = None) -> dict[str, Any]:
    """The whole document from all families but `skip`."""
    kept = [example for example in examples if example.family != skip]
    learner = Learner(kept)
    families = sorted({example.family for example in kept})
    documents = {family: learner.without(family) for family in families}
    document = learner.without(None)
    document["draws"] = DRAWS_SHIPPED
    document["widening"] = widening(misses(kept, documents))
    return document


def main(arguments: list[str]) -> None:
    """Learn from the folder given and write `priors.json` beside this file."""
    examples = read_folder(Path(arguments[0]))
    document = learn(examples)
    document["learned_from"] = {
        "curves": len(examples),
        "families": sorted({example.family for example in examples}),
    }
    write_atomically(Path(__file__).with_name("priors.json"), json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
