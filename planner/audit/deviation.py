"""What an audit finds: one difference, and all of them together."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """One difference.

    Attributes:
        instance: Name of the instance, of the NUMA node whose memory is promised twice, or "the host".
        kind: ``cpus``, ``count``, ``quota``, ``nodes``, ``memory``, ``emulator``, ``io-thread``, ``overlap``,
            ``missing``, ``unplanned`` or ``host``.
        what: The difference in words.
        source: Where it was seen.
        price: Share of the whole throughput lost, None where it is not known.
        cpus: CPUs that it concerns, ascending: those that are used and should not be, else those planned. Of vCPUs that
            may use more CPUs than the instance has (they float) those planned: everywhere says nothing. Of emulator and
            I/O threads all that they are pinned to, however many; those planned where that is every CPU, or none.
    """

    instance: str
    kind: str
    what: str
    source: str
    price: float | None
    cpus: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """All deviations, and what those that are priced cost together.

    Attributes:
        checked: Number of instances that were found.
        deviations: What is not as planned.
        total_price: Share of the whole throughput lost by wrong CPUs, limits of CPU time, neighbours and what is
            missing; an upper end where wrong CPUs and limits meet in an instance, and never more than all.
    """

    checked: int
    deviations: tuple[Deviation, ...]
    total_price: float
