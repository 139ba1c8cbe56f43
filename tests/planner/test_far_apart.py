"""Costs and amounts of any size give numbers or one sentence, and never infinity, NaN or a mistake of ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.store import catalog
from cerberus_plan.calibration.store.profile_fields import quantity_of
from cerberus_plan.model.errors import CannotAnswerError, InputError
from cerberus_plan.model.laws.single_server import Queue
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.quantity import UNITS, Provenance, Quantity
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.vocabulary import COSTS
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.mixtures.mixture import _factor
from cerberus_plan.planner.plan import Constraints
from cerberus_plan.planner.splits.choose import plan

AMD48 = catalog.machine("amd48")
LIKE_THE_PAPER = [SYSTEMS[name] for name in ("linux", "xen-linux", "cerberus")]
SIZES = st.one_of(st.just(0.0), st.floats(-30.0, 30.0).map(lambda exponent: 10.0**exponent))


def measured(value: float, name: str) -> Quantity:
    """A measured number of one of the machine's costs."""
    return Quantity(value=value, unit=AMD48.quantities[name].unit, provenance=Provenance.MEASURED)


def machine(costs: dict[str, float]) -> Machine:
    """The paper's machine with these costs in the place of its own."""
    own = {name: measured(max(value, COSTS[name].least), name) for name, value in costs.items()}
    return Machine(
        name="m", description="", topology=AMD48.topology, quantities={**AMD48.quantities, **own}, limits=AMD48.limits
    )


@pytest.mark.filterwarnings("error")
@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(st.sampled_from(sorted(AMD48.quantities)), SIZES, max_size=12),
    st.sampled_from(["histogram", "dbench", "memcached"]),
    st.lists(SIZES, min_size=8, max_size=8),
    st.sampled_from([1, 8, 48]),
)
def test_a_plan_is_of_numbers_or_none(costs: dict[str, float], name: str, amounts: list[float], cores: int) -> None:
    """Whatever a file may hold."""
    shipped = catalog.workload(name)
    operations = {
        key: Quantity(value=amount, unit=q.unit, provenance=Provenance.MEASURED)
        for (key, q), amount in zip(shipped.operations.items(), amounts, strict=False)
    }
    try:
        workload = Workload(
            name="w", description="", unit="u", units_per_cycle=1.0, operations={**shipped.operations, **operations}
        )
        found = plan(machine(costs), workload, LIKE_THE_PAPER, Constraints(cores=cores))
    except (InputError, CannotAnswerError) as refused:
        assert len(str(refused)) < 600  # noqa: PT017 - numbers or a sentence
        return
    json.dumps(found.to_json(), allow_nan=False)


def test_what_cannot_be_summed_is_refused_in_words() -> None:
    """A page fault of a billion years beside a compute time below any: shares of it were NaN in the plan."""
    amounts = {"compute": (6e-28, "s"), "page_faults": (5e-13, "1"), "hypervisor_operations": (8e21, "1")}
    operations = {
        name: Quantity(value=value, unit=unit, provenance=Provenance.MEASURED)
        for name, (value, unit) in amounts.items()
    }
    workload = Workload(name="far", description="", unit="u", units_per_cycle=1.0, operations=operations)
    host = machine({"page_fault": 3.7e16, "page_fault_direct": 0.0, "hypervisor_per_core": 0.0})
    with pytest.raises(InputError, match=r"amounts of far and what they cost are too far apart"):
        plan(host, workload, [SYSTEMS["cerberus"]], Constraints(cores=48))


@pytest.mark.filterwarnings("error")
def test_a_rate_that_vanishes_is_refused_in_words() -> None:
    """1e30 of one cost leaves no throughput at all: it was divided by."""
    with pytest.raises(InputError, match=r"amounts of histogram .* are too far apart"):
        plan(machine({"chip_distance": 1e30}), catalog.workload("histogram"), LIKE_THE_PAPER, Constraints(cores=16))


def test_a_cycle_that_takes_no_time_is_told_with_its_workload() -> None:
    """Laws know no names: whoever asks them says whose station it was."""
    nothing = machine(dict.fromkeys(AMD48.quantities, 0.0))
    with pytest.raises(InputError, match=r"^dbench under cerberus: .*the cycle takes no time"):
        plan(nothing, catalog.workload("dbench"), [SYSTEMS["cerberus"]], Constraints(cores=4))


@pytest.mark.parametrize("value", [0, 0.07, 0.999])
def test_a_chip_has_a_core(value: float) -> None:
    """What everything is divided by is refused where it is read, with its name."""
    entry: dict[str, Any] = {"value": value, "unit": "1"}
    text = 'format = 1\nname = "m"\n[topology]\nsockets = 1\ncores_per_l3 = 4\n[quantities]\n'
    with pytest.raises(InputError, match=r"m\.toml: quantities: cores_per_chip: value = .* at least 1"):
        catalog.parse_machine(f'{text}cores_per_chip = {{ value = {value}, unit = "1" }}\n', "m.toml")
    with pytest.raises(InputError, match=r"p: cores_per_chip: value = .* at least 1"):
        quantity_of({**entry, "provenance": "measured"}, "p: cores_per_chip", "cores_per_chip")
    assert quantity_of({**entry, "value": 4, "provenance": "measured"}, "p", "cores_per_chip").value == 4.0


@given(st.sampled_from(["1", "%"]), st.floats(1e-6, 2.0), st.floats(0.1, 1.0))
def test_a_chip_has_a_core_in_every_unit_and_at_both_ends(unit: str, cores: float, part: float) -> None:
    """What is allowed is so many cores, whether in percent or not: 50 % of a core is none, nor is a low end of 0."""
    factor = UNITS[unit][1]
    fields = {"value": cores / factor, "low": part * cores / factor, "high": cores / factor, "unit": unit}
    text = 'format = 1\nname = "m"\n[topology]\nsockets = 1\ncores_per_l3 = 4\n[quantities]\ncores_per_chip = { '
    text += ", ".join(f"{name} = {json.dumps(given_)}" for name, given_ in fields.items()) + " }\n"
    readers: list[Callable[[], Quantity]] = [
        lambda: catalog.parse_machine(text, "m.toml").quantities["cores_per_chip"],
        lambda: quantity_of({**fields, "provenance": "measured"}, "p", "cores_per_chip"),
    ]
    for read in readers:
        if part * cores >= 1.0 + 1e-9:
            assert read().low == pytest.approx(part * cores)
        elif part * cores < 1.0 - 1e-9:
            with pytest.raises(InputError, match=rf"(value|low) = .* at least {1 / factor:g}"):
                read()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("own", "other"), [(0.0, 1.0), (1.0, 0.0), (0.0, 0.0), (1e-300, 1e300)])
def test_workloads_of_which_one_does_not_use_a_shared_station_have_no_factor(own: float, other: float) -> None:
    """Said in the mixture's words, and not as an infinite factor of an instance."""
    with pytest.raises(CannotAnswerError, match=r"shared stations \(disk\) differ by more than one factor"):
        _factor([Queue(other, name="disk")], [Queue(own, name="disk"), Queue(own, name="more")], 4)
