"""`cerberus-plan tune` with real commands: what it runs, prints, records, refuses, and leaves behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cerberus_plan.calibration.store.catalog import workload
from cerberus_plan.cli.commands import tune as tune_command
from cerberus_plan.planner.tune.run_split import SplitRun

ROOT = Path(__file__).parents[2]
UNIGNORED = (
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); "
    "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
)
# An interpreter lock: one instance does 1.3 times one core, however many it has.
LOCKED = "import sys; m, k = map(int, sys.argv[1:]); print('throughput:', m * 1.3 * k / (k + 0.3))"


def start(*words: str) -> subprocess.Popen[str]:
    """The real command line, running."""
    command = [sys.executable, "-c", UNIGNORED, "-m", "cerberus_plan", "tune", *words]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def tune(*words: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the real command line."""
    running = start(*words)
    out, err = running.communicate(timeout=60)
    return running.returncode, out, err


def script(text: str, *arguments: str) -> list[str]:
    """A small Python program as a command."""
    return ["--", sys.executable, "-I", "-S", "-c", text, *arguments]


@pytest.mark.slow
def test_a_command_that_divides_itself_is_tuned_for_a_larger_machine(tmp_path: Path) -> None:
    """It needs no CPU of ours; few runs find that one core each is best; what was run is recorded."""
    record = tmp_path / "locked.toml"
    options = ["--cores", "64", "--budget", "3", "--json", "--record", str(record)]
    code, out, err = tune(*options, *script(LOCKED, "{instances}", "{cores}"))
    assert code == 0, err
    answer = json.loads(out)
    assert (answer["best"]["instances"], answer["best"]["cores_per_instance"]) == (64, 1)
    assert len({(run["instances"], run["cores_per_instance"]) for run in answer["runs"]}) <= 3
    assert answer["stopped"] in ("sure", "budget")
    assert 0 <= answer["regret"] < 0.2
    kept = workload(str(record))
    assert [(x.instances, x.cores_per_instance, x.value) for x in kept.measured] == [
        (run["instances"], run["cores_per_instance"], run["throughput"]) for run in answer["runs"]
    ]
    assert tune(*options, *script(LOCKED, "{instances}", "{cores}"))[0] == 0
    assert len(workload(str(record)).measured) == 2 * len(kept.measured)


def test_what_is_told_has_the_digits_of_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    """A loss that exists is not "0.0%", and a run shows no digit that nobody wrote."""
    best = {"instances": 2, "cores_per_instance": 8, "value": 39.0, "low": 38.0, "high": 40.0, "measured": True}
    runs = [{"instances": 2, "cores_per_instance": 8, "value": value} for value in (39.0, 1234567.0)]
    answer = {"best": best, "runs": runs, "quantity": "throughput", "regret": 4e-4, "stopped": "sure", "disturbed": 0}
    tune_command._tell(answer, as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert "expected to lose under 0.1 % to the true best." in lines[0]
    assert [line.split()[-1] for line in lines[-2:]] == ["39", "1,235,000"]


def test_what_several_instances_mean_is_said_where_several_are_recommended(capsys: pytest.CaptureFixture[str]) -> None:
    """Two servers do more than one; of a database that is two shards."""
    best = {"instances": 2, "cores_per_instance": 8, "value": 39.0, "low": 38.0, "high": 40.0, "measured": True}
    answer = {"best": best, "runs": [], "quantity": "throughput", "regret": 0.0, "stopped": "sure", "disturbed": 0}
    answer["caution"] = "each was a shard"
    tune_command._tell(answer, as_json=False)
    assert "But each was a shard." in capsys.readouterr().out
    tune_command._tell(answer | {"best": best | {"instances": 1}}, as_json=False)
    assert "shard" not in capsys.readouterr().out


@pytest.mark.slow
def test_a_printed_time_is_read_as_a_time() -> None:
    """The fewer seconds the better, whatever the start takes; the rate that plans read is its inverse."""
    printed = "import sys; m, k = map(int, sys.argv[1:]); print(f'time to solution {4.0 / m} s')"
    code, out, err = tune(
        "--cores", "2", "--time-regex", "solution ([0-9.]+)", "--json", *script(printed, "{instances}", "{cores}")
    )
    assert code == 0, err
    answer = json.loads(out)
    assert answer["quantity"] == "time"
    assert (answer["best"]["instances"], answer["best"]["value"]) == (2, pytest.approx(2.0))
    assert {run["throughput"] for run in answer["runs"]} == {0.25, 0.5}
    assert err.startswith("run 1: ")
    assert tune("--time", "--time-regex", "x ([0-9])", *script("1"))[0] == 2
    assert tune("--regex", "y ([0-9])", "--time-regex", "x ([0-9])", *script("1"))[0] == 2


@pytest.mark.slow
def test_instances_are_started_together_and_their_rates_added() -> None:
    """Without {instances} every instance is a process of its own, on CPUs of its own."""
    said = "import os, sys; print('throughput:', 5.0); assert len(os.sched_getaffinity(0)) == int(sys.argv[1])"
    code, out, err = tune("--splits", "1x1", "--budget", "1", "--json", *script(said, "{cores}"))
    assert code == 0, err
    assert json.loads(out)["runs"][0]["value"] == 5.0
    if len(os.sched_getaffinity(0)) > 1:
        code, out, err = tune("--splits", "2x1,1x2", "--cores", "2", "--json", *script(said, "{cores}"))
        assert code == 0, err
        rates = {(r["instances"], r["cores_per_instance"]): r["value"] for r in json.loads(out)["runs"]}
        assert rates[2, 1] == 10.0
        assert rates[1, 2] == 5.0


@pytest.mark.slow
@pytest.mark.hardware
def test_times_are_read_from_the_clock() -> None:
    code, out, err = tune("--time", "--splits", "1x2,2x1", "--cores", "2", "--json", "--repeats", "1",
                          *script("import sys, time; time.sleep(0.8 / int(sys.argv[1]))", "{instances}"))  # fmt: skip
    assert code == 0, err
    answer = json.loads(out)
    assert (answer["best"]["instances"], answer["quantity"]) == (2, "time")
    assert all(run["value"] == pytest.approx(run["seconds"]) for run in answer["runs"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--splits", "0x4", *script(LOCKED, "{instances}", "{cores}")], 2, "0x4"),
        (["--splits", "2x1.5", *script(LOCKED, "{instances}", "{cores}")], 2, "'2x1.5' is not a split"),
        (["--cores", "8", "--splits", "2x8", *script(LOCKED, "{instances}", "{cores}")], 2, "needs 16 cores"),
        (["--cores", "0", *script(LOCKED, "{instances}", "{cores}")], 2, "cores"),
        (["--cores", "99999", *script("pass")], 2, "99999 cores"),
        (["--splits", "1x1", *script("print(3)")], 2, "nothing in the output matches"),
        (["--splits", "1x1", "--regex", "(", *script("print(3)")], 2, "no regular expression"),
        (["--splits", "1x1", *script("raise SystemExit(3)")], 1, "exit code 3"),
        (["--splits", "1x1", *script("raise SystemExit(3)", "{instances}")], 1, "exit code 3"),
        (["--splits", "1x1", "--timeout", "0.3", *script("import time; time.sleep(60)")], 1, "time limit"),
        (["--splits", "1x1", "--timeout", "nan", *script("print(3)")], 2, "--timeout must be positive, not nan"),
        (["--splits", "1x1", "--", "no-such-program-here"], 2, "there is no program"),
        (["--splits", "1x1", "--record", "missing/folder.toml", *script("print(3)")], 2, "does not exist"),
    ],
)
def test_what_cannot_work_is_refused_in_one_sentence(words: list[str], code: int, said: str, tmp_path: Path) -> None:
    found, out, err = tune(*words)
    assert (found, out) == (code, ""), err
    assert said in err
    assert "Traceback" not in err


@pytest.mark.slow
def test_a_failure_writes_no_record(tmp_path: Path) -> None:
    record = tmp_path / "mine.toml"
    code, _, _ = tune("--splits", "1x1", "--record", str(record), *script("raise SystemExit(3)"))
    assert code == 1
    assert not record.exists()


@pytest.mark.slow
def test_what_was_measured_before_a_failure_is_told_and_kept(tmp_path: Path) -> None:
    """Two splits may have taken hours when the third fails; the exit code is the failure's."""
    record, counter = tmp_path / "mine.toml", tmp_path / "counter"
    failing = f"{LOCKED}; seen = open({str(counter)!r}, 'a'); seen.write('x'); sys.exit(seen.tell() == 3)"
    words = ["--cores", "64", "--splits", "1x64,2x32,64x1", "--regret", "0", "--json", "--record", str(record)]
    code, out, err = tune(*words, *script(failing, "{instances}", "{cores}"))
    assert code == 1
    assert "failed with exit code 1" in err
    answer = json.loads(out)
    assert answer["stopped"] == "failed"
    assert len(workload(str(record)).measured) == len(answer["runs"]) == 2


@pytest.mark.slow
def test_a_record_that_cannot_be_written_costs_nobody_the_runs(tmp_path: Path) -> None:
    """They are told before the file is."""
    words = ["--cores", "4", "--splits", "1x4,4x1", "--repeats", "1", "--json", "--record", "/proc/mine.toml"]
    code, out, err = tune(*words, *script(LOCKED, "{instances}", "{cores}"))
    assert code == 2
    assert "cannot write /proc/mine.toml" in err
    assert len(json.loads(out)["runs"]) == 2


@pytest.mark.slow
def test_ctrl_c_keeps_what_was_measured_and_leaves_nothing(tmp_path: Path) -> None:
    """The first run ends, the second hangs: the answer is what is known, and the child is gone."""
    mark, record = tmp_path / "pid", tmp_path / "mine.toml"
    hangs = (
        "import os, pathlib, sys, time; p = pathlib.Path(sys.argv[1])\n"
        "if p.exists(): (p.parent / 'second').write_text(str(os.getpid())); time.sleep(60)\n"
        "p.write_text('first'); print('throughput: 7')"
    )
    running = start("--cores", "8", "--json", "--record", str(record), *script(hangs, str(mark), "{instances}"))
    second = tmp_path / "second"
    until = time.monotonic() + 40
    while not (second.exists() and second.read_text()) and time.monotonic() < until:
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert running.returncode == 130, err
    answer = json.loads(out)
    assert (answer["stopped"], len(answer["runs"]), answer["runs"][0]["value"]) == ("interrupted", 1, 7.0)
    assert len(workload(str(record)).measured) == 1
    with pytest.raises(ProcessLookupError):
        os.kill(int(second.read_text()), 0)


@pytest.mark.slow
@pytest.mark.hardware
def test_a_busy_host_is_part_of_the_answer() -> None:
    """Others on every CPU: the recommendation itself says that it is not to be relied on, and the document counts."""
    burners = [
        subprocess.Popen([sys.executable, "-I", "-S", "-c", "while True: pass"]) for _ in os.sched_getaffinity(0)
    ]
    work = "import time; end = time.perf_counter() + 0.7\nwhile time.perf_counter() < end: pass\nprint('throughput: 5')"
    try:
        options = ("--splits", "1x1", "--budget", "1", "--repeats", "1")
        code, out, err = tune(*options, *script(work))
        assert code == 0, err
        assert "Not to be relied on: others kept these CPUs busy in 1 of 1 runs" in out
        answer = json.loads(tune(*options, "--json", *script(work))[1])
        assert answer["disturbed"] == 1
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


@pytest.mark.parametrize(
    ("seconds", "others", "stolen", "disturbed"),
    [(1.0, 0.0, 0.0, False), (1.0, 0.5, 0.0, True), (1.0, 0.0, 0.5, True), (0.1, 0.9, 0.9, False)],
)
def test_which_runs_others_disturbed(*, seconds: float, others: float, stolen: float, disturbed: bool) -> None:
    """A tenth of the time in other hands, in a run long enough for the kernel's ticks to tell."""
    done = SplitRun(split=(1, 1), throughput=1.0, seconds=seconds, others=others, stolen=stolen)
    assert tune_command._disturbed(done) == disturbed
