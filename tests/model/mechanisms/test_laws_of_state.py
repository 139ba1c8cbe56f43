"""Laws of files, sockets, signals and system calls."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.model.mechanisms import cfs, signals, sockets, syscalls

TIMES = st.floats(0, 1e-3)
SHARES = st.floats(0, 1)
VMS = st.integers(1, 256)
ROUND_TRIP = 11.34  # us, section 7.2


def test_one_round_trip_predicts_three_primitives() -> None:
    """Remote CFS read and both forwarded ping-pongs within 2 % (section 7.2, Table 2)."""
    assert cfs.read_time(np, 6.52, 1, ROUND_TRIP) == pytest.approx(17.81, rel=0.02)
    assert sockets.operation_time(np, 43.1, 4, ROUND_TRIP) == pytest.approx(87.1, rel=0.02)
    assert sockets.operation_time(np, 131.8, 2, ROUND_TRIP) == pytest.approx(154.7, rel=0.02)


@given(own=TIMES, share=SHARES, round_trip=TIMES)
def test_private_files_and_sockets_cost_nothing_more(own: float, share: float, round_trip: float) -> None:
    """Without remote targets the own cost remains; with them at most a round trip is added."""
    for law in (cfs.read_time, sockets.operation_time):
        assert law(np, own, 0, round_trip) == own
        assert own <= law(np, own, share, round_trip) <= own + round_trip + 1e-15


@pytest.mark.slow
@given(own=TIMES, vms=VMS, round_trip=TIMES)
def test_a_listing_asks_every_vm(own: float, vms: int, round_trip: float) -> None:
    """With one VM it is an ordinary listing."""
    assert cfs.listing_time(np, own, 1, round_trip) == own
    assert cfs.listing_time(np, own, vms, round_trip) == pytest.approx(vms * own + (vms - 1) * round_trip)


def test_signals_across_vms_are_cheaper() -> None:
    """Table 3, AMD: 22.5 us a signal across VMs, against 36.15 us within one; the law returns what it was given."""
    delivery = signals.delivery_from_ping_pong(np, 45.0, ROUND_TRIP)
    assert signals.remote_time(np, delivery, ROUND_TRIP) == pytest.approx(22.5)
    assert signals.remote_time(np, delivery, ROUND_TRIP) < 72.3 / 2
    assert delivery > 0


@given(own=TIMES, share=SHARES, round_trip=TIMES)
def test_wake_ups_add_half_a_round_trip_at_most(own: float, share: float, round_trip: float) -> None:
    """The waker does not wait for the answer."""
    assert own <= signals.wake_time(np, own, share, round_trip) <= own + round_trip / 2 + 1e-15


def test_calls_become_operations() -> None:
    """Memory calls are broadcast, thread calls sent one way, private files and getpid stay local."""
    calls = {"mmap": 2, "futex": 3, "read": 100, "getpid": 5, "clone": 1, "gettimeofday": 7}
    assert syscalls.operations(calls) == {"wake_ups": 3, "address_space_calls": 2, "spawns": 1}
    everything = dict.fromkeys(syscalls.Category, 1.0)
    found = syscalls.operations({"read": 4, "getdents64": 1}, spread=everything)
    assert found == {"messages": 4, "directory_listings": 1}


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from(sorted(syscalls.CATEGORY_OF)), st.floats(0, 1e6)), st.floats(0, 10))
def test_operations_scale_with_the_calls(calls: dict[str, float], factor: float) -> None:
    """Twice the calls are twice the operations."""
    once = syscalls.operations(calls)
    scaled = syscalls.operations({name: factor * count for name, count in calls.items()})
    for name, count in scaled.items():
        assert count == pytest.approx(factor * once.get(name, 0.0))


def test_all_named_calls_have_one_category() -> None:
    """The thirty calls the source names are known."""
    named = {
        "fork", "clone", "exec", "exit", "exit_group", "getpid", "getppid", "futex", "signal", "brk", "mmap",
        "munmap", "mprotect", "mremap", "socket", "connect", "bind", "accept", "listen", "select", "sendto",
        "recvfrom", "shutdown", "close", "open", "read", "write", "mkdir", "rmdir", "readdir",
    }  # fmt: skip
    assert len(named) == 30
    assert syscalls.CATEGORY_OF.keys() >= named
