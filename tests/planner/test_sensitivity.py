"""Sensitivities are the plan's own evaluation with one input moved."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.measurement import Measurement
from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.topology import Topology
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.plan import Constraints, Plan
from cerberus_plan.planner.splits.choose import plan
from cerberus_plan.planner.splits.sensitivity import sensitivities


@pytest.fixture(scope="module")
def given() -> Plan:
    systems = [SYSTEMS[name] for name in ("linux", "cerberus")]
    return plan(catalog.machine("amd48"), catalog.workload("dbench"), systems, Constraints(cores=24))


def test_an_end_is_the_plan_made_with_that_input(given: Plan) -> None:
    """The fastest split and throughput at an input's end are those of a plan whose central value is that end."""
    one = next(each for each in sensitivities(given) if each.name == "machine.hypervisor_operation")
    moved = replace(given.machine.quantities["hypervisor_operation"], value=one.high.value, low=None, high=None)
    machine = replace(given.machine, quantities={**given.machine.quantities, "hypervisor_operation": moved})
    systems = [SYSTEMS[name] for name in ("linux", "cerberus")]
    again = plan(machine, given.workload, systems, given.constraints)
    kept = next(c for c in again.candidates if (c.system, c.split) == (given.best.system, given.best.split))
    fastest = again.candidates[0]
    assert one.high.throughput == pytest.approx(kept.throughput, rel=1e-12)
    assert one.high.loss == pytest.approx(1 - kept.throughput / fastest.throughput, abs=1e-12)
    assert (one.high.vms, one.high.cores_per_vm) == (fastest.vms, fastest.split[0])


def test_every_input_in_doubt_is_listed_the_costliest_first(given: Plan) -> None:
    """Inputs with an interval, and no others, in the order of what they can cost."""
    found = sensitivities(given)
    assert {one.name for one in found} == {name for name, quantity in given.inputs.items() if quantity.sigma > 0}
    losses = [round(one.loss, 4) for one in found]
    assert losses == sorted(losses, reverse=True)
    assert all(one.loss >= 0 and one.swing >= 0 for one in found)
    assert found[0].to_json()["low"]["loss"] == found[0].low.loss


def test_a_plan_without_doubt_has_no_sensitivities(given: Plan) -> None:
    """Exact inputs change nothing."""
    exact = {name: replace(quantity, low=None, high=None) for name, quantity in given.inputs.items()}
    assert sensitivities(replace(given, inputs=exact)) == ()


@pytest.mark.parametrize("interval", [True, False])
def test_the_ends_of_a_measured_hosts_costs_are_those_of_the_plan(interval: bool) -> None:
    """Costs as programs meet them are wider than their own interval, and have one where they came with none."""

    def measured(value: float) -> Quantity:
        ends = (value / 1.01, value * 1.01) if interval else (None, None)
        return Quantity(value=value, unit="s", low=ends[0], high=ends[1], provenance=Provenance.MEASURED)

    costs = {"page_fault": measured(1e-6), "page_fault_parallel": measured(1e-7)}
    shape = Topology.regular(sockets=1, cores_per_l3=8)
    host = Machine(name="host", description="", topology=shape, quantities=costs, measured=True)
    faults = Quantity(value=3.0, unit="1")
    asked = {"compute": measured(1e-5), "kernel_compute": measured(1e-6), "page_faults": faults}
    work = Workload(name="seen", description="", unit="1/s", units_per_cycle=1.0, operations=asked)
    systems = [SYSTEMS["linux"], SYSTEMS["processes"]]
    found = plan(host, work, systems, Constraints(cores=8))
    one = next(each for each in sensitivities(found) if each.name == "workload.kernel_compute")
    for end, value in ((one.low, found.inputs[one.name].low), (one.high, found.inputs[one.name].high)):
        moved = replace(work, operations={**work.operations, "kernel_compute": Quantity(value=value or 0.0, unit="s")})
        again = plan(host, moved, systems, Constraints(cores=8))
        kept = next(c for c in again.candidates if (c.system, c.split) == (found.best.system, found.best.split))
        assert end.value == value
        assert end.throughput == pytest.approx(kept.throughput, rel=1e-12)


def test_ends_of_a_plan_with_runs_lie_around_the_plan() -> None:
    """Moving an input bends what was run; it does not take the runs away."""
    runs = [(1, 1, 300.0), (1, 4, 500.0), (4, 1, 900.0)]
    measured = tuple(Measurement(instances=m, cores_per_instance=k, value=value) for m, k, value in runs)
    work = replace(catalog.workload("dbench"), measured=measured)
    systems = [SYSTEMS["linux"], SYSTEMS["processes"]]
    found = plan(catalog.machine("amd48"), work, systems, Constraints(cores=16))
    for one in sensitivities(found):
        ends = sorted((one.low.throughput, one.high.throughput))
        assert ends[0] <= found.best.throughput * (1 + 1e-9)
        assert ends[1] >= found.best.throughput * (1 - 1e-9)
