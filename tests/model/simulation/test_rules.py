"""Each rule beyond the stations, against an answer from pencil and paper or a small Markov chain."""

from __future__ import annotations

import numpy as np
import pytest

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.exact.solver import solve
from cerberus_plan.model.network import Delay, Instance, Queue, ReaderWriterLock, Servers, Station, TicketLock
from cerberus_plan.model.simulation import Message, Rules, Simulation, simulate, simulate_job

FIXED = "deterministic"


def _run(threads: int, *stations: Station, rules: Rules, completions: int = 100_000, copies: int = 1) -> Simulation:
    member = Instance(threads=threads, stations=stations)
    return simulate(instances=[member] * copies, completions=completions, seed=11, rules=rules)


@pytest.mark.slow
@pytest.mark.parametrize(("threads", "expected"), [(1, 1 / 6.0), (3, 3 / 6.0), (6, 1.0), (40, 1.0)])
def test_fixed_times_at_one_server_fit_together_like_a_train(threads: int, expected: float) -> None:
    """With think 5 and hold 1, six threads keep the server busy and fewer never wait."""
    found = _run(threads, Delay(5.0), Queue(1.0), rules=Rules(holds=FIXED))
    assert found.throughput == pytest.approx(expected, rel=1e-3)


def test_a_delay_may_have_any_distribution() -> None:
    """Insensitivity: only its mean matters (Baskett et al. 1975)."""
    exact = solve(instances=[Instance(threads=8, stations=[Delay(5.0), Queue(0.8)])]).throughput
    for holds in (FIXED, [0.1, 0.2, 6.0]):
        found = _run(8, Delay(5.0), Queue(0.8), rules=Rules(holds={"think": holds}), completions=400_000)
        assert found.low <= exact <= found.high


def test_samples_are_scaled_to_the_station_s_mean() -> None:
    """One thread spends the mean, whatever the samples; waiting shows how they vary."""
    for samples in ([3.0], [1.0, 3.0], np.linspace(0.0, 7.0, 50)):
        found = _run(1, Delay(5.0), Queue(1.0), rules=Rules(holds=samples))
        assert found.low * 0.999 <= 1 / 6.0 <= found.high * 1.001
    calm = _run(6, Delay(5.0), Queue(1.0), rules=Rules(holds=[1.0, 1.1])).throughput
    wild = _run(6, Delay(5.0), Queue(1.0), rules=Rules(holds=[0.01, 0.01, 0.01, 5.0])).throughput
    assert calm > wild * 1.05


def _stationary_rate(moves: dict[tuple[object, object], float], completing: set[tuple[object, object]]) -> float:
    """Rate of some transitions of a small Markov chain in equilibrium."""
    states = sorted({state for move in moves for state in move}, key=repr)
    index = {state: place for place, state in enumerate(states)}
    generator = np.zeros((len(states), len(states)))
    for (before, after), rate in moves.items():
        generator[index[before], index[after]] += rate
        generator[index[before], index[before]] -= rate
    balance = generator.T.copy()
    balance[-1] = 1.0
    right = np.zeros(len(states))
    right[-1] = 1.0
    share = np.linalg.solve(balance, right)
    return float(sum(share[index[before]] * moves[before, after] for before, after in completing))


THINK, HOLD, HANDOVER = 3.0, 1.0, 1.6
ALONE, TOGETHER = HOLD, HOLD + HANDOVER / 2


def _two_threads(handover: str) -> Simulation:
    return _run(
        2,
        Delay(THINK),
        TicketLock(HOLD, handover=HANDOVER),
        rules=Rules(handover=handover),
        completions=1_000_000,
    )


def test_handover_fixed_at_start_never_sees_a_second_thread() -> None:
    """Of two threads, who starts a hold is alone or has just been left alone."""
    exact = solve(instances=[Instance(threads=2, stations=[Delay(THINK), Queue(HOLD)])]).throughput
    found = _two_threads("start")
    assert found.low <= exact <= found.high


def test_handover_fixed_at_arrival_is_that_of_who_found_the_lock_taken() -> None:
    """States: nobody, one or two present, with the holder's mean for one (a) or two (b) at its arrival."""
    think = 1 / THINK
    moves = {
        ("0", "1a"): 2 * think,
        ("1a", "0"): 1 / ALONE,
        ("1a", "2a"): think,
        ("2a", "1b"): 1 / ALONE,
        ("1b", "0"): 1 / TOGETHER,
        ("1b", "2b"): think,
        ("2b", "1b"): 1 / TOGETHER,
    }
    completing = {("1a", "0"), ("2a", "1b"), ("1b", "0"), ("2b", "1b")}
    found = _two_threads("arrival")
    assert found.low <= _stationary_rate(moves, completing) <= found.high


def test_handover_at_release_follows_the_hold_before() -> None:
    """States: present, and whether the line is being handed over (h) or the lock held (s)."""
    think, handing = 1 / THINK, 1 / (TOGETHER - ALONE)
    moves = {
        ("0", "1s"): 2 * think,
        ("1s", "0"): 1 / HOLD,
        ("1s", "2s"): think,
        ("2s", "1h"): 1 / HOLD,
        ("1h", "1s"): handing,
        ("1h", "2h"): think,
        ("2h", "2s"): handing,
    }
    found = _two_threads("release")
    assert found.low <= _stationary_rate(moves, {("1s", "0"), ("2s", "1h")}) <= found.high


def test_handover_fixed_at_start_of_many_threads_equals_its_chain() -> None:
    """Five threads: state is the number present and the number when the hold started."""
    threads, think = 5, 1 / THINK
    moves: dict[tuple[object, object], float] = {((0, 0), (1, 1)): threads * think}
    completing = set()
    for present in range(1, threads + 1):
        for at_start in range(1, present + 1):
            if present < threads:
                moves[(present, at_start), (present + 1, at_start)] = (threads - present) * think
            after = (present - 1, present - 1)
            moves[(present, at_start), after] = 1 / (HOLD + HANDOVER * (at_start - 1) / 2)
            completing.add(((present, at_start), after))
    found = _run(
        threads,
        Delay(THINK),
        TicketLock(HOLD, handover=HANDOVER),
        rules=Rules(handover="start"),
        completions=1_000_000,
    )
    assert found.low <= _stationary_rate(moves, completing) <= found.high


def test_fixed_holds_that_follow_the_state_keep_the_work_done() -> None:
    """Two threads, all times fixed: the hold speeds up and slows down as the other comes and goes.

    From the cycle: A starts at 0 alone (1 a unit of work a second); B arrives after t of it; the rest takes
    TOGETHER a unit. In the periodic regime both meet the lock busy, so each cycle lasts THINK + own wait + hold.
    """
    found = _run(2, Delay(0.1), TicketLock(HOLD, handover=HANDOVER), rules=Rules(holds=FIXED), completions=10_000)
    # Each hold begins alone, for the other's think time of 0.1, and ends together.
    alone = 0.1
    period = alone + (1.0 - alone / ALONE) * TOGETHER
    assert found.throughput == pytest.approx(1 / period, rel=1e-3)


def test_a_lock_held_across_a_message_serves_nobody_meanwhile() -> None:
    """Hold 1 and message 2 under the lock: one cycle every 3 seconds, however many wait."""
    stations = [Delay(1.0), Queue(1.0, name="lock"), Delay(2.0, name="message")]
    kept = _run(9, *stations, rules=Rules(holds=FIXED, held_until={"lock": "message"}))
    freed = _run(9, *stations, rules=Rules(holds=FIXED))
    assert kept.throughput == pytest.approx(1 / 3.0, rel=1e-3)
    assert freed.throughput == pytest.approx(1.0, rel=1e-3)
    by_name = {s.name: s for s in kept.stations}
    assert by_name["lock"].utilisation == pytest.approx(1.0, abs=1e-3)


def test_a_kept_ticket_lock_does_not_speed_its_holder_s_message_up() -> None:
    """Arrivals while the holder is elsewhere leave its message alone."""
    stations = [Delay(0.5), TicketLock(1.0, handover=0.0, name="lock"), Delay(2.0, name="message")]
    found = _run(4, *stations, rules=Rules(holds=FIXED, held_until={"lock": "message"}))
    assert found.throughput == pytest.approx(1 / 3.0, rel=1e-3)


def test_two_locks_may_end_together() -> None:
    """Both are kept until the message is back."""
    stations = [Delay(1.0), Queue(1.0, name="outer"), Queue(0.5, name="inner"), Delay(2.0, name="message")]
    rules = Rules(holds=FIXED, held_until={"outer": "message", "inner": "message"})
    assert _run(9, *stations, rules=rules).throughput == pytest.approx(1 / 3.5, rel=1e-3)


@pytest.mark.parametrize(("vms", "least", "most"), [(1, 0.0, 0.0), (2, 0.5, 0.5), (3, 0.5, 1.0), (5, 0.5, 2.0)])
def test_a_broadcast_waits_for_the_last_responder(vms: int, least: float, most: float) -> None:
    """All think 2 s and ask all others, who need 0.5 s for each of up to m - 1 requests at once."""
    rules = Rules(holds=FIXED, messages=(Message(station="think", demand=0.5),))
    found = _run(1, Delay(2.0), rules=rules, copies=vms)
    assert 2.0 + least - 1e-3 <= vms / found.throughput <= 2.0 + most + 1e-3


def test_a_saturated_responder_bounds_everybody() -> None:
    """With no time to think, each of five responders answers four others' requests of 0.5 s in turn."""
    rules = Rules(messages=(Message(station="think", demand=0.5),))
    found = _run(40, Delay(0.01), rules=rules, copies=5)
    assert found.throughput == pytest.approx(5 / 2.0, rel=0.05)


def test_a_message_to_one_other_goes_to_each_as_often() -> None:
    """Three instances; with rare messages nobody waits for another's."""
    rules = Rules(holds=FIXED, messages=(Message(station="think", demand=0.001, to="one"),))
    found = _run(1, Delay(2.0), rules=rules, copies=3)
    assert 3 / 2.002 - 1e-3 <= found.throughput <= 3 / 2.001 + 1e-3


def test_a_responder_takes_the_core_of_its_owner() -> None:
    """The asker's cycle is 1 + 1 s, so the other's only core answers half of the time."""
    asker = Instance(threads=1, stations=[Delay(1.0, name="ask")])
    owner = Instance(threads=1, stations=[Delay(1.0, name="work")])
    rules = Rules(holds=FIXED, messages=(Message(station="ask", demand=1.0),), cores=1)
    found = simulate(instances=[asker, owner], completions=10_000, rules=rules)
    assert found.per_instance == pytest.approx((0.5, 0.5), rel=1e-3)
    free = simulate(instances=[asker, owner], completions=10_000, rules=Rules(holds=FIXED, messages=rules.messages))
    assert free.per_instance == pytest.approx((0.5, 1.0), rel=1e-3)


def test_threads_above_cores_share_them() -> None:
    """Four threads on two cores are as fast as two; off the core they do not slow each other."""
    assert _run(4, Delay(2.0), rules=Rules(holds=FIXED, cores=2)).throughput == pytest.approx(1.0, rel=1e-3)
    assert _run(4, Delay(2.0), rules=Rules(holds=FIXED, cores=[4])).throughput == pytest.approx(2.0, rel=1e-3)
    away = Rules(holds=FIXED, cores=2, off_core=frozenset({"think"}))
    assert _run(4, Delay(2.0), rules=away).throughput == pytest.approx(2.0, rel=1e-3)


def test_sharing_cores_is_a_slower_clock_for_everything() -> None:
    """With every station on the cores, half the cores halve the throughput, exponential holds too."""
    own = [Delay(3.0), TicketLock(0.5, handover=0.3)]
    exact = solve(instances=[Instance(threads=6, stations=own)]).throughput
    found = _run(6, *own, rules=Rules(cores=3), completions=400_000)
    assert found.low <= exact / 2 <= found.high


def test_a_barrier_costs_the_slowest_of_all() -> None:
    """Every cycle waits for the largest of four exponential times: 25/12 of the mean."""
    found = _run(2, Delay(1.0), rules=Rules(barrier=1), copies=2, completions=200_000)
    assert found.low <= 4 / (25 / 12) <= found.high
    rare = _run(2, Delay(1.0), rules=Rules(barrier=1_000), copies=2, completions=200_000)
    assert rare.throughput > 3.8


def test_a_job_with_barriers_ends_like_its_phases() -> None:
    """Ten phases of fixed length, and the last barrier is the end."""
    member = Instance(threads=3, stations=[Delay(1.0)])
    job = simulate_job(instances=[member], cycles=10, rules=Rules(holds=FIXED, barrier=5), replications=10)
    assert job.seconds == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("lock", "like"),
    [
        (ReaderWriterLock(0.7, line=0.0, writes=1.0), Queue(0.7)),
        (ReaderWriterLock(0.7, line=0.0, writes=0.0), Delay(0.7)),
        (ReaderWriterLock(0.0, line=0.7, writes=0.0), Queue(0.7)),
        (ReaderWriterLock(0.0, line=0.7, writes=1.0), Queue(0.7)),
    ],
    ids=["only writers", "only readers", "only the line", "only the line of writers"],
)
def test_reader_writer_lock_at_its_edges(lock: Station, like: Station) -> None:
    """Only writers queue, only readers overlap, and the line is one server."""
    exact = solve(instances=[Instance(threads=9, stations=[Delay(4.0), like])]).throughput
    found = _run(9, Delay(4.0), lock, rules=Rules(), completions=400_000)
    assert found.low <= exact <= found.high


def test_readers_with_fixed_times_are_as_fast_as_the_line() -> None:
    """Sections of 2 s overlap; the line passes every 0.5 s; writers in between would need the lock alone."""
    readers = ReaderWriterLock(2.0, line=0.5, writes=0.0)
    assert _run(12, Delay(1.0), readers, rules=Rules(holds=FIXED)).throughput == pytest.approx(2.0, rel=1e-3)
    writers = ReaderWriterLock(2.0, line=0.5, writes=1.0)
    assert _run(12, Delay(1.0), writers, rules=Rules(holds=FIXED)).throughput == pytest.approx(0.4, rel=1e-3)


def test_several_servers_work_side_by_side() -> None:
    """Nine threads on three servers of 1 s each and no thinking: three a second."""
    assert _run(9, Servers(1.0, 3), rules=Rules(holds=FIXED)).throughput == pytest.approx(3.0, rel=1e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"barrier": 0}, "barrier = 0 must be at least 1 cycle"),
        ({"cores": 0}, "cores = 0 must be a whole number from 1"),
        ({"cores": [1, 1]}, r"cores = \[1, 1\] must be a whole number from 1, or one for each of 1"),
        ({"held_until": {"lock": "message"}}, "no station that takes time is called 'lock'; there are: queue, think"),
        ({"held_until": {"queue": "think"}}, "'think' does not come after 'queue' in the cycle"),
        ({"held_until": {"think": "queue"}}, "'think' is not a lock or single server"),
        ({"off_core": frozenset({"disk"})}, "no station that takes time is called 'disk'"),
        ({"messages": (Message(station="vma", demand=1.0),)}, "no station that takes time is called 'vma'"),
        ({"holds": {"thinking": "deterministic"}}, "no station that takes time is called 'thinking'"),
        ({"holds": {"think": "sharp"}}, "holds = 'sharp' must be one of"),
    ],
)
def test_impossible_rules_are_refused(change: dict, message: str) -> None:
    """With what is there."""
    with pytest.raises(InputError, match=message):
        _run(2, Delay(1.0), Queue(1.0), rules=Rules(**change), completions=100)


def test_impossible_messages_are_refused() -> None:
    """With what is allowed."""
    with pytest.raises(InputError, match="to = 'some' must be 'all' or 'one'"):
        Message(station="think", demand=1.0, to="some")
    with pytest.raises(InputError, match=r"demand = -1\.0 must be a finite number at least 0"):
        Message(station="think", demand=-1.0)
