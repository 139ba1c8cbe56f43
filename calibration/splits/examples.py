"""Measured sets of splits to learn from and to judge with: a folder of CSV files, one file a family of programs.

Columns: set_id, higher_is_better (1 or 0), instances, threads_per_instance, value; others are ignored. The files stay
where they are. When not to use it: for a user's own splits; `read` does that with better messages.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cerberus_plan.calibration.splits.measured import Measured, Split
from cerberus_plan.calibration.store.files import read_text
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.measurement import Measurement

LEAST_SPLITS = 3  # a set with fewer tells nothing
NEARLY = 0.9  # of a total: splits that use at least so much of it count as splits of it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Example:
    """One set of splits and the family it belongs to."""

    family: str
    name: str
    measured: Measured

    @property
    def value(self) -> dict[Split, float]:
        """Logarithm of throughput by split."""
        return dict(zip(self.measured.splits, (float(v) for v in self.measured.log_value), strict=True))

    def only(self, splits: set[Split]) -> Measured:
        """The set as if only these had been measured."""
        keep = [i for i, split in enumerate(self.measured.splits) if split in splits]
        return self.measured.at(np.array(keep))

    def full(self, least: int) -> tuple[int, set[Split]]:
        """The largest total with at least so many splits, and those; 0 and none when there is no such total."""
        return next(self._totals(least), (0, set()))

    def extrapolations(self) -> Iterator[tuple[set[Split], set[Split]]]:
        """What is measured and what is asked: totals up to a half, and a total, for every total that allows it."""
        seen: set[Split] = set()
        for total, asked in self._totals(LEAST_SPLITS):
            small = {(m, k) for m, k in self.measured.splits if m * k <= total / 2}
            if len(small) >= LEAST_SPLITS and not asked & seen:
                seen |= asked
                yield small, asked

    def _totals(self, least: int) -> Iterator[tuple[int, set[Split]]]:
        for total in sorted({m * k for m, k in self.measured.splits}, reverse=True):
            asked = {(m, k) for m, k in self.measured.splits if NEARLY * total <= m * k <= total}
            if len(asked) >= least:
                yield total, asked


def read_folder(folder: Path) -> list[Example]:
    """Every set of at least `LEAST_SPLITS` splits in every CSV file of the folder.

    Raises:
        InputError: no such files, or a file without the columns.
    """
    examples = []
    for path in sorted(folder.glob("*.csv")):
        sets: dict[str, list[Measurement]] = {}
        try:
            for row in csv.DictReader(io.StringIO(read_text(path))):
                sets.setdefault(row["set_id"], []).append(_measurement(row))
        except (KeyError, ValueError) as error:
            raise InputError(
                f"{path}: columns set_id, higher_is_better, instances, threads_per_instance, value are needed ({error})"
            ) from error
        for name, rows in sets.items():
            measured = Measured.of(rows)
            if len(measured.splits) >= LEAST_SPLITS:
                examples.append(Example(family=path.stem, name=name, measured=measured))
    if not examples:
        raise InputError(f"{folder}: no sets of splits found; give the folder that holds the CSV files")
    return examples


def _measurement(row: dict[str, str]) -> Measurement:
    value = float(row["value"])
    return Measurement(
        instances=int(float(row["instances"])),
        cores_per_instance=int(float(row["threads_per_instance"])),
        value=value if row["higher_is_better"].lower() in ("1", "true") else 1 / value,
    )


def some_of(example: Example, count: int, seed: int) -> set[Split]:
    """So many splits of a set, the same on every run."""
    random = np.random.default_rng(seed)
    chosen = random.permutation(len(example.measured.splits))[:count]
    return {example.measured.splits[i] for i in chosen}
