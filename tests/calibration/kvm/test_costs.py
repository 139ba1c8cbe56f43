"""What the model is told about shadow paging, and when it is told nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cerberus_plan.calibration.kvm import KvmResult, model_costs
from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.model.vocabulary import COSTS


def seconds(value: float, low: float, high: float) -> Quantity:
    """A measured time given in microseconds."""
    return Quantity(value=value * 1e-6, unit="s", low=low * 1e-6, high=high * 1e-6, provenance=Provenance.MEASURED)


RESULT = KvmResult(
    paging="shadow",
    quantities={
        "kvm_guest_page_fault_resident": seconds(2.6, 2.5, 2.7),
        "kvm_paging_lock_service": seconds(0.7, 0.6, 0.9),
    },
)


def test_hold_and_parallel_part_add_up_to_the_fault() -> None:
    """The two costs split one fault; their names are the model's, and the interval is the widest of both."""
    costs = model_costs(RESULT)
    assert set(costs) <= set(COSTS)
    assert sum(cost.value for cost in costs.values()) == pytest.approx(2.6e-6)
    parallel = costs["page_fault_shadow"]
    assert parallel.low == pytest.approx(1.6e-6)
    assert parallel.high == pytest.approx(2.1e-6)
    assert parallel.provenance == Provenance.DERIVED


@pytest.mark.parametrize("paging", ["nested", "unknown"])
def test_nothing_is_said_about_shadow_paging_that_was_not_seen(paging: str) -> None:
    """Nested paging, or no evidence, gives no cost of shadow paging."""
    assert model_costs(replace(RESULT, paging=paging)) == {}


@pytest.mark.parametrize("name", ["kvm_guest_page_fault_resident", "kvm_paging_lock_service"])
def test_half_a_fault_is_no_cost(name: str) -> None:
    """If one part is missing neither is given."""
    left = {key: value for key, value in RESULT.quantities.items() if key != name}
    assert model_costs(replace(RESULT, quantities=left)) == {}


def test_a_hold_longer_than_the_fault_is_not_believed() -> None:
    """A noisy hold above the whole fault would leave a negative rest."""
    quantities = {**RESULT.quantities, "kvm_paging_lock_service": seconds(3.0, 2.0, 4.0)}
    assert model_costs(replace(RESULT, quantities=quantities)) == {}
