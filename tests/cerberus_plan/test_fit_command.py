"""`cerberus-plan fit` through the real command line: what it prints, writes and refuses."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# BRL-CAD ray tracing on an SGI Origin 2000: data set `raytracer` of the R package usl.
RAYTRACER = "n,value\n1,20\n4,78\n8,130\n12,170\n16,190\n20,200\n24,210\n28,230\n32,260\n48,280\n64,310\n"


def run(*words: object) -> subprocess.CompletedProcess[str]:
    """The real command line."""
    command = [sys.executable, "-m", "cerberus_plan", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def curve(tmp_path: Path) -> Path:
    """A published curve in a file."""
    path = tmp_path / "raytracer.csv"
    path.write_text(RAYTRACER)
    return path


@pytest.mark.slow
def test_json_holds_the_contract(curve: Path) -> None:
    """The keys that others rely on, for exactly the counts asked for; the published truth is inside."""
    done = run("fit", curve, "--train-max", 16, "--predict", "64,32", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert document["level"] == 0.9
    assert [row["n"] for row in document["predictions"]] == [32, 64]
    assert all(
        row["low"] <= truth <= row["high"] for row, truth in zip(document["predictions"], (260, 310), strict=True)
    )
    assert {"n", "low", "high"} <= set(document["peak"])
    assert sum(law["weight"] for law in document["laws"]) == pytest.approx(1, abs=1e-4)
    assert [law["name"] for law in document["incumbents"]] == ["usl", "amdahl"]


@pytest.mark.slow
def test_the_table_shows_the_incumbents_beside_ours(curve: Path) -> None:
    """Nobody has to believe us alone."""
    done = run("fit", curve)
    assert done.returncode == 0, done.stderr
    assert "usl" in done.stdout
    assert "amdahl" in done.stdout
    assert "measured" in done.stdout
    assert "310" in done.stdout


@pytest.mark.slow
def test_a_file_is_named_as_it_is_called(curve: Path) -> None:
    """No mark of the terminal's is read from its name, and none is written into it."""
    named = curve.rename(curve.with_name("rays[bold].csv"))
    assert "\nrays[bold].csv: throughput" in run("fit", named).stdout


@pytest.mark.slow
def test_what_was_measured_has_no_zeros_of_its_own(curve: Path) -> None:
    """20 rays a second were measured, not 20.00."""
    told = run("fit", curve, "--predict", 1).stdout
    rows = [re.findall(r"[0-9.,]+", line) for line in told.splitlines() if "│" in line]
    assert [row[:2] for row in rows] == [["1", "20"]]


@pytest.mark.slow
def test_the_workload_file_can_be_planned(curve: Path, tmp_path: Path) -> None:
    """What fit writes, the planner reads."""
    mine = tmp_path / "mine.toml"
    done = run("fit", curve, "--output", mine, "--unit", "rays/s", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["workload"]["name"] == "mine"
    plan = run("--cores", 48, "--machine", "amd48", "--workload", mine, "--json")
    assert plan.returncode == 0, plan.stderr
    assert json.loads(plan.stdout)["plans"][0]["unit"] == "rays/s"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "options", "code", "message"),
    [
        ("n,value\n1,10\n2,19\n", (), 1, "measure at n = 4"),
        ("n,value\n1,10\n", (), 2, "one distinct n"),
        ("n,value\n1,ten\n", (), 2, "line 2: value is 'ten'"),
        (RAYTRACER, ("--predict", "8,x"), 2, "'x' is not a count"),
        (RAYTRACER, ("--predict", "9" * 5000), 2, "is not a count"),
        (RAYTRACER, ("--owner", "me"), 2, "use one of process, kernel, machine"),
        (RAYTRACER, ("--train-max", "4"), 1, "measure at n = 8"),
    ],
)
def test_what_cannot_be_answered_says_what_to_do(
    tmp_path: Path, text: str, options: tuple[str, ...], code: int, message: str
) -> None:
    """One message on stderr, the promised exit code, nothing on stdout."""
    path = tmp_path / "bad.csv"
    path.write_text(text)
    done = run("fit", path, *options)
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr


@pytest.mark.slow
def test_more_counts_than_memory_holds_are_refused(curve: Path) -> None:
    """The joint forecast grows with the square: the limit is told, and at the limit there is an answer."""
    done = run("fit", curve, "--predict", ",".join(map(str, range(1, 258))))
    assert done.returncode == 2
    assert "at most 256" in done.stderr
    done = run("fit", curve, "--json", "--predict", ",".join(map(str, range(1, 257))))
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["predictions"]) == 256


@pytest.mark.slow
def test_one_core_is_named_in_the_singular(tmp_path: Path) -> None:
    """A curve that only falls is best at 1 core."""
    path = tmp_path / "falling.csv"
    path.write_text("n,value\n1,1000\n2,100\n4,10\n8,1\n")
    told = run("fit", path, "--json")
    assert json.loads(told.stdout)["verdict"].startswith("Throughput is expected to be best at 1 core (")
