"""Scripts for tools that are not here, against stand-ins: Proxmox options are set and set back, tasks get names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cerberus_plan.model.cpu_list import parse_cpu_list
from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.model.topology import Topology
from cerberus_plan.planner.deploy.all_formats import FORMATS
from cerberus_plan.planner.deploy.bundle import bundle
from cerberus_plan.planner.deploy.deployment import Deployment
from cerberus_plan.planner.deploy.formats.slurm import mask
from cerberus_plan.planner.placing.placement import place

TOPOLOGY = Topology.regular(sockets=2, cores_per_l3=3, memory_bytes=2.0**33)
# qm config prints options, qm set changes or deletes one; a snapshot's options follow in a file of the machine
QM = """#!{python}
import pathlib, sys
verb, number, *rest = sys.argv[1:]
file = pathlib.Path({root!r}) / (number + ".conf")
if not file.exists():
    sys.exit("Configuration file does not exist")
options = dict(line.split(": ", 1) for line in file.read_text().splitlines())
if verb == "config":
    print("".join(f"{{name}}: {{value}}\\n" for name, value in options.items()), end="")
elif verb == "set" and rest[0] == "--delete":
    del options[rest[1]]
elif verb == "set":
    assert len(rest) == 2 and rest[0].startswith("--") and rest[1], rest
    options[rest[0][2:]] = rest[1]
file.write_text("".join(f"{{name}}: {{value}}\\n" for name, value in options.items()))
"""
SRUN = """#!/bin/sh
echo "$*" >>"{root}/srun.log"
while case $1 in --*) true ;; *) false ;; esac; do shift; done
for SLURM_PROCID in 0 1 2; do export SLURM_PROCID; "$@"; done
"""


class Elsewhere:
    """A deployment's files, and stand-ins for the tools."""

    def __init__(self, root: Path, form: str, split: list[int]) -> None:
        self.root, self.folder = root, root / "files"
        for name in ("files", "bin", "machines"):
            (root / name).mkdir()
        for name, text in {"qm": QM, "srun": SRUN}.items():
            (root / "bin" / name).write_text(text.format(python=sys.executable, root=str(root / "machines")))
            (root / "bin" / name).chmod(0o755)
        self.deployment = Deployment(name="work", topology=TOPOLOGY, placement=place(TOPOLOGY, split))
        for name, text in bundle(FORMATS[form], self.deployment, {}, ()).items():
            (self.folder / name).write_text(text)

    def run(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One of the scripts."""
        environment = {**os.environ, "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}"}
        command = ["sh", str(self.folder / script), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)

    def machines(self) -> dict[str, dict[str, str]]:
        """Options of every machine."""
        return {
            file.stem: dict(line.split(": ", 1) for line in file.read_text().splitlines())
            for file in (self.root / "machines").glob("*.conf")
        }


BEFORE = [
    "name: mine\ncores: 1\nmemory: 512\nnet0: virtio=AA:BB,bridge=vmbr0\n",
    "name: other\nsockets: 2\ncores: 4\nmemory: 4096\nnuma: 1\naffinity: 0-1\n"
    "numa0: cpus=0-3,hostnodes=1,memory=2048,policy=preferred\nnuma1: cpus=4-7,memory=2048\n",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 2])
def test_proxmox_machines_are_set_and_set_back(tmp_path: Path, times: int) -> None:
    """Applied once or twice: what is in force is the file's; undone: every option is as it was, order aside."""
    there = Elsewhere(tmp_path, "proxmox", [2, 4])
    for number, text in zip(("101", "205"), BEFORE, strict=True):
        (tmp_path / "machines" / f"{number}.conf").write_text(text)
    before = there.machines()
    files = {each.name for each in there.folder.iterdir()}
    for _ in range(times):
        done = there.run("apply.sh", "101", "205")
        assert done.returncode == 0, done.stderr
    inside = there.machines()
    for number, unit in zip(("101", "205"), there.deployment.units, strict=True):
        wanted = dict(line.split(": ", 1) for line in (there.folder / f"{unit.name}.conf").read_text().splitlines())
        assert wanted.items() <= inside[number].items()
        nodes = {name for name in inside[number] if name.startswith("numa")}
        assert nodes == {name for name in wanted if name.startswith("numa")}
    assert inside["101"]["net0"] == "virtio=AA:BB,bridge=vmbr0"
    done = there.run("undo.sh")
    assert done.returncode == 0, done.stderr
    assert there.machines() == before
    assert {each.name for each in there.folder.iterdir()} == files
    assert there.run("undo.sh").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [((), 2, "2 numbers are needed"), (("101", "x"), 2, "x: the number"), (("101", "999"), 1, "nothing was set")],
)
def test_proxmox_sets_nothing_on_a_bad_call(tmp_path: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    """The message says why, and the machines are as they were."""
    there = Elsewhere(tmp_path, "proxmox", [2, 4])
    (tmp_path / "machines" / "101.conf").write_text(BEFORE[0])
    before = there.machines()
    done = there.run("apply.sh", *arguments)
    assert (done.returncode, there.machines()) == (code, before)
    assert words in done.stderr


def test_proxmox_has_eight_guest_nodes_at_most(tmp_path: Path) -> None:
    """An instance over nine nodes is refused by name."""
    wide = Topology.regular(sockets=9, cores_per_l3=1, memory_bytes=2.0**30)
    deployment = Deployment(name="work", topology=wide, placement=place(wide, [9]))
    with pytest.raises(CannotAnswerError, match="at most 8 nodes, and work-00 would have 9"):
        FORMATS["proxmox"].write(deployment)


def test_slurm_tasks_have_names_and_threads(tmp_path: Path) -> None:
    """Unequal instances: each task sees its own, arguments arrive whole, masks hold the planned CPUs."""
    there = Elsewhere(tmp_path, "slurm", [3, 2, 1])
    told = tmp_path / "told"
    script = f'echo "$CERBERUS_INSTANCE $CERBERUS_THREADS $1" >>{told}'
    done = there.run("job.sh", "sh", "-c", script, "x", "two words")
    assert done.returncode == 0, done.stderr
    assert told.read_text().splitlines() == ["work-00 3 two words", "work-01 2 two words", "work-02 1 two words"]
    log = (tmp_path / "machines" / "srun.log").read_text()
    assert ",".join(mask(unit.cpus) for unit in there.deployment.units) in log
    assert there.run("job.sh").returncode == 2


def test_the_rank_file_counts_by_place() -> None:
    """Where siblings are numbered behind all cores, neighbours in the machine are neighbours in the file."""
    topology = Topology.regular(sockets=1, cores_per_l3=4, threads_per_core=2, memory_bytes=2.0**33)
    deployment = Deployment(name="work", topology=topology, placement=place(topology, [4, 4]))
    lines = FORMATS["slurm"].write(deployment)["rankfile"].splitlines()
    slots = [parse_cpu_list(line.split("slot=")[1].split(" #")[0]) for line in lines]
    assert slots == [(0, 1, 2, 3), (4, 5, 6, 7)]
    assert sorted(deployment.units[0].cpus) != [0, 1, 2, 3]  # by the system's numbers they are not
