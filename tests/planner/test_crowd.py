"""More threads than cores in plans: limits, work conservation, the exact form, turns of cores, and what is said."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.store import catalog
from cerberus_plan.choices import constraints_for
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.exact import run_queue
from cerberus_plan.model.exact.solver import solve
from cerberus_plan.model.exact.tables import Splits
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.measurement import Measurement
from cerberus_plan.model.network import Delay, Instance, Queue
from cerberus_plan.model.quantity import Quantity
from cerberus_plan.model.simulation.slices import simulate_slices
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.plan import Constraints, Plan
from cerberus_plan.planner.splits.candidates import even_splits
from cerberus_plan.planner.splits.choose import plan
from cerberus_plan.planner.splits.crowd import CROWD_GAIN, crowd_of
from cerberus_plan.planner.splits.evaluate import rates
from cerberus_plan.planner.splits.sensitivity import sensitivities

# Nothing of the paper's machine but its cores: programs here ask it for no cost.
BARE = replace(catalog.machine("amd48"), quantities={})
OVERCOMMITTING = [name for name, system in SYSTEMS.items() if system.overcommits]
times = st.floats(1e-6, 1e-3)


def program(**operations: float) -> Workload:
    """A program with these times and numbers for certain."""
    pure = {"process_lock_spins"}
    given = {n: Quantity(value=v, unit="1" if n in pure else "s") for n, v in operations.items()}
    return replace(
        catalog.workload("histogram"), name="program", unit="1/s", units_per_cycle=1.0, job_units=None, operations=given
    )


def planned(workload: Workload, system: str, **bounds: Any) -> Plan:
    return plan(BARE, workload, [SYSTEMS[system]], Constraints(**bounds))


def rate(workload: Workload, system: str, cores: int, vms: int, threads: int, *, machine: Machine = BARE) -> float:
    """Cycles per second of one split on so many cores."""
    splits = Splits(vms=np.array([float(vms)]), threads=np.array([float(threads)]))
    crowd = crowd_of(SYSTEMS[system], splits, machine, workload, Constraints(cores=cores))
    structure = crowd.structure(machine.costs(), workload.costs())
    return float(rates(structure, splits, workload, 1, crowd)[0][0, 0])


@pytest.mark.parametrize("system", OVERCOMMITTING)
@pytest.mark.parametrize("name", ["histogram", "memcached"])
def test_splits_with_a_core_for_each_thread_keep_their_answer(system: str, name: str) -> None:
    """Whatever stands beside them: sums in another order differ in the last bits."""
    machine, workload = catalog.machine("amd48"), catalog.workload(name)

    def found(overcommit: float) -> dict[tuple[int, ...], float]:
        bounds = Constraints(cores=12, overcommit=overcommit)
        answer = plan(machine, workload, [SYSTEMS[system]], bounds)
        return {c.split: c.throughput for c in answer.candidates if c.overcommit == 1.0}

    assert found(1.0) == pytest.approx(found(2.0), rel=1e-12)


@pytest.mark.slow
@settings(max_examples=60)
@given(
    st.sampled_from(OVERCOMMITTING),
    st.integers(1, 16),
    st.integers(1, 12),
    st.integers(1, 12),
    times,
    times,
    st.sampled_from([0.0, 1.0]),
)
def test_no_more_work_is_done_than_there_are_cores(  # noqa: PLR0917 - a program's numbers
    system: str, cores: int, vms: int, threads: int, compute: float, hold: float, spins: float
) -> None:
    """Cycles a second times the core time of a cycle, with sleepers and with spinners."""
    vms = vms if SYSTEMS[system].clustered else 1
    workload = program(compute=compute, process_lock=hold, process_lock_spins=spins)
    assert rate(workload, system, cores, vms, threads) * (compute + hold) <= min(cores, vms * threads) * (1 + 1e-9)


@pytest.mark.slow
@given(st.sampled_from(OVERCOMMITTING), st.integers(1, 16), st.integers(1, 40), times)
def test_computing_alone_is_a_station_of_so_many_servers(system: str, cores: int, threads: int, compute: float) -> None:
    """As many cycles as cores allow, and not one more."""
    found = rate(program(compute=compute), system, cores, 1, threads)
    assert found == pytest.approx(min(threads, cores) / compute, rel=1e-9)


@settings(max_examples=40)
@given(st.integers(1, 8), st.integers(1, 12), st.integers(2, 8), times, times)
def test_plans_are_near_the_exact_form(cores: int, vms: int, threads: int, compute: float, hold: float) -> None:
    """Mean and variance of the runnable threads are enough: 5 % on two cores, 3 % on more."""
    threads = min(threads, cores)
    found = rate(program(compute=compute, process_lock=hold), "processes", cores, vms, threads)
    instance = Instance(threads=threads, stations=[Delay(compute), Queue(hold, name="lock")])
    exact = run_queue.throughput(instance, cores=cores, sleeping=["lock"], count=vms)
    assert found == pytest.approx(exact, rel=0.03 if cores >= 3 else 0.05)


@settings(max_examples=40)
@given(st.integers(1, 8), st.integers(1, 6), st.integers(1, 12), times, times)
def test_spinning_never_does_better_than_sleeping(
    cores: int, vms: int, threads: int, compute: float, hold: float
) -> None:
    """And the same with a core for each thread."""
    sleeps, spins = (
        rate(program(compute=compute, process_lock=hold, process_lock_spins=spun), "processes", cores, vms, threads)
        for spun in (0.0, 1.0)
    )
    assert spins <= sleeps * (1 + 1e-12)
    if vms * threads <= cores:
        assert spins == sleeps


def test_a_lock_that_one_thread_wants_has_no_waiters() -> None:
    """Whether they would spin does not matter to instances of one thread."""
    sleeps, spins = (program(compute=80e-6, process_lock=20e-6, process_lock_spins=spun) for spun in (0.0, 1.0))
    assert rate(spins, "processes", 4, 12, 1) == rate(sleeps, "processes", 4, 12, 1) == pytest.approx(4e4)


@pytest.mark.slow
@pytest.mark.parametrize("spins", [0.0, 1.0])
@pytest.mark.parametrize(("vms", "threads", "hold"), [(1, 16, 20e-6), (3, 3, 20e-6), (3, 6, 20e-6), (4, 4, 40e-6)])
def test_cores_that_take_turns_agree(vms: int, threads: int, hold: float, spins: float) -> None:
    """Slice by slice on 8 cores, several instances: within 5 %."""
    workload = program(compute=1e-4 - hold, process_lock=hold, process_lock_spins=spins)
    judged = simulate_slices(
        threads=threads,
        cores=8,
        instances=vms,
        compute=1e-4 - hold,
        hold=hold,
        slice_s=4e-3,
        slices=1500,
        waiting="spinning" if spins else "sleeping",
    )
    assert rate(workload, "processes", 8, vms, threads) == pytest.approx(judged, rel=0.05)


@pytest.mark.slow
@given(st.integers(1, 64), st.floats(1.0, 4.0), st.sampled_from(sorted(SYSTEMS)))
def test_candidates_keep_the_bound(cores: int, overcommit: float, name: str) -> None:
    """Up to so many threads a core where the system has them, no VM larger than the machine, all others unchanged."""
    system, bounds = SYSTEMS[name], Constraints(cores=cores, overcommit=overcommit)
    found = even_splits(system, catalog.machine("amd48"), catalog.workload("dbench"), bounds)
    before = even_splits(system, catalog.machine("amd48"), catalog.workload("dbench"), Constraints(cores=cores))
    if found is None or before is None:
        assert before is None
        assert cores < system.least_instances
        return
    total = found.vms * found.threads
    assert total.max() <= (cores * overcommit if system.overcommits else cores)
    assert not system.virtualised or found.threads.max() <= cores
    plain = set(zip(found.vms[total <= cores], found.threads[total <= cores], strict=True))
    assert plain == set(zip(before.vms, before.threads, strict=True))


@pytest.mark.parametrize("system", OVERCOMMITTING)
@pytest.mark.parametrize("name", ["memcached", "dbench"])
def test_where_nothing_is_gained_the_plan_is_the_plan_without(system: str, name: str) -> None:
    """The same recommendation and the same risk: splits of more threads than cores take no part in it."""
    machine, workload = catalog.machine("amd48"), catalog.workload(name)
    plain, crowded = (
        plan(machine, workload, [SYSTEMS[system]], Constraints(cores=4, overcommit=ratio)) for ratio in (1.0, 2.0)
    )
    if crowded.best.overcommit == 1.0 and not any(tie.overcommit > 1.0 for tie in crowded.ties):
        assert crowded.best.split == plain.best.split
        assert crowded.best.regret == pytest.approx(plain.best.regret, abs=1e-9)
    else:
        assert crowded.best.throughput > plain.best.throughput


def test_a_program_that_only_computes_gets_no_more_threads_than_cores() -> None:
    """Nothing is to be gained, so nothing is recommended."""
    found = planned(program(compute=1e-4), "processes", cores=8, overcommit=4.0)
    assert found.best.overcommit == 1.0
    assert max(c.throughput for c in found.candidates) == pytest.approx(8e4)


def test_sleepers_in_few_instances_leave_cores_that_others_use() -> None:
    """Three VMs at most, each with a lock: with virtual CPUs to spare cores are never idle, and the plan says so."""
    locked = program(compute=80e-6, process_lock=20e-6)
    before = planned(locked, "kvm", cores=8, max_vms=3)
    found = planned(locked, "kvm", cores=8, max_vms=3, overcommit=2.0)
    assert found.best.overcommit > 1.0
    assert found.best.throughput > before.best.throughput * (1 + CROWD_GAIN)
    assert found.best.cores == 8
    assert found.best.to_json()["overcommit"] == found.best.overcommit == sum(found.best.split) / 8
    assert f"of {found.best.split[0]} virtual CPUs on 8 cores in all" in found.verdict
    assert found.best.ledger["run queue"] > 0.0
    assert sum(found.best.ledger.values()) == pytest.approx(1.0)
    assert any("threads a core" in warning for warning in found.warnings)
    assert any("if they spin" in warning for warning in found.warnings)


def test_a_program_that_spins_is_warned_with_the_price() -> None:
    """hold (n / c - 1) a cycle: 20 us at 3 x 4 on 6 cores."""
    spins = program(compute=80e-6, process_lock=20e-6, process_lock_spins=1.0)
    found = planned(spins, "kvm", cores=6, max_vms=3, min_cores_per_vm=4, overcommit=2.0)
    crowded = next(c for c in found.candidates if c.split == (4, 4, 4))
    assert (
        crowded.throughput
        < planned(
            program(compute=80e-6, process_lock=20e-6), "kvm", cores=6, max_vms=3, min_cores_per_vm=4, overcommit=2.0
        )
        .candidates[0]
        .throughput
    )
    said = next(warning for warning in found.warnings if "program spins" in warning)
    assert "s a cycle" in said
    assert "in order (ticket, MCS)" in said


@settings(max_examples=20)
@given(st.integers(1, 8), st.integers(1, 16), st.integers(1, 4), times, times)
def test_processes_gain_nothing_from_waiters_that_spin_in_the_kernel(
    cores: int, vms: int, threads: int, compute: float, hold: float
) -> None:
    """A lock that all share: more threads than cores do no more than a core for each, however they are divided."""
    busy = program(compute=compute, kernel_lock=hold)
    assert rate(busy, "processes", cores, vms, threads) <= rate(busy, "processes", cores, cores, 1) * (1 + 1e-9)


def test_a_split_of_all_cores_is_not_crowded_for_nothing() -> None:
    """The best split of all cores has a core for each thread where more promise less than 3 %."""
    found = planned(program(compute=1e-4), "kvm", cores=8, overcommit=2.0)
    assert found.best_all_cores is not None
    assert found.best_all_cores.overcommit == 1.0


@settings(max_examples=10)
@given(st.integers(2, 8), st.floats(1e-6, 2e-4), st.floats(1e-6, 1e-4), st.floats(1.0, 4.0))
def test_what_is_recommended_on_every_core_is_the_best_of_every_core(
    cores: int, compute: float, hold: float, overcommit: float
) -> None:
    """More threads than cores or not: `explain` and `export` tell of the split that the plan recommends."""
    found = planned(program(compute=compute, kernel_lock=hold), "processes", cores=cores, overcommit=overcommit)
    if found.best.cores == cores:
        assert found.best_all_cores is found.best


def test_guests_that_spin_on_pay_for_their_kernels_locks() -> None:
    """Without pause-loop exits; with them the plan says what it takes for granted."""
    busy = program(compute=80e-6, kernel_lock=20e-6)
    costs = {"kernel_virtualisation": 1.0, "nested_paging": 1.0}
    plain = replace(BARE, quantities={n: Quantity(value=v, unit="1") for n, v in costs.items()})
    worse = replace(plain, quantities={**plain.quantities, "pause_loop_exits": Quantity(value=0.0, unit="1")})
    bounds = Constraints(cores=8, max_vms=2, min_cores_per_vm=8, overcommit=2.0)
    good, bad = (plan(m, busy, [SYSTEMS["kvm"]], bounds) for m in (plain, worse))
    two = [next(c for c in found.candidates if c.vms == 2) for found in (good, bad)]
    assert two[1].throughput < two[0].throughput
    assert any("pause-loop exits" in warning for warning in good.warnings)
    assert any("guests spin on" in warning for warning in bad.warnings)


def test_systems_that_do_not_overcommit_are_said() -> None:
    """And keep to the cores."""
    found = plan(
        catalog.machine("amd48"),
        catalog.workload("histogram"),
        [SYSTEMS["linux"], SYSTEMS["cerberus"]],
        Constraints(cores=4, overcommit=2.0),
    )
    assert any("not modelled for cerberus" in warning for warning in found.warnings)
    assert all(c.overcommit == 1.0 for c in found.candidates if c.system == "cerberus")


def test_the_bound_is_named_where_it_binds() -> None:
    """One more virtual CPU anywhere would exceed it."""
    found = planned(program(compute=50e-6, process_lock=50e-6), "kvm", cores=4, overcommit=2.0)
    full = next(c for c in found.candidates if c.split == (4, 4))
    assert "overcommit" in full.limits
    assert all("overcommit" not in c.limits for c in found.candidates if c.overcommit == 1.0)


def test_the_sensitivity_of_an_overcommitted_plan_is_found() -> None:
    """The same candidates, and the recommended one among them."""
    unsure = program(compute=80e-6, process_lock=20e-6)
    hold = Quantity(value=20e-6, unit="s", low=15e-6, high=25e-6)
    unsure = replace(unsure, operations={**unsure.operations, "process_lock": hold})
    found = planned(unsure, "kvm", cores=8, max_vms=3, overcommit=2.0)
    assert found.best.overcommit > 1.0
    assert "workload.process_lock" in {one.name for one in sensitivities(found)}


def test_runs_are_planned_from_beyond_the_cores_too() -> None:
    """A computing program's runs: more threads than cores are candidates, none is promised more than the cores do."""
    run = Measurement(instances=1, cores_per_instance=2, value=2e4)
    measured = replace(program(compute=1e-4), measured=(run,))
    found = planned(measured, "linux", cores=2, overcommit=2.0)
    crowded = [candidate for candidate in found.candidates if candidate.overcommit > 1.0]
    assert crowded
    assert max(candidate.throughput for candidate in crowded) < 2e4 * 1.05
    assert found.best.overcommit == 1.0


def measured_here(**costs: float) -> Machine:
    """A machine that says what its scheduler costs [s]."""
    return replace(BARE, quantities={name: Quantity(value=value, unit="s") for name, value in costs.items()})


prices = st.floats(0.0, 1e-4)


@settings(max_examples=60)
@given(st.integers(1, 8), st.integers(1, 6), st.integers(1, 12), st.tuples(times, times), st.tuples(prices, prices))
def test_sleeping_and_being_woken_cost_only_the_crowded(
    cores: int, vms: int, threads: int, cycle: tuple[float, float], price: tuple[float, float]
) -> None:
    """A core for each thread: nothing changes. Else never more, and a lock passes on no faster than it wakes."""
    locked = program(compute=cycle[0], process_lock=cycle[1])
    before = rate(locked, "processes", cores, vms, threads)
    machine = measured_here(thread_switch=price[0], wake_up=price[1])
    after = rate(locked, "processes", cores, vms, threads, machine=machine)
    if vms * min(threads, cores) <= cores:
        assert after == before
    else:
        assert after <= before * (1 + 1e-12)
        spun = replace(locked, operations={**locked.operations, "process_lock_spins": Quantity(value=1.0, unit="1")})
        assert rate(spun, "processes", cores, vms, threads, machine=machine) == rate(
            spun, "processes", cores, vms, threads
        )


@pytest.mark.parametrize(("vms", "threads"), [(2, 2), (2, 8), (3, 4)])
def test_what_sleepers_cost_is_what_the_exact_form_says(vms: int, threads: int) -> None:
    """Two cores, a switch of 10 us in a cycle of 100: as in the runs of docs/run-queue.md, within 5 %."""
    compute, hold, switch = 80e-6, 20e-6, 10e-6
    met = min(threads, 2)
    fewer = Instance(threads=max(met - 1, 1), stations=[Delay(compute), Queue(hold, name="lock")])
    waits = solve(instances=[fewer]).stations[1].utilisation if met > 1 else 0.0
    whole = Instance(
        threads=met, stations=[Delay(compute), Delay(waits * switch, name="switches"), Queue(hold, name="lock")]
    )
    exact = run_queue.throughput(whole, cores=2, sleeping=["lock"], count=vms)
    machine = measured_here(thread_switch=switch)
    found = rate(program(compute=compute, process_lock=hold), "processes", 2, vms, threads, machine=machine)
    assert found == pytest.approx(exact, rel=0.05)


def test_a_lock_is_not_passed_on_before_its_waiter_runs() -> None:
    """A wake-up of 1 ms bounds an instance that always waits: at most 1 / (hold + waits x wake-up)."""
    always = program(compute=1e-9, process_lock=20e-6)
    found = rate(always, "processes", 2, 3, 2, machine=measured_here(wake_up=1e-3))
    assert found == pytest.approx(3 / (20e-6 + 0.5e-3), rel=0.02)


def test_turns_last_as_long_as_was_measured() -> None:
    """Half the slice, twice as many cycles of a lock whose waiters spin in order."""
    spins = program(compute=80e-6, process_lock=20e-6, process_lock_spins=1.0)
    bounds = Constraints(cores=6, max_vms=3, min_cores_per_vm=4, overcommit=2.0)

    def told(machine: Machine) -> float:
        said = " ".join(plan(machine, spins, [SYSTEMS["kvm"]], bounds).warnings)
        return float(re.findall(r"at most ([\d,]+) cycles a second", said)[0].replace(",", ""))

    assert told(measured_here(time_slice=2e-3)) == pytest.approx(2 * told(measured_here(time_slice=4e-3)), abs=2)
    assert told(measured_here(time_slice=4e-3)) == told(BARE)


@pytest.mark.parametrize("wrong", [0.0, 0.99, -2.0, 17.0, float("nan"), float("inf")])
def test_impossible_ratios_are_refused(wrong: float) -> None:
    """With what is allowed."""
    with pytest.raises(InputError, match=r"--overcommit .* must be from 1"):
        constraints_for(BARE, cores=8, host_cores=0, max_vms=None, overcommit=wrong)
