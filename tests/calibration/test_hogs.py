"""Streams beside a program, for real: they move bytes, stop, go on, and are gone afterwards."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cerberus_plan.calibration.programs.observe import hogs, process
from cerberus_plan.calibration.programs.observe.hogs import Hogs, array_size
from cerberus_plan.calibration.programs.observe.meter import Meter
from cerberus_plan.calibration.programs.observe.signals import Signals
from cerberus_plan.model.errors import CannotAnswerError
from tests.needs import needed_programs

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.hardware]


def test_streams_run_stop_go_on_and_end() -> None:
    """Their rate is one that memory can have; paused they move nothing; the context leaves none."""
    (cpu, *_) = sorted(os.sched_getaffinity(0))
    with Hogs([cpu], 16 * 2**20) as streams:
        process = streams.pid
        before = streams.seen()
        time.sleep(0.3)
        assert 1e8 < streams.rate(before) < 1e12
        streams.pause()
        time.sleep(0.05)
        held = streams.seen()
        time.sleep(0.1)
        assert (streams.seen() == held).all()
        streams.go_on()
        until = time.monotonic() + 10.0
        while (streams.seen() == held).all() and time.monotonic() < until:
            time.sleep(0.02)
        assert (streams.seen() > held).all()
        streams.pause()  # also one that is stopped is ended
    assert not Path(f"/proc/{process}").exists()


def test_streams_move_what_they_say(tmp_path: Path) -> None:
    """From their first block on, a copy in C of arrays as large moves about as many bytes in a second of a core."""
    needed_programs("gcc")
    program = tmp_path / "traffic"
    subprocess.run(["gcc", "-O2", "-o", str(program), str(ROOT / "benchmarks" / "traffic.c")], check=True)
    (cpu, *_) = sorted(os.sched_getaffinity(0))
    ratios = []
    for _ in range(3):
        with Hogs([cpu], 64 * 2**20) as streams:
            before = streams.seen()
            while (streams.seen() - before)[0, 1] < 0.03:  # within the first pass, also on a busy host
                time.sleep(0.005)
            rate = streams.rate(before)
        with Signals() as signals:
            done = process.run([str(program), "copy", "0.4", "64"], cpus=[cpu], timeout_s=60.0, signals=signals)
        ratios.append(rate / (2 * 64 * 2**20 * Meter.of(rate=r"ops/cpu-s: ([0-9.]+)").throughput(done)))
    assert 0.6 < statistics.median(ratios) < 1.6


def test_streams_that_die_are_not_a_busy_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that cannot begin, and one that is killed on the way: how it ended is said, and all of them are gone."""
    (cpu, *_) = sorted(os.sched_getaffinity(0))
    with pytest.raises(CannotAnswerError, match=r"ended too early: .*CPU 4095 ended with exit code 1"), Hogs([4095], 1):
        pass
    monkeypatch.setattr(hogs, "python", lambda *_: ["false"])
    with pytest.raises(CannotAnswerError, match="ended too early: it ended with exit code 1"), Hogs([cpu], 1):
        pass
    monkeypatch.undo()
    with Hogs([cpu], 1) as one:
        process = one.pid
        (stream,) = children_of(process)
        os.kill(stream, signal.SIGKILL)
        with pytest.raises(CannotAnswerError, match=rf"CPU {cpu} was killed \(SIGKILL, as when memory"):
            use(one)
    assert not Path(f"/proc/{process}").exists()
    assert not Path(f"/proc/{stream}").exists()


def use(streams: Hogs) -> None:
    """Stop them, let them go on and ask for their rate, for seconds."""
    until = time.monotonic() + 10.0
    while time.monotonic() < until:
        streams.pause()
        streams.go_on()
        streams.rate(streams.seen())
        time.sleep(0.01)


def children_of(pid: int) -> list[int]:
    """Process ids of the children of a process."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize("moment", [0.0, 0.2, 1.5])
def test_streams_end_with_a_killed_watcher(tmp_path: Path, moment: float) -> None:
    """SIGKILL leaves us no time: streams and their file are gone all the same."""
    (cpu, *_) = sorted(os.sched_getaffinity(0))
    script = (
        "import sys, time\nfrom cerberus_plan.calibration.programs.observe.hogs import Hogs\n"
        f"print('now', flush=True)\nwith Hogs([{cpu}], 16 * 2**20): time.sleep(60)"
    )
    words = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-P", "-c", script], env=words, stdout=subprocess.PIPE) as watcher:
        assert watcher.stdout is not None
        watcher.stdout.readline()
        time.sleep(moment)
        watcher.kill()
    until = time.monotonic() + 10.0
    while time.monotonic() < until and (streams_in(tmp_path) or any(tmp_path.iterdir())):
        time.sleep(0.05)
    assert not streams_in(tmp_path)
    assert not list(tmp_path.iterdir())


def streams_in(folder: Path) -> list[str]:
    """Processes whose command line or environment tells of this folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "environ").read_bytes()
        except OSError:
            continue
        if f"TMPDIR={folder}".encode() in words.split(b"\0"):
            found.append(entry.name)
    return found


def test_arrays_are_larger_than_the_caches_or_not_made() -> None:
    """More streams, smaller arrays; too many for this host's memory, none."""
    one, two = array_size(1, 0), array_size(2, 0)
    assert one is not None
    assert two is not None
    assert one >= two >= 16 * 2**20
    assert array_size(10**6, 0) is None


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="a stream needs a core beside the program's")
def test_observe_tells_or_says_why_not(tmp_path: Path) -> None:
    """A program that moves nothing: little, or not known and why; a server is refused."""
    needed_programs("gcc")
    source, program = ROOT / "benchmarks" / "traffic.c", tmp_path / "traffic"
    subprocess.run(["gcc", "-O2", "-o", str(program), str(source)], check=True)
    command = [sys.executable, "-P", "-m", "cerberus_plan", "observe", "--memory", "--regex", r"ops/s: ([\d.]+)"]
    ours = ["--cores", "1", "--repeats", "1", "--no-splits", "--no-probe", "--json", "--unit", "operation"]
    done = subprocess.run(
        [*command, *ours, "--", str(program), "compute", "0.2"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    said = " ".join(document["findings"])
    if "memory_bytes" in document["operations"]:
        assert document["operations"]["memory_bytes"]["value"] < 16 * 2**20  # streams in its place move 40 in that time
        assert "moves" in said
    else:
        assert "what it asks of memory is not known: " in said
    refused = subprocess.run(
        [*command, "--server", "true", "--load", "true"], capture_output=True, text=True, check=False, timeout=60
    )
    assert refused.returncode == 2
    assert "--memory" in refused.stderr
