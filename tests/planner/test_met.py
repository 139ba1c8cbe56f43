"""Costs as programs meet them: doubt where a program pays them, none where it computes."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.quantity import Z90, Provenance, Quantity
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.topology import Topology
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.plan import Candidate, Constraints
from cerberus_plan.planner.splits.choose import plan
from cerberus_plan.planner.splits.met import MET, as_met, is_met

CORES = 16


def measured(value: float, unit: str = "s", sigma: float = 0.02) -> Quantity:
    """A measured number with its interval."""
    factor = math.exp(Z90 * sigma)
    return Quantity(
        value=value, unit=unit, low=value / factor, high=value * factor, provenance=Provenance.MEASURED, source="here"
    )


def host(*, calibrated: bool = True) -> Machine:
    """Sixteen measured cores."""
    return Machine(
        name="host", description="", topology=Topology.regular(sockets=1, cores_per_l3=CORES),
        quantities={"page_fault": measured(1e-6), "page_fault_parallel": measured(1e-7)}, measured=calibrated,
    )  # fmt: skip


def split(machine: Machine, vms: int, **operations: Quantity) -> Candidate:
    """One split of all cores."""
    work = Workload(name="work", description="", unit="1/s", units_per_cycle=1.0, operations=operations)
    systems = [SYSTEMS["linux"], SYSTEMS["processes"]]
    found = plan(machine, work, systems, Constraints(cores=CORES))
    return next(c for c in found.candidates if c.split == (CORES // vms,) * vms)


def deviation(candidate: Candidate) -> float:
    """Of the logarithm, by the interval."""
    return math.log(candidate.high / candidate.low) / (2.0 * Z90)


@given(
    st.floats(1e-12, 1e3), st.floats(0.0, 2.0), st.sampled_from(list(Provenance)), st.sampled_from(["s", "B/s", "1"])
)
def test_an_interval_only_widens_around_the_same_value(
    value: float, sigma: float, provenance: Provenance, unit: str
) -> None:
    """By the error of a cost as met where it was measured alone; counts and what was assumed stay as they are."""
    before = replace(measured(value, unit, sigma), provenance=provenance)
    after = as_met(host(), {"cost": before}, {"compute": before})[0]["cost"]
    assert after.value == before.value
    alone = provenance in (Provenance.MEASURED, Provenance.DERIVED) and unit != "1"
    assert is_met("cost", before) == alone
    assert after.sigma == pytest.approx(math.hypot(before.sigma, MET) if alone else before.sigma, abs=1e-9)


def test_computing_and_machines_that_nobody_calibrated_stay_as_they_are() -> None:
    """The time of computing is the program's own; published machines' costs have intervals that say so."""
    work = {"compute": measured(1e-6), "process_lock": measured(1e-7)}
    assert as_met(host(), work)[0]["compute"] == work["compute"]
    assert as_met(host(calibrated=False), host().quantities, work) == [dict(host().quantities), work]
    paper = catalog.machine("amd48")
    assert as_met(paper, paper.quantities) == [dict(paper.quantities)]


def test_a_split_is_as_doubtful_as_the_costs_it_waits_for() -> None:
    """All computing: nothing is added. One lock that all wait for: all of it. Split so that nobody waits: little."""
    computing = deviation(split(host(), 1, compute=measured(1e-5)))
    lock = {"compute": measured(1e-5), "process_lock": measured(1e-5)}
    saturated, free = (deviation(split(host(), vms, **lock)) for vms in (1, CORES))
    assert computing < 0.16
    assert saturated == pytest.approx(math.hypot(computing, MET), rel=0.1)
    assert computing < free < saturated


def test_faults_are_as_doubtful_on_the_measured_host_as_their_cost() -> None:
    """The same program on the same costs, calibrated or not: only calibrated costs are widened for programs."""
    faults = {"compute": measured(1e-7), "page_faults": Quantity(value=1.0, unit="1", provenance=Provenance.MEASURED)}
    assert deviation(split(host(), 1, **faults)) > math.hypot(MET, 0.1)
