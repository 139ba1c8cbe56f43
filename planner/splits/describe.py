"""Candidates and amounts in words, the same in every sentence, table and page."""

from __future__ import annotations

import math
from collections.abc import Mapping

from cerberus_plan.model.structure import System
from cerberus_plan.planner.plan import Candidate


def describe(candidate: Candidate, systems: Mapping[str, System]) -> str:
    """A candidate in words: "24 VMs of 2 cores (cerberus)"."""
    system = systems[candidate.system]
    cores = f"{candidate.split[0]} core{'s' * (candidate.split[0] > 1)}"
    if not system.clustered:
        return f"{system.title} on {cores}"
    noun = system.instance_noun
    plural = noun + ("es" if noun.endswith("s") else "s")
    return f"{candidate.vms} {plural if candidate.vms > 1 else noun} of {cores} ({system.name})"


def amount(value: float, unit: str) -> str:
    """A throughput or time with three significant digits and its unit, if any: "2,120 MB/s"."""
    digits = 2 - math.floor(math.log10(value)) if value > 0 else 2
    return f"{round(value, digits):,.{max(digits, 0)}f} {unit}".rstrip()
