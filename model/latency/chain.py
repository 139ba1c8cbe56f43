"""Requests at one instance as a birth-death chain: a pool of workers that serve at the rate of the whole network.

Models: requests arrive as a Poisson stream of rate a; k workers take them in order of arrival; with j of them at work
the instance completes X(j) a second, which the closed network of j threads says exactly (its flow-equivalent server).
Equations: weight of n requests = a^n / prod_{i<=n} X(min(i, k)); stable when a < X(k). A request that finds all
workers busy waits an exponential time of rate X(k) - a, as in the M/M/k queue, of which this is the generalisation.
Assumptions: Poisson arrivals; product form inside; that a completion depends on the number at work alone is exact
for one delay (M/M/k), one queue (M/M/1) and for any product-form network with unlimited workers.
When not to use it: where X falls with j (a collapsing lock) the chain is stable only until a burst pushes it over
the peak: see ``collapses``.
Source: Chandy, Herzog and Woo, IBM Journal of Research and Development 19 (1975); Erlang (1917) for M/M/k.
"""

from __future__ import annotations

import math

import numpy as np

from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.record import Record

# Relative loss from the peak of X beyond which more workers mean collapse.
_FALLS = 1e-9


class Chain(Record):
    """The chain in its steady state.

    Attributes:
        busy: Probability of 0, 1, ..., k - 1 at work and of all k, shape (k + 1,).
        waits: Probability that an arriving request finds all workers busy.
        wait: Mean time such a request waits for a worker [s].
    """

    busy: Array
    waits: float
    wait: float

    @property
    def at_work(self) -> float:
        """Mean number of workers at work."""
        return float(np.arange(self.busy.size) @ self.busy)


def steady(arrivals: float, rates: Array) -> Chain | None:
    """The steady state, None when there is none: more arrives than all workers complete.

    Args:
        arrivals: Requests a second, above 0.
        rates: Completions a second with 1, 2, ..., k workers at work.
    """
    most = float(rates[-1])
    if not arrivals < most:
        return None
    logs = np.zeros(rates.size + 1)
    np.cumsum(math.log(arrivals) - np.log(rates), out=logs[1:])
    logs[-1] -= math.log1p(-arrivals / most)
    weights = np.exp(logs - logs.max())
    busy = weights / weights.sum()
    return Chain(busy=busy, waits=float(busy[-1]), wait=1.0 / (most - arrivals))


def collapses(rates: Array) -> bool:
    """Whether fewer workers than all would complete more."""
    return bool(rates[-1] < rates.max() * (1.0 - _FALLS))
