"""Whatever numbers a tool prints in its shape, the reader gives them back (tables made by hypothesis)."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.programs.demand import Demand, LockUse, SystemCall, demands_from_json, demands_to_json
from cerberus_plan.calibration.programs.imports.readers import parse
from cerberus_plan.calibration.programs.imports.results import Curve, Imported
from cerberus_plan.model.plain import plain

rates = st.floats(min_value=1e-3, max_value=1e9, allow_nan=False)
cores = st.integers(min_value=1, max_value=4096)
repeats = st.dictionaries(cores, st.lists(rates, min_size=1, max_size=3), min_size=1, max_size=6)
counts = st.integers(min_value=0, max_value=10**12)
words = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True)
hundredths = st.integers(min_value=0, max_value=10**12)


def read(text: str, form: str) -> Imported:
    """What a text holds, recognised without help."""
    found, imported = parse(text, name="made")
    assert found == form
    return imported


def points(curve: Curve) -> dict[int, list[float]]:
    """A curve as {n: repeats}."""
    return {point.n: list(point.values) for point in curve.points}


@pytest.mark.slow
@given(st.lists(st.tuples(cores, st.integers(1, 10**9), st.integers(1, 10**9)), min_size=1, max_size=8))
def test_will_it_scale(rows: list[tuple[int, int, int]]) -> None:
    """Every row is a point of both curves, in file order."""
    text = "tasks,processes,processes_idle,threads,threads_idle,linear\n0,0,100,0,100,0\n"
    text += "".join(f"{n},{p},50.0,{t},50.0,{n}\n" for n, p, t in rows)
    processes, threads = read(text, "will_it_scale").curves
    for curve, column in ((processes, 1), (threads, 2)):
        assert points(curve) == {n: [float(r[column]) for r in rows if r[0] == n] for n in {r[0] for r in rows}}


@pytest.mark.slow
@given(repeats)
def test_pgbench_and_sysbench(curve: dict[int, list[float]]) -> None:
    """Runs printed one after the other come back as repeats of their n."""
    runs = [(n, value) for n, values in curve.items() for value in values]
    text = "".join(
        f"number of clients: {n}\nduration: 1 s\ntps = {v!r} (without initial connection time)\n" for n, v in runs
    )
    assert points(read(text, "pgbench").curves[0]) == curve
    text = "".join(f"sysbench 1.0.20\nNumber of threads: {n}\n    events per second:  {v!r}\n" for n, v in runs)
    assert points(read(text, "sysbench").curves[0]) == curve


@pytest.mark.slow
@given(repeats, words)
def test_hyperfine(curve: dict[int, list[float]], command: str) -> None:
    """Every time of every run is a value of the curve."""
    results = [
        {"command": command, "mean": 1.0, "times": times, "user": 0.5, "system": 0.25, "parameters": {"cores": str(n)}}
        for n, times in curve.items()
    ]
    imported = read(json.dumps({"results": results}), "hyperfine")
    assert points(imported.curves[0]) == {n: [1 / time for time in times] for n, times in curve.items()}
    assert [demand.cores for demand in imported.demands] == list(curve)


@pytest.mark.slow
@given(st.dictionaries(cores, rates, min_size=1, max_size=6), words)
def test_pytest_benchmark(medians: dict[int, float], name: str) -> None:
    """The median of each benchmark is its point."""
    benchmarks = [
        {"name": f"{name}[{n}]", "params": {"cores": n}, "stats": {"median": median}} for n, median in medians.items()
    ]
    (curve,) = read(json.dumps({"benchmarks": benchmarks}, indent=1), "pytest_benchmark").curves
    assert (curve.series, points(curve)) == (name, {n: [1 / median] for n, median in medians.items()})


@pytest.mark.slow
@given(repeats, words)
def test_extra_p(curve: dict[int, list[float]], region: str) -> None:
    """Each point's DATA line comes back as its repeats, with points in one line or many."""
    data = "".join(f"DATA {' '.join(map(repr, values))}\n" for values in curve.values())
    tail = f"\nMETRIC throughput\nREGION {region}\n{data}"
    one_line = f"PARAMETER p\nPOINTS {' '.join(map(str, curve))}{tail}"
    many = "PARAMETER p\n" + "\n".join(f"POINTS ( {n} )" for n in curve) + tail
    for text in (one_line, many):
        assert points(read(text, "extra_p").curves[0]) == curve


@pytest.mark.slow
@given(st.dictionaries(words, st.none() | hundredths, min_size=1, max_size=8), st.sampled_from(",;\t"))
def test_perf_stat(events: dict[str, int | None], separator: str) -> None:
    """Events come back under their names in both shapes; unknown ones are left out."""
    shown = {name: "<not supported>" if value is None else str(value) for name, value in events.items()}
    columns = "\n".join(separator.join((value, "", name, "1", "100.00", "", "")) for name, value in shown.items())
    objects = "\n".join(
        json.dumps({"counter-value": value, "unit": "", "event": name, "pcnt-running": 100.0})
        for name, value in shown.items()
    )
    known = {name: float(value) for name, value in events.items() if value is not None}
    if not known:
        return
    for text, form in ((columns, "perf_stat_csv"), (objects, "perf_stat_json")):
        (demand,) = read(text, form).demands
        times = {"page_faults": demand.page_faults, "context_switches": demand.context_switches}
        assert sum(demand.counters.values()) + sum(filter(None, times.values())) == sum(known.values())
        assert demand.counters.keys() <= known.keys()


lock_names = st.from_regex(r"[&(a-z][a-z&>():/ _-]{0,20}[a-z)]", fullmatch=True)


@pytest.mark.slow
@given(st.dictionaries(lock_names, st.tuples(counts, hundredths, counts, hundredths), min_size=1, max_size=6))
def test_lock_stat(locks: dict[str, tuple[int, int, int, int]]) -> None:
    """Counts and times of every class come back, whatever characters its name has."""

    def time(value: int) -> str:
        return f"{value // 100}.{value % 100:02d}"

    rows = [
        f"{name:>40}:{0:14d} {n:14d} 0.00 0.00 {time(wait):>14} 0.00 {0:14d} {got:14d} 0.00 0.00 {time(hold):>14} 0.00"
        for name, (n, wait, got, hold) in locks.items()
    ]
    (demand,) = read("lock_stat version 0.4\n" + "\n".join(rows) + "\n", "lock_stat").demands
    assert {k.name: (k.contentions, k.acquisitions) for k in demand.locks} == {
        name.strip(): (n, got) for name, (n, _, got, _) in locks.items()
    }
    assert sum(k.hold_s or 0 for k in demand.locks) * 1e8 - sum(v[3] for v in locks.values()) < 1e-3 * 1e12


@pytest.mark.slow
@given(st.dictionaries(words, st.tuples(st.integers(1, 10**10), st.integers(0, 10**9)), min_size=1, max_size=8))
def test_strace(calls: dict[str, tuple[int, int]]) -> None:
    """Calls and errors come back even when numbers are wider than their columns."""
    rule = "------ ----------- ----------- --------- --------- ----------------"

    def row(n: int, errors: int, name: str) -> str:
        return f"  1.00    0.001000 {5:11d} {n:9d} {errors or '':>9} {name}"

    body = "\n".join(row(n, errors, name) for name, (n, errors) in calls.items())
    total = row(sum(n for n, _ in calls.values()), sum(e for _, e in calls.values()), "total")
    text = f"% time     seconds  usecs/call     calls    errors syscall\n{rule}\n{body}\n{rule}\n{total}\n"
    (demand,) = read(text, "strace_summary").demands
    assert {c.name: (c.calls, c.errors) for c in demand.system_calls} == calls


UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s ": 1.0}


@pytest.mark.slow
@given(
    st.dictionaries(words, st.tuples(st.integers(1, 10**8), hundredths, st.sampled_from(list(UNITS))), min_size=1),
    st.sampled_from("table,;"),
)
def test_perf_lock_contention(locks: dict[str, tuple[int, int, str]], shape: str) -> None:
    """Contentions and waiting come back from the table in any unit, and from separated nanoseconds."""
    if shape in "table":
        text = " contended   total wait     max wait     avg wait         type   caller\n\n"
        text += "".join(
            f"{n:10d} {f'{wait / 100:.2f} {unit}':>12} {'1.00 us':>12} {'1.00 us':>12} {'mutex':>12}   {name}\n"
            for name, (n, wait, unit) in locks.items()
        )
        expected = {name: (n, wait / 100 * UNITS[unit]) for name, (n, wait, unit) in locks.items()}
    else:
        text = f"# output: contended{shape} total wait{shape} max wait{shape} avg wait{shape} type{shape} caller\n"
        text += "".join(
            f"{n}{shape} {w}{shape} 1{shape} 1{shape} mutex{shape} {name}\n" for name, (n, w, _) in locks.items()
        )
        expected = {name: (n, wait * 1e-9) for name, (n, wait, _) in locks.items()}
    (demand,) = read(text, "perf_lock_contention").demands
    assert {k.name: k.contentions for k in demand.locks} == {name: n for name, (n, _) in expected.items()}
    for lock in demand.locks:
        assert abs(lock.wait_s - expected[lock.name][1]) <= 1e-9 * max(1.0, lock.wait_s)


numbers = st.floats(min_value=0, max_value=1e12, allow_nan=False)


@st.composite
def demands(draw: st.DrawFn) -> Demand:
    """Any demand."""
    maybe = st.none() | numbers
    return Demand(
        unit=draw(words),
        cores=draw(st.none() | cores),
        user_s=draw(maybe),
        page_faults=draw(maybe),
        counters=draw(st.dictionaries(words, numbers, max_size=3)),
        system_calls=tuple(
            SystemCall(name=name, calls=draw(numbers), time_s=draw(maybe)) for name in draw(st.lists(words, max_size=3))
        ),
        locks=tuple(
            LockUse(name=name, contentions=draw(numbers), wait_s=draw(numbers), hold_s=draw(maybe))
            for name in draw(st.lists(words, max_size=3))
        ),
        notes=tuple(draw(st.lists(st.text().map(plain), max_size=2))),
    )


@pytest.mark.slow
@settings(max_examples=40)
@given(st.lists(demands(), max_size=2))
def test_demand_files(found: list[Demand]) -> None:
    """A demand file gives back what was written, with unknowns still unknown."""
    assert demands_from_json(demands_to_json(tuple(found)), "f") == tuple(found)


@pytest.mark.slow
@settings(max_examples=40)
@given(demands(), st.floats(min_value=1e-3, max_value=1e6))
def test_dividing_by_work_keeps_what_is_unknown_and_the_total(demand: Demand, work: float) -> None:
    """Per-unit numbers times the work give the totals back; None stays None."""
    per = demand.per(work, "request")
    assert per.work == demand.work * work
    assert (per.user_s is None) == (demand.user_s is None)
    for before, after in zip(demand.system_calls, per.system_calls, strict=True):
        assert abs(after.calls * work - before.calls) <= 1e-9 * before.calls + 1e-300


@pytest.mark.slow
@given(repeats)
def test_a_curve_file_lists_every_repeat(curve: dict[int, list[float]]) -> None:
    """The CSV holds one row a repeat, with values to the last digit."""
    pairs = [(n, value) for n, values in curve.items() for value in values]
    header, *rows = Curve.of(pairs, series="s", axis="cores", unit="1/s").to_csv().splitlines()
    assert header == "n,value"
    read_back = [(int(n), float(value)) for n, value in (row.split(",") for row in rows)]
    assert sorted(read_back) == sorted(pairs)
