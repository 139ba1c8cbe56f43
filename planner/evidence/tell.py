"""What runs say that demands do not, in sentences: the disagreement, whose contention it may be, the run that decides.

Rule: runs and demands disagree where their speed-up over the smallest split run differs by more than a tenth and more
than the runs scatter. Whose contention it is has a probability (``calibration.splits.owner``); below `KNOWN`, or
without a run of several instances, the owner counts as unknown and the run that would tell is named.
When not to use it: as a proof; mechanisms are explanations, not observations.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from cerberus_plan.calibration.splits.measured import Measured, Split
from cerberus_plan.calibration.splits.mechanisms import SCOPES
from cerberus_plan.calibration.splits.owner import owner
from cerberus_plan.model.digits import percent
from cerberus_plan.planner.evidence.condition import Evidence

# Probability from which an owner is called known.
KNOWN = 0.8
# Differences of logarithms below this are not worth a sentence.
_WORTH = 0.1
# Cores beyond the largest run, as a factor, from which a plan rests on extrapolation.
FAR = 2.0


def tell(evidence: Evidence, cores: int) -> Iterator[str]:
    """Sentences, the most serious first.

    Args:
        evidence: the runs and what they say.
        cores: that are planned for.
    """
    measured = evidence.measured
    seen = measured.log_value - measured.log_value[0]
    expected = evidence.by_demands - evidence.by_demands[0]
    worst = int(np.abs(seen - expected).argmax())
    gap = abs(float(seen[worst] - expected[worst]))
    whose = owner(evidence.posterior, cores)
    causes = ", ".join(
        f"{SCOPES[name].cause} {percent(share)}" if name in SCOPES else f"none {percent(share)}"
        for name, share in sorted(whose.items(), key=lambda entry: -entry[1])
        if share >= 0.05
    )
    disagree = gap > max(_WORTH, 3.0 * measured.noise)
    if disagree:
        yield (
            f"runs and demands disagree: {_name(measured.splits[worst])} did {math.exp(seen[worst]):.3g} times "
            f"{_name(measured.splits[0])}, by the demands it would be {math.exp(expected[worst]):.3g} times; the plan "
            f"follows the runs. Likely causes on {cores} cores: {causes}"
        )
    if (split := deciding(measured, whose)) is not None:
        why = "" if disagree else f" ({causes})"
        yield f"who owns the contention is not known{why}: run {_name(split)} to decide it"
    if cores > FAR * measured.largest:
        yield (
            f"extrapolated: runs reach {measured.largest} cores, the plan {cores}; run it on more cores, or add runs "
            "of a larger machine as [[measured]] rows"
        )


def deciding(measured: Measured, whose: Mapping[str, float]) -> Split | None:
    """The run that tells whose the contention is: the largest number of cores in two halves, else in single cores."""
    if max(whose.values()) >= KNOWN and any(instances > 1 for instances, _ in measured.splits):
        return None
    n = measured.largest
    wanted = [(2, n // 2), (n, 1)] if n > 1 else [(2, 1), (1, 2)]
    return next((split for split in wanted if split not in measured.splits), None)


def _name(split: Split) -> str:
    return f"{split[0]} x {split[1]}"
