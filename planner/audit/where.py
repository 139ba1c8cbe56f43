"""On which CPUs a deviation is seen: those that are used and should not be, else those of the instance as planned.

Models: nothing; a place for a mark on a drawing of the machine. What may use more CPUs than the instance has (it
floats) is marked on those planned, for a mark everywhere says nothing.
When not to use it: to price a deviation; ``price`` takes every pin into account.
"""

from __future__ import annotations

from collections.abc import Iterable

from cerberus_plan.planner.audit.deviation import Deviation
from cerberus_plan.planner.audit.promised import Instance, Promise
from cerberus_plan.planner.deploy.seen import Seen

# Kinds that are about an instance's own CPUs, and about those of its other threads.
_OWN, _OTHER_THREADS = frozenset({"cpus", "count", "unplanned"}), frozenset({"emulator", "io-thread"})


def marked(deviation: Deviation, promise: Promise, found: Iterable[Seen]) -> list[int]:
    """The CPUs, ascending; none where nobody planned any and none were seen.

    Args:
        deviation: The deviation.
        promise: What was planned.
        found: What was seen.
    """
    planned = next((one for one in promise.instances if _same(one.name, deviation.instance)), None)
    sights = [one for one in found if one.name == deviation.instance and one.source == deviation.source]
    wrong: set[int] = set()
    for sight in sights:
        if deviation.kind in _OWN:
            wrong |= _wrong(sight, planned)
        elif deviation.kind in _OTHER_THREADS:
            wrong |= set(sight.emulator or ()) if deviation.kind == "emulator" else set().union(*_io(sight))
    return sorted(wrong or (planned.cpus if planned else ()))


def _wrong(sight: Seen, planned: Instance | None) -> set[int]:
    if sight.vcpus is None:
        return _told(sight.cpus or frozenset(), planned) - set(planned.cpus if planned else ())
    should = [frozenset({cpu}) for cpu in planned.cpus] if planned else []
    wrong = [cpus for at, cpus in enumerate(sight.vcpus) if at >= len(should) or cpus != should[at]]
    return {cpu for cpus in wrong for cpu in _told(cpus, planned)}


def _told(cpus: frozenset[int], planned: Instance | None) -> set[int]:
    """A set of CPUs that says something; one that is larger than the instance does not."""
    return set() if planned and len(cpus) > len(planned.cpus) else set(cpus)


def _io(sight: Seen) -> list[frozenset[int]]:
    return list(sight.io_threads.values())


def _same(planned: str, seen: str) -> bool:
    """Names as they are compared: Kubernetes writes them in lower case with ``-``."""
    return planned.lower().replace("_", "-") == seen.lower().replace("_", "-")
