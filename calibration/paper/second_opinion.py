"""A second structure for shadow paging, fitted to the same published runs, to show where the first is in doubt.

Loss: as in ``fit``, over the calibrated quantities of histogram; fitted are the lock's two costs and the stretch of
``model.systems.shadow_interference``. The parallel part of a fault is what direct paging costs beside the lock (the
one-thread profile of Xen-Linux shows a function of shadow paging), all other values stay as shipped. These are not
values of a shipped machine and answer no plan; the planner compares both structures and says where they part.
Run: ``python -m cerberus_plan.calibration.paper.second_opinion --write`` stores them in ``second_opinion.csv``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cerberus_plan.calibration.paper.predictions import WANTED
from cerberus_plan.calibration.paper.refit import CALIBRATED, POWER, log_errors
from cerberus_plan.calibration.paper.runs import Runs
from cerberus_plan.calibration.paper.second_costs import FILE
from cerberus_plan.calibration.store import catalog
from cerberus_plan.calibration.store.files import write_atomically
from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.systems import shadow_interference

MACHINE = "amd48"
QUANTITIES = tuple(t for t in CALIBRATED if t.id.startswith(("hist.", "prof.histogram")))
_START = {
    "shadow_lock_hold": 0.3e-6,
    "shadow_lock_handover": 3.5e-6,
    "interference": 0.1,
}


def runs_with(costs: dict[str, Array]) -> Runs:
    """The published runs with the second structure under these costs: shape (draws,) each."""
    laws = dict.fromkeys(("cerberus", "xen-linux-shadow"), shadow_interference.law)
    values = {(MACHINE, name): array for name, array in costs.items()}
    return Runs({**values, (MACHINE, "page_fault_shadow"): np.array([parallel_part_s()])}, WANTED, laws)


def parallel_part_s() -> float:
    """Parallel part of a page fault in this structure, from the one-thread profile [s]."""
    return catalog.machine(MACHINE).quantities["page_fault_direct"].value


def fit() -> dict[str, float]:
    """The three costs [SI]."""
    from scipy.optimize import least_squares

    def residuals(logs: Array) -> Array:
        costs = {name: np.exp(logs[i : i + 1]) for i, name in enumerate(_START)}
        errors = log_errors(runs_with(costs), QUANTITIES)[:, 0]
        found: Array = np.sign(errors) * np.abs(errors) ** (POWER / 2)
        return found

    best = least_squares(residuals, np.log(list(_START.values())), xtol=1e-10, ftol=1e-10)
    return {name: float(f"{value:.4g}") for name, value in zip(_START, np.exp(best.x), strict=True)}


def main(arguments: Sequence[str]) -> None:
    """Prints the costs and errors, and stores the costs with ``--write``."""
    import sys

    costs = fit()
    errors = log_errors(runs_with({name: np.array([value]) for name, value in costs.items()}), QUANTITIES)[:, 0]
    lines = [f"{name} = {value:.4g}" for name, value in costs.items()]
    lines += [f"{t.id:40}{100 * np.expm1(e):+7.1f} %" for t, e in zip(QUANTITIES, errors, strict=True)]
    sys.stdout.write("\n".join(lines) + "\n")
    if "--write" in arguments:
        stored = {**costs, "page_fault_shadow": parallel_part_s()}
        write_atomically(FILE, "".join(f"{name},{value:.6g}\n" for name, value in stored.items()))


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
