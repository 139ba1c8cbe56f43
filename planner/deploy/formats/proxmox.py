"""Proxmox VE: the options of each virtual machine, and scripts that set them with ``qm`` and set them back.

A file holds what ``qm config`` prints: sockets, cores, guest nodes (``numaN``) bound to host nodes, ``affinity``. The
affinity is that of the whole machine, emulator threads included: its vCPUs stay on its CPUs, but which is where is the
kernel's choice. Rules kept: lists inside ``numaN`` are separated by ``;``, nodes of the host need a policy, memories of
the guest's nodes sum to ``memory``, at most eight guest nodes.
When not to use it: containers (``pct``), and where each vCPU needs a CPU of its own; ``libvirt`` does that.
Source: Proxmox VE manual page qm.conf(5), Proxmox VE 7.3 or later for ``affinity``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from cerberus_plan.calibration.store import decode
from cerberus_plan.calibration.store.files import read_text
from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.model.errors import CannotAnswerError, InputError
from cerberus_plan.planner.deploy.deployment import MIB, Deployment, Format, Unit
from cerberus_plan.planner.deploy.seen import MOST_BYTES, MOST_VCPUS, Seen, amount, cpu_set, digits
from cerberus_plan.planner.deploy.settings_scripts import scripts

_MOST_NODES = 8
_OPTION = re.compile(r"([a-z]+[0-9]*):[ \t]*(.*)")
_NODE = re.compile(r"numa[0-9]+")


def _config(deployment: Deployment, unit: Unit) -> str:
    if len(unit.place.nodes) > _MOST_NODES:
        raise CannotAnswerError(
            f"Proxmox gives a guest at most {_MOST_NODES} nodes, and {unit.name} would have {len(unit.place.nodes)}; "
            "choose a larger --vms with a smaller --cores-per-vm, or another --format"
        )
    sockets, cores, threads = deployment.guest_topology(unit)
    lines = [
        f"name: {unit.name}", f"sockets: {sockets}", f"cores: {cores * threads}", f"memory: {sum(unit.memory_mib)}",
        "numa: 1", f"affinity: {cpu_list(unit.cpus)}",
    ]  # fmt: skip
    for i, (node, vcpus) in enumerate(deployment.vcpus_by_node(unit).items()):
        cpus = cpu_list(vcpus).replace(",", ";")
        lines.append(f"numa{i}: cpus={cpus},hostnodes={node},memory={unit.memory_mib[i]},policy=bind")
    return "\n".join(lines) + "\n"


def _write(deployment: Deployment) -> dict[str, str]:
    files = {f"{unit.name}.conf": _config(deployment, unit) for unit in deployment.units}
    return files | scripts(deployment)


def _apply(deployment: Deployment) -> str:
    first = deployment.units[0].name
    return (
        "The virtual machines exist already, with disks and network, one an instance (`qm clone` makes them), and\n"
        "are off. On their host, as root, their numbers in the order of the table above:\n\n"
        f"    sh apply.sh 101 102 ...\n    qm start 101\n    qm config 101 > {first}.conf && cerberus-plan audit .\n\n"
        "What the options were is recorded first. `cerberus-plan audit . --live` reads what is in force. Options\n"
        "take effect when a machine is started."
    )


def _undo(deployment: Deployment) -> str:  # noqa: ARG001 - the format's signature
    return (
        "Shut the machines down, then\n\n    sh undo.sh\n\n"
        "Every option that was set gets its former value, or goes; all others stay."
    )


def _read(folder: Path) -> Iterator[Seen]:
    """Options of each machine, up to its first snapshot."""
    for file in sorted(folder.glob("*.conf")):
        where = str(file)
        options = _options(read_text(file), where)
        count = digits(options.get("sockets", "1"), f"{where}: sockets", low=1, high=MOST_VCPUS) * digits(
            options.get("cores", "1"), f"{where}: cores", low=1, high=MOST_VCPUS
        )
        nodes, policies = _nodes(options, where)
        sizes = [
            digits(options[key].removeprefix("current="), f"{where}: {key}", high=MOST_BYTES // MIB)
            for key in ("memory", "balloon")
            if key in options
        ]
        limit = amount(options.get("cpulimit", "0"), f"{where}: cpulimit")
        yield Seen(
            name=decode.name(options.get("name", file.stem), f"{where}: name"),
            source=file.name,
            count=digits(options["vcpus"], f"{where}: vcpus", low=1) if "vcpus" in options else count,
            quota=limit or None,
            cpus=cpu_set(options.get("affinity", ""), f"{where}: affinity"),
            nodes=nodes,
            policy=next(iter(sorted(policies - {"bind"})), ""),
            # what a balloon may leave of it; 0 is none
            memory_bytes=min((size for size in sizes if size), default=0) * MIB if "memory" in options else None,
        )


def _options(text: str, where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("["):  # what follows is how a snapshot was
            break
        option = _OPTION.fullmatch(line.rstrip())
        if option:
            if option[1] in found:
                raise InputError(f"{where}, line {number}: {option[1]} is given twice; qm takes one")
            found[option[1]] = option[2]
    return found


def _nodes(options: dict[str, str], where: str) -> tuple[frozenset[int], set[str]]:
    """Nodes of the host that memory comes from, and how; a guest node without them takes it from anywhere."""
    nodes: set[int] = set()
    policies: set[str] = set()
    given = [(name, text) for name, text in options.items() if _NODE.fullmatch(name)]
    for name, text in given if options.get("numa") == "1" else ():
        fields = dict(part.partition("=")[::2] for part in text.split(","))
        if not fields.get("hostnodes"):
            return frozenset(), set()
        nodes |= cpu_set(fields["hostnodes"].replace(";", ","), f"{where}: {name}: hostnodes")
        policies.add(
            decode.one_of(fields.get("policy"), f"{where}: {name}: policy", ("bind", "preferred", "interleave"))
        )
    return frozenset(nodes), policies


FORMAT = Format(
    name="proxmox",
    title="Proxmox VE",
    systems=("kvm",),
    write=_write,
    read=_read,
    apply=_apply,
    undo=_undo,
    as_a_whole=True,
)
