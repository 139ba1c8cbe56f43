"""What tools around a run tell, and what the kernel counts of its locks."""

import os
import shutil
from pathlib import Path

import pytest

from cerberus_plan.calibration.programs.demand import Demand, LockUse
from cerberus_plan.calibration.programs.observe import locks, probes
from cerberus_plan.calibration.programs.observe import runs as session
from cerberus_plan.calibration.programs.observe.meter import Meter
from cerberus_plan.calibration.programs.observe.signals import Signals
from cerberus_plan.model.errors import CannotAnswerError
from tests.example_observation import CPU, PYTHON, plan


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
