"""The machine's floor plan with what an audit found on it: a letter at each deviation's CPUs, its price beside.

Takes the document of ``audit --json``: topology, planned CPUs, deviations with their CPUs. Squares carry the number of
the instance that was planned there, marked ones the letter of the dearest deviation seen there.
When not to use it: for machines with more CPUs than a page can show; the table of deviations says the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cerberus_plan.reports.audit_words import price_words
from cerberus_plan.reports.pages.floor_plan import MOST_CPUS, square, squares

# Deviations that get a letter; the table has all.
_LETTERS = "ABCDEFGHIJKLMNOPQRST"


def marked_floor(document: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """What the page draws; None for a machine too large to be drawn.

    Args:
        document: The audit's document.
        found: Its deviations, the dearest first.
    """
    topology = document["topology"]
    if len(topology["cpus"]) > MOST_CPUS:
        return None
    owner = {cpu: at for at, one in enumerate(document["instances"]) for cpu in one["cpus"]}
    lettered = list(zip(_LETTERS, found, strict=False))
    here: dict[int, list[tuple[str, Mapping[str, Any]]]] = {}
    for letter, one in lettered:
        for cpu in one["cpus"]:
            here.setdefault(cpu, []).append((letter, one))
    host = set(document["host_cpus"])

    def draw(cpu: int) -> dict[str, Any]:
        planned = square(cpu, "host" if cpu in host else None if cpu not in owner else str(owner[cpu]))
        if cpu not in here:
            return planned
        said = "; ".join(f"{letter}: {_sentence(one)}" for letter, one in here[cpu])
        return {**planned, "label": here[cpu][0][0], "kind": "marked", "text": f"{planned['text']}. {said}"}

    return {
        "sockets": squares(topology, draw),
        "marks": [
            {"letter": letter, "price": price_words(one["price"]), "text": _sentence(one)} for letter, one in lettered
        ],
        "more": max(len(found) - len(_LETTERS), 0),
        "host": bool(host),
        "idle": bool(set(topology["cpus"]) - owner.keys() - host),
        "instances": [(str(at), one["name"]) for at, one in enumerate(document["instances"])],
    }


def _sentence(one: Mapping[str, Any]) -> str:
    return f"{one['instance']}, {one['kind']}: {one['what']}"
