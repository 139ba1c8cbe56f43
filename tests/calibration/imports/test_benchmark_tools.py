"""Benchmark libraries and load generators: each number of threads or clients with its throughput."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.programs.imports.load_report import CLIENTS
from cerberus_plan.calibration.programs.imports.merge import merge
from cerberus_plan.calibration.programs.imports.readers import parse
from cerberus_plan.calibration.programs.imports.results import Curve, Imported
from cerberus_plan.model.errors import InputError

FIXTURES = Path(__file__).parent / "fixtures"


def read(text: str) -> Imported:
    """What a text holds, recognised without help."""
    return parse(text, name="made")[1]


def fixture(name: str) -> Imported:
    """What a fixture holds."""
    return read((FIXTURES / name).read_text())


def points(curve: Curve) -> dict[int, tuple[float, ...]]:
    """A curve as {n: repeats}."""
    return {point.n: point.values for point in curve.points}


@pytest.mark.parametrize("name", sorted(path.name for path in FIXTURES.glob("[!.]*.*")))
def test_every_curve_of_clients_says_so_and_no_other_does(name: str) -> None:
    """Whoever prints it: load generators count clients, benchmark libraries threads."""
    imported = fixture(name)
    clients = any(curve.axis == "clients" for curve in imported.curves)
    assert (CLIENTS in imported.notes) == clients


def test_google_benchmark() -> None:
    """Repetitions are repeats, aggregates and failures are left out, arguments stay in the name."""
    imported = fixture("google_benchmark.json")
    (curve,) = imported.curves
    assert (curve.series, curve.axis, curve.unit) == ("BM_push/64", "threads", "items/s")
    assert points(curve) == {1: (8e6,), 2: (12.5e6, 10e6)}
    assert imported.notes == ("1 benchmark left out, failed or skipped",)


def google(threads: int, real: float, cpu: float, version: str, *, clock: str = "/real_time", **more: object) -> str:
    """A file with one benchmark."""
    name = f"BM_x{clock}/threads:{threads}"
    row = {
        "name": name,
        "threads": threads,
        "iterations": 1,
        "real_time": real,
        "cpu_time": cpu,
        "time_unit": "us",
        **more,
    }
    return json.dumps({"context": {"library_version": version}, "benchmarks": [row]})


@given(st.integers(1, 128), st.floats(1e-3, 1e6), st.floats(1e-3, 1e6))
def test_google_benchmark_is_of_real_time_in_every_version(threads: int, wall: float, cpu: float) -> None:
    """A thread's iteration takes `wall` us; before 1.9 that is printed divided by the threads."""
    right = threads / (wall * 1e-6)
    for text in (google(threads, wall / threads, cpu, "v1.8.3"), google(threads, wall, cpu, "v1.9.1")):
        assert points(read(text).curves[0]) == {threads: (pytest.approx(right),)}
    by_cpu = google(threads, wall, cpu, "1.9.0", clock="", items_per_second=3.0 / (cpu * 1e-6))
    expected = 3.0 * right if threads > 1 else 3.0 / (cpu * 1e-6)
    assert points(read(by_cpu).curves[0]) == {threads: (pytest.approx(expected),)}


def test_google_benchmark_with_aggregates_only() -> None:
    """--benchmark_report_aggregates_only leaves medians."""
    text = google(
        2, 1.0, 1.0, "v1.8.0", run_type="aggregate", aggregate_name="median", run_name="BM_x/real_time/threads:2"
    )
    assert points(read(text).curves[0]) == {2: (1e6,)}
    with pytest.raises(InputError, match="runs or their medians"):
        read(text.replace("median", "stddev"))


def test_go_benchmark() -> None:
    """The number that other lines add a number to is the name's own; ns/op becomes operations per second."""
    (curve,) = fixture("go_benchmark.txt").curves
    assert (curve.series, points(curve)) == ("Push/size-1024", {1: (1e6,), 2: (1.6e6, 2e6), 4: (3.2e6,)})
    (only,) = read("BenchmarkA/b-8   100   10 ns/op\n").curves
    assert (only.series, points(only)) == ("A/b", {8: (1e8,)})
    with pytest.raises(InputError, match="more than 0 ns/op"):
        read("BenchmarkA-8   100   0 ns/op\n")


def test_two_go_packages_are_two_curves() -> None:
    """Names are only unique in their package."""
    text = "pkg: a\nBenchmarkX-2  1  10 ns/op\npkg: b\nBenchmarkX-2  1  20 ns/op\n"
    assert [curve.series for curve in merge([read(text)]).curves] == ["X package a", "X package b"]


def test_jmh() -> None:
    """Throughput is of all threads, times are of one: t threads do t / time; iterations are repeats."""
    imported = fixture("jmh.json")
    assert {curve.series: points(curve) for curve in imported.curves} == {
        "Queue.push size=10 thrpt": {1: (2e6, 3e6), 4: (8e6,)},
        "Queue.push size=10 avgt": {4: (pytest.approx(8e6),)},
    }
    with pytest.raises(InputError, match=r"scoreUnit.*expected ops/T or T/op"):
        read((FIXTURES / "jmh.json").read_text().replace("ops/us", "MB/sec"))


def test_wrk() -> None:
    """Connections are clients; percentiles and errors are told."""
    imported = fixture("wrk.txt")
    (curve,) = imported.curves
    assert (curve.axis, points(curve)) == ("clients", {16: (100100.5,), 64: (180000.0,)})
    assert "at n = 64: Non-2xx or 3xx responses: 12" in imported.notes
    assert "requests at n = 16: latency p50 250.00us, p75 491.00us, p90 700.00us, p99 5.80ms" in imported.notes
    text = (FIXTURES / "wrk.txt").read_text()
    with pytest.raises(InputError, match="line 14: found a run without a rate above 0"):
        read(text.replace("Requests/sec: 180000.00\n", ""))
    limited = text.replace("  Latency Distribution\n", "  Latency Distribution (HdrHistogram - Recorded Latency)\n")
    assert any("rate asked for (-R)" in note for note in read(limited).notes)


def test_memtier() -> None:
    """Clients are threads times connections, in text and JSON; of several runs the average counts."""
    imported = fixture("memtier.txt")
    assert points(imported.curves[0]) == {200: (123410.13,)}
    assert (
        "operations at n = 200: latency avg 1.61000 ms, p50 1.49500 ms, p99 3.00000 ms, p99.9 5.70000 ms"
        in imported.notes
    )
    (curve,) = fixture("memtier.json").curves
    assert (points(curve), curve.settings["ratio"]) == ({20: (50000.5,)}, "1:10")
    text = (FIXTURES / "memtier.txt").read_text()
    best = text[text.index("ALL STATS") :].replace("ALL STATS", "BEST RUN RESULTS").replace("123410.13", "999999.99")
    average = text[text.index("ALL STATS") :].replace("ALL STATS", "AGGREGATED AVERAGE RESULTS (2 runs)")
    several = text[: text.index("ALL STATS")] + best + average
    assert points(read(several).curves[0]) == {200: (123410.13,)}


def test_redis_benchmark() -> None:
    """Each command is a curve; without the number of clients there is none."""
    imported = fixture("redis_benchmark.txt")
    assert {curve.series: points(curve) for curve in imported.curves} == {
        "SET": {50: (80192.46,)},
        "GET": {100: (100000.0,)},
    }
    assert "SET at n = 50: latency p50 0.311 ms, p95 0.431 ms, p99 0.607 ms" in imported.notes
    for quiet in ("SET: 80192.46 requests per second, p50=0.311 msec\n", '"SET","80192.46"\n"GET","90000.00"\n'):
        with pytest.raises(InputError, match=r"line 1: .*leave out -q and --csv"):
            read(quiet)


@pytest.mark.parametrize("threads", ["1.5", "0", '"2"', "null"])
def test_a_number_of_threads_that_is_none_is_refused(threads: str) -> None:
    """And not cut to a whole one."""
    row = f'"threads": {threads}, "mode": "thrpt", "primaryMetric": {{"score": 1.0, "scoreUnit": "ops/s"}}'
    with pytest.raises(InputError, match="threads"):
        read(f'[{{"benchmark": "a.B.c", {row}}}]')
    if threads != "null":  # which is as good as missing there: one
        times = '"real_time": 1.0, "cpu_time": 1.0, "time_unit": "ns"'
        with pytest.raises(InputError, match="threads"):
            read(f'{{"benchmarks": [{{"name": "a", {times}, "threads": {threads}}}]}}')


def test_will_it_scale_leaves_cells_empty_that_it_did_not_run() -> None:
    """As -1: threads were not run."""
    text = "tasks,processes,processes_idle,threads,threads_idle,linear\n1,400,99,,,400\n2,790,97,,,800\n"
    (curve,) = read(text).curves
    assert (curve.series, [point.values for point in curve.points]) == ("processes", [(400.0,), (790.0,)])


def test_strace_of_languages_with_decimal_commas() -> None:
    """Seconds with a comma are the same seconds."""
    rule = "------ ----------- ----------- --------- --------- ----------------\n"
    text = (
        "% time     seconds  usecs/call     calls    errors syscall\n"
        f"{rule} 98,01    1,234567        1234      1000        10 futex\n"
        f"  1,99    0,012345           1      9000           read\n"
        f"{rule}100,00    1,246912                 10000        10 total\n"
    )
    (demand,) = read(text).demands
    assert {call.name: (call.calls, call.time_s) for call in demand.system_calls} == {
        "futex": (1000, 1.234567),
        "read": (9000, 0.012345),
    }
