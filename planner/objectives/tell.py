"""What measured response times say of the model's, in numbers and in a sentence: who is trusted where they disagree.

Rule: they disagree where a statistic was more than a quarter and more than three times its scatter away from what the
model alone says. The measurements are trusted: they are of this program, and the model of response times is fitted to
none. When not to use it: for throughput; ``planner.evidence.tell`` does that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from cerberus_plan.model.digits import exact
from cerberus_plan.planner.objectives.evidence import SCATTER, Evidence, Row
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
        disagree=_worst(evidence) is not None,
        checks=tuple(
            LatencyCheck(
                instances=row.split[0],
                cores_per_instance=row.split[1],
                latency_rate=row.load.rate,
                latency_concurrency=row.load.clients,
                name=row.name,
                measured=math.exp(row.log_time),
                alone=math.exp(alone),
            )
            for row, alone in zip(evidence.rows, evidence.alone.tolist(), strict=True)
        ),
    )


def sentences(evidence: Evidence, unit: str) -> Iterator[str]:
    """The disagreement, and what follows from it."""
    worst = _worst(evidence)
    if worst is None:
        return
    row, alone = worst
    load = row.load
    where = f"{load.clients} clients" if load.rate is None else f"{exact(load.rate)} {unit}"
    offset = evidence.bend.seconds(evidence.unit)
    beside = f"{time(abs(offset))} {'more' if offset >= 0.0 else 'less'} for each request"
    yield (
        f"response times: measured and predicted ones disagree: at {where} on {row.split[0]} x {row.split[1]} "
        f"the {row.name} was {time(math.exp(row.log_time))}, the model alone says {time(math.exp(alone))}; the plan "
        f"follows the measurements (times x {math.exp(evidence.bend.scale):.2f}, {beside}, variability of a request's "
        f"work {evidence.varies:.2g})"
    )


def _worst(evidence: Evidence) -> tuple[Row, float] | None:
    """The row the model is furthest from, where that is a disagreement."""
    pairs = zip(evidence.rows, evidence.alone.tolist(), strict=True)
    row, alone = max(pairs, key=lambda pair: abs(pair[0].log_time - pair[1]))
    gap = abs(row.log_time - alone)
    return (row, min(alone, 700.0)) if gap > max(_WORTH, 3.0 * SCATTER[row.name]) else None
