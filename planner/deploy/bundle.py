"""All files of a deployment: the format's own, ``plan.json`` for the auditor, ``README.md`` for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.deploy.deployment import Deployment, Format

PLAN_FORMAT = "cerberus-plan deployment"
PLAN_VERSION = 1
PLAN_FILE = "plan.json"
_INTERRUPTS = "interrupts.before"


def bundle(
    form: Format,
    deployment: Deployment,
    facts: Mapping[str, Any],
    lines: tuple[str, ...],
    carried: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, str]:
    """Text of each file by name.

    Args:
        form: The format to write.
        deployment: What to write.
        facts: What the plan promises (machine, workload, system, throughput, ...): keys of ``plan.json``.
        lines: Sentences about the plan for the README.
        carried: Files that ``facts`` refer to, copied along.

    Raises:
        CannotAnswerError: The format does not start without a CPU for the host, and none is left.
    """
    if form.needs_host_cpus and not deployment.host_cpus:
        raise CannotAnswerError(
            f"{form.title}: {form.needs_host_cpus}, and this plan leaves none; export with --host-cores 1 or more"
        )
    files = {**form.write(deployment), **carried, "README.md": _readme(form, deployment, lines)}
    document = {**_document(form, deployment, facts), "written": sorted([*files, PLAN_FILE])}
    return {**files, PLAN_FILE: json.dumps(document, indent=2, allow_nan=False) + "\n"}


def _document(form: Format, deployment: Deployment, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "format": PLAN_FORMAT,
        "version": PLAN_VERSION,
        "files": form.name,
        **facts,
        "instances": [
            {
                "name": unit.name,
                "cpus": list(unit.cpus),
                "nodes": list(unit.place.nodes),
                "memory_bytes": [int(size) for size in unit.place.memory_bytes],
            }
            for unit in deployment.units
        ],
        "host_cpus": list(deployment.host_cpus),
        "proven": deployment.placement.proven,
        "notes": list(deployment.placement.notes),
    }


def _readme(form: Format, deployment: Deployment, lines: tuple[str, ...]) -> str:
    rows = [
        f"| {unit.name} | {' '.join(map(str, unit.cpus))} | {cpu_list(unit.place.nodes)} | {sum(unit.memory_mib)} |"
        for unit in deployment.units
    ]
    host = cpu_list(deployment.host_cpus) or "none"
    virtualised = SYSTEMS[form.systems[0]].virtualised
    return "\n".join(
        [
            f"# {deployment.name}: {form.title}",
            "",
            *lines,
            "",
            "## Where everything runs",
            "",
            f"| instance | {'CPUs' if form.as_a_whole else 'CPUs (vCPU 0, 1, ...)'} | NUMA nodes | memory MiB |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
            f"CPUs for the host{', emulators' if virtualised else ''} and interrupts: {host}.",
            "",
            *_interrupts(deployment),
            *[f"- {note}" for note in deployment.placement.notes],
            "",
            "## Apply",
            "",
            form.apply(deployment),
            "",
            "## Undo",
            "",
            form.undo(deployment),
            "",
            *_interrupts_back(deployment),
        ]
    )


def _interrupts(deployment: Deployment) -> list[str]:
    """How to keep interrupts off the instances, where there is a CPU to move them to."""
    if not deployment.host_cpus:
        return []
    return [
        "Interrupts go there with `irqbalance` stopped; some cannot be moved. Where they were is recorded first:",
        "",
        f"    [ -e {_INTERRUPTS} ] || grep -s . /proc/irq/[0-9]*/smp_affinity_list >{_INTERRUPTS}",
        "    for f in /proc/irq/[0-9]*/smp_affinity_list; do",
        f'        echo {cpu_list(deployment.host_cpus)} | sudo tee "$f" >/dev/null 2>&1',
        "    done",
        "",
    ]


def _interrupts_back(deployment: Deployment) -> list[str]:
    """How to send interrupts where they went before."""
    if not deployment.host_cpus:
        return []
    return [
        "Interrupts, if you moved them; then start `irqbalance` again if it ran:",
        "",
        '    while IFS=: read -r f cpus; do echo "$cpus" | sudo tee "$f" >/dev/null 2>&1; done '
        f"<{_INTERRUPTS} && rm {_INTERRUPTS}",
        "",
    ]
