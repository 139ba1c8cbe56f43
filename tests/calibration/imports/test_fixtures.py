"""Files in the shape that each tool writes are recognised and read to the last number."""

from pathlib import Path

import pytest

from cerberus_plan.calibration.programs.demand import Demand
from cerberus_plan.calibration.programs.imports.readers import FORMATS, parse, recognise
from cerberus_plan.calibration.programs.imports.results import Curve, Imported
from cerberus_plan.calibration.store.files import read_text

FIXTURES = Path(__file__).parent / "fixtures"

EXPECTED_FORMAT = {
    "demand.json": "demand",
    "extra_p.txt": "extra_p",
    "extra_p_two.txt": "extra_p",
    "go_benchmark.txt": "go_benchmark",
    "google_benchmark.json": "google_benchmark",
    "hyperfine.json": "hyperfine",
    "jmh.json": "jmh",
    "klockstat.txt": "klockstat",
    "lock_stat.txt": "lock_stat",
    "memtier.json": "memtier",
    "memtier.txt": "memtier",
    "perf_lock_contention.csv": "perf_lock_contention",
    "perf_lock_contention.txt": "perf_lock_contention",
    "perf_stat.csv": "perf_stat_csv",
    "perf_stat.json": "perf_stat_json",
    "perf_stat.txt": "perf_stat_text",
    "pgbench.txt": "pgbench",
    "pgbench_old.txt": "pgbench",
    "pytest_benchmark.json": "pytest_benchmark",
    "redis_benchmark.txt": "redis_benchmark",
    "strace.txt": "strace_summary",
    "strace_columns.txt": "strace_summary",
    "sysbench_cpu.txt": "sysbench",
    "sysbench_oltp.txt": "sysbench",
    "sysbench_threads.txt": "sysbench",
    "will_it_scale.csv": "will_it_scale",
    "wrk.txt": "wrk",
}


def read(name: str) -> Imported:
    """A fixture through the front door."""
    return parse(read_text(FIXTURES / name), name=name)[1]


def points(curve: Curve) -> dict[int, tuple[float, ...]]:
    """A curve as {n: repeats}."""
    return {point.n: point.values for point in curve.points}


def only_demand(name: str) -> Demand:
    """The one demand in a fixture."""
    (demand,) = read(name).demands
    return demand


def test_every_fixture_is_listed() -> None:
    """No fixture lies around unread, and each format has one."""
    assert {path.name for path in FIXTURES.iterdir()} == EXPECTED_FORMAT.keys()
    assert set(EXPECTED_FORMAT.values()) == FORMATS.keys()


@pytest.mark.parametrize("name", EXPECTED_FORMAT)
def test_a_file_is_recognised_by_its_own_format_only(name: str) -> None:
    """One sniffer says yes to each file, so the order of the registry decides nothing here."""
    text = (FIXTURES / name).read_text()
    assert recognise(text) == EXPECTED_FORMAT[name]
    assert [form for form in FORMATS if FORMATS[form].sniff(text)] == [EXPECTED_FORMAT[name]]


@pytest.mark.parametrize("name", EXPECTED_FORMAT)
def test_windows_line_ends_change_nothing(name: str, tmp_path: Path) -> None:
    """A file that went through a Windows editor reads the same."""
    path = tmp_path / name
    path.write_bytes(b"\xef\xbb\xbf" + (FIXTURES / name).read_bytes().replace(b"\n", b"\r\n"))
    assert parse(read_text(path), name=name)[1].curves == read(name).curves


def test_will_it_scale() -> None:
    """Row 0 is no point, zeros are no measurements, and a repeated header means repeats."""
    imported = read("will_it_scale.csv")
    processes, threads = imported.curves
    assert points(processes) == {1: (500000.0,), 2: (960000.0,), 4: (1800000.0, 1790000.0)}
    assert points(threads) == {1: (498000.0,), 2: (880000.0,), 4: (1200000.0,)}
    assert imported.notes == ("at 4 tasks processes do 1.50 times the work of threads",)


def test_sysbench() -> None:
    """The printed rate is taken; old versions give events over time; databases count clients."""
    (cpu,) = read("sysbench_cpu.txt").curves
    assert (points(cpu), cpu.axis) == ({1: (4613.95,), 2: (9189.18,)}, "threads")
    (oltp,) = read("sysbench_oltp.txt").curves
    assert (points(oltp), oltp.axis, oltp.unit) == ({8: (999.5,)}, "clients", "transactions/s")
    (threads,) = read("sysbench_threads.txt").curves
    assert points(threads) == {4: (10000 / 2.5,)}


def test_pgbench() -> None:
    """Connection set-up is left out of the rate; other workloads and reconnecting runs are other curves."""
    imported = read("pgbench.txt")
    assert {curve.settings["transaction type"]: points(curve) for curve in imported.curves} == {
        "<builtin: select only>": {1: (13213.456472,)},
        "<builtin: TPC-B (sort of)>": {4: (20105.5,)},
    }
    assert imported.notes[1] == "3 transactions failed; rates are of the others"
    plain, reconnecting = read("pgbench_old.txt").curves
    assert points(plain) == {8: (10000.5,)}
    assert (reconnecting.series, points(reconnecting)) == ("tps with reconnections", {8: (269.686358,)})


def test_hyperfine() -> None:
    """Times become runs per second, one value a run; user and system time become demands."""
    imported = read("hyperfine.json")
    assert points(imported.curves[0]) == {1: (0.25, 0.2), 2: (0.5,)}
    assert imported.curves[0].axis == "threads"
    assert [(d.cores, d.user_s, d.system_s, d.elapsed_s) for d in imported.demands] == [
        (1, 3.8, 0.15, 4.5),
        (2, 3.9, 0.3, 2.0),
    ]


def test_pytest_benchmark() -> None:
    """A point is the median of a benchmark; benchmarks without the parameter are named as left out."""
    imported = read("pytest_benchmark.json")
    (curve,) = imported.curves
    assert (curve.series, curve.axis, points(curve)) == ("test_sum size=100", "processes", {1: (1.0,), 2: (2.0,)})
    assert imported.notes == ("1 benchmark left out, without the parameter n_workers",)


def test_extra_p() -> None:
    """Times become rates by region; counts are left out; other parameters split the series."""
    imported = read("extra_p.txt")
    assert {c.series: points(c) for c in imported.curves} == {
        "main time": {1: (0.125, 0.1), 2: (0.25, 0.2), 4: (0.5, 0.4)},
        "main->solve time": {1: (0.25,), 2: (0.5,), 4: (1.0,)},
    }
    assert imported.notes == ("metric visits is neither a time nor a rate and is left out",)
    assert {c.series: points(c) for c in read("extra_p_two.txt").curves} == {
        "kernel ops/s size=100": {1: (10.0,), 2: (19.0,)},
        "kernel ops/s size=200": {1: (5.0,), 2: (9.0,)},
    }


@pytest.mark.parametrize("name", ["perf_stat.json", "perf_stat.csv", "perf_stat.txt"])
def test_perf_stat(name: str) -> None:
    """Both shapes give the same times and counts; unknown is not zero."""
    demand = only_demand(name)
    assert (demand.cpu_s, demand.page_faults, demand.context_switches) == (2.5, 9371.0, 870.0)
    assert demand.user_s is None
    assert "branches" not in demand.counters
    assert "not counted here" in demand.notes[0]


def test_perf_stat_adds_the_two_kinds_of_core_and_names_scaled_counters() -> None:
    """Cycles of a hybrid processor are one number, with a note that perf scaled them up."""
    demand = only_demand("perf_stat.json")
    assert demand.counters == {"cycles": 1500.0}
    assert "scaled them up: cycles" in demand.notes[1]
    assert "user mode only: instructions" in only_demand("perf_stat.csv").notes[2]


def test_perf_lock_contention() -> None:
    """Units in cells are honoured, stacks and footers skipped, equal callers added, worst first."""
    locks = only_demand("perf_lock_contention.txt").locks
    assert [(k.name, k.kind, k.contentions, round(k.wait_s, 12)) for k in locks] == [
        ("do_epoll wait+0x1", "mutex", 2, 1.5),
        ("autoremove_wake_function+0x12", "spinlock", 1490, 0.00628),
        ("exit_to_user_mode_loop+0x51", "spinlock", 278, 0.0035),
        ("do_user_addr_fault+0x40e", "rwsem:R", 12, 0.00074657),
        ("ep_poll+0x2", "rwlock:W", 1, 4.2e-7),
    ]
    assert all(lock.hold_s is None for lock in locks)
    csv = only_demand("perf_lock_contention.csv").locks
    assert (csv[0].name, csv[0].contentions, round(csv[0].wait_s, 12)) == ("process_one_work+0x1f0", 19, 194232e-9)


def test_tables_of_locks_hold_the_type_in_brackets() -> None:
    """With -l the symbol is the name, its type stands behind it, and a lock without symbol goes by its address."""
    text = (
        " contended   total wait     max wait     avg wait            address   symbol\n\n"
        "         5      1.20 ms    500.00 us    240.00 us   ffff8881a0b5e868   rq_lock (spinlock)\n"
        "        12    104.58 us     20.00 us      8.71 us   ffffffff9d7b1f40   \n"
    )
    locks = parse(text, name="f")[1].demands[0].locks
    assert [(lock.name, lock.kind) for lock in locks] == [("rq_lock", "spinlock"), ("ffffffff9d7b1f40", "")]


def test_events_may_hold_the_separator() -> None:
    """Raw events of a processor have commas between their slashes."""
    text = "7,,cpu/event=0x3c,umask=0x1/,1000,50.00,,\n3,,sched:sched_switch,1,100.00,,\n"
    (demand,) = parse(text, name="f")[1].demands
    assert demand.counters == {"event=0x3c,umask=0x1": 7.0, "sched:sched_switch": 3.0}
    assert demand.notes == ("perf counted these part of the time and scaled them up: event=0x3c,umask=0x1",)


def test_klockstat() -> None:
    """Intervals add up, backtraces are skipped, nanoseconds and units are read; contentions stay unknown."""
    locks = only_demand("klockstat.txt").locks
    assert [(k.name, k.acquisitions, k.contentions) for k in locks] == [
        ("pipe_read+0x3f", 500000, None),
        ("pipe_write+0x35", 400000, None),
    ]
    assert (locks[0].wait_s, locks[0].hold_s) == (pytest.approx(0.268), pytest.approx(0.3892))


def test_own_demand() -> None:
    """What we wrote ourselves comes back as it is."""
    demand = only_demand("demand.json")
    assert (demand.unit, demand.user_s, demand.system_calls[0].name) == ("request", 0.002, "read")


def test_lock_stat() -> None:
    """Names keep their colons and subclasses; readers and writers are apart; microseconds become seconds."""
    locks = only_demand("lock_stat.txt").locks
    assert [(k.name, k.kind) for k in locks] == [
        ("&mm->mmap_lock", "read"),
        ("&rq->__lock/1", ""),
        ("&mm->mmap_lock", "write"),
        ("(work_completion)(&(&hda->work: poll)->w", ""),
    ]
    assert locks[0].wait_s == pytest.approx(0.32562952)
    assert locks[0].hold_per_acquisition_s == pytest.approx(2.77e-6, rel=0.01)  # the kernel's own holdtime-avg


def test_strace() -> None:
    """Blank errors are zero, tables of both word sizes add up, and columns may stand in any order."""
    demand = only_demand("strace.txt")
    calls = {call.name: (call.calls, call.errors) for call in demand.system_calls}
    assert calls["openat"] == (42, 18)
    assert calls["write"] == (10, 0)
    assert sum(count for count, _ in calls.values()) == 79 + 1
    columns = {call.name: call for call in only_demand("strace_columns.txt").system_calls}
    assert (columns["futex"].calls, columns["futex"].time_s) == (12345678901, 0.0003)
