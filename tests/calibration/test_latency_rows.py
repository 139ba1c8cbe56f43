"""Measured response times in files: what is written reads back, units are units, broken cells are refused in place."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.programs.imports.readers import parse
from cerberus_plan.calibration.programs.imports.recorded import read_recorded
from cerberus_plan.calibration.programs.load_latency import LoadLatency, read_latency, together, why_not
from cerberus_plan.calibration.splits.read import latencies_in, read_splits
from cerberus_plan.calibration.store.catalog import parse_workload
from cerberus_plan.calibration.store.latency_fields import fields_of, seconds
from cerberus_plan.calibration.store.measured_rows import append
from cerberus_plan.calibration.store.workload_file import to_toml
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.latency.measured import STATISTICS, MeasuredLatency
from cerberus_plan.model.measurement import Measurement

FIXTURES = Path(__file__).parent / "imports" / "fixtures"
WORKLOAD = """format = 1
name = "app"
unit = "requests/s"
units_per_cycle = 1.0

[operations]
compute = { value = 3, unit = "ms" }
"""
ROW = '\n[[measured]]\ninstances = 2\ncores_per_instance = 4\nlatency_rate = 100\nlatency_p99 = "9ms"\n'


@st.composite
def latencies(draw: st.DrawFn) -> MeasuredLatency:
    """Any that is one."""
    instances = draw(st.integers(1, 64))
    steps = [draw(st.floats(1e-9, 10.0)) for _ in STATISTICS[1:]]
    times = {"mean": draw(st.floats(1e-9, 10.0))}
    times |= {name: sum(steps[: i + 1]) for i, name in enumerate(STATISTICS[1:])}
    load = draw(st.one_of(st.floats(1e-3, 1e9), st.integers(instances, 10_000)))
    return MeasuredLatency(
        instances=instances,
        cores_per_instance=draw(st.integers(1, 64)),
        rate=load if isinstance(load, float) else None,
        concurrency=load if isinstance(load, int) else None,
        host=draw(st.sampled_from(["", "db1"])),
        **{name: times[name] for name in draw(st.sets(st.sampled_from(STATISTICS), min_size=1))},
    )


@pytest.mark.slow
@given(st.lists(latencies(), max_size=4))
def test_what_is_appended_reads_back(tmp_path_factory: pytest.TempPathFactory, rows: list[MeasuredLatency]) -> None:
    """To the last digit, beside throughputs, and through a rewritten file."""
    path = tmp_path_factory.mktemp("rows") / "app.toml"
    path.write_text(WORKLOAD.replace('value = 3, unit = "ms"', 'value = 0.001, unit = "ns"') + ROW)
    throughput = Measurement(instances=1, cores_per_instance=2, value=3.0)
    append(path, [throughput], rows)
    read = parse_workload(path.read_text(), str(path))
    first = MeasuredLatency(instances=2, cores_per_instance=4, rate=100.0, p99=9e-3)
    assert read.latencies[0].p99 == pytest.approx(9e-3)
    assert read.latencies[1:] == tuple(rows)
    assert read.latencies[0].split == first.split
    assert read.measured == (throughput,)
    assert parse_workload(to_toml(read), "again.toml") == read


def test_a_row_tells_throughput_and_latency_of_one_run() -> None:
    """Both are evidence, each of its own kind."""
    row = ROW.replace("latency_rate = 100", "value = 4000\nlatency_concurrency = 16")
    read = parse_workload(WORKLOAD + row, "app.toml")
    assert [one.value for one in read.measured] == [4000.0]
    assert [(one.concurrency, one.rate) for one in read.latencies] == [(16, None)]


@given(st.floats(1e-6, 1e6, allow_subnormal=False))
def test_units_are_units(value: float) -> None:
    """A second is a thousand milliseconds, a million microseconds."""
    text = f"{value:.6f}"
    assert seconds(f"{text} s", "x") == pytest.approx(1e3 * seconds(f"{text}ms", "x"))
    assert seconds(f"{text}ms", "x") == pytest.approx(1e3 * seconds(f"{text}us", "x"))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (ROW.replace('"9ms"', "9"), "row 1: latency_p99 = 9 must be a time with its unit"),
        (ROW.replace("9ms", "9 parsecs"), "must be a time with its unit"),
        (ROW.replace("9ms", "-9ms"), "must be a time with its unit"),
        (ROW.replace("9ms", "0ms"), "row 1: latency_p99 = 0 s must be a time from"),
        (ROW.replace("latency_rate = 100\n", ""), "needs the load it was taken at"),
        (ROW + "latency_concurrency = 3\n", "needs the load it was taken at: either"),
        (ROW.replace("latency_rate = 100", "latency_concurrency = 1"), "at least the 2 instances"),
        (ROW.replace("latency_rate = 100", "latency_concurrency = 2.5"), "latency_concurrency = 2.5 must be a whole"),
        (ROW.replace("latency_rate = 100", "latency_rate = -1"), "latency_rate"),
        (ROW.replace('latency_p99 = "9ms"\n', ""), "at least one of latency_mean"),
        (ROW + 'latency_p50 = "10ms"\n', "latency_p50 = 0.01 s is above latency_p99"),
        (
            ROW + 'latency_mean = "1.4ms"\n',
            "row 1: latency_mean = 1.4ms is less than half of what a request computes, 3ms",
        ),
        (ROW + "value = 100\n", "value is what a split does when it is saturated"),
        (ROW + "low = 100\n", "field 'value' is missing"),
        (ROW + 'latency_p90 = "1ms"\n', "unknown field 'latency_p90'; known: "),
    ],
)
def test_broken_rows_are_refused_by_number_and_field(row: str, said: str) -> None:
    """With what is allowed."""
    with pytest.raises(InputError) as error:
        parse_workload(WORKLOAD + row, "app.toml")
    assert said in str(error.value)
    assert "app.toml" in str(error.value)


TABLE = "instances,cores_per_instance,value,latency_rate,latency_concurrency,latency_p99\n"


@pytest.mark.parametrize("value", ["value", "throughput", "ops/s"])
def test_a_table_tells_either_or_both(value: str) -> None:
    """An empty value where a latency is told; columns without a latency are as ever."""
    text = TABLE.replace("value", value) + "1,2,4000,,16,9ms\n2,1,,1800,,2300us\n2,2,8000,,,\n"
    found = read_recorded([("t.csv", text)], None)
    measured, times = found.measured, found.latencies
    assert [one.value for one in measured] == [4000.0, 8000.0]
    assert [(one.split, one.rate, one.concurrency) for one in times] == [((1, 2), None, 16), ((2, 1), 1800.0, None)]
    assert [one.p99 for one in times] == pytest.approx([9e-3, 2.3e-3])
    assert len(latencies_in("instances,cores,latency_rate,latency_p50\n1,2,10,3ms\n", "t.csv")) == 1


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("1,2,4000,100,,9ms\n", "line 2: value is what a saturated split does"),
        ("1,2,,100,,9\n", "line 2: latency_p99 = '9' must be a time with its unit"),
        ("1,2,,x,,9ms\n", "line 2: latency_rate is 'x'"),
        ("1,2,,,1.5,9ms\n", "line 2: latency_concurrency is '1.5'"),
        ("1,2,,,,9ms\n", "line 2: a measured latency needs the load"),
        ("1,2,,,,\n", "line 2: value is ''"),
    ],
)
def test_broken_cells_are_refused_by_line(row: str, said: str, tmp_path: Path) -> None:
    """The same for whoever reads the table for throughput alone, where it concerns that."""
    with pytest.raises(InputError) as error:
        read_recorded([("t.csv", TABLE + row)], None)
    assert said in str(error.value)
    if "value" in said:
        path = tmp_path / "t.csv"
        path.write_text(TABLE + row)
        with pytest.raises(InputError, match="value"):
            read_splits(path)


def test_a_rate_at_a_given_rate_is_refused_by_the_name_of_its_column() -> None:
    """Whatever it is called, it is no capacity."""
    with pytest.raises(InputError, match=r"line 2: ops/s is what a saturated split does.*give ops/s or latency_rate"):
        read_recorded([("t.csv", TABLE.replace("value", "ops/s") + "1,2,4000,100,,9ms\n")], None)


def test_a_row_of_another_width_is_refused_by_line() -> None:
    """By whoever reads it."""
    for row in ("1,2,,100,,9ms,3\n", "1,2\n"):
        with pytest.raises(InputError, match=r"line 2: . fields where the header has 6"):
            latencies_in(TABLE + row, "t.csv")


def test_load_generators_tell_their_last_run() -> None:
    """Connections of all threads, the mean where there is one, percentiles in seconds."""
    wrk = read_latency((FIXTURES / "wrk.txt").read_text())
    assert wrk == LoadLatency(clients=64, rate=None, times={"mean": pytest.approx(1.91e-3)})
    first = read_latency((FIXTURES / "wrk.txt").read_text().split("Transfer/sec:     60")[0])
    assert first is not None
    assert first.clients == 16
    assert first.times == pytest.approx({"mean": 635.91e-6, "p50": 250e-6, "p99": 5.8e-3})
    memtier = read_latency((FIXTURES / "memtier.txt").read_text())
    assert memtier is not None
    assert (memtier.clients, memtier.times) == (200, pytest.approx({"mean": 1.61e-3, "p50": 1.495e-3, "p99": 3e-3}))
    pgbench = read_latency((FIXTURES / "pgbench.txt").read_text())
    assert pgbench is not None
    assert pgbench.rate is None
    assert pgbench.times.keys() == {"mean"}
    assert read_latency("ops/s: 12\n") is None
    assert read_latency("Running 1s test @ http://x\nRequests/sec: many\n") is None


MEMTIER = (FIXTURES / "memtier.txt").read_text()
WRK = (FIXTURES / "wrk.txt").read_text()


@pytest.mark.parametrize(
    "output",
    [
        *(MEMTIER.replace(" 1.61000         1.49500", f"{cell:>8}         1.49500") for cell in ("---", "-nan", "nan")),
        *(WRK.replace("   1.91ms", f"{cell:>9}", 1) for cell in ("1.2.3ms", "1.2.3m", ".m", "1.2.3h")),
        "number of clients: 4\nlatency average = 1.2.3 ms\ntps = 500.0\n",
    ],
)
def test_a_time_that_is_none_ends_no_observation(output: str) -> None:
    """The run took its time and told a rate: that stays."""
    assert output not in {MEMTIER, WRK}
    assert read_latency(output) is None
    assert why_not(output) == ""


@pytest.mark.parametrize(("cell", "found"), [("1.20m", 72.0), ("2.00h", 7200.0), ("1.50s", 1.5), ("3.00us", 3e-6)])
def test_wrk_prints_minutes_and_hours(cell: str, found: float) -> None:
    """Which no other time of ours is written in."""
    read = read_latency(WRK.replace("   1.91ms", f"{cell:>9}", 1))
    assert read is not None
    assert read.times == pytest.approx({"mean": found})


def test_generators_that_keep_a_rate_are_open_loops() -> None:
    """wrk2 by what it prints first, pgbench by its schedule's lag."""
    text = (FIXTURES / "wrk.txt").read_text().split("Running")[1]
    wrk2 = text.replace("Thread Stats", "Thread calibration: mean lat.: 1.0ms\n  Thread Stats", 1)
    found = read_latency("Running" + wrk2)
    assert found is not None
    assert (found.clients, found.rate) == (None, 100100.5)
    said = (
        "number of clients: 4\nlatency average = 0.9 ms\nrate limit schedule lag: avg 0.1 (max 2.0) ms\ntps = 500.0\n"
    )
    postgres = read_latency(said)
    assert postgres == LoadLatency(clients=None, rate=500.0, times={"mean": pytest.approx(0.9e-3)})


def test_generators_side_by_side_are_one() -> None:
    """Clients add up, times are those in the middle; what one does not tell is not told."""
    one = LoadLatency(clients=2, rate=None, times={"mean": 1.0, "p99": 5.0})
    two = LoadLatency(clients=3, rate=None, times={"mean": 2.0, "p99": 6.0})
    assert together([one, two]) == LoadLatency(clients=5, rate=None, times={"mean": 1.5, "p99": 5.5})
    assert together([one, None]) is None
    assert together([]) is None
    assert together([one, LoadLatency(clients=None, rate=3.0, times=one.times)]) is None
    assert one.of_split((4, 1)) is None  # two of the four had no client
    assert math.isclose((one.of_split((2, 1)) or pytest.fail("no measurement")).p99 or 0.0, 5.0)


@pytest.mark.parametrize(
    ("name", "split", "said"),
    [
        ("wrk.txt", None, "give --split"),
        ("pgbench.txt", (99, 1), "fewer than the 99 instances"),
        ("hyperfine.json", (1, 1), "neither a table of splits"),
    ],
)
def test_what_is_not_recorded_is_refused(name: str, split: tuple[int, int] | None, said: str) -> None:
    """With what to do."""
    with pytest.raises(InputError, match=said):
        read_recorded([(name, (FIXTURES / name).read_text())], split)


WRK2 = """Running 30s test @ http://127.0.0.1:8080/page
  2 threads and 16 connections
  Thread calibration: mean lat.: 1.1ms, rate sampling interval: 10ms
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     {mean}   600.00us  12.92ms   93.69%
  30000 requests in 30.00s, 17.6MB read
{errors}Requests/sec: 1000.00
"""


def wrk2(mean: str = "1.10ms", errors: str = "") -> str:
    """A report of wrk2."""
    return WRK2.format(mean=mean, errors=f"  {errors}\n" if errors else "")


@pytest.mark.parametrize(
    ("errors", "failed", "of"),
    [
        ("Non-2xx or 3xx responses: 29000", 29_000, 30_000),
        ("Socket errors: connect 0, read 0, write 0, timeout 200", 200, 30_200),
        ("Socket errors: connect 100, read 60, write 0, timeout 0", 160, 30_160),
        ("Socket errors: connect 0, read 90000, write 0, timeout 0", 90_000, 120_000),
    ],
)
def test_a_run_that_failed_is_not_recorded(errors: str, failed: int, of: int) -> None:
    """Error pages come fast, answers that never came have no time: neither is the server's response time."""
    with pytest.raises(InputError) as error:
        read_recorded([("wrk.txt", wrk2(errors=errors))], (1, 2))
    assert f"wrk.txt is not recorded: {failed} of {of} requests failed ({errors})" in str(error.value)
    assert read_latency(wrk2(errors=errors)) is None  # nor by those who run the load themselves


@pytest.mark.parametrize(
    "errors", ["Non-2xx or 3xx responses: 1", "Socket errors: connect 0, read 1, write 0, timeout 0"]
)
def test_a_request_that_failed_is_told(errors: str) -> None:
    """A few change nothing, but nobody should have to find them."""
    found = read_recorded([("wrk.txt", wrk2(errors=errors))], (1, 2))
    assert found.notes == ("wrk.txt: 1 request failed, too few to change what the others took",)
    assert [one.rate for one in found.latencies] == [1000.0]
    assert not read_recorded([("wrk.txt", wrk2())], (1, 2)).notes


def test_failed_transactions_of_pgbench_count_too() -> None:
    """As answers that are errors."""
    text = (FIXTURES / "pgbench.txt").read_text().replace("failed transactions: 3", "failed transactions: 3000")
    with pytest.raises(InputError, match=r"3000 of 23010 requests failed \(number of failed transactions: 3000"):
        read_recorded([("pgbench.txt", text)], (1, 2))


def test_half_of_pgbenchs_transactions_failed() -> None:
    """It counts as processed what did not fail."""
    said = (
        "number of clients: 1\nnumber of transactions actually processed: {}\nnumber of failed transactions: 50 (50%)\n"
    )
    for done in ("50/100", "50"):
        assert why_not(f"{said.format(done)}tps = 5.0\n").startswith("50 of 100 requests failed (")


def test_more_than_is_carried_is_not_recorded() -> None:
    """The queue grew all the while: its times are of the run's length."""
    for mean in ("3.50s", "1.30s"):
        with pytest.raises(InputError, match=r"wrk\.txt is not recorded: .* more was offered than is carried"):
            read_recorded([("wrk.txt", wrk2(mean=mean))], (1, 2))
    assert read_recorded([("wrk.txt", wrk2(mean="0.30s"))], (1, 2)).latencies[0].mean == pytest.approx(0.3)
    closed = wrk2(mean="3.50s").replace("Thread calibration: mean lat.: 1.1ms, rate sampling interval: 10ms\n", "")
    assert read_recorded([("wrk.txt", closed)], (1, 2)).latencies[0].concurrency == 16


@pytest.mark.parametrize("name", ["wrk.txt", "memtier.txt", "pgbench.txt"])
def test_a_report_that_breaks_off_is_known_for_what_it_is(name: str) -> None:
    """With the line where its last run begins, whether or not runs before it are whole."""
    rate = {"wrk.txt": "Requests/sec:", "memtier.txt": "Totals", "pgbench.txt": "tps ="}[name]
    whole = (FIXTURES / name).read_text()
    for text in (whole[: whole.rindex(rate)], whole[: whole.index(rate)]):
        with pytest.raises(InputError, match=rf"{name} is not recorded: the run that begins in line \d+ breaks off"):
            read_recorded([(name, text)], (1, 2))
        with pytest.raises(InputError, match=rf"{name}, line \d+: found a run .*(breaks off|without a rate)"):
            parse(text, name=name)


@pytest.mark.parametrize("value", [4.6, 0.0046, 4.6e-6, 1.3, 90.0, 2.5e-7, 0.1 + 0.2])
def test_times_are_written_in_a_unit_that_people_read(value: float) -> None:
    """At most three digits before the point below a quarter of an hour, and every digit there is."""
    one = MeasuredLatency(instances=1, cores_per_instance=1, rate=1.0, p99=value)
    text = fields_of(one)["latency_p99"]
    assert re.fullmatch(r"[1-9]\d{0,2}(\.\d+)?(s|ms|us|ns)", text)
    assert seconds(text, "x") == value


def test_a_curve_of_cores_may_tell_response_times() -> None:
    """With n in the place of both counts, as in a table of throughputs."""
    found = read_recorded([("t.csv", "n,latency_rate,latency_p99\n2,100,9ms\n")], None)
    assert [(one.split, one.rate) for one in found.latencies] == [((1, 2), 100.0)]
    both = read_recorded([("t.csv", "n,value,latency_concurrency,latency_p99\n2,100,8,9ms\n")], None)
    assert [one.value for one in both.measured] == [100.0]


def test_columns_that_make_no_row_are_told_or_refused() -> None:
    """One that begins like a latency is a mistake; another may be anything."""
    with pytest.raises(InputError, match=r"line 1: unknown field 'latency_p999'.*latency_p99"):
        read_recorded([("t.csv", "instances,cores,latency_rate,latency_p999\n1,2,100,9ms\n")], None)
    text = "instances,cores,latency_rate,latency_p99,p999,colour\n1,2,100,9ms,12ms,red\n"
    (note,) = read_recorded([("t.csv", text)], None).notes
    assert note.startswith("t.csv: columns 'p999', 'colour' left out; response times are read from latency_rate")
    assert not read_recorded([("t.csv", TABLE + "1,2,4000,,16,9ms\n")], None).notes


def test_a_header_alone_is_refused() -> None:
    """Nothing would be added, and success would be told."""
    with pytest.raises(InputError, match=r"t\.csv: there is a header but no split; add lines"):
        read_recorded([("t.csv", TABLE)], None)


def test_no_report_of_an_impossible_mean_is_recorded(tmp_path: Path) -> None:
    """The workload stays as it was; a percentile may be of requests that compute nothing, a mean may not."""
    path = tmp_path / "app.toml"
    path.write_text(WORKLOAD)
    found = read_recorded([("wrk.txt", wrk2(mean="0.90ms"))], (1, 2))
    with pytest.raises(InputError, match=r"app\.toml: measured, row 1: latency_mean = 900us is less than half"):
        append(path, found.measured, found.latencies)
    assert path.read_text() == WORKLOAD
    append(path, [], read_recorded([("wrk.txt", wrk2(mean="1.60ms"))], (1, 2)).latencies)
    append(path, [], [MeasuredLatency(instances=1, cores_per_instance=2, rate=100.0, p50=1e-5, p99=0.3)])
    assert len(parse_workload(path.read_text(), str(path)).latencies) == 2
