"""Plain shell: one table of instances, a script that starts processes on it, one that starts containers, one undo.

``numactl`` binds CPUs and memory of a process and what it starts; ``taskset`` binds CPUs only, and the script says so.
Both are inherited affinities, not limits: a program that sets its own affinity leaves them, in a container or slice it
cannot. Use ``systemd`` where everything else must be kept off the instances' CPUs.
Source: numactl(8), taskset(1), setsid(1), proc_pid_stat(5), docker-run(1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from cerberus_plan.calibration.store import decode
from cerberus_plan.calibration.store.files import read_text
from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.planner.deploy.deployment import Deployment, Format
from cerberus_plan.planner.deploy.seen import Seen, cpu_set, digits
from cerberus_plan.planner.deploy.start_scripts import scripts

TABLE = "instances.txt"
_HEAD = "# name, CPUs, memory nodes, worker threads; read by start.sh and docker.sh\n"


def _write(deployment: Deployment) -> dict[str, str]:
    rows = [
        f"{unit.name} {cpu_list(unit.cpus)} {cpu_list(unit.place.nodes)} {len(unit.cpus)}\n"
        for unit in deployment.units
    ]
    return {TABLE: _HEAD + "".join(rows), **scripts(TABLE)}


def _apply(deployment: Deployment) -> str:
    first = deployment.units[0].name
    return (
        "As processes, the command once an instance:\n\n"
        '    sh start.sh sh -c \'exec YOUR COMMAND --threads "$CERBERUS_THREADS" >"$CERBERUS_INSTANCE.log" 2>&1\'\n'
        "    cerberus-plan audit . --live\n\n"
        "What `numactl` binds is the memory policy of the process, which `--live` reads.\n\n"
        "`numactl` is used where it is installed; without it `taskset` pins CPUs, and memory comes from wherever the\n"
        "kernel takes it. `PIN=taskset` asks for that. As containers (`DOCKER=podman` for Podman):\n\n"
        "    IMAGE=your/image sh docker.sh\n"
        f"    docker inspect --format '{{{{.HostConfig.CpusetCpus}}}} {{{{.HostConfig.CpusetMems}}}}' {first}\n\n"
        "Every instance sees its name in `CERBERUS_INSTANCE` and its number of CPUs in `CERBERUS_THREADS`: start as\n"
        f"many workers. Change where instances run in `{TABLE}`, which both scripts read."
    )


def _undo(deployment: Deployment) -> str:  # noqa: ARG001 - the format's signature
    return (
        "    sh undo.sh\n\n"
        "This ends the processes and removes the containers that were started from this folder, and nothing else."
    )


def _read(folder: Path) -> Iterator[Seen]:
    file = folder / TABLE
    for number, line in enumerate(read_text(file).splitlines(), 1):
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        where = f"{file}: line {number}"
        if len(words) != 4 or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", words[0]):
            decode.refuse(line, where, "a name, CPUs, memory nodes and a number of threads, apart by blanks")
        name, cpus, nodes, threads = words
        yield Seen(
            name=name,
            source=file.name,
            count=digits(threads, f"{where}: threads", low=1),
            cpus=cpu_set(cpus, f"{where}: CPUs"),
            nodes=cpu_set(nodes, f"{where}: nodes"),
        )


FORMAT = Format(
    name="script",
    title="shell script with numactl, or Docker",
    systems=("processes", "linux"),
    write=_write,
    read=_read,
    apply=_apply,
    undo=_undo,
    as_a_whole=True,
)
