"""`cerberus-plan reproduce` as a user runs it."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run(
        [sys.executable, "-m", "cerberus_plan", "reproduce", *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_json_contract() -> None:
    """The document has the count of free numbers and a row for each quantity."""
    done = run("--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["free_parameters"] == 12
    rows = {row["id"]: row for row in found["facts"]}
    assert rows["hist.pc.linux.48"]["published"] == 37
    assert {row["role"] for row in found["facts"]} == {"input", "calibrated", "predicted", "reported"}
    for row in found["facts"]:
        assert {"id", "published", "predicted", "error", "role"} <= row.keys()


@pytest.mark.slow
def test_terminal_shows_misfits() -> None:
    """Judged and reported quantities, failing orderings and the free numbers are printed."""
    done = run()
    assert done.returncode == 0, done.stderr
    for part in (
        "28 of 30",
        "22 of 25 published numbers",
        "FAILS",
        "dbench, Xen-Linux shadow paging",
        "12 free numbers",
    ):
        assert part in done.stdout


@pytest.mark.slow
def test_times_are_spelt_as_everywhere_else() -> None:
    """Microseconds with their sign, of facts and of free numbers."""
    done = run("--all")
    assert re.search(r"^page_fault_shadow.* µs ", done.stdout.replace("amd48.", ""), re.MULTILINE)
    assert "11.34 µs" in done.stdout
    assert not re.search(r"\d us\b", done.stdout)
