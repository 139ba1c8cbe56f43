"""Several files become one answer where they belong together, and stay apart where they contradict."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.programs.demand import Demand, SystemCall
from cerberus_plan.calibration.programs.imports.merge import merge
from cerberus_plan.calibration.programs.imports.results import Curve, Imported

pairs = st.lists(st.tuples(st.integers(1, 64), st.floats(min_value=1e-3, max_value=1e6)), min_size=1, max_size=5)


def curve(points: list[tuple[int, float]], series: str = "s") -> Curve:
    """A curve of cores."""
    return Curve.of(points, series=series, axis="cores", unit="1/s")


@pytest.mark.slow
@given(st.lists(pairs, min_size=1, max_size=4))
def test_points_of_one_series_are_all_kept(files: list[list[tuple[int, float]]]) -> None:
    """Merging files is the same as concatenating them."""
    merged = merge([Imported(curves=(curve(points),)) for points in files])
    assert merged.curves == (curve([pair for points in files for pair in points]),)


def test_different_series_stay_apart() -> None:
    """Processes and threads are two curves, however many files they are in."""
    merged = merge([Imported(curves=(curve([(1, 1.0)], "a"), curve([(1, 2.0)], "b")), notes=("n",))] * 2)
    assert [c.series for c in merged.curves] == ["a", "b"]
    assert merged.notes[0] == "n"
    assert [note.partition(": read as repeats")[0] for note in merged.notes[1:]] == [
        f"{series} at n = 1 is in several files" for series in "ab"
    ]


def test_tools_that_saw_different_things_make_one_demand() -> None:
    """Times from one file and calls from another are one demand, at the cores that one of them knows."""
    times = Demand(user_s=1.0, cores=2, notes=("a",), source="x")
    calls = Demand(system_calls=(SystemCall(name="read", calls=1.0),), notes=("b",), source="y")
    (both,) = merge([Imported(demands=(times,)), Imported(demands=(calls,))]).demands
    assert (both.user_s, both.system_calls, both.cores) == (1.0, calls.system_calls, 2)
    assert (both.notes, both.source) == (("a", "b"), "x, y")


def test_tools_that_saw_the_same_thing_are_not_mixed() -> None:
    """Two times, two units or two core counts are two demands."""
    one = Demand(user_s=1.0)
    for other in (Demand(user_s=2.0), Demand(system_s=1.0, unit="request"), Demand(system_s=1.0, work=2.0)):
        assert merge([Imported(demands=(one,)), Imported(demands=(other,))]).demands == (one, other)
    two, four = Demand(user_s=1.0, cores=2), Demand(system_s=1.0, cores=4)
    assert merge([Imported(demands=(two, four))]).demands == (two, four)
