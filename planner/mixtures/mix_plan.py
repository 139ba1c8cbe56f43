"""What the planner answers with for several workloads together. Nouns only; ``allocate`` makes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from cerberus_plan.model.machine import Machine
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.plan import Constraints

# A difference to taking turns that nobody could measure.
_ALIKE = 0.005


def sizes(split: Sequence[int]) -> str:
    """Sizes of instances, equal ones counted: "4 x 6 + 1 x 3"."""
    return " + ".join(f"{count} x {size}" for size, count in sorted(Counter(split).items(), reverse=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one workload of a mixture gets.

    Attributes:
        workload: The workload.
        share: Its share of the weights; shares sum to 1.
        split: Cores of each of its instances, largest first.
        throughput: Expected, in the workload's unit; low and high hold 90 % of the predictive distribution.
        alone: What it would get with the whole machine to itself, under the same system and constraints.
    """

    workload: Workload
    share: float
    split: tuple[int, ...]
    throughput: float
    low: float
    high: float
    alone: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MixPlan:
    """Several workloads planned together.

    Attributes:
        machine: The machine planned for.
        constraints: What was respected.
        system: Name of the best system.
        level: The smallest ratio of a workload's throughput to its share of what it would get alone: above 1 the
            mixture beats taking turns on the whole machine.
        parts: One for each workload, in the order given.
        others: Level of the other systems that could answer.
        refused: Systems that could not, with the reason.
    """

    machine: Machine
    constraints: Constraints
    system: str
    level: float
    parts: tuple[Part, ...]
    others: tuple[tuple[str, float], ...]
    refused: tuple[tuple[str, str], ...]

    @property
    def split(self) -> tuple[int, ...]:
        """Cores of all instances, workload by workload."""
        return tuple(size for part in self.parts for size in part.split)

    @property
    def idle(self) -> int:
        """Cores that no instance gets."""
        return self.constraints.usable - sum(self.split)

    @property
    def verdict(self) -> str:
        """The answer in one or two sentences: side by side, or by turns where that gives more."""
        shares = ", ".join(f"{sizes(part.split)} for {part.workload.name}" for part in self.parts)
        idle = f" {self.idle} cores stay idle." if self.idle else ""
        gets = f"every workload gets at least {self.level:.2f} times its share of the machine"
        if self.level < 1.0 - _ALIKE:
            return (
                "Let the workloads take turns on the whole machine: no split gives each its share side by side. If "
                f"they must run together, with {self.system} give {shares}: {gets}.{idle}"
            )
        beside = "which beats" if self.level > 1.0 + _ALIKE else "as much as"
        return f"With {self.system}, give {shares}: {gets}, {beside} taking turns on all of it.{idle}"

    def to_json(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {
            "verdict": self.verdict,
            "system": self.system,
            "level": self.level,
            "cores": sum(self.split),
            "idle": self.idle,
            "parts": [
                {
                    "workload": part.workload.name,
                    "unit": part.workload.unit,
                    "share": part.share,
                    "split": list(part.split),
                    "vms": len(part.split),
                    "cores": sum(part.split),
                    "throughput": part.throughput,
                    "low": part.low,
                    "high": part.high,
                    "alone": part.alone,
                }
                for part in self.parts
            ],
            "other_systems": [{"system": name, "level": level} for name, level in self.others],
            "refused": [{"system": name, "reason": reason} for name, reason in self.refused],
        }
