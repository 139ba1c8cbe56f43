"""Measured response times as the inference takes them: one row a statistic of a split at a load, repeats together.

Models: repeats are one row, of their median; how far they lie apart is the row's ``spread``. A closed loop of so many
clients that each worker has several waiting for him (``SATURATES``) tells by Little's law what the split is capable
of: N / mean, whatever is wrong about waiting or about what a request pays beside.
Assumptions: rows of one instance are those of one Linux, of several of processes on it, as for throughput. With
``SATURATES`` clients a worker a request that pays seven times its work elsewhere still keeps all workers busy.
Scatter of one more run: 5 % of a mean or median, 8 % of a 95th and 12 % of a 99th percentile; a judgement. Repeats that
agree do not narrow it, repeats that contradict each other widen it.
When not to use it: where a run was shorter than the server's slowest change.
Source: Little, Operations Research 9 (1961).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from cerberus_plan.model.distinct import evenly
from cerberus_plan.model.latency.measured import MeasuredLatency
from cerberus_plan.model.measurement import ran_on
from cerberus_plan.planner.objectives.curve import Load

SCATTER = {"mean": 0.05, "p50": 0.05, "p95": 0.08, "p99": 0.12}
SATURATES = 8
# More rows add time but hardly any information.
MOST_ROWS = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The repeats of one statistic of one split at one load.

    Attributes:
        split: Instances and cores of each.
        load: What it was under.
        name: Which statistic.
        log_time: Logarithm of the median of the repeats [s].
        spread: How far the repeat farthest from it lies, on the logarithm.
    """

    split: tuple[int, int]
    load: Load
    name: str
    log_time: float
    spread: float = 0.0

    @property
    def system(self) -> str:
        """What it was a run of."""
        return ran_on(self.split[0])

    @property
    def scatter(self) -> float:
        """Standard deviation of one more run, on the logarithm."""
        return max(SCATTER[self.name], self.spread)

    @property
    def log_done(self) -> float | None:
        """Logarithm of what a closed loop did a second, by Little's law; None of others."""
        clients = self.load.clients
        return None if clients is None or self.name != "mean" else float(np.log(clients)) - self.log_time

    @property
    def saturated(self) -> bool:
        """Whether that is all that the split is capable of."""
        workers = self.split[0] * self.split[1]
        return self.log_done is not None and (self.load.clients or 0) >= SATURATES * workers


def rows_of(latencies: Sequence[MeasuredLatency]) -> tuple[Row, ...]:
    """Rows in an order that does not depend on that of the measurements."""
    found: dict[tuple[tuple[int, int], float, int, str], list[float]] = {}
    for one in latencies:
        for name, seconds in one.times.items():
            key = (one.split, one.rate or 0.0, one.concurrency or 0, name)
            found.setdefault(key, []).append(float(np.log(seconds)))
    rows = []
    for key in sorted(found):
        split, rate, clients, name = key
        middle = median(found[key])
        spread = max(abs(each - middle) for each in found[key])
        rows.append(
            Row(split=split, load=Load(rate or None, clients or None), name=name, log_time=middle, spread=spread)
        )
    return tuple(rows)


def thinned(rows: Sequence[Row]) -> tuple[Row, ...]:
    """At most ``MOST_ROWS``, evenly taken."""
    return tuple(rows[i] for i in evenly(len(rows), MOST_ROWS))
