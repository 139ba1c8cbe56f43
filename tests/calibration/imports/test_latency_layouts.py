"""A matrix of latencies reads the same in every layout that people have."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from latency_machines import machine

from cerberus_plan.calibration.host.machine_shape import shape_of
from cerberus_plan.calibration.programs.imports import core_to_core_latency
from cerberus_plan.calibration.programs.imports.imported_profile import import_profile
from cerberus_plan.calibration.programs.imports.source import Source
from cerberus_plan.model.errors import InputError


def read(text):
    """What a file with this text holds; it must be recognised as well."""
    assert core_to_core_latency.sniff(text)
    return core_to_core_latency.parse(Source("m.csv", text))


def cells(values, form="{:.3f}", *, upper=True, blank=""):
    """Rows of cells: everything off the diagonal, or what is below it."""
    n = len(values)
    return [
        [blank if i == j or (j > i and not upper) else form.format(values[i, j]) for j in range(n)] for i in range(n)
    ]


def csv(rows, separator=","):
    return "".join(separator.join(row) + "\n" for row in rows)


def labelled(rows, cpus, corner="", separator=",", label="{}"):
    """The rows with a first row and column of CPU numbers."""
    head = [corner, *(label.format(cpu) for cpu in cpus)]
    return csv([head, *([label.format(cpu), *row] for cpu, row in zip(cpus, rows, strict=True))], separator)


def table(rows, cpus, corner):
    """Columns aligned with blanks, as printed for people."""
    lines = ["".join(f"{cell:>14}" for cell in [corner, *map(str, cpus)])]
    lines += ["".join(f"{cell:>14}" for cell in [str(cpu), *row]) for cpu, row in zip(cpus, rows, strict=True)]
    return "\n".join(lines) + "\n"


LAYOUTS = {
    "full": lambda v, _: csv(cells(v)),
    "below the diagonal": lambda v, _: csv(cells(v, upper=False)),
    "exponents": lambda v, _: csv(cells(v, "{:.6e}")),
    "ragged": lambda v, _: csv([row[: i + 1] for i, row in enumerate(cells(v, upper=False))]),
    "ragged without the first row": lambda v, _: csv([row[:i] for i, row in enumerate(cells(v))][1:]),
    "semicolons and decimal commas": lambda v, _: csv(cells(v), ";").replace(".", ","),
    "tabs": lambda v, _: csv(cells(v), "\t"),
    "zeros on the diagonal": lambda v, _: csv(cells(v, blank="0")),
    "dashes": lambda v, _: csv(cells(v, blank="-")),
    "separators at the end": lambda v, _: csv([[*row, ""] for row in cells(v)]),
    "quotes": lambda v, _: csv([[f'"{cell}"' for cell in row] for row in cells(v)]),
    "units": lambda v, _: csv([[f"{cell} ns" if cell else "" for cell in row] for row in cells(v)]),
    "comments": lambda v, _: "# ns, one way\n" + csv(cells(v)),
    "blank lines at the end": lambda v, _: csv(cells(v)) + "\n\n",
    "labels": lambda v, cpus: labelled(cells(v), cpus),
    "named labels": lambda v, cpus: labelled(cells(v), cpus, "Core", label="CPU {}"),
    "labels and semicolons": lambda v, cpus: labelled(cells(v), cpus, "", ";").replace(".", ","),
    "terminal": lambda v, cpus: (
        "Num cores: 8\nUsing RDTSC to measure time: true\n\n"
        + table([row[:i] for i, row in enumerate(cells(v, "{:.3f}±0.4"))], cpus, "")
        + "\n    Min  latency: 4.5ns ±0.1 cores: (1,0)\n"
    ),
    "c2clat": lambda v, cpus: table(cells(2.0 * v, blank="0"), cpus, "CPU"),
}


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
@settings(max_examples=15)
@given(st.integers(6, 24), st.integers(0, 10**6), st.sampled_from([0, 4]))
def test_every_layout_gives_the_same_round_trips(layout, cores, seed, first):
    """CPU numbers are those of the labels, else the places of the rows."""
    found = machine(cores=cores, threads=1, seed=seed)
    one_way_ns = found.latency.seconds / 2e-9
    cpus = range(first, first + cores)
    text = LAYOUTS[layout](np.nan_to_num(one_way_ns), cpus)
    matrix = read(text)
    numbered = any(word in layout for word in ("labels", "terminal", "c2clat"))
    assert matrix.cpus == tuple(cpus if numbered else range(cores))
    np.testing.assert_allclose(matrix.seconds, found.latency.seconds, atol=2e-12)


def test_labels_are_not_latencies():
    """First row and column count 4 to 11: eight CPUs in pairs, not nine in one."""
    found = machine(cores=2, caches=2, threads=2, beside=True, within=50e-9)
    text = labelled(cells(np.nan_to_num(found.latency.seconds) / 2e-9, upper=True), range(4, 12))
    assert read(text).cpus == tuple(range(4, 12))
    assert shape_of(read(text)).cores == (0, 0, 1, 1, 2, 2, 3, 3)


def test_a_short_symmetric_matrix_of_whole_numbers_is_no_table_of_labels():
    """15, 50, 52 in the first row and column are latencies of CPU 0."""
    text = ",15,50,52\n15,,49,50\n50,49,,15\n52,50,15,\n"
    assert read(text).cpus == (0, 1, 2, 3)
    assert read(text)[0, 3] == pytest.approx(104e-9)


def test_a_zero_is_a_pair_that_was_not_measured(tmp_path):
    """A coarse clock gives 0 for near pairs: the file is read, and a note counts them."""
    found = machine(cores=4, caches=2, threads=1)
    rows = cells(np.nan_to_num(found.latency.seconds) / 2e-9, upper=False)
    rows[5][4] = "0"
    (tmp_path / "m.csv").write_text(csv(rows))
    profile = import_profile([str(tmp_path / "m.csv")])
    assert (4, 5) not in profile.latency
    assert profile.topology.l3_groups == found.l3_groups
    assert "m.csv: 1 pair of cores has 0 ns, which a coarse clock gives: taken as not measured" in profile.notes


def test_both_directions_are_averaged():
    """A full matrix whose halves differ."""
    assert read(",10,30\n20,,30\n30,30,\n")[0, 1] == pytest.approx(30e-9)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (",4,5\n4,,7\n5,x,\n", r"line 3: found 'x'"),
        ("1,2,3\n4,5,6\n7,8\n9,1,2\n", r"line 1: found 3 cells; expected 4"),
        (",1_0\n1_0,\n", r"line 1: found '1_0'"),
        (",-4\n-4,\n", r"line 1: found '-4'"),
    ],
)
def test_a_bad_cell_is_refused_with_its_line(text, message):
    """Words, underscores, negative numbers, rows of unlike length."""
    with pytest.raises(InputError, match=message):
        core_to_core_latency.parse(Source("m.csv", text))


@pytest.mark.parametrize("text", ["instances,cores,value\n1,8,3\n2,4,5\n", "a b c\n1 2 3\n", "hello\n", "1\n", ""])
def test_other_tables_are_not_taken_for_a_matrix(text):
    """Curves, splits, prose."""
    assert not core_to_core_latency.sniff(text)


@given(st.text(alphabet="0123456789.,;-\n\t e±CPU", max_size=80))
def test_any_text_is_read_or_refused(text):
    """No other error than the one that says where the text is wrong."""
    with contextlib.suppress(InputError):
        assert len(core_to_core_latency.parse(Source("m.csv", text))) > 0


@given(st.integers(4, 12), st.integers(1, 40), st.integers(2, 9), st.sampled_from(["", "CPU"]), st.integers(0, 99))
@settings(max_examples=40)
def test_even_steps_between_labels_are_labels(count, first, step, corner, seed):
    """CPUs 1, 3, 5, 7 of a socket, in the first row and column under a corner that is empty or not."""
    values = np.random.default_rng(seed).uniform(15.0, 300.0, (count, count))
    cpus = tuple(range(first, first + step * count, step))
    assert read(labelled(cells(values + values.T), cpus, corner)).cpus == cpus


@pytest.mark.parametrize("cell", ["inf", "-INF", "Infinity", "-5"])
def test_a_cell_that_is_no_latency_is_refused_with_its_line(cell):
    """In a file that is known for what it is by all other cells."""
    rows = cells(np.full((6, 6), 50.0))
    rows[2][4] = cell
    text = csv(rows)
    assert core_to_core_latency.sniff(text)
    with pytest.raises(InputError, match=f"line 3: found {cell!r}"):
        core_to_core_latency.parse(Source("m.csv", text))


@given(st.integers(4, 12), st.booleans(), st.integers(0, 10**6))
def test_one_zero_a_cpu_is_its_sibling(cores, beside, seed):
    """The clock is too coarse for what two threads of a core take: they are found, and a note says so."""
    found = machine(cores=cores, threads=2, beside=beside, seed=seed)
    seconds = np.nan_to_num(found.latency.seconds)
    near = np.equal.outer(found.cores, found.cores)
    text = csv(cells(np.where(near, 0.0, seconds / 2e-9), "{:.4f}", upper=False).copy())
    matrix, notes = core_to_core_latency.read(Source("m.csv", text.replace("0.0000", "0")))
    assert notes[0].startswith(f"{cores} pairs of cores have 0 ns")
    assert "siblings" in notes[0]
    siblings = near & ~np.eye(len(near), dtype=bool)
    assert matrix.seconds[siblings] == pytest.approx(min(20e-9, seconds[~near].min() / 2.0), abs=1e-12)
    assert shape_of(matrix).cores == found.cores
