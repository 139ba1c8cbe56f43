"""A profile made of what other tools measured: core-to-core-latency, lstopo, will-it-scale.

For a machine one cannot run on. What the files do not tell stays unknown, and the planner says what it assumes
instead. The host is named after the first file, so that such a profile never merges with a measured one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cerberus_plan.calibration.host.clustering import find_levels
from cerberus_plan.calibration.host.identity import Host
from cerberus_plan.calibration.host.topology import reconcile
from cerberus_plan.calibration.programs.imports import (
    core_to_core_latency,
    lstopo_xml,
    will_it_scale,
    will_it_scale_machine,
)
from cerberus_plan.calibration.programs.imports.source import Source
from cerberus_plan.calibration.store.files import read_text
from cerberus_plan.calibration.store.profile import Profile
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.model.topology import Topology

if TYPE_CHECKING:
    from collections.abc import Sequence


def import_profile(paths: Sequence[str]) -> Profile:
    """A profile of the machine that ``paths`` describe.

    Raises:
        InputError: A file is not of a known format, damaged, or says nothing about where the cores are.
    """
    topology: Topology | None = None
    latency: dict[tuple[int, int], float] = {}
    quantities: dict[str, Quantity] = {}
    for path in paths:
        source = Source(path, read_text(path))
        if lstopo_xml.sniff(source.text):
            topology = lstopo_xml.parse(source)
        elif will_it_scale.sniff(source.text):
            quantities |= will_it_scale_machine.parse(source)
        elif core_to_core_latency.sniff(source.text):
            latency |= core_to_core_latency.parse(source)
        else:
            raise InputError(
                f"{path} is none of lstopo --of xml, core-to-core-latency --csv and will-it-scale CSV; "
                "curves and demands of programs are read by `cerberus-plan import`"
            )
    return _profile(paths, topology, latency, quantities)


def _profile(
    paths: Sequence[str],
    topology: Topology | None,
    latency: dict[tuple[int, int], float],
    quantities: dict[str, Quantity],
) -> Profile:
    cpus = sorted({cpu for pair in latency for cpu in pair})
    if topology is None and not cpus:
        raise InputError(
            f"{', '.join(paths)}: nothing says where the cores are; add lstopo --of xml or core-to-core-latency --csv"
        )
    told = topology or _flat(cpus)
    agreed, notes = reconcile(told, find_levels(latency), cpus)
    if latency:
        quantities = {**quantities, "core_to_core_round_trip": _round_trip(latency)}
    name = Path(paths[0]).stem
    host = Host(
        name=name,
        processor=name,
        family="imported",
        cpus=agreed.n_cpus,
        memory_bytes=int(sum(agreed.memory_bytes)),
        kernel="unknown kernel",
        hypervisor="unknown",
    )
    return Profile(
        host=host,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        topology=agreed,
        quantities={key: replace(q, provenance=_weaker(q)) for key, q in quantities.items()},
        notes=(f"made of files of other tools: {', '.join(Path(path).name for path in paths)}", *notes),
        run={"verdict": "imported, not measured here"},
        latency=latency,
    )


def _weaker(quantity: Quantity) -> Provenance:
    """What somebody else measured is published to us; what was assumed stays assumed."""
    return Provenance.ASSUMED if quantity.provenance == Provenance.ASSUMED else Provenance.PUBLISHED


def _flat(cpus: Sequence[int]) -> Topology:
    """All cores alike, each a core of its own."""
    one = (0,) * len(cpus)
    return Topology(cpus=tuple(cpus), sockets=one, numa_nodes=one, l3_groups=one, cores=tuple(range(len(cpus))))


def _round_trip(latency: dict[tuple[int, int], float]) -> Quantity:
    values = np.array(list(latency.values()))
    low, middle, high = (float(value) for value in np.quantile(values, [0.05, 0.5, 0.95]))
    source = f"core-to-core-latency, median of {len(latency)} pairs, interval over pairs"
    return Quantity(value=middle, unit="s", low=low, high=high, provenance=Provenance.PUBLISHED, source=source)
