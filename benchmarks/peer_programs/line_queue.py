"""Closed simulation by LINE's compiled engine. Arguments: CUSTOMERS SAMPLES THINK HOLD."""

import json
import sys
import time
from importlib.metadata import version

import numpy as np
from line_solver import ClosedClass, Delay, Exp, Network, Queue, SchedStrategy, SolverLDES

customers, samples, think, hold = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
model = Network("queue")
delay, queue = Delay(model, "think"), Queue(model, "queue", SchedStrategy.FCFS)
own = ClosedClass(model, "customers", customers, delay)
delay.set_service(own, Exp(1.0 / think))
queue.set_service(own, Exp(1.0 / hold))
route = model.init_routing_matrix()
route.set(own, own, delay, queue, 1.0)
route.set(own, own, queue, delay, 1.0)
model.link(route)
start = time.perf_counter()
rates = np.asarray(SolverLDES(model, samples=samples, seed=1).get_avg_tput())
taken = time.perf_counter() - start
print()
print(json.dumps({"who": f"LINE {version('line-solver')}", "answer": float(rates.ravel()[0]), "seconds": taken}))
