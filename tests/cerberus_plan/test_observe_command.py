"""`cerberus-plan observe` with real commands: what it prints, writes, refuses, and leaves behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cerberus_plan.calibration.curves.read import read_curve
from cerberus_plan.calibration.programs.demand import demands_from_json
from cerberus_plan.calibration.store.catalog import workload
from cerberus_plan.cli.commands import observe as observe_command
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.verify.rounds import MOST_OTHERS

ROOT = Path(__file__).parents[2]
CPU = str(min(os.sched_getaffinity(0)))
# In the background SIGINT is ignored, and children inherit that; here they must not.
UNIGNORED = (
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); "
    "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
)
PRINTS_RATE = "import sys; print('rate: 5'); print('rate:', 100 * int(sys.argv[1]))"


def start(*words: str) -> subprocess.Popen[str]:
    """The real command line, running."""
    command = [sys.executable, "-c", UNIGNORED, "-m", "cerberus_plan", "observe", *words]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True)


def observe(*words: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the real command line."""
    running = start(*words)
    out, err = running.communicate(timeout=60)
    return running.returncode, out, err


def script(text: str, *arguments: str) -> list[str]:
    """A small Python program as a command."""
    return ["--", sys.executable, "-I", "-S", "-c", text, *arguments]


@pytest.mark.slow
def test_a_program_becomes_a_curve_a_demand_and_a_workload(tmp_path: Path) -> None:
    """The three files read back in the parts that use them; progress goes to standard error."""
    program = script(PRINTS_RATE, "{cores}")
    options = ["--cores", "1", "--repeats", "2", "--regex", r"rate: (\d+)", "--unit", "request"]
    code, out, err = observe(*options, "--output", str(tmp_path / "made") + "/", *program)
    assert code == 0, err
    assert {path.name for path in (tmp_path / "made").iterdir()} == {"curve.csv", "demand.json", "workload.toml"}
    assert (tmp_path / "made" / "curve.csv").read_text() == "n,value\n1,100.0\n1,100.0\n"
    assert read_curve(tmp_path / "made" / "curve.csv").name
    (demand,) = demands_from_json((tmp_path / "made" / "demand.json").read_text(), "f")
    assert (demand.unit, demand.cores) == ("request", 1)
    assert demand.page_faults
    made = workload(str(tmp_path / "made" / "workload.toml"))
    assert (made.unit, made.operations["page_faults"].value) == ("requests/s", demand.page_faults)
    assert "[2/2] 1 core: 100.0 requests/s" in err
    assert "wrote" in out


@pytest.mark.slow
def test_json_is_one_document(tmp_path: Path) -> None:
    """With --json standard output is JSON and nothing else, also for names of files by prefix."""
    code, out, err = observe(
        *("--cores", "1", "--repeats", "1", "--no-probe", "--json", "--output", str(tmp_path / "run")), *script("pass")
    )
    assert code == 0, err
    document = json.loads(out)
    assert document["complete"] is True
    assert document["unit"] == "runs/s"
    assert [len(point["values"]) for point in document["curve"]] == [1]
    assert [Path(name).name for name in document["files"]][:2] == ["run.curve.csv", "run.demand.json"]


A_WORKLOAD = Workload(name="mine", description="", unit="runs/s", units_per_cycle=1.0, operations={})


@pytest.mark.parametrize(
    ("files", "made", "told"),
    [
        (None, A_WORKLOAD, "nothing was kept: --output mine.toml writes what"),
        (["a b.toml"], A_WORKLOAD, "plan with it: cerberus-plan --workload 'a b.toml'"),
        (["a b.csv", "w.toml"], None, "extend the curve: cerberus-plan fit 'a b.csv'"),
        (None, None, "no workload was written: no processor time was seen; --output mine/ keeps the curve"),
    ],
)
def test_what_to_do_next_can_be_done(files: list[str] | None, made: Workload | None, told: str) -> None:
    """No workload is promised where none is made, and a name with a blank is one word of the command."""
    said = observe_command._next(None if files is None else [Path(file) for file in files], made)
    assert told in said
    assert ("--workload" in said) == (made is not None)


@pytest.mark.slow
def test_options_after_the_program_are_its_own() -> None:
    """Also without -- the first word that is no option starts the command."""
    code, out, err = observe(
        *(
            "--cores",
            "1",
            "--repeats",
            "1",
            "--no-probe",
            "--json",
            sys.executable,
            "-I",
            "-S",
            "-c",
            "pass",
            "--repeats",
        )
    )
    assert code == 0, err
    assert json.loads(out)["command"][-1] == "--repeats"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--cores", "1,two", "--", "true"], 2, "--cores 1,two: 'two' is not a number of cores"),
        (["--cores", "100000", "--", "true"], 2, "cannot run on 100000 cores: this process may use"),
        (["--time", "--regex", "(x)", "--", "true"], 2, "--time reads the clock; leave it out"),
        (["--output", "/no/such/folder/x", "--", "true"], 2, "the folder /no/such/folder is not there"),
        (["--output", "", "--", "true"], 2, "--output '' names no file"),
        (["--unit", " ", "--", "true"], 2, "--unit ' ' is no name of a unit of work"),
        (["--unit", "a\nb", "--", "true"], 2, "is no name of a unit of work"),
        (["--timeout", "nan", "--", "true"], 2, "--timeout must be positive, not nan"),
        (["--", "no-such-program"], 2, "there is no program 'no-such-program'"),
        ([], 2, "give the command to observe after --"),
        (["--cores", "9" * 5000, "--", "true"], 2, "is not a number of cores"),
        (["--cores", "1", *script("import sys; print('licence expired'); sys.exit(9)")], 1, "exit code 9 on 1 core"),
        (["--cores", "1", "--timeout", "0.3", *script("import time; time.sleep(60)")], 1, "give more with --timeout"),
        (["--cores", "1", "--regex", "tps=(.*)", *script("print('hello')")], 2, "ends with\n    hello"),
    ],
)
def test_trouble_is_told_with_its_exit_code(words: list[str], code: int, message: str) -> None:
    """Bad usage is 2, a program that cannot be measured is 1; the reason is on standard error only."""
    returned, out, err = observe(*words)
    assert (returned, out) == (code, ""), err
    assert message in err
    assert "Traceback" not in err


@pytest.mark.slow
def test_what_was_measured_before_a_failure_is_kept(tmp_path: Path) -> None:
    """A program that fails in its third run leaves the curve of the runs that went well, marked as cut short."""
    counter = tmp_path / "counter"
    text = (
        "import sys\n"
        f"path = {str(counter)!r}\n"
        "open(path, 'a').write('x')\n"
        "n = len(open(path).read())\n"
        "print('rate:', n)\n"
        "sys.exit(n == 4)"
    )
    options = ["--cores", "1", "--repeats", "5", "--no-probe", "--regex", r"rate: (\d+)", "--json"]
    code, out, err = observe(*options, "--output", str(tmp_path / "part"), *script(text))
    assert code == 1
    assert "failed with exit code 1" in err
    document = json.loads(out)
    assert document["complete"] is False
    assert "cut short: 2 of 5 runs were made" in document["findings"]
    assert (tmp_path / "part.curve.csv").read_text() == "n,value\n1,2.0\n1,3.0\n"


@pytest.mark.slow
def test_files_that_cannot_be_written_cost_nobody_the_runs() -> None:
    """What was learned is told first, in hours of runs; then the reason, with its exit code."""
    options = ["--cores", "1", "--repeats", "2", "--no-probe", "--no-splits", "--json", "--output", "/proc/mine"]
    code, out, err = observe(*options, *script("pass"))
    assert code == 2
    assert "cannot write /proc/mine.curve.csv" in err
    document = json.loads(out)
    assert (len(document["runs"]), document["files"]) == (2, [])


@pytest.mark.slow
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_stopping_leaves_no_process_and_says_so(tmp_path: Path, signum: int) -> None:
    """Ctrl-C and kill end the program and its children; nothing is written; the exit code is 128 + signal."""
    pids = tmp_path / "pids"
    text = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = os.fork()\n"
        f"open({str(pids)!r}, 'a').write(f'{{os.getpid()}}\\n')\n"
        "time.sleep(60)"
    )
    running = start("--cores", "1", "--output", str(tmp_path / "made"), *script(text))
    until = time.monotonic() + 30
    while not (pids.exists() and pids.read_text().count("\n") == 2) and time.monotonic() < until:
        time.sleep(0.01)
    running.send_signal(signum)
    out, err = running.communicate(timeout=30)
    assert running.returncode == 128 + signum, err
    assert out == ""
    assert f"stopped by {signal.Signals(signum).name}; nothing was written" in err
    for pid in pids.read_text().split():
        assert not Path("/proc", pid).exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pids"]


@pytest.mark.slow
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two CPUs")
def test_splits_are_run_beside_the_curve_and_kept_in_the_workload(tmp_path: Path) -> None:
    """1 x 2 and 2 x 1 with their repeats; every instance knows which one it is, and rates are added."""
    text = "import sys; print('rate:', 10 ** int(sys.argv[1]) * int(sys.argv[2]))"
    options = ["--cores", "1,2", "--repeats", "2", "--no-probe", "--regex", r"rate: (\d+)", "--json"]
    output = ["--output", str(tmp_path / "made") + "/"]
    code, out, err = observe(*options, *output, *script(text, "{instance}", "{cores}"))
    assert code == 0, err
    rows = {(row["instances"], row["cores_per_instance"]): row for row in json.loads(out)["measured"]}
    assert {split: row["value"] for split, row in rows.items()} == {(1, 1): 1.0, (1, 2): 2.0, (2, 1): 11.0}
    assert rows[2, 1]["low"] == 11.0
    assert 11.0 <= rows[2, 1]["high"] <= 11.0 / (1.0 - MOST_OTHERS)  # above where others take time on this host
    kept = workload(str(tmp_path / "made" / "workload.toml")).measured
    assert {(m.instances, m.cores_per_instance): m.value for m in kept} == {k: r["value"] for k, r in rows.items()}


@pytest.mark.slow
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two CPUs")
def test_a_program_that_cannot_run_twice_keeps_its_curve() -> None:
    """The failure of the second instance is said, with what to do; the observation stands, with exit code 0."""
    text = "import sys, time; time.sleep(0.1); print('rate: 7'); sys.exit(int(sys.argv[1]))"
    options = ["--cores", "1,2", "--repeats", "1", "--no-probe", "--regex", r"rate: (\d+)", "--json"]
    code, out, err = observe(*options, *script(text, "{instance}"))
    assert code == 0, err
    assert [(row["instances"], row["cores_per_instance"]) for row in json.loads(out)["measured"]] == [(1, 1), (1, 2)]
    assert "splits were not measured: instance 1 of 2" in err
    assert "--no-splits" in err
