"""Laws of the planner: constraints, units, ties, ledger, on shipped and on random machines."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from example_plan import a_plan
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.digits import ends, estimate
from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.model.quantity import Quantity
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.plan import Constraints, Plan, fastest
from cerberus_plan.planner.splits.candidates import even_splits
from cerberus_plan.planner.splits.choose import plan

PAPER = ("linux", "xen-linux", "cerberus")
workloads = st.sampled_from(["histogram", "dbench", "apache", "memcached"])
cores = st.integers(1, 40)


def planned(workload: str, constraints: Constraints, names: tuple[str, ...] = PAPER) -> Plan:
    machine = catalog.machine("amd48")
    return plan(machine, catalog.workload(workload), [SYSTEMS[name] for name in names], constraints)


@pytest.mark.slow
@settings(max_examples=12)
@given(workloads, st.integers(2, 40), st.integers(1, 12))
def test_a_constraint_never_improves_the_maximum(workload: str, n: int, most: int) -> None:
    """Fewer VMs or fewer cores leave fewer candidates."""
    free = planned(workload, Constraints(cores=n)).candidates[0].throughput
    assert planned(workload, Constraints(cores=n, max_vms=most)).candidates[0].throughput <= free * (1 + 1e-9)
    assert planned(workload, Constraints(cores=n, host_cores=1)).candidates[0].throughput <= free * (1 + 1e-9)


@pytest.mark.slow
@settings(max_examples=12)
@given(workloads, cores)
def test_ledgers_intervals_and_probabilities_hold_together(workload: str, n: int) -> None:
    """Shares sum to 1, intervals hold their value, probabilities sum to 1, the best is a candidate."""
    found = planned(workload, Constraints(cores=n))
    assert sum(c.probability_best for c in found.candidates) == pytest.approx(1.0)
    for candidate in found.candidates:
        assert sum(candidate.ledger.values()) == pytest.approx(1.0)
        assert 0.0 < candidate.low <= candidate.throughput <= candidate.high
        assert 0.0 <= candidate.regret < 1.0
        assert candidate.cores <= n
    assert found.best in found.candidates
    assert all(tie in found.candidates and tie is not found.best for tie in found.ties)


@pytest.mark.slow
@settings(max_examples=8)
@given(workloads, st.integers(2, 40), st.floats(0.01, 100.0))
def test_the_choice_does_not_depend_on_the_unit_of_work(workload: str, n: int, factor: float) -> None:
    """GiB/s or MiB/s: the same split, throughput scaled."""
    machine, program = catalog.machine("amd48"), catalog.workload(workload)
    scaled = replace(
        program,
        units_per_cycle=program.units_per_cycle * factor,
        job_units=None if program.job_units is None else program.job_units * factor,
    )
    systems = [SYSTEMS[name] for name in PAPER]
    one = plan(machine, program, systems, Constraints(cores=n))
    other = plan(machine, scaled, systems, Constraints(cores=n))
    assert other.best.split == one.best.split
    assert other.best.throughput == pytest.approx(one.best.throughput * factor)


@pytest.mark.slow
@settings(max_examples=8)
@given(workloads, st.integers(2, 40), st.floats(0.1, 10.0))
def test_a_uniformly_slower_machine_scales_throughput_and_keeps_the_choice(
    workload: str, n: int, factor: float
) -> None:
    """All times multiplied: the same split, throughput divided."""
    machine, program = catalog.machine("amd48"), catalog.workload(workload)

    def slowed(quantity: Quantity) -> Quantity:
        if quantity.dimension != "time":
            return quantity
        low, high = (None if end is None else end * factor for end in (quantity.low, quantity.high))
        return replace(quantity, value=quantity.value * factor, low=low, high=high)

    slow_machine = replace(machine, quantities={name: slowed(q) for name, q in machine.quantities.items()})
    slow_program = replace(program, operations={name: slowed(q) for name, q in program.operations.items()})
    systems = [SYSTEMS[name] for name in PAPER]
    one = plan(machine, program, systems, Constraints(cores=n))
    other = plan(slow_machine, slow_program, systems, Constraints(cores=n))
    assert other.best.split == one.best.split
    assert other.best.throughput == pytest.approx(one.best.throughput / factor, rel=1e-6)


@given(workloads)
def test_plans_are_reproducible(workload: str) -> None:
    """The same question gets the same answer to the last digit."""
    assert planned(workload, Constraints(cores=9)) == planned(workload, Constraints(cores=9))


def test_regret_on_table_7_is_zero() -> None:
    """Among 24 x 2, 12 x 4 and 6 x 8 the paper measured 24 x 2 fastest for both programs; so does the plan."""
    for workload in ("histogram", "dbench"):
        found = planned(workload, Constraints(cores=48, max_vms=24), ("cerberus",))
        measured = [c for c in found.candidates if c.cores == 48 and c.cores_per_vm in (2, 4, 8)]
        assert [c.cores_per_vm for c in measured] == [2, 4, 8]


def test_no_split_left_is_said() -> None:
    """Processes need at least two instances."""
    with pytest.raises(CannotAnswerError, match="meets the constraints"):
        planned("dbench", Constraints(cores=8, max_vms=1), ("processes",))


def test_up_to_64_cores_every_even_split_is_a_candidate() -> None:
    """All pairs of VMs and sizes within the cores, once each."""
    machine, program = catalog.machine("amd48"), catalog.workload("dbench")
    splits = even_splits(SYSTEMS["kvm"], machine, program, Constraints(cores=24))
    assert splits is not None
    found = set(zip(splits.vms.tolist(), splits.threads.tolist(), strict=True))
    assert found == {(v, k) for v in range(1, 25) for k in range(1, 25) if v * k <= 24}


@settings(max_examples=20)
@given(st.integers(65, 4096))
def test_above_64_cores_all_divisors_are_candidates(n: int) -> None:
    """Splits of all cores are never thinned out by size."""
    machine, program = catalog.machine("amd48"), catalog.workload("dbench")
    unlimited = replace(machine, limits={})
    splits = even_splits(SYSTEMS["kvm"], unlimited, program, Constraints(cores=n))
    assert splits is not None
    found = {int(k) for v, k in zip(splits.vms, splits.threads, strict=True) if v * k == n}
    assert found == {k for k in range(1, n + 1) if n % k == 0}
    assert splits.vms.size < 3000


def test_the_verdict_tells_no_digit_that_is_not_known() -> None:
    """The recommended split's throughput as its interval warrants, then the interval."""
    best = a_plan("dbench", cores=48).best
    found = a_plan("dbench", cores=48).verdict
    assert f"{estimate(best.throughput, best.low, best.high, 'MB/s')} ({ends(best.low, best.high)})" in found


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=8), st.randoms())
def test_of_candidates_that_differ_by_rounding_the_smallest_is_called_the_fastest(
    ulps: list[int], random: Random
) -> None:
    """However a solver rounds the plateau of a saturated lock, one size of it is named."""
    like = a_plan().best
    found = [
        replace(like, split=(size,), throughput=100.0 * (1.0 + each * 2.0**-52))
        for size, each in enumerate(ulps, start=1)
    ]
    random.shuffle(found)
    found.sort(key=lambda each: -each.throughput)
    slower = replace(like, split=(1,), throughput=99.0)
    chosen = fastest([*found, slower])
    assert chosen is not None
    assert chosen.split == (1,)
    assert chosen.throughput > 99.0
    assert fastest([]) is None
