"""Learn `priors.json` from a folder of measured splits; `python -m cerberus_plan.calibration.splits.learn FOLDER`.

Mechanisms: the weights of laws in each scope, the shapes of their parameters and the scales of discrepancy maximise
the probability of the whole sets (expectation maximisation over fixed flat draws, with a few sets' worth of
pseudo-counts). Intervals: each family is forecast by priors that never saw it, from small totals to larger ones and
from a few splits to the others; the multipliers are smoothed quantiles of how far the truth fell from the forecast.
Only these numbers are kept, never the measurements.

Assumptions: one CSV file is one family of programs. When not to use it: with fewer than three families.
Source: Dempster, Laird and Rubin (1977); Romano, Patterson and Candes (2019).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from math import lgamma
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cerberus_plan.calibration.curves.examples import family_weights
from cerberus_plan.calibration.curves.laws import LAWS
from cerberus_plan.calibration.curves.learn import beta_shape, weighted_quantile
from cerberus_plan.calibration.splits.decide import look
from cerberus_plan.calibration.splits.examples import Example, read_folder, some_of
from cerberus_plan.calibration.splits.fit import centre
from cerberus_plan.calibration.splits.interval import TAIL, distances, raw_half
from cerberus_plan.calibration.splits.measured import Split
from cerberus_plan.calibration.splits.mechanisms import SCOPES
from cerberus_plan.calibration.splits.posterior import likelihood, weigh
from cerberus_plan.calibration.splits.prior import Prior
from cerberus_plan.calibration.store.files import write_atomically

Array = NDArray[np.float64]

SCALES: dict[str, tuple[float, ...]] = {
    "noise": (0.015, 0.04, 0.12),
    "inside": (0.03, 0.12, 0.35),
    "outside": (0.03, 0.12, 0.35),
    "early": (0.0, 0.3),
    "rough": (0.0, 0.06, 0.2),
}
GRID = tuple(product(*SCALES.values()))
# Combinations of scales that are shipped: the most probable ones.
SCALES_SHIPPED = 16
DRAWS = 6000
ROUNDS = 12
# Pseudo-counts, in sets: what an unseen family may do that these do not.
PSEUDO_LAW, PSEUDO_FIRST, PSEUDO_SCALE = 2.0, 1.0, 1.0
# Independent sets that one family is worth, on average.
SETS_A_FAMILY = 4.0
# Draws less likely than the best by this, on the logarithm, cannot matter.
NEGLIGIBLE = 18.0
NO_WIDENING = {"distance": [0.0], "times": [1.0]}
DISTANCES = (0.0, 0.35, 0.7, 1.4, 2.8)
BANDWIDTH = 0.4  # of the distance, relative
# Share of splits that the interval must hold; a little more than it promises, for families that are new.
HOLD = 0.92
LEAST = 0.7
# Numbers of splits from which the others are forecast, to calibrate the intervals.
FEW = (1, 2, 3, 5, 8)


def flat_document() -> dict[str, Any]:
    """Priors that prefer nothing."""
    scopes = {
        name: {law: {"weight": 1 / len(scope.laws), "beta": [[1.0, 1.0]] * len(LAWS[law].ranges)} for law in scope.laws}
        for name, scope in SCOPES.items()
    }
    rows = [[*scales, 1 / len(GRID)] for scales in GRID]
    return {
        "draws": DRAWS,
        "scopes": scopes,
        "first": {"weight": 0.5, "beta": [[1.0, 1.0]]},
        "discrepancies": {"names": list(SCALES), "rows": rows},
        "widening": NO_WIDENING,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Logarithm of the likelihood of one set, where it is not negligible."""

    scale: NDArray[np.int64]
    draw: NDArray[np.int64]
    value: Array


class Learner:
    """Sets with the likelihood of every flat draw under every scale, computed once."""

    def __init__(self, examples: list[Example]) -> None:
        self.examples = examples
        self.families = sorted({example.family for example in examples})
        self._flat = Prior.from_document(flat_document())
        self._present = self._flat.draws.first != 0.0
        self._scores = [self._score(example) for example in examples]
        self.without = cache(self._without)
        self.missed = cache(self._missed)

    def _score(self, example: Example) -> Score:
        scores = likelihood(example.measured.thinned(), self._flat)
        scale, draw = np.nonzero(scores > scores.max() - NEGLIGIBLE)
        return Score(scale=scale, draw=draw, value=scores[scale, draw])

    def _without(self, families: frozenset[str]) -> dict[str, Any]:
        """The document, its intervals not yet widened, learned from all families but these."""
        chosen = [i for i, example in enumerate(self.examples) if example.family not in families]
        weights = family_weights([self.examples[i].family for i in chosen])
        weights *= SETS_A_FAMILY * (len(self.families) - len(families)) / weights.sum()
        log_draw, log_scale = np.zeros(DRAWS), np.zeros(len(GRID))
        document = flat_document()
        for _ in range(ROUNDS):
            draws, scales = np.zeros(DRAWS), np.zeros(len(GRID))
            for i, weight in zip(chosen, weights, strict=True):
                score = self._scores[i]
                joint = score.value + log_draw[score.draw] + log_scale[score.scale]
                share = np.exp(joint - joint.max())
                share *= weight / share.sum()
                draws += np.bincount(score.draw, share, DRAWS)
                scales += np.bincount(score.scale, share, len(GRID))
            log_draw = self._maximise_draws(document, draws)
            log_scale = maximise_scales(document, scales)
        return document

    def _maximise_draws(self, document: dict[str, Any], share: Array) -> Array:
        """Put the weights and shapes that fit these shares best into the document; the log density of each draw."""
        density = np.zeros(DRAWS)
        drawn = self._flat.draws
        for name, scope in SCOPES.items():
            total = share.sum() + PSEUDO_LAW * len(scope.laws)
            for index, law in enumerate(scope.laws):
                mine = drawn.law[name] == index
                weight = float((share[mine].sum() + PSEUDO_LAW) / total)
                unit = drawn.unit.get((name, law), np.zeros((DRAWS, 0)))
                shapes = [beta_shape(unit[:, j], share * mine) for j in range(unit.shape[1])]
                document["scopes"][name][law] = {"weight": round(weight, 4), "beta": shapes}
                density[mine] += np.log(weight * len(scope.laws)) + log_beta(unit[mine], shapes)
        return density + self._maximise_first(document, share)

    def _maximise_first(self, document: dict[str, Any], share: Array) -> Array:
        from cerberus_plan.calibration.splits.mechanisms import FIRST

        weight = float((share[self._present].sum() + PSEUDO_FIRST) / (share.sum() + 2 * PSEUDO_FIRST))
        unit = ((self._flat.draws.first - FIRST.low) / (FIRST.high - FIRST.low))[:, None]
        shapes = [beta_shape(unit[:, 0], share * self._present)]
        document["first"] = {"weight": round(weight, 4), "beta": shapes}
        return np.where(self._present, np.log(2 * weight) + log_beta(unit, shapes), np.log(2 * (1 - weight)))

    def document(self, families: Collection[str] = ()) -> dict[str, Any]:
        """The whole document, intervals included, learned from all families but these."""
        left_out = frozenset(families)
        return {**self.without(left_out), "widening": widening(self.misses(left_out))}

    def misses(self, left_out: frozenset[str]) -> Misses:
        """Forecast every set with priors that did not see its family; families left out do not count."""
        kept = [example for example in self.examples if example.family not in left_out]
        rows: list[Array] = []
        for example, importance in zip(kept, family_weights([e.family for e in kept]), strict=True):
            found = self.missed(example)
            weight = np.full(found.shape[1], importance / max(found.shape[1], 1) ** 0.5)
            rows.append(np.vstack([found, weight]))
        distance, score, weight = np.concatenate(rows, axis=1)
        return Misses(distance=distance, score=score, weight=weight)

    def _missed(self, example: Example) -> Array:
        """Distance and score of every split that is forecast, by a prior that never saw the family."""
        prior = Prior.from_document(self.without(frozenset({example.family})))
        rows = [missed(example, seen, asked, prior) for seen, asked in tasks(example)]
        return np.concatenate(rows, axis=1) if rows else np.zeros((2, 0))


def tasks(example: Example) -> Iterator[tuple[set[Split], set[Split]]]:
    """What is seen and what is asked: larger totals, and the rest of a set from a few of its splits."""
    yield from example.extrapolations()
    everything = set(example.measured.splits)
    for count in FEW:
        if len(everything) >= count + 2:
            seen = some_of(example, count, seed=count)
            yield seen, everything - seen


def missed(example: Example, seen: set[Split], asked: set[Split], prior: Prior) -> Array:
    """Distance from what is seen, and how far the truth fell from the forecast in units of the raw half width."""
    measured, targets = example.only(seen), sorted(asked)
    forecast = weigh(measured, prior).predict(targets)
    low, high = forecast.quantiles([TAIL, 1 - TAIL])
    truth = np.array([example.value[split] for split in targets])
    middle = centre(look(forecast, measured, targets), low, high)
    return np.stack([distances(measured.splits, targets), np.abs(truth - middle) / raw_half(low, high)])


def log_beta(unit: Array, shapes: list[list[float]]) -> Array:
    """Logarithm of a product of beta densities on the unit interval."""
    inside = np.clip(unit, 1e-3, 1 - 1e-3)
    density = np.zeros(len(unit))
    for column, (a, b) in enumerate(shapes):
        density += (a - 1) * np.log(inside[:, column]) + (b - 1) * np.log1p(-inside[:, column])
        density += lgamma(a + b) - lgamma(a) - lgamma(b)
    return density


def maximise_scales(document: dict[str, Any], share: Array) -> Array:
    """Put the most probable combinations of scales into the document; the log weight of every one of `GRID`."""
    log_weight = np.zeros(len(GRID))
    for axis, values in enumerate(SCALES.values()):
        sums = dict.fromkeys(values, PSEUDO_SCALE)
        for row, part in zip(GRID, share, strict=True):
            sums[row[axis]] += float(part)
        log_weight += np.log([sums[row[axis]] / sum(sums.values()) for row in GRID])
    best = np.argsort(-log_weight, kind="stable")[:SCALES_SHIPPED]
    rows = [[*GRID[i], round(float(np.exp(log_weight[i])), 5)] for i in best]
    document["discrepancies"] = {"names": list(SCALES), "rows": rows}
    return log_weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Misses:
    """How far the truth fell from the forecast, in units of the raw half width; one entry a split."""

    distance: Array
    score: Array
    weight: Array


def widening(seen: Misses) -> dict[str, list[float]]:
    """Multipliers by distance: weighted quantiles of the misses at about that distance."""
    times = []
    for distance in DISTANCES:
        step = np.log((seen.distance + 0.2) / (distance + 0.2)) / BANDWIDTH
        held = weighted_quantile(seen.score, np.exp(-0.5 * step**2) * seen.weight, HOLD)
        times.append(round(max(held, LEAST), 3))
    return {"distance": list(DISTANCES), "times": times}


def main(arguments: list[str]) -> None:
    """Learn from the folder given and write `priors.json` beside this file."""
    examples = read_folder(Path(arguments[0]))
    learner = Learner(examples)
    document = learner.document()
    document["learned_from"] = {"sets": len(examples), "families": learner.families}
    write_atomically(Path(__file__).with_name("priors.json"), json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
