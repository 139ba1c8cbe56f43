"""What observations are made of: order, meters, CPUs, probes, and what is concluded from the runs."""

import os
import shutil
import sys
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.programs.demand import Demand, LockUse, SystemCall
from cerberus_plan.calibration.programs.observe import cpus, fault_cost, keep, locks, probes, quota
from cerberus_plan.calibration.programs.observe import run_plan as observe_plan
from cerberus_plan.calibration.programs.observe import runs as session
from cerberus_plan.calibration.programs.observe.meter import Kind, Meter
from cerberus_plan.calibration.programs.observe.naming import program_name
from cerberus_plan.calibration.programs.observe.observation import Observation
from cerberus_plan.calibration.programs.observe.process import Finished
from cerberus_plan.calibration.programs.observe.run_plan import Plan
from cerberus_plan.calibration.programs.observe.runs import Extras, Run
from cerberus_plan.calibration.programs.observe.signals import Signals
from cerberus_plan.model.errors import CannotAnswerError, InputError
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.quantity import Quantity
from cerberus_plan.model.topology import Topology

CPU = min(os.sched_getaffinity(0))
PYTHON = (sys.executable, "-I", "-S", "-c")


def finished(output: str = "", *, elapsed_s: float = 2.0) -> Finished:
    """A run that went well."""
    return Finished(
        elapsed_s=elapsed_s,
        user_s=1.0,
        system_s=0.5,
        minor_faults=10,
        major_faults=1,
        voluntary_switches=4,
        involuntary_switches=2,
        read_bytes=0,
        written_bytes=512,
        output=output,
        exit_code=0,
        timed_out=False,
        left_behind=0,
    )


def plan(*command: str, counts: tuple[int, ...] = (1,), repeats: int = 1, meter: Meter | None = None) -> Plan:
    """A plan on the one CPU that every host has."""
    return Plan(
        command=command or ("true",),
        counts=counts,
        repeats=repeats,
        timeout_s=20.0,
        meter=meter or Meter(),
        cpus=(CPU,) * max(counts),
    )


def made(cores: int, throughput: float, **changes: float) -> Run:
    """A counted run of one second a unit, all in user mode on every core, unless changed."""
    fields = {"elapsed_s": 1.0, "user_s": float(cores), "system_s": 0.0, "cpu_s": float(cores)} | changes
    demand = Demand(cores=cores, **{name: fields[name] for name in ("elapsed_s", "user_s", "system_s", "cpu_s")})
    return Run(
        cores=cores,
        throughput=throughput,
        demand=demand,
        elapsed_s=fields["elapsed_s"],
        watched_s=fields["elapsed_s"],
        others_s=changes.get("others_s", 0.0),
        stolen_s=0.0,
        left_behind=int(changes.get("left_behind", 0)),
    )


def observed(*runs: Run, command: str = "run {cores}", repeats: int = 1, extras: Extras | None = None) -> Observation:
    """An observation of these runs."""
    counts = tuple(sorted({run.cores for run in runs}))
    return Observation(plan=plan(command, counts=counts, repeats=repeats), runs=runs, extras=extras or Extras())


# the order of runs


@pytest.mark.slow
@given(st.lists(st.integers(1, 64), min_size=1, max_size=6, unique=True), st.integers(1, 8), st.integers(0, 2**31))
def test_every_round_holds_every_count_once(counts: list[int], repeats: int, seed: int) -> None:
    """Drift falls on all counts alike because each round measures each of them once."""
    made_plan = replace(plan(counts=tuple(sorted(counts)), repeats=repeats), seed=seed)
    order = made_plan.schedule()
    size = len(counts)
    assert all(Counter(order[i : i + size]) == Counter(counts) for i in range(0, len(order), size))
    assert len(order) == size * repeats
    assert order == made_plan.schedule()


def test_orders_differ_between_rounds_and_seeds() -> None:
    """The order is random, not the same ramp every time."""
    many = plan(counts=(1, 2, 4, 8), repeats=20)
    rounds = {tuple(many.schedule()[i : i + 4]) for i in range(0, 80, 4)}
    assert len(rounds) > 3
    assert replace(many, seed=1).schedule() != many.schedule()


def test_the_placeholder_is_filled_in_everywhere() -> None:
    """Every {cores} of every word becomes the count; other braces stay."""
    made_plan = plan("run", "-t{cores}", "{cores}", "{other}")
    assert made_plan.command_for(8) == ["run", "-t8", "8", "{other}"]
    assert made_plan.text == "run -t{cores} {cores} '{other}'"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"command": ()}, "give the command to observe after --"),
        ({"command": ("",)}, "give the command"),
        ({"repeats": 0}, "--repeats must be 1 to 1000, not 0"),
        ({"repeats": 10**9}, "--repeats must be 1 to 1000, not 1000000000"),
        ({"timeout_s": float("nan")}, "--timeout must be positive, not nan"),
        ({"timeout_s": -1.0}, "--timeout must be positive, not -1.0"),
    ],
)
def test_bad_plans(changes: dict[str, object], message: str) -> None:
    """A plan that cannot be carried out is refused before anything runs."""
    with pytest.raises(InputError, match=message):
        replace(plan(), **changes)  # type: ignore[arg-type]


# meters


def test_the_last_match_is_the_result() -> None:
    """Progress lines before the result do not count; work is rate times time."""
    meter = Meter.of(rate=r"^ops/s: ([0-9.]+)", unit="request")
    run = finished("ops/s: 1\nops/s: 250.5\n")
    assert (meter.throughput(run), meter.work(run), meter.unit) == (250.5, 501.0, "request")


def test_a_named_group_is_taken() -> None:
    """With several groups, the one called value is the number."""
    assert Meter.of(rate=r"(tps|qps)=(?P<value>\d+)").throughput(finished("qps=7")) == 7.0


def test_times_are_inverted() -> None:
    """A printed time and the clock both give runs per second."""
    assert Meter.of(seconds=r"took (\S+) s").throughput(finished("took 4 s")) == 0.25
    assert Meter().throughput(finished(elapsed_s=0.5)) == 2.0
    assert Meter(kind=Kind.CLOCK).work(finished()) == 1.0


@pytest.mark.parametrize(
    ("pattern", "output", "message"),
    [
        ("tps (.*)", "nothing", "nothing in the output matches 'tps .*it ends with\n    nothing"),
        ("tps (.*)", "tps fast", "finds 'fast', which is no positive number"),
        ("tps (.*)", "tps 0", "finds '0'"),
        ("tps (.*)", "tps inf", "finds 'inf'"),
        ("tps (.*)", "tps 1,234", "finds '1,234'.*without separators"),
        ("tps|(x)", "tps", "finds ''"),
        ("tps: ([0-9.]+)", "tps: 1,234", "finds '1' of '1,234': thousands"),
        ("tps: ([0-9.eE+-]+)", "tps: 12,345,678.9 a second", "finds '12' of '12,345,678': thousands"),
    ],
)
def test_outputs_without_the_number(pattern: str, output: str, message: str) -> None:
    """Missing and impossible numbers are refused with what was found."""
    with pytest.raises(InputError, match=message):
        Meter.of(rate=pattern).throughput(finished(output))


@pytest.mark.parametrize(
    ("pattern", "output", "value"),
    [
        ("tps: ([0-9.]+)", "tps: 1,23", 1.0),  # no group of three: another column
        ("tps: ([0-9.]+)", "tps: 1234,567", 1234.0),
        ("tps: ([0-9.]+)", "tps: 1.5,234", 1.5),
        ("tps: ([0-9.]+),", "tps: 1,234", 1.0),  # the pattern says that the comma ends it
        ("tps: ([0-9.]+)", "tps: 1, 234", 1.0),
    ],
)
def test_columns_are_no_thousands(pattern: str, output: str, value: float) -> None:
    """Only what can be one number is refused."""
    assert Meter.of(rate=pattern).throughput(finished(output)) == value


def test_bad_patterns() -> None:
    """Broken expressions, expressions without a group, and two at once are refused."""
    with pytest.raises(InputError, match="is no regular expression: "):
        Meter.of(rate="([")
    with pytest.raises(InputError, match="has no brackets around the number"):
        Meter.of(seconds="time")
    with pytest.raises(InputError, match="not both"):
        Meter.of(rate="(a)", seconds="(b)")


# CPUs


def sysfs(folder: Path, places: dict[int, tuple[int, int]]) -> Path:
    """A made-up /sys/devices/system/cpu with (package, core) of each CPU."""
    for cpu, (package, core) in places.items():
        topology = folder / f"cpu{cpu}" / "topology"
        topology.mkdir(parents=True)
        (topology / "physical_package_id").write_text(f"{package}\n")
        (topology / "core_id").write_text(f"{core}\n")
    return folder


def test_cores_come_before_their_second_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two packages of two cores of two threads are filled core by core, package by package."""
    places = {0: (0, 0), 1: (1, 0), 2: (0, 1), 3: (1, 1), 4: (0, 0), 5: (1, 0), 6: (0, 1), 7: (1, 1)}
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(places))
    order = cpus.order(sysfs(tmp_path, places))
    assert order == [0, 2, 1, 3, 4, 6, 5, 7]
    assert cpus.boundaries(order, tmp_path) == [2, 4, 6]
    assert cpus.boundaries(order[:2], tmp_path) == []


def test_without_topology_plain_numbers_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where /sys says nothing, CPUs are taken in order."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {3, 1, 2})
    assert cpus.order(tmp_path) == [1, 2, 3]
    assert cpus.boundaries([1, 2, 3], tmp_path) == []


@given(st.integers(1, 4096))
def test_default_counts_double_up_to_all(available: int) -> None:
    """By default 1, 2, 4, ... and all CPUs are measured."""
    counts = cpus.default_counts(available)
    assert (counts[0], counts[-1]) == (1, available)
    assert counts == sorted(set(counts))
    assert all(later <= 2 * before for before, later in pairwise(counts))


@pytest.mark.parametrize("counts", [[], [0], [5], [-1, 2]])
def test_counts_that_the_host_cannot_give(counts: list[int]) -> None:
    """Core counts must be there and within the CPUs this process may use."""
    with pytest.raises(InputError, match=r"at least one number of cores|may use 1 to 4 CPUs here"):
        cpus.check_counts(counts, 4)


def groups(folder: Path, lines: str, files: dict[str, str]) -> float | None:
    """The quota of a made-up hierarchy of control groups."""
    (folder / "membership").write_text(lines)
    for name, text in files.items():
        path = folder / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return quota.cpu_quota(folder / "membership", folder / "root")


@pytest.mark.parametrize(
    ("lines", "files", "expected"),
    [
        ("0::/a/b\n", {"a/b/cpu.max": "250000 100000\n"}, 2.5),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "400000 100000\n"}, 4.0),
        ("0::/a/b\n", {"a/b/cpu.max": "800000 100000\n", "a/cpu.max": "400000 100000\n"}, 4.0),
        ("0::/\n", {"cpu.max": "50000 100000\n"}, 0.5),
        ("0::/a\n", {"a/cpu.max": "max 100000\n"}, None),
        (
            "4:memory:/m\n1:cpu,cpuacct:/d\n0::/\n",
            {"cpu,cpuacct/d/cpu.cfs_quota_us": "300000\n", "cpu,cpuacct/d/cpu.cfs_period_us": "100000\n"},
            3.0,
        ),
        ("1:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ("0::/gone\n", {"x": ""}, None),
    ],
)
def test_the_tightest_limit_of_a_container_is_found(
    tmp_path: Path, lines: str, files: dict[str, str], expected: float | None
) -> None:
    """Limits of both versions of control groups, at any level, bound the processor time."""
    assert groups(tmp_path, lines, files) == expected


def test_a_system_without_control_groups_has_no_limit(tmp_path: Path) -> None:
    """No membership file means no quota."""
    assert quota.cpu_quota(tmp_path / "none", tmp_path) is None


def test_default_counts_stop_at_the_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container of two and a half CPUs on a big host, 1 and 2 are measured; more only on demand."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(64)))
    monkeypatch.setattr(observe_plan, "cpu_quota", lambda: 2.5)
    assert observe_plan.available(None).counts == (1, 2)
    assert observe_plan.available([4]).counts == (4,)
    monkeypatch.setattr(observe_plan, "cpu_quota", lambda: 0.5)
    assert observe_plan.available(None).counts == (1,)


def test_busy_reads_the_given_cpus_only(tmp_path: Path) -> None:
    """Working time leaves out idle and waiting; stolen time stands apart; old kernels print fewer columns."""
    stat = tmp_path / "stat"
    stat.write_text("cpu 9 9 9 9 9 9 9 9 9 9\ncpu0 100 10 20 999 99 1 2 50 0 0\ncpu1 7 0 0 9\nintr 1\n")
    look = cpus.busy([0], stat)
    assert (look.working_s, look.stolen_s) == (133 * cpus.TICK_S, 50 * cpus.TICK_S)
    assert cpus.busy([1], stat).working_s == 7 * cpus.TICK_S
    assert look.since(look) == cpus.Busy(0.0, 0.0)
    assert cpus.busy([0], tmp_path / "hidden") == cpus.Busy(0.0, 0.0)


# probes


def tool(folder: Path, name: str, script: str) -> None:
    """A stand-in for perf or strace that runs the command and writes what it is told."""
    body = f'while [ "$1" != -o ]; do shift; done; report=$2; shift 3\n{script}\n'
    (folder / name).write_text(f"#!/bin/sh\n{body}")
    (folder / name).chmod(0o755)


def looked(name: str, meter: Meter | None = None) -> Demand:
    """What a probe sees of a small command."""
    with Signals() as signals:
        return probes.look(
            name, ["sh", "-c", "echo rate 10"], cpus=[CPU], usual_s=0.1, meter=meter or Meter(), signals=signals
        )


def test_probes_read_the_tools_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counters and calls come per unit of the work done in the probed run."""
    tool(
        tmp_path,
        "perf",
        'echo "42;;page-faults;1;100.00;;" > $report; echo "7;;instructions;1;100.00;;" >> $report; "$@"',
    )
    rule = "------ --------- ---------"
    table = f"%% time calls syscall\\n{rule}\\n100 6 read\\n{rule}\\n100 6 total\\n"
    tool(tmp_path, "strace", f'printf "{table}" > $report; "$@"')
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert looked("perf stat").counters == {"instructions": 7.0}
    calls = looked("strace -c", Meter.of(rate=r"rate (\d+)"))
    assert calls.unit == "operation"
    assert calls.system_calls[0].calls * calls.work == pytest.approx(6)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo No permission to trace; exit 1", r"perf stat: the run under it failed with exit code 1 \(No permission"),
        ('"$@"', "perf stat: .*report: there is no such file"),
        ('echo hello > $report; "$@"', "perf stat: .*line 1: found 'hello'"),
        ('echo "<not supported>;;cycles;0;100.00;;" > $report; "$@"', "perf stat: .*none counted"),
    ],
)
def test_a_tool_that_fails_is_told_not_fatal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, message: str
) -> None:
    """Without permission, report or counters there is a reason instead of a demand."""
    tool(tmp_path, "perf", script)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(CannotAnswerError, match=message):
        looked("perf stat")


def test_tools_that_are_not_installed_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session without perf and strace goes on and says what is missing."""
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    said: list[str] = []
    with Signals() as signals:
        extras = session.extras(plan(), 0.1, signals, said.append)
    assert extras.notes == (
        "not collected: perf stat: perf is not installed",
        "not collected: strace -c: strace is not installed",
    )
    assert said[1] == extras.notes[0]
    assert extras.counters is None


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_the_real_strace_counts_calls() -> None:
    """A command that opens a file a hundred times is seen to do so, where tracing is allowed."""
    script = "import os\nfor _ in range(100): os.close(os.open('/dev/null', 0))"
    with Signals() as signals:
        try:
            demand = probes.look(
                "strace -c", [*PYTHON, script], cpus=[CPU], usual_s=0.1, meter=Meter(), signals=signals
            )
        except CannotAnswerError as error:
            pytest.skip(str(error))
    calls = {call.name: call.calls for call in demand.system_calls}
    assert calls["openat"] >= 100


# locks

HEAD = "lock_stat version 0.4\n"


def test_lock_use_is_what_was_added(tmp_path: Path) -> None:
    """Between two looks, counts are differences; locks not taken meanwhile are left out."""
    file, switch = tmp_path / "lock_stat", tmp_path / "switch"
    switch.write_text("1\n")
    file.write_text(
        f"{HEAD}a: 0 1 0.0 0.0 10.0 0.0 0 5 0.0 0.0 50.0 0.0\nb: 0 0 0.0 0.0 0.0 0.0 0 5 0.0 0.0 50.0 0.0\n"
    )
    before = locks.look(file, switch)
    file.write_text(
        f"{HEAD}a: 0 3 0.0 0.0 30.0 0.0 0 9 0.0 0.0 90.0 0.0\n"
        "b: 0 0 0.0 0.0 0.0 0.0 0 5 0.0 0.0 50.0 0.0\nc: 0 0 0.0 0.0 0.0 0.0 0 1 0.0 0.0 1.0 0.0\n"
    )
    after = locks.look(file, switch)
    assert before is not None
    assert after is not None
    first, second = locks.used(before, after)
    assert (first.name, first.contentions, first.acquisitions) == ("a", 2.0, 4.0)
    assert (first.wait_s, first.hold_s) == (pytest.approx(20e-6), pytest.approx(40e-6))
    assert (second.name, second.acquisitions) == ("c", 1.0)


def test_a_kernel_that_does_not_count_locks_is_no_error(tmp_path: Path) -> None:
    """Without the file, or with counting switched off, there is nothing to compare."""
    assert locks.look(tmp_path / "no", tmp_path / "no") is None
    (tmp_path / "off").write_text("0\n")
    assert locks.look(tmp_path / "no", tmp_path / "off") is None


def test_runs_carry_their_lock_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel counts, each run's demand holds the locks it used, per unit of work."""
    looks = iter([{}, {("l", ""): LockUse(name="l", contentions=2.0, wait_s=1.0, acquisitions=4.0, hold_s=0.5)}])
    monkeypatch.setattr(locks, "look", lambda: next(looks))
    with Signals() as signals:
        (run,) = session.measure(plan(), signals)
    assert run.demand.locks[0].acquisitions == 4.0


# the session with real commands


@pytest.mark.slow
def test_measuring_gives_runs_in_the_planned_order() -> None:
    """Every run has the demand of its own work."""
    command = plan(*PYTHON, "print('rate', 10 * {cores})", counts=(1, 2), repeats=2, meter=Meter.of(rate=r"rate (\d+)"))
    with Signals() as signals:
        session.trial(command, signals)
        runs = list(session.measure(command, signals))
    assert [run.cores for run in runs] == command.schedule()
    assert all(run.throughput == 10.0 * run.cores for run in runs)
    assert all(run.demand.page_faults is not None and run.demand.work == 10 * run.cores * run.elapsed_s for run in runs)


def test_a_failing_command_is_shown_with_its_last_words() -> None:
    """The message holds the command as run, its exit code and the end of its output."""
    failing = plan(*PYTHON, "import sys; print('no licence'); sys.exit({cores} + 6)")
    with Signals() as signals, pytest.raises(CannotAnswerError, match=r"exit code 7 on 1 core; .*\n    no licence"):
        session.trial(failing, signals)


def test_a_command_over_its_time_is_shown_with_advice() -> None:
    """The way out of a timeout is named."""
    slow = replace(plan("sleep", "60"), timeout_s=0.1)
    with Signals() as signals, pytest.raises(CannotAnswerError, match="time limit on 1 core; give more with --timeout"):
        list(session.measure(slow, signals))


# conclusions


def test_the_curve_and_demands_keep_every_core_count() -> None:
    """Repeats stay apart in the curve and meet in the median of the demand."""
    seen = observed(made(1, 1.0), made(2, 1.9), made(1, 1.2, user_s=3.0), made(1, 1.1, user_s=1.1), repeats=3)
    assert [(point.n, point.values) for point in seen.curve.points] == [(1, (1.0, 1.2, 1.1)), (2, (1.9,))]
    assert [(d.cores, d.user_s) for d in seen.demands] == [(1, 1.1), (2, 2.0)]
    assert not seen.complete
    assert "cut short: 4 of 6 runs were made" in seen.findings


def test_probes_are_added_to_the_smallest_count() -> None:
    """System calls and counters stand with the demand at the fewest cores, notes among the findings."""
    extras = Extras(
        counters=Demand(counters={"cycles": 5.0}, notes=("scaled",)),
        calls=Demand(system_calls=(SystemCall(name="read", calls=2.0),)),
        notes=("not collected: x",),
    )
    first, second = observed(made(1, 1.0), made(2, 2.0), extras=extras).demands
    assert (first.counters, first.system_calls[0].calls, first.notes) == ({"cycles": 5.0}, 2.0, ("scaled",))
    assert not second.system_calls
    assert "not collected: x" in observed(made(1, 1.0), extras=extras).findings


@pytest.mark.parametrize(
    ("runs", "command", "finding"),
    [
        (
            [made(1, 1.0), made(4, 1.0, user_s=2.0)],
            "r {cores}",
            "user time per run grows x2.00 from 1 core to 4: cores slow",
        ),
        (
            [made(1, 1.0), made(4, 1.0, user_s=1.0, system_s=0.5)],
            "r {cores}",
            "system time per run grows from nearly nothing",
        ),
        ([made(4, 1.0, cpu_s=1.0)], "r {cores}", "on 4 cores it keeps 1.0 busy"),
        ([made(1, 1.0), made(2, 1.0)], "r", "the command has no {cores}"),
        ([made(1, 1.0, elapsed_s=0.01)], "r", "runs take 0.01 s at most"),
        ([made(1, 1.0, others_s=0.5)], "r", "other programs took up to 50% of the cores in 1 of 1 runs"),
        ([made(1, 1.0, left_behind=2)], "r", "2 processes outlived their run"),
        ([made(1, 1.0), made(1, 1.5)], "r", "repeats differ by up to 50% (at 1 core)"),
    ],
)
def test_findings(runs: list[Run], command: str, finding: str) -> None:
    """Each sentence appears when its cause is there."""
    found = observed(*runs, command=command, repeats=len(runs) // len({r.cores for r in runs})).findings
    assert any(finding in sentence for sentence in found), found


def test_what_bends_a_curve_for_reasons_of_the_host_is_told() -> None:
    """A quota below the largest count, and the counts after which other kinds of CPUs are used, are findings."""
    seen = observed(made(1, 1.0), made(4, 2.0))
    limited = replace(seen, plan=replace(seen.plan, quota=2.0, boundaries=(2,)))
    assert any("may use 2 CPUs' worth of time" in sentence for sentence in limited.findings)
    assert any(sentence.startswith("beyond 2 cores runs spread to") for sentence in limited.findings)


def test_a_quiet_scaling_program_needs_no_comment() -> None:
    """Where nothing is wrong, nothing is said."""
    assert observed(made(1, 1.0, user_s=1.0), made(2, 2.0, user_s=1.0)).findings == []


def test_a_calibrated_host_gives_its_costs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stored profile's page fault and packet are subtracted from kernel time; without one a quick look's."""
    monkeypatch.setattr(keep, "this_host_profile", lambda: None)
    monkeypatch.setattr(keep, "page_fault_cost", lambda: 3e-7)
    assert keep.costs_here() == {"page_fault": 3e-7}
    quantities = {"page_fault": Quantity(value=5e-7, unit="s"), "syscall": Quantity(value=1e-7, unit="s")}
    machine = Machine(
        name="here", description="", topology=Topology.regular(sockets=1, cores_per_l3=1), quantities=quantities
    )
    monkeypatch.setattr(keep, "this_host_profile", lambda: tmp_path)
    monkeypatch.setattr(keep, "profile_to_machine", lambda _path: machine)
    assert keep.costs_here() == {"page_fault": 5e-7}


@pytest.mark.hardware
def test_a_page_fault_costs_something() -> None:
    """A quick look finds more than nothing and less than a millisecond."""
    assert 1e-9 < fault_cost.page_fault_cost() < 1e-3


def test_a_program_without_processor_time_has_no_workload(tmp_path: Path) -> None:
    """Curve and demand are written; a workload of nothing would only be refused later."""
    files = keep.files_for(f"{tmp_path}/")
    seen = observed(made(1, 1.0, user_s=0.0, cpu_s=0.0))
    made_of = keep.workload_from(seen, None)
    assert [Path(name).name for name in keep.write(seen, files, made=made_of)] == ["curve.csv", "demand.json"]


@pytest.mark.parametrize(
    ("output", "names"),
    [
        ("mine.toml", ["mine.curve.csv", "mine.demand.json", "mine.toml"]),
        ("mine", ["mine.curve.csv", "mine.demand.json", "mine.workload.toml"]),
        ("v1.2", ["v1.2.curve.csv", "v1.2.demand.json", "v1.2.workload.toml"]),
        ("kept/", ["curve.csv", "demand.json", "workload.toml"]),
    ],
)
def test_the_name_of_a_workload_is_kept(output: str, names: list[str], tmp_path: Path) -> None:
    """What ends in .toml is what the main command is given next; anything else starts three names."""
    assert [path.name for path in keep.files_for(f"{tmp_path}/{output}")] == names


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["python3", "-O", "/opt/app/serve.py", "--threads", "4"], "serve"),
        (["./build/sort", "big.txt"], "sort"),
        (["env", "OMP_NUM_THREADS={cores}", "taskset", "0-3", "./kernel-2"], "kernel-2"),
        (["numactl", "--membind=0", "redis-server"], "redis-server"),
        (["sh", "-c", "make -j{cores}"], "sh"),
        (["/usr/bin/python3.11", "-c", "print(1)"], "python3"),
    ],
)
def test_names_of_programs(command: list[str], name: str) -> None:
    """A workload is called after the program, not its interpreter or launcher."""
    assert program_name(command) == name
