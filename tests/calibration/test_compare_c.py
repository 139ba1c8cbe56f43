"""Compiled loops beside C: the right batches are compared, and promises are per kind."""

import shutil

import pytest

from cerberus_plan.calibration.campaign.compare_c import compare, promise, separate
from cerberus_plan.calibration.campaign.measuring import Orders
from cerberus_plan.calibration.campaign.processes import Campaign
from cerberus_plan.calibration.harness import twins
from cerberus_plan.calibration.harness.case import Batch
from cerberus_plan.model.errors import CannotAnswerError


def batch(case, seconds, roles=1, **options):
    plain = {"round": 0, "count": 1, "wall_s": 2e-3, "operations": (1,) * roles}
    return Batch(case=case, seconds=seconds, **{**plain, **options})


def test_twins_are_filed_under_the_case_they_compare_with():
    """`X in C` belongs to `X`."""
    ours, theirs = separate({"a": [batch("a", 1.0)], "a in C": [batch("a in C", 2.0)]})
    assert set(ours) == set(theirs) == {"a"}


def test_the_lowest_clean_batches_are_compared():
    """Disturbed and sizing batches, however fast, do not count."""
    ours = {"syscall": [batch("syscall", 1.02), batch("syscall", 0.5, switches=1), batch("syscall", 3.0)]}
    theirs = {"syscall": [batch("syscall in C", 1.0), batch("syscall in C", 0.1, round=-1)]}
    (row,) = compare(ours, theirs)
    assert row.ratio == pytest.approx(1.02)
    assert row.promise == 0.05
    assert row.kept is True


def test_two_cores_are_compared_in_one_placement():
    """Ours mostly far and the twin mostly near: only the placement both met counts."""
    near = {"probe_before_s": 5e-8, "probe_after_s": 5e-8}
    far = {"probe_before_s": 5e-7, "probe_after_s": 5e-7}

    def batches(name, n_near, n_far):
        return [batch(name, 1e-8, 2, **near)] * n_near + [batch(name, 9e-8, 2, **far)] * n_far

    (row,) = compare(
        {"atomic_add.shared.2": batches("atomic_add.shared.2", 6, 20)},
        {"atomic_add.shared.2": batches("atomic_add.shared.2 in C", 20, 3)},
    )
    assert row.ratio == pytest.approx(1.0)


def test_between_two_levels_of_the_caches_nothing_is_promised():
    """64 KiB of a level that 128 KiB leave: which pages one got decides; the levels beside it are judged."""
    seconds = {32: 1.0e-9, 64: 1.02e-9, 128: 4.0e-9, 256: 4.1e-9}
    cases = {f"memory_latency.{kib * 1024}": s for kib, s in seconds.items()}
    rows = compare({c: [batch(c, s)] for c, s in cases.items()}, {c: [batch(c + " in C", s)] for c, s in cases.items()})
    assert [row.promise for row in rows] == [0.20, None, 0.20, 0.20]


@pytest.mark.parametrize(
    ("case", "limit"),
    [
        ("syscall", 0.05),
        ("message.woken_same_core", 0.05),
        ("message.woken", 0.40),
        ("atomic_add.private.1", 0.10),
        ("ticket_lock.1024.2", 0.10),
        ("ticket_lock.0.2", None),
        ("ticket_lock.free.1", None),
        ("memory_stream.triad.2", 0.15),
        ("page_fault.threads.2", 0.25),
        ("message.futex", None),
    ],
)
def test_promises_depend_on_what_is_timed(case, limit):
    """Raw calls 5 %, atomics and long locks 10 %, memory 25 %, wake-ups 40 %, short locks nothing."""
    assert promise(case) == limit


def test_without_a_compiler_the_option_says_what_to_install(monkeypatch, tmp_path):
    """No gcc: one sentence."""
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(CannotAnswerError, match=r"needs a C compiler: install gcc"):
        twins.build(tmp_path)


def test_a_compiler_that_fails_is_quoted(monkeypatch, tmp_path):
    """Its last words are in the message."""
    monkeypatch.setattr(twins, "_SOURCE", tmp_path / "absent.c")
    if twins.compiler() is None:
        pytest.skip("no C compiler here")
    with pytest.raises(CannotAnswerError, match=r"cannot compile the twins: .+"):
        twins.build(tmp_path)


@pytest.mark.slow
@pytest.mark.hardware
def test_a_system_call_from_numba_costs_what_it_costs_from_c():
    """On the real clock, loosely: within a factor 1.5 on a busy machine (5 % is for quiet ones)."""
    if twins.compiler() is None:
        pytest.skip("no C compiler here")
    gathered = Campaign(orders=Orders(only=("syscall",), rounds=15, compare_c=True), processes=2).run()
    (row,) = compare(*separate(gathered.batches))
    assert 1 / 1.5 < row.ratio < 1.5
