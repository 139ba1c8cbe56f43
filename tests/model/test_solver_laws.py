"""Operational laws that every solution obeys, whatever the network.

Sources: Little (1961); Denning and Buzen, Computing Surveys 10 (1978) for the utilisation law and asymptotic
bounds; Zahorjan, Sevcik, Eager, Galler, CACM 25 (1982) for balanced-job bounds (with think time: Lazowska et al.,
Quantitative System Performance (1984), table 5.2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import anything, calm, clusters, delays, instances, queues, times

from cerberus_plan.model.exact.solver import Solution, StationResult, solve
from cerberus_plan.model.network import (
    Delay,
    Instance,
    Queue,
    QueueLock,
    ReaderWriterLock,
    Servers,
    Station,
    TestAndSetLock,
    TicketLock,
)

Network = tuple[list[Instance], list[Station]]
# Rounding of sums of a few hundred positive terms.
_ROUNDING = 1e-9


def _solve(network: Network) -> Solution:
    return solve(instances=network[0], shared=network[1])


def _results(solution: Solution, instance: int | None) -> list[StationResult]:
    return [s for s in solution.stations if s.instance == instance]


def _replace(items: Sequence, position: int, item: object) -> list:
    return [*items[:position], item, *items[position + 1 :]]


# Parameters of any station that are not times.
_PURE_NUMBERS = {"count", "writes"}


def _stretched(station: Station, factor: float) -> Station:
    """The station with all its times multiplied."""
    times_of = {name: getattr(station, name) for name in station.parameter_names if name not in _PURE_NUMBERS}
    return replace(station, **{name: time * factor for name, time in times_of.items()})


@pytest.mark.slow
@given(clusters())
def test_little_gives_queue_length_in_each_station(network: Network) -> None:
    """Throughput times residence is the queue length, with the instance's own throughput at its own stations."""
    solution = _solve(network)
    for result in solution.stations:
        rate = solution.throughput if result.instance is None else solution.per_instance[result.instance]
        assert rate * result.residence == pytest.approx(result.queue_length, rel=1e-12)


@pytest.mark.slow
@given(clusters())
def test_every_thread_is_somewhere(network: Network) -> None:
    """Queue lengths add up to the population; an instance keeps at most its own threads at home."""
    solution = _solve(network)
    assert sum(s.queue_length for s in solution.stations) == pytest.approx(sum(i.threads for i in network[0]))
    for v, instance in enumerate(network[0]):
        assert sum(s.queue_length for s in _results(solution, v)) <= instance.threads * (1 + _ROUNDING)


@pytest.mark.slow
@given(clusters())
def test_flow_is_balanced(network: Network) -> None:
    """The total is the sum of the instances, each of which moves."""
    solution = _solve(network)
    assert solution.throughput == pytest.approx(math.fsum(solution.per_instance), rel=1e-12)
    assert all(rate > 0.0 and math.isfinite(rate) for rate in solution.per_instance)


@pytest.mark.slow
@given(clusters())
def test_utilisation_is_a_probability_below_queue_length(network: Network) -> None:
    """Somebody is present with probability at most 1, and at most the mean number present."""
    for result in _solve(network).stations:
        assert 0.0 < result.utilisation <= 1.0 + _ROUNDING
        assert result.utilisation <= result.queue_length * (1 + _ROUNDING)


@pytest.mark.slow
@given(clusters())
def test_utilisation_law_holds_at_queues_and_delays(network: Network) -> None:
    """A single server is busy for throughput times demand; a delay holds throughput times demand threads."""
    solution = _solve(network)
    for v, instance in enumerate(network[0]):
        for station, result in zip(instance.stations, _results(solution, v), strict=True):
            _check_utilisation_law(station, result, solution.per_instance[v])
    for station, result in zip(network[1], _results(solution, None), strict=True):
        _check_utilisation_law(station, result, solution.throughput)


def _check_utilisation_law(station: Station, result: StationResult, rate: float) -> None:
    if isinstance(station, Queue):
        assert result.utilisation == pytest.approx(rate * station.demand, rel=1e-8)
    if isinstance(station, Delay):
        assert result.queue_length == pytest.approx(rate * station.demand, rel=1e-8)


@pytest.mark.slow
@given(clusters())
def test_asymptotic_bounds_hold(network: Network) -> None:
    """No station completes faster than its best rate; no cycle is faster than its stations unhindered.

    From below, some station of each instance's cycle is always busy.
    """
    solution = _solve(network)
    total = sum(i.threads for i in network[0])
    shared = [s.service_times(total) for s in network[1]]
    shared_best = sum((times * np.arange(1, total + 1)).min() for times in shared)
    for station_times in shared:
        assert solution.throughput * station_times.min() <= 1 + _ROUNDING
    for instance, rate in zip(network[0], solution.per_instance, strict=True):
        own = [s.service_times(instance.threads) for s in instance.stations]
        for station_times in own:
            assert rate * station_times.min() <= 1 + _ROUNDING
        cycle = sum((times * np.arange(1, instance.threads + 1)).min() for times in own) + shared_best
        assert rate * cycle <= instance.threads * (1 + _ROUNDING)
        busy = rate * sum(t.max() for t in own) + solution.throughput * sum(t.max() for t in shared)
        assert busy >= 1 - _ROUNDING


@pytest.mark.slow
@given(st.lists(queues, min_size=1, max_size=5), st.one_of(st.just(0.0), times), st.integers(1, 60))
def test_balanced_job_bounds_hold(stations: list[Queue], think: float, threads: int) -> None:
    """One instance of single servers and a delay lies between the two balanced systems."""
    demands = [float(s.demand) for s in stations]
    total, most, mean = sum(demands), max(demands), sum(demands) / len(demands)
    own = [*stations, Delay(think)] if think else stations
    rate = solve(instances=[Instance(threads=threads, stations=own)]).throughput
    low = threads / (total + think + (threads - 1) * most / (1 + think / (threads * total)))
    high = threads / (total + think + (threads - 1) * mean / (1 + think / total))
    assert low * (1 - _ROUNDING) <= rate <= min(1 / most, high) * (1 + _ROUNDING)


@pytest.mark.slow
@given(clusters(calm), st.data())
def test_a_thread_more_never_slows_calm_networks(network: Network, data: st.DataObject) -> None:
    """Where no station's rate falls with its queue, total throughput grows with the population."""
    members, shared = network
    which = data.draw(st.integers(0, len(members) - 1))
    grown = Instance(threads=members[which].threads + 1, stations=members[which].stations)
    before, after = _solve(network), _solve((_replace(members, which, grown), shared))
    assert after.throughput >= before.throughput * (1 - _ROUNDING)
    assert after.per_instance[which] >= before.per_instance[which] * (1 - _ROUNDING)


@pytest.mark.slow
@given(clusters(calm), st.data(), st.floats(1.01, 10.0))
def test_slower_stations_never_speed_up_calm_networks(network: Network, data: st.DataObject, factor: float) -> None:
    """Where no station's rate falls with its queue, total throughput falls with think time and service times."""
    members, shared = network
    which = data.draw(st.integers(-len(shared), len(members) - 1))
    if which < 0:
        slower = (members, _replace(shared, -which - 1, _stretched(shared[-which - 1], factor)))
    else:
        own = members[which].stations
        place = data.draw(st.integers(0, len(own) - 1))
        changed = Instance(
            threads=members[which].threads, stations=_replace(own, place, _stretched(own[place], factor))
        )
        slower = (_replace(members, which, changed), shared)
    assert _solve(slower).throughput <= _solve(network).throughput * (1 + _ROUNDING)


def test_a_thread_more_slows_a_collapsing_lock() -> None:
    """The witness that calm is needed: a ticket lock's rate falls with its queue, and so does throughput."""
    rates = [
        solve(instances=[Instance(threads=k, stations=[Delay(5.0), TicketLock(0.4, handover=0.1)])]).throughput
        for k in (8, 12, 16, 48)
    ]
    assert rates[0] < rates[1] > rates[2] > 2 * rates[3]


def test_less_think_time_slows_a_collapsing_lock() -> None:
    """The same witness for think time: sending threads to the lock sooner makes them wait longer."""
    lock = TicketLock(0.4, handover=0.1)
    slow, fast = (
        solve(instances=[Instance(threads=16, stations=[Delay(think), lock])]).throughput for think in (8.0, 4.0)
    )
    assert fast < slow


@pytest.mark.slow
@given(clusters(), st.floats(-9.0, 9.0).map(lambda exponent: 10.0**exponent))
def test_time_units_do_not_matter(network: Network, factor: float) -> None:
    """In another unit every throughput is divided and every residence multiplied by the factor, exactly."""
    members, shared = network
    scaled = _solve(
        (
            [Instance(threads=i.threads, stations=[_stretched(s, factor) for s in i.stations]) for i in members],
            [_stretched(s, factor) for s in shared],
        )
    )
    solution = _solve(network)
    assert scaled.throughput * factor == pytest.approx(solution.throughput, rel=1e-9)
    for new, old in zip(scaled.stations, solution.stations, strict=True):
        assert new.residence == pytest.approx(old.residence * factor, rel=1e-8)
        assert new.utilisation == pytest.approx(old.utilisation, rel=1e-8)


@pytest.mark.slow
@given(clusters(factors=st.floats(0.2, 5.0)), st.randoms(use_true_random=False))
def test_order_does_not_matter(network: Network, random: object) -> None:
    """Instances and stations may be given in any order; results follow them."""
    members, shared = network
    order = list(range(len(members)))
    random.shuffle(order)  # type: ignore[attr-defined]
    moved = [
        Instance(
            threads=members[v].threads,
            stations=members[v].stations[::-1],
            shared_factor=members[v].shared_factor,
        )
        for v in order
    ]
    solution, permuted = _solve(network), _solve((moved, shared[::-1]))
    assert permuted.per_instance == pytest.approx([solution.per_instance[v] for v in order], rel=1e-9)
    for place, v in enumerate(order):
        new, old = _results(permuted, place), _results(solution, v)
        assert [s.queue_length for s in new][::-1] == pytest.approx([s.queue_length for s in old], rel=1e-8)


@pytest.mark.slow
@given(instances(), st.lists(anything, max_size=3))
def test_cluster_of_one_is_a_single_instance(instance: Instance, shared: list[Station]) -> None:
    """With nobody to share with, shared stations are the instance's own."""
    alone = Instance(threads=instance.threads, stations=[*instance.stations, *shared])
    cluster, single = _solve(([instance], shared)), _solve(([alone], []))
    assert cluster.throughput == pytest.approx(single.throughput, rel=1e-9)
    for left, right in zip(cluster.stations, single.stations, strict=True):
        assert left.queue_length == pytest.approx(right.queue_length, rel=1e-8)
        assert left.utilisation == pytest.approx(right.utilisation, rel=1e-8)


@pytest.mark.slow
@given(clusters())
def test_nothing_shared_means_independent_instances(network: Network) -> None:
    """Without shared stations, or with one of no demand, each instance is as if alone."""
    members, _ = network
    alone = [_solve(([member], [])).throughput for member in members]
    assert _solve((members, [])).per_instance == pytest.approx(alone, rel=1e-9)
    assert _solve((members, [Queue(0.0)])).per_instance == pytest.approx(alone, rel=1e-9)


@pytest.mark.slow
@given(instances(), st.lists(anything, max_size=2), st.integers(2, 6))
def test_unequal_instances_of_equal_members_equal_the_equal_cluster(
    member: Instance, shared: list[Station], count: int
) -> None:
    """A cluster whose members differ in name only is solved another way and gets the same answer."""
    named = [
        Instance(threads=member.threads, stations=[*member.stations, Delay(0.0, name=f"nothing {v}")])
        for v in range(count)
    ]
    equal = _solve(([Instance(threads=member.threads, stations=member.stations)] * count, shared))
    unequal = _solve((named, shared))
    assert unequal.per_instance == pytest.approx(equal.per_instance, rel=1e-9)
    for left, right in zip(_results(unequal, None), _results(equal, None), strict=True):
        assert left.queue_length == pytest.approx(right.queue_length, rel=1e-8)


@pytest.mark.parametrize(
    ("general", "special"),
    [
        (TicketLock(0.7, handover=0.0), Queue(0.7)),
        (QueueLock(0.7, handover=0.0), Queue(0.7)),
        (TestAndSetLock(0.7, handover=0.0), Queue(0.7)),
        (Servers(0.7, 1), Queue(0.7)),
        (Servers(0.7, 64), Delay(0.7)),
        (ReaderWriterLock(0.7, line=0.0, writes=1.0), Queue(0.7)),
        (ReaderWriterLock(0.0, line=0.7, writes=0.3), Queue(0.7)),
        (ReaderWriterLock(0.7, line=0.0, writes=0.0), Delay(0.7)),
        (TestAndSetLock(0.7, handover=0.2), TicketLock(0.7, handover=0.4)),
    ],
    ids=repr,
)
def test_general_law_contains_the_special_one(general: Station, special: Station) -> None:
    """Each law at the edge of its parameters is a simpler law: alone, in an instance and shared by a cluster."""
    for build in (
        lambda s: ([Instance(threads=24, stations=[Delay(4.0), s])], []),
        lambda s: ([Instance(threads=k, stations=[Delay(4.0)]) for k in (3, 9)], [s]),
    ):
        left, right = _solve(build(general)), _solve(build(special))
        assert left.per_instance == pytest.approx(right.per_instance, rel=1e-9)
        assert [s.queue_length for s in left.stations] == pytest.approx([s.queue_length for s in right.stations])


@pytest.mark.slow
@given(clusters(most_instances=3))
def test_much_think_time_gives_linear_speed_up(network: Network) -> None:
    """When thinking dwarfs all else, every thread runs as if alone."""
    members, shared = network
    think = 1e9
    thinkers = [Instance(threads=i.threads, stations=[*i.stations, Delay(think)]) for i in members]
    solution = _solve((thinkers, shared))
    assert solution.per_instance == pytest.approx([i.threads / think for i in members], rel=1e-4)


@pytest.mark.slow
@given(instances(delays, factors=st.floats(0.2, 5.0)), queues)
def test_shared_factor_multiplies_a_shared_demand(instance: Instance, station: Queue) -> None:
    """For a cluster of one, a factor of f is a demand f times as large."""
    plain = Instance(threads=instance.threads, stations=instance.stations)
    with_factor = _solve(([instance], [station])).throughput
    scaled = _solve(([plain], [Queue(station.demand * instance.shared_factor)])).throughput
    assert with_factor == pytest.approx(scaled, rel=1e-9)


@pytest.mark.slow
@settings(deadline=None)
@given(clusters(most_instances=3, most_threads=12))
def test_logarithmic_path_equals_the_plain_path(network: Network) -> None:
    """Sums on logarithms, used when a double could overflow, give the same answer."""
    plain = _solve(network)
    lengths = [s.queue_length for s in plain.stations]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cerberus_plan.model.exact.series._SAFE", -1.0)
        logs = _solve(network)
        assert logs.per_instance == pytest.approx(plain.per_instance, rel=1e-9)
        assert [s.queue_length for s in logs.stations] == pytest.approx(lengths, rel=1e-8)
