"""Stored costs of the second structure for shadow paging (see ``second_opinion``), cheap to read.

When not to use it: to plan with; see there.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from calibration import catalog

MACHINE = "amd48"


def parallel_part_s() -> float:
    """Parallel part of a page fault in the second structure, from the one-thread profile [s]."""
    return catalog.machine(MACHINE).quantities["page_fault_direct"].value


@cache
def second_costs() -> dict[str, float]:
    """All costs of the second structure [SI]."""
    text = Path(__file__).with_name("second_opinion.json").read_text(encoding="utf-8")
    found: dict[str, float] = json.loads(text)["costs"]
    return {**found, "page_fault_shadow": parallel_part_s()}
