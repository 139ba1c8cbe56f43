"""Measures this host and makes its profile: campaign, quantities, topology, fits, verdict.

When not to use it: inside a program that has threads or pinned cores of its own; it owns the machine while it runs.
"""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from cerberus_plan.calibration.campaign.compare_c import compare, separate
from cerberus_plan.calibration.campaign.measuring import Orders
from cerberus_plan.calibration.campaign.planning_costs import planning_costs
from cerberus_plan.calibration.campaign.processes import Campaign, Gathered
from cerberus_plan.calibration.campaign.verdict import Verdict, doubts, judge
from cerberus_plan.calibration.host.clustering import find_levels
from cerberus_plan.calibration.host.identity import allowed_cpus, disturbance, require_supported, this_host
from cerberus_plan.calibration.host.reconcile import reconcile
from cerberus_plan.calibration.host.topology import system_topology
from cerberus_plan.calibration.store.profile import Profile
from cerberus_plan.model.digits import percent
from cerberus_plan.model.errors import CannotAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cerberus_plan.calibration.host.identity import Disturbance
    from cerberus_plan.calibration.primitives.base import Primitive, Results
    from cerberus_plan.model.quantity import Quantity


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
            missing[primitive.name] = primitive.nothing
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
    compare_c: bool = False,
    report: Callable[[str, int, int], None] | None = None,
) -> Profile:
    """Measure this host.

    Args:
        effort: Processes and rounds.
        only: Names of primitives and probes; empty for all.
        seed: Seed of the random order.
        fifo: Ask for real-time scheduling.
        compare_c: Also run the twins in C; the comparison is in the profile's ``run``.
        report: Receives progress: (label, batches done, batches expected).

    Raises:
        InputError: A primitive is not known, or real-time scheduling is not allowed.
        CannotAnswerError: The platform is not supported, or nothing could be measured.
    """
    require_supported()
    from cerberus_plan.calibration.primitives.registry import load_primitives

    primitives = load_primitives(only)
    orders = Orders(
        only=tuple(only), rounds=effort.rounds, seed=seed, quick=effort.quick, fifo=fifo, compare_c=compare_c
    )
    profile = _blank()
    if primitives:
        profile = _run_primitives(profile, primitives, orders, effort, report)
    if "kvm" in only or not only:
        if report is not None and (not effort.quick or "kvm" in only):
            report("KVM probe", 1, 1)
        profile = _run_kvm(profile, quick=effort.quick, asked="kvm" in only)
    if not profile.quantities and primitives:
        why = "; ".join(f"{name}: {reason}" for name, reason in profile.missing.items() if name != "kvm")
        raise CannotAnswerError(f"nothing could be measured: {why or 'too few batches'}; or use a larger --rounds")
    return profile


def _blank() -> Profile:
    """A profile of this host that knows nothing but where the cores are."""
    return Profile(
        host=this_host(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        topology=system_topology(allowed_cpus()),
        quantities={},
        tool=_versions(),
    )


def _run_primitives(
    profile: Profile,
    primitives: Sequence[Primitive],
    orders: Orders,
    effort: Effort,
    report: Callable[[str, int, int], None] | None,
) -> Profile:
    """Run the measuring processes and add what they found."""
    from cerberus_plan.calibration.primitives.base import Results

    before = disturbance()
    gathered = Campaign(orders=orders, processes=effort.processes, report=report, budget_s=effort.budget_s).run()
    gathered.batches, twins = separate(gathered.batches)
    results = Results(batches=gathered.batches)
    quantities, missing = derive_all(primitives, results)
    quantities |= planning_costs(results, quantities, profile.topology)
    batches = [batch for found in gathered.batches.values() for batch in found]
    verdict = judge(batches, quantities, before=before, after=disturbance(), cpus=profile.host.cpus, fifo=orders.fifo)
    found = replace(
        profile,
        quantities=quantities,
        run={
            **_run_record(effort, orders, gathered, verdict, before),
            "compare_c": [asdict(row) for row in compare(gathered.batches, twins)],
        },
        missing={**missing, **gathered.skipped},
        batches=gathered.batches,
    )
    return _with_latency(found, results)


def _run_kvm(profile: Profile, *, quick: bool, asked: bool) -> Profile:
    """Add what KVM costs; a quick calibration leaves it out unless it is asked for."""
    from cerberus_plan.calibration.kvm import model_costs, probe

    if quick and not asked:
        why = "left out by --quick; add it with `cerberus-plan calibrate --only kvm`"
        return replace(profile, missing={**profile.missing, "kvm": why})
    result = probe(quick)
    return replace(
        profile,
        quantities={**profile.quantities, **result.quantities, **model_costs(result)},
        missing={**profile.missing, **result.missing},
        notes=(*profile.notes, *result.evidence),
        run={**profile.run, "kvm": {"paging": result.paging, "kernel_mode_emulated": result.kernel_mode_emulated}},
        batches={**profile.batches, **result.samples},
    )


def _with_latency(profile: Profile, results: Results) -> Profile:
    """Add the latency matrix, the topology that it agrees with, and what is odd about either."""
    from cerberus_plan.calibration.primitives.core_to_core import pair_estimates

    latency = {pair: estimate.value for pair, estimate in pair_estimates(results).items()}
    measured = sorted({cpu for pair in latency for cpu in pair})
    topology, notes = reconcile(profile.topology, find_levels(latency), measured)
    return replace(profile, latency=latency, topology=topology, notes=(*notes, *_placement_notes(results)))


def _placement_notes(results: Results) -> tuple[str, ...]:
    """Whether cores were nearer or farther in some batches than in others."""
    from cerberus_plan.calibration.harness.statistics import placement_groups

    probed = [batch for found in results.batches.values() for batch in found if batch.probe_s is not None]
    groups = placement_groups([batch for batch in probed if batch.clean])
    if len(groups) < 2:
        return ()
    total = sum(len(group) for group in groups)
    levels = [
        f"{sorted(batch.probe_s or 0.0 for batch in group)[len(group) // 2] * 1e9:.0f} ns in "
        f"{percent(len(group) / total)}"
        for group in groups
    ]
    return (
        f"pairs of cores were seen at several distances ({', '.join(levels)} of the batches): on a virtual machine its "
        "host moves the CPUs; each quantity is that of its commonest placement",
    )
