"""The options --cores and --splits (or --split): which splits a command chooses from, or is told of."""

from __future__ import annotations

import re

from cerberus_plan.model.errors import InputError

LARGEST = 1_000_000
MOST_SPLITS = 500
_SPLIT = re.compile(r"\s*([0-9]{1,8})\s*[xX]\s*([0-9]{1,8})\s*\Z", re.ASCII)


def splits(text: str, cores: int | None, option: str = "--splits") -> list[tuple[int, int]]:
    """Splits such as 1x64,2x32 in ascending order, each once.

    Args:
        text: instances x cores of each, separated by commas.
        cores: of the whole machine, which no split may pass; None when it is not given.
        option: what messages call it.

    Raises:
        InputError: A part is not a split, or does not fit the machine.
    """
    found = set()
    for part in text.split(","):
        match = _SPLIT.match(part)
        if match is None:
            raise InputError(f"{option}: {part.strip()[:40]!r} is not a split; give instances x cores, as in 1x64,2x32")
        instances, each = int(match[1]), int(match[2])
        if not (1 <= instances <= LARGEST and 1 <= each <= LARGEST):
            raise InputError(f"{option}: {part.strip()}: counts from 1 to {LARGEST} are allowed")
        if cores is not None and instances * each > cores:
            raise InputError(
                f"{option}: {part.strip()} needs {instances * each} cores, --cores says {cores}; "
                "leave it out or raise --cores"
            )
        found.add((instances, each))
    if len(found) > MOST_SPLITS:
        raise InputError(f"{option} names {len(found)} splits; give {MOST_SPLITS} at most")
    return sorted(found)


def name(split: tuple[int, int]) -> str:
    """As people write it."""
    return f"{split[0]} x {split[1]}"
