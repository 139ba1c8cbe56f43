"""Two calibrations of one host that contradict each other: neither is as sure as it says.

Rule: a quantity whose 90 % interval does not meet that of the earlier calibration keeps its value, and its interval
reaches to hold the earlier one too. On a virtual machine whose host moves its CPUs one run sees one placement and the
next another, each narrowly; only several runs show it.
Assumptions: the same hardware and kernel, and an earlier calibration that was stable.
When not to use it: for what was derived from published or assumed numbers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cerberus_plan.model.quantity import Provenance

if TYPE_CHECKING:
    from cerberus_plan.calibration.store.profile import Profile
    from cerberus_plan.model.quantity import Quantity

_OWN = frozenset({Provenance.MEASURED, Provenance.DERIVED})


def contradicts(earlier: Quantity, now: Quantity) -> bool:
    """Whether two intervals of one quantity, both from this host, do not meet."""
    if not {earlier.provenance, now.provenance} <= _OWN or None in {earlier.low, earlier.high, now.low, now.high}:
        return False
    return _low(now) > _high(earlier) or _low(earlier) > _high(now)


def _low(quantity: Quantity) -> float:
    return quantity.value if quantity.low is None else quantity.low


def _high(quantity: Quantity) -> float:
    return quantity.value if quantity.high is None else quantity.high


def held_with(earlier: Profile, now: Profile) -> Profile:
    """The new profile, its intervals holding what a stable earlier one of the same host found otherwise."""
    verdict = earlier.run.get("verdict", "")
    unstable = isinstance(verdict, str) and verdict.startswith("unstable")
    ways = [profile.tool.get("cerberus-plan") for profile in (earlier, now)]  # what a name means may change
    if unstable or ways[0] != ways[1] or earlier.host.differences(now.host):
        return now
    day = earlier.created[:10]
    wider = {
        name: replace(
            quantity,
            low=min(_low(quantity), _low(before)),
            high=max(_high(quantity), _high(before)),
            source=f"{quantity.source}; the calibration of {day} found {before.value:.3g} {before.unit}",
        )
        for name, quantity in now.quantities.items()
        if (before := earlier.quantities.get(name)) is not None and contradicts(before, quantity)
    }
    if not wider:
        return now
    note = (
        f"the calibration of {day} contradicts this one in {', '.join(sorted(wider))}: intervals hold both; on a "
        "virtual machine its host may have moved the CPUs, else other jobs disturbed one of them"
    )
    return replace(now, quantities={**now.quantities, **wider}, notes=(*now.notes, note))
