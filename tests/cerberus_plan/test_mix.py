"""`--mix`: several workloads on one machine, from the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.cli.mixtures import weights
from cerberus_plan.model.errors import InputError

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CERBERUS_PLAN_HOME": "/nonexistent", "COLUMNS": "120"}
    command = [sys.executable, "-m", "cerberus_plan", "--cores", "24", "--machine", "amd48", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.slow
@given(st.dictionaries(st.text("abcdefgh-_./", min_size=1), st.floats(0.01, 1e6), min_size=1))
def test_weights_are_read_back(mixture: dict[str, float]) -> None:
    """Names may be paths; the weight is behind the last equals sign."""
    assert dict(weights(",".join(f"{name}={weight!r}" for name, weight in mixture.items()))) == mixture


@pytest.mark.parametrize("text", ["", "=2", "a=x", "a=1,,b=2"])
def test_bad_mixtures_are_refused(text: str) -> None:
    """The message shows how it is written."""
    with pytest.raises(InputError, match="NAME=WEIGHT"):
        weights(text)


@pytest.mark.slow
def test_a_mixture_shares_the_cores() -> None:
    """Text and JSON tell the same allocation; no core is given twice."""
    mixture = ("--mix", "dbench=2,histogram=1", "--system", "cerberus")
    found = json.loads(run(*mixture, "--json").stdout)["mix"]
    assert [part["workload"] for part in found["parts"]] == ["dbench", "histogram"]
    assert sum(sum(part["split"]) for part in found["parts"]) == found["cores"] <= 24
    for part in found["parts"]:
        assert 0.0 < part["low"] <= part["throughput"] <= part["high"]
        assert part["throughput"] >= found["level"] * part["share"] * part["alone"] * (1 - 1e-9)
    text = run(*mixture).stdout
    assert f"{found['level']:.2f} times its share" in " ".join(text.split())


@pytest.mark.slow
def test_a_mixture_cannot_be_combined_with_single_workloads() -> None:
    """One question at a time."""
    done = run("--mix", "dbench=1,histogram=1", "--workload", "dbench")
    assert done.returncode == 2
    assert "--mix plans its own workloads" in done.stderr
    assert "Traceback" not in done.stderr
