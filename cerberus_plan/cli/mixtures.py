"""`--mix a=2,b=1`: several workloads planned together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cerberus_plan.cli import report_file
from cerberus_plan.cli.json_output import print_document
from cerberus_plan.model.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from cerberus_plan.model.machine import Machine
    from cerberus_plan.model.structure import System
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
) -> None:
    """Plan the mixture, write its page if asked for, and print it."""
    from cerberus_plan.calibration.store import catalog
    from cerberus_plan.planner.mixtures.allocate import plan_mix

    parts = [(catalog.workload(name), weight) for name, weight in weights(text)]
    plan = plan_mix(machine, parts, constraints, systems)
    head = {"name": machine.name, "cores": machine.topology.n_cpus, "measured": machine.measured}
    mix = plan.to_json()
    if as_json or report is not None:
        from cerberus_plan.reports.pages.floor_plan import placement_json

        mix["placement"] = placement_json(machine.topology, plan.split, host_cores=constraints.host_cores)
    document = {"machine": head, "cores": constraints.cores, "plans": [], "mix": mix}
    if report is not None:
        from cerberus_plan.reports.pages.mix_page import mix_page

        page = mix_page(plan, document=document, command=report_file.command(), version=report_file.version())
        report_file.write(report, page)
    if as_json:
        print_document(document)
    else:
        from cerberus_plan.reports.text.mix_text import print_mix

        print_mix(plan)
