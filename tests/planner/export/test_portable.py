"""A deployment carries its machine and workload: it is audited on another host, from any folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cerberus_plan.calibration.store import catalog

DATA = Path(catalog.__file__).parents[2] / "model" / "data"


def cerberus_plan(*words: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the program in a folder."""
    command = [sys.executable, "-m", "cerberus_plan", *map(str, words)]
    environment = os.environ | {"PYTHONSAFEPATH": "1"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.slow
def test_files_travel_with_the_deployment(tmp_path: Path) -> None:
    """Exported with machine and workload files, moved, the files removed: audit still finds and prices everything."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    machine, workload = here / "my machine.toml", here / "load.toml"
    machine.write_text((DATA / "machines" / "amd48.toml").read_text().replace('"amd48"', '"mine"'))
    workload.write_text((DATA / "workloads" / "dbench.toml").read_text().replace('"dbench"', '"load"'))
    asked = ("--cores", "48", "--machine", machine.name, "--workload", workload.name, "--format", "libvirt")
    done = cerberus_plan("export", *asked, "--output", "out", folder=here)
    assert done.returncode == 0, done.stderr
    plan = json.loads((here / "out" / "plan.json").read_text())
    assert (plan["machine"], plan["workload"]) == ("machine.toml", "workload.toml")
    shutil.move(here / "out", there / "out")
    shutil.rmtree(here)
    audited = cerberus_plan("audit", "out", "--json", folder=there)
    assert audited.returncode == 0, audited.stderr
    assert json.loads(audited.stdout)["deviations"] == []
