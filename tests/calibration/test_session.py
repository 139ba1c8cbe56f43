"""What a measuring process is told, and how it chooses cores."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.campaign.measuring import Orders, choose_pairs, worker_counts
from cerberus_plan.calibration.primitives.registry import NAMES, load_primitives
from cerberus_plan.model.errors import InputError


def test_orders_survive_the_pipe():
    """What is sent is what arrives."""
    orders = Orders(only=("syscall",), rounds=3, process=2, seed=9, quick=True, fifo=True, budget_s=2.5, sizes={"a": 7})
    assert Orders.from_json(orders.to_json()) == orders


@given(st.integers(1, 512))
def test_worker_counts_begin_with_one_and_end_with_all_cores(physical):
    """Powers of two and the whole machine, ascending."""
    counts = worker_counts(physical)
    assert counts[0] == 1
    assert counts[-1] == physical
    assert list(counts) == sorted(set(counts))


@pytest.mark.slow
@given(st.integers(1, 200), st.integers(1, 300))
def test_a_sample_of_pairs_still_joins_all_cores(n, most):
    """No core is left out of the latency matrix, and no pair is measured twice."""
    cpus = range(n)
    pairs = choose_pairs(cpus, most=most, seed=1)
    assert len(set(pairs)) == len(pairs) <= max(most, 2 * n, n * (n - 1) // 2 * (n <= 64 and n * (n - 1) // 2 <= most))
    assert {cpu for pair in pairs for cpu in pair} == (set(cpus) if n > 1 else set())
    assert pairs == choose_pairs(cpus, most=most, seed=1)


def test_small_machines_have_all_their_pairs_measured():
    """Sixteen cores are 120 pairs."""
    assert len(choose_pairs(range(16), most=2016, seed=1)) == 120


def test_an_unknown_primitive_is_refused_with_the_names_there_are():
    """The message lists what can be chosen."""
    with pytest.raises(InputError, match=r"there is no primitive 'sycall'; choose from syscall, "):
        load_primitives(["sycall"])


def test_every_primitive_says_what_it_is_for():
    """Names are unique and match the registry; texts are there."""
    primitives = load_primitives()
    assert [primitive.name for primitive in primitives] == list(NAMES)
    assert all(p.description and p.stresses and p.feeds for p in primitives)
