"""One instance with a ticket lock and a queue by LINE's load-dependent convolution. Arguments: THREADS ROUNDS."""

import json
import math
import statistics
import sys
import time
from importlib.metadata import version

import numpy as np
from line_solver.api.pfqn.ncld import pfqn_gldsingle

threads, rounds = int(sys.argv[1]), int(sys.argv[2])
k = np.arange(1.0, threads + 1.0)
demands = np.array([[8.0], [1.0], [0.15]])
# rates with k customers: the delay serves all, the lock passes itself on more slowly the more wait
rates = np.array([k, 1.0 / (0.6 + 0.3 * (k - 1.0) / 2.0), np.ones(threads)])


def throughput() -> float:
    """G with one customer less, over G."""
    less, all_ = (pfqn_gldsingle(demands, np.array([[n]]), rates[:, :n]).lG for n in (threads - 1, threads))
    return math.exp(less - all_)


taken = []
for _ in range(rounds):
    start = time.perf_counter()
    answer = throughput()
    taken.append(time.perf_counter() - start)
print(json.dumps({"who": f"LINE {version('line-solver')}", "answer": answer, "seconds": statistics.median(taken)}))
