"""Do intervals hold on curves whose law is known? `python benchmarks/recovery.py [--curves 25]`.

Curves are simulated from closed forms and from exact queueing networks with random parameters and multiplicative
noise at seven counts up to 12; forecasts at 2, 4 and 8 times are judged against the exact truth. Coverage of the
90 % interval, median error and median width (high / low), by law and noise. About half a minute.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cerberus_plan.calibration.curves.curve import Curve
from cerberus_plan.calibration.curves.fit import fit_curve
from cerberus_plan.model.exact.solver import solve
from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.queue_lock import QueueLock
from cerberus_plan.model.laws.single_server import Queue
from cerberus_plan.model.laws.station import Station
from cerberus_plan.model.laws.ticket_lock import TicketLock
from cerberus_plan.model.network import Instance

Array = NDArray[np.float64]
Truth = Callable[[Array], Array]

MEASURED = np.array([1.0, 2, 3, 4, 6, 8, 12])
JUDGED = np.array([24.0, 48, 96])
GENERATOR = np.random.default_rng(3)


def between(low: float, high: float) -> float:
    """A number whose logarithm is uniform."""
    return float(np.exp(GENERATOR.uniform(np.log(low), np.log(high))))


def closed(contention: float, coherency: float) -> Truth:
    """Universal scalability law."""
    return lambda n: np.asarray(n / (1 + contention * (n - 1) + coherency * n * (n - 1)))


def network(*stations: Station) -> Truth:
    """Exact throughput of one instance with these stations."""
    return lambda n: np.array(
        [solve(instances=[Instance(threads=int(k), stations=list(stations))]).throughput for k in n]
    )


def ceiling(limit: float) -> Truth:
    """Linear up to a hard limit."""
    return lambda n: np.minimum(n, limit)


def lock(kind: type[TicketLock] | type[QueueLock], hold: float) -> Truth:
    """A cycle of one with a lock in it."""
    return network(Delay(1 - hold), kind(hold, handover=hold * between(0.05, 1)))


def repairman(demand: float) -> Truth:
    """A cycle of one with a single server in it."""
    return network(Delay(1 - demand), Queue(demand))


LAWS: dict[str, Callable[[], Truth]] = {
    "linear": lambda: closed(0.0, 0.0),
    "Amdahl": lambda: closed(between(0.001, 0.3), 0.0),
    "USL": lambda: closed(between(0.002, 0.2), between(1e-5, 1e-2)),
    "repairman": lambda: repairman(between(0.005, 0.3)),
    "queue lock": lambda: lock(QueueLock, between(0.005, 0.2)),
    "ticket lock": lambda: lock(TicketLock, between(0.005, 0.2)),
    "hard ceiling": lambda: ceiling(between(4, 60)),
}


def judged(truth: Truth, noise: float) -> list[tuple[float, float, float]]:
    """For each judged count: inside, error, width."""
    points = truth(MEASURED) * np.exp(GENERATOR.normal(0, noise, MEASURED.size))
    found = fit_curve(Curve.from_points(MEASURED, points), predict=JUDGED).predictions
    return [
        (float(p.low <= value <= p.high), abs(p.value / value - 1), p.high / p.low)
        for p, value in zip(found, truth(JUDGED), strict=True)
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--curves", type=int, default=25, help="curves a law and noise")
    curves = parser.parse_args().curves
    print("| law | noise | coverage 2x, 4x, 8x | median error | median width |")
    print("|---|---|---|---|---|")
    for name, draw in LAWS.items():
        for noise in (0.005, 0.03):
            rows = np.array([judged(draw(), noise) for _ in range(curves)])
            covered, error, width = rows[:, :, 0].mean(0), np.median(rows[:, :, 1], 0), np.median(rows[:, :, 2], 0)
            cells = (", ".join(f"{x:.0%}" for x in covered), ", ".join(f"{x:.0%}" for x in error))
            print(f"| {name} | {noise:.1%} | {cells[0]} | {cells[1]} | {', '.join(f'{x:.1f}' for x in width)} |")


if __name__ == "__main__":
    main()
