"""core-to-core-latency ``--csv``: mean latency of every pair of cores.

Shape: one row a core, one column a core, nanoseconds one way (the tool halves the round trip); pairs are given once,
usually below the diagonal, and all other cells are empty. Cores are numbered by row.
Source: the tool's README and its results folder, https://github.com/nviennot/core-to-core-latency.
"""

from __future__ import annotations

from cerberus_plan.calibration.programs.imports.source import Source

_NS = 1e-9


def sniff(text: str) -> bool:
    """Whether it looks like a square matrix of numbers and blanks whose first row is empty or a number list."""
    rows = [line for line in text.strip("\n").split("\n") if line.strip()]
    return len(rows) > 1 and all(row.count(",") == len(rows) - 1 for row in rows) and not any(map(str.isalpha, text))


def parse(source: Source) -> dict[tuple[int, int], float]:
    """Cache line round trip of pairs of cores [s].

    Raises:
        InputError: not a square matrix of numbers and blanks, or without any pair.
    """
    rows = [(number, line.split(",")) for number, line in source.lines if line.strip()]
    found: dict[tuple[int, int], float] = {}
    for i, (number, cells) in enumerate(rows):
        if len(cells) != len(rows):
            source.refuse(number, f"{len(cells)} cells", f"{len(rows)}, as many as there are rows")
        for j, cell in enumerate(cells):
            if i == j or not cell.strip():
                continue
            one_way = source.number(cell, number, "nanoseconds")
            if one_way == 0.0:
                source.refuse(number, repr(cell.strip()), "nanoseconds above 0")
            pair = (min(i, j), max(i, j))
            found[pair] = 2.0 * one_way * _NS if pair not in found else 0.5 * (found[pair] + 2.0 * one_way * _NS)
    if not found:
        source.refuse(None, "no pair of cores", "a matrix of latencies in nanoseconds")
    return found
