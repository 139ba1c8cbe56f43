"""Closed simulation by SimPy: a process a customer, a resource of one server.

Arguments: CUSTOMERS CYCLES THINK HOLD.
"""

import json
import random
import sys
import time
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import simpy

customers, cycles, think, hold = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
chance = random.Random(1)  # noqa: S311 - a simulation, not a secret
environment = simpy.Environment()
server = simpy.Resource(environment, capacity=1)
done, warm, began, finished = 0, cycles // 10, 0.0, environment.event()


def customer() -> Iterator[Any]:
    """Think, then wait for the server and hold it, for ever."""
    global done, began  # noqa: PLW0603 - the program is this one simulation
    while True:
        yield environment.timeout(chance.expovariate(1.0 / think))
        with server.request() as turn:
            yield turn
            yield environment.timeout(chance.expovariate(1.0 / hold))
        done += 1
        if done == warm:
            began = environment.now
        if done == cycles:
            finished.succeed()


for _ in range(customers):
    environment.process(customer())
start = time.perf_counter()
environment.run(until=finished)
taken = time.perf_counter() - start
print(
    json.dumps(
        {"who": f"SimPy {version('simpy')}", "answer": (cycles - warm) / (environment.now - began), "seconds": taken}
    )
)
