"""A guest started from an exported domain brings up its CPUs and nodes: Debian's kernel under QEMU without KVM.

The domain is the exported one but for what this host decides: no KVM, a CPU model that can be emulated, host node 0 for
every node, and a kernel with one program in the place of a disk. Output goes to files: QEMU keeps a pipe open.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import stat
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from cerberus_plan.model.topology import Topology
from cerberus_plan.planner.deploy.deployment import Deployment
from cerberus_plan.planner.deploy.formats.libvirt import FORMAT
from cerberus_plan.planner.placing.placement import place
from tests.needs import needed_programs

PATIENCE_S = 150.0  # half a minute on a quiet machine
KERNEL = "linux-image-cloud-amd64"
NOBODY = 65534  # for root, libvirt asks for the user of a daemon that is not installed
PROGRAM = Path(__file__).with_name("guest.c")


def kernel(folder: Path) -> Path:
    """A kernel image: that of the host where it may be read, else of Debian's package, which is not installed."""
    here = [image for image in sorted(Path("/boot").glob("vmlinuz-*")) if os.access(image, os.R_OK)]
    if here:
        return here[-1]
    asked = subprocess.run(["apt-cache", "depends", KERNEL], capture_output=True, text=True, check=False, timeout=60)
    package = re.search(r"Depends: (linux-image-\S+)", asked.stdout)
    if package:
        command = ["apt-get", "download", "-q", package[1]]
        subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=120)
    found = sorted(folder.glob("linux-image-*.deb"))
    if not found:
        pytest.skip(f"NOT TESTED: no kernel in /boot, and {KERNEL} could not be downloaded: apt-get update")
    subprocess.run(["dpkg-deb", "-x", found[0].name, "kernel"], cwd=folder, check=True, timeout=120)
    return next((folder / "kernel" / "boot").glob("vmlinuz-*"))


def initramfs(folder: Path) -> Path:
    """A file system in memory that holds the one program, as the cpio archive that the kernel unpacks (newc)."""
    program = folder / "init"
    subprocess.run(["gcc", "-static", "-O1", "-o", program, PROGRAM], check=True, timeout=120)
    files = {"dev": b"", "init": program.read_bytes()}
    modes = {"dev": stat.S_IFDIR | 0o755, "init": stat.S_IFREG | 0o755}
    archive = b""
    for number, (name, data) in enumerate([*files.items(), ("TRAILER!!!", b"")], start=1):
        fields = [number, modes.get(name, 0), 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        archive += head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)
    target = folder / "initramfs"
    target.write_bytes(archive)
    return target


def adapted(domain: ET.Element, folder: Path) -> str:
    """The exported domain as this host can run it."""
    domain.set("type", "qemu")
    processor = domain.find("cpu")
    assert processor is not None
    processor.set("mode", "maximum")
    for tune in domain.iterfind("numatune/*"):
        tune.set("nodeset", "0")
    system = domain.find("os")
    assert system is not None
    for tag, text in (
        ("kernel", str(kernel(folder))), ("initrd", str(initramfs(folder))), ("cmdline", "console=ttyS0 panic=-1"),
    ):  # fmt: skip
        ET.SubElement(system, tag).text = text
    ET.SubElement(domain, "on_reboot").text = "destroy"
    serial = ET.SubElement(ET.SubElement(domain, "devices"), "serial", type="file")
    ET.SubElement(serial, "source", path=str(folder / "serial"))
    return ET.tostring(domain, encoding="unicode")


def run(folder: Path, domain: str) -> str:
    """What the guest writes to its serial line until it is off."""
    (folder / "domain.xml").write_text(domain)
    (folder / "serial").touch()
    (folder / "root" / "etc").mkdir(parents=True)
    # without the log daemon, which would take the output
    (folder / "root" / "etc" / "qemu.conf").write_text('stdio_handler = "file"\n')
    for each in (folder, *folder.rglob("*")) if os.geteuid() == 0 else ():
        os.chown(each, NOBODY, NOBODY, follow_symlinks=False)
    command = ["virt-qemu-run", "--root", str(folder / "root"), str(folder / "domain.xml")]
    with (folder / "out").open("w") as out, (folder / "err").open("w") as err:
        as_nobody: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        started = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=folder, start_new_session=True,
            env={**os.environ, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}, **as_nobody,
        )  # fmt: skip
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and started.poll() is None:
            if "guest: end" in (folder / "serial").read_text(errors="replace"):
                break
            time.sleep(0.5)
        end(started)
    return (folder / "serial").read_text(errors="replace")


def end(started: subprocess.Popen[bytes]) -> None:
    """The runner, and with it QEMU."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(started.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            started.wait(20)
            return


@pytest.mark.slow
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="NOT TESTED: two CPUs are needed for two pins")
def test_a_guest_has_its_cpus_and_nodes() -> None:
    """Two vCPUs on two nodes: both are online in the guest, one on each of its nodes."""
    needed_programs("virt-qemu-run", "qemu-system-x86_64", "gcc", "dpkg-deb")
    topology = Topology.regular(sockets=2, cores_per_l3=1, memory_bytes=2.0**28)
    deployment = Deployment(name="work", topology=topology, placement=place(topology, [2]))
    (text,) = FORMAT.write(deployment).values()
    with TemporaryDirectory() as name:  # not pytest's folder, which only its owner may enter
        folder = Path(name)
        said = run(folder, adapted(ET.fromstring(text), folder))
        told = (folder / "err").read_text()
    found = dict(re.findall(r"guest: (\S+) (\S+)", said))
    assert "cpus" in found, told[-2000:] + said[-2000:]
    assert found["cpus"] == "0-1"
    assert found["nodes"] == "0-1"
    assert (found["node0"], found["node1"]) == ("0", "1")
