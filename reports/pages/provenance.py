"""The table of what the numbers rest on: every input with its interval, how it became known, and from where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.model.vocabulary import COSTS, OPERATIONS
from cerberus_plan.planner.plan import Plan
from cerberus_plan.reports.formats import known, unparted

# the weakest first: they are what a doubter should look at
_ORDER = (Provenance.ASSUMED, Provenance.FITTED, Provenance.DERIVED, Provenance.PUBLISHED, Provenance.MEASURED)
MEANING = {
    Provenance.MEASURED: "measured on this machine",
    Provenance.PUBLISHED: "read from a publication",
    Provenance.DERIVED: "computed from other numbers here",
    Provenance.FITTED: "adjusted so that the model meets known results",
    Provenance.ASSUMED: "a guess, marked as such",
}


def rows(plans: Sequence[Plan]) -> list[dict[str, Any]]:
    """One row for each input of the plans, weakest provenance first.

    Names carry their owner: the machine, or the workload, of which there may be several.
    """
    found: dict[str, Quantity] = {}
    for plan in plans:
        for name, quantity in plan.inputs.items():
            owner, _, rest = name.partition(".")
            found[f"{plan.workload.name if owner == 'workload' else plan.machine.name}.{rest}"] = quantity
    ordered = sorted(found.items(), key=lambda item: _ORDER.index(item[1].provenance))
    return [row(name, quantity) for name, quantity in ordered]


def row(name: str, quantity: Quantity) -> dict[str, Any]:
    """One quantity as text; ``name`` is "owner.name"."""
    owner, _, rest = name.rpartition(".")
    value, between = known(quantity)
    entry = COSTS.get(rest) or OPERATIONS.get(rest)
    return {
        "name": rest,
        "owner": owner,
        "what": entry.meaning if entry else "",
        "value": value,
        "interval": between,
        "provenance": str(quantity.provenance),
        "meaning": MEANING[quantity.provenance],
        "source": unparted(quantity.source),
    }


def counts(found: Sequence[dict[str, Any]]) -> list[str]:
    """How many of the rows are of each provenance, in the rows' order: "3 assumed"."""
    return [f"{n} {kind}" for kind, n in Counter(row["provenance"] for row in found).items()]
