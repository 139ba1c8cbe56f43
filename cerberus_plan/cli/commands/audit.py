"""`cerberus-plan audit`: is the pinning I asked for the pinning I got?"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cerberus_plan.cli import report_file
from cerberus_plan.cli.json_output import print_document
from cerberus_plan.cli.report_file import ReportFile
from cerberus_plan.model.errors import InputError

# Exit code when something is not as planned: no crash and no bad input has it.
DEVIATION = 3

if TYPE_CHECKING:
    from cerberus_plan.planner.audit.promised import Promise


def audit(
    plan: Annotated[Path, typer.Argument(help="Folder written by `cerberus-plan export`, or its plan.json.")],
    *,
    libvirt: Annotated[
        list[Path] | None, typer.Option(help="Output of `virsh dumpxml` to check; repeat for several.")
    ] = None,
    pid: Annotated[
        list[str] | None, typer.Option(help="Process of an instance, as NAME=PID; repeat for several.")
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Check what runs on this host: cgroups and affinity of processes.")
    ] = False,
    beside: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of another deployment on the same host: CPUs and memory given to both are priced."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    report: ReportFile = None,
) -> None:
    """List every deviation from the plan with its predicted price; exit code 3 when there is one.

    Checks the files beside plan.json. With --live or --pid it checks what runs on this host instead, with --libvirt the
    domains given. --live also finds whatever else is pinned to the same CPUs; --beside other deployments' instances.
    """
    from cerberus_plan.calibration.store import catalog
    from cerberus_plan.calibration.store.files import naming
    from cerberus_plan.choices import distances_for
    from cerberus_plan.model.systems.registry import SYSTEMS
    from cerberus_plan.model.topology import MEMBERSHIPS
    from cerberus_plan.planner.audit.beside import neighbours
    from cerberus_plan.planner.audit.compare import compare, planned_pins
    from cerberus_plan.planner.audit.live import find_live
    from cerberus_plan.planner.audit.price import Pricer
    from cerberus_plan.planner.audit.promised import read_promise
    from cerberus_plan.planner.deploy.all_formats import read_files
    from cerberus_plan.planner.deploy.formats.libvirt import libvirt_domain
    from cerberus_plan.planner.deploy.portable import found_from
    from cerberus_plan.reports.audit_words import verdict_sentence
    from cerberus_plan.reports.text.audit_text import print_audit

    report_file.check(report)
    promise = read_promise(plan)
    folder = promise.path.parent
    machine_name = found_from(folder, promise.machine)
    with naming(promise.path):
        machine, workload = catalog.machine(machine_name), catalog.workload(found_from(folder, promise.workload))
    found = [libvirt_domain(file) for file in libvirt or ()]
    running = live or bool(pid)
    if running:
        found += find_live([each.name for each in promise.instances], _processes(pid or (), promise))
    if not running and not libvirt:
        found = read_files(promise.files, folder)
    found = [sight.on(machine.topology, folder=folder) for sight in found]
    pricer = Pricer(
        machine,
        workload,
        SYSTEMS[promise.system],
        planned_pins(promise),
        distances_for(machine_name, machine),
    )
    verdict = compare(
        promise,
        found,
        pricer,
        topology=machine.topology,
        # of some domains or processes only what was given is expected
        expect_all=live or not (libvirt or pid),
        neighbours=neighbours(beside or (), promise, found, machine.topology, live=live),
    )
    sentence = verdict_sentence(promise, verdict)
    document = {
        "plan": str(promise.path),
        "verdict": sentence,
        "checked": verdict.checked,
        "deviations": [{**asdict(one), "cpus": list(one.cpus)} for one in verdict.deviations],
        "total_price": verdict.total_price,
        "topology": {name: list(getattr(machine.topology, name)) for name in MEMBERSHIPS},
        "instances": [{"name": one.name, "cpus": list(one.cpus)} for one in promise.instances],
        "host_cpus": list(promise.host_cpus),
    }
    if report is not None:
        from cerberus_plan.reports.pages.audit_page import audit_page

        report_file.write(report, audit_page(document, command=report_file.command(), version=report_file.version()))
    if as_json:
        print_document(document)
    else:
        print_audit(verdict, sentence)
    if verdict.deviations:
        raise typer.Exit(DEVIATION)


def _processes(pairs: list[str] | tuple[()], promise: Promise) -> dict[str, int]:
    names = [each.name for each in promise.instances]
    found = {}
    for pair in pairs:
        name, _, number = pair.partition("=")
        if name not in names or not (number.isascii() and number.isdigit() and len(number) < 10):
            raise InputError(f"--pid {pair}: give NAME=PID with one of the planned names: {', '.join(names[:8])} ...")
        found[name] = int(number)
    return found
