"""A quantity that a system needs and nobody gave: the message says what it is and where it comes from."""

from __future__ import annotations

import pytest

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.structure import Costs
from cerberus_plan.model.topology import Topology
from cerberus_plan.model.vocabulary import COSTS, OPERATIONS

MACHINE = 'format = 1\nname = "mine"\n[topology]\nsockets = 1\ncores_per_l3 = 4\n[quantities]\n'


def missing(costs: Costs, name: str) -> str:
    """The message about it."""
    with pytest.raises(CannotAnswerError) as caught:
        costs(name)
    return str(caught.value)


@pytest.mark.parametrize("name", sorted(COSTS))
def test_a_machines_missing_cost_says_what_it_is_and_three_ways_on(name: str) -> None:
    """Its meaning, calibration, the field of the file, other systems."""
    machine = Machine(name="mine", description="", topology=Topology.regular(sockets=1, cores_per_l3=4), quantities={})
    told = missing(machine.costs(), name)
    assert f"{name!r} ({COSTS[name].meaning})" in told
    for way in ("cerberus-plan calibrate", "[quantities]", "--system"):
        assert way in told


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_a_workloads_missing_operation_says_so_too(name: str) -> None:
    """With its own table and the command that learns it."""
    told = missing(catalog.workload("apache").costs({}), name)
    assert f"{name!r} ({OPERATIONS[name].meaning})" in told
    for way in ("cerberus-plan observe", "[operations]", "--system"):
        assert way in told


def test_the_assumed_costs_it_offers_are_really_taken() -> None:
    """The line that the message proposes gives the cost."""
    without = catalog.parse_machine(MACHINE, "m.toml")
    assert 'costs = "linux-6"' in missing(without.costs(), "packet")
    assert catalog.parse_machine(f'costs = "linux-6"\n{MACHINE}', "m.toml").costs()("packet") > 0.0
