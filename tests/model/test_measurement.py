"""Runs of splits: which systems they are runs of is said in one place."""

from __future__ import annotations

import re
from pathlib import Path

from cerberus_plan.model.measurement import ONE, SEVERAL, ran_on
from cerberus_plan.model.systems.registry import SYSTEMS

ROOT = Path(__file__).parents[2]


def test_one_instance_is_a_linux_and_several_are_processes() -> None:
    """Both are systems that a plan knows, and differ."""
    assert ran_on(1) == ONE == SYSTEMS[ONE].name
    assert {ran_on(n) for n in range(2, 100)} == {SEVERAL} == {SYSTEMS[SEVERAL].name}
    assert ONE != SEVERAL


def test_it_is_said_once() -> None:
    """Two lists of the same names drift apart, and so does a choice between them that is made again."""
    rooms = ("model", "calibration", "planner", "reports", "cerberus_plan/cli", "benchmarks")
    said = re.compile(rf'"{ONE}", "{SEVERAL}"|"{ONE}"\s+if\s[^"]*\selse\s+"{SEVERAL}"')
    files = (file for room in rooms for file in (ROOT / room).rglob("*.py"))
    assert [file.name for file in files if said.search(file.read_text())] == ["measurement.py"]
