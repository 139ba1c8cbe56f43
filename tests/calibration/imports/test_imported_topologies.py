"""Files that were once read wrongly, each with what it means: from a file to the profile and the files deployed."""

from __future__ import annotations

import numpy as np
import pytest
from latency_machines import machine

from cerberus_plan.calibration.programs.imports.imported_profile import import_profile
from cerberus_plan.calibration.store.profile import machine_of, read_profile, write_profile
from cerberus_plan.planner.placing.placement import place


def matrix_file(path, values_ns):
    """The triangle below the diagonal, as core-to-core-latency writes it."""
    n = len(values_ns)
    rows = [",".join("" if j >= i else f"{values_ns[i][j]:.3f}" for j in range(n)) for i in range(n)]
    path.write_text("\n".join(rows) + "\n")
    return str(path)


@pytest.mark.parametrize(
    "shape",
    [
        {"caches": 3, "cores": 4},
        {"caches": 4, "cores": 3, "threads": 1},
        {"sockets": 2, "cores": 8, "beside": True},
        {"sockets": 2, "caches": 4, "cores": 4, "remote_home": True},
    ],
)
def test_the_written_profile_has_all_three_levels(shape, tmp_path):
    """Siblings, caches and sockets of a matrix are in the topology of the file, not in a note only."""
    found = machine(**shape)
    path = matrix_file(tmp_path / "m.csv", np.nan_to_num(found.latency.seconds) / 2e-9)
    write_profile(import_profile([path]), tmp_path / "p.json")
    topology = read_profile(tmp_path / "p.json").topology
    assert (topology.cores, topology.l3_groups, topology.sockets) == (found.cores, found.l3_groups, found.sockets)


def test_siblings_of_a_matrix_are_never_given_to_two_instances(tmp_path):
    """Four instances of two CPUs on eight cores of two threads: eight cores, or four pairs."""
    found = machine(caches=2, cores=4)
    path = matrix_file(tmp_path / "m.csv", np.nan_to_num(found.latency.seconds) / 2e-9)
    topology = machine_of(import_profile([path])).topology
    assert topology.physical_cores == 8
    owner = {cpu: n for n, each in enumerate(place(topology, [2] * 4).places) for cpu in each.cpus}
    assert all(len({owner[cpu] for cpu in pair if cpu in owner}) <= 1 for pair in topology.sibling_groups)


def test_threads_that_were_not_held_in_place_make_no_caches(tmp_path):
    """Partners blur into pairs and triples of 10 to 14 ns among 17 to 21 ns: one cache, no siblings."""
    near = {(4, 0), (6, 0), (3, 1), (5, 2), (6, 4), (9, 7), (10, 8), (11, 8), (11, 10)}
    rng = np.random.default_rng(0)
    values = [
        [rng.uniform(10.4, 13.8) if (i, j) in near else rng.uniform(17.5, 21.4) for j in range(i)] for i in range(12)
    ]
    path = matrix_file(tmp_path / "m.csv", values)
    topology = import_profile([path]).topology
    assert set(topology.l3_groups) == {0}
    assert topology.physical_cores == 12


def test_a_topology_without_siblings_takes_them_from_the_latencies(tmp_path):
    """A hypervisor that hides siblings and caches: both come from the matrix, and notes say so."""
    found = machine(caches=2, cores=6)
    rows = "".join(f"{cpu} 0 0 {cpu} {cpu}:{cpu}:{cpu}:0\n" for cpu in range(24))
    (tmp_path / "l.txt").write_text("CPU NODE SOCKET CORE L1d:L1i:L2:L3\n" + rows)
    path = matrix_file(tmp_path / "m.csv", np.nan_to_num(found.latency.seconds) / 2e-9)
    profile = import_profile([str(tmp_path / "l.txt"), path])
    assert profile.topology.cores == found.cores
    assert profile.topology.l3_groups == found.l3_groups
    assert sum("that the system does not tell" in note for note in profile.notes) == 2
