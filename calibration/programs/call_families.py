"""System calls by what they are about, for people: which part of the kernel a program leans on.

Read and write may be on files, pipes or sockets: the call alone does not say. Calls in no family count as other.
When not to use it: for planning; ``model.system_calls`` says which calls become operations.
"""

from __future__ import annotations

from cerberus_plan.calibration.programs.demand import Demand
from cerberus_plan.model.system_calls import FAMILIES


def call_mix(demand: Demand) -> dict[str, float]:
    """Calls per unit of work by family, most frequent first; empty where no calls were counted."""
    family_of = {call: family for family, calls in FAMILIES.items() for call in calls}
    mix: dict[str, float] = {}
    for call in demand.system_calls:
        family = family_of.get(call.name, "other")
        mix[family] = mix.get(family, 0.0) + call.calls
    return dict(sorted(mix.items(), key=lambda item: -item[1]))
