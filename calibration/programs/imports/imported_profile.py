"""A profile made of what other tools tell of one machine: topologies, latencies, kernel costs.

Read: lstopo XML, lscpu (summary or one row a CPU, text or JSON), matrices of core-to-core latencies, will-it-scale. For
a machine one cannot run on. What the files do not tell stays unknown, and the planner says what it assumes instead.
Files of two machines are refused: topologies that differ, latencies of CPUs that the topology does not have, or two
matrices of different CPUs. The host is named after the first file, so that such a profile never merges with a measured
one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cerberus_plan.calibration.host.clustering import find_levels
from cerberus_plan.calibration.host.identity import Host
from cerberus_plan.calibration.host.latency_matrix import LatencyMatrix
from cerberus_plan.calibration.host.reconcile import reconcile, topology_of_latencies
from cerberus_plan.calibration.programs.imports import (
    core_to_core_latency,
    lscpu_summary,
    lscpu_table,
    lstopo_xml,
    will_it_scale,
    will_it_scale_machine,
)
from cerberus_plan.calibration.programs.imports.belongs import belongs
from cerberus_plan.calibration.programs.imports.elsewhere import MATRIX, OF_A_MACHINE
from cerberus_plan.calibration.programs.imports.source import Source
from cerberus_plan.calibration.store.files import read_text
from cerberus_plan.calibration.store.profile import Profile
from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.quantity import Provenance, Quantity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cerberus_plan.calibration.programs.imports.described_machine import Described
    from cerberus_plan.model.topology import Topology

# Two matrices of one machine agree within this factor in the median pair.
_SAME_MACHINE = 2.0
_TOPOLOGIES = (lstopo_xml, lscpu_table, lscpu_summary)


@dataclass(slots=True)
class _Gathered:
    """What the files told so far, and which file told it."""

    described: dict[str, Described] = field(default_factory=dict)
    latency: dict[str, LatencyMatrix] = field(default_factory=dict)
    quantities: dict[str, Quantity] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def import_profile(paths: Sequence[str]) -> Profile:
    """A profile of the machine that ``paths`` describe.

    Raises:
        InputError: A file is not of a known format, damaged, of another machine than the others, or all together say
            nothing about where the cores are.
    """
    gathered = _Gathered()
    for path in paths:
        _read(Source(path, read_text(path)), gathered)
    topology, latency = _one_topology(gathered), _one_matrix(gathered)
    if topology is None and latency is None:
        raise InputError(
            f"{', '.join(paths)}: nothing says where the cores are; add lstopo --of xml, lscpu -e or "
            "core-to-core-latency --csv"
        )
    if topology is None:
        agreed, notes = topology_of_latencies(latency or {})
    elif latency is None:
        agreed, notes = topology, ()
    else:
        _require_same_cpus(topology, latency, gathered)
        agreed, notes = reconcile(topology, find_levels(latency), latency.cpus)
    return _profile(paths, gathered, agreed, latency, notes)


def read_topology(path: str) -> Described:
    """The machine that a topology file describes.

    Raises:
        InputError: It is none of the known topology files, or damaged.
    """
    source = Source(path, read_text(path))
    reader = next((form for form in _TOPOLOGIES if form.sniff(source.text)), None)
    if reader is None:
        other = belongs(source.text)
        if other is None or other.endswith(OF_A_MACHINE):
            other = "is none of lstopo --of xml, lscpu -e, lscpu -p and lscpu (text or JSON)"
        raise InputError(f"{path} {other}")
    return reader.read(source)


def read_latency(path: str) -> LatencyMatrix:
    """The round trips in a matrix of core-to-core latencies.

    Raises:
        InputError: It is no such matrix.
    """
    return core_to_core_latency.read(Source(path, read_text(path)))[0]


def _read(source: Source, gathered: _Gathered) -> None:
    """Add what one file tells."""
    reader = next((form for form in _TOPOLOGIES if form.sniff(source.text)), None)
    if reader is not None:
        found = reader.read(source)
        gathered.described[source.name] = found
        gathered.notes += [f"{Path(source.name).name}: {note}" for note in found.notes]
    elif will_it_scale.sniff(source.text):
        gathered.quantities |= will_it_scale_machine.parse(source)
    elif core_to_core_latency.sniff(source.text):
        gathered.latency[source.name], notes = core_to_core_latency.read(source)
        gathered.notes += [f"{Path(source.name).name}: {note}" for note in notes]
    else:
        raise InputError(f"{source.name} {_what_else(source.text)}")


def _what_else(text: str) -> str:
    """What a file is that no reader of machines takes."""
    other = belongs(text)
    if other is None:
        return (
            "is none of lstopo --of xml, lscpu, core-to-core-latency --csv and will-it-scale CSV; curves and demands "
            "of programs are read by `cerberus-plan import`"
        )
    if not other.endswith(OF_A_MACHINE):
        return other
    kind = other.removesuffix(OF_A_MACHINE)
    if kind == MATRIX:
        return f"{kind}, but is not square: a row and a column for each core are expected, or one of its triangles"
    return f"{kind}, but is cut short: give all of it, or `lscpu -e`"


def _one_topology(gathered: _Gathered) -> Topology | None:
    """The topology that all files agree on: lstopo's before lscpu's, which tells less."""
    found = list(gathered.described.items())
    if not found:
        return None
    name, first = found[0]
    for other_name, other in found[1:]:
        if sorted(first.topology.cpus) != sorted(other.topology.cpus):
            raise InputError(
                f"{name} and {other_name} describe two machines: CPUs {cpu_list(first.topology.cpus)} and "
                f"{cpu_list(other.topology.cpus)}; import them one by one, each with its own --output"
            )
        if first.topology.sibling_groups != other.topology.sibling_groups and not (first.notes or other.notes):
            raise InputError(
                f"{name} and {other_name} describe two machines: they pair CPUs differently; import them one by one"
            )
    return max(
        (each for _, each in found), key=lambda each: (bool(each.topology.memory_bytes), -len(each.notes))
    ).topology


def _one_matrix(gathered: _Gathered) -> LatencyMatrix | None:
    """The mean of all matrices, which must be of the same CPUs and alike."""
    found = list(gathered.latency.items())
    if not found:
        return None
    name, first = found[0]
    typical = float(np.nanmedian(first.seconds))
    for other_name, other in found[1:]:
        ratio = float(np.nanmedian(other.seconds)) / typical
        if first.cpus != other.cpus or not 1.0 / _SAME_MACHINE <= ratio <= _SAME_MACHINE:
            raise InputError(
                f"{name} and {other_name} are of two machines: {len(first.cpus)} and {len(other.cpus)} CPUs, median "
                f"round trips in the ratio {ratio:.2f}; import them one by one, each with its own --output"
            )
    stack = np.stack([matrix.seconds for _, matrix in found])
    known = np.count_nonzero(~np.isnan(stack), axis=0)
    return LatencyMatrix(first.cpus, np.where(known > 0, np.nansum(stack, axis=0) / np.maximum(known, 1), np.nan))


def _require_same_cpus(topology: Topology, latency: LatencyMatrix, gathered: _Gathered) -> None:
    """Refuse latencies of CPUs that the topology does not have."""
    beyond = set(latency.cpus) - set(topology.cpus)
    if beyond:
        matrix, told = next(iter(gathered.latency)), next(iter(gathered.described))
        raise InputError(
            f"{matrix} has latencies of CPUs {cpu_list(beyond)}, which {told} does not have (CPUs "
            f"{cpu_list(topology.cpus)}): these are two machines; import them one by one"
        )


def _profile(
    paths: Sequence[str],
    gathered: _Gathered,
    topology: Topology,
    latency: LatencyMatrix | None,
    notes: Sequence[str],
) -> Profile:
    """The profile of what was gathered."""
    quantities = dict(gathered.quantities)
    if latency is not None:
        quantities["core_to_core_round_trip"] = _round_trip(latency)
    name = Path(paths[0]).stem
    processor = next((each.processor for each in gathered.described.values() if each.processor), name)
    host = Host(
        name=name,
        processor=processor,
        family="imported",
        cpus=topology.n_cpus,
        memory_bytes=int(sum(topology.memory_bytes)),
        kernel="unknown kernel",
        hypervisor="unknown",
    )
    return Profile(
        host=host,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        topology=topology,
        quantities={key: replace(q, provenance=_weaker(q)) for key, q in quantities.items()},
        notes=(
            f"made of files of other tools: {', '.join(Path(path).name for path in paths)}",
            *gathered.notes,
            *notes,
        ),
        run={"verdict": "imported, not measured here"},
        latency=latency if latency is not None else {},
    )


def _weaker(quantity: Quantity) -> Provenance:
    """What somebody else measured is published to us; what was assumed stays assumed."""
    return Provenance.ASSUMED if quantity.provenance == Provenance.ASSUMED else Provenance.PUBLISHED


def _round_trip(latency: Mapping[tuple[int, int], float]) -> Quantity:
    """The median pair, with the spread over pairs as interval [s]."""
    seconds = LatencyMatrix.of(latency).seconds
    values = seconds[~np.isnan(seconds)]
    low, middle, high = (float(value) for value in np.quantile(values, [0.05, 0.5, 0.95]))
    source = f"core-to-core-latency, median of {len(values) // 2} pairs, interval over pairs"
    return Quantity(value=middle, unit="s", low=low, high=high, provenance=Provenance.PUBLISHED, source=source)
