"""A saved answer: the document of ``--json`` with everything it was answered from, so that it can be read back.

The document holds the answer; its member ``given`` holds machine, workloads and constraints as they were read, and
what else was asked for. Reading makes the same plans again without planning: the candidates are those of the file, and
best, ties and best on all cores are picked among them, so that a file in which they disagree is refused.
Format version 1: members are added, never renamed; unknown ones are passed over in the answer, refused in ``given``.
When not to use it: for what a deployment promises; that ``plan.json`` is ``planner.audit.promised``'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from cerberus_plan.calibration.store import decode
from cerberus_plan.calibration.store.files import naming, read_text
from cerberus_plan.calibration.store.records import encode, record
from cerberus_plan.model.digits import counted
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.plain import shown
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.deploy.bundle import PLAN_FORMAT
from cerberus_plan.planner.mixtures.mix_plan import MixPlan
from cerberus_plan.planner.plan import MOST_CORES, MOST_OVERCOMMIT, Candidate, Constraints, Plan

FORMAT, VERSION = "cerberus-plan answer", 1
# Members of a plan in the document that stand for candidates of the same document.
_PICKED = ("best", "best_all_cores", "ties", "candidates")


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedAnswer:
    """What a file of a saved answer holds.

    Attributes:
        path: The file.
        document: The whole document, as ``--json`` prints it.
        plans: The plans in it; none of a mixture.
        mix: The mixture in it, None where workloads are planned each alone.
        changes: Names of the refinements that were asked for (``--what-if``).
        made_with: Version of the program that answered.
        command: The command that did, as a list of words; empty when the file does not say.
    """

    path: Path
    document: Mapping[str, Any]
    plans: tuple[Plan, ...]
    mix: MixPlan | None
    changes: tuple[str, ...]
    made_with: str
    command: tuple[str, ...]


def head(version: str) -> dict[str, Any]:
    """The members by which a document is known as an answer that can be read back.

    Args:
        version: Version of the program.
    """
    return {"format": FORMAT, "format_version": VERSION, "made_with": version}


def given_of(plans: Sequence[Plan], changes: Sequence[str]) -> dict[str, Any]:
    """The member ``given`` of plans: what they were answered from.

    Args:
        plans: The plans, at least one, all of one machine and one set of constraints.
        changes: Refinements that were asked for.
    """
    return {
        "machine": encode(plans[0].machine),
        "constraints": encode(plans[0].constraints),
        "workloads": [encode(plan.workload) for plan in plans],
        "changes": list(changes),
    }


def given_of_mix(mix: MixPlan) -> dict[str, Any]:
    """The member ``given`` of a mixture."""
    return {"mixture": encode(mix)}


def read_answer(path: Path) -> SavedAnswer:
    """The answer in a file.

    Raises:
        InputError: It is none, or of another version: says what it is and what to do.
    """
    with naming(path):
        return _read(path, str(path))


def _read(path: Path, where: str) -> SavedAnswer:
    document = _document(decode.parse_json(read_text(path), where), where)
    _check_characters(document, where)
    given = decode.table(decode.member(document, "given", where), f"{where}: given", (*_GIVEN, "mixture"))
    mix = _mixture(document, given, where)
    return SavedAnswer(
        path=path,
        document={name: value for name, value in document.items() if name != "command"},
        plans=() if mix else _plans(document, given, where),
        mix=mix,
        changes=_texts(given.get("changes", []), f"{where}: given: changes"),
        made_with=decode.name(decode.member(document, "made_with", where), f"{where}: made_with"),
        command=_texts(document.get("command", []), f"{where}: command"),
    )


def _check_change(value: object, where: str, read: Callable[[object, str], Candidate], *, aimed: bool) -> None:
    """Refuse what a refinement makes of a plan where it cannot be told again; it is shown from the document."""
    change = decode.table(value, where)
    for name in ("name", "says"):
        decode.text(decode.member(change, name, where), f"{where}: {name}")
    decode.number(decode.member(change, "gain", where), f"{where}: gain", low=-decode.LARGEST)
    decode.flag(decode.member(change, "same_split", where), f"{where}: same_split")
    of = decode.one_of(decode.member(change, "gain_of", where), f"{where}: gain_of", ("throughput", "headroom"))
    best = decode.table(decode.member(change, "best", where), f"{where}: best")
    read(best, f"{where}: best")
    for name in (of, "headroom_low", "headroom_high") if of == "headroom" else ():
        decode.number(decode.member(best, name, f"{where}: best"), f"{where}: best: {name}")
    if aimed:
        decode.flag(decode.member(best, "meets", f"{where}: best"), f"{where}: best: meets")
        for name in ("cost", "headroom"):  # by these they are put in order
            decode.number(decode.member(best, name, f"{where}: best"), f"{where}: best: {name}")


def _check_characters(document: Mapping[str, Any], where: str) -> None:
    """Refuse halves of characters, which JSON can hold and no file: most members are written again as they are."""
    import json

    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        half = error.object[error.start].encode("ascii", "backslashreplace").decode()
        raise InputError(f"{where}: {half} is half of a character, which no text holds; plan again") from None


_GIVEN = ("machine", "constraints", "workloads", "changes")


def _mixture(document: Mapping[str, Any], given: dict[str, Any], where: str) -> MixPlan | None:
    """The mixture, which must be the one that the document tells."""
    if "mixture" not in given:
        return None
    mix = record(MixPlan, given["mixture"], f"{where}: given: mixture")
    told = decode.table(document.get("mix"), f"{where}: mix")
    if any(told.get(name) != value for name, value in mix.to_json().items()):
        raise InputError(f"{where}: mix is not the mixture given; the file was changed by hand, plan again")
    return mix


def _plans(document: dict[str, Any], given: dict[str, Any], where: str) -> tuple[Plan, ...]:
    parts = {name: decode.member(given, name, f"{where}: given") for name in _GIVEN[:3]}
    machine = record(Machine, parts["machine"], f"{where}: given: machine")
    constraints = record(Constraints, parts["constraints"], f"{where}: given: constraints")
    decode.whole(constraints.cores, f"{where}: given: constraints: cores", low=1, high=MOST_CORES)
    decode.number(constraints.overcommit, f"{where}: given: constraints: overcommit", low=1.0, high=MOST_OVERCOMMIT)
    workloads = decode.rows(parts["workloads"], f"{where}: given: workloads")
    entries = decode.rows(decode.member(document, "plans", where), f"{where}: plans")
    if not entries or len(entries) != len(workloads):
        raise InputError(
            f"{where}: {counted(len(entries), 'plan')} for {counted(len(workloads), 'workload')}; each workload has one"
        )
    return tuple(
        _plan(
            entry,
            f"{where}: plans[{at}]",
            machine,
            record(Workload, workload, f"{where}: given: workloads[{at}]"),
            constraints,
        )
        for at, (entry, workload) in enumerate(zip(entries, workloads, strict=True))
    )


def _document(document: object, where: str) -> dict[str, Any]:
    """The document, unless it is of another kind or version; each is told where to take it."""
    kind = document.get("format") if isinstance(document, dict) else None
    if kind == PLAN_FORMAT:
        raise InputError(f"{where} is a deployment written by `cerberus-plan export`; `cerberus-plan audit` reads it")
    if not isinstance(document, dict) or kind != FORMAT:
        old = kind is None and isinstance(document, dict) and {"machine", "plans"} <= document.keys()
        what = "an answer without its inputs, of an older version" if old else "no saved answer"
        raise InputError(f"{where} is {what}; save one with: cerberus-plan --workload NAME --output FILE")
    if document.get("format_version") != VERSION:
        raise InputError(
            f"{where}: format_version {shown(document.get('format_version'))}, but this program reads {VERSION}; "
            "update it, or plan again"
        )
    return document


def _texts(value: object, where: str) -> tuple[str, ...]:
    return tuple(decode.text(each, f"{where}[{at}]") for at, each in enumerate(decode.rows(value, where)))


def _plan(value: object, where: str, machine: Machine, workload: Workload, constraints: Constraints) -> Plan:
    entry = decode.table(value, where)
    if decode.member(entry, "workload", where) != workload.name:
        raise InputError(f"{where} is for {shown(entry['workload'])}, but the workload given is {workload.name!r}")
    rows = decode.rows(decode.member(entry, "candidates", where), f"{where}: candidates")
    # without an objective the mean response time is said, not known to the candidate
    said = {} if entry.get("objective") is not None else {"latency": None}

    def read(row: object, place: str) -> Candidate:
        return record(Candidate, row, place, given=said, more=True)

    candidates = tuple(read(row, f"{where}: candidates[{at}]") for at, row in enumerate(rows))
    known = {(one.system, one.split): one for one in candidates}

    def pick(given: object, place: str) -> Candidate:
        wanted = read(given, place)
        found = known.get((wanted.system, wanted.split))
        if found != wanted:
            raise InputError(f"{place} is none of the candidates; the file was changed by hand, plan again")
        return wanted if found is None else found

    for at, change in enumerate(decode.rows(entry.get("what_if", []), f"{where}: what_if")):
        _check_change(change, f"{where}: what_if[{at}]", read, aimed=entry.get("objective") is not None)
    whole = entry.get("best_all_cores")
    ties = decode.rows(decode.member(entry, "ties", where), f"{where}: ties")
    rest = {field.name for field in fields(Plan)} - {*_PICKED, "machine", "workload", "constraints"}
    return record(
        Plan,
        {name: value for name, value in entry.items() if name in rest},
        where,
        given={
            "machine": machine,
            "workload": workload,
            "constraints": constraints,
            "best": pick(decode.member(entry, "best", where), f"{where}: best"),
            "best_all_cores": None if whole is None else pick(whole, f"{where}: best_all_cores"),
            "ties": tuple(pick(tie, f"{where}: ties[{at}]") for at, tie in enumerate(ties)),
            "candidates": candidates,
        },
    )
