"""Learn `priors.json` from a folder of measured curves; `python -m cerberus_plan.calibration.curves.learn FOLDER`.

Laws: the weights of laws, the shapes of their parameters and the scales of drift maximise the probability of the
whole curves (expectation maximisation over the fixed draws, with a few curves' worth of pseudo-counts).
Intervals: each family is forecast with priors learned from the others; the multiplier is the quantile of how far the
truth fell from the middle, in units of the reach, and the surprise in the reach is the one whose intervals of that
coverage lose least (pinball loss).
Only these numbers are kept, never the curves.

Assumptions: one CSV file is one family of programs. When not to use it: with fewer than three families.
Source: Dempster, Laird and Rubin (1977); Romano, Patterson and Candes (2019).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cerberus_plan.calibration.curves.curve import Curve
from cerberus_plan.calibration.curves.examples import Example, family_weights, read_folder
from cerberus_plan.calibration.curves.interval import LEVELS, Raw, reach
from cerberus_plan.calibration.curves.laws import LAWS
from cerberus_plan.calibration.curves.posterior import Scored, scored, weighed
from cerberus_plan.calibration.curves.priors import Priors
from cerberus_plan.calibration.store.files import write_atomically

Array = NDArray[np.float64]
Cut = NDArray[np.bool_]

SCALES: dict[str, tuple[float, ...]] = {
    "noise": (0.004, 0.015, 0.05),
    "wander": (0.01, 0.05, 0.2),
    "bend": (0.0, 0.1, 0.35),
    "early": (0.0, 0.25, 1.0),
}
DRAWS_LEARNING = 512
DRAWS_SHIPPED = 1024
ROUNDS = 12
# Pseudo-counts, in curves: what an unseen family may do that these do not.
PSEUDO_LAW, PSEUDO_SHAPE, PSEUDO_DRIFT = 2.0, 3.0, 2.0
# Independent curves that one family is worth, on average.
CURVES_A_FAMILY = 3.0
# Share of points that the interval must hold: more than it promises, for families that are new.
HOLD = 0.92
# Surprises that are tried, in log units.
SURPRISES = tuple(round(0.05 * 1.15**step, 4) for step in range(27))
NO_WIDENING = {"surprise": 0.0, "times": 1.0}


def flat_document(draws: int) -> dict[str, Any]:
    """Priors that prefer nothing."""
    laws = {name: {"weight": 1 / len(LAWS), "beta": [[1.0, 1.0]] * len(law.ranges)} for name, law in LAWS.items()}
    drift = {name: [[value, 1 / len(values)] for value in values] for name, values in SCALES.items()}
    return {"draws": draws, "laws": laws, "drift": drift, "widening": NO_WIDENING}


class Learner:
    """Curves with the likelihood of every draw under every drift, computed once."""

    def __init__(self, examples: list[Example]) -> None:
        self.examples = examples
        self.families = sorted({example.family for example in examples})
        self._flat = flat_document(DRAWS_LEARNING)
        self._priors = Priors.from_document(self._flat)
        self._likely = [self._likelihood(example.curve) for example in examples]
        self.laws_without = cache(self._laws_without)
        self._priors_without = cache(lambda families: Priors.from_document(self.laws_without(families)))

    def _likelihood(self, curve: Curve) -> NDArray[np.float32]:
        """Of one curve, relative to the likeliest, shape (drifts, draws)."""
        scores = scored(curve, self._priors).likelihood
        return np.exp(scores - scores.max()).astype(np.float32)

    def _laws_without(self, families: frozenset[str]) -> dict[str, Any]:
        """The document, its intervals not yet widened, learned from all families but these."""
        chosen = [i for i, example in enumerate(self.examples) if example.family not in families]
        weights = family_weights([self.examples[i].family for i in chosen])
        weights *= CURVES_A_FAMILY * (len(self.families) - len(families)) / weights.sum()
        document = self._flat
        for _ in range(ROUNDS):
            priors = Priors.from_document(document)
            of_draw, of_drift = (np.exp(log).astype(np.float32) for log in (priors.log_weight, priors.log_drift))
            draws, drifts = np.zeros(of_draw.size), np.zeros(of_drift.size)
            for i, weight in zip(chosen, weights, strict=True):
                by_drift = of_drift * (self._likely[i] @ of_draw)
                share = weight / float(by_drift.sum())
                draws += share * (of_draw * (of_drift @ self._likely[i]))
                drifts += share * by_drift
            document = maximised(priors, draws, drifts)
        return document

    def without(self, families: Collection[str] = ()) -> dict[str, Any]:
        """The whole document learned from all families but these."""
        left_out = frozenset(families)
        return self._documents([left_out])[left_out]

    def without_each(self) -> dict[str, dict[str, Any]]:
        """The whole document learned from all families but one, for each one."""
        documents = self._documents([frozenset({family}) for family in self.families])
        return {family: documents[frozenset({family})] for family in self.families}

    def _documents(self, left_outs: Sequence[frozenset[str]]) -> dict[frozenset[str], dict[str, Any]]:
        """The documents without each of these sets of families; what a curve says is computed once for all of them."""
        missed: dict[frozenset[str], list[Array]] = {left_out: [] for left_out in left_outs}
        importances = family_weights([example.family for example in self.examples])
        for example, importance in zip(self.examples, importances, strict=True):
            for _, train, beyond in example.cuts():
                points = scored(train, self._priors)
                for left_out in left_outs:
                    if example.family not in left_out:
                        missed[left_out].append(self._missed(example, points, beyond, importance, left_out))
        return {
            left_out: {**self.laws_without(left_out), "widening": widening(Misses(*np.concatenate(rows, axis=1)))}
            for left_out, rows in missed.items()
        }

    def _missed(
        self, example: Example, points: Scored, beyond: Cut, importance: float, left_out: frozenset[str]
    ) -> Array:
        """Misses of one curve at one cut, forecast by priors that never saw its family nor those left out."""
        priors = self._priors_without(left_out | {example.family})
        targets, truth = example.curve.n[beyond], np.log(example.curve.value[beyond])
        quantiles = weighed(points, priors).predict(targets).quantiles(LEVELS)
        raw = Raw.of(quantiles, targets, points.n)
        # a curve with many levels tells more than one with few, but not in proportion
        weight = np.full(truth.size, importance * truth.size**-0.5)
        return np.stack([raw.log_factor, raw.half, np.abs(raw.middle - truth), weight])


def maximised(priors: Priors, draws: Array, drifts: Array) -> dict[str, Any]:
    """The document whose weights and shapes fit these shares best (the M step)."""
    laws: dict[str, Any] = {}
    total = draws.sum() + PSEUDO_LAW * len(priors.units)
    for k, (name, unit) in enumerate(priors.units.items()):
        share = draws[priors.law_of_draw == k]
        shapes = [beta_shape(unit[:, j], share) for j in range(unit.shape[1])]
        laws[name] = {"weight": round(float((share.sum() + PSEUDO_LAW) / total), 4), "beta": shapes}
    drift = {name: drift_weights([getattr(scales, name) for scales in priors.drifts], drifts) for name in SCALES}
    return {"draws": DRAWS_LEARNING, "laws": laws, "drift": drift, "widening": NO_WIDENING}


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


@dataclass(frozen=True, slots=True)
class Misses:
    """How far the truth fell from the middle, on either side, beside what the forecast said; one entry a point."""

    log_factor: Array
    half: Array
    miss: Array
    weight: Array


def widening(seen: Misses) -> dict[str, float]:
    """The surprise whose intervals of coverage `HOLD` lose least, and their multiplier."""

    def calibrated(surprise: float) -> tuple[float, float]:
        reached = reach(seen.half, seen.log_factor, surprise)
        times = weighted_quantile(seen.miss / reached, seen.weight, HOLD)
        beyond = seen.miss - times * reached
        return float(seen.weight @ np.where(beyond > 0, HOLD * beyond, (HOLD - 1) * beyond)), times

    surprise = min(SURPRISES, key=lambda tried: calibrated(tried)[0])
    return {"surprise": surprise, "times": round(calibrated(surprise)[1], 4)}


def weighted_quantile(values: Array, weights: Array, level: float) -> float:
    """Smallest value below which `level` of the weight lies."""
    order = np.argsort(values)
    steps = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(steps, level * steps[-1])])


def main(arguments: list[str]) -> None:
    """Learn from the folder given and write `priors.json` beside this file."""
    examples = read_folder(Path(arguments[0]))
    learner = Learner(examples)
    document = learner.without() | {"draws": DRAWS_SHIPPED}
    document["learned_from"] = {"curves": len(examples), "families": learner.families}
    write_atomically(Path(__file__).with_name("priors.json"), json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
