"""libvirt's own code takes the domains: its test driver defines, pins and starts them; a real guest counts its CPUs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cerberus_plan.model.topology import Topology
from cerberus_plan.planner.deploy.deployment import Deployment, Unit
from cerberus_plan.planner.deploy.formats.libvirt import FORMAT
from cerberus_plan.planner.placing.placement import place
from tests.needs import needed_files, needed_programs

# libvirt's test driver has 8 CPUs that can be pinned to, in two cells
TOPOLOGY = Topology.regular(sockets=2, cores_per_l3=4, memory_bytes=2.0**30)


def domains(split: list[int], folder: Path, *, topology: Topology = TOPOLOGY, host: int = 1) -> Deployment:
    """A deployment with its domains written, of the test driver's type."""
    deployment = Deployment(name="work", topology=topology, placement=place(topology, split, host_cores=host))
    for name, text in FORMAT.write(deployment).items():
        (folder / name).write_text(text)
    return deployment


def virsh(folder: Path, *commands: str) -> str:
    """Run commands in one session of the test driver, which forgets everything at its end."""
    command = ["virsh", "--connect", "test:///default", "; ".join(commands)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def pins_shown(text: str) -> dict[int, str]:
    """CPU of each vCPU in the table that virsh prints."""
    return {int(vcpu): cpus for vcpu, cpus in re.findall(r"^ (\d+) +([\d,-]+)$", text, re.MULTILINE)}


@pytest.mark.parametrize("split", [[2, 2, 2], [4, 3], [7]])
def test_libvirt_pins_as_planned(split: list[int], tmp_path: Path) -> None:
    """Defined twice, started; vCPUs, emulator and memory nodes read back are those planned."""
    needed_programs("virsh")
    deployment = domains(split, tmp_path)
    for unit in deployment.units:
        file = tmp_path / f"{unit.name}.xml"
        file.write_text(file.read_text().replace('type="kvm"', 'type="test"'))
        ask = (f"{verb} {unit.name}" for verb in ("start", "vcpupin", "emulatorpin", "numatune"))
        shown = virsh(tmp_path, f"define {file.name}", f"define {file.name}", *ask, f"destroy {unit.name}")
        assert shown.count("defined from") == 2
        assert pins_shown(shown) == {vcpu: str(cpu) for vcpu, cpu in enumerate(unit.cpus)}
        assert re.findall(r"\*: ([\d,-]+)", shown) == [",".join(map(str, deployment.host_cpus))]
        (nodes,) = re.findall(r"numa_nodeset +: ([\d,-]+)", shown)
        assert nodes == ("0-1" if len(unit.place.nodes) == 2 else str(unit.place.nodes[0]))


INIT = """#!/bin/sh
/bin/busybox mount -t sysfs none /sys
echo "ONLINE=$(/bin/busybox cat /sys/devices/system/cpu/online)"
for node in /sys/devices/system/node/node*; do echo "NODE=$(/bin/busybox cat $node/cpulist)"; done
/bin/busybox poweroff -f
"""


def kernel() -> Path:
    """A kernel to boot: Debian's, the newest installed, or the one that CI unpacked."""
    given = os.environ.get("CERBERUS_PLAN_GUEST_KERNEL")
    found = [Path(given)] if given else sorted(Path("/boot").glob("vmlinuz-*-amd64"))
    needed_files("a kernel to boot (Debian: apt install linux-image-cloud-amd64)", *(found or [Path("/boot/vmlinuz")]))
    return found[-1]


def initramfs(folder: Path) -> Path:
    """An archive of one shell and one script."""
    root = folder / "root"
    for name in ("bin", "dev", "sys", "proc"):
        (root / name).mkdir(parents=True)
    busybox = shutil.which("busybox")
    assert busybox
    shutil.copy(busybox, root / "bin" / "busybox")
    (root / "bin" / "sh").symlink_to("busybox")
    (root / "init").write_text(INIT)
    (root / "init").chmod(0o755)
    names = "\n".join(str(path.relative_to(root)) for path in [root, *sorted(root.rglob("*"))])
    packed = subprocess.run(
        [busybox, "cpio", "-o", "-H", "newc"], cwd=root, input=names.encode(), capture_output=True, check=True
    )
    (folder / "initrd").write_bytes(packed.stdout)
    return folder / "initrd"


def bootable(unit: Unit, folder: Path) -> Path:
    """The exported domain with a kernel and a console, emulated on the CPU that QEMU emulates: no KVM is needed."""
    text = (folder / f"{unit.name}.xml").read_text()
    text = text.replace('type="kvm"', 'type="qemu"').replace('mode="host-passthrough"', 'mode="maximum"')
    boot = f"<kernel>{kernel()}</kernel><initrd>{initramfs(folder)}</initrd><cmdline>console=ttyS0 panic=-1</cmdline>"
    console = f'<serial type="file"><source path="{folder}/console"/></serial><memballoon model="none"/>'
    text = text.replace("</os>", f"{boot}</os>").replace("</domain>", f"<devices>{console}</devices></domain>")
    file = folder / "boot.xml"
    file.write_text(text)
    return file


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user may use: libvirt as root would want users of its own."""
    with tempfile.TemporaryDirectory(prefix="guest.") as name:
        Path(name).chmod(0o777)
        yield Path(name)


@pytest.mark.slow
def test_a_guest_has_the_cpus_planned(open_folder: Path) -> None:
    """The exported guest of two vCPUs, run by libvirt and QEMU, has CPUs 0 and 1 online in one node."""
    needed_programs("virt-qemu-run", "qemu-system-x86_64", "busybox", "setpriv")
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        pytest.skip("NOT TESTED: this host has one CPU")
    here = Topology(
        cpus=tuple(allowed[:2]), sockets=(0, 0), numa_nodes=(0, 0), l3_groups=(0, 0), cores=(0, 1), memory_bytes=(3e8,)
    )
    (unit,) = domains([2], open_folder, topology=here, host=0).units
    settings = open_folder / "state" / "etc" / "qemu.conf"
    settings.parent.mkdir(parents=True)
    settings.write_text('stdio_handler = "file"\n')  # not a log daemon
    command = ["virt-qemu-run", "--root", str(open_folder / "state"), str(bootable(unit, open_folder))]
    if os.geteuid() == 0:
        for path in (open_folder, settings.parent, settings.parent.parent):
            os.chown(path, 65534, 65534)
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]
    done = subprocess.run(
        command, env={**os.environ, "HOME": str(open_folder)}, capture_output=True, text=True, check=False, timeout=150
    )
    console = open_folder / "console"
    said = console.read_text(errors="replace") if console.exists() else ""
    assert re.findall(r"ONLINE=(\S+)", said) == ["0-1"], done.stderr + said[-3000:]
    assert re.findall(r"NODE=(\S+)", said) == ["0-1"]
