"""Reading a curve: what is accepted, and that everything else is refused with its line."""

import numpy as np
import pytest

from cerberus_plan.calibration.curves.curve import Curve
from cerberus_plan.calibration.curves.read import read_curve
from cerberus_plan.model.errors import CannotAnswerError, InputError


def written(folder, text, name="curve.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_reads_points_in_any_order_with_comments_and_other_columns(tmp_path):
    """Order, comments, case, byte order marks and extra columns do not matter."""
    curve = read_curve(written(tmp_path, "﻿# from bench\nmachine, N ,Value\nbox,4,30\r\nbox,1,10\n\nbox,2,19\n"))
    assert curve.n.tolist() == [1, 2, 4]
    assert curve.value == pytest.approx([10, 19, 30])


def test_repeats_become_one_level_with_their_median(tmp_path):
    """Rows with the same n are repeats, not errors."""
    curve = read_curve(written(tmp_path, "n,value\n1,10\n1,12\n1,11\n2,20\n2,20\n4,40\n"))
    assert curve.value == pytest.approx([11, 20, 40])
    assert curve.repeats.tolist() == [3, 2, 1]


def test_times_become_rates(tmp_path):
    """With time, the throughput is the inverse of the value."""
    curve = read_curve(written(tmp_path, "n,value\n1,2\n2,1\n4,0.5\n"), time=True)
    assert curve.value == pytest.approx([0.5, 1, 2])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("n,value\n1,10\n2,fast\n", r"line 3: value is 'fast'"),
        ("n,value\n1,10\n2,nan\n", r"line 3: value is 'nan'"),
        ("n,value\n1,inf\n", r"line 2: value is 'inf'"),
        ("n,value\n1,-3\n", r"line 2: value is '-3'"),
        ("n,value\n1,0\n", r"line 2: value is '0'"),
        ("n,value\n0,10\n", r"line 2: n is '0'"),
        ("n,value\n0.5,10\n", r"line 2: n is 0.5; counts from 1"),
        ("n,value\n1.5,10\n", r"line 2: n is 1.5; a count of cores is a whole number"),
        ("n,value\n1\n", r"line 2: 1 fields where the header has 2"),
        ("n,value\n1,2,3\n", r"line 2: 3 fields where the header has 2"),
        ("cores,value\n1,2\n", r"line 1: .* exactly one column must be called 'n'"),
        ("n,ops\n1,2\n", r"exactly one column must be called 'value'"),
        ("n;value\n1;2\n", r"separate columns by commas"),
        ("n,n,value\n1,1,2\n", r"exactly one column must be called 'n'"),
        ("n,value\n", r"no points"),
        ("", r"is empty"),
        (b"\x7fELF\x00\xff\xfe", r"binary"),
        ("n,value\n1,1e301\n", r"line 2: .*smaller numbers"),
    ],
)
def test_bad_files_are_refused_with_their_line(tmp_path, text, message):
    """One clear message for each kind of bad input."""
    with pytest.raises(InputError, match=message):
        read_curve(written(tmp_path, text))


def test_a_folder_and_a_missing_file_are_refused(tmp_path):
    """Paths that are not files are named as such."""
    with pytest.raises(InputError, match="is a folder"):
        read_curve(tmp_path)
    with pytest.raises(InputError, match="no such file"):
        read_curve(tmp_path / "absent.csv")


def test_clients_may_be_fractions(tmp_path):
    """Concurrency is an average and need not be whole."""
    assert read_curve(written(tmp_path, "n,value\n1.5,10\n"), clients=True).n.tolist() == [1.5]


def test_a_hundred_thousand_rows_are_read(tmp_path):
    """Long files are only more repeats."""
    rows = "".join(f"{1 + i % 16},{100 + i % 7}\n" for i in range(100_000))
    curve = read_curve(written(tmp_path, "n,value\n" + rows))
    assert curve.repeats.sum() == 100_000
    assert curve.n.size == 16


def test_noise_is_the_spread_of_repeats():
    """The relative spread of one measurement is recovered from repeats."""
    shocks = np.random.default_rng(1).normal(0, 0.05, 400)
    n = np.repeat([1.0, 2, 4, 8], 100)
    assert Curve.from_points(n, n * np.exp(shocks)).noise == pytest.approx(0.05, rel=0.2)


def test_one_level_is_refused_and_two_say_what_to_measure():
    """One count is bad input; two have no answer yet, and the message names the third."""
    with pytest.raises(InputError, match="one distinct n"):
        Curve.from_points([4, 4], [1, 1]).require_levels()
    with pytest.raises(CannotAnswerError, match="measure at n = 8"):
        Curve.from_points([2, 4], [1, 2]).require_levels()
    with pytest.raises(CannotAnswerError, match="measure at n = 8"):
        Curve.from_points([1, 64], [1, 2]).require_levels()


def test_a_cut_below_every_point_is_refused():
    """Nothing to fit is bad input."""
    with pytest.raises(InputError, match="no point has n <= 2"):
        Curve.from_points([4, 8], [1, 2]).up_to(2)
