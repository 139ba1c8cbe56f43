"""The report of an observation: the curve and the splits as they were run, and what one unit of work takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cerberus_plan.reports.charts.strips import Strip, strips
from cerberus_plan.reports.formats import number, quantity
from cerberus_plan.reports.pages.findings import findings_page

# Members of a demand that are told, with their units.
_TOLD = {"user_s": "s", "system_s": "s", "page_faults": "1", "voluntary_switches": "1"}


def observe_page(document: Mapping[str, Any], *, command: Sequence[str], version: str) -> str:
    """The page of an ``observe --json`` document."""
    curve, unit = document["curve"], document["unit"]
    middle = [sorted(point["values"])[len(point["values"]) // 2] for point in curve]
    splits: dict[str, list[float]] = {}
    for row in document["measured"]:
        if row["instances"] > 1:
            splits.setdefault(f"{row['instances']} × {row['cores_per_instance']}", []).append(row["value"])
    most = curve[-1]["n"]
    verdict = (
        f"{most} cores do {number(middle[-1] / middle[0])} times what {curve[0]['n']} does."
        if len(curve) > 1
        else f"{number(middle[0])} {unit} on {most} cores."
    )
    figures = [
        strips([Strip(name=f"1 × {point['n']}", values=point["values"]) for point in curve]
               + [Strip(name=name, values=values) for name, values in splits.items()],
               name="runs", title=f"Every run [{unit}]", columns=("instances × cores", unit, "predicted"),
               caption="A dot is a run: the curve of one instance first, then several instances at the same time."),
    ]  # fmt: skip
    return findings_page(
        document,
        what="observe",
        subject=document["program"],
        verdict=verdict,
        notes=document["findings"],
        figures=figures,
        tables=[
            (
                "What one unit of work takes",
                ("cores", *(name.removesuffix("_s").replace("_", " ") for name in _TOLD)),
                [
                    (str(point["n"]), *(_demand(demand, name, kind) for name, kind in _TOLD.items()))
                    for point, demand in zip(curve, document["demands"], strict=True)
                ],
            ),
            (
                "System calls of a unit of work",
                ("kind", "calls"),
                [(kind, number(calls)) for kind, calls in (document["system_call_mix"] or {}).items()],
            ),
        ],
        command=command,
        version=version,
    )


def _demand(demand: Mapping[str, Any], name: str, unit: str) -> str:
    value = demand.get(name)
    return "–" if value is None else quantity(value, unit)
