"""libvirt's own code takes the domains: its test driver defines, pins and starts them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from cerberus_plan.model.topology import Topology
from cerberus_plan.planner.deploy.deployment import Deployment
from cerberus_plan.planner.deploy.formats.libvirt import FORMAT
from cerberus_plan.planner.placing.placement import place
from tests.needs import needed_programs

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
