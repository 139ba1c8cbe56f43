"""The report of an observation: curve and splits as they were run, where a unit's time goes, whose contention it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cerberus_plan.model.digits import counted
from cerberus_plan.reports import observe_words as words
from cerberus_plan.reports.charts.bars import bars
from cerberus_plan.reports.charts.figure import Figure
from cerberus_plan.reports.charts.ledger import ledger
from cerberus_plan.reports.charts.strips import Strip, strips
from cerberus_plan.reports.formats import estimate, number, percent, quantity
from cerberus_plan.reports.pages.findings import Table, findings_page


def observe_page(document: Mapping[str, Any], *, command: Sequence[str], version: str) -> str:
    """The page of an ``observe --json`` document."""
    return findings_page(
        document,
        what="observe",
        subject=document["program"],
        verdict=_verdict(document),
        notes=document["findings"],
        figures=list(_figures(document)),
        tables=list(_tables(document)),
        command=command,
        version=version,
    )


def _verdict(document: Mapping[str, Any]) -> str:
    """How it scales, and who is most likely to keep it from scaling further."""
    least, most = words.curve(document)[0], words.curve(document)[-1]
    name = counted(most[0], "core")
    first = (
        f"{name} do {words.speed_up(most, least)} times what {least[0]} does."
        if most is not least
        else f"{estimate(*most[1], document['unit'])} on {name}."
    )
    return f"{first} {words.owner_sentence(document)}" if document["owner"] else first


def _figures(document: Mapping[str, Any]) -> Iterator[Figure]:
    unit = document["unit"]
    splits: dict[str, list[Mapping[str, Any]]] = {}
    for row in document["measured"]:
        if row["instances"] > 1:
            splits.setdefault(f"{row['instances']} × {row['cores_per_instance']}", []).append(row)
    yield strips(
        [Strip(name=f"1 × {point['n']}", values=point["values"], low=low, high=high)
         for point, (_, (_, low, high)) in zip(document["curve"], words.curve(document), strict=True)]
        + [Strip(name=name, values=[row["value"] for row in rows], low=rows[0].get("low"), high=rows[0].get("high"))
           for name, rows in splits.items()],
        name="runs",
        title=f"Every run [{unit}]",
        columns=("instances × cores", unit, "predicted"),
        caption="A dot is a run of one instance, or the median of several; lines are 90 % intervals of medians. "
        "Where other programs took time they reach up to what a quiet host may give.",
    )  # fmt: skip
    if document["ledger"]:
        yield ledger(
            [(counted(row["cores"], "core"), {words.PARTS[part["name"]]: part["share"] for part in row["parts"]})
             for row in document["ledger"]],
            name="ledger",
            title="Where the core-seconds of a unit of work go",
            caption="Cores × time of one unit; every bar adds up to 100 %. What grows is what scaling loses.",
        )  # fmt: skip
    if document["owner"]:
        yield bars(
            words.likely(document["owner"]),
            name="owner",
            title=f"Who owns the contention on {counted(document['owner_on_cores'], 'core')}",
            caption="Probabilities by the runs; the table of owners says what each would mean.",
            column="probability",
        )  # fmt: skip


def _tables(document: Mapping[str, Any]) -> Iterator[Table]:
    if document["owner"]:
        yield (
            "Owners",
            ("owner", "probability", "what it would mean"),
            [(name, percent(share), document["causes"][name]) for name, share in words.likely(document["owner"])],
        )
    ledgers = document["ledger"]
    for at in dict.fromkeys((0, len(ledgers) - 1)) if ledgers else ():
        row = ledgers[at]
        yield (
            f"The demands of a unit of work on {counted(row['cores'], 'core')}",
            ("demand", "core-time a unit", "share", "90 % interval", "known how", "from"),
            [
                (words.PARTS[part["name"]], quantity(part["seconds"], "s"), percent(part["share"]), _between(part),
                 part["provenance"], part["source"])
                for part in row["parts"]
            ],
        )  # fmt: skip
    yield (
        "What it asks for beside processor time",
        ("demand", "a unit", "known how", "from"),
        list(words.asked(document)),
    )
    yield (
        "System calls of a unit of work",
        ("kind", "calls"),
        [(kind, number(calls)) for kind, calls in (document["system_call_mix"] or {}).items()],
    )


def _between(part: Mapping[str, Any]) -> str:
    return "–" if part["low"] is None else f"{percent(part['low'])} to {percent(part['high'])}"
