"""A guest started from an exported domain brings up its CPUs and nodes: Debian's kernel under QEMU without KVM.

The domain is the exported one but for what this host decides: no KVM, a CPU model that can be emulated, host node 0 for
every node, and a kernel with one program in the place of a disk. Output goes to files: QEMU keeps a pipe open.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
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
from tests.planner.export.guests import archive, kernel

PATIENCE_S = 150.0  # half a minute on a quiet machine
NOBODY = 65534  # for root, libvirt asks for the user of a daemon that is not installed
PROGRAM = Path(__file__).with_name("guest.c")


def initramfs(folder: Path) -> Path:
    """A file system in memory that holds the one program."""
    program = folder / "init"
    subprocess.run(["gcc", "-static", "-O1", "-o", program, PROGRAM], check=True, timeout=120)
    target = folder / "initramfs"
    target.write_bytes(archive({"init": program.read_bytes()}, {}, folders=("dev",)))
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
        ("kernel", str(kernel())), ("initrd", str(initramfs(folder))), ("cmdline", "console=ttyS0 panic=-1"),
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
