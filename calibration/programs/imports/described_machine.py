"""What a file tells about where a machine's CPUs are, whichever tool wrote it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cerberus_plan.model.topology import Topology


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A machine as a file describes it.

    Attributes:
        topology: Where the CPUs are.
        processor: Model of the processor; empty when the file does not say.
        host: Name of the host; empty when the file does not say.
        notes: What was left out or assumed.
    """

    topology: Topology
    processor: str = ""
    host: str = ""
    notes: Sequence[str] = field(default=())
