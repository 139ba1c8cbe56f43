"""Open MPI itself binds the ranks of an exported rank file to the CPUs planned, inside an allocation of Slurm's."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

import pytest

from cerberus_plan.calibration.host.topology import system_topology
from cerberus_plan.model.cpu_list import parse_cpu_list
from cerberus_plan.planner.deploy.deployment import Deployment
from cerberus_plan.planner.deploy.formats.slurm import FORMAT
from cerberus_plan.planner.placing.placement import place
from tests.needs import needed_programs


def allocation(cpus: int) -> dict[str, str]:
    """What a job of Slurm's that has this whole host finds in its environment."""
    node = platform.node()
    return {
        "SLURM_JOBID": "1", "SLURM_JOB_ID": "1", "SLURM_NODELIST": node, "SLURM_JOB_NODELIST": node,
        "SLURM_NNODES": "1", "SLURM_TASKS_PER_NODE": str(cpus), "SLURM_JOB_CPUS_PER_NODE": str(cpus),
        "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    }  # fmt: skip


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="NOT TESTED: two CPUs are needed for two ranks")
def test_ranks_are_where_planned(tmp_path: Path) -> None:
    """Each rank may use the CPUs of its instance on this host, and no others."""
    needed_programs("mpirun")
    topology = system_topology(sorted(os.sched_getaffinity(0)))
    deployment = Deployment(name="work", topology=topology, placement=place(topology, [1, 1]))
    (tmp_path / "rankfile").write_text(FORMAT.write(deployment)["rankfile"])
    show = 'echo "$OMPI_COMM_WORLD_RANK $(grep Cpus_allowed_list /proc/self/status | cut -f2)"'
    command = ["mpirun", "--use-hwthread-cpus", "--rankfile", "rankfile", "-np", "2", "sh", "-c", show]
    environment = os.environ | allocation(topology.n_cpus)
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    bound = dict(line.split() for line in done.stdout.splitlines())
    assert {rank: parse_cpu_list(cpus) for rank, cpus in bound.items()} == {
        str(rank): unit.cpus for rank, unit in enumerate(deployment.units)
    }
