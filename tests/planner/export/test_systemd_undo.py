"""The systemd scripts leave the host as it was: files, settings and cgroups, whatever the administrator had set."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cerberus_plan.model.topology import Topology
from cerberus_plan.planner.deploy.bundle import bundle
from cerberus_plan.planner.deploy.deployment import Deployment
from cerberus_plan.planner.deploy.formats.systemd import FORMAT
from cerberus_plan.planner.placing.placement import place

TOPOLOGY = Topology.regular(sockets=2, cores_per_l3=4, memory_bytes=8 * 2.0**30)
# A stand-in for systemctl with the behaviour that matters, as seen on systemd 252 and 257: set-property writes one
# drop-in and the cgroup; a setting that goes away leaves the cgroup as it is, daemon-reload or not.
SYSTEMCTL = """#!{python}
import pathlib, re, sys
root = pathlib.Path({root!r})
words = [word for word in sys.argv[1:] if not word.startswith("-")]
verb, rest = words[0], words[1:]
if verb == "set-property":
    unit, (name, _, value) = rest[0], rest[1].partition("=")
    folder = root / "run/systemd/system.control" / (unit + ".d")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ("50-" + name + ".conf")).write_text("[Slice]\\n" + name + "=" + value + "\\n")
    (root / "sys/fs/cgroup" / unit / "cpuset.cpus").write_text(value + "\\n")
elif verb == "show":
    found = ""
    for base in ("etc/systemd/system", "run/systemd/system.control"):
        for file in sorted((root / base / (rest[0] + ".d")).glob("*.conf")):
            found = "".join(re.findall("^AllowedCPUs=(.*)$", file.read_text(), re.M)[-1:]) or found
    print(found)
elif verb == "is-active":
    sys.exit(3)
"""


class FakeHost:
    """A host's files below a folder, with scripts that act there."""

    def __init__(self, root: Path, name: str = "work") -> None:
        self.root = root / "host"
        for folder in ("etc/systemd/system", "run/systemd/system.control", "sys/fs/cgroup"):
            (self.root / folder).mkdir(parents=True)
        (self.root / "sys/fs/cgroup/cgroup.controllers").write_text("cpuset cpu memory\n")
        for unit in ("system.slice", "user.slice"):
            (self.root / "sys/fs/cgroup" / unit).mkdir()
            (self.root / "sys/fs/cgroup" / unit / "cpuset.cpus").write_text("\n")
        (root / "bin").mkdir()
        program = root / "bin" / "systemctl"
        program.write_text(SYSTEMCTL.format(python=sys.executable, root=str(self.root)))
        program.chmod(0o755)
        self.environment = os.environ | {"PATH": f"{root / 'bin'}:{os.environ['PATH']}"}
        self.scripts = root / "files"
        self.scripts.mkdir()
        deployment = Deployment(name=name, topology=TOPOLOGY, placement=place(TOPOLOGY, [2, 2, 2], host_cores=2))
        for file, text in bundle(FORMAT, deployment, {}, ()).items():
            (self.scripts / file).write_text(re.sub(r"=(/etc|/run|/sys/fs)/", rf"={self.root}\1/", text))

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run one of the scripts."""
        command = ["sh", str(self.scripts / script)]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, timeout=60)

    def files(self) -> dict[str, str]:
        """Every file of the host; folders that only the record is in do not count."""
        return {str(f.relative_to(self.root)): f.read_text() for f in self.root.rglob("*") if f.is_file()}

    def write(self, path: str, text: str) -> None:
        """A file of the administrator's."""
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)


CONTROL = "run/systemd/system.control/system.slice.d"
SETTINGS: dict[str, dict[str, str]] = {
    "nothing": {},
    "memory limit beside ours": {f"{CONTROL}/50-MemoryHigh.conf": "[Slice]\nMemoryHigh=1G\n"},
    "CPUs for this boot": {
        f"{CONTROL}/50-AllowedCPUs.conf": "[Slice]\nAllowedCPUs=1-6\n",
        "sys/fs/cgroup/system.slice/cpuset.cpus": "1-6\n",
    },
    "CPUs for ever": {
        "etc/systemd/system/system.slice.d/mine.conf": "[Slice]\nAllowedCPUs=0-5\n",
        "sys/fs/cgroup/system.slice/cpuset.cpus": "0-5\n",
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("before", SETTINGS)
def test_undo_restores_what_was(before: str, times: int, tmp_path: Path) -> None:
    """Applied once or twice, then undone: every file and every cpuset is as it was before."""
    host = FakeHost(tmp_path)
    for path, text in SETTINGS[before].items():
        host.write(path, text)
    start = host.files()
    for _ in range(times):
        done = host.run("apply.sh")
        assert done.returncode == 0, done.stderr
    inside = host.files()
    assert inside["sys/fs/cgroup/system.slice/cpuset.cpus"] == inside["sys/fs/cgroup/user.slice/cpuset.cpus"] == "0,3\n"
    assert {f"etc/systemd/system/work{end}.slice" for end in ("", "-00", "-01", "-02")} <= inside.keys()
    done = host.run("undo.sh")
    assert done.returncode == 0, done.stderr
    assert host.files() == start


def test_somebody_elses_unit_is_not_touched(tmp_path: Path) -> None:
    """A slice of this name that we did not write stops apply before it changes anything, and survives undo."""
    host = FakeHost(tmp_path)
    host.write("etc/systemd/system/work.slice", "[Slice]\nCPUWeight=20\n")
    start = host.files()
    refused = host.run("apply.sh")
    assert (refused.returncode, host.files()) == (1, start)
    assert "is not ours" in refused.stderr
    assert host.run("undo.sh").returncode == 0
    assert host.files() == start
