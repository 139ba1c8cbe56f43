"""The solver equals the network's own Markov chain on small networks, unequal shared demands included."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markov_chain import markov_chain
from random_networks import clusters

from cerberus_plan.model.exact.solver import solve
from cerberus_plan.model.network import Instance, Queue, TicketLock

_factors = st.floats(0.2, 5.0)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(clusters(most_instances=2, most_threads=3, most_stations=2, factors=_factors))
def test_solver_equals_the_lumped_markov_chain(network: tuple[list[Instance], list]) -> None:
    """Throughputs, queue lengths and utilisations agree to nine digits for every law and split."""
    instances, shared = network
    exact = markov_chain(instances, shared)
    solution = solve(instances=instances, shared=shared)
    assert solution.per_instance == pytest.approx(exact.per_instance, rel=1e-8)
    assert [s.queue_length for s in solution.stations] == pytest.approx(exact.queue_lengths, rel=1e-7, abs=1e-12)
    assert [s.utilisation for s in solution.stations] == pytest.approx(exact.utilisations, rel=1e-7, abs=1e-12)


def test_three_unequal_instances_equal_the_lumped_markov_chain() -> None:
    """Three chains of different sizes and factors, one collapsing lock each, two shared stations."""
    instances = [
        Instance(threads=k, stations=[Queue(think), TicketLock(0.3, handover=0.2)], shared_factor=factor)
        for k, think, factor in [(1, 1.0, 1.0), (2, 0.7, 2.5), (1, 0.2, 0.4)]
    ]
    shared = [Queue(0.5), TicketLock(0.1, handover=0.4)]
    exact = markov_chain(instances, shared)
    solution = solve(instances=instances, shared=shared)
    assert solution.per_instance == pytest.approx(exact.per_instance, rel=1e-10)
    assert [s.queue_length for s in solution.stations] == pytest.approx(exact.queue_lengths, rel=1e-10)
    assert [s.name for s in solution.stations] == ["queue", "ticket lock"] * 3 + ["queue", "ticket lock"]
    assert [s.instance for s in solution.stations] == [0, 0, 1, 1, 2, 2, None, None]
