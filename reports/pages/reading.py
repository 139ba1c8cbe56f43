"""What a plan's candidates say, read out for charts and sentences.

Takes plans as they are: nothing is evaluated here. When not to use it: to choose; the planner has chosen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cerberus_plan.model.measurement import Measurement, ran_on
from cerberus_plan.planner.plan import Candidate, Plan


def systems(plan: Plan) -> list[str]:
    """Names of the systems among the candidates: one OS first, then the clustered ones, each in order of appearance."""
    clustered = set(clustered_systems(plan))
    names = list(dict.fromkeys(candidate.system for candidate in plan.candidates))
    return sorted(names, key=lambda name: name in clustered)


def clustered_systems(plan: Plan) -> list[str]:
    """Names of the systems with a candidate of several instances, the recommended one first."""
    names = list(dict.fromkeys(c.system for c in plan.candidates if c.vms > 1))
    return sorted(names, key=lambda name: name != plan.best.system)


def one_big_os(plan: Plan) -> Candidate | None:
    """What the user would run today: one instance on every usable core, on ``linux`` where that was planned."""
    whole = [c for c in plan.candidates if c.vms == 1 and c.cores == plan.constraints.usable]
    plain = [c for c in whole if c.system == "linux"]
    return max(plain or whole, key=lambda c: c.throughput, default=None)


def measured_of(plan: Plan, candidate: Candidate) -> list[Measurement]:
    """Runs of a candidate's split: of one instance under Linux, of several as processes on it (decision 14)."""
    if candidate.system != ran_on(candidate.vms) or candidate.cores_per_vm is None:
        return []
    place = (candidate.vms, candidate.cores_per_vm)
    return [row for row in plan.workload.measured if (row.instances, row.cores_per_instance) == place]


def by_cores(plan: Plan, system: str) -> list[tuple[int, Candidate]]:
    """The system's best candidate for each number of cores.

    A clustered system may leave cores idle, since few numbers of cores divide well: its candidate is the best of at
    most so many cores. One OS uses them all.
    """
    own = sorted((c for c in plan.candidates if c.system == system), key=lambda c: (c.cores, -c.throughput))
    clustered = any(c.vms > 1 for c in own)
    curve: list[tuple[int, Candidate]] = []
    for candidate in own:
        if curve and curve[-1][0] == candidate.cores:
            continue
        better = clustered and curve and curve[-1][1].throughput > candidate.throughput
        curve.append((candidate.cores, curve[-1][1] if better else candidate))
    return curve


def split_text(candidate: Candidate) -> str:
    """The split as "24 × 2 cores", "1 × 48 cores" or "3 + 3 + 2 cores"."""
    if candidate.cores_per_vm is None:
        return f"{' + '.join(str(threads) for threads in candidate.split)} cores"
    return f"{candidate.vms} × {candidate.cores_per_vm} {'core' if candidate.cores_per_vm == 1 else 'cores'}"


def same_split(left: Candidate, right: Candidate) -> bool:
    """Whether two candidates are the same choice."""
    return left.system == right.system and left.split == right.split


def stations(ledgers: Sequence[Mapping[str, float]]) -> list[str]:
    """Names of all stations in the ledgers: useful work first, then by the largest share anywhere."""
    largest: dict[str, float] = {}
    for ledger in ledgers:
        for name, share in ledger.items():
            largest[name] = max(share, largest.get(name, 0.0))
    return sorted(largest, key=lambda name: (name not in USEFUL, -largest[name]))


# stations at which a core does what the user wants done
USEFUL = ("compute", "think", "user")
