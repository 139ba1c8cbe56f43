"""Shadow or nested: what modules and counters say, together and against each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cerberus_plan.calibration.kvm import paging

if TYPE_CHECKING:
    from pathlib import Path


def parameter(root: Path, module: str, name: str, value: str) -> None:
    """Write a module parameter as the kernel shows it."""
    path = root / module / "parameters" / name
    path.parent.mkdir(parents=True)
    path.write_text(value + "\n")


@pytest.mark.parametrize(
    ("module", "name", "value", "verdict"),
    [
        ("kvm_intel", "ept", "Y", "nested"),
        ("kvm_intel", "ept", "N", "shadow"),
        ("kvm_amd", "npt", "1", "nested"),
        ("kvm_amd", "npt", "0", "shadow"),
    ],
)
def test_the_vendor_parameter_decides(tmp_path: Path, module: str, name: str, value: str, verdict: str) -> None:
    """Extended or nested page tables are on when their parameter says so."""
    parameter(tmp_path, module, name, value)
    found, why = paging.from_modules(tmp_path)
    assert found == verdict
    assert f"{module}.{name} is {value}" in why


def test_a_software_only_module_means_shadow(tmp_path: Path) -> None:
    """kvm_pvm has no hardware translation to use."""
    (tmp_path / "kvm_pvm").mkdir()
    assert paging.from_modules(tmp_path)[0] == "shadow"


def test_without_modules_and_counters_nothing_is_claimed(tmp_path: Path) -> None:
    """No evidence yields unknown, with both reasons."""
    verdict, reasons = paging.decide(None, tmp_path)
    assert verdict == "unknown"
    assert len(reasons) == 2


def test_what_is_observed_wins_and_the_disagreement_is_told(tmp_path: Path) -> None:
    """Counters that moved beat a parameter that says nested."""
    parameter(tmp_path, "kvm_intel", "ept", "Y")
    verdict, reasons = paging.decide({"mmu_unsync": 48, "mmu_pte_write": 0}, tmp_path)
    assert verdict == "shadow"
    assert "mmu_unsync +48" in reasons[1]
    assert "disagree: nested by parameter, shadow by observation" in reasons[2]


def test_counters_at_rest_mean_nested(tmp_path: Path) -> None:
    """Guest page-table writes that KVM does not notice need no shadow."""
    assert paging.decide({"mmu_unsync": 0, "mmu_pte_write": 0}, tmp_path)[0] == "nested"


def test_a_kernel_without_those_counters_says_nothing() -> None:
    """Other counters alone are no evidence."""
    assert paging.from_counters({"pages_4k": 3})[0] == "unknown"
