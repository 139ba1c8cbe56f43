"""Who owns the contention of an observed program: what splits take away is the process's, what grows tells the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.programs.unit_ledger import (
    COMPUTE,
    OTHERS,
    SYSTEM_GROWTH,
    USER_GROWTH,
    WAITING,
    Part,
    UnitLedger,
)
from cerberus_plan.model.measurement import Measurement
from cerberus_plan.model.quantity import Provenance
from cerberus_plan.planner.evidence.whose import CAUSES, shared_by, whose


def ledger(cores: int, **seconds: float) -> UnitLedger:
    whole = sum(seconds.values())
    return UnitLedger(
        cores=cores,
        parts=tuple(
            Part(name=name, seconds=one, share=one / whole, low=None, high=None, provenance=Provenance.MEASURED,
                 source="")
            for name, one in seconds.items()
        ),
    )  # fmt: skip


def ran(values: dict[tuple[int, int], float]) -> list[Measurement]:
    return [Measurement(instances=m, cores_per_instance=k, value=value) for (m, k), value in values.items()]


growth = st.floats(0.0, 10.0)


@given(growth, growth, growth, growth, st.floats(0.1, 5.0))
def test_shares_sum_to_one_and_follow_what_grows(s: float, u: float, w: float, o: float, more: float) -> None:
    """More growth of one kind raises its owner's share and no other's."""
    first = ledger(1, **{COMPUTE: 1.0})

    def shares(**grown: float) -> dict[str, float]:
        return shared_by([first, ledger(4, **{COMPUTE: 1.0, **grown})])

    before = shares(**{SYSTEM_GROWTH: s, USER_GROWTH: u, WAITING: w, OTHERS: o})
    assert sum(before.values()) == pytest.approx(1.0)
    for name, base, owner in ((SYSTEM_GROWTH, s, "kernel"), (USER_GROWTH, u, "machine"), (OTHERS, o, "others")):
        after = shares(**{SYSTEM_GROWTH: s, USER_GROWTH: u, WAITING: w, OTHERS: o} | {name: base + more})
        assert after[owner] >= before[owner] - 1e-12
        assert all(after[each] <= before[each] + 1e-12 for each in after if each != owner)


def test_where_nothing_grew_kernel_and_machine_are_alike() -> None:
    """No growth, and no second count: one half each, others nothing."""
    assert shared_by([ledger(1, **{COMPUTE: 1.0}), ledger(2, **{COMPUTE: 1.0})]) == {
        "kernel": 0.5, "machine": 0.5, "others": 0.0,
    }  # fmt: skip
    assert shared_by([]) == {"kernel": 0.5, "machine": 0.5, "others": 0.0}


LOCKED = {(1, 1): 100.0, (1, 2): 101.0, (1, 4): 100.0, (1, 8): 99.0}
SHARED = ledger(8, **{COMPUTE: 1.0, SYSTEM_GROWTH: 6.0, USER_GROWTH: 0.1})


def test_what_splits_take_away_is_the_processes() -> None:
    """An interpreter's lock: one process never speeds up, processes do."""
    found = whose(ran(LOCKED | {(2, 4): 200.0, (8, 1): 800.0}), [])
    assert found is not None
    assert found.several
    assert found.probability["process"] > 0.8
    assert sum(found.probability.values()) == pytest.approx(1.0)
    assert set(found.probability) == set(CAUSES)


@pytest.mark.parametrize(("grown", "owner"), [(SYSTEM_GROWTH, "kernel"), (USER_GROWTH, "machine"), (OTHERS, "others")])
def test_what_splits_leave_is_whose_time_grew(grown: str, owner: str) -> None:
    """Processes do as badly as threads: the kernel's where system time grew, the machine's where user time did."""
    rows = ran(LOCKED | {(2, 4): 100.0, (8, 1): 100.0})
    found = whose(rows, [ledger(1, **{COMPUTE: 1.0}), ledger(8, **{COMPUTE: 1.0, grown: 6.0})])
    assert found is not None
    assert max(found.probability, key=lambda name: found.probability[name]) == owner
    assert found.probability[owner] > 0.6


def test_a_curve_alone_asks_for_a_split() -> None:
    """Without several instances it is said, and the run that decides is named; one count says nothing at all."""
    found = whose(ran(LOCKED), [])
    assert found is not None
    assert not found.several
    assert found.to_json()["owner_next"] == {"instances": 2, "cores_per_instance": 4}
    assert whose(ran({(1, 1): 3.0}), []) is None
    assert whose([], []) is None
