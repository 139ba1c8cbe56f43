"""Firecracker: machine configurations, and a script that starts each VM in a jailer cpuset and pins its vCPU threads.

Firecracker itself has no pinning field: the jailer puts the process into a cgroup, and each vCPU is a thread named
``fc_vcpu N`` that is pinned after the start. A VM has at most 32 vCPUs, and where cores have siblings an even number:
an odd one would share a core with another VM, and Firecracker's ``smt`` does not take it.
Source: Firecracker's API description (machine-config) and docs/jailer.md.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from cerberus_plan.calibration.store import decode
from cerberus_plan.calibration.store.files import naming, read_text
from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.plain import shown
from cerberus_plan.planner.deploy.deployment import MIB, Deployment, Format, Unit
from cerberus_plan.planner.deploy.seen import MOST_BYTES, Seen, cpu_set, read_object
from cerberus_plan.planner.deploy.seen import MOST_VCPUS as MOST_ANYWHERE

MOST_VCPUS = 32

_SCRIPT = """#!/bin/sh
# Starts every VM in a cgroup of its own and pins each vCPU thread to its CPU. Needs root and cgroup version 2.
# FIRECRACKER, JAILER: programs; KERNEL, ROOTFS: files, copied into each jail; JAIL_UID, JAIL_GID: an unprivileged user.
set -eu
: "${{FIRECRACKER:?set FIRECRACKER to the firecracker program}}"
: "${{JAILER:?set JAILER to the jailer program}}"
: "${{KERNEL:?set KERNEL to an uncompressed kernel}}"
: "${{ROOTFS:?set ROOTFS to a root file system image}}"
: "${{JAIL_UID:?set JAIL_UID to an unprivileged user}}"
: "${{JAIL_GID:?set JAIL_GID to its group}}"
here=$(cd "$(dirname "$0")" && pwd)
started=$here/started
base=/srv/jailer/$(basename "$FIRECRACKER")
group=/sys/fs/cgroup/{group}
[ ! -e "$started" ] || {{ echo "started before from $here; run undo.sh first" >&2 && exit 1; }}
for name in {names}; do
    for there in "$base/$name" "$group/$name"; do
        [ ! -e "$there" ] || {{ echo "$there is there already, and not ours; nothing was started" >&2 && exit 1; }}
    done
done
mkdir "$started"
trap 'test $? = 0 || echo "not all was started; undo.sh takes back what was" >&2' EXIT
for folder in /srv/jailer "$base" "$group"; do
    [ -d "$folder" ] || echo "$folder" >>"$started/folders"
done

start() {{  # NAME CPUSET MEMS CPU...
    name=$1 cpuset=$2 mems=$3
    shift 3
    jail=$base/$name/root
    echo "$base/$name" >"$started/$name.jail"
    mkdir -p "$jail"
    cp "$KERNEL" "$jail/vmlinux"
    cp "$ROOTFS" "$jail/rootfs.ext4"
    cp "$here/$name.json" "$jail/vm.json"
    chown -R "$JAIL_UID:$JAIL_GID" "$jail"
    "$JAILER" --id "$name" --exec-file "$FIRECRACKER" --uid "$JAIL_UID" --gid "$JAIL_GID" --daemonize \\
        --cgroup-version 2 --parent-cgroup {group} --cgroup "cpuset.cpus=$cpuset" --cgroup "cpuset.mems=$mems" \\
        -- --config-file vm.json
    vcpu=0
    for cpu in "$@"; do
        pin "$name" "$vcpu" "$cpu"
        vcpu=$((vcpu + 1))
    done
}}

pin() {{  # NAME VCPU CPU; waits up to ten seconds for the thread
    for _ in $(seq 100); do
        for task in $(cat "$group/$1/cgroup.threads" 2>/dev/null); do
            if [ "$(cat "/proc/$task/comm" 2>/dev/null)" = "fc_vcpu $2" ]; then
                taskset --cpu-list --pid "$3" "$task" >/dev/null
                return
            fi
        done
        sleep 0.1
    done
    echo "$1: vCPU $2 did not appear; is the VM running?" >&2
    exit 1
}}

"""


_UNDO = """#!/bin/sh
# Ends the VMs that start.sh started; removes their cgroups and their jails, and nothing else. Needs root.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
started=$here/started
group=/sys/fs/cgroup/{group}
[ -d "$started" ] || {{ echo "nothing is recorded as started from $here" && exit 0; }}

for record in "$started"/*.jail; do
    [ -e "$record" ] || continue
    name=$(basename "$record" .jail)
    members=$group/$name/cgroup.procs
    if [ -e "$members" ]; then
        # one may have ended since
        while read -r process; do kill "$process" 2>/dev/null || true; done <"$members"
        for _ in $(seq 100); do
            [ -n "$(cat "$members")" ] || break
            sleep 0.1
        done
        [ -z "$(cat "$members")" ] || {{ echo "$name is still running; end it and run undo.sh again" >&2 && exit 1; }}
        rmdir "$group/$name"
    fi
    jail=$(cat "$record")
    case $jail in /srv/jailer/*/"$name") rm -rf "$jail" ;; esac
    rm "$record"
done
if [ -e "$started/folders" ]; then
    # those made by start.sh, the inner ones first; one that is not empty, for others use it now, stays
    sort -r "$started/folders" | while read -r folder; do rmdir "$folder" 2>/dev/null || true; done
    rm "$started/folders"
fi
rmdir "$started"
"""


def _machine(unit: Unit) -> str:
    document = {
        "machine-config": {
            "vcpu_count": len(unit.cpus),
            "mem_size_mib": sum(unit.memory_mib),
            "smt": unit.place.siblings,
        },
        "boot-source": {"kernel_image_path": "vmlinux", "boot_args": "console=ttyS0 reboot=k panic=1"},
        "drives": [
            {"drive_id": "rootfs", "path_on_host": "rootfs.ext4", "is_root_device": True, "is_read_only": False}
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def _write(deployment: Deployment) -> dict[str, str]:
    calls = [
        f"start {unit.name} {cpu_list(unit.cpus)} {cpu_list(unit.place.nodes)} {' '.join(map(str, unit.cpus))}"
        for unit in deployment.units
    ]
    names = " ".join(unit.name for unit in deployment.units)
    script = _SCRIPT.format(group=deployment.name, names=names) + "\n".join(calls) + "\n"
    undo = _UNDO.format(group=deployment.name)
    return {f"{unit.name}.json": _machine(unit) for unit in deployment.units} | {"start.sh": script, "undo.sh": undo}


def refuse(vcpus: int, smt: bool) -> str | None:
    """Why Firecracker does not run a VM of so many vCPUs."""
    if vcpus > MOST_VCPUS:
        return f"Firecracker runs at most {MOST_VCPUS} vCPUs in a VM, not {vcpus}"
    if smt and vcpus > 1 and vcpus % 2:
        return f"Firecracker runs 1 or an even number of vCPUs in a VM on a machine with SMT siblings, not {vcpus}"
    return None


def _apply(deployment: Deployment) -> str:  # noqa: ARG001 - the format's signature
    return (
        "    FIRECRACKER=/usr/local/bin/firecracker JAILER=/usr/local/bin/jailer KERNEL=vmlinux ROOTFS=rootfs.ext4 \\\n"
        "        JAIL_UID=1000 JAIL_GID=1000 sudo -E sh start.sh\n\n"
        "Each VM needs a network interface of its own if it serves one: add `network-interfaces` to its JSON file."
    )


def _undo(deployment: Deployment) -> str:  # noqa: ARG001 - the format's signature
    return (
        "    sudo sh undo.sh\n\n"
        "What `start.sh` made is recorded beside it, and goes. Controllers of cgroups that the jailer enabled stay so."
    )


def _read(folder: Path) -> Iterator[Seen]:
    script = folder / "start.sh"
    for line in read_text(script).splitlines():
        words = _words(line, str(script)) if line.startswith("start ") else []
        if len(words) < 4:
            continue
        _, name, cpuset, mems, *pins = words
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,100}", name) or name.startswith("."):
            decode.refuse(name, f"{script}: name of a VM", "letters, digits, '-' and '_'")
        where = str(folder / f"{name}.json")
        with naming(script):  # which names the file
            found = read_object(folder / f"{name}.json")
        config = decode.table(found.get("machine-config", {}), f"{where}: machine-config")
        count = config.get("vcpu_count")
        memory = decode.whole(config.get("mem_size_mib", 0), f"{where}: mem_size_mib", high=MOST_BYTES // MIB)
        balloon = decode.table(found.get("balloon") or {}, f"{where}: balloon")
        memory -= decode.whole(balloon.get("amount_mib", 0), f"{where}: balloon: amount_mib", high=memory)
        whole = cpu_set(cpuset, f"{script}: {name}: cpuset")
        yield Seen(
            name=name,
            source=f"{script.name} and {name}.json",
            count=None if count is None else decode.whole(count, f"{where}: vcpu_count", low=1, high=MOST_ANYWHERE),
            vcpus=tuple(cpu_set(pin, f"{script}: {name}: vCPU") & whole for pin in pins[:MOST_ANYWHERE]),
            nodes=cpu_set(mems, f"{script}: {name}: nodes"),
            memory_bytes=memory * MIB,
        )


def _words(line: str, where: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError as error:
        raise InputError(f"{where}: {shown(line)} is not a line of shell: {error}") from None


FORMAT = Format(
    name="firecracker",
    title="Firecracker with jailer",
    systems=("kvm",),
    write=_write,
    read=_read,
    apply=_apply,
    undo=_undo,
    refuse=refuse,
)
