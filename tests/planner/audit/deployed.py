"""Deployments on disk, verdicts on them, and processes that are none: what tests of the auditor start from."""

from __future__ import annotations

from pathlib import Path

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.audit.compare import compare, planned_pins
from cerberus_plan.planner.audit.deviation import Verdict
from cerberus_plan.planner.audit.price import Pricer
from cerberus_plan.planner.audit.promised import read_promise
from cerberus_plan.planner.deploy.all_formats import FORMATS, read_files
from cerberus_plan.planner.deploy.bundle import bundle
from cerberus_plan.planner.deploy.deployment import Deployment
from cerberus_plan.planner.deploy.seen import Seen
from cerberus_plan.planner.placing.distance import distances_of
from cerberus_plan.planner.placing.placement import place

AMD48 = catalog.machine("amd48")


def deploy(form: str, folder: Path, *, size: int = 2, host_cores: int = 0) -> Path:
    """A deployment of the paper's machine, written to a folder."""
    split = [size] * ((48 - host_cores) // size)
    placement = place(AMD48.topology, split, host_cores=host_cores)
    deployment = Deployment(name="dbench", topology=AMD48.topology, placement=placement)
    system = FORMATS[form].systems[0]
    facts = {"machine": "amd48", "workload": "dbench", "system": system, "throughput": 1000.0, "unit": "MB/s"}
    for name, text in bundle(FORMATS[form], deployment, facts, ()).items():
        (folder / name).write_text(text)
    return folder


def audited(folder: Path, found: list[Seen] | None = None, *, expect_all: bool = True) -> Verdict:
    """The verdict on a folder's files, or on what was found elsewhere."""
    promise = read_promise(folder)
    pricer = Pricer(
        AMD48, catalog.workload(promise.workload), SYSTEMS[promise.system], planned_pins(promise), distances_of(AMD48)
    )
    sights = [sight.on(AMD48.topology) for sight in (read_files(promise.files, folder) if found is None else found)]
    return compare(promise, sights, pricer, topology=AMD48.topology, expect_all=expect_all)


def fake_process(proc: Path, pid: int, tasks: dict[int, tuple[str, str]], command: str = "") -> None:
    """A process with these threads: name and CPUs allowed."""
    for tid, (name, cpus) in tasks.items():
        task = proc / str(pid) / "task" / str(tid)
        task.mkdir(parents=True)
        (task / "comm").write_text(name + "\n")
        (task / "status").write_text(f"Name:\t{name}\nCpus_allowed_list:\t{cpus}\nMems_allowed_list:\t0\n")
    (proc / str(pid) / "cmdline").write_text(command.replace(" ", "\0"))
