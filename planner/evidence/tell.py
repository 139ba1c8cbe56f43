"""What runs say that demands do not, in sentences: the disagreement, whose contention it may be, the run that decides.

Rule: runs and demands disagree where their speed-up over the smallest split run differs by more than a tenth and more
than the runs scatter. Whose contention it is has a probability, and where it counts as unknown the run that would tell
is named (``calibration.splits.owner``).
When not to use it: as a proof; mechanisms are explanations, not observations.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from cerberus_plan.calibration.curves.interval import rate
from cerberus_plan.calibration.splits.measured import CONTRADICTED, FAR, NOISE_OF_ONE_RUN, Split
from cerberus_plan.calibration.splits.mechanisms import SCOPES
from cerberus_plan.calibration.splits.owner import deciding, owner
from cerberus_plan.model.digits import counted, number, percent
from cerberus_plan.planner.evidence.condition import Evidence
from cerberus_plan.planner.splits.runs import command

# Differences of logarithms below this are not worth a sentence.
_WORTH = 0.1
# Runs that do twice what the demands allow a core are not explained by a cache or by a faster clock.
_IMPOSSIBLE = math.log(2.0)


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
            f"follows the runs. Likely causes on {counted(cores, 'core')}: {causes}"
        )
    if (split := deciding(measured, whose, cores)) is not None:
        why = "" if disagree else f" ({causes})"
        yield f"who owns the contention is not known{why}: run {_name(split)} to decide it ({command([split])})"
    more = measured.log_value - evidence.by_demands
    most = int(more.argmax())
    if more[most] > _IMPOSSIBLE:
        yield (
            f"runs do more than the demands allow, {_name(measured.splits[most])} {number(float(rate(more[most])), 2)} "
            "times as much: these may be in another unit, or of another program; rates follow the runs, but shares of "
            "time and response times rest on the demands"
        )
    if (apart := measured.contradiction) is not None:
        split, ratio = apart
        yield (
            f"runs of {_name(split)} contradict each other, {number(ratio, 2)} times apart, and all runs are taken to "
            "be as noisy: repeat them on a quiet host before running other splits"
        )
    elif measured.noise > CONTRADICTED * NOISE_OF_ONE_RUN:
        yield (
            f"runs vary by {percent(measured.noise)}: their repeats differ, or others kept the CPUs busy, so that what "
            "a quiet host does is not known (low and high of their rows): repeat them on a quiet host"
        )
    if cores > FAR * measured.largest:
        yield (
            f"extrapolated: runs reach {counted(measured.largest, 'core')}, the plan {cores}; run it on more cores, or "
            "add runs of a larger machine as [[measured]] rows"
        )


def _name(split: Split) -> str:
    return f"{split[0]} x {split[1]}"
