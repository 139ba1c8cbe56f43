"""The paper's own microbenchmarks, section 7.2, in the words of this program's quantities.

Values are the published ones, in seconds for one operation (the tables give 1000 round trips in milliseconds).
Source: Song et al., A Case for Scaling Applications to Many-core with OS Clustering, EuroSys 2011, Tables 2-4
and section 7.2. "Remote" is what crosses an OS instance; on an ordinary host its nearest relative is the same
operation done by a resident process on another core.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRow:
    """One operation: what this host's quantities are called, and what the paper measured [s].

    Attributes:
        operation: What is done, and on which of the paper's machines it was measured.
        local: This host's quantity for the operation within one OS instance.
        remote: This host's quantity for the nearest relative of crossing instances.
        published: Published times [s] by column: linux, xen, cerberus local, cerberus remote.
        source: Table or section.
    """

    operation: str
    local: str = ""
    remote: str = ""
    published: Mapping[str, float] = field(default_factory=dict)
    source: str


_US = 1e-6
_MS = 1e-3
ROWS: tuple[PaperRow, ...] = (
    PaperRow(
        operation="packet there and back (Intel)",
        local="packet_round_trip",
        remote="packet_round_trip_forwarded",
        published={"linux": 12.5 * _US, "xen": 42.9 * _US, "local": 43.1 * _US, "remote": 87.1 * _US},
        source="Table 2",
    ),
    PaperRow(
        operation="packet to another host (Intel)",
        published={"linux": 125.5 * _US, "xen": 132.6 * _US, "local": 131.8 * _US, "remote": 154.7 * _US},
        source="Table 2",
    ),
    PaperRow(
        operation="signal there and back (Intel)",
        local="signal_round_trip",
        published={"linux": 7.9 * _US, "xen": 38.7 * _US, "local": 43.1 * _US, "remote": 25.8 * _US},
        source="Table 3",
    ),
    PaperRow(
        operation="signal there and back (AMD)",
        local="signal_round_trip",
        published={"linux": 4.0 * _US, "xen": 74.1 * _US, "local": 72.3 * _US, "remote": 45.0 * _US},
        source="Table 3",
    ),
    PaperRow(
        operation="fork 1 process (AMD)",
        local="process_fork",
        remote="process_fork_resident",
        published={"remote": 5.40 * _MS},
        source="Table 4",
    ),
    PaperRow(
        operation="clone 1 thread (AMD)",
        local="thread_create",
        remote="thread_create_resident",
        published={"remote": 3.21 * _MS},
        source="Table 4",
    ),
    PaperRow(
        operation="message, polled; same chip",
        remote="message_round_trip_polled",
        published={"remote": 10.24 * _US},
        source="section 7.2",
    ),
    PaperRow(
        operation="message, woken; between chips",
        remote="message_round_trip_woken",
        published={"remote": 11.34 * _US},
        source="section 7.2",
    ),
    PaperRow(
        operation="file: open, read, close (AMD)",
        local="file_read",
        remote="file_read_owner",
        published={"xen": 6.47 * _US, "local": 6.52 * _US, "remote": 17.81 * _US},
        source="section 7.2",
    ),
)
