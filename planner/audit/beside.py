"""Who is beside a deployment: other deployments' folders, and on a running host everything else that is pinned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from cerberus_plan.calibration.store import catalog
from cerberus_plan.calibration.store.files import naming
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.topology import Topology
from cerberus_plan.planner.audit.live import Host, find_live
from cerberus_plan.planner.audit.neighbours import Neighbour, of_deployment, running
from cerberus_plan.planner.audit.promised import Promise, read_promise
from cerberus_plan.planner.deploy.all_formats import read_files
from cerberus_plan.planner.deploy.portable import found_from
from cerberus_plan.planner.deploy.seen import Seen


def neighbours(
    folders: Iterable[Path], promise: Promise, found: Sequence[Seen], topology: Topology, *, live: bool
) -> list[Neighbour]:
    """Everybody else, the other deployments first.

    Args:
        folders: Other deployments on the same machine.
        promise: This deployment.
        found: What was found of it.
        topology: Of the machine.
        live: Look for what runs here, also of the other deployments; else their files are read.

    Raises:
        InputError: A folder is no deployment, is this one, or was planned for another machine.
    """
    beside: list[Neighbour] = []
    known = {pid for sight in found for pid in sight.processes}
    given: set[Path] = set()
    for folder in folders:
        other = read_promise(folder)
        if other.path.resolve() in given:  # the same one by another name is one deployment
            continue
        given.add(other.path.resolve())
        _check(folder, other, promise, topology)
        sights = (
            find_live([each.name for each in other.instances], {}, Host())
            if live
            else read_files(other.files, other.path.parent)
        )
        # two deployments with names alike: what runs under a name is one of the two, and ours was found first
        sights = [sight.on(topology, folder=other.path.parent) for sight in sights if not known & {*sight.processes}]
        known |= {pid for sight in sights for pid in sight.processes}
        reserves = SYSTEMS[other.system].virtualised
        beside += of_deployment(other, sights, promise, where=str(folder), reserves=reserves)
    return beside + running(Host().proc, known) if live else beside


def _check(folder: Path, other: Promise, promise: Promise, topology: Topology) -> None:
    """Refuse what cannot be beside this deployment."""
    if other.path.resolve() == promise.path.resolve():
        raise InputError(f"--beside {folder} is the deployment that is audited; give another one's folder")
    with naming(other.path):
        theirs = catalog.machine(found_from(other.path.parent, other.machine)).topology
    if (theirs.cpus, theirs.numa_nodes) != (topology.cpus, topology.numa_nodes):
        raise InputError(
            f"--beside {folder} was planned for {other.machine}, whose CPUs are not those of {promise.machine}; "
            "only deployments on one host can be beside each other"
        )
