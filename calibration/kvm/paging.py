"""Is the guest's memory translated by nested page tables in hardware or by shadow tables in software?

Asked of the vendor module's parameter (``ept``, ``npt``), of the module itself (kvm_pvm has shadow tables only)
and of KVM's counters after the guest wrote to its own page-table pages: only shadow paging has to notice that
(``mmu_unsync``, ``mmu_pte_write``).
When not to use it: to learn how the hypervisor *below* this host translates, which cannot be seen from here.
Source: Linux Documentation/virt/kvm/x86/mmu.rst; parameters of kvm_intel and kvm_amd.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Paging = Literal["shadow", "nested", "unknown"]
MODULES: Final = Path("/sys/module")
_PARAMETERS: Final = (("kvm_intel", "ept"), ("kvm_amd", "npt"))
_SHADOW_COUNTERS: Final = ("mmu_unsync", "mmu_pte_write")


def from_modules(modules: Path = MODULES) -> tuple[Paging, str]:
    """What the loaded kernel modules say, and the sentence that justifies it."""
    if (modules / "kvm_pvm").is_dir():
        return "shadow", "module kvm_pvm is loaded; it translates guest memory in software only"
    for module, name in _PARAMETERS:
        path = modules / module / "parameters" / name
        if path.is_file():
            value = path.read_text(encoding="ascii").strip()
            return ("nested" if value in {"Y", "1"} else "shadow"), f"parameter {module}.{name} is {value}"
    return "unknown", "no vendor module (kvm_intel, kvm_amd, kvm_pvm) shows its parameters under /sys/module"


def from_counters(counted: Mapping[str, int] | None) -> tuple[Paging, str]:
    """What KVM counted while the guest wrote to its page tables; None where it cannot count."""
    seen = {name: counted[name] for name in _SHADOW_COUNTERS if counted and name in counted}
    if not seen:
        return "unknown", "KVM's counters could not be read"
    if any(seen.values()):
        text = ", ".join(f"{name} +{n}" for name, n in seen.items() if n)
        return "shadow", f"guest page-table writes were noticed by KVM ({text})"
    return "nested", "guest page-table writes went unnoticed by KVM (mmu_unsync, mmu_pte_write did not move)"


def decide(counted: Mapping[str, int] | None, modules: Path = MODULES) -> tuple[Paging, tuple[str, ...]]:
    """Combine both: what was counted decides, since parameters speak only for their own module.

    Returns:
        The verdict, and the reasons for it, a disagreement included.
    """
    said, why = from_modules(modules)
    observed, how = from_counters(counted)
    verdict = said if observed == "unknown" else observed
    reasons: tuple[str, ...] = (why, how)
    if "unknown" not in {said, observed} and said != observed:
        reasons += (f"the two disagree: {said} by parameter, {observed} by observation; the latter is used",)
    return verdict, reasons
