"""How a system behaves beyond its stations: the part that no product form can say.

    holds        how long a hold is, relative to its mean
    handover     when the number present decides the length of a lock's hold
    held_until   locks kept while their holder waits elsewhere
    messages     requests to the responders of other instances
    cores        cores of each instance: with more threads than cores they share; a responder takes one
    sleeping     locks whose waiters leave their core to others; at all other stations they keep it (they spin)
    barrier      cycles after which all threads wait for each other

Assumptions: cores are shared equally and without cost of switching; a responder has priority over threads.
When not to use it: for what stations express.
Source of the hand-over semantics: exact chains of the three readings in the analysis of the source paper's Table 7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.laws.station import Array

# A distribution of holds: a name, or samples whose mean is scaled to 1.
Holds = str | Sequence[float] | Array
EXPONENTIAL = "exponential"
_NAMED: dict[str, Array] = {EXPONENTIAL: np.empty(0), "deterministic": np.ones(1)}


class Handover(IntEnum):
    """When the number present decides a hold."""

    STATE = 0
    START = 1
    ARRIVAL = 2
    RELEASE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """After a visit to ``station``, a request to other instances; the thread waits for all replies.

    Attributes:
        station: Name of the station after which the request is sent.
        demand: Mean time a responder needs for a request [s].
        to: "all" other instances, or "one" of them, each as likely.
    """

    station: str
    demand: float
    to: str = "all"

    def __post_init__(self) -> None:
        if self.to not in ("all", "one"):
            raise InputError(f"Message: to = {self.to!r} must be 'all' or 'one'")
        if not (np.isfinite(self.demand) and self.demand >= 0.0):
            raise InputError(f"Message: demand = {self.demand!r} must be a finite number at least 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Behaviour of a run.

    Attributes:
        holds: One distribution for all stations, or one for each station's name (others: exponential).
        handover: "state" (the hold's speed follows the number present), "start" (decided when the hold starts),
            "arrival" (when its thread arrives), or "release" (a hand-over of its own, decided by who waits when the
            holder before lets go).
        held_until: Lock's name -> name of the later station whose end frees it.
        messages: Requests to responders; one for a station at most.
        cores: Cores of every instance, or of each; None for one a thread.
        off_core: Names of stations where a thread does not need its core.
        sleeping: Names of stations where a thread needs its core only while it is served.
        barrier: Cycles between two barriers of all threads; None for none.
    """

    holds: Holds | Mapping[str, Holds] = EXPONENTIAL
    handover: str = "state"
    held_until: Mapping[str, str] = field(default_factory=dict)
    messages: tuple[Message, ...] = ()
    cores: int | Sequence[int] | None = None
    off_core: frozenset[str] = frozenset()
    sleeping: frozenset[str] = frozenset()
    barrier: int | None = None

    def __post_init__(self) -> None:
        if self.handover.upper() not in Handover.__members__:
            allowed = ", ".join(repr(h.name.lower()) for h in Handover)
            raise InputError(f"handover = {self.handover!r} must be one of {allowed}")
        if self.barrier is not None and self.barrier < 1:
            raise InputError(f"barrier = {self.barrier!r} must be at least 1 cycle")
        for holds in self.holds.values() if isinstance(self.holds, Mapping) else [self.holds]:
            shape(holds)

    @property
    def memoryless(self) -> bool:
        """True when nothing but exponential holds that follow the state is asked for."""
        plain = (
            not (self.held_until or self.messages or self.barrier or self.off_core or self.sleeping)
            and self.cores is None
        )
        return plain and self.handover == "state" and not isinstance(self.holds, Mapping) and not shape(self.holds).size

    def shape_at(self, name: str) -> Array:
        """Samples of mean 1 for the station's holds; empty for exponential."""
        if isinstance(self.holds, Mapping):
            return shape(self.holds.get(name, EXPONENTIAL))
        return shape(self.holds)

    def cores_of(self, n_instances: int) -> list[int]:
        """Cores of each instance, 0 for one a thread.

        Raises:
            InputError: Not one number for each instance, or a number below 1.
        """
        if self.cores is None:
            return [0] * n_instances
        cores = [self.cores] * n_instances if isinstance(self.cores, int) else list(self.cores)
        if len(cores) != n_instances or any(count < 1 for count in cores):
            raise InputError(f"cores = {self.cores!r} must be a whole number from 1, or one for each of {n_instances}")
        return cores


def shape(holds: Holds) -> Array:
    """Samples of mean 1 of a distribution of holds; empty for exponential.

    Raises:
        InputError: An unknown name, or samples that are negative, not finite, or all zero.
    """
    if isinstance(holds, str):
        if holds not in _NAMED:
            raise InputError(f"holds = {holds!r} must be one of {', '.join(map(repr, _NAMED))}, or samples of it")
        return _NAMED[holds]
    samples = np.asarray(holds, dtype=np.float64)
    if samples.ndim != 1 or not samples.size or not (np.isfinite(samples).all() and (samples >= 0.0).all()):
        raise InputError("holds given as samples must be a list of finite numbers at least 0")
    if not samples.any():
        raise InputError("holds given as samples must have a positive mean")
    return np.asarray(samples / samples.mean())
