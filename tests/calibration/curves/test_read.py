"""Reading a curve: what is accepted, and that everything else is refused with its line."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.curves.columns import parse
from cerberus_plan.calibration.curves.curve import Curve
from cerberus_plan.calibration.curves.read import parse_noted, read_curve, read_noted
from cerberus_plan.calibration.store import table
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


@given(
    st.sampled_from(["qps", "ops/s", "Throughput (req/s)", "requests per second"]),
    st.lists(st.sampled_from(["stddev", "std_err", "CI95", "min", "max", "error"]), max_size=4, unique=True),
    st.data(),
)
def test_the_spread_beside_a_rate_is_no_rate(rate, spreads, data):
    """Wherever they stand, of a rate of any name."""
    header = data.draw(st.permutations(["threads", rate, *(f"{rate}_{spread}" for spread in spreads)]))
    at = {"threads": "{n}", rate: "{value}"}
    rows = [",".join(at.get(name, "3").format(n=n, value=7 * n) for name in header) for n in (1, 2, 4)]
    curve, _ = parse_noted("\n".join([",".join(header), *rows, ""]), "c.csv")
    assert curve.value == pytest.approx([7, 14, 28])


def test_a_spread_alone_is_taken_as_it_is_called(tmp_path):
    """Two that remain are not chosen between."""
    assert read_curve(written(tmp_path, "n,ops_max\n1,10\n2,19\n4,35\n")).value == pytest.approx([10, 19, 35])
    with pytest.raises(InputError, match="exactly one column must be called 'value'"):
        read_curve(written(tmp_path, "n,ops_p50,ops_p99,ops_max\n1,1,1,1\n"))


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
        ("n,value\n1\n", r"line 2: 1 field where the header has 2"),
        ("n,value\n1,2,3\n", r"line 2: 3 fields where the header has 2"),
        ("size,value\n1,2\n", r"line 1: .* exactly one column must be called 'n'.*--columns cores=NAME"),
        ("cores,threads,value\n1,1,2\n", r"line 1: .* exactly one column must be called 'n'"),
        ("n,score\n1,2\n", r"exactly one column must be called 'value'"),
        ("n,ops/s,qps\n1,2,3\n", r"exactly one column must be called 'value'"),
        ("n,seconds\n1,2\n", r"exactly one column must be called 'value'"),
        ("1,2\n2,3\n", r"line 1: the header is '1,2'; exactly one column must be called 'n'"),
        ('n,value\n1,"1,010"\n', r"line 2: value is '1,010'.*: write 1010 or 1.010"),
        ("n;value\n1;2;3\n", r"line 2: 3 fields where the header has 2"),
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


@pytest.mark.slow
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


@pytest.mark.slow
@given(
    st.lists(st.tuples(st.integers(1, 4096), st.integers(1, 10**11)), min_size=1, max_size=8),
    st.sampled_from([",", ";", "\t", "|", " "]),
    st.sampled_from(["point", "comma", "thousands"]),
)
def test_a_table_means_the_same_in_every_separator_and_language(points, separator, language):
    """Semicolons, tabs, bars, blanks; decimal commas with or without points between thousands."""
    if separator == ",":
        language = "point"

    def shown(hundredths):
        text = f"{hundredths / 100:,.2f}" if language == "thousands" else f"{hundredths / 100:.2f}"
        return text if language == "point" else text.replace(",", "T").replace(".", ",").replace("T", ".")

    text = f"n{separator}value\n" + "".join(f"{n}{separator}{shown(value)}\n" for n, value in points)
    read = [row for _, row in table.rows(text, "f")][1:]
    assert [(int(n), float(value)) for n, value in read] == [(n, value / 100) for n, value in points]


BETWEEN = ["'", "\u2019", "\u00a0", "\u202f", "\u2009"]


@given(
    st.lists(st.integers(100_000, 10**11), min_size=1, max_size=8),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from([",", *BETWEEN]),
    st.booleans(),
)
def test_what_stands_between_thousands_is_left_out(hundredths, separator, between, fractions):
    """A comma in English, an apostrophe in Swiss, blanks in French; decimal points where there are fractions."""
    kept = [each if fractions else each // 100 * 100 for each in hundredths]
    shown = [(f"{each / 100:,.2f}" if fractions else f"{each // 100:,}").replace(",", between) for each in kept]
    if between == "," and not fractions:  # a comma before three digits alone might be decimal
        shown, kept = [*shown, "990"], [*kept, 99_000]
    cells = [f'"{cell}"' if separator in cell else cell for cell in shown]
    text = f"n{separator}value\n" + "".join(f"{n}{separator}{cell}\n" for n, cell in enumerate(cells, 1))
    assert [float(row[1]) for _, row in list(table.rows(text, "f"))[1:]] == [each / 100 for each in kept]


def test_what_commas_are_is_told_by_the_whole_table():
    """Decimal where one of them can be nothing else; left alone between commas where nothing tells."""
    for text, values in (
        ('n,value\n1,"1,5"\n2,"2,125"\n', ["1.5", "2.125"]),
        ("n;value\n1;1,125\n2;2,250\n", ["1.125", "2.250"]),
        ("n\tvalue\n1\t990\n2\t1,960\n", ["990", "1960"]),
        ("n\tvalue\n1\t0,990\n2\t1,960\n", ["0.990", "1.960"]),
        ('n,value\n1,"1,010"\n', ["1,010"]),
        ("n;value;load\n1;1.010;0,5\n2;2.010;1,5\n", ["1010", "2010"]),
    ):
        assert [row[1] for _, row in table.rows(text, "f")][1:] == values


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=8), st.sampled_from([",", ";", "\t", "|"]), st.booleans())
def test_a_list_of_cpus_beside_numbers_changes_none_of_them(thousandths, separator, last):
    """``0,1`` may be a decimal number; ``2.875`` stays one where commas are between, or beside a ``1.5``."""
    shown = [f"{each / 1000:.3f}" for each in thousandths]
    if separator != ",":
        shown.insert(len(shown) if last else 0, "1.5")
    text = f"n{separator}value{separator}cpus\n" + "".join(
        f'{n}{separator}{value}{separator}"0,{n}"\n' for n, value in enumerate(shown, 1)
    )
    assert [row[1] for _, row in table.rows(text, "f")][1:] == shown


def test_a_table_of_markdown_is_read(tmp_path):
    """Bars around it and a rule below its header."""
    curve = read_curve(written(tmp_path, "| n | value |\n|---|------:|\n| 1 | 10 |\n| 2 | 19 |\n"))
    assert curve.value == pytest.approx([10, 19])


@pytest.mark.parametrize(
    ("text", "columns", "values"),
    [
        ('"","threads","ops_per_sec"\n"1",1,1010\n"2",2,1960\n', None, {1: 1010, 2: 1960}),
        ("sep=;\ncores;Throughput (req/s)\n1;1.010,5\n2;1.960,25\n", None, {1: 1010.5, 2: 1960.25}),
        ("# threads qps\n1 1010\n2 1960\n", None, {1: 1010, 2: 1960}),
        ("size,score,x\n1,10,7\n2,19,8\n", "cores=size,value=score", {1: 10, 2: 19}),
        ("size,score,x\n1,0.5,7\n2,0.25,8\n", "n=Size,time=SCORE", {1: 2, 2: 4}),
        ("a,b\n1,10\n2,19\n", "value=b,threads=a", {1: 10, 2: 19}),
    ],
)
def test_columns_are_recognised_or_named(tmp_path, text, columns, values):
    """A count of cores and a rate, where there is one of each; else as the user says."""
    curve = read_curve(written(tmp_path, text), columns=parse(columns))
    assert dict(zip(curve.n.tolist(), curve.value.tolist(), strict=True)) == pytest.approx(values)


def test_times_are_recognised_only_where_values_are_said_to_be_times(tmp_path):
    """Taking a time for a rate would turn the answer upside down."""
    path = written(tmp_path, "threads,elapsed_time\n1,2\n2,1\n")
    with pytest.raises(InputError, match="must be called 'value'"):
        read_curve(path)
    assert read_curve(path, time=True).value == pytest.approx([0.5, 1.0])


def test_rows_of_other_things_are_not_merged_silently(tmp_path):
    """Rows that differ in words, or in the same numbers at each n, are repeats with a sentence; --where chooses."""
    rows = ["mcs,1,1,1,10,3", "mcs,9,2,1,11,4", "tas,1,1,2,8,5", "tas,9,2,2,30,6", "mcs,1,3,2,31,7", "mcs,9,1,2,31,8"]
    text = "\n".join(["lock,size,run,n,value,p99", *rows, ""])
    path = written(tmp_path, text)
    _, notes = read_noted(path)
    assert [note.partition(" (")[0] for note in notes] == ["rows that differ in lock", "rows that differ in size"]
    curve, notes = read_noted(path, columns=parse(None, ["lock=mcs", "size=1"]))
    assert (curve.value.tolist(), notes) == (pytest.approx([10, 31]), [])
    with pytest.raises(InputError, match="no points with lock=none"):
        read_curve(path, columns=parse(None, ["lock=none"]))
    with pytest.raises(InputError, match="the columns are lock, size, run, n, value, p99"):
        read_curve(path, columns=parse(None, ["look=mcs"]))


@pytest.mark.parametrize("text", ["cores", "cores=", "cores=a,n=b", "speed=a", "value=a,time=b"])
def test_a_choice_of_columns_that_is_none_is_refused(text):
    """Each role once, by its name."""
    with pytest.raises(InputError, match=f"--columns {text}"):
        parse(text)


def test_a_column_cannot_be_both(tmp_path):
    """n against n says nothing."""
    with pytest.raises(InputError, match="cannot be both"):
        read_curve(written(tmp_path, "n,value\n1,2\n"), columns=parse("cores=n,value=n"))
    with pytest.raises(InputError, match="must be called 'speed', as --columns says"):
        read_curve(written(tmp_path, "n,value\n1,2\n"), columns=parse("value=speed"))
