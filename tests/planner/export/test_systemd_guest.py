"""A real systemd as the first process of a guest: slices applied, an instance run in one, undone, nothing left.

The guest is QEMU without KVM with four CPUs on two NUMA nodes; its file system holds this host's systemd and the few
programs that the scripts use, no disk and no network.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cerberus_plan.model.topology import Topology
from cerberus_plan.planner.deploy.bundle import bundle
from cerberus_plan.planner.deploy.deployment import Deployment
from cerberus_plan.planner.deploy.formats.systemd import FORMAT
from cerberus_plan.planner.placing.placement import place
from tests.needs import needed_files, needed_programs
from tests.planner.export.guests import archive, kernel

PATIENCE_S = 600.0  # a minute on a quiet machine
SYSTEMD = Path("/lib/systemd/systemd")
CHECK = Path(__file__).with_name("systemd_guest.sh")
PROGRAMS = (
    "systemctl", "sh", "cat", "cp", "mkdir", "rm", "rmdir", "mv", "head", "dirname", "sleep", "find",
    "sort", "grep", "mount",
)  # fmt: skip
SLEEPER = "[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/usr/bin/sleep 1000\nStandardOutput=null\nSlice={}\n"
UNITS = {
    "check.target": "[Unit]\nDefaultDependencies=no\nRequires=check.service\n",
    "check.service": "[Unit]\nDefaultDependencies=no\nRequires=one.service two.service\nAfter=one.service two.service\n"
    "[Service]\nType=oneshot\nExecStart=/usr/bin/sh /check.sh\nStandardOutput=tty\nTTYPath=/dev/ttyS0\n",
    "one.service": SLEEPER.format("system.slice"),
    "two.service": SLEEPER.format("user.slice"),
    "work-00.service": SLEEPER.format("work-00.slice"),
}
MACHINE = (
    "-accel", "tcg", "-machine", "q35", "-cpu", "max", "-smp", "4", "-m", "768", "-nic", "none", "-nographic",
    "-object", "memory-backend-ram,id=a,size=384M", "-numa", "node,nodeid=0,cpus=0-1,memdev=a",
    "-object", "memory-backend-ram,id=b,size=384M", "-numa", "node,nodeid=1,cpus=2-3,memdev=b",
    "-monitor", "none", "-no-reboot",
)  # fmt: skip
# without the check of its timer, which fails on a busy host
KERNEL_WORDS = (
    "console=ttyS0 panic=-1 no_timer_check quiet systemd.unified_cgroup_hierarchy=1 systemd.unit=check.target"
)


def with_libraries(program: Path) -> dict[str, bytes]:
    """A program and the libraries that it loads, by where they go."""
    said = subprocess.run(["ldd", program], capture_output=True, text=True, check=True, timeout=60).stdout
    loader = re.search(r"(/lib64/\S+) ", said)
    libraries = {f"usr/lib/{Path(each).name}": Path(each) for each in re.findall(r"=> (/\S+) ", said)}
    libraries |= {f"usr{loader[1]}": Path(loader[1])} if loader else {}
    return {name: file.read_bytes() for name, file in libraries.items()}


def file_system(scripts: dict[str, str]) -> bytes:
    """Systemd, the programs, the units, and the deployment's files in ``/deploy``."""
    files = {"usr/lib/systemd/systemd": SYSTEMD.read_bytes(), **with_libraries(SYSTEMD)}
    executor = SYSTEMD.with_name("systemd-executor")  # since version 255
    if executor.is_file():
        files |= {"usr/lib/systemd/systemd-executor": executor.read_bytes(), **with_libraries(executor)}
    for name in PROGRAMS:
        program = Path(shutil.which(name) or name).resolve()
        files |= {f"usr/bin/{name}": program.read_bytes(), **with_libraries(program)}
    files |= {f"etc/systemd/system/{name}": text.encode() for name, text in UNITS.items()}
    files |= {f"deploy/{name}": text.encode() for name, text in scripts.items()}
    files |= {
        "check.sh": CHECK.read_bytes(),
        "etc/machine-id": b"1" * 32 + b"\n",
        "etc/passwd": b"root:x:0:0::/:/bin/sh\n",
        "etc/group": b"root:x:0:\n",
    }
    links = {"init": "usr/lib/systemd/systemd", "lib": "usr/lib", "lib64": "usr/lib64", "bin": "usr/bin", "sbin": "bin"}
    return archive(files, links, folders=("proc", "sys", "dev", "run", "tmp", "var"))


def said_by_guest(folder: Path, scripts: dict[str, str]) -> str:
    """What the guest writes until it is off."""
    (folder / "initramfs").write_bytes(file_system(scripts))
    serial = folder / "serial"
    command = [
        "qemu-system-x86_64", *MACHINE, "-kernel", kernel(), "-initrd", folder / "initramfs", "-append", KERNEL_WORDS,
        "-serial", f"file:{serial}",
    ]  # fmt: skip
    try:
        subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        pytest.fail(f"the guest is not off after {PATIENCE_S:.0f} s: {serial.read_text(errors='replace')[-3000:]}")
    written = serial.read_text(errors="replace").replace("\r", "")
    return re.sub(r"^\[ *\d+\.\d+\] .*\n", "", written, flags=re.MULTILINE)  # the kernel's own lines come in between


@pytest.mark.slow
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="NOT TESTED: the guest is x86-64")
def test_systemd_itself_applies_and_undoes(tmp_path: Path) -> None:
    """Under the slices everybody is where planned; afterwards files, cgroups and affinities are those of before."""
    needed_programs("qemu-system-x86_64", "dpkg-deb", "ldd", *PROGRAMS)
    needed_files("systemd (Debian: apt install systemd)", SYSTEMD)
    topology = Topology.regular(sockets=2, cores_per_l3=2, memory_bytes=2.0**28)
    deployment = Deployment(name="work", topology=topology, placement=place(topology, [1, 1], host_cores=2))
    said = said_by_guest(tmp_path, bundle(FORMAT, deployment, {}, ()))
    states = dict(re.findall(r"^state: (\w+)\n(.*?)(?=^(?:state|apply|undo): )", said, re.MULTILINE | re.DOTALL))
    assert [states.keys(), re.findall(r"^(?:apply|run|undo): \d+", said, re.MULTILINE)] == [
        {"before", "applied", "after"}, ["apply: 0", "run: 0", "undo: 0"],
    ], said[-3000:]  # fmt: skip
    before, applied, after = (states[name].splitlines() for name in ("before", "applied", "after"))
    assert "sleep in /system.slice/one.service: Cpus_allowed_list: 0-3" in before
    for slice_ in ("system", "user"):
        assert f"{slice_}.slice cpus: set to '0-1', may use 0-1" in applied
    assert "sleep in /system.slice/one.service: Cpus_allowed_list: 0-1" in applied
    cpu = deployment.units[0].cpus[0]
    instance = "sleep in /work.slice/work-00.slice/work-00.service:"
    assert {f"{instance} Cpus_allowed_list: {cpu}", f"{instance} Mems_allowed_list: 1"} <= {*applied}
    assert any("50-MemoryHigh.conf: MemoryHigh=" in line for line in before)
    assert after == before
