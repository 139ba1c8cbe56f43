"""Measures this host and makes its profile: campaign, quantities, topology, fits, verdict.

When not to use it: inside a program that has threads or pinned cores of its own; it owns the machine while it runs.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from calibration.campaign import Campaign, Gathered
from calibration.host import allowed_cpus, disturbance, require_supported, this_host
from calibration.planning_costs import planning_costs
from calibration.profile import Profile
from calibration.session import Orders
from calibration.topology import system_topology
from calibration.verdict import Verdict, doubts, judge
from model.errors import CannotAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from calibration.host import Disturbance
    from calibration.primitives.base import Primitive, Results
    from model.quantity import Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much is measured.

    Attributes:
        processes: Fresh measuring processes.
        rounds: Rounds of batches in each.
        quick: Leave out what only refines.
        budget_s: Begin no further rounds after this time; None for no limit.
    """

    processes: int
    rounds: int
    quick: bool = False
    budget_s: float | None = None


#: Under a minute. Many short processes narrow an interval more than many rounds: processes differ more than rounds.
QUICK = Effort(processes=5, rounds=5, quick=True, budget_s=40.0)
#: A few minutes.
FULL = Effort(processes=8, rounds=15)


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in ("cerberus-plan", "numba", "llvmlite", "numpy"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed as a package"
    return found


def derive_all(primitives: Sequence[Primitive], results: Results) -> tuple[dict[str, Quantity], dict[str, str]]:
    """Quantities of all primitives, and the primitives that gave none with the reason."""
    found: dict[str, Quantity] = {}
    missing: dict[str, str] = {}
    for primitive in primitives:
        quantities = primitive.derive(results)
        found.update(quantities)
        if not quantities:
            missing[primitive.name] = "too few batches, or the host has one core only"
    return found, missing


def _run_record(
    effort: Effort, orders: Orders, gathered: Gathered, verdict: Verdict, before: Disturbance
) -> dict[str, Any]:
    batches = [batch for batches in gathered.batches.values() for batch in batches]
    return {
        "processes": effort.processes,
        "rounds": effort.rounds,
        "quick": effort.quick,
        "seed": orders.seed,
        "fifo": orders.fifo,
        "load_before": before.load,
        "batches": len(batches),
        "doubts": doubts(batches),
        "steal": verdict.steal,
        "doubtful": verdict.doubtful,
        "median_width": verdict.median_width,
        "stable": verdict.stable,
        "verdict": verdict.sentence,
        "measuring_processes": gathered.processes,
    }


def measure_host(
    *,
    effort: Effort = FULL,
    only: Sequence[str] = (),
    seed: int = 1,
    fifo: bool = False,
    report: Callable[[str, int, int], None] | None = None,
) -> Profile:
    """Measure this host.

    Args:
        effort: Processes and rounds.
        only: Names of primitives; empty for all.
        seed: Seed of the random order.
        fifo: Ask for real-time scheduling.
        report: Receives progress: (label, batches done, batches expected).

    Raises:
        InputError: A primitive is not known, or real-time scheduling is not allowed.
        CannotAnswerError: The platform is not supported, or nothing could be measured.
    """
    require_supported()
    from calibration.primitives.base import Results
    from calibration.primitives.registry import load_primitives

    primitives = load_primitives(only)
    orders = Orders(only=tuple(only), rounds=effort.rounds, seed=seed, quick=effort.quick, fifo=fifo)
    before = disturbance()
    gathered = Campaign(orders=orders, processes=effort.processes, report=report, budget_s=effort.budget_s).run()
    results = Results(batches=gathered.batches)
    quantities, missing = derive_all(primitives, results)
    if not quantities:
        raise CannotAnswerError("nothing could be measured: too few batches; use --rounds with a larger number")
    quantities |= planning_costs(results, quantities)
    batches = [batch for found in gathered.batches.values() for batch in found]
    verdict = judge(batches, quantities, before=before, after=disturbance())
    profile = Profile(
        host=this_host(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        topology=system_topology(allowed_cpus()),
        quantities=quantities,
        tool=_versions(),
        run=_run_record(effort, orders, gathered, verdict, before),
        missing={**missing, **gathered.skipped},
        batches=gathered.batches,
    )
    return _with_latency(profile, results)


def _with_latency(profile: Profile, results: Results) -> Profile:
    """Add the latency matrix."""
    from calibration.primitives.core_to_core import pair_estimates

    latency = {pair: estimate.value for pair, estimate in pair_estimates(results).items()}
    return replace(profile, latency=latency)
