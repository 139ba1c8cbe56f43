"""`--output`, `cerberus-plan FILE` and `compare`, as real commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

QUESTION = ("--machine", "intel16", "--workload", "apache", "--cores", "8")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as a user runs it, without this host's calibration."""
    environment = {**os.environ, "CERBERUS_PLAN_HOME": "/nonexistent", "COLUMNS": "100"}
    command = [sys.executable, "-m", "cerberus_plan", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An answer in its file, its page and its text."""
    place = tmp_path_factory.mktemp("saved")
    files = ("--output", str(place / "a.json"), "--report", str(place / "a.html"))
    done = run(*QUESTION, "--what-if", "queue-lock", *files)
    assert done.returncode == 0, done.stderr
    assert "cerberus-plan" in done.stderr
    (place / "a.txt").write_text(done.stdout)
    return place


@pytest.mark.slow
def test_the_saved_answer_shows_the_same_again(folder: Path) -> None:
    """Text, page and JSON are those of the command that planned, byte for byte; the short form is the long one."""
    saved = str(folder / "a.json")
    assert run(saved).stdout == run("show", saved).stdout == (folder / "a.txt").read_text()
    assert run(saved, "--report", str(folder / "b.html")).returncode == 0
    assert (folder / "b.html").read_text() == (folder / "a.html").read_text()
    shown = json.loads(run(saved, "--json").stdout)
    kept = json.loads((folder / "a.json").read_text())
    assert kept.pop("command")[0] == "cerberus-plan"
    assert shown == kept
    assert run("--json", saved).stdout == run(saved, "--json").stdout


@pytest.mark.slow
def test_what_json_prints_can_be_read_back(folder: Path) -> None:
    """Any copy of the document is a saved answer, also one that a shell wrote."""
    done = run(*QUESTION, "--json")
    copy = folder / "copy"
    copy.write_text(done.stdout)
    assert run(str(copy), "--json").stdout == done.stdout
    assert run(str(copy)).stdout == run(*QUESTION).stdout


@pytest.mark.slow
def test_a_mixture_shows_the_same_again(folder: Path) -> None:
    """Several workloads planned together are saved like one."""
    saved = str(folder / "mix.json")
    done = run("--machine", "amd48", "--cores", "8", "--mix", "dbench=1,histogram=2", "--output", saved)
    assert done.returncode == 0, done.stderr
    assert run(saved).stdout == done.stdout
    assert set(json.loads(run(saved, "--json").stdout)["mix"]) > {"system", "parts", "placement"}


@pytest.mark.slow
def test_compare_says_what_changed_and_why(folder: Path) -> None:
    """Another machine: the factors multiply to the whole, in words and in JSON."""
    other = str(folder / "other.json")
    assert run("--machine", "amd48", "--workload", "apache", "--cores", "8", "--output", other).returncode == 0
    done = run("compare", str(folder / "a.json"), other, "--json")
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)["workloads"]
    product = 1.0
    for cause in found["causes"]:
        product *= cause["factor"]
    assert product == pytest.approx(found["factor"])
    assert {cause["group"] for cause in found["causes"]} == {"machine"}
    assert found["inputs"]
    text = run("compare", str(folder / "a.json"), other).stdout
    assert "by the machine" in text
    assert "intel16 -> amd48" in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("missing.json",), "there is no such file"),
        (("a.html",), "not JSON"),
        (("--cores", "4", "a.json"), "--cores cannot change a saved answer"),
        (("compare", "a.json", "missing.json"), "there is no such file"),
        ((*QUESTION, "--output", "nowhere/a.json"), "does not exist"),
        ((*QUESTION, "--output", "."), "is a folder"),
    ],
)
def test_what_cannot_be_shown_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], says: str
) -> None:
    """Exit code 2, one sentence, nothing on stdout."""
    monkeypatch.chdir(folder)
    done = run(*arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_deployment_is_sent_to_audit_and_an_answer_to_export(folder: Path) -> None:
    """Both are called plan.json; each command names the other's."""
    target = folder / "deployed"
    exported = run("export", *QUESTION, "--format", "script", "--output", str(target))
    assert exported.returncode == 0, exported.stderr
    shown = run(str(target / "plan.json"))
    assert shown.returncode == 2
    assert "cerberus-plan audit" in shown.stderr
    audited = run("audit", str(folder / "a.json"))
    assert audited.returncode == 2
    assert "cerberus-plan export" in audited.stderr
