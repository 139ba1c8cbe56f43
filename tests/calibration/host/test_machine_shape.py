"""Siblings, caches and sockets come out of a matrix alone, disturbed or incomplete, and none are invented."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from latency_machines import COMPLEX, MESH, PACKAGE, canonical, machine, machines, only

from cerberus_plan.calibration.host.latency_matrix import LatencyMatrix
from cerberus_plan.calibration.host.machine_shape import shape_of


def told(shape):
    """What the shape says, as the truth says it."""
    return shape.cores, shape.l3_groups, shape.sockets


def truth(found):
    return found.cores, found.l3_groups, found.sockets


@pytest.mark.slow
@settings(max_examples=60)
@given(machines)
def test_the_shape_of_a_regular_machine_is_found(found):
    """Every level, with 4 % of noise on each pair, in both numberings."""
    assert told(shape_of(found.latency)) == truth(found)


@pytest.mark.slow
@settings(max_examples=40)
@given(machines, st.integers(0, 10**6))
def test_a_few_disturbed_pairs_change_nothing(found, seed):
    """One pair in fifty takes 1.5 to 6 times as long; siblings' own excepted, whose only sign it is."""
    rng = np.random.default_rng(seed)
    seconds = found.latency.seconds.copy()
    rows, columns = np.triu_indices(len(seconds), 1)
    for pair in rng.choice(len(rows), max(1, len(rows) // 50), replace=False):
        i, j = rows[pair], columns[pair]
        if found.cores[i] != found.cores[j]:
            seconds[i, j] = seconds[j, i] = seconds[i, j] * rng.uniform(1.5, 6.0)
    assert told(shape_of(LatencyMatrix(found.latency.cpus, seconds))) == truth(found)


@pytest.mark.slow
@settings(max_examples=40)
@given(machines, st.integers(0, 10**6))
def test_unmeasured_pairs_change_nothing(found, seed):
    """Every CPU misses one of its pairs, siblings' excepted."""
    seconds = found.latency.seconds.copy()
    order = np.random.default_rng(seed).permutation(len(seconds))
    for i, j in zip(order[::2], order[1::2], strict=False):
        if found.cores[i] != found.cores[j]:
            seconds[i, j] = seconds[j, i] = np.nan
    assert told(shape_of(LatencyMatrix(found.latency.cpus, seconds))) == truth(found)


@pytest.mark.slow
@settings(max_examples=40)
@given(st.integers(8, 16), st.integers(1, 5), st.integers(0, 10**6))
def test_cores_whose_sibling_was_not_measured_are_cores(cores, missing, seed):
    """Dropping a few second threads leaves the other pairs as they are."""
    full = machine(sockets=2, cores=cores, seed=seed)
    part = only(full, range(4 * cores - missing))
    assert told(shape_of(part.latency)) == truth(part)


@pytest.mark.slow
@settings(max_examples=30)
@given(machines)
def test_a_coarse_clock_changes_nothing(found):
    """Round trips in steps of 10 ns; nearer pairs fall to 0, which is no value."""
    steps = np.round(found.latency.seconds / 10e-9) * 10e-9
    coarse = LatencyMatrix(found.latency.cpus, np.where(steps == 0.0, np.nan, steps))
    assert told(shape_of(coarse)) == truth(found)


@pytest.mark.slow
@settings(max_examples=60)
@given(st.integers(4, 48), st.sampled_from(["noise", "mesh", "ring", "steps", "blurred"]), st.integers(0, 10**6))
def test_a_flat_machine_has_no_groups(cores, kind, seed):
    """Noise, a mesh, a ring, a coarse clock and threads that were not held in place make neither pairs nor caches."""
    rng = np.random.default_rng(seed)
    cores += 12 if kind in {"blurred", "steps"} else 0  # among a handful, two pairs by chance look like siblings
    place = np.arange(cores)
    apart = abs(place[:, None] - place[None, :])
    width = int(np.ceil(np.sqrt(cores)))
    seconds = {
        "noise": 80.0 * np.exp(0.15 * rng.normal(size=(cores, cores))),
        "mesh": 60.0
        + 4.0 * (abs(place[:, None] % width - place % width) + abs(place[:, None] // width - place // width)),
        "ring": 50.0 + 3.0 * np.minimum(apart, cores - apart),
        "steps": 10.0 * rng.integers(3, 6, (cores, cores)),
        "blurred": rng.choice([22.0, 40.0, 40.0, 41.0, 42.0], (cores, cores)) * rng.uniform(0.95, 1.05, (cores, cores)),
    }[kind]
    shape = shape_of(LatencyMatrix(range(cores), np.sqrt(seconds * seconds.T) * 1e-9))
    assert told(shape) == (tuple(range(cores)), (0,) * cores, (0,) * cores)


@pytest.mark.slow
@settings(max_examples=30)
@given(st.integers(3, 8), st.integers(3, 8), st.integers(0, 10**6))
def test_sockets_are_told_by_where_lines_are_homed(caches, cores, seed):
    """The complexes of one socket are as far from each other as from the other socket: half near, half scattered."""
    found = machine(sockets=2, caches=caches, cores=cores, remote_home=True, seed=seed)
    shape = shape_of(found.latency)
    assert told(shape) == truth(found)
    assert shape.home_effect


@settings(max_examples=30)
@given(st.integers(2, 8), st.integers(1, 4), st.integers(0, 10**6))
def test_hybrids_pair_their_fast_cores_only(fast, modules, seed):
    """Siblings first, then cores of one thread in modules of four, farther from each other than from the rest."""
    rng = np.random.default_rng(seed)
    core = np.array([*np.repeat(np.arange(fast), 2), *np.arange(fast, fast + 4 * modules)])
    module = np.array([*(-1 - np.arange(2 * fast)), *np.repeat(np.arange(modules), 4)])
    seconds = np.where(module[:, None] == module[None, :], 105e-9, 72e-9)
    seconds = np.where(core[:, None] == core[None, :], 9e-9, seconds) * np.exp(0.03 * rng.normal(size=(len(core),) * 2))
    shape = shape_of(LatencyMatrix(range(len(core)), np.sqrt(seconds * seconds.T)))
    assert shape.cores == canonical(core)
    assert set(shape.l3_groups) == set(shape.sockets) == {0}


@pytest.mark.parametrize("within", [107e-9, 130e-9])
def test_cores_at_one_second_level_cache_are_no_siblings(within):
    """Tiles of two cores: nearer to each other, but far too slow for hardware threads of one core."""
    tile = np.arange(32) // 2
    seconds = np.where(tile[:, None] == tile[None, :], within, 2.0 * within)
    shape = shape_of(LatencyMatrix(range(32), seconds))
    assert told(shape) == (tuple(range(32)), (0,) * 32, (0,) * 32)


@pytest.mark.parametrize(
    ("shape", "sockets"),
    [
        ({"sockets": 2, "cores": 8, "within": MESH}, 2),  # two rings far apart
        ({"caches": 2, "cores": 8, "within": COMPLEX}, 1),  # two complexes of one package
        ({"caches": 8, "cores": 8, "within": COMPLEX}, 1),
        ({"sockets": 4, "cores": 8, "within": MESH}, 4),
    ],
)
def test_a_level_is_called_socket_where_silicon_says_so(shape, sockets):
    """Latencies have no names: the same two groups are sockets or complexes by how far apart and how slow they are."""
    assert len(set(shape_of(machine(**shape).latency).sockets)) == sockets


@pytest.mark.parametrize(
    ("within", "between", "sockets"),
    [
        (64e-9, 228e-9, 2),  # Sandy Bridge
        (50e-9, 260e-9, 2),  # Westmere: fast caches, slow links
        (40e-9, 360e-9, 1),  # Zen 5 with its first firmware: complexes that talk slowly
        (40e-9, 168e-9, 1),
        (48e-9, 220e-9, 1),
    ],
)
def test_two_groups_are_sockets_or_complexes(within, between, sockets):
    """The hardest question: two groups of eight cores, told apart by distance and by how steep the step is."""
    group = np.arange(32) % 16 // 8
    seconds = np.where(group[:, None] == group[None, :], within, between)
    seconds = np.where((np.arange(32) % 16)[:, None] == (np.arange(32) % 16)[None, :], 16e-9, seconds)
    shape = shape_of(LatencyMatrix(range(32), seconds))
    assert shape.l3_groups == canonical(group)
    assert len(set(shape.sockets)) == sockets


def test_two_dies_of_two_complexes_are_one_package():
    """First Zen: complexes of four, dies of two complexes, one socket."""
    complex_, die = np.arange(16) // 4, np.arange(16) // 8
    seconds = np.where(die[:, None] == die[None, :], PACKAGE, 1.6 * PACKAGE)
    seconds = np.where(complex_[:, None] == complex_[None, :], 58e-9, seconds)
    shape = shape_of(LatencyMatrix(range(16), seconds))
    assert shape.l3_groups == canonical(complex_)
    assert set(shape.sockets) == {0}


@pytest.mark.slow
def test_a_thousand_cores_take_seconds():
    """1,536 CPUs of two sockets: the matrix is clustered without a dictionary of a million pairs."""
    found = machine(sockets=2, caches=48, cores=8)
    assert told(shape_of(found.latency)) == truth(found)


def test_one_and_two_cpus_are_one_core_each():
    """A single latency cannot be compared with another."""
    assert told(shape_of({(0, 1): 1e-7})) == ((0, 1), (0, 0), (0, 0))
