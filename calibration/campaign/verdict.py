"""Can these measurements be trusted, and what should be tried next?

Signs of trouble: time stolen by the hypervisor, batches put aside because they were switched, moved or met another
placement, and wide intervals. Each has its advice. The thresholds were set where repeated runs began to disagree
by more than 10 % on a two-core virtual machine; they are judgement, not theory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cerberus_plan.model.digits import percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cerberus_plan.calibration.harness.case import Batch
    from cerberus_plan.calibration.host.identity import Disturbance
    from cerberus_plan.model.quantity import Quantity

MOST_STEAL = 0.01
MOST_DOUBTFUL = 0.25
MOST_WIDTH = 0.20
#: Runnable tasks of others for each core, before the measurement began.
MOST_LOAD = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Stability of a calibration.

    Attributes:
        stable: No sign of trouble.
        steal: Share of the time that the hypervisor gave to others.
        doubtful: Share of batches put aside.
        median_width: Median width of the 90 % intervals of measured quantities, relative to the value.
        sentence: What to tell people, with the next step.
    """

    stable: bool
    steal: float
    doubtful: float
    median_width: float
    sentence: str


def doubts(batches: Iterable[Batch]) -> dict[str, int]:
    """How many batches were put aside, by reason."""
    found: dict[str, int] = {}
    for batch in batches:
        for doubt in batch.doubts:
            found[doubt] = found.get(doubt, 0) + 1
    return found


def _complaints(steal: float, doubtful: float, width: float, reasons: Mapping[str, int], load: float) -> list[str]:
    found = []
    if load > MOST_LOAD:
        found.append(f"other jobs kept {load:.1f} tasks running on each core: stop them, or use --fifo")
    if steal > MOST_STEAL:
        found.append(f"{percent(steal)} of the time was stolen by the hypervisor: measure when its host is quieter")
    if doubtful > MOST_DOUBTFUL:
        worst = max(reasons, key=lambda reason: reasons[reason])
        advice = {
            "switched": "stop other jobs, or use --fifo (which starves them meanwhile)",
            "steal": "measure when the hypervisor's host is quieter",
            "moved": "stop other jobs",
            "placement": "pin the virtual CPUs of this machine",
        }[worst]
        found.append(f"{percent(doubtful)} of the batches were disturbed, mostly {worst}: {advice}")
    if width > MOST_WIDTH:
        found.append(f"the median interval is {percent(width)} wide: use --rounds with a larger number")
    return found


def judge(
    batches: Iterable[Batch],
    quantities: Mapping[str, Quantity],
    *,
    before: Disturbance,
    after: Disturbance,
    cpus: int = 1,
    fifo: bool = False,
) -> Verdict:
    """Judge a calibration from its batches, its results and what else the machine did.

    Args:
        batches: All batches.
        quantities: What was made of them.
        before: The machine before the measurement.
        after: The machine after it.
        cpus: Cores of the measurement.
        fifo: Measured with real-time scheduling, which other jobs do not disturb.
    """
    timed = [batch for batch in batches if batch.round >= 0]
    doubtful = sum(not batch.clean for batch in timed) / max(len(timed), 1)
    steal = (after.steal_ticks - before.steal_ticks) / max(after.total_ticks - before.total_ticks, 1)
    widths = [
        (q.high - q.low) / q.value
        for q in quantities.values()
        if q.provenance == "measured" and q.value > 0.0 and q.high is not None and q.low is not None
    ]
    width = float(np.median(widths)) if widths else 0.0
    load = 0.0 if fifo else before.load / cpus
    complaints = _complaints(steal, doubtful, width, doubts(timed), load)
    sentence = (
        f"unstable: {'; '.join(complaints)}"
        if complaints
        else f"stable: {percent(doubtful)} of {len(timed)} batches disturbed, median interval {percent(width)} wide"
    )
    return Verdict(stable=not complaints, steal=steal, doubtful=doubtful, median_width=width, sentence=sentence)
