"""What two answers were asked with, set side by side: costs, program, measurements, request.

Models: nothing; every input that differs is a row under the group that it belongs to. Two numbers with intervals agree
where the intervals overlap, which the row says, for a cost measured twice is never the same to the last digit.
When not to use it: to say which of the differences matter; ``attribution`` plans again for that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from cerberus_plan.model.digits import exact
from cerberus_plan.model.latency.measured import MeasuredLatency
from cerberus_plan.model.measurement import Measurement
from cerberus_plan.model.quantity import Quantity
from cerberus_plan.planner.plan import Plan

# Groups of inputs in the order in which they are told.
MACHINE, PROGRAM, MEASUREMENTS, REQUEST, OBJECTIVE = GROUPS = (
    "machine", "program", "measurements", "request", "objective",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One input that differs.

    Attributes:
        group: Group of inputs that it belongs to.
        name: What it is.
        before: Its value in the first answer, None where that has none; ``after`` likewise in the second.
        unit: SI unit of a quantity, empty for what is none.
        overlap: Whether the intervals of a quantity overlap; None where there are no two intervals.
        before_ends: Low and high end of ``before``, None where it has none; ``after_ends`` likewise.
    """

    group: str
    name: str
    before: Any
    after: Any
    unit: str = ""
    overlap: bool | None = None
    before_ends: tuple[float, float] | None = None
    after_ends: tuple[float, float] | None = None

    def to_json(self) -> dict[str, Any]:
        """The difference as JSON has it."""
        return {name: getattr(self, name) for name in self.__slots__}


def differences(before: Plan, after: Plan) -> list[Difference]:
    """All inputs of two plans that differ, group by group."""
    return [*_machine(before, after), *_program(before, after), *_measurements(before, after), *_request(before, after)]


def one_sided(before: Plan, after: Plan) -> bool:
    """Whether only one of the answers was chosen for an objective, which then is a group of inputs of its own."""
    return (before.objective is None) != (after.objective is None)


def one_program(before: Plan, after: Plan) -> bool:
    """Whether both answers are of one program, by its name."""
    return before.workload.name == after.workload.name


def systems_of(plan: Plan) -> list[str]:
    """Names of the systems that were planned with, in order of name."""
    return sorted({candidate.system for candidate in plan.candidates})


def _machine(before: Plan, after: Plan) -> Iterator[Difference]:
    old, new = before.machine, after.machine
    for name in ("name", "measured", "unstable"):
        yield from _plain(MACHINE, name, getattr(old, name), getattr(new, name))
    for field in fields(old.topology):
        ours, theirs = getattr(old.topology, field.name), getattr(new.topology, field.name)
        if ours != theirs:
            yield Difference(group=MACHINE, name=f"topology: {field.name}", before=_size(ours), after=_size(theirs))
    yield from _quantities(MACHINE, old.quantities, new.quantities)
    yield from _quantities(MACHINE, old.limits, new.limits)


def _size(values: tuple[Any, ...]) -> str:
    """Memberships of hundreds of CPUs in a few words."""
    return f"{len(set(values))} of {len(values)} CPUs" if values else "unknown"


def _program(before: Plan, after: Plan) -> Iterator[Difference]:
    old, new = before.workload, after.workload
    for field in fields(old):
        if field.name not in {"operations", "measured", "latencies", "description", "note"}:
            yield from _plain(PROGRAM, field.name, getattr(old, field.name), getattr(new, field.name))
    yield from _quantities(PROGRAM, old.operations, new.operations)


def _measurements(before: Plan, after: Plan) -> Iterator[Difference]:
    old, new = list(before.workload.measured), list(after.workload.measured)
    for row in list(new):
        if row in old:
            old.remove(row)
            new.remove(row)
    for row in old:
        yield Difference(group=MEASUREMENTS, name=_split(row), before=row.value, after=None, before_ends=_ends(row))
    for row in new:
        yield Difference(group=MEASUREMENTS, name=_split(row), before=None, after=row.value, after_ends=_ends(row))
    old_times, new_times = (_latencies(plan) for plan in (before, after))
    for name, told in sorted(old_times ^ new_times):
        known = (told, None) if (name, told) in old_times else (None, told)
        yield Difference(group=MEASUREMENTS, name=name, before=known[0], after=known[1])


def _latencies(plan: Plan) -> set[tuple[str, str]]:
    """Measured response times: split and load, and what was measured."""
    return {
        (_latency(one), ", ".join(f"{name} {seconds:.4g} s" for name, seconds in one.times.items()))
        for one in plan.workload.latencies
    }


def _latency(one: MeasuredLatency) -> str:
    load = f"{one.concurrency} clients" if one.rate is None else f"{one.rate:g}/s"
    return f"{one.instances} x {one.cores_per_instance}, response time at {load}"


def _split(row: Measurement) -> str:
    return f"{row.instances} x {row.cores_per_instance}"


def _request(before: Plan, after: Plan) -> Iterator[Difference]:
    for field in fields(before.constraints):
        old, new = getattr(before.constraints, field.name), getattr(after.constraints, field.name)
        yield from _plain(REQUEST, field.name, _told(old), _told(new))
    old_aim, new_aim = _aims(before), _aims(after)
    group = OBJECTIVE if one_sided(before, after) else REQUEST
    for name in dict.fromkeys((*old_aim, *new_aim)):
        yield from _plain(group, f"objective: {name}", old_aim.get(name), new_aim.get(name))
    yield from _plain(REQUEST, "systems", ", ".join(systems_of(before)), ", ".join(systems_of(after)))


def _aims(plan: Plan) -> dict[str, Any]:
    """What a split was chosen for, in words; nothing for the largest throughput."""
    aim = plan.objective
    if aim is None:
        return {}
    limits = ", ".join(f"{slo.name} {exact(slo.seconds)} s" for slo in aim.slos) or None
    per = exact(aim.prices.per_instance), exact(aim.prices.per_core)
    prices = f"{per[0]} an instance, {per[1]} a core, in {aim.prices.unit}"
    return {"kind": aim.kind, "rate": aim.rate, "limits": limits, "survives": aim.survive or None, "prices": prices}


def _told(value: Any) -> Any:
    """What JSON can hold of a bound."""
    return value if value is None or isinstance(value, bool | int | float | str) else repr(value)


def _plain(group: str, name: str, old: Any, new: Any) -> Iterator[Difference]:
    if old != new:
        yield Difference(group=group, name=name, before=old, after=new)


def _quantities(group: str, old: Mapping[str, Quantity], new: Mapping[str, Quantity]) -> Iterator[Difference]:
    for name in sorted({*old, *new}):
        ours, theirs = old.get(name), new.get(name)
        if _known(ours) != _known(theirs):
            yield Difference(
                group=group,
                name=name,
                before=None if ours is None else ours.value,
                after=None if theirs is None else theirs.value,
                unit=(ours or theirs).unit,  # type: ignore[union-attr]
                overlap=_overlap(ours, theirs),
                before_ends=_ends(ours),
                after_ends=_ends(theirs),
            )


def _ends(given: Quantity | Measurement | None) -> tuple[float, float] | None:
    return None if given is None or given.low is None or given.high is None else (given.low, given.high)


def _known(given: Quantity | None) -> tuple[Any, ...]:
    """What a plan makes of a quantity; where it is from changes nothing."""
    return () if given is None else (given.value, given.unit, given.low, given.high)


def _overlap(old: Quantity | None, new: Quantity | None) -> bool | None:
    if old is None or new is None or old.low is None or new.low is None or old.high is None or new.high is None:
        return None
    return old.low <= new.high and new.low <= old.high
