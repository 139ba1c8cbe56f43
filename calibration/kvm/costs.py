"""The model's costs of shadow paging, from what the probe measured.

    shadow_lock_hold  = kvm_paging_lock_service
    page_fault_shadow = kvm_guest_page_fault_resident - kvm_paging_lock_service      (the part faults do in parallel)

Assumptions: the measured fault is the hypervisor's share of a guest page fault with host memory present.
When not to use it: with nested paging, where a fault seldom reaches the hypervisor (nothing is returned); for the
hand-over, which KVM's queued lock pays once and the model's ticket lock once a waiter.
Source: names and meanings in ``model.vocabulary``, stations in ``model.systems.shadow``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cerberus_plan.model.quantity import Provenance, Quantity

if TYPE_CHECKING:
    from cerberus_plan.calibration.kvm.result import KvmResult


def model_costs(result: KvmResult) -> dict[str, Quantity]:
    """Costs by the names of ``model.vocabulary`` [s]; empty unless shadow paging was seen and both parts measured."""
    fault = result.quantities.get("kvm_guest_page_fault_resident")
    hold = result.quantities.get("kvm_paging_lock_service")
    if result.paging != "shadow" or fault is None or hold is None or hold.value >= fault.value:
        return {}
    return {
        "shadow_lock_hold": Quantity(
            value=hold.value, unit="s", low=hold.low, high=hold.high, provenance=Provenance.DERIVED, source=hold.source
        ),
        "page_fault_shadow": Quantity(
            value=fault.value - hold.value,
            unit="s",
            low=_bound(fault.low, fault.value) - _bound(hold.high, hold.value),
            high=_bound(fault.high, fault.value) - _bound(hold.low, hold.value),
            provenance=Provenance.DERIVED,
            source="KVM probe: guest page fault less the hold of its VM's paging lock",
        ),
    }


def _bound(bound: float | None, value: float) -> float:
    return value if bound is None else bound
