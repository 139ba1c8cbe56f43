"""`--mix a=2,b=1`: several workloads planned together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cerberus_plan.cli import output_file, report_file
from cerberus_plan.cli.json_output import print_document
from cerberus_plan.model.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from cerberus_plan.model.machine import Machine
    from cerberus_plan.model.structure import System
    from cerberus_plan.planner.mixtures.mix_plan import MixPlan
    from cerberus_plan.planner.plan import Constraints


def weights(text: str) -> list[tuple[str, float]]:
    """Names and weights of "a=2,b=1"; a name alone weighs 1.

    Raises:
        InputError: A part that is not name=weight.
    """
    found = []
    for part in text.split(","):
        name, _, weight = part.strip().rpartition("=") if "=" in part else (part.strip(), "", "1")
        try:
            found.append((name, float(weight)))
        except ValueError:
            name = ""
        if not name:
            raise InputError(
                f"--mix {text!r}: {part.strip()!r} is not NAME=WEIGHT; write for example dbench=2,apache=1"
            )
    return found


def answer(
    text: str,
    machine: Machine,
    systems: Sequence[System],
    constraints: Constraints,
    *,
    as_json: bool,
    report: Path | None,
    output: Path | None = None,
) -> None:
    """Plan the mixture, write its page and file if asked for, and print it."""
    from cerberus_plan.calibration.store import catalog
    from cerberus_plan.planner.mixtures.allocate import plan_mix

    parts = [(catalog.workload(name), weight) for name, weight in weights(text)]
    plan = plan_mix(machine, parts, constraints, systems)
    document = None
    if as_json or report is not None or output is not None:
        from cerberus_plan.reports.pages.plan_document import mix_document

        document = mix_document(plan)
    if output is not None and document is not None:
        output_file.write(output, document)
    deliver(plan, document, as_json=as_json, report=report)


def deliver(
    plan: MixPlan,
    document: Mapping[str, Any] | None,
    *,
    as_json: bool,
    report: Path | None,
    command: Sequence[str] = (),
) -> None:
    """Write the page if asked for, and print the mixture.

    Args:
        plan: The mixture.
        document: Its document; None where neither page nor JSON is asked for.
        as_json: Whether to print JSON.
        report: Where to write the page.
        command: The command that planned it; the one that is running when empty.
    """
    if report is not None and document is not None:
        from cerberus_plan.reports.pages.mix_page import mix_page

        command = command or report_file.command()
        page = mix_page(plan, document=document, command=command, version=document["made_with"])
        report_file.write(report, page)
    if as_json:
        print_document(document)
    else:
        from cerberus_plan.reports.text.mix_text import print_mix

        print_mix(plan)
