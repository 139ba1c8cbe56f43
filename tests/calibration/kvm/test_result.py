"""Batches and refusals become quantities, verdicts and reasons."""

from __future__ import annotations

import numpy as np
import pytest

from cerberus_plan.calibration.harness.case import Batch
from cerberus_plan.calibration.kvm import lock
from cerberus_plan.calibration.kvm.result import LOCK, MEANING, absent, conclude
from cerberus_plan.model.quantity import Provenance


def batches(case: str, seconds: list[float], *, disturbed: int = 0) -> list[Batch]:
    """One batch a value, over four processes; the first ``disturbed`` of them lost their CPU."""
    return [
        Batch(
            case=case,
            round=i // 4,
            process=i % 4,
            count=100,
            seconds=value,
            wall_s=value * 100,
            operations=(100,),
            switches=int(i < disturbed),
        )
        for i, value in enumerate(seconds)
    ]


def spread(value: float, n: int = 20) -> list[float]:
    """Samples within 2 % of ``value``."""
    return list(value * (1.0 + 0.02 * np.random.default_rng(1).random(n)))


def full() -> dict[str, list[Batch]]:
    """Samples of every single-vCPU case."""
    return {case: batches(case, spread(1e-6 * (i + 1))) for i, case in enumerate(MEANING)}


def test_every_case_becomes_a_measured_quantity_in_seconds() -> None:
    """Value inside its interval, near the low end of the samples, with unit, provenance and source."""
    result = conclude(full(), {}, counted=None, n_cpus=1)
    assert set(result.quantities) == set(MEANING)
    for i, case in enumerate(MEANING):
        quantity = result.quantities[case]
        assert quantity.value == pytest.approx(1e-6 * (i + 1), rel=0.02)
        assert (quantity.unit, quantity.provenance) == ("s", Provenance.MEASURED)
        assert MEANING[case] in quantity.source


def test_one_cpu_cannot_show_the_lock() -> None:
    """With one CPU the lock is missing, and the reason says how many are needed."""
    missing = conclude(full(), {}, counted=None, n_cpus=1).missing
    assert set(missing) == set(LOCK)
    assert all("at least two are needed" in reason for reason in missing.values())


def test_two_cpus_bound_the_hold_and_leave_the_handover() -> None:
    """The hold follows the closed form; the hand-over is missing with the reason."""
    many = spread(2.6e-6)
    one = [t + 0.25e-12 / t for t in many]  # s = 0.5 us: T_one - T_many = s^2 / T_many
    samples = full() | {
        "kvm_fault_one_vm_2": batches("kvm_fault_one_vm_2", one),
        "kvm_fault_many_vms_2": batches("kvm_fault_many_vms_2", many),
    }
    result = conclude(samples, {}, counted=None, n_cpus=2)
    service = result.quantities["kvm_paging_lock_service"]
    assert service.value == pytest.approx(0.5e-6)
    assert service.provenance == Provenance.DERIVED
    assert "upper bound" in service.source
    assert "at least three are needed" in result.missing["kvm_paging_lock_handover"]
    assert result.quantities["kvm_fault_slowdown_2_vcpus"].unit == "1"


@pytest.mark.slow
def test_more_cpus_give_the_handover_too() -> None:
    """With 2 and 4 vCPUs hold and hand-over are both derived."""
    samples = full()
    for n in (2, 4):
        t = lock.cycle_time(think=2.0e-6, hold=0.6e-6, handover=0.2e-6, vcpus=n)
        samples[f"kvm_fault_one_vm_{n}"] = batches(f"kvm_fault_one_vm_{n}", [t] * 8)
        samples[f"kvm_fault_many_vms_{n}"] = batches(f"kvm_fault_many_vms_{n}", [2.6e-6] * 8)
    result = conclude(samples, {}, counted=None, n_cpus=4)
    assert result.quantities["kvm_paging_lock_service"].value == pytest.approx(0.6e-6, rel=0.02)
    assert result.quantities["kvm_paging_lock_handover"].value == pytest.approx(0.2e-6, rel=0.1)
    assert not result.missing


def test_pairs_with_a_disturbed_half_do_not_count() -> None:
    """Fewer than five clean pairs leave the lock missing, with the next step."""
    samples = full() | {
        "kvm_fault_one_vm_2": batches("kvm_fault_one_vm_2", [3e-6] * 8, disturbed=4),
        "kvm_fault_many_vms_2": batches("kvm_fault_many_vms_2", [2e-6] * 8),
    }
    missing = conclude(samples, {}, counted=None, n_cpus=2).missing
    assert missing["kvm_paging_lock_service"] == "fewer than 5 undisturbed pairs: stop other jobs and measure again"


def test_no_slowdown_is_said_and_not_clamped() -> None:
    """One VM as fast as two: the slowdown is reported, hold and hand-over are missing."""
    samples = full() | {
        "kvm_fault_one_vm_2": batches("kvm_fault_one_vm_2", [2e-6] * 8),
        "kvm_fault_many_vms_2": batches("kvm_fault_many_vms_2", [2.1e-6] * 8),
    }
    result = conclude(samples, {}, counted=None, n_cpus=2)
    assert result.quantities["kvm_fault_slowdown_2_vcpus"].value < 1.0
    assert "one VM was not slower" in result.missing["kvm_paging_lock_service"]


def test_a_refused_case_carries_its_reason_and_spares_the_others() -> None:
    """What the kernel or the guest said becomes the reason of that case alone."""
    samples = full()
    del samples["kvm_exit_in_kernel"]
    result = conclude(samples, {"kvm_exit_in_kernel": "the guest stopped: triple fault"}, counted=None, n_cpus=1)
    assert result.missing["kvm_exit_in_kernel"] == "the guest stopped: triple fault"
    assert len(result.quantities) == len(MEANING) - 1


def test_a_disturbed_case_says_how_much_was_left() -> None:
    """With fewer than five clean batches all count, and the source says so; the raw ones are kept."""
    samples = full() | {"kvm_exit_round_trip": batches("kvm_exit_round_trip", [1e-5] * 8, disturbed=5)}
    result = conclude(samples, {}, counted=None, n_cpus=1)
    source = result.quantities["kvm_exit_round_trip"].source
    assert source.endswith("3 clean of 8 batches, so disturbed ones count too: stop other jobs and measure again")
    assert len(result.samples["kvm_exit_round_trip"]) == 8


def test_a_case_cut_short_says_how_much_was_taken() -> None:
    """Fewer than five batches at all are no result."""
    samples = full() | {"kvm_exit_round_trip": batches("kvm_exit_round_trip", [1e-5] * 4)}
    missing = conclude(samples, {}, counted=None, n_cpus=1).missing
    assert missing["kvm_exit_round_trip"].startswith("4 batches could be taken, at least 5 are needed")


@pytest.mark.parametrize(("kernel", "verdict"), [(1.0, False), (2.9, False), (5.0, None), (10.5, True), (3000.0, True)])
def test_kernel_mode_is_emulated_if_instructions_cost_far_more_there(kernel: float, verdict: bool | None) -> None:
    """Below 3 native, from 10 emulated, between the two nothing is claimed."""
    samples = full()
    samples["kvm_user_instruction"] = batches("kvm_user_instruction", [1e-9] * 20)
    samples["kvm_kernel_instruction"] = batches("kvm_kernel_instruction", [kernel * 1e-9] * 20)
    assert conclude(samples, {}, counted=None, n_cpus=1).kernel_mode_emulated is verdict


def test_without_kvm_everything_is_missing_for_one_reason() -> None:
    """The empty result names every quantity and claims nothing."""
    result = absent("no device")
    assert set(result.missing) == {*MEANING, *LOCK}
    assert set(result.missing.values()) == {"no device"}
    assert (result.paging, result.kernel_mode_emulated, dict(result.quantities)) == ("unknown", None, {})
