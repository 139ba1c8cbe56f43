"""What one unit of work asks of the machine, as measured from outside the program.

A demand holds times [s], counts and lock use *per unit of work* (a run, a request, a transaction).
``None`` means not measured, which is not the same as zero.
Assumption: totals divided by the units of work done, so start-up and shut-down are spread over the work.
When not to use it: for programs whose units of work differ widely (a mean describes none of them).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from cerberus_plan.calibration.store import decode
from cerberus_plan.model.errors import InputError

FORMAT = "cerberus-plan demand"
VERSION = 1

TIMES = ("elapsed_s", "user_s", "system_s", "cpu_s")
COUNTS = (
    "page_faults",
    "major_faults",
    "context_switches",
    "voluntary_switches",
    "involuntary_switches",
    "migrations",
    "read_bytes",
    "written_bytes",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemCall:
    """How often one system call is made in a unit of work.

    `time_s` is kernel time as seen by the tracer, which inflates it: compare calls, not seconds.
    """

    name: str
    calls: float
    errors: float = 0.0
    time_s: float | None = None

    def per(self, work: float) -> SystemCall:
        """The same call per unit when `work` units were done."""
        time_s = None if self.time_s is None else self.time_s / work
        return replace(self, calls=self.calls / work, errors=self.errors / work, time_s=time_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class LockUse:
    """How long one kernel lock is waited for and held in a unit of work, summed over threads.

    ``None`` is what the tool does not see: ``perf lock contention`` knows no acquisitions and no holding,
    klockstat no contentions.
    """

    name: str
    kind: str = ""
    wait_s: float
    contentions: float | None = None
    acquisitions: float | None = None
    hold_s: float | None = None

    def per(self, work: float) -> LockUse:
        """The same lock per unit when `work` units were done."""
        return replace(
            self,
            wait_s=self.wait_s / work,
            contentions=None if self.contentions is None else self.contentions / work,
            acquisitions=None if self.acquisitions is None else self.acquisitions / work,
            hold_s=None if self.hold_s is None else self.hold_s / work,
        )

    @property
    def hold_per_acquisition_s(self) -> float | None:
        """Mean hold time [s], the service time of the lock as a station."""
        if not self.acquisitions or self.hold_s is None:
            return None
        return self.hold_s / self.acquisitions


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Times, counts, system calls and locks of one unit of work.

    Attributes:
        unit: what the work is counted in, such as ``run`` or ``request``.
        work: how many units were done while measuring; all other numbers are already divided by it.
        cores: cores the program was given, where known.
        elapsed_s: wall-clock seconds; cpu_s: user and system together, where not known apart.
        read_bytes: fetched from storage [B]; written_bytes: dirtied in files on storage [B] (not tmpfs).
        counters: hardware or other events by name.
        notes: what the reader should know (scaled counters, missing tools, ...).
        source: file or command it came from.

    Raises:
        InputError: a number is negative or not finite, or `work` is not positive.
    """

    unit: str = "run"
    work: float = 1.0
    cores: int | None = None
    elapsed_s: float | None = None
    user_s: float | None = None
    system_s: float | None = None
    cpu_s: float | None = None
    page_faults: float | None = None
    major_faults: float | None = None
    context_switches: float | None = None
    voluntary_switches: float | None = None
    involuntary_switches: float | None = None
    migrations: float | None = None
    read_bytes: float | None = None
    written_bytes: float | None = None
    counters: dict[str, float] = field(default_factory=dict)
    system_calls: tuple[SystemCall, ...] = ()
    locks: tuple[LockUse, ...] = ()
    notes: tuple[str, ...] = ()
    source: str = ""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.work) and self.work > 0):
            raise InputError(f"units of work must be a positive number, not {self.work}")
        for name in (*TIMES, *COUNTS):
            _check(name, getattr(self, name))
        for name, value in self.counters.items():
            _check(name, value)
        for call in self.system_calls:
            for name in ("calls", "errors", "time_s"):
                _check(f"{name} of {call.name}", getattr(call, name))
        for lock in self.locks:
            for name in ("wait_s", "contentions", "acquisitions", "hold_s"):
                _check(f"{name} of {lock.name}", getattr(lock, name))

    def per(self, work: float, unit: str) -> Demand:
        """The demand of one `unit` when this one covers `work` of them.

        Args:
            work: units of work in one of the present units, > 0.
            unit: name of the new unit.

        Raises:
            InputError: `work` is not a positive number.
        """
        if not (math.isfinite(work) and work > 0):
            raise InputError(f"units of work must be a positive number, not {work}")
        scaled: dict[str, Any] = {
            name: None if (value := getattr(self, name)) is None else value / work for name in (*TIMES, *COUNTS)
        }
        return replace(
            self,
            unit=unit,
            work=self.work * work,
            counters={name: value / work for name, value in self.counters.items()},
            system_calls=tuple(call.per(work) for call in self.system_calls),
            locks=tuple(lock.per(work) for lock in self.locks),
            **scaled,
        )


def _check(name: str, value: float | None) -> None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if value is not None and not (is_number and math.isfinite(value) and value >= 0.0):
        raise InputError(f"{name} must be a number of at least 0, not {value}")


def demands_to_json(demands: tuple[Demand, ...], **about: object) -> str:
    """A demand file: format, version, anything in `about`, and the list of demands."""
    document = {"format": FORMAT, "version": VERSION, **about, "demands": [asdict(d) for d in demands]}
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def demands_from_json(text: str, name: str) -> tuple[Demand, ...]:
    """The demands of a demand file called `name` in messages.

    Raises:
        InputError: not JSON, not a demand file, of a later version, or with fields that do not fit.
    """
    document = decode.parse_json(text, name)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise InputError(f'{name} is not a demand file: "format" must be "{FORMAT}"')
    if document.get("version") != VERSION:
        raise InputError(
            f"{name} has version {decode.shown(document.get('version'))}; this program reads version {VERSION}"
        )
    entries = decode.rows(decode.member(document, "demands", name), f"{name}: demands")
    return tuple(_demand(entry, f"{name}: demands[{i}]") for i, entry in enumerate(entries))


def _demand(value: object, where: str) -> Demand:
    entry = decode.table(value, where, [f.name for f in fields(Demand)])
    read: dict[str, Any] = {}
    for field_name, given in entry.items():
        place = f"{where}: {field_name}"
        if field_name in ("unit", "source"):
            read[field_name] = decode.plain(decode.text(given, place), one_line=True)
        elif field_name in _LISTS:
            read[field_name] = tuple(
                _LISTS[field_name](each, f"{place}[{i}]") for i, each in enumerate(decode.rows(given, place))
            )
        elif field_name == "counters":
            counters = decode.table(given, place)
            read[field_name] = {
                decode.plain(name): decode.number(count, f"{place}: {decode.shown(name)}", smallest=0.0)
                for name, count in counters.items()
            }
        elif field_name == "cores":
            read[field_name] = None if given is None else decode.whole(given, place, low=1, high=2**16)
        else:
            read[field_name] = (
                None if given is None else decode.number(given, place, positive=field_name == "work", smallest=0.0)
            )
    for needed in ("system_calls", "locks", "notes"):
        decode.member(entry, needed, where)
    return Demand(**read)


def _part(kind: type[Any], texts: tuple[str, ...], needed: tuple[str, ...]) -> Callable[[object, str], Any]:
    """How a system call or a lock is read: texts, and numbers that may be null."""

    def read(value: object, where: str) -> Any:
        entry = decode.table(value, where, [f.name for f in fields(kind)])
        for name in needed:
            if decode.member(entry, name, where) is None:
                decode.refuse(None, f"{where}: {name}", "given")
        return kind(
            **{
                name: decode.plain(decode.text(given, f"{where}: {name}"), one_line=True)
                if name in texts
                else None
                if given is None
                else decode.number(given, f"{where}: {name}", smallest=0.0)
                for name, given in entry.items()
            }
        )

    return read


_LISTS: dict[str, Callable[[object, str], Any]] = {
    "system_calls": _part(SystemCall, ("name",), ("name", "calls")),
    "locks": _part(LockUse, ("name", "kind"), ("name", "wait_s")),
    "notes": decode.text,
}
