"""Verification: statistics by law, instances really started, pinned and cleaned up."""

from __future__ import annotations

import math
import os
import random
import shutil
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
from cerberus_plan.model.errors import CannotAnswerError, InputError
from cerberus_plan.planner.placing.placement import place
from cerberus_plan.planner.verify import cpusets as cpusets_module
from cerberus_plan.planner.verify.cpusets import Cpusets, open_cpusets
from cerberus_plan.planner.verify.rounds import Sample, measure, ratios
from cerberus_plan.planner.verify.splits_to_run import predict, splits_to_run
from cerberus_plan.planner.verify.together import Order, run_together
from tests.planner.verify.processes import CPUS, PYTHON, survivors, two_cpus


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


@pytest.mark.hardware
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
