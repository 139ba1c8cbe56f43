"""Groups of cores are found again from noisy latencies, whatever their numbers, and none are invented."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.host.clustering import Level, find_levels
from cerberus_plan.calibration.host.reconcile import reconcile
from cerberus_plan.model.topology import Topology


def machine(
    *, sockets=1, l3=1, cores=1, smt=1, nanoseconds=(8.0, 25.0, 90.0, 190.0), noise=0.05, seed=0, shuffled=True
):
    """Latencies of a machine with shuffled core numbers, and its true groups: by core, by L3, by socket."""
    rng = np.random.default_rng(seed)
    n = sockets * l3 * cores * smt
    number = rng.permutation(n) if shuffled else np.arange(n)
    place = [(i // smt, i // (cores * smt), i // (l3 * cores * smt)) for i in range(n)]
    latency = {}
    for a, b in itertools.combinations(range(n), 2):
        shared = next((d for d in range(3) if place[a][d] == place[b][d]), 3)
        pair = tuple(sorted((int(number[a]), int(number[b]))))
        latency[pair] = nanoseconds[shared] * 1e-9 * np.exp(noise * rng.normal())
    groups = [
        tuple(sorted(tuple(sorted(int(number[i]) for i in members)) for members in by_place(place, d).values()))
        for d in range(3)
    ]
    return latency, groups


def by_place(place, depth):
    found = {}
    for i, where in enumerate(place):
        found.setdefault(where[depth], []).append(i)
    return found


@pytest.mark.slow
@settings(deadline=None, max_examples=25)
@given(st.integers(2, 4), st.integers(2, 4), st.integers(3, 6), st.sampled_from([1, 2]), st.integers(0, 1000))
def test_all_levels_are_found(sockets, l3, cores, smt, seed):
    """SMT siblings, L3 groups and sockets come out exactly, with 5 % noise on each pair."""
    latency, (by_core, by_l3, by_socket) = machine(sockets=sockets, l3=l3, cores=cores, smt=smt, seed=seed)
    found = [level.groups for level in find_levels(latency)]
    assert found == ([by_core] if smt > 1 else []) + [by_l3, by_socket]


@pytest.mark.slow
@settings(deadline=None)
@given(st.integers(3, 40), st.integers(0, 1000))
def test_one_cache_has_no_levels(cores, seed):
    """A machine whose pairs are all alike within 4 % is one group."""
    latency, _ = machine(cores=cores, noise=0.04, seed=seed)
    assert find_levels(latency) == []


def test_levels_say_how_far_apart():
    """Median latencies inside and between groups go with each level."""
    latency, _ = machine(l3=4, cores=4, noise=0.01)
    (level,) = find_levels(latency)
    assert level.within_s == pytest.approx(25e-9, rel=0.02)
    assert level.between_s == pytest.approx(90e-9, rel=0.02)


def test_a_sample_of_pairs_is_enough():
    """A third of the pairs, every core joined to the first and to a neighbour, still shows the groups."""
    latency, (_, by_l3, _) = machine(l3=4, cores=8, noise=0.03, shuffled=False)
    rng = np.random.default_rng(3)
    sample = {pair: t for pair, t in latency.items() if 0 in pair or pair[1] == pair[0] + 1 or rng.random() < 0.33}
    assert [level.groups for level in find_levels(sample)] == [by_l3]


def test_one_odd_core_is_no_level():
    """A core that is slow to all others does not make two groups."""
    latency, _ = machine(cores=8, noise=0.02)
    slow = {pair: t * (3.0 if 5 in pair else 1.0) for pair, t in latency.items()}
    assert find_levels(slow) == []


def test_two_cores_have_no_levels():
    """One latency cannot be compared with another."""
    assert find_levels({(0, 1): 1e-7}) == []
    assert find_levels({}) == []


FLAT = Topology.regular(sockets=1, cores_per_l3=8)
HALVES = Level(groups=((0, 1, 2, 3), (4, 5, 6, 7)), within_s=25e-9, between_s=90e-9)


def test_hidden_caches_are_taken_from_the_latencies_and_said():
    """A virtual machine that shows one L3 group gets the two that were measured."""
    found, notes = reconcile(FLAT, [HALVES], range(8))
    assert found.l3_groups == (0, 0, 0, 0, 1, 1, 1, 1)
    assert notes == (
        "latencies show 2 groups {0,1,2,3} {4,5,6,7} that the system does not tell: 25 ns inside, 90 ns between",
    )


def test_what_the_firmware_invents_is_reported_and_kept():
    """Two sockets that latencies do not show stay, with a note."""
    told = Topology.regular(sockets=2, cores_per_l3=4)
    found, notes = reconcile(told, [], range(8))
    assert found == told
    assert any(note.startswith("the system tells sockets (2 groups") for note in notes)


def test_agreement_is_silent():
    """Groups that both show need no words."""
    told = Topology.regular(sockets=1, l3_per_node=2, cores_per_l3=4)
    assert reconcile(told, [HALVES], range(8)) == (told, ())


def test_a_partial_measurement_judges_nothing():
    """With --only syscall there are no latencies to disagree."""
    told = Topology.regular(sockets=2, cores_per_l3=4)
    assert reconcile(told, [], []) == (told, ())
