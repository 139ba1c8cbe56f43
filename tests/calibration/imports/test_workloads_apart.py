"""Runs of different workloads are different curves, whatever file they are in; nothing is put together silently."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.programs.demand import Demand
from cerberus_plan.calibration.programs.imports.merge import merge
from cerberus_plan.calibration.programs.imports.parameters import Asked
from cerberus_plan.calibration.programs.imports.readers import parse
from cerberus_plan.calibration.programs.imports.results import Curve, Imported
from cerberus_plan.model.errors import InputError


def read(*texts: str, asked: Asked | None = None) -> Imported:
    """What the import command makes of these files."""
    return merge([parse(text, name=f"file {i}", asked=asked or Asked())[1] for i, text in enumerate(texts)])


def points(curve: Curve) -> dict[int, tuple[float, ...]]:
    """A curve as {n: repeats}."""
    return {point.n: point.values for point in curve.points}


def pgbench(clients: int, tps: float, kind: str = "<builtin: TPC-B (sort of)>", scale: int = 100) -> str:
    """One run."""
    return (
        f"pgbench (16.3)\ntransaction type: {kind}\nscaling factor: {scale}\nquery mode: simple\n"
        f"number of clients: {clients}\nnumber of threads: 4\nduration: 60 s\n"
        f"tps = {tps!r} (without initial connection time)\n"
    )


runs = st.lists(
    st.tuples(
        st.sampled_from([1, 4, 16]),
        st.floats(min_value=1.0, max_value=1e6),
        st.sampled_from(["<builtin: select only>", "my script.sql"]),
        st.sampled_from([10, 100]),
    ),
    min_size=1,
    max_size=12,
)


@pytest.mark.slow
@given(runs, st.booleans())
def test_every_pgbench_run_is_in_the_curve_of_its_own_workload(
    made: list[tuple[int, float, str, int]], one_file: bool
) -> None:
    """As many curves as types and scales, in one file or many, and no value lost or moved."""
    texts = [pgbench(*run) for run in made]
    curves = read("".join(texts)).curves if one_file else read(*texts).curves
    expected: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for clients, tps, kind, scale in made:
        expected.setdefault((kind, str(scale)), []).append((clients, tps))
    found = {
        (curve.settings["transaction type"], curve.settings["scaling factor"]): [
            (n, value) for n, values in points(curve).items() for value in values
        ]
        for curve in curves
    }
    assert {key: sorted(pairs) for key, pairs in found.items()} == {
        key: sorted(pairs) for key, pairs in expected.items()
    }
    assert len({curve.series for curve in curves}) == len(curves)


def test_curves_are_called_by_what_differs() -> None:
    """Only the settings that differ are in the names, and a sentence says that there are several."""
    imported = read(pgbench(4, 840.0) + pgbench(4, 900.0, scale=1000))
    assert [curve.series for curve in imported.curves] == ["tps scaling factor 100", "tps scaling factor 1000"]
    assert "2 curves of tps, which differ in scaling factor" in imported.notes


def test_pgbench_results_under_a_trimmed_header_are_repeats_and_said_to_be() -> None:
    """Each rate counts; the last does not overwrite the others."""
    head = "transaction type: x\nscaling factor: 1\nnumber of clients: 8\n"
    rates = [1900.0, 2050.0, 2410.0]
    log = "".join(f"=== run ===\ntps = {rate} (without initial connection time)\n" for rate in rates)
    imported = read(head + log)
    assert points(imported.curves[0]) == {8: tuple(rates)}
    assert "3 results stand under one header: read as repeats at n = 8" in imported.notes
    lost = read(log + head + log)
    assert points(lost.curves[0]) == {8: tuple(rates)}
    assert "3 results left out, without a number of clients above" in lost.notes
    both = "tps = 85.1 (including connections establishing)\ntps = 86.2 (excluding connections establishing)\n"
    assert points(read(head + both + both).curves[0]) == {8: (86.2, 86.2)}


def sysbench_old(threads: int, events: int, read_queries: int, write: int, transactions: int = 0) -> str:
    """A database test of sysbench 0.5."""
    return (
        "sysbench 0.5:  multi-threaded system evaluation benchmark\n\nRunning the test with following options:\n"
        f"Number of threads: {threads}\n\nOLTP test statistics:\n    queries performed:\n"
        f"        read:                            {read_queries}\n        write:                           {write}\n"
        f"    transactions:                        {transactions}      ({transactions / 10:.2f} per sec.)\n\n"
        f"General statistics:\n    total time:                          10.0000s\n"
        f"    total number of events:              {events}\n"
    )


def test_sysbench_tests_without_transactions_count_events() -> None:
    """Insert and update tests of 0.5 print 0 transactions; their events are their work."""
    imported = read("".join(sysbench_old(n, 1000 * n, 0, 1000 * n) for n in (1, 2, 4)))
    (curve,) = imported.curves
    assert (curve.axis, curve.unit) == ("clients", "events/s")
    assert points(curve) == {1: (100.0,), 2: (200.0,), 4: (400.0,)}
    with pytest.raises(InputError, match=r"0\.0 transactions/s; expected work done"):
        read(sysbench_old(1, 0, 0, 0))


def test_sysbench_workloads_are_told_by_their_queries_and_settings() -> None:
    """Read-only and point selects are two curves, and so are two block sizes; deadlocks change nothing."""
    several = sysbench_old(4, 100, 1400, 0, 100) + sysbench_old(8, 200, 2900, 0, 200)
    imported = read(several + sysbench_old(4, 900, 900, 0, 900))
    assert [points(curve).keys() for curve in imported.curves] == [{4, 8}, {4}]
    clients, apart = imported.notes
    assert clients == "n counts clients, not cores"
    assert "which differ in queries" in apart

    def memory(size: str) -> str:
        return (
            "sysbench 1.0.20\nRunning the test with following options:\nNumber of threads: 2\n\n"
            f"Running memory speed test with the following options:\n  block size: {size}\n  operation: write\n"
            "Total operations: 1000 (100.00 per second)\n"
        )

    imported = read(memory("1KiB"), memory("1024KiB"))
    assert [curve.series for curve in imported.curves] == [
        "operations/s block size 1KiB",
        "operations/s block size 1024KiB",
    ]
    asked = "Target transaction rate: 100/sec\n"
    limited = memory("1KiB").replace("\nRunning memory", f"\n{asked}Running memory")
    assert "the rate is what was asked for" in read(limited).notes[0]


def test_points_of_one_n_in_several_files_are_said_to_be_repeats() -> None:
    """Nobody can tell two tests of will-it-scale apart by their content."""
    text = "tasks,processes,processes_idle,threads,threads_idle,linear\n1,100,1,90,1,100\n2,190,1,100,1,200\n"
    imported = read(text, text)
    assert (
        "processes at n = 1, 2 is in several files: read as repeats; import files of other work apart" in imported.notes
    )


def test_will_it_scale_writes_minus_one_for_what_did_not_run() -> None:
    """A test that printed no average leaves its other half, and its other rows, readable."""
    header = "tasks,processes,processes_idle,threads,threads_idle,linear\n0,0,100,0,100,0\n"
    imported = read(header + "1,410000,75.01,-1,99.90,410000\n2,800000,50.02,-1,99.91,820000\n")
    assert [(curve.series, points(curve)) for curve in imported.curves] == [("processes", {1: (4.1e5,), 2: (8e5,)})]
    assert imported.notes == ("only processes were run, threads were not",)
    partly = read(header + "1,-1,0,7,0,1\n2,8,0,-1,0,1\n")
    assert [points(curve) for curve in partly.curves] == [{2: (8.0,)}, {1: (7.0,)}]


def hyperfine(*results: tuple[str, float, dict[str, object]]) -> str:
    """An export of these commands, times and parameters."""
    return json.dumps({"results": [{"command": c, "mean": t, "user": t, "parameters": p} for c, t, p in results]})


@pytest.mark.parametrize("name", ["size", "cc"])
def test_a_scan_over_something_else_gives_demands(name: str) -> None:
    """A size or a compiler is no count of cores, unless the user says so."""
    text = hyperfine(("sort", 1.0, {name: "1000"}), ("sort", 2.0, {name: "2000"}))
    imported = read(text)
    assert imported.curves == ()
    assert [(d.elapsed_s, d.cores, d.source) for d in imported.demands] == [
        (1.0, None, f"sort ({name}=1000)"),
        (2.0, None, f"sort ({name}=2000)"),
    ]
    assert f"--parameter {name}" in imported.notes[0]
    assert points(read(text, asked=Asked(parameter=name)).curves[0]) == {1000: (1.0,), 2000: (0.5,)}
    texts = hyperfine(("make", 1.0, {name: "gcc"}), ("make", 2.0, {name: "clang"}))
    assert (read(texts).curves, len(read(texts).demands)) == ((), 2)


def test_a_parameter_that_may_count_cores_is_said_to_be_taken_so() -> None:
    """n is what people call cores, and sizes; the more telling name wins over it."""
    assert "the parameter n is taken for" in read(hyperfine(("a", 1.0, {"n": 1}), ("a", 1.0, {"n": 2}))).notes[0]
    both = read(hyperfine(("a", 1.0, {"n": 1000, "threads": 1}), ("a", 0.5, {"n": 1000, "threads": 2})))
    assert [(c.series, points(c)) for c in both.curves] == [("n=1000", {1: (1.0,), 2: (2.0,)})]
    old = json.dumps({"results": [{"command": "cc gcc", "mean": 1.0, "parameter": "gcc"}]})
    assert read(old).curves == ()


@pytest.mark.slow
@given(st.lists(st.integers(1, 64), min_size=2, max_size=6, unique=True), st.permutations([0, 1]))
def test_two_commands_in_one_scan_are_two_curves(counts: list[int], order: list[int]) -> None:
    """Each command keeps its own times, in whatever order hyperfine ran them."""
    commands = ["./first {}", "./second -j{}"]
    results = [(commands[i].format(n), float(i + 1), {"cores": str(n)}) for n in counts for i in order]
    curves = read(hyperfine(*results)).curves
    assert sorted(value for curve in curves for value in {v for p in curve.points for v in p.values}) == [0.5, 1.0]
    assert {curve.series for curve in curves} == {"runs command ./first {cores}", "runs command ./second -j{cores}"}


@pytest.mark.slow
def test_demands_are_merged_in_linear_time() -> None:
    """20,000 results are 20,000 demands: a pair of each with each would not end within a test."""
    many = tuple(Demand(elapsed_s=1.0, cores=1 + i % 64, source="x") for i in range(20_000))
    assert merge([Imported(demands=many)]).demands == many


def test_benchmarks_of_python_without_cores_give_the_time_of_a_call() -> None:
    """Most files scan nothing, or sizes; extra_info may hold the number of threads."""

    def bench(name: str, median: float, **more: object) -> dict[str, object]:
        return {"name": name, "fullname": f"t.py::{name}", "stats": {"median": median}, **more}

    plain = json.dumps(
        {"benchmarks": [bench("test_a", 0.25, params=None), bench("test_b[9]", 0.5, params={"size": 9})]}
    )
    imported = read(plain)
    assert [(d.unit, d.elapsed_s, d.source) for d in imported.demands] == [
        ("call", 0.25, "t.py::test_a"),
        ("call", 0.5, "t.py::test_b[9]"),
    ]
    assert "--parameter size" in imported.notes[0]
    noted = [bench(f"test_a[{n}]", 1.0 / n, extra_info={"threads": n, "note": "x"}) for n in (1, 2)]
    assert points(read(json.dumps({"benchmarks": noted})).curves[0]) == {1: (1.0,), 2: (2.0,)}


def test_extra_p_with_tabs_zeros_and_metrics_of_any_name() -> None:
    """Words are apart by any blanks; the user says what a metric is; a region without time is left out."""
    text = "PARAMETER\tp\nPOINTS\t( 2 ) ( 4 )\nREGION a b\nMETRIC metr\nDATA\t10\t8\nDATA\t4\n"
    with pytest.raises(InputError, match="say what it is: --metric metr=time, or --metric metr=rate"):
        read(text)
    assert points(read(text, asked=Asked(metrics={"metr": "time"})).curves[0]) == {2: (0.1, 0.125), 4: (0.25,)}
    rate = read(text, asked=Asked(metrics={"metr": "rate"})).curves[0]
    assert (rate.series, points(rate)) == ("a b metr", {2: (10.0, 8.0), 4: (4.0,)})
    with pytest.raises(InputError, match="found the metrics metr; expected the metric time asked for"):
        read(text, asked=Asked(metrics={"time": "rate"}))
    zero = "PARAMETER ranks\nPOINTS 1 2\nMETRIC time\nREGION init\nDATA 0\nDATA 1\nREGION main\nDATA 2\nDATA 1\n"
    imported = read(zero)
    assert [curve.series for curve in imported.curves] == ["main time"]
    assert imported.notes == ("init has a time of 0 (line 5) and is left out",)


@given(st.lists(st.integers(1, 10**6), min_size=2, max_size=5))
def test_sysbench_results_under_a_trimmed_header_are_repeats_and_said_to_be(rates: list[int]) -> None:
    """Each result counts, as in logs of pgbench; the last one hid the others."""
    head = "sysbench 1.0.20\nRunning the test with following options:\nNumber of threads: 8\n"
    log = "".join(f"    transactions: {10 * rate} ({rate}.00 per sec.)\n    total time: 10.0s\n" for rate in rates)
    imported = read(head + log)
    assert points(imported.curves[0]) == {8: tuple(map(float, rates))}
    assert f"{len(rates)} results stand under one header: read as repeats at n = 8" in imported.notes


@pytest.mark.parametrize("odd", ["auto", "0", "1.5", "-1", ""])
def test_a_count_that_is_none_is_left_out_of_the_curve_and_said(odd: str) -> None:
    """One ``-j auto`` in a scan refuses nothing: its time is a demand as any other's."""
    scan = [("make", 4.0, {"threads": 1}), ("make", 2.0, {"threads": 2}), ("make", 1.0, {"threads": odd})]
    imported = read(hyperfine(*scan))
    assert points(imported.curves[0]) == {1: (0.25,), 2: (0.5,)}
    assert [demand.elapsed_s for demand in imported.demands] == [4.0, 2.0, 1.0]
    assert any(f"with threads = {odd} is not in the curve" in note for note in imported.notes)
    with pytest.raises(InputError, match="threads to be a whole number"):
        read(hyperfine(scan[2]), asked=Asked(parameter="threads"))


def test_python_benchmarks_with_a_count_that_is_none_keep_the_others() -> None:
    """As scans of hyperfine."""

    def text(*counts: object) -> str:
        rows = [{"name": f"t[{c}]", "params": {"workers": c}, "stats": {"median": 0.5}} for c in counts]
        return json.dumps({"benchmarks": rows})

    imported = read(text(1, 2, "auto"))
    assert points(imported.curves[0]) == {1: (2.0,), 2: (2.0,)}
    assert any("with workers = auto is not in the curve" in note for note in imported.notes)
    with pytest.raises(InputError, match="workers to be a whole number"):
        read(text("auto"), asked=Asked(parameter="workers"))


def test_what_sysbench_prints_twice_of_one_run_is_no_repeat() -> None:
    """Version 1.1 tells the events of a second under two names; several such results are repeats all the same."""
    said = "CPU speed:\n    events per second: {0:8.2f}\n\nThroughput:\n    events/s (eps): {0:.4f}\n"
    rates = [4520.25, 4480.5]
    text = "sysbench 1.1.0\nNumber of threads: 4\n" + "".join(said.format(rate) for rate in rates)
    once = read(text.replace(said.format(rates[1]), ""))
    assert (points(once.curves[0]), once.notes) == ({4: (4520.25,)}, ())
    twice = read(text)
    assert points(twice.curves[0]) == {4: tuple(rates)}
    assert twice.notes == ("2 results stand under one header: read as repeats at n = 4",)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("rate limit schedule lag: avg 1.200 (max 9.100) ms", "throttled"),
        ("pgbench: error: Run was aborted; the above results are incomplete.", "aborted"),
        ("Run was aborted; the above results are incomplete.", "aborted"),
    ],
)
def test_pgbench_rates_that_tell_less_than_they_seem_to_are_named(line: str, said: str) -> None:
    """A rate that was asked for, or of what was left of a run, is read with a note of which run it is."""
    found = read(pgbench(4, 840.0) + pgbench(8, 100.0) + line + "\n" + pgbench(16, 120.0))
    assert points(found.curves[0]) == {4: (840.0,), 8: (100.0,), 16: (120.0,)}
    assert [note for note in found.notes if f"the run of 8 clients was {said}" in note]
    assert not [note for note in found.notes if "16 clients" in note or "4 clients" in note]
