"""The service laws of a plan as MathML, printed by sympy from the very functions that the solver evaluates.

sympy takes longer to import than a page may take to make, so its output is kept in ``templates/laws.json``; a test
prints it again and compares. After changing a law:
``python -m cerberus_plan.reports.pages.equations > reports/templates/laws.json``.
When not to use it: to compute; ask the law itself.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Sequence
from importlib import resources
from typing import Any

from cerberus_plan.model import laws
from cerberus_plan.model.laws.station import Station
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.plan import Plan
from cerberus_plan.planner.splits.network_of import structure_of


def laws_of(plans: Sequence[Plan]) -> list[dict[str, Any]]:
    """The laws that stations of the plans' systems follow: name, MathML, and the stations, most used first."""
    printed = json.loads(
        (resources.files("cerberus_plan.reports") / "templates" / "laws.json").read_text(encoding="utf-8")
    )
    used: dict[str, dict[str, None]] = {}
    for plan in plans:
        for station in _stations(plan):
            used.setdefault(type(station).__name__, {})[station.name] = None
    ordered = sorted(used, key=lambda law: -len(used[law]))
    return [{"law": words(law), "mathml": printed[law], "stations": list(used[law])} for law in ordered]


def words(law: str) -> str:
    """A class name as words: "ticket lock"."""
    return "".join(f" {c.lower()}" if c.isupper() else c for c in law).strip()


def _stations(plan: Plan) -> list[Station]:
    found: list[Station] = []
    for name in dict.fromkeys(candidate.system for candidate in plan.candidates):
        # laws do not depend on the split, only their parameters do
        structure = structure_of(plan.machine, plan.workload, SYSTEMS[name], vms=2, threads=2)
        found += [*structure.local, *structure.shared]
    return found


def print_law(law: type[Station]) -> str:
    """The law's service time as presentation MathML, without its math element."""
    import sympy

    from cerberus_plan.model.laws.symbolic import SYMBOLIC

    customers = sympy.Symbol("k", positive=True)
    parameters = [sympy.Symbol(name, positive=True) for name in law.parameter_names]
    text = str(sympy.mathml(law.law(SYMBOLIC, customers, *parameters), printer="presentation"))
    return text.replace("<mi>&ExponentialE;</mi>", "<mi>e</mi>")


def print_all() -> str:
    """All laws as the content of ``templates/laws.json``."""
    return json.dumps({law.__name__: print_law(law) for law in all_laws()}, indent=1, ensure_ascii=False)


def all_laws() -> list[type[Station]]:
    """Every station of ``model.laws``, by name."""
    for module in pkgutil.iter_modules(laws.__path__, "cerberus_plan.model.laws."):
        if not module.name.endswith(".symbolic"):
            importlib.import_module(module.name)
    return sorted(Station.__subclasses__(), key=lambda law: law.__name__)


if __name__ == "__main__":
    import sys

    sys.stdout.write(print_all() + "\n")
