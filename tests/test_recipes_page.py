"""docs/recipes.md: every recipe runs as written, its program gets the numbers it asks for, and the example plans on.

Rates are only bounded from above, by what two cores can do: the host may be busy.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from cerberus_plan.calibration.programs.observe.placeholders import NAMES
from cerberus_plan.calibration.store.catalog import workload
from cerberus_plan.cli.commands.tune import _candidates as candidates
from tests.needs import needed, needed_files, needed_programs
from tests.tiny_onnx import dense_layers

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
FILES = re.findall(r"^```\w+ file=(\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
RECIPES = dict(re.findall(r"^```shell recipe=(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
OF_ONE_THREAD = {"gunicorn", "uvicorn"}  # what a request costs is known, so is what two cores can do
# Program, and what it must have been given for 1 x 2 and for 2 x 1.
GIVEN = {
    "gunicorn": ("gunicorn", "--workers 1 --threads 2", "--workers 2 --threads 1"),
    "uvicorn": ("uvicorn", "--workers 1", "--workers 2"),
    "pool": ("python3", "pool.py 1", "pool.py 2"),
    "mpirun": ("mpirun", "-n 1 --map-by slot:PE=2", "-n 2 --map-by slot:PE=1"),
    "inference": ("python3", "--workers 1 --intra-op 2", "--workers 2 --intra-op 1"),
    "memcached": ("memcached", "-t 2", "-t 1"),
    "postgres": ("pgbench", "-c 2", "-c 1"),
}
ONCE_AN_INSTANCE = {"memcached", "postgres"}
two_cores = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="the page measures on two cores")


def test_placeholders_on_the_page_are_those_there_are() -> None:
    """None is left out, none is invented; {port} is filled in by what runs a server."""
    text = re.sub(r"^```\w+ file=.*?^```$", "", PAGE, flags=re.DOTALL | re.MULTILINE)
    assert set(re.findall(r"\{(\w+)\}", text)) == {*NAMES, "port"}


def test_every_recipe_is_run() -> None:
    """A recipe without a test would be a promise only."""
    assert RECIPES.keys() == {*GIVEN, "openmp"}


@two_cores
@pytest.mark.parametrize("text", sorted(set(re.findall(r"--splits ([0-9x,]+)", PAGE))))
def test_splits_on_the_page_are_taken(text: str) -> None:
    """Also those in the middle of a sentence: n against 2 n + 1 workers needs no 2 n + 1 cores."""
    wanted = [tuple(map(int, split.split("x"))) for split in text.split(",")]
    assert sorted(candidates(["gunicorn", "--workers", "{instances}"], None, text)) == sorted(wanted)


def shell(folder: Path) -> dict[str, str]:
    """The page's files in a folder, and an environment in which its commands mean this program, on two cores."""
    for name, text in FILES:
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "benchmarks").symlink_to(ROOT / "benchmarks")
    tools = folder / "tools"
    tools.mkdir()
    tune = f'exec {sys.executable} -m cerberus_plan tune --cores 2 --json --repeats 1 --warm-ups 0 "$@"'
    _program(tools / "cerberus-plan", f'[ "$1" = tune ] || exec {sys.executable} -m cerberus_plan "$@"\nshift\n{tune}')
    path = f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    return {**os.environ, **root, "PATH": path, "LC_ALL": "C.UTF-8"}


def _program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def watched(program: str, folder: Path, environment: Mapping[str, str]) -> Path:
    """A program in front of the real one that writes down what it is given."""
    real, log = shutil.which(program, path=environment["PATH"]), folder / "given"
    assert real is not None
    log.touch()
    log.chmod(0o666)  # a server may have given up its rights
    _program(folder / "tools" / program, f'echo "$*" >> {log}\nexec {real} "$@"')
    return log


def check_needs(name: str) -> None:
    """Skip loudly without the recipe's program."""
    if name in {"gunicorn", "uvicorn"}:
        needed(name, extra="recipes")
        needed_programs("wrk")
    elif name == "inference":
        needed("onnxruntime", extra="recipes")
    elif name == "postgres":
        needed_programs("pgbench", "setpriv")
        needed_files("PostgreSQL", *list(Path("/usr/lib/postgresql").glob("*/bin/initdb"))[:1] or [Path("initdb")])
    else:
        programs = {"openmp": ["gcc"], "mpirun": ["gcc", "mpirun"], "memcached": ["gcc", "memcached"]}
        needed_programs(*programs.get(name, []))


@pytest.mark.slow
@pytest.mark.hardware
@two_cores
@pytest.mark.parametrize("name", RECIPES)
def test_recipe(name: str, tmp_path: Path) -> None:
    """Both splits are run, each program is told its split, and the best of them is recommended."""
    check_needs(name)
    environment = shell(tmp_path)
    (tmp_path / "model.onnx").write_bytes(dense_layers(width=256, layers=3, batch=16))
    log = watched(GIVEN[name][0], tmp_path, environment) if name in GIVEN else None
    done = subprocess.run(
        ["sh", "-ec", RECIPES[name]],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    rates = {(run["instances"], run["cores_per_instance"]): run["value"] for run in answer["runs"]}
    assert set(rates) == ({(1, 1), (2, 1)} if name == "uvicorn" else {(1, 2), (2, 1)})
    assert min(rates.values()) > 0
    best = (answer["best"]["instances"], answer["best"]["cores_per_instance"])
    assert rates[best] == max(rates.values())
    if name in OF_ONE_THREAD:
        assert max(rates.values()) < 1.5 * 2 / page_s(tmp_path)
    if log is not None:
        given = log.read_text(encoding="utf-8")
        assert all(wanted in given for wanted in GIVEN[name][1:]), given
        if name in ONCE_AN_INSTANCE:
            ports = re.findall(r"-p (\d+)", given)
            assert len(set(ports)) == 3  # one of 1 x 2, two of 2 x 1


def page_s(folder: Path) -> float:
    """What the recipe's page costs at best, in this process [s]."""
    found: dict[str, object] = {}
    exec((folder / "app.py").read_text(encoding="utf-8"), found)  # the page's own program
    page, times = found["page"], []
    for _ in range(200):
        started = time.perf_counter()
        page()  # type: ignore[operator]
        times.append(time.perf_counter() - started)
    return min(times)


def test_the_network_that_recipes_are_tested_with_is_what_it_says() -> None:
    """Each layer averages what it gets, so ones stay ones: the file is read as it was meant."""
    needed("onnxruntime", extra="recipes")
    import onnxruntime

    session = onnxruntime.InferenceSession(dense_layers(width=8, layers=2, batch=3))
    (answer,) = session.run(None, {"input": np.ones((3, 8), np.float32)})
    np.testing.assert_allclose(answer, np.ones((3, 8)), rtol=1e-6)


@pytest.mark.slow
@two_cores
def test_the_example_runs_from_observation_to_plan(tmp_path: Path) -> None:
    """Both commands answer; the workload holds the three splits and the plan rests on them."""
    environment, answers = shell(tmp_path), []
    for command in re.findall(r"^\$ (.*)$", PAGE, re.MULTILINE):
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr
        answers.append(done.stdout)
    kept = workload(str(tmp_path / "worker.workload.toml")).measured
    assert {(m.instances, m.cores_per_instance) for m in kept} == {(1, 1), (1, 2), (2, 1)}
    assert "splits of 2 cores" in answers[0]
    assert "extrapolated: runs reach 2 cores" in answers[1].replace("\n", " ")
