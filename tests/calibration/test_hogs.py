"""Streams beside a program, for real: they move bytes, stop, go on, and are gone afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cerberus_plan.calibration.programs.observe.hogs import Hogs, array_size
from tests.needs import needed_programs

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.hardware]


def test_streams_run_stop_go_on_and_end() -> None:
    """Their rate is one that memory can have; paused they move nothing; the context leaves none."""
    (cpu, *_) = sorted(os.sched_getaffinity(0))
    with Hogs([cpu], 16 * 2**20) as hogs:
        process = hogs.pid
        before = hogs.seen()
        time.sleep(0.3)
        assert 1e8 < hogs.rate(before) < 1e12
        hogs.pause()
        time.sleep(0.05)
        held = hogs.seen()
        time.sleep(0.1)
        assert (hogs.seen() == held).all()
        hogs.go_on()
        until = time.monotonic() + 10.0
        while (hogs.seen() == held).all() and time.monotonic() < until:
            time.sleep(0.02)
        assert (hogs.seen() > held).all()
        hogs.pause()  # also one that is stopped is ended
    assert not Path(f"/proc/{process}").exists()


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
