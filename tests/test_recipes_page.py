"""docs/recipes.md: its example runs from observation to plan, and every placeholder on the page exists."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cerberus_plan.calibration.programs.observe.placeholders import NAMES
from cerberus_plan.calibration.store.catalog import workload

PAGE = (Path(__file__).parents[1] / "docs" / "recipes.md").read_text(encoding="utf-8")


def test_placeholders_on_the_page_are_those_there_are() -> None:
    """None is left out, none is invented; {port} is filled in by what runs a server."""
    assert set(re.findall(r"\{(\w+)\}", re.sub(r"```python.*?```", "", PAGE, flags=re.DOTALL))) == {*NAMES, "port"}


@pytest.mark.slow
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="the example measures on two cores")
def test_the_example_runs_from_observation_to_plan(tmp_path: Path) -> None:
    """Both commands answer; the workload holds the three splits and the plan rests on them."""
    (tmp_path / "worker.py").write_text(re.findall(r"```python file=worker.py\n(.*?)```", PAGE, re.DOTALL)[0])
    (tmp_path / "cerberus-plan").write_text(f'#!/bin/sh\nexec {sys.executable} -m cerberus_plan "$@"\n')
    (tmp_path / "cerberus-plan").chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
    answers = []
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
