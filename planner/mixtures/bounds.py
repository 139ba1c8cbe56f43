"""What an allocation must respect, gathered from machine, system, workloads and user."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cerberus_plan.planner.mixtures.mixture import Allocation, Mixture
from cerberus_plan.planner.mixtures.sharing import Budget
from cerberus_plan.planner.plan import Constraints
from cerberus_plan.planner.splits.candidates import most_instances
from cerberus_plan.planner.splits.limits import size_bounds


@dataclass(frozen=True, slots=True)
class Bounds:
    """What an allocation must respect.

    Attributes:
        cores: Cores of all instances.
        instances: Instances in all.
        each: Instances of each workload.
        size: Cores of one instance.
        cards: Network cards, and which workloads need one for each instance.
    """

    cores: int
    instances: int
    each: tuple[int, ...]
    size: int
    cards: int
    needing: tuple[bool, ...]

    @staticmethod
    def of(mixture: Mixture, constraints: Constraints) -> Bounds:
        """The bounds of a mixture under these constraints."""
        system, machine, usable = mixture.system, mixture.machine, constraints.usable
        free = [replace(workload, needs_network_card=False) for workload in mixture.workloads]
        each = tuple(most_instances(system, machine, workload, constraints) for workload in mixture.workloads)
        limits = machine.limits if system.virtualised else {}
        return Bounds(
            cores=usable,
            instances=max(most_instances(system, machine, workload, constraints) for workload in free),
            each=each,
            size=min([usable, *size_bounds(system, machine, constraints).values()]),
            cards=int(limits["network_cards"].value) if "network_cards" in limits else usable,
            needing=tuple(workload.needs_network_card for workload in mixture.workloads),
        )

    @property
    def order(self) -> list[int]:
        """Workloads that need cards first."""
        return sorted(range(len(self.each)), key=lambda w: not self.needing[w])

    def rows(self, workload: int) -> int | None:
        """Most instances of a workload, None where nothing bounds them before the cores do."""
        each = self.each[workload]
        return None if self.instances >= self.cores and each >= self.cores else each

    def budget(self, cores: int) -> Budget:
        """The budget with this many cores, for workloads in ``order``."""
        return Budget(
            cores=cores,
            instances=None if self.instances >= self.cores else self.instances,
            cards=self.cards if any(self.needing) and self.cards < self.cores else None,
            needing=sum(self.needing),
        )

    def allow(self, allocation: Allocation) -> bool:
        """True when the allocation respects all of it."""
        sizes = [size for split in allocation for size in split]
        return (
            sum(sizes) <= self.cores
            and len(sizes) <= self.instances
            and all(1 <= size <= self.size for size in sizes)
            and all(1 <= len(split) <= most for split, most in zip(allocation, self.each, strict=True))
            and sum(len(split) for split, card in zip(allocation, self.needing, strict=True) if card) <= self.cards
        )
