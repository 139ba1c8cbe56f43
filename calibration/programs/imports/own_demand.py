"""Our own demand files, as ``observe`` and ``import`` write them: to divide them anew or make a workload of them."""

from __future__ import annotations

from cerberus_plan.calibration.programs.demand import FORMAT, demands_from_json
from cerberus_plan.calibration.programs.imports.results import Imported
from cerberus_plan.calibration.programs.imports.source import Source


def sniff(text: str) -> bool:
    """Whether it names itself."""
    return f'"{FORMAT}"' in text[:200]


def parse(source: Source) -> Imported:
    """The demands in it.

    Raises:
        InputError: not such a file, of a later version, or with fields that do not fit.
    """
    return Imported(demands=demands_from_json(source.text, source.name))
