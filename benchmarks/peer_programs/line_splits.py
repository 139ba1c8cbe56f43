"""Equal instances that share a queue by LINE's default mean value analysis, a class each. Arguments: INSTANCES THREADS.

Its exact methods do not take so many classes.
"""

import json
import sys
import time
from importlib.metadata import version

import numpy as np
from line_solver import ClosedClass, Delay, Exp, Network, Queue, SchedStrategy, SolverMVA

instances, threads = int(sys.argv[1]), int(sys.argv[2])
model = Network("instances")
think, shared = Delay(model, "think"), Queue(model, "shared", SchedStrategy.PS)
locks = [Queue(model, f"lock{v}", SchedStrategy.PS) for v in range(instances)]
classes = [ClosedClass(model, f"threads{v}", threads, think) for v in range(instances)]
present = np.minimum(np.arange(1.0, instances * threads + 1.0), threads)
route = model.init_routing_matrix()
for own, lock in zip(classes, locks, strict=True):
    think.set_service(own, Exp(1.0 / 8.0))
    shared.set_service(own, Exp(1.0 / 0.15))
    for each in locks:
        each.set_service(own, Exp(1.0))
    lock.set_load_dependence(1.0 / (0.6 + 0.3 * (present - 1.0) / 2.0))
    for left, right in ((think, lock), (lock, shared), (shared, think)):
        route.set(own, own, left, right, 1.0)
model.link(route)
start = time.perf_counter()
rates = np.asarray(SolverMVA(model).get_avg_tput())
taken = time.perf_counter() - start
print()
who = f"LINE {version('line-solver')}, approximate"
print(json.dumps({"who": who, "answer": float(rates[0].sum()), "seconds": taken}))
