"""Refinements of kernel and hypervisor: they help what they are named for, and nothing gets slower."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.latency.measured import MeasuredLatency
from cerberus_plan.model.objective import COST, KINDS, LATENCY, Objective, Slo
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.objectives.aim import aimed
from cerberus_plan.planner.plan import Constraints, Plan
from cerberus_plan.planner.splits.changes import CHANGES, Answer, ranked, what_if
from cerberus_plan.planner.splits.choose import plan


@cache
def before(machine: str, workload: str) -> Plan:
    """The plan as it is."""
    chosen = catalog.machine(machine)
    systems = [SYSTEMS[name] for name in ("linux", "xen-linux", "cerberus")]
    limits = Constraints(cores=chosen.topology.n_cpus, max_vms=24)
    return plan(chosen, catalog.workload(workload), systems, limits)


def throughputs(found: Plan) -> dict[tuple[str, tuple[int, ...]], float]:
    """Expected throughput of every candidate."""
    return {(c.system, c.split): c.throughput for c in found.candidates}


def answer(machine: str, workload: str, change: str) -> Answer:
    """The plan after a change."""
    return what_if(before(machine, workload), change)


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_no_refinement_slows_any_split(change: str) -> None:
    """Every candidate of histogram is at least as fast after the change."""
    found = answer("amd48", "histogram", change)
    now, then = throughputs(found.before), throughputs(found.after)
    assert now.keys() == then.keys()
    assert all(then[place] >= now[place] * (1 - 1e-9) for place in now)


def test_a_queue_lock_ends_the_collapse() -> None:
    """VMs of 8 cores lose more than 80 % to the shadow lock's hand-over; with a queue lock far less."""
    found = answer("amd48", "histogram", "queue-lock")
    split = ("cerberus", (8,) * 6)
    assert throughputs(found.after)[split] > 3 * throughputs(found.before)[split]


def test_per_core_network_makes_clustering_pointless() -> None:
    """One Linux wins Apache when its network path no longer queues."""
    found = answer("intel16", "apache", "per-core-network")
    assert found.before.best.system == "cerberus"
    assert found.after.best.system == "linux"
    assert not found.same_split


@pytest.mark.slow
def test_allocation_groups_help_linux_with_dbench() -> None:
    """Linux at 48 cores no longer collapses."""
    found = answer("amd48", "dbench", "allocation-groups")
    linux = ("linux", (48,))
    assert throughputs(found.after)[linux] > 4 * throughputs(found.before)[linux]


def test_nested_paging_does_not_lift_a_ceiling_that_nothing_explains() -> None:
    """What limits dbench on many VMs is not known to be paging, so nesting it promises nothing."""
    found = answer("amd48", "dbench", "nested-paging")
    assert 0.9 < found.gain < 1.1
    assert found.after.best.bottleneck == "unidentified ceiling"
    assert found.to_json()["gain"] == found.gain


answers = st.lists(
    st.builds(
        lambda gain, **best: {"name": "", "gain": gain, "best": best},
        st.floats(0.1, 10.0), cost=st.floats(1.0, 48.0), meets=st.booleans(),
        headroom=st.just(0.0) | st.floats(1.0, 1e6),
    ),
    max_size=6,
)  # fmt: skip


def minimised(best: dict[str, Any], objective: Objective) -> float:
    """What the least cost's objective makes of a split: its cost, without a rate for each unit that it carries."""
    if objective.rate is not None:
        return float(best["cost"])
    return float(best["cost"] / best["headroom"]) if best["headroom"] else math.inf


@given(answers, st.sampled_from([None, *KINDS]), st.sampled_from([8_000.0, None]))
def test_what_was_wished_for_comes_first(given_: list[dict[str, Any]], kind: str | None, rate: float | None) -> None:
    """The one that the least cost's objective would take, before all that miss it; else the largest gain."""
    if kind == LATENCY:  # which has a rate
        rate = 8_000.0
    objective = None if kind is None else Objective(kind=kind, rate=rate)
    found = ranked(objective, given_)
    assert sorted(map(id, found)) == sorted(map(id, given_))
    if objective is None or kind != COST:
        assert [one["gain"] for one in found] == sorted((one["gain"] for one in given_), reverse=True)
        return
    met = [one["best"]["meets"] for one in found]
    assert met == sorted(met, reverse=True)
    costs = [minimised(one["best"], objective) for one in found if one["best"]["meets"]]
    assert costs == sorted(costs)
    for pair in pairwise(found):
        if pair[0]["best"] == pair[1]["best"] or not any(one["best"]["meets"] for one in pair):
            assert pair[0]["gain"] >= pair[1]["gain"]


def test_unknown_changes_are_refused() -> None:
    """The message lists what is known."""
    with pytest.raises(InputError, match="queue-lock"):
        what_if(before("amd48", "histogram"), "faster")


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_no_refinement_carries_less_of_any_split_or_costs_more(change: str) -> None:
    """The objective is that of the changed system: its own network answers, not today's with a larger throughput."""
    objective = Objective(kind="cost", rate=8_000.0, slos=(Slo(name="p99", seconds=0.005),))
    plain = plan(
        catalog.machine("amd48"), catalog.workload("apache"), [SYSTEMS["linux"], SYSTEMS["cerberus"]],
        Constraints(cores=8),
    )  # fmt: skip
    start = aimed(plain, objective)
    found = what_if(start, change).after
    carried = {(c.system, c.split): c.headroom or 0.0 for c in start.candidates}
    assert all((c.headroom or 0.0) >= carried[c.system, c.split] * 0.99 for c in found.candidates)
    assert start.best.cost is not None
    assert found.best.cost is not None
    assert found.best.cost <= start.best.cost


@pytest.mark.slow
def test_measured_response_times_bend_a_changed_system_too_but_were_not_measured_of_it() -> None:
    """What they say of the program holds; the measured split itself is predicted again."""
    rate = 4_000.0
    row = MeasuredLatency(instances=1, cores_per_instance=2, rate=rate, mean=9e-3, p50=8e-3, p95=12e-3, p99=15e-3)
    workload = replace(catalog.workload("apache"), latencies=(row,))
    plain = plan(catalog.machine("amd48"), workload, [SYSTEMS["linux"]], Constraints(cores=2))
    start = aimed(plain, Objective(rate=rate))
    found = what_if(start, "per-core-network")
    before, after = (
        next(c.latency for c in each.candidates if c.split == (2,)) for each in (found.before, found.after)
    )
    assert before is not None
    assert after is not None
    assert (before.how, after.how) == ("measured", "formula")
    assert after.p50 is not None
    assert 3e-3 < after.p50 <= 8.5e-3  # bent like the rest, and no longer than today
