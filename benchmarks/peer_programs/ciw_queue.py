"""Closed simulation by Ciw: a delay node and a node of one server, everybody arrives at time 0.

Arguments: CUSTOMERS CYCLES THINK HOLD RATE. Ciw ends at a time, not after a number of cycles, so the time is what the
exact throughput needs for them; it keeps a record of every service, which are counted after the first tenth.
"""

import json
import math
import sys
import time
from importlib.metadata import version

import ciw

customers, cycles, think, hold = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
rate = float(sys.argv[5])
network = ciw.create_network(
    arrival_distributions=[ciw.dists.Sequential([1e-9, math.inf]), None],
    batching_distributions=[ciw.dists.Deterministic(customers), ciw.dists.Deterministic(1)],
    service_distributions=[ciw.dists.Exponential(1.0 / think), ciw.dists.Exponential(1.0 / hold)],
    routing=[[0.0, 1.0], [1.0, 0.0]],
    number_of_servers=[math.inf, 1],
)
ciw.seed(1)
end = cycles / rate
start = time.perf_counter()
simulation = ciw.Simulation(network)
simulation.simulate_until_max_time(end)
taken = time.perf_counter() - start
served = [r for r in simulation.get_all_records() if r.node == 2 and end / 10.0 < r.service_end_date <= end]
print(json.dumps({"who": f"Ciw {version('ciw')}", "answer": len(served) / (0.9 * end), "seconds": taken}))
