"""Hypothesis strategies for closed networks of OS instances, shared by the tests of model/ and planner/."""

from __future__ import annotations

from hypothesis import strategies as st

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

# Spread of four decades: networks from idle to saturated.
times = st.floats(-2.0, 2.0).map(lambda exponent: 10.0**exponent)

delays = st.builds(Delay, times)
queues = st.builds(Queue, times)
servers = st.builds(Servers, times, st.integers(1, 5))
ticket_locks = st.builds(lambda hold, handover: TicketLock(hold, handover=handover), times, times)
queue_locks = st.builds(lambda hold, handover: QueueLock(hold, handover=handover), times, times)
test_and_set_locks = st.builds(lambda hold, handover: TestAndSetLock(hold, handover=handover), times, times)
reader_writer_locks = st.builds(
    lambda hold, line, writes: ReaderWriterLock(hold, line=line, writes=writes), times, times, st.floats(0.0, 1.0)
)

# No rate falls with the queue, and the rate per customer does not rise: throughput is monotone in everything.
calm = st.one_of(delays, queues, servers)
anything: st.SearchStrategy[Station] = st.one_of(
    calm, ticket_locks, queue_locks, test_and_set_locks, reader_writer_locks
)
delays_and_queues: st.SearchStrategy[Station] = st.one_of(delays, queues)


def instances(
    stations: st.SearchStrategy[Station] = anything,
    *,
    most_threads: int = 6,
    most_stations: int = 3,
    factors: st.SearchStrategy[float] | None = None,
) -> st.SearchStrategy[Instance]:
    """One instance of at least one station."""
    return st.builds(
        lambda threads, own, factor: Instance(threads=threads, stations=own, shared_factor=factor),
        st.integers(1, most_threads),
        st.lists(stations, min_size=1, max_size=most_stations),
        st.just(1.0) if factors is None else factors,
    )


def clusters(
    stations: st.SearchStrategy[Station] = anything,
    *,
    most_instances: int = 4,
    most_threads: int = 6,
    most_stations: int = 3,
    factors: st.SearchStrategy[float] | None = None,
) -> st.SearchStrategy[tuple[list[Instance], list[Station]]]:
    """Unequal instances and the stations they share (perhaps none)."""
    members = instances(stations, most_threads=most_threads, most_stations=most_stations, factors=factors)
    return st.tuples(
        st.lists(members, min_size=1, max_size=most_instances),
        st.lists(stations, max_size=most_stations),
    )
