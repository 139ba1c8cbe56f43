"""The run that tells whose the contention is: never made before, within the machine, of a contrast that is missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.splits.measured import Measured, Split
from cerberus_plan.calibration.splits.owner import KNOWN, OWNERS, deciding
from cerberus_plan.model.measurement import Measurement

UNKNOWN = dict.fromkeys(OWNERS, 0.25)
SPLITS = st.tuples(st.integers(1, 16), st.integers(1, 16))


def of(*splits: Split) -> Measured:
    return Measured.of([Measurement(instances=m, cores_per_instance=k, value=1.0) for m, k in splits])


@given(st.lists(SPLITS, min_size=1, max_size=6), st.integers(1, 300))
def test_what_is_asked_for_is_new_and_fits(splits: list[Split], cores: int) -> None:
    measured = of(*splits)
    wanted = deciding(measured, UNKNOWN, cores)
    fits = max(min(measured.largest, cores), 2)
    assert wanted is None or (wanted not in splits and 1 <= wanted[0] * wanted[1] <= fits)


@pytest.mark.parametrize(
    ("splits", "wanted"),
    [
        ([(1, 1), (1, 4), (1, 8)], (2, 4)),  # a curve: inside or machine?
        ([(1, 16), (4, 4), (16, 1)], (1, 1)),  # one total: is anything lost at all?
        ([(1, 15), (4, 4), (16, 1)], (1, 1)),
        ([(1, 1), (2, 1), (4, 1), (8, 1)], (1, 8)),  # single cores: what does an instance lose?
        ([(1, 1), (1, 8), (2, 4)], (8, 1)),
        ([(1, 1), (1, 8), (2, 4), (8, 1)], None),
    ],
)
def test_the_missing_contrast_is_asked_for(splits: list[Split], wanted: Split | None) -> None:
    assert deciding(of(*splits), UNKNOWN, 16) == wanted


def test_runs_of_a_larger_machine_ask_for_none_of_its_size() -> None:
    assert deciding(of((1, 64)), UNKNOWN, 16) == (2, 8)
    assert deciding(of((1, 64), (64, 1)), UNKNOWN, 16) == (1, 1)


def test_a_known_owner_asks_for_nothing_unless_one_instance_alone_was_run() -> None:
    known = {**dict.fromkeys(OWNERS, 0.0), "inside": KNOWN}
    assert deciding(of((1, 16), (4, 4)), known, 16) is None
    assert deciding(of((1, 1), (1, 16)), known, 16) == (2, 8)
