"""Measured curves to learn from and to judge with: a folder of CSV files, one file a family of programs.

Columns: curve_id, higher_is_better (1 or 0), n, value; others are ignored. The files stay where they are.
When not to use it: for a user's own curve; `read` does that with better messages.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cerberus_plan.calibration.curves.curve import Curve
from cerberus_plan.calibration.store.files import read_text
from cerberus_plan.model.errors import InputError

Array = NDArray[np.float64]

# The points up to the largest count divided by these are fitted, the points above are judged.
CUTS = (2, 4, 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One measured curve and the family it belongs to."""

    family: str
    curve: Curve

    def cuts(self) -> Iterator[tuple[int, Curve, NDArray[np.bool_]]]:
        """Each cut that leaves three levels to fit: the cut, the curve below it, and which levels are judged."""
        for cut in CUTS:
            beyond = self.curve.n > self.curve.n[-1] / cut
            if (~beyond).sum() >= 3:
                yield cut, self.curve.up_to(self.curve.n[-1] / cut), beyond


def read_folder(folder: Path) -> list[Example]:
    """Every curve of every CSV file in the folder.

    Raises:
        InputError: no such files, or a file without the columns.
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


def family_weights(families: Sequence[str]) -> Array:
    """Weight of each curve: a family counts by the square root of its size, because its members resemble each other."""
    size = {family: families.count(family) for family in families}
    return np.array([size[family] ** -0.5 for family in families])
