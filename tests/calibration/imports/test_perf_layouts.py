"""Every layout that a version of ``perf stat`` prints means the same: columns, JSON and plain text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.programs.demand import Demand
from cerberus_plan.calibration.programs.imports.perf_events import bare_name
from cerberus_plan.calibration.programs.imports.readers import parse


def read(text: str, form: str) -> tuple[Demand, ...]:
    """The demands of a text that is recognised without help."""
    found, imported = parse(text, name="made")
    assert found == form
    return imported.demands


def json_row(event: str, value: float, unit: str = "", runtime: int = 10**9, rest: str = "") -> str:
    """A line of ``perf stat -j``."""
    return (
        f'"counter-value" : "{value:f}", "unit" : "{unit}", "event" : "{event}", '
        f'"event-runtime" : {runtime}, "pcnt-running" : 100.00{rest}}}'
    )


milliseconds = st.integers(min_value=1, max_value=10**12).map(lambda hundredths: hundredths / 100)


@pytest.mark.slow
@given(milliseconds)
def test_a_clock_is_the_same_time_in_every_unit_of_every_version(ms: float) -> None:
    """Milliseconds without a unit (before 4.17), with one, and nanoseconds without one (6.17) are one time."""
    ns = round(ms * 1e6)
    old = f"{ms:.6f},,task-clock,{ns},100.00\n"
    middle = f"{ms:.2f},msec,task-clock,{ns},100.00,0.9,CPUs utilized\n"
    new = f"{ns},,task-clock,{ns},100.00,0.9,CPUs utilized\n"
    for text in (old, middle, new):
        (demand,) = read(text, "perf_stat_csv")
        assert demand.cpu_s == pytest.approx(ms / 1e3)
    for value, unit in ((ms, "msec"), (ns, "")):
        (demand,) = read("{" + json_row("task-clock", value, unit, ns) + "\n", "perf_stat_json")
        assert demand.cpu_s == pytest.approx(ms / 1e3)


def test_clocks_of_a_whole_machine_are_no_demand() -> None:
    """They tick on idle cores: counters where that is sure, a note where it may be so."""
    rows = "1.000512345,64031.2,msec,task-clock,64031200000,100.00,64.031,CPUs utilized\n"
    both = rows + rows.replace("task-clock", "cpu-clock")
    (demand,) = read(both, "perf_stat_csv")
    assert (demand.cpu_s, demand.counters) == (None, {"task-clock": 64.0312, "cpu-clock": 64.0312})
    assert "idle cores" in demand.notes[0]
    (doubtful,) = read(rows, "perf_stat_csv")
    assert doubtful.cpu_s == pytest.approx(64.0312)
    assert "64 CPUs were busy all the time" in doubtful.notes[0]
    by_core = "CPU0,1000.10,msec,task-clock,1000100000,100.00,1.000,CPUs utilized\n"
    assert read(by_core + by_core.replace("CPU0", "CPU1"), "perf_stat_csv")[0].cpu_s is None
    text = " Performance counter stats for 'system wide':\n\n  64,012.11 msec task-clock  # 60.5 CPUs utilized\n"
    assert read(text, "perf_stat_text")[0].cpu_s is None
    busy_program = rows.replace("64.031", "63.702")
    assert read(busy_program, "perf_stat_csv")[0].notes == ()


def test_intervals_without_a_metric_tell_how_many_cpus_were_busy() -> None:
    """Under -I old versions print no "CPUs utilized": the clock over the time between lines says the same."""
    rows = "".join(f"{t}.000000000,8000.00,msec,task-clock,8000000000,100.00\n" for t in (1, 2, 3))
    (demand,) = read(rows, "perf_stat_csv")
    assert demand.cpu_s == pytest.approx(24.0)
    assert "8 CPUs were busy" in demand.notes[0]


@pytest.mark.parametrize(
    "summary", ["         summary,900.00,msec,task-clock,900000000,100.00\n", "900.00,msec,task-clock,1,1\n"]
)
def test_a_summary_is_not_counted_on_top_of_its_intervals(summary: str) -> None:
    """--summary repeats the whole under the parts, with its word in front or without."""
    text = "1.000512345,400.00,msec,task-clock,1,1\n2.000512345,500.00,msec,task-clock,1,1\n"
    assert read(text, "perf_stat_csv")[0].cpu_s == pytest.approx(0.9)
    assert read(text + summary, "perf_stat_csv")[0].cpu_s == pytest.approx(0.9)


comms = st.from_regex(r"[A-Za-z][A-Za-z0-9:_/ .-]{0,14}", fullmatch=True)


@pytest.mark.slow
@given(st.lists(st.tuples(comms, st.integers(1, 4194304), st.integers(0, 10**9)), min_size=1, max_size=6))
def test_threads_are_added_whatever_they_are_called(threads: list[tuple[str, int, int]]) -> None:
    """--per-thread puts comm-tid in front, and a comm may be nearly anything."""
    text = "".join(f"{comm}-{tid},{faults},,page-faults,1000,100.00,1.0,K/sec\n" for comm, tid, faults in threads)
    assert read(text, "perf_stat_csv")[0].page_faults == sum(faults for _, _, faults in threads)


def test_json_that_perf_got_wrong_is_read_as_meant() -> None:
    """Commas too many or too few, an interval closed too early, nan: each was printed by some version."""
    lines = [
        '{"interval" : 1.000500000}' + json_row("page-faults", 1),
        '{"interval" : 1.000500000, ' + json_row("page-faults", 2, rest=", "),
        '{"core" : "S0-D0-C0"' + json_row("page-faults", 4),
        "{" + json_row("page-faults", 8, rest=', "metric-value" : nan, "metric-unit" : ""'),
    ]
    for i, line in enumerate(lines):
        assert read(line + "\n", "perf_stat_json")[0].page_faults == 2**i


@pytest.mark.parametrize(
    ("event", "name"),
    [
        ("cycles:u", "cycles"),
        ("cycles:ppp", "cycles"),
        ("cpu_core/cycles/u", "cycles"),
        ("armv8_pmuv3_0/branch-misses/", "branch-misses"),
        ("syscalls:sys_enter_read", "syscalls:sys_enter_read"),
        ("syscalls:sys_enter_read:u", "syscalls:sys_enter_read"),
        ("power/energy-pkg/", "power/energy-pkg/"),
        ("uncore_imc_0/cas_count_read/", "uncore_imc_0/cas_count_read/"),
    ],
)
def test_modifiers_go_and_tracepoints_stay(event: str, name: str) -> None:
    """Only the processor's own units and the last modifiers are no part of an event's name."""
    assert bare_name(event) == name


def test_appended_runs_and_control_groups_are_not_merged_silently() -> None:
    """Each run of --append is a demand; control groups are added, which is said."""
    one = "# started on Tue Mar  3 10:00:00 2026\n\n5,,page-faults,1,100.00\n"
    two = "# started on Tue Mar  3 10:02:00 2026\n\n7,,cycles,/a.slice,1,100.00\n8,,cycles,/b.slice,1,100.00\n"
    first, second = read(one + two, "perf_stat_csv")
    assert (first.page_faults, second.counters) == (5.0, {"cycles": 15.0})
    assert second.notes == ("2 control groups are added up: /a.slice, /b.slice",)


SEPARATORS = {"en": (",", "."), "de": (".", ","), "fr": ("\u202f", ","), "ch": ("\u2019", "."), "C": ("", ".")}


@pytest.mark.slow
@given(st.integers(0, 10**13), milliseconds, st.sampled_from(sorted(SEPARATORS)))
def test_plain_text_in_every_language(count: int, ms: float, language: str) -> None:
    """Separators of thousands and of fractions are told apart."""
    thousands, point = SEPARATORS[language]

    def shown(text: str) -> str:
        return text.replace(",", "T").replace(".", point).replace("T", thousands)

    text = (
        "\n Performance counter stats for './prog':\n\n"
        f"  {shown(f'{ms:,.2f}'):>18} msec task-clock   # {shown('0.361')} CPUs utilized\n"
        f"  {shown(f'{count:,}'):>18}      page-faults  # {shown('5.8')} K/sec\n\n"
        f"  {shown('0.325742412'):>18} seconds time elapsed\n\n  {shown('1.150010000')} seconds user\n"
    )
    (demand,) = read(text, "perf_stat_text")
    assert (demand.page_faults, demand.elapsed_s, demand.user_s) == (float(count), 0.325742412, 1.15001)
    assert demand.cpu_s == pytest.approx(ms / 1e3)


def test_plain_text_of_old_and_new_versions() -> None:
    """(msec) of perf 3.x, nanoseconds of 6.17, threads and intervals; several titles are several demands."""
    text = (
        " Performance counter stats for './a 1' (5 runs):\n\n 577.428314 task-clock (msec) # 0.361 CPUs utilized\n"
        " 1.60 +- 0.12 seconds time elapsed ( +- 7.36% )\n"
        " Performance counter stats for './a 2':\n\n 4,012,345,678      task-clock   #  4.012 CPUs utilized\n"
        " Performance counter stats for process id '7':\n\n"
        "   server-4021      812.40 msec task-clock  # 0.402 CPUs utilized\n"
        "   worker-1-4022    955.10 msec task-clock  # 0.473 CPUs utilized\n"
    )
    demands = read(text, "perf_stat_text")
    assert [d.cpu_s for d in demands] == [pytest.approx(0.577428314), pytest.approx(4.012345678), pytest.approx(1.7675)]
    assert [d.source for d in demands] == ["made: './a 1'", "made: './a 2'", "made: process id '7'"]
    heading = "#           time             counts unit events\n"
    row = "     1.000512345            100.10 msec task-clock\n     1.000512345             1,020      page-faults\n"
    (demand,) = read(heading + row, "perf_stat_text")
    assert (demand.cpu_s, demand.page_faults) == (pytest.approx(0.1001), 1020.0)


@pytest.mark.parametrize("group", ["A", "web.slice", "/a/b", "a-1"])
@pytest.mark.parametrize("spread", ["", "0.53%,"])
def test_a_control_group_needs_no_slash(group: str, spread: str) -> None:
    """--for-each-cgroup writes names as given; the running time behind them tells the clock's unit."""
    rows = "".join(
        f"2000000000,,task-clock,{name},{spread}2000000000,50.00,0.1,CPUs utilized\n" for name in (group, "other")
    )
    (demand,) = read(rows, "perf_stat_csv")
    assert demand.cpu_s == pytest.approx(4.0)
    assert any("2 control groups are added up" in note for note in demand.notes)
    assert any("part of the time" in note for note in demand.notes)


@given(ms=st.floats(1.0, 9e6), count=st.integers(1, 10**9), place=st.sampled_from(["", "CPU3  ", "S0  8  "]))
def test_blanks_between_thousands_part_no_columns(ms: float, count: int, place: str) -> None:
    """A French report whose narrow blanks became plain ones on its way; columns stay columns."""

    def shown(text: str) -> str:
        return text.translate({ord(","): " ", ord("."): ","})

    text = (
        "\n Performance counter stats for 'system wide':\n\n"
        f"{place}{shown(f'{ms:,.2f}'):>18} msec cpu-clock    # 0,361 CPUs utilized\n"
        f"{place}{shown(f'{count:,}'):>18}      page-faults  # 5,823 K/sec\n\n"
        "  0,325742412 seconds time elapsed\n"
    )
    (demand,) = read(text, "perf_stat_text")
    assert demand.page_faults == count
    assert demand.counters["cpu-clock"] == pytest.approx(round(ms, 2) / 1e3)
