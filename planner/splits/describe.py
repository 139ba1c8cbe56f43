"""Candidates and what they do in words, the same in every sentence, table and page."""

from __future__ import annotations

from collections.abc import Mapping

from cerberus_plan.model.digits import counted, plural, spread
from cerberus_plan.model.structure import System
from cerberus_plan.planner.plan import Candidate


def describe(candidate: Candidate, systems: Mapping[str, System]) -> str:
    """A candidate in words: "24 VMs of 2 cores (cerberus)", "3 processes of 1 core"."""
    system = systems[candidate.system]
    count = candidate.split[0]
    cores = counted(count, "core")
    if candidate.overcommit > 1.0:
        threads = counted(count, "virtual CPU" if system.virtualised else "thread")
        cores = f"{threads} on {counted(candidate.cores, 'core')}"
        if system.clustered:
            cores += " in all"
    if not system.clustered:
        return f"{system.title} {'with' if candidate.overcommit > 1.0 else 'on'} {cores}"
    instances = counted(candidate.vms, system.instance_noun)
    told = system.name == plural(system.instance_noun)  # "3 processes of 1 core (processes)" says it twice
    return f"{instances} of {cores}" if told else f"{instances} of {cores} ({system.name})"


def expected(candidate: Candidate, unit: str) -> str:
    """A candidate's throughput with its 90 % interval: "2,120 MB/s (1,900 to 2,380)"."""
    return spread(candidate.throughput, candidate.low, candidate.high, unit)
