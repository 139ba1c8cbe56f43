"""A profile as a calibration leaves it, made up, for tests of what is shown."""

from __future__ import annotations

import numpy as np

from cerberus_plan.calibration.harness.case import Batch
from cerberus_plan.calibration.host.identity import Host
from cerberus_plan.calibration.store.profile import Profile
from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.model.topology import Topology

NEAR_S, FAR_S = 25e-9, 110e-9


def a_profile(*, processor: str = "Example 9000", cache_groups: int = 4) -> Profile:
    """Two sockets of cache groups of four cores; seeded noise, some batches disturbed."""
    topology = Topology.regular(sockets=2, l3_per_node=cache_groups // 2, cores_per_l3=4)
    random = np.random.default_rng(7)
    costs = {"syscall": 110e-9, "atomic_add.shared.2": 8e-9, "message.polled": 200e-9, "core_to_core.0-1": NEAR_S}
    batches = {
        case: [
            Batch(
                case=case, round=at % 12 - 1, process=at // 12, count=1000,
                seconds=float(cost * random.lognormal(0.0, 0.04)), wall_s=2e-3, operations=(1000,),
                switches=int(at % 9 == 0),
            )
            for at in range(36)
        ]
        for case, cost in costs.items()
    }  # fmt: skip
    return Profile(
        host=Host(
            name="example", processor=processor, family="Example 1 2 3", cpus=topology.n_cpus,
            memory_bytes=2**36, kernel="Linux 6.1", hypervisor="",
        ),
        created="2026-01-01T00:00:00+00:00",
        topology=topology,
        quantities={
            "syscall": Quantity(value=110e-9, unit="s", low=105e-9, high=120e-9, provenance=Provenance.MEASURED),
            "message_round_trip": Quantity(value=200e-9, unit="s", provenance=Provenance.DERIVED, source="polled"),
        },
        tool={"cerberus-plan": "0.0.0", "numpy": "2.0"},
        run={"batches": 144, "doubtful": 0.11, "steal": 0.0, "verdict": "stable: 11% of 144 batches disturbed"},
        notes=("firmware tells two cache groups; four were found",),
        missing={"vm_exit": "/dev/kvm is not usable"},
        latency={
            (a, b): (NEAR_S if topology.l3_groups[a] == topology.l3_groups[b] else FAR_S)
            for a in range(topology.n_cpus)
            for b in range(a + 1, topology.n_cpus)
        },
        batches=batches,
    )  # fmt: skip
