"""The response time in a closed loop of any number of clients, more or fewer than there are workers.

Models: m equal instances of k workers, N clients spread evenly over them, no think time: what load generators that wait
for each answer do.
Equations: with n = N / m clients at an instance, j = min(n, k) of them are at work and n - j wait for a worker. Mean =
n / X(j) (Little's law): exact for n of at least k, and for fewer where instances share nothing. The wait is that of
n - j completions, gamma distributed with the variability of completions (``open_network.variability``) over n - j; the
visits to stations are as in ``open_network``.
Assumptions: numbers at work between two whole ones are interpolated. When not to use it: for clients that think; with a
client a worker ``closed`` knows more of the percentiles.
"""

from __future__ import annotations

import numpy as np

from cerberus_plan.model.latency.cluster import Cluster
from cerberus_plan.model.latency.open_network import holds_vary, variability
from cerberus_plan.model.latency.response import LEAST_VARIABILITY, Sum


def throughput(cluster: Cluster, clients: float) -> float:
    """What so many clients of all instances together have done a second; fewer than one an instance wait nowhere."""
    each = clients / cluster.instances
    at_work = min(max(each, 1.0), float(cluster.threads))
    rate = float(np.interp(at_work, np.arange(1.0, cluster.threads + 1.0), cluster.full.rates))
    return cluster.instances * min(each, 1.0) * rate


def response_time(cluster: Cluster, clients: float) -> Sum:
    """The response time with so many clients of all instances together, at least one an instance."""
    each = max(clients / cluster.instances, 1.0)
    at_work = min(each, float(cluster.threads))
    sizes = np.arange(1.0, cluster.threads + 1.0)
    rate = float(np.interp(at_work, sizes, cluster.full.rates))
    lengths = [float(np.interp(at_work, [0.0, *sizes], row)) for row in cluster.full.lengths]
    waiting = each - at_work
    varies = holds_vary(cluster)
    of_wait = variability(cluster.full, varies) / waiting if waiting > 0.0 else 1.0
    return Sum(
        holds=np.array([waiting, *lengths]) / rate,
        chances=np.zeros(1 + len(lengths)),
        waits=np.zeros(1 + len(lengths)),
        variability=np.maximum([of_wait, *varies], LEAST_VARIABILITY),
    )
