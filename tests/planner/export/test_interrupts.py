"""The README's commands for interrupts, run: they move them to the host's CPUs and back to where they were."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.model.topology import Topology
from cerberus_plan.planner.deploy.all_formats import FORMATS
from cerberus_plan.planner.deploy.bundle import bundle
from cerberus_plan.planner.deploy.deployment import Deployment
from cerberus_plan.planner.placing.placement import place

TOPOLOGY = Topology.regular(sockets=2, cores_per_l3=4, memory_bytes=8 * 2.0**30)


def commands(readme: str, heading: str, irq: Path) -> str:
    """The block of commands about interrupts in a section, acting on another folder."""
    section = readme.partition(f"## {heading}")[2].partition("\n## ")[0]
    about = section[section.index("Interrupts") :]
    lines = [line.removeprefix("    ") for line in about.splitlines() if line.startswith("    ")]
    return "\n".join(lines).replace("/proc/irq", str(irq))


@pytest.mark.parametrize("times", [1, 2])
def test_interrupts_go_and_come_back(times: int, tmp_path: Path) -> None:
    """Moved once or twice, then back: every interrupt is where it was, and no record is left."""
    deployment = Deployment(name="work", topology=TOPOLOGY, placement=place(TOPOLOGY, [2, 2], host_cores=2))
    readme = bundle(FORMATS["systemd"], deployment, {}, ())["README.md"]
    irq = tmp_path / "irq"
    before = {"0": "0-7", "24": "3", "131": "4,6"}
    for number, cpus in before.items():
        (irq / number).mkdir(parents=True)
        (irq / number / "smp_affinity_list").write_text(f"{cpus}\n")
    (tmp_path / "sudo").write_text('#!/bin/sh\nexec "$@"\n')
    (tmp_path / "sudo").chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}

    def run(heading: str) -> dict[str, str]:
        script = commands(readme, heading, irq)
        subprocess.run(["sh", "-eu", "-c", script], cwd=tmp_path, env=environment, check=True, timeout=60)
        return {number: (irq / number / "smp_affinity_list").read_text().strip() for number in before}

    for _ in range(times):
        moved = run("Where everything runs")
    assert set(moved.values()) == {cpu_list(deployment.host_cpus)}
    assert run("Undo") == before
    assert not (tmp_path / "interrupts.before").exists()
