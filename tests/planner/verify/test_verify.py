"""Verification: statistics by law, instances really started, pinned and cleaned up."""

from __future__ import annotations

import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cerberus_plan.calibration.host.topology import system_topology
from cerberus_plan.calibration.programs.observe.group import GRACE_S
from cerberus_plan.calibration.programs.observe.meter import Meter
from cerberus_plan.calibration.programs.observe.signals import Signals
from cerberus_plan.calibration.store import catalog
from cerberus_plan.calibration.store.catalog import workload
from cerberus_plan.model.errors import CannotAnswerError, InputError
from cerberus_plan.planner.placing.placement import place
from cerberus_plan.planner.verify import cpusets as cpusets_module
from cerberus_plan.planner.verify.cpusets import Cpusets, open_cpusets
from cerberus_plan.planner.verify.rounds import Sample, measure, ratios
from cerberus_plan.planner.verify.splits_to_run import predict, splits_to_run
from cerberus_plan.planner.verify.together import Order, run_together

ROOT = Path(__file__).parents[3]
CPUS = tuple(sorted(os.sched_getaffinity(0)))[:2]
two_cpus = pytest.mark.skipif(len(CPUS) < 2, reason="needs two CPUs")
PYTHON = (sys.executable, "-I", "-S", "-c")


def samples_of(true_ratio: float, *, rounds: int, noise: float, seed: int) -> list[Sample]:
    """Made-up rounds with a drift that both parts of a pair share."""
    dice = random.Random(seed)
    found = []
    for number in range(rounds + 1):
        drift = math.exp(dice.gauss(0.0, 0.5))
        for split, level in ((0, 1.0), (1, true_ratio)):
            rate = level * drift * math.exp(dice.gauss(0.0, noise))
            found.append(Sample(round=number, split=split, seconds=1.0 / rate, rate=rate))
    return found


def test_shared_drift_cancels_in_pairs() -> None:
    """Without noise of its own a pair gives the ratio exactly, whatever the drift."""
    found = ratios(samples_of(1.5, rounds=4, noise=0.0, seed=1), base=0)[1]
    assert found.value == pytest.approx(1.5)
    assert found.low == pytest.approx(1.5)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """90 % intervals from five rounds hold the true ratio in about 90 % of 400 made-up verifications."""
    hits = 0
    for seed in range(400):
        found = ratios(samples_of(1.2, rounds=5, noise=0.1, seed=seed), base=0)[1]
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= 1.2 <= found.high
    assert 0.86 <= hits / 400 <= 0.94


def test_what_others_took_widens_the_interval_to_both_readings() -> None:
    """A program without a lock whose split got less of the CPUs: 1.00 is inside, and so is what was seen."""
    samples = [
        Sample(round=n, split=s, seconds=1.0, rate=rate, others=others)
        for n in range(1, 5)
        for s, rate, others in ((0, 1.0, 0.5), (1, 0.8, 0.6))
    ]
    found = ratios(samples, base=0)[1]
    assert found.value == pytest.approx(0.8)
    assert (found.low, found.high) == (pytest.approx(0.8), pytest.approx(1.0))


def test_warm_up_is_not_counted_and_one_round_has_no_interval() -> None:
    """Round 0 is left out of the ratio; with one pair the interval is not known."""
    samples = [
        Sample(round=0, split=0, seconds=1.0, rate=1.0),
        Sample(round=0, split=1, seconds=1.0, rate=99.0),
        Sample(round=1, split=0, seconds=1.0, rate=1.0),
        Sample(round=1, split=1, seconds=1.0, rate=2.0),
    ]
    found = ratios(samples, base=0)[1]
    assert (found.value, found.low, found.high) == (pytest.approx(2.0), None, None)


@two_cpus
def test_every_instance_runs_on_its_own_cpus_with_its_own_words() -> None:
    """Affinity, placeholders and environment are those of the place."""
    script = "import os, sys; print(sorted(os.sched_getaffinity(0)), sys.argv[1:], os.environ['CERBERUS_THREADS'])"
    order = Order(command=(*PYTHON, script, "{instance}/{instances}", "{threads}", "{cpus}"), timeout_s=60)
    places = place(system_topology(CPUS), (1, 1)).places
    with Signals() as signals:
        seconds, ended = run_together(order, places, signals)
    assert seconds > 0.0
    for i, (each, where) in enumerate(zip(ended, places, strict=True)):
        cpu = where.cpus[0]
        assert each.output.strip() == f"[{cpu}] ['{i}/2', '1', '{cpu}'] 1"


@pytest.mark.slow
def test_rates_are_read_and_added(tmp_path: Path) -> None:
    """With a pattern the rate of a split is the sum over its instances."""
    order = Order(command=(*PYTHON, "print('ops/s: 21.5')"), timeout_s=60)
    placements = [place(system_topology(CPUS), split) for split in ((len(CPUS),), (1,) * len(CPUS))]
    with Signals() as signals:
        found = list(measure(order, placements, Meter.of(rate=r"ops/s: ([\d.]+)"), rounds=1, seed=0, signals=signals))
    assert {(s.split, s.rate) for s in found} == {(0, 21.5), (1, 21.5 * len(CPUS))}
    assert [s.round for s in found] == [0, 0, 1, 1]


def survivors(mark: str, where: str = "cmdline") -> list[str]:
    """Processes whose command line or environment holds the mark."""
    found = []
    for file in Path("/proc").glob(f"[0-9]*/{where}"):
        try:
            text = file.read_text(errors="replace")
        except OSError:
            continue
        if mark in text and (where == "environ" or "pytest" not in text):
            found.append(text)
    return found


def test_a_failing_instance_ends_the_others_and_what_fled(tmp_path: Path) -> None:
    """Children in sessions of their own are ended too, quickly, and the failure is told."""
    mark = f"mark{os.getpid()}fail"
    script = (
        "import subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)', '{mark}'], start_new_session=True)\n"
        "if sys.argv[1] == '0': time.sleep(0.3); sys.exit('broken on purpose')\n"
        "time.sleep(99)"
    )
    order = Order(command=(sys.executable, "-c", script, "{instance}", mark), timeout_s=60)
    places = place(system_topology(CPUS), (1,) * len(CPUS)).places
    with Signals() as signals, pytest.raises(CannotAnswerError, match=r"(?s)instance 0 of .* exit code 1.*on purpose"):
        run_together(order, places, signals)
    assert survivors(mark) == []


def test_a_run_that_takes_too_long_is_ended() -> None:
    """The time limit is told, and nothing is left."""
    mark = f"mark{os.getpid()}slow"
    order = Order(command=(*PYTHON, "import time; time.sleep(99)", mark), timeout_s=0.3)
    places = place(system_topology(CPUS), (1,)).places
    with Signals() as signals, pytest.raises(CannotAnswerError, match="its time limit"):
        run_together(order, places, signals)
    assert survivors(mark) == []


@pytest.mark.slow
def test_instances_that_do_not_listen_are_ended_together() -> None:
    """Two that ignore SIGTERM have one grace, not one each, and the time told is that of the limit."""
    deaf = (
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\ntime.sleep(99)"
    )
    order = Order(command=(*PYTHON, deaf), timeout_s=1.0)
    (one,) = place(system_topology(CPUS), (1,)).places
    started = time.monotonic()
    with Signals() as signals, pytest.raises(CannotAnswerError, match=r"was stopped after 1\.\d s, its time limit"):
        run_together(order, [one] * 3, signals)
    assert time.monotonic() - started < 1.0 + 2 * GRACE_S


def test_a_missing_program_is_an_input_error() -> None:
    """The message names it."""
    places = place(system_topology(CPUS), (1,)).places
    with Signals() as signals, pytest.raises(InputError, match="there is no program 'no-such-program'"):
        run_together(Order(command=("no-such-program",)), places, signals)


def test_cgroups_are_made_for_a_split_and_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each instance's group has its cpuset while the split runs; afterwards nothing is left."""
    root = tmp_path / "cgroup"
    root.mkdir()
    (root / "cgroup.subtree_control").write_text("cpuset cpu\n")
    mounts = tmp_path / "mounts"
    mounts.write_text(f"proc /proc proc rw 0 0\ncgroup2 {root} cgroup2 rw 0 0\n")
    # a real cgroup file system removes a folder together with its control files
    monkeypatch.setattr(Path, "rmdir", shutil.rmtree)
    with open_cpusets(mounts) as found:
        assert isinstance(found, Cpusets)
        (base,) = (path for path in root.iterdir() if path.is_dir())
        assert (base / "cgroup.subtree_control").read_text() == "+cpuset"
        with found.for_split([((0, 1), (0,)), ((2,), (1,))]) as groups:
            assert [(g / "cpuset.cpus").read_text() for g in groups] == ["0-1", "2"]
            assert [(g / "cpuset.mems").read_text() for g in groups] == ["0", "1"]
            cpusets_module.enter(groups[0], 4711)
            assert (groups[0] / "cgroup.procs").read_text() == "4711"
        assert [path for path in base.iterdir() if path.is_dir()] == []
    assert [path for path in root.iterdir() if path.is_dir()] == []


def test_without_a_cpuset_controller_there_are_no_cgroups(tmp_path: Path) -> None:
    """Other mounts and other controllers are left alone."""
    mounts = tmp_path / "mounts"
    (tmp_path / "cgroup.subtree_control").write_text("cpu\n")
    mounts.write_text(f"cgroup2 {tmp_path} cgroup2 rw 0 0\ncgroup2 /no/such/place cgroup2 rw 0 0\n")
    with open_cpusets(mounts) as found:
        assert found is None


def test_splits_run_are_the_best_predicted_and_its_neighbours() -> None:
    """One big instance first; on two cores 1 x 2 against 2 x 1."""
    prediction = predict(catalog.machine("amd48"), catalog.workload("histogram"), 48)
    best = prediction.best()
    chosen = splits_to_run(48, prediction, None)
    assert chosen[0] == (48,)
    assert best in chosen
    assert len(chosen) <= 4
    assert splits_to_run(2, None, None) == [(2,), (1, 1)]
    assert splits_to_run(48, prediction, (4,) * 12) == [(48,), (4,) * 12]
    ratio = prediction.ratios[best]
    assert ratio.low is not None
    assert ratio.high is not None
    assert ratio.low < ratio.value < ratio.high


def test_what_no_split_can_help_is_predicted_to_gain_nothing() -> None:
    """dbench's locks are the file system's: processes on one kernel never split them."""
    prediction = predict(catalog.machine("amd48"), catalog.workload("dbench"), 48)
    assert prediction.ratios[(2,) * 24].value == pytest.approx(1.0, abs=0.02)


def command(*words: str) -> list[str]:
    """The real command line."""
    return [sys.executable, "-m", "cerberus_plan", "verify", *words]


@pytest.mark.slow
@two_cpus
@pytest.mark.hardware
def test_the_command_compares_one_by_two_with_two_by_one() -> None:
    """JSON has both splits with measured and predicted ratios, and says what processes cannot split."""
    program = [*PYTHON, "x = 0\nfor i in range(2000000): x += i"]
    done = subprocess.run(
        command(
            "--json", "--cores", "2", "--rounds", "2", "--workload", "histogram", "--machine", "amd48", "--", *program
        ),
        capture_output=True, text=True, cwd=ROOT, timeout=120, check=False,
    )  # fmt: skip
    document = json.loads(done.stdout)
    verdict = document["splits"][1]["verdict"]
    assert done.returncode == (4 if verdict == "disagree" else 0), done.stderr
    assert document["splits"][1]["agrees"] is {"agree": True, "disagree": False}.get(verdict)
    assert [row["split"] for row in document["splits"]] == [[2], [1, 1]]
    assert document["splits"][1]["predicted"]["value"] > 0.9
    assert document["splits"][1]["measured"]["value"] > 0.0
    assert len(document["samples"]) == 6
    assert "never its file-system" in document["notes"][0]


@pytest.mark.slow
@pytest.mark.hardware
@two_cpus
def test_a_program_without_a_lock_gains_nothing_beside_a_hog() -> None:
    """Two processes that share nothing, one of two cores against two of one, a hog in a session of its own beside them.

    The truth is 1.00. Of ten verifications nine should hold it; four of five are asked for, as five are short enough.
    """
    script = (
        "import os, sys\nfor _ in range(int(sys.argv[1])):\n"
        " if not os.fork(): sum(range(4_000_000)); os._exit(0)\n"
        "while True:\n try: os.wait()\n except ChildProcessError: break\n"
    )
    order = Order(command=(*PYTHON, script, "{cores}"), timeout_s=120)
    placements = [place(system_topology(CPUS), split) for split in ((2,), (1, 1))]
    hog = subprocess.Popen([*PYTHON, "while True: pass"], start_new_session=True)
    held = 0
    try:
        for seed in range(5):
            with Signals() as signals:
                samples = list(measure(order, placements, Meter.of(), rounds=7, seed=seed, signals=signals))
            found = ratios(samples, base=0)[1]
            assert found.low is not None
            assert found.high is not None
            held += found.low <= 1.0 <= found.high
            assert found.low < found.value < found.high
    finally:
        hog.kill()
        hog.wait()
    assert held >= 4


@pytest.mark.slow
@two_cpus
def test_counted_runs_are_recorded_as_measured_splits(tmp_path: Path) -> None:
    """Rates of both instances added, the warm-up left out; `fit` reads them."""
    record = tmp_path / "mine.toml"
    program = [*PYTHON, "print('rate: 5')"]
    options = ["--cores", "2", "--rounds", "2", "--regex", r"rate: (\d+)", "--record", str(record), "--json"]
    done = subprocess.run(
        command(*options, "--", *program), capture_output=True, text=True, cwd=ROOT, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    kept = [(row.instances, row.cores_per_instance, row.value) for row in workload(str(record)).measured]
    assert sorted(kept) == [(1, 2, 5.0), (1, 2, 5.0), (2, 1, 10.0), (2, 1, 10.0)]


@pytest.mark.slow
@two_cpus
def test_a_page_that_cannot_be_written_costs_nobody_the_runs(tmp_path: Path) -> None:
    """They are told and recorded before the page is."""
    record = tmp_path / "mine.toml"
    options = ["--cores", "2", "--rounds", "1", "--regex", r"rate: (\d+)", "--record", str(record), "--json"]
    done = subprocess.run(
        command(*options, "--report", "/proc/x.html", "--", *PYTHON, "print('rate: 5')"),
        capture_output=True, text=True, cwd=ROOT, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "cannot write /proc/x.html" in done.stderr
    assert len(json.loads(done.stdout)["samples"]) == 4
    assert len(workload(str(record)).measured) == 2


@pytest.mark.slow
@two_cpus
def test_a_record_that_cannot_be_written_costs_nobody_the_runs() -> None:
    """They are told before the file is."""
    options = ["--cores", "2", "--rounds", "1", "--regex", r"rate: (\d+)", "--record", "/proc/mine.toml", "--json"]
    done = subprocess.run(
        command(*options, "--", *PYTHON, "print('rate: 5')"),
        capture_output=True, text=True, cwd=ROOT, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "cannot write /proc/mine.toml" in done.stderr
    assert len(json.loads(done.stdout)["samples"]) == 4


@pytest.mark.slow
@two_cpus
def test_ctrl_c_leaves_nothing_behind() -> None:
    """Interrupted in the middle of a run: exit code 130, no process left, what was counted is told."""
    mark = f"mark{os.getpid()}stop"
    running = subprocess.Popen(
        command("--cores", "2", "--", sys.executable, "-c", "import time; time.sleep(99)", mark),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )  # fmt: skip
    until = time.monotonic() + 60
    while not any("verify" not in text for text in survivors(mark)):
        assert time.monotonic() < until
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "no process and no cgroup is left" in err
    assert survivors(mark) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--cores", "4096", "--", "true"], "this process may use"),
        (["--vms", "2", "--", "true"], "go together"),
        (["--record", "a.toml", "--", "true"], "--record a.toml needs --regex"),
        (["--vms", "1", "--cores-per-vm", str(len(CPUS)), "--cores", str(len(CPUS)), "--", "true"], "only one split"),
    ],
)
@two_cpus
def test_bad_requests_exit_with_two(words: list[str], message: str) -> None:
    """Before anything is run."""
    done = subprocess.run(command(*words), capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert done.returncode == 2
    assert message in done.stderr


def require(*programs: str) -> None:
    """Skip loudly where a server is not installed; in CI, where it must be, fail."""
    path = f"{os.environ['PATH']}:/usr/sbin"
    missing = [program for program in programs if shutil.which(program, path=path) is None]
    if missing and os.environ.get("CERBERUS_PLAN_CI"):
        pytest.fail(f"not installed: {' '.join(missing)}")
    if missing:
        pytest.skip(f"NOT INSTALLED: {' '.join(missing)} (Debian: apt install {' '.join(missing)})")


@pytest.mark.slow
@pytest.mark.hardware
@two_cpus
@pytest.mark.parametrize(
    ("script", "programs", "regex"),
    [
        ("memcached_once.py", ("memcached",), r"ops/s: ([\d.]+)"),
        ("nginx_once.py", ("nginx", "wrk"), r"requests/s: ([\d.]+)"),
    ],
)
def test_real_servers_are_run_split_and_whole(script: str, programs: tuple[str, ...], regex: str) -> None:
    """memcached and nginx under load, one of two cores against two of one; nothing runs on afterwards."""
    require(*programs)
    file = str(ROOT / "benchmarks" / "servers" / script)
    mark = f"mark{os.getpid()}{script}"  # in the environment of all that is started
    done = subprocess.run(
        command(
            "--json", "--cores", "2", "--rounds", "1", "--workload", "memcached", "--machine", "amd48",
            "--regex", regex, "--", sys.executable, file, "{threads}", "1",
        ),
        capture_output=True, text=True, cwd=ROOT, timeout=240, check=False, env=os.environ | {"TEST_MARK": mark},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert all(sample["rate"] > 100.0 for sample in document["samples"])
    assert document["splits"][1]["predicted"] is not None
    assert survivors(mark, "environ") == []
