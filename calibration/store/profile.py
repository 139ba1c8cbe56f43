"""The passport of a host: one JSON file with what was measured, how, and every raw sample.

Format version 1 (what a reader may rely on; keys are added, never renamed):

    format "cerberus-plan profile", version 1, created (UTC), tool {}, host {}, topology {},
    run {}, notes [text], missing {name: why}, quantities {name: {value, unit, low, high, provenance,
    source}}, latency {cpus, round_trip_s}, samples {case: {column: [...]}}

Values are SI. Samples are stored in columns, one row a batch, warm-ups (round -1) and doubtful batches included, so
that statistics can be computed again. Files are replaced whole or not at all. Measurements of different hosts
are never put into one profile.

Where profiles live: ``$CERBERUS_PLAN_HOME/profiles``, else ``$XDG_DATA_HOME/cerberus-plan/profiles``, else
``~/.local/share/cerberus-plan/profiles``; one file a host, named after it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cerberus_plan.calibration.harness.case import Batch
from cerberus_plan.calibration.host.identity import Host, this_host
from cerberus_plan.calibration.store import decode
from cerberus_plan.calibration.store import profile_fields as read
from cerberus_plan.calibration.store.files import read_text, write_atomically
from cerberus_plan.calibration.store.places import profiles_folder
from cerberus_plan.model.digits import counted
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.plain import plain, shown
from cerberus_plan.model.quantity import Quantity
from cerberus_plan.model.shown import Shown
from cerberus_plan.model.topology import Topology

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FORMAT = "cerberus-plan profile"
#: Family of a host that was made of parts: nothing was measured on it.
MADE = "made of parts"
VERSION = 1
#: Raw samples of a 512-core host with all pairs stay below this.
_MOST_BYTES = 512 * 2**20
_COLUMNS = tuple(f.name for f in fields(Batch) if f.name != "case")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Profile(Shown):
    """Everything known about one host.

    Attributes:
        host: Identity of the host.
        created: When it was measured, UTC, ISO 8601.
        topology: Where the cores are.
        quantities: Measured and derived costs by name, SI units.
        tool: Versions of what measured it.
        run: Rounds, processes, seed, load, steal, verdict.
        notes: What people should know, for example where firmware and measurement disagree.
        missing: Quantities that could not be measured, with the reason.
        latency: Cache line round trip of pairs of cores [s].
        batches: Raw batches by case.
    """

    host: Host
    created: str
    topology: Topology
    quantities: Mapping[str, Quantity]
    tool: Mapping[str, str] = field(default_factory=dict)
    run: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    latency: Mapping[tuple[int, int], float] = field(default_factory=dict)
    batches: Mapping[str, list[Batch]] = field(default_factory=dict)

    def __repr__(self) -> str:
        verdict = self.run.get("verdict", "not judged")
        return f"<Profile of {self.host.name}, {self.created}: {len(self.quantities)} quantities, {verdict}>"


def merge(old: Profile, new: Profile) -> Profile:
    """``new`` on top of ``old``: quantities and samples that were not measured again are kept.

    Raises:
        InputError: The two come from different hosts.
    """
    if differences := old.host.differences(new.host):
        raise InputError(
            f"the profile was measured on another host ({'; '.join(differences)}); "
            "measurements of two hosts are never merged: choose another --output"
        )
    quantities = {**old.quantities, **new.quantities}
    missing = {name: why for name, why in {**old.missing, **new.missing}.items() if name not in quantities}
    return replace(
        new,
        quantities=quantities,
        run={**old.run, **new.run},
        missing=missing,
        notes=tuple(dict.fromkeys([*old.notes, *new.notes])),
        latency={**old.latency, **new.latency},
        batches={**old.batches, **new.batches},
    )


def default_path(host: Host) -> Path:
    """Where the profile of ``host`` lives."""
    return profiles_folder() / (re.sub(r"[^A-Za-z0-9._-]", "_", host.name) + ".json")


def _number(value: float | None) -> float | None:
    """Six significant digits: more is noise, and files of raw samples are large."""
    return None if value is None else float(f"{value:.6g}")


def _columns(batches: list[Batch]) -> dict[str, list[Any]]:
    rows = [batch.to_record() for batch in batches]
    return {
        name: [_number(row[name]) if isinstance(row[name], float) else row[name] for row in rows] for name in _COLUMNS
    }


def _topology_record(topology: Topology) -> dict[str, list[Any]]:
    return {f.name: list(getattr(topology, f.name)) for f in fields(topology)}


def _latency_record(latency: Mapping[tuple[int, int], float]) -> list[list[float]]:
    if not latency:
        return []
    from cerberus_plan.calibration.host.latency_matrix import LatencyMatrix

    # six digits, as for samples; a million pairs of a large host are no reason to wait
    return [[a, b, float(f"{value:.6g}")] for a, b, value in LatencyMatrix.of(latency).triples()]


def to_record(profile: Profile) -> dict[str, Any]:
    """The profile as one JSON document."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "created": profile.created,
        "tool": dict(profile.tool),
        "host": profile.host.to_record(),
        "topology": _topology_record(profile.topology),
        "run": dict(profile.run),
        "notes": list(profile.notes),
        "missing": dict(profile.missing),
        "quantities": {name: q.to_record() for name, q in profile.quantities.items()},
        "latency": {"unit": "s", "round_trips": _latency_record(profile.latency)},
        "samples": {name: _columns(batches) for name, batches in profile.batches.items()},
    }


def write_profile(profile: Profile, path: Path) -> None:
    """Write ``profile`` to ``path``, whole or not at all.

    Raises:
        InputError: The place cannot be written to.
    """
    write_atomically(path, json.dumps(to_record(profile), separators=(",", ":"), allow_nan=False) + "\n")


def _read_version_1(record: dict[str, Any], where: str) -> Profile:
    quantities = decode.table(decode.member(record, "quantities", where), f"{where}: quantities")
    samples = decode.table(record.get("samples", {}), f"{where}: samples")
    return Profile(
        host=read.host_of(decode.member(record, "host", where), f"{where}: host"),
        created=decode.name(decode.member(record, "created", where), f"{where}: created"),
        topology=read.topology_of(decode.member(record, "topology", where), where),
        quantities={
            plain(name): read.quantity_of(q, f"{where}: quantities: {shown(name)}", name)
            for name, q in quantities.items()
        },
        tool=read.texts_of(record.get("tool", {}), f"{where}: tool"),
        run=_run(record.get("run", {}), f"{where}: run"),
        notes=tuple(
            decode.text(note, f"{where}: notes[{i}]")
            for i, note in enumerate(decode.rows(record.get("notes", []), f"{where}: notes"))
        ),
        missing=read.texts_of(record.get("missing", {}), f"{where}: missing"),
        latency=read.latency_of(record.get("latency", {}), f"{where}: latency"),
        batches={
            plain(case): read.batches_of(case, columns, f"{where}: samples: {shown(case)}")
            for case, columns in samples.items()
        },
    )


def _run(value: object, where: str) -> dict[str, Any]:
    """What is said about the run; what is shown of it are texts and numbers."""
    found = decode.table(value, where)
    return {
        plain(name): decode.text(given, f"{where}: {shown(name)}") if isinstance(given, str) else given
        for name, given in found.items()
    }


_READERS: dict[int, Callable[[dict[str, Any], str], Profile]] = {1: _read_version_1}


def is_profile(record: object) -> bool:
    """Whether a JSON document claims to be a profile."""
    return isinstance(record, dict) and record.get("format") == FORMAT


def from_record(record: object, *, where: str) -> Profile:
    """The profile in a JSON document that came from ``where``.

    Raises:
        InputError: It is no profile, of a version this program does not know, or damaged.
    """
    if not isinstance(record, dict) or not is_profile(record):
        raise InputError(f"{where} is not a profile of this program; make one with `cerberus-plan calibrate`")
    version = record.get("version", 0)
    reader = _READERS.get(version) if type(version) is int else None
    if reader is None:
        raise InputError(
            f"{where} has profile version {shown(version)}; this program reads "
            f"{', '.join(map(str, _READERS))}: update the program, or calibrate again"
        )
    return reader(record, where)


def read_profile(path: str | Path, *, samples: bool = True) -> Profile:
    """Read a profile, without its raw samples if they are not wanted.

    Raises:
        InputError: The file is missing, not JSON, or not a profile that can be read.
    """
    record = decode.parse_json(read_text(path, max_bytes=_MOST_BYTES), str(path))
    if isinstance(record, dict) and not samples:
        record.pop("samples", None)
    return from_record(record, where=str(path))


def _complaint(run: Mapping[str, Any]) -> str:
    """What the verdict of an unstable calibration says, empty for a stable one."""
    verdict = run.get("verdict", "")
    return verdict if isinstance(verdict, str) and verdict.startswith("unstable") else ""


def machine_of(profile: Profile) -> Machine:
    """The machine that a profile describes, as the planner sees it."""
    host = profile.host
    groups = len(set(profile.topology.l3_groups))
    return Machine(
        name=host.name,
        description=(
            f"{host.processor}, {counted(host.cpus, 'CPU')} in {counted(groups, 'L3 group')}, "
            f"{host.kernel}, {'made' if host.family == MADE else 'measured'} {profile.created[:10]}"
        ),
        topology=profile.topology,
        quantities=profile.quantities,
        limits={},
        measured=host.family != MADE,
        deployable=True,
        unstable=_complaint(profile.run),
    )


def profile_to_machine(path: str | Path) -> Machine:
    """Read a profile as a machine.

    Raises:
        InputError: As for ``read_profile``.
    """
    return machine_of(read_profile(path, samples=False))


def this_host_profile() -> Path | None:
    """The stored profile of this host, None if there is none or it was measured on other hardware.

    A name may be taken over by a different machine (containers, reinstallation): its profile is not used. A new kernel
    or a smaller affinity mask leaves the profile the best that is known.
    """
    host = this_host()
    path = default_path(host)
    if not path.is_file():
        return None
    return path if read_profile(path, samples=False).host.is_same_machine(host) else None
