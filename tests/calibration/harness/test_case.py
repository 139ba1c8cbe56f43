"""A batch knows what makes it doubtful, and survives being written down."""

import pytest

from cerberus_plan.calibration.harness.case import Batch, Case, Seat

PLAIN = {"case": "a", "round": 0, "count": 10, "seconds": 1e-6, "wall_s": 1e-5, "operations": (10,)}


@pytest.mark.parametrize(
    ("extra", "doubts"),
    [
        ({}, ()),
        ({"switches": 1}, ("switched",)),
        ({"switches": 1, "blocking": True}, ()),
        ({"moved": True}, ("moved",)),
        ({"steal": 2}, ("steal",)),
        ({"probe_before_s": 1e-7, "probe_after_s": 1.2e-7}, ()),
        ({"probe_before_s": 1e-7, "probe_after_s": 5e-7}, ("placement",)),
        ({"probe_before_s": 5e-7, "probe_after_s": 1e-7}, ("placement",)),
        ({"switches": 1, "steal": 1}, ("switched", "steal")),
    ],
)
def test_doubts_name_what_happened(extra, doubts):
    """Each sign of disturbance is named; loops that sleep by design may be switched."""
    batch = Batch(**PLAIN, **extra)
    assert batch.doubts == doubts
    assert batch.clean is (not doubts)


def test_a_batch_survives_being_written_and_read():
    """The record of a batch gives the same batch."""
    batch = Batch(**PLAIN, probe_before_s=1e-7, probe_after_s=2e-7, process=3)
    assert Batch.from_record(batch.to_record()) == batch
    assert batch.probe_s == pytest.approx(1e-7)


def test_only_two_roles_on_two_cores_are_probed():
    """A placement probe on one core would wait for itself."""
    two = (Seat(cpu=0), Seat(cpu=1))
    same = (Seat(cpu=0), Seat(cpu=0))
    loop = int.__add__
    assert Case(name="a", loop=loop, seats=two).is_probed
    assert not Case(name="a", loop=loop, seats=same).is_probed
    assert not Case(name="a", loop=loop, seats=two[:1]).is_probed
    assert not Case(name="a", loop=loop, seats=two, probe=False).is_probed
