"""Slurm: a batch job whose tasks are the instances, each bound to its CPUs and memory; a rank file for Open MPI.

Masks are those of the node's CPU and node numbers; Slurm takes them as such only where the job has the whole node
(``--exclusive``). The rank file counts threads as hwloc does, by their place in the machine, not by their numbers.
When not to use it: for several nodes, each needs a job of its own; where the site's ``TaskPlugin`` has no
``task/affinity``, which does the binding.
Source: srun(1) on ``--cpu-bind`` and ``--mem-bind``, sbatch(1); Open MPI, mpirun(1) on rank files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from cerberus_plan.calibration.store import decode
from cerberus_plan.calibration.store.files import read_text
from cerberus_plan.model.cpu_list import MOST_CPUS, cpu_list
from cerberus_plan.model.errors import InputError
from cerberus_plan.planner.deploy.deployment import Deployment, Format
from cerberus_plan.planner.deploy.seen import MOST_VCPUS, Seen, digits

FILE, RANKS = "job.sh", "rankfile"
_MASK = re.compile(rf"(?:0x)?([0-9a-fA-F]{{1,{MOST_CPUS // 4}}})")

_JOB = """#!/bin/sh
#SBATCH --job-name={name}
#SBATCH --nodes=1
#SBATCH --exclusive
#SBATCH --ntasks={count}
#SBATCH --cpus-per-task={size}
# One task an instance: sbatch job.sh COMMAND ARGUMENT...
if [ $# -eq 0 ]; then
    echo "usage: sbatch job.sh COMMAND ARGUMENT...; CERBERUS_INSTANCE and CERBERUS_THREADS are set for it" >&2
    exit 2
fi
export CERBERUS_SIZES="{sizes}"
# shellcheck disable=SC2016 # the task's own variables
srun --ntasks={count} \\
    --cpu-bind=verbose,mask_cpu:{cpus} \\
    --mem-bind=mask_mem:{nodes} \\
    sh -c '
        CERBERUS_INSTANCE=$(printf "{name}-%0{width}d" "$SLURM_PROCID")
        CERBERUS_THREADS=$(echo "$CERBERUS_SIZES" | cut -d" " -f$((SLURM_PROCID + 1)))
        export CERBERUS_INSTANCE CERBERUS_THREADS
        exec "$@"' instance "$@"
"""


def mask(numbers: Iterable[int]) -> str:
    """A mask in hexadecimal: ``0xc`` is 2 and 3."""
    return hex(sum(1 << number for number in set(numbers)))


def _logical(deployment: Deployment) -> dict[int, int]:
    """Place of each CPU in the order of hwloc: by socket, node, cache, core, then its own number."""
    shape = deployment.topology
    order = sorted(zip(shape.sockets, shape.numa_nodes, shape.l3_groups, shape.cores, shape.cpus, strict=True))
    return {row[-1]: place for place, row in enumerate(order)}


def _write(deployment: Deployment) -> dict[str, str]:
    units, place = deployment.units, _logical(deployment)
    job = _JOB.format(
        name=deployment.name,
        count=len(units),
        size=max(len(unit.cpus) for unit in units),
        sizes=" ".join(str(len(unit.cpus)) for unit in units),
        width=max(2, len(str(len(units) - 1))),
        cpus=",".join(mask(unit.cpus) for unit in units),
        nodes=",".join(mask(unit.place.nodes) for unit in units),
    )
    ranks = [
        f"rank {i}=+n0 slot={cpu_list(place[cpu] for cpu in unit.cpus)} # {unit.name}\n" for i, unit in enumerate(units)
    ]
    return {FILE: job, RANKS: "".join(ranks)}


def _apply(deployment: Deployment) -> str:
    return (
        "On a node like the one planned for, as a batch job; its output says what each task was bound to:\n\n"
        f"    sbatch {FILE} YOUR COMMAND\n"
        f"    grep 'cpu-bind' slurm-*.out\n\n"
        "Every instance sees its name in `CERBERUS_INSTANCE` and its number of CPUs in `CERBERUS_THREADS`. With Open\n"
        "MPI instead, one process an instance, inside an allocation of the whole node:\n\n"
        f"    mpirun --use-hwthread-cpus --rankfile {RANKS} --report-bindings -np {len(deployment.units)} COMMAND"
    )


def _undo(deployment: Deployment) -> str:
    return f"    scancel --name={deployment.name}\n\nBindings are those of the job's processes and end with them."


def _read(folder: Path) -> Iterator[Seen]:
    """Tasks of the job with their masks; the rank file holds places, which only the machine turns into numbers."""
    file = folder / FILE
    text, where = read_text(file), str(folder / FILE)
    name = decode.name(_option(text, "job-name", where), f"{where}: job-name")
    cpus = _masks(_bound(text, "mask_cpu"), f"{where}: mask_cpu")
    nodes = _masks(_bound(text, "mask_mem"), f"{where}: mask_mem")
    count = digits(_option(text, "ntasks", where), f"{where}: ntasks", low=1, high=MOST_VCPUS)
    sizes = re.search(r'^export CERBERUS_SIZES="([0-9 ]*)"$', text, re.MULTILINE)
    threads = sizes[1].split() if sizes else []
    width = max(2, len(str(count - 1)))
    for i in range(count):
        yield Seen(
            name=f"{name}-{i:0{width}d}",
            source=file.name,
            count=digits(threads[i], f"{where}: CERBERUS_SIZES[{i}]", low=1) if i < len(threads) else None,
            # a list that is too short begins anew
            cpus=cpus[i % len(cpus)] if cpus else frozenset(),
            nodes=nodes[i % len(nodes)] if nodes else frozenset(),
        )


def _option(text: str, name: str, where: str) -> str:
    found = re.search(rf"^#SBATCH[ \t]+--{name}[= ](\S+)[ \t]*$", text, re.MULTILINE)
    if found is None:
        raise InputError(f"{where}: #SBATCH --{name}=... is missing; export the deployment again")
    return found[1]


def _bound(text: str, kind: str) -> list[str]:
    live = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    found = re.search(rf"[=,]{kind}:(\S+)", live)
    return found[1].split(",") if found else []


def _masks(parts: list[str], where: str) -> list[frozenset[int]]:
    found = []
    for part in parts:
        word = _MASK.fullmatch(part)
        if word is None:
            decode.refuse(part, where, "a mask in hexadecimal such as 0x3")
        bits = bin(int(word[1], 16))[:1:-1]
        found.append(frozenset(i for i, bit in enumerate(bits) if bit == "1"))
    return found


FORMAT = Format(
    name="slurm", title="Slurm job", systems=("processes", "linux"), write=_write, read=_read, apply=_apply, undo=_undo
)
