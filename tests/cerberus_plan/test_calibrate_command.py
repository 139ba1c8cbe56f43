"""`calibrate` as a user runs it: profile written, refusals before minutes are spent, exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments, home):
    environment = {**os.environ, "CERBERUS_PLAN_HOME": str(home), "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-m", "cerberus_plan", *arguments],
        env=environment, capture_output=True, text=True, timeout=300, check=False, cwd=home,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.hardware
def test_a_primitive_is_measured_written_and_merged(tmp_path):
    """--only writes a profile; a second --only adds to it; JSON on stdout agrees with the file."""
    target = tmp_path / "here.json"
    options = ("--quick", "--rounds", "4", "--output", str(target), "--json")
    first = run("calibrate", "--only", "syscall", *options, home=tmp_path)
    assert first.returncode == 0, first.stderr
    printed = json.loads(first.stdout)
    assert printed["format"] == "cerberus-plan profile"
    quantity = printed["quantities"]["syscall"]
    assert set(quantity) == {"value", "unit", "low", "high", "provenance", "source"}
    assert "measuring: process 1 of" in first.stderr
    second = run("calibrate", "--only", "clock_read", *options, home=tmp_path)
    assert second.returncode == 0, second.stderr
    kept = json.loads(target.read_text())["quantities"]
    assert {"syscall", "clock_read"} <= set(kept)
    assert kept["syscall"] == quantity
    assert [path.name for path in tmp_path.iterdir()] == ["here.json"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--only", "sycall"), "there is no primitive 'sycall'; choose from syscall, "),
        (("--rounds", "0"), "--rounds 0: give a whole number from 1 to"),
        (("--output", "missing/folder/p.json"), "does not exist; create it first"),
        (("--output", "."), "is a folder; give the name of a file in it"),
        (("--import", "absent.csv", "--output", "p.json"), "there is no such file"),
        (("--import", "absent.csv"), "say where to write it with --output FILE"),
    ],
)
def test_wrong_options_are_refused_at_once(tmp_path, arguments, message):
    """Exit code 2 and one sentence, before anything is measured or written."""
    done = run("calibrate", *arguments, home=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_profile_of_another_host_is_not_added_to(tmp_path):
    """--only on another host's file is refused before measuring, and the file stays as it was."""
    (tmp_path / "other.csv").write_text(",,\n10,,\n10,10,\n")
    made = run("calibrate", "--import", "other.csv", "--output", "other.json", home=tmp_path)
    assert made.returncode == 0, made.stderr
    before = (tmp_path / "other.json").read_bytes()
    done = run("calibrate", "--only", "syscall", "--output", "other.json", home=tmp_path)
    assert done.returncode == 2
    assert "was measured on another host" in done.stderr
    assert (tmp_path / "other.json").read_bytes() == before


@pytest.mark.slow
def test_an_imported_machine_can_be_planned_for(tmp_path):
    """A latency matrix becomes a machine with its groups; what is missing is said to be assumed."""
    rows = [["" if j >= i else ("20" if i // 4 == j // 4 else "90") for j in range(16)] for i in range(16)]
    (tmp_path / "big.csv").write_text("\n".join(",".join(row) for row in rows))
    made = run("calibrate", "--import", "big.csv", "--output", "big.json", home=tmp_path)
    assert made.returncode == 0, made.stderr
    assert "cerberus-plan --workload mine.toml --machine big.json" in made.stderr.splitlines()[-1]
    assert "core_to_core_round_trip" in made.stdout
    assert "Beside the paper" not in made.stdout, "numbers of the paper alone tell nothing of this machine"
    done = run("--cores", "16", "--machine", "big.json", "--workload", "histogram", "--json", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["machine"]["cores"] == 16
