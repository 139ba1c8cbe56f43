"""Do two calibrations of one host agree? Give their profiles: python benchmarks/calibration_repeat.py A.json B.json.

Prints for each measured quantity both values, their ratio and whether each 90 % interval holds the other's value; then
the share that agree within 10 %, the coverage and the median width of the intervals. Goals on a quiet host: CPU-bound
primitives within 10 %, coverage of at least 85 %, median width of at most 15 %.
"""

from __future__ import annotations

import sys

import numpy as np

from cerberus_plan.calibration.store.profile import read_profile
from cerberus_plan.model.quantity import Provenance, Quantity

WAKING = ("signal", "message_round_trip_woken", "message_round_trip_futex", "packet_round", "process_", "thread_")


def holds(interval: Quantity, value: float) -> bool:
    """Whether the interval of one quantity holds the value of another."""
    return (interval.low or interval.value) <= value <= (interval.high or interval.value)


def main(first: str, second: str) -> None:
    """Compare two profiles."""
    a, b = (read_profile(path, samples=False).quantities for path in (first, second))
    names = [n for n in a if n in b and a[n].provenance == Provenance.MEASURED and a[n].value > 0.0 < b[n].value]
    covered, widths, ratios = [], [], {}
    for name in names:
        ratios[name] = b[name].value / a[name].value
        held = (holds(a[name], b[name].value), holds(b[name], a[name].value))
        covered += held
        widths += [((q[name].high or 0.0) - (q[name].low or 0.0)) / q[name].value for q in (a, b)]
        words = " ".join("yes" if h else "NO" for h in held)
        print(f"{name:38} {a[name].value:12.4g} {b[name].value:12.4g} {ratios[name]:7.3f}  {words}")
    steady = [abs(r - 1.0) <= 0.1 for n, r in ratios.items() if not n.startswith(WAKING)]
    print(f"{len(names)} quantities; CPU-bound within 10 %: {sum(steady)} of {len(steady)}")
    print(f"coverage {np.mean(covered):.0%}, median width {np.median(widths):.0%}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
