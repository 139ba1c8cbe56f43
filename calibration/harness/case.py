"""What is run and what comes back: a case, its seats, and the raw record of one batch.

A case names a compiled loop, where each of its roles runs, and the memory it works on. A batch is one
timed run of a case and is kept as measured; what makes it doubtful is recorded beside it, not removed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

#: A batch of 2 ms is shorter than a scheduler slice: on a busy machine most batches stay undisturbed.
BATCH_S = 2e-3
#: A placement probe before and after that differs by more than this factor: the cores were moved meanwhile.
PROBE_FACTOR = 1.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Where one role runs: a core, in a thread of the measuring process or in a process of its own."""

    cpu: int
    process: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing to time.

    Attributes:
        name: Unique name; samples are filed under it.
        loop: Compiled loop (see ``harness.frame``).
        seats: One seat a role.
        area: Address of the memory the loop works on.
        deadline: True for throughput loops, which stop at a common deadline.
        count: Operations to try first, or operations between two looks at the clock of a deadline loop.
        blocking: The loop sleeps and is woken by design, so switches do not make a batch doubtful.
        batch_s: Wanted duration of a batch [s].
        probe: Probe the placement of the first two roles around each batch, if they are on two cores.
        every: Take part in every so-many-th round only; for cases that are many.
    """

    name: str
    loop: Callable[[int, int, int, int], int]
    seats: tuple[Seat, ...]
    area: int = 0
    deadline: bool = False
    count: int = 64
    blocking: bool = False
    batch_s: float = BATCH_S
    probe: bool = True
    every: int = 1

    @property
    def is_probed(self) -> bool:
        """Whether the placement is probed: wanted, and the first two roles run on different cores."""
        return self.probe and len(self.seats) > 1 and self.seats[0].cpu != self.seats[1].cpu


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One timed batch, as measured.

    Attributes:
        case: Name of the case.
        round: Number of the round, -1 for batches that served to find the size.
        process: Number of the measuring process.
        count: Operations asked for.
        seconds: Time per operation [s]; of all roles together for deadline loops.
        wall_s: Duration of the batch [s].
        operations: Operations done by each role.
        switches: Involuntary context switches during the batch, all roles.
        moved: A role was not on its core before or after.
        steal: Steal ticks of the whole machine during the batch.
        probe_before_s: Cache line round trip between the first two roles just before [s].
        probe_after_s: The same just after [s].
        blocking: Copied from the case.
    """

    case: str
    round: int
    process: int = 0
    count: int
    seconds: float
    wall_s: float
    operations: tuple[int, ...]
    switches: int = 0
    moved: bool = False
    steal: int = 0
    probe_before_s: float | None = None
    probe_after_s: float | None = None
    blocking: bool = False

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why this batch should not count; empty for a clean one."""
        found = []
        if self.switches and not self.blocking:
            found.append("switched")
        if self.moved:
            found.append("moved")
        if self.steal:
            found.append("steal")
        if self.probe_before_s and self.probe_after_s:
            ratio = self.probe_after_s / self.probe_before_s
            if not 1.0 / PROBE_FACTOR < ratio < PROBE_FACTOR:
                found.append("placement")
        return tuple(found)

    @property
    def clean(self) -> bool:
        """No doubt about this batch."""
        return not self.doubts

    @property
    def probe_s(self) -> float | None:
        """Placement probe of this batch [s]: the lower one, the other may have been interrupted."""
        if self.probe_before_s is None or self.probe_after_s is None:
            return None
        return min(self.probe_before_s, self.probe_after_s)

    def to_record(self) -> dict[str, Any]:
        """Plain data for one JSON line."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Batch:
        """The batch written by ``to_record``."""
        return cls(**{**record, "operations": tuple(record["operations"])})
