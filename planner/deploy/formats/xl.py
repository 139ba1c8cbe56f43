"""Xen xl.cfg: one hard pin a vCPU, vNUMA for guests on several nodes, a CPU pool beside Domain-0's.

vNUMA rules kept: all four keys in each node, sizes that sum to ``maxmem``, no PV guest. Such guests cannot be saved or
migrated, so it is written only where a guest has more than one node.
Source: Xen manual pages xl.cfg(5), xlcpupool.cfg(5).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cerberus_plan.calibration.store import decode
from cerberus_plan.calibration.store.files import read_text
from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.plain import shortened
from cerberus_plan.planner.deploy.deployment import MIB, Deployment, Format, Unit
from cerberus_plan.planner.deploy.seen import MOST_BYTES, MOST_VCPUS, Seen, cpu_set, digits

_MOST_BYTES = 2**20  # Python's parser needs hundreds of bytes for each
_NEAR, _FAR = 10, 20
# Records beside the files: pins of Domain-0's vCPUs, CPUs taken out of its pool, and that the pool is ours.
_DOMAIN_0, _POOL_0, _POOL = "domain0.before", "pool0.before", "pool.started"


def _guest(deployment: Deployment, unit: Unit) -> str:
    memory = sum(unit.memory_mib)
    pins = ", ".join(f'"{cpu}"' for cpu in unit.cpus)
    lines = [
        f'name = "{unit.name}"',
        'type = "hvm"',
        f"vcpus = {len(unit.cpus)}",
        f"maxvcpus = {len(unit.cpus)}",
        f"memory = {memory}",
        f"maxmem = {memory}",
        f"cpus = [{pins}]",
    ]
    if deployment.host_cpus:
        lines.append(f'pool = "{deployment.name}"')
    if len(unit.place.nodes) > 1:
        lines.append(f"vnuma = [{', '.join(_virtual_nodes(deployment, unit))}]")
    return "\n".join(lines) + "\n"


def _virtual_nodes(deployment: Deployment, unit: Unit) -> list[str]:
    count = len(unit.place.nodes)
    found = []
    for i, (node, vcpus) in enumerate(deployment.vcpus_by_node(unit).items()):
        distances = ",".join(str(_NEAR if i == j else _FAR) for j in range(count))
        keys = (
            f"pnode={node}",
            f"size={unit.memory_mib[i]}",
            f"vcpus={cpu_list(vcpus)}",
            f"vdistances={distances}",
        )
        found.append("[" + ", ".join(f'"{key}"' for key in keys) + "]")
    return found


def _pool(deployment: Deployment) -> str:
    cpus = ", ".join(f'"{cpu}"' for cpu in deployment.instance_cpus)
    return f'name = "{deployment.name}"\nsched = "credit2"\ncpus = [{cpus}]\n'


def _write(deployment: Deployment) -> dict[str, str]:
    files = {f"{unit.name}.cfg": _guest(deployment, unit) for unit in deployment.units}
    if deployment.host_cpus:
        files[f"{deployment.name}.cpupool"] = _pool(deployment)
    return files


def _apply(deployment: Deployment) -> str:
    pool = (
        f"Domain-0 keeps CPUs {cpu_list(deployment.host_cpus)}: boot Xen with `dom0_max_vcpus="
        f"{len(deployment.host_cpus)}`. Pin it, take the other CPUs out of its pool, create the guests' pool; what\n"
        "was there before and what is ours is recorded here:\n\n"
        f"    [ -e {_DOMAIN_0} ] || xl vcpu-list Domain-0 >{_DOMAIN_0}\n"
        f"    xl vcpu-pin Domain-0 all {cpu_list(deployment.host_cpus)}\n"
        f"    for c in {' '.join(map(str, deployment.instance_cpus))}; do\n"
        f"        xl cpupool-cpu-remove Pool-0 $c && echo $c >>{_POOL_0}\n"
        "    done\n"
        f"    xl cpupool-create {deployment.name}.cpupool && touch {_POOL}\n\n"
        if deployment.host_cpus
        else "No CPU is left for Domain-0: it shares the guests' CPUs in Pool-0. `--host-cores` leaves it some.\n\n"
    )
    return (
        f"{pool}Add `disk`, `vif` and a bootloader or kernel to each file, then\n\n"
        f'    for f in {deployment.name}-*.cfg; do xl create "$f" && touch "${{f%.cfg}}.started"; done\n'
        '    xl vcpu-list      # column "CPU" and "Affinity (Hard)" must agree with the files'
    )


def _undo(deployment: Deployment) -> str:
    text = (
        "Guests that were started from here, no others of their names; then pool and Domain-0 as they were:\n\n"
        f"    for f in {deployment.name}-*.started; do\n"
        '        [ -e "$f" ] && xl shutdown -w "${f%.started}" && rm "$f"\n'
        "    done"
    )
    if deployment.host_cpus:
        text += (
            f"\n    [ -e {_POOL} ] && xl cpupool-destroy {deployment.name} && rm {_POOL}\n"
            f"    if [ ! -e {_POOL} ] && [ -e {_DOMAIN_0} ]; then\n"
            f"        for c in $(cat {_POOL_0}); do xl cpupool-cpu-add Pool-0 $c; done\n"
            f"        awk 'NR > 1 {{print $3, $7}}' {_DOMAIN_0} |\n"
            '            while read -r v cpus; do xl vcpu-pin Domain-0 "$v" "$cpus"; done\n'
            f"        rm -f {_POOL_0} {_DOMAIN_0}\n"
            "    fi"
        )
    return text


def _read(folder: Path) -> Iterator[Seen]:
    for file in sorted(folder.glob("*.cfg")):
        values = _assignments(file)
        pins = values.get("cpus", [])
        where = str(file)
        count = decode.whole(values.get("vcpus", 1), f"{where}: vcpus", low=1, high=MOST_VCPUS)
        memory = values.get("memory")
        cap = decode.whole(values.get("cap", 0), f"{where}: cap", high=100 * MOST_VCPUS)
        each = [str(pin) for pin in pins] if isinstance(pins, list) else [str(pins)] * count
        each = [*each[:count], *["all"] * (count - len(each))]  # a vCPU behind the end of the list runs anywhere
        named = any(re.search("[a-z]", pin) for pin in each if pin.strip() != "all")
        yield Seen(
            name=decode.name(values.get("name", file.stem), f"{where}: name"),
            source=file.name,
            count=count,
            pins=tuple(each) if named else None,
            vcpus=None if named else tuple(_unnamed(pin, f"{where}: cpus") for pin in each),
            quota=cap / 100 if cap else None,
            nodes=_virtual(values.get("vnuma", []), f"{where}: vnuma") or None,
            memory_bytes=None
            if memory is None
            else decode.whole(memory, f"{where}: memory", high=MOST_BYTES // MIB) * MIB,
        )


def _virtual(value: object, where: str) -> frozenset[int]:
    """Host nodes of virtual nodes, each a list of texts such as ``pnode=0``."""
    found = set()
    for i, node in enumerate(decode.rows(value, where, most=MOST_VCPUS)):
        for item in decode.rows(node, f"{where}[{i}]", most=100):
            key, _, number = decode.text(item, f"{where}[{i}]").partition("=")
            if key.strip() == "pnode":
                found.add(digits(number, f"{where}[{i}]: pnode"))
    return frozenset(found)


def _unnamed(pin: str, where: str) -> frozenset[int]:
    """CPUs of a list without nodes; ``all`` is no pin."""
    return frozenset() if pin.strip() == "all" else cpu_set(pin, where)


def _assignments(file: Path) -> dict[str, Any]:
    """Names and values of an xl configuration, whose strings, numbers and lists are written as Python's."""
    text = read_text(file, max_bytes=_MOST_BYTES)
    try:
        return {
            statement.targets[0].id: ast.literal_eval(statement.value)
            for statement in ast.parse(text).body
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
        }
    except (SyntaxError, ValueError, TypeError) as error:
        raise InputError(f"{file}: cannot be read as an xl configuration: {shortened(str(error))}") from None
    except (RecursionError, MemoryError):
        raise InputError(f"{file}: no xl configuration: it is nested too deep to be read") from None


FORMAT = Format(name="xl", title="Xen xl.cfg", systems=("kvm",), write=_write, read=_read, apply=_apply, undo=_undo)
