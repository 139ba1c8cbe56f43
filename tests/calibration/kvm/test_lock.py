"""The lock estimate recovers what was put in, and says less where less can be known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.kvm import lock


def pairs(*, vcpus: int, hold: float, handover: float, alone: float = 2.6, noise: float = 0.0) -> np.ndarray:
    """Thirty pairs of cycle times [us] from the exact closed network, with multiplicative noise."""
    rng = np.random.default_rng(vcpus)
    one = lock.cycle_time(think=alone - hold, hold=hold, handover=handover, vcpus=vcpus)
    return np.array([one, alone]) * np.exp(noise * rng.standard_normal((30, 2)))


@pytest.mark.slow
@given(st.floats(0.01, 2.0))
def test_two_vcpus_give_the_hold_of_a_lock_without_handover(hold: float) -> None:
    """Closed form T_one - T_many = s^2 / T_many of two customers, inverted."""
    found = lock.estimate({2: pairs(vcpus=2, hold=hold, handover=0.0)})
    assert found.hold is not None
    assert found.hold.value == pytest.approx(hold, rel=1e-6)


@pytest.mark.slow
@given(st.floats(0.05, 1.0), st.floats(0.0, 1.0))
def test_with_a_handover_the_hold_of_two_vcpus_is_an_upper_bound(hold: float, handover: float) -> None:
    """Only s (s + 2 h) shows with two customers: the estimate is its square root, never below s."""
    found = lock.estimate({2: pairs(vcpus=2, hold=hold, handover=handover)})
    assert found.hold is not None
    assert found.hold.value == pytest.approx(np.sqrt(hold * (hold + 2 * handover)), rel=1e-6)
    assert found.handover is None


@pytest.mark.slow
def test_several_widths_tell_hold_and_handover_apart() -> None:
    """From 2, 4 and 8 vCPUs with 1 % noise both parameters come back, and the intervals hold them."""
    tables = {n: pairs(vcpus=n, hold=0.5, handover=0.3, noise=0.01) for n in (2, 4, 8)}
    found = lock.estimate(tables)
    assert found.hold is not None
    assert found.handover is not None
    assert found.hold.value == pytest.approx(0.5, rel=0.1)
    assert found.handover.value == pytest.approx(0.3, rel=0.2)
    assert found.hold.low <= 0.5 <= found.hold.high
    assert list(found.slowdown) == [2, 4, 8]


def test_no_slowdown_means_no_hold() -> None:
    """Where one VM is not slower than two the hold is unknown, not zero."""
    table = pairs(vcpus=2, hold=0.1, handover=0.0)[:, ::-1]
    assert lock.estimate({2: table}).hold is None


def test_too_few_pairs_say_nothing() -> None:
    """Four pairs are not enough for any statement."""
    found = lock.estimate({2: pairs(vcpus=2, hold=0.5, handover=0.0)[:4]})
    assert (found.hold, found.handover, found.slowdown) == (None, None, {})


def test_unit_of_time_does_not_matter() -> None:
    """Nanoseconds instead of microseconds scale the hold and leave the slowdown."""
    table = pairs(vcpus=2, hold=0.5, handover=0.0, noise=0.02)
    micro, nano = lock.estimate({2: table}), lock.estimate({2: table * 1e3})
    assert micro.hold is not None
    assert nano.hold is not None
    assert nano.hold.value == pytest.approx(1e3 * micro.hold.value)
    assert nano.slowdown[2].value == pytest.approx(micro.slowdown[2].value)
