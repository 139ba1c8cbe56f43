"""What measured response times say of the model's, in numbers and in a sentence: who is trusted where they disagree.

Rule: they disagree where a statistic was more than a quarter and more than three times its scatter away from what the
model alone says. The measurements are trusted: they are of this program, and the model of response times is fitted to
none. When not to use it: for throughput; ``planner.evidence.tell`` does that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from cerberus_plan.model.digits import exact
from cerberus_plan.planner.objectives.curve import PAUSED
from cerberus_plan.planner.objectives.evidence import Evidence
from cerberus_plan.planner.objectives.rows import Row
from cerberus_plan.planner.objectives.say import time
from cerberus_plan.planner.plan import LatencyCheck, LatencyEvidence

_WORTH = math.log(1.25)


def told(evidence: Evidence) -> LatencyEvidence:
    """The evidence as an answer has it."""
    return LatencyEvidence(
        latency_scale=math.exp(evidence.bend.scale),
        latency_offset=evidence.bend.seconds(evidence.unit),
        latency_variability=evidence.varies,
        latency_discrepancy=evidence.posterior.size,
        latency_pause=evidence.bend.paused(evidence.unit),
        disagree=_worst(evidence) is not None,
        checks=tuple(
            LatencyCheck(
                instances=row.split[0],
                cores_per_instance=row.split[1],
                latency_rate=row.load.rate,
                latency_concurrency=row.load.clients,
                name=row.name,
                measured=math.exp(row.log_time),
                alone=alone,
            )
            for row, alone in _beside(evidence)
        ),
    )


def _beside(evidence: Evidence) -> Iterator[tuple[Row, float | None]]:
    """Each row with what the model says alone, None of a rate that it says is beyond the capacity."""
    for row, place, alone in zip(evidence.rows, evidence.places, evidence.alone.tolist(), strict=True):
        yield row, None if row.load.rate is not None and place.load >= 1.0 else math.exp(alone)


def sentences(evidence: Evidence, unit: str) -> Iterator[str]:
    """What was measured beyond the capacity; the disagreement, and what follows from it."""
    refused = {(row.split, row.load.rate) for row in evidence.overloads}
    for split, rate in sorted(refused, key=str):
        yield (
            f"response times: {exact(rate or 0.0)} {unit} are more than {split[0]} x {split[1]} carries: what was "
            "measured there is of a queue that grew meanwhile, and counts as a bound of the capacity alone"
        )
    worst = _worst(evidence)
    if worst is None:
        return
    row, alone = worst
    said = "that the queue would grow for ever" if alone is None else time(alone)
    load = row.load
    where = f"{load.clients} clients" if load.rate is None else f"{exact(load.rate)} {unit}"
    offset = evidence.bend.seconds(evidence.unit)
    beside = f"{time(abs(offset))} {'more' if offset >= 0.0 else 'less'} for each request"
    yield (
        f"response times: measured and predicted ones disagree: at {where} on {row.split[0]} x {row.split[1]} "
        f"the {row.name} was {time(math.exp(row.log_time))}, the model alone says {said}; the plan "
        f"follows the measurements (times x {math.exp(evidence.bend.scale):.2f}, {beside}, variability of a request's "
        f"work {evidence.varies:.2g}{_pauses(evidence)})"
    )


def _pauses(evidence: Evidence) -> str:
    """What the host's pauses are, where a request in fifty meets one of some length."""
    mean = evidence.bend.paused(evidence.unit)
    return (
        f", and {100 * PAUSED:g} % of the requests meet a pause of the host of {time(mean)}"
        if mean > evidence.unit
        else ""
    )


def _worst(evidence: Evidence) -> tuple[Row, float | None] | None:
    """The row the model is furthest from, where that is a disagreement."""

    def gap(pair: tuple[Row, float | None]) -> float:
        row, alone = pair
        return math.inf if alone is None else abs(row.log_time - math.log(alone))

    worst = max(_beside(evidence), key=gap)
    return worst if gap(worst) > max(_WORTH, 3.0 * worst[0].scatter) else None
