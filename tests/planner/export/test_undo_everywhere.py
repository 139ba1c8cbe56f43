"""Where no hypervisor runs: its programs' stand-ins, and a host that is as before once applied files are undone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.model.topology import Topology
from cerberus_plan.planner.deploy.all_formats import FORMATS
from cerberus_plan.planner.deploy.bundle import bundle
from cerberus_plan.planner.deploy.deployment import Deployment
from cerberus_plan.planner.placing.placement import place
from tests.planner.export.stand_ins import PROGRAMS

TOPOLOGY = Topology.regular(sockets=2, cores_per_l3=4, memory_bytes=8 * 2.0**30)
# For what is really pinned: CPUs that most hosts have.
SMALL = Topology.regular(sockets=1, cores_per_l3=2, memory_bytes=2.0**30)
# What the host of each format has before, some of it called as ours would be.
BEFORE: dict[str, Any] = {
    "xl": {
        "pools": {"Pool-0": [0, 1, 2, 3, 4, 5, 6, 7]},
        "domains": {"theirs": "Pool-0"},
        "pins": {"0": "0-1", "1": "all"},
    },
    "incus": {"theirs": {"limits.cpu": "2"}},
    "kubernetes": {"node": {"labels": {"zone": "a"}, "schedulable": True}, "objects": {"pod/theirs": {"app": "x"}}},
    "kubevirt": {
        "node": {"labels": {}, "schedulable": True},
        "objects": {"virtualmachine/theirs": {}, "pod/theirs": {"cerberus-plan": "work"}},
    },
}


def commands(readme: str, heading: str) -> str:
    """The commands of a section, but those about interrupts, which have a test of their own."""
    section = readme.partition(f"\n## {heading}\n")[2].partition("\n## ")[0].partition("Interrupts, if you moved")[0]
    return "\n".join(line.removeprefix("    ") for line in section.splitlines() if line.startswith("    "))


class StoodIn:
    """A deployment's files, and a host below a folder."""

    def __init__(self, root: Path, form: str, state: Any) -> None:
        self.root, self.folder = root / "host", root / "files"
        for folder in ("host/cgroup", "host/srv", "host/run", "host/var/lib/kubelet", "files", "bin"):
            (root / folder).mkdir(parents=True)
        self.write("state.json", json.dumps(state, sort_keys=True))
        self.write("var/lib/kubelet/config.yaml", "cpuManagerPolicy: none\n")
        for name, text in PROGRAMS.items():
            (root / "bin" / name).write_text(text.format(python=sys.executable, root=str(self.root)))
            (root / "bin" / name).chmod(0o755)
        self.environment = os.environ | {"PATH": f"{root / 'bin'}:{os.environ['PATH']}"}
        small = form in ("firecracker", "cloud-hypervisor")
        topology, split, host = (SMALL, [1, 1], 0) if small else (TOPOLOGY, [2, 2], 2)
        self.deployment = Deployment(name="work", topology=topology, placement=place(topology, split, host_cores=host))
        for name, text in bundle(FORMATS[form], self.deployment, {}, ()).items():
            (self.folder / name).write_text(self._here(text))
        self.readme = (self.folder / "README.md").read_text()

    def _here(self, text: str) -> str:
        for path, there in (
            ("/sys/fs/cgroup", "/cgroup"),
            ("/srv/", "/srv/"),
            ("/run/", "/run/"),
            ("/var/lib", "/var/lib"),
        ):
            text = text.replace(path, f"{self.root}{there}")
        return text

    def write(self, path: str, text: str) -> None:
        """A file of the host."""
        (self.root / path).write_text(text)

    def shell(self, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Commands, where the files are; those that fail do not stop those behind them, as where they are pasted."""
        return subprocess.run(
            ["sh", "-c", script], cwd=self.folder, env=self.environment | variables, capture_output=True, text=True,
            check=False, timeout=120,
        )  # fmt: skip

    def state(self) -> Any:
        """What the programs keep."""
        return json.loads((self.root / "state.json").read_text())

    def everything(self) -> dict[str, str | None]:
        """Every file and folder of the host and beside the deployment's files; not the log of calls."""
        places = [each for base in (self.root, self.folder) for each in base.rglob("*")]
        return {
            str(each): each.read_text() if each.is_file() else None for each in places if each.name != "systemctl.log"
        }


@pytest.mark.slow
@pytest.mark.parametrize("form", BEFORE)
@pytest.mark.parametrize("times", [1, 2])
def test_readmes_are_applied_and_undone(form: str, times: int, tmp_path: Path) -> None:
    """The README's commands, pasted once or twice, and undone once or twice: programs and files are as before."""
    there = StoodIn(tmp_path, form, BEFORE[form])
    before = there.everything()
    for _ in range(times):
        there.shell(commands(there.readme, "Apply"))
        # what the README says to merge by hand
        there.write("var/lib/kubelet/config.yaml", "cpuManagerPolicy: static\n")
    inside = there.state()
    names = [unit.name for unit in there.deployment.units]
    told = json.dumps(inside)
    assert all(name in told for name in names), inside
    if form == "xl":
        host, ours = (list(cpus) for cpus in (there.deployment.host_cpus, there.deployment.instance_cpus))
        assert inside["pools"] == {"Pool-0": host, "work": ours}
        assert set(inside["pins"].values()) == {cpu_list(host)}
    if not form.startswith("kube"):
        there.write("var/lib/kubelet/config.yaml", "cpuManagerPolicy: none\n")
    for _ in range(times):
        done = there.shell(commands(there.readme, "Undo"))
    assert there.state() == BEFORE[form], done.stderr
    assert there.everything() == before


@pytest.mark.slow
@pytest.mark.parametrize("form", ["kubernetes", "kubevirt"])
def test_a_node_that_was_cordoned_before_is_so_again(form: str, tmp_path: Path) -> None:
    """By somebody else, who has a reason; pods run on it meanwhile, and undoing twice does not open it."""
    before = deepcopy(BEFORE[form])
    before["node"]["schedulable"] = False
    there = StoodIn(tmp_path, form, before)
    files = there.everything()
    there.shell(commands(there.readme, "Apply"))
    assert there.state()["node"]["schedulable"] is True
    for _ in range(2):
        there.shell(commands(there.readme, "Undo"))
        assert there.state() == before
        assert there.everything() == files


TAKEN: list[tuple[str, list[str], Any]] = [
    ("xl", ["domains", "work-00"], "Pool-0"),
    ("incus", ["work-00"], {"limits.cpu": "1"}),
    ("kubernetes", ["objects", "pod/work-01"], {}),
    ("kubernetes", ["node", "labels", "cerberus-plan"], "other"),
    ("kubevirt", ["objects", "virtualmachine/work-00"], {"app": "mine"}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("form", "where", "what"), TAKEN)
def test_what_was_there_under_our_names_is_left_alone(form: str, where: list[str], what: Any, tmp_path: Path) -> None:
    """A guest, pod or label of somebody else's that is called like ours is neither changed nor removed."""
    before = deepcopy(BEFORE[form])
    holder = before
    for key in where[:-1]:
        holder = holder[key]
    holder[where[-1]] = what
    there = StoodIn(tmp_path, form, before)
    for heading in ("Apply", "Undo", "Undo"):
        there.shell(commands(there.readme, heading))
    assert there.state() == before


@pytest.mark.slow
def test_a_guest_that_does_not_shut_down_keeps_the_records(tmp_path: Path) -> None:
    """Its pool cannot be destroyed then; once it is down, the same commands give everything back."""
    there = StoodIn(tmp_path, "xl", BEFORE["xl"] | {"stuck": ["work-01"]})
    before = there.everything()
    there.shell(commands(there.readme, "Apply"))
    there.shell(commands(there.readme, "Undo"))
    assert there.state()["domains"] == {"theirs": "Pool-0", "work-01": "work"}
    records = {each.name for each in there.folder.iterdir() if each.suffix in (".before", ".started")}
    assert records == {"domain0.before", "pool0.before", "pool.started", "work-01.started"}
    there.write("state.json", json.dumps(there.state() | {"stuck": []}))
    there.shell(commands(there.readme, "Undo"))
    there.write("state.json", json.dumps(there.state() | {"stuck": ["work-01"]}, sort_keys=True))
    assert there.everything() == before


@pytest.fixture
def cpus() -> Iterator[list[int]]:
    """This process's CPUs; the stand-in of the jailer is pinned to the first two."""
    found = sorted(os.sched_getaffinity(0))
    if not {0, 1} <= {*found}:
        pytest.skip("CPUS 0 AND 1 ARE NOT THIS PROCESS'S: nothing can be pinned there")
    yield found
    assert sorted(os.sched_getaffinity(0)) == found


def _firecracker(there: StoodIn) -> dict[str, str]:
    for name in ("vmlinux", "rootfs.ext4"):
        (there.folder.parent / name).write_text(name)
    folder = there.folder.parent
    return {
        "FIRECRACKER": str(folder / "bin/firecracker"), "JAILER": str(folder / "bin/jailer"),
        "KERNEL": str(folder / "vmlinux"), "ROOTFS": str(folder / "rootfs.ext4"),
        "JAIL_UID": "1000", "JAIL_GID": "1000",
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("taskset") is None, reason="TASKSET IS NOT INSTALLED (Debian: apt install util-linux)")
@pytest.mark.parametrize("standing", [(), ("srv/jailer/firecracker/theirs/root", "cgroup/theirs")])
def test_firecracker_is_started_pinned_and_undone(standing: tuple[str, ...], cpus: list[int], tmp_path: Path) -> None:
    """Threads of a stand-in are pinned by the kernel; jails, cgroups and their parents go, those of others stay."""
    assert cpus
    there = StoodIn(tmp_path, "firecracker", {})
    variables = _firecracker(there)
    for folder in standing:
        (there.root / folder).mkdir(parents=True)
    before = there.everything()
    done = there.shell("sh start.sh", **variables)
    assert done.returncode == 0, done.stderr
    for unit in there.deployment.units:
        tasks = (there.root / "cgroup/work" / unit.name / "cgroup.threads").read_text().split()
        pinned = {Path(f"/proc/{task}/comm").read_text().strip(): os.sched_getaffinity(int(task)) for task in tasks}
        assert pinned["fc_vcpu 0"] == {*unit.cpus}
    inside = there.everything()
    again = there.shell("sh start.sh", **variables)
    assert (again.returncode, there.everything()) == (1, inside)
    assert "run undo.sh first" in again.stderr
    for _ in range(2):
        done = there.shell("sh undo.sh")
        assert done.returncode == 0, done.stderr
        assert there.everything() == before


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("taskset") is None, reason="TASKSET IS NOT INSTALLED (Debian: apt install util-linux)")
def test_a_file_in_a_folder_that_start_made_is_left_and_undo_ends(cpus: list[int], tmp_path: Path) -> None:
    """Somebody's file keeps its folder, and nothing else: undo ends well, once and again."""
    assert cpus
    there = StoodIn(tmp_path, "firecracker", {})
    variables = _firecracker(there)
    before = there.everything()
    assert there.shell("sh start.sh", **variables).returncode == 0
    theirs = "srv/jailer/firecracker/note"
    there.write(theirs, "theirs")
    for _ in range(2):
        done = there.shell("sh undo.sh")
        assert done.returncode == 0, done.stderr
        kept = {str(there.root / path) for path in ("srv/jailer", "srv/jailer/firecracker", theirs)}
        assert there.everything().keys() == before.keys() | kept


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "taken"),
    [
        ("firecracker", "srv/jailer/firecracker/work-01"),
        ("firecracker", "cgroup/work/work-00"),
        ("cloud-hypervisor", "run/work-01.sock"),
        ("cloud-hypervisor", "run/work-00.log"),
    ],
)
def test_a_vm_of_somebody_elses_is_not_started_over(form: str, taken: str, tmp_path: Path) -> None:
    """A jail, cgroup or socket of our names stops start.sh before it changes anything, and survives undo.sh."""
    there = StoodIn(tmp_path, form, {})
    variables = _firecracker(there)
    (there.root / taken).mkdir(parents=True)
    before = there.everything()
    refused = there.shell("sh start.sh", **variables)
    assert (refused.returncode, there.everything()) == (1, before)
    assert "is there already, and not ours; nothing was started" in refused.stderr
    assert there.shell("sh undo.sh").returncode == 0
    assert there.everything() == before


def _ended(pid: int) -> bool:
    """Gone, or waiting for a parent that asks how it ended."""
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.slow
@pytest.mark.parametrize("killed", [False, True])
def test_cloud_hypervisor_is_started_and_undone(killed: bool, tmp_path: Path) -> None:
    """Sockets and logs go with the VMs, also with one that was killed; started twice: refused, all as it was."""
    there = StoodIn(tmp_path, "cloud-hypervisor", {})
    before = there.everything()

    def start() -> int:
        # what is left running holds the pipes of its output
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123
            return subprocess.run(
                ["sh", "start.sh"], cwd=there.folder, env=there.environment, stdout=nowhere, stderr=nowhere,
                check=False, timeout=120,
            ).returncode  # fmt: skip

    assert start() == 0
    names = {unit.name for unit in there.deployment.units}
    assert {each.stem for each in (there.root / "run").glob("*.sock")} == names
    records = {each.name: each.read_text() for each in (there.folder / "started").iterdir()}
    assert records.keys() == names
    assert start() == 1
    assert {each.name: each.read_text() for each in (there.folder / "started").iterdir()} == records
    if killed:
        os.kill(int(records["work-00"].split()[0]), 9)
    for _ in range(2):
        done = there.shell("sh undo.sh")
        assert done.returncode == 0, done.stderr
        assert there.everything() == before
    for record in records.values():
        assert _ended(int(record.split()[0]))


def test_a_cloud_hypervisor_that_ends_while_it_is_told_to_does_not_stop_undo(tmp_path: Path) -> None:
    """Its socket is gone and its number nobody's: there is nothing left to end."""
    there = StoodIn(tmp_path, "cloud-hypervisor", {})
    before = there.everything()
    process = subprocess.Popen(["sleep", "60"])
    (there.folder / "started").mkdir()
    stat = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].strip()
    (there.folder / "started/work-00").write_text(f"{process.pid} {stat}\n")
    # refuses, and the VM has ended when it does
    remote = tmp_path / "bin/ch-remote"
    remote.write_text(
        f"#!/bin/sh\nkill -9 {process.pid}\nwhile kill -0 {process.pid} 2>/dev/null; do :; done\nexit 1\n"
    )
    try:
        done = _reaping(process, there)
    finally:
        process.kill()
    assert done.returncode == 0, done.stderr
    assert there.everything() == before


def _reaping(process: subprocess.Popen[bytes], there: StoodIn) -> subprocess.CompletedProcess[str]:
    """Undo, with the process waited for as soon as it ends: a zombie could still be killed."""
    waiting = threading.Thread(target=process.wait)
    waiting.start()
    done = there.shell("sh undo.sh")
    waiting.join(timeout=10)
    return done
