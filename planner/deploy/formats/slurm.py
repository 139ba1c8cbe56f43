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
from cerberus_plan.planner.deploy.seen import MOST_VCPUS, Seen, cpu_set, digits, hwloc_order

FILE, RANKS = "job.sh", "rankfile"
_MASK = re.compile(rf"(?:0x)?([0-9a-fA-F]{{1,{MOST_CPUS // 4}}})")
_RANK = re.compile(r"rank\s+([0-9]{1,9})\s*=\s*\S+\s+slots?\s*=\s*([0-9][0-9,\s-]*)", re.ASCII)

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


def _write(deployment: Deployment) -> dict[str, str]:
    units = deployment.units
    place = {cpu: i for i, cpu in enumerate(hwloc_order(deployment.topology))}
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
        f"    grep 'cpu-bind' slurm-*.out\n"
        "    cerberus-plan audit . --live    # on the node\n\n"
        "Every instance sees its name in `CERBERUS_INSTANCE` and its number of CPUs in `CERBERUS_THREADS`. With Open\n"
        "MPI instead, one process an instance, inside an allocation of the whole node:\n\n"
        f"    mpirun --use-hwthread-cpus --rankfile {RANKS} --report-bindings -np {len(deployment.units)} COMMAND"
    )


def _undo(deployment: Deployment) -> str:
    return f"    scancel --name={deployment.name}\n\nBindings are those of the job's processes and end with them."


def _read(folder: Path) -> Iterator[Seen]:
    """Tasks of the job with their masks; then, where there is a rank file, the same as Open MPI binds them."""
    file = folder / FILE
    text, where = read_text(file), str(folder / FILE)
    name = decode.name(_option(text, "job-name", where), f"{where}: job-name")
    cpus, nodes = (
        _masks(_bound(text, f"mask_{what}"), f"{where}: mask_{what}")
        or [frozenset({digits(n, f"{where}: map_{what}")}) for n in _bound(text, f"map_{what}")]
        for what in ("cpu", "mem")
    )
    count = digits(_option(text, "ntasks", where), f"{where}: ntasks", low=1, high=MOST_VCPUS)
    sizes = re.search(r'^export CERBERUS_SIZES="([0-9 ]*)"$', text, re.MULTILINE)
    threads = sizes[1].split() if sizes else []
    width = max(2, len(str(count - 1)))
    for i in range(count):
        yield Seen(
            name=f"{name}-{i:0{width}d}",
            source=file.name,
            launcher=file.name,
            count=digits(threads[i], f"{where}: CERBERUS_SIZES[{i}]", low=1) if i < len(threads) else None,
            # a list that is too short begins anew
            cpus=cpus[i % len(cpus)] if cpus else frozenset(),
            nodes=nodes[i % len(nodes)] if nodes else frozenset(),
        )
    if (folder / RANKS).is_file():
        ranks = _ranks(folder / RANKS)
        for i in sorted({*range(count), *ranks}):  # a rank without a line is bound to nothing that was planned
            yield Seen(
                name=f"{name}-{i:0{width}d}", source=RANKS, launcher=RANKS, places=ranks.get(i), cpus=frozenset()
            )


def _ranks(file: Path) -> dict[int, frozenset[int]]:
    """Places of each rank; the last line of a rank counts."""
    found = {}
    for number, line in enumerate(read_text(file).splitlines(), 1):
        live = line.split("#", 1)[0].strip()
        if not live:
            continue
        where = f"{file}: line {number}"
        rank = _RANK.fullmatch(live)
        if rank is None:
            decode.refuse(live, where, "a line such as rank 0=+n0 slot=0-3, its slot a list of hardware threads")
        found[digits(rank[1], f"{where}: rank", high=MOST_VCPUS)] = cpu_set(rank[2], f"{where}: slot")
    return found


def _option(text: str, name: str, where: str) -> str:
    found = re.search(rf"^#SBATCH[ \t]+--{name}[= ](\S+)[ \t]*(?:#.*)?$", text, re.MULTILINE)
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
    name="slurm",
    title="Slurm job",
    systems=("processes", "linux"),
    write=_write,
    read=_read,
    apply=_apply,
    undo=_undo,
    as_a_whole=True,
)
