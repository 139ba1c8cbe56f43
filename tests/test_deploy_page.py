"""docs/deploy.md: every command on the page runs, and prints what the page says apart from measured numbers."""

import os
import re
from pathlib import Path

import pytest

from cerberus_plan.planner.deploy.all_formats import FORMATS
from tests.documented import Reader, commands

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")


def fixed(line: str) -> str:
    """A line without what differs from run to run or with the machine's costs: times, throughputs, percentages."""
    line = re.sub(r"pinned by .*", "pinned by", line)
    line = re.sub(r"\d x \d took [\d.]+ s", "took", line)
    line = re.sub(r"[\d,.]+ MB/s|\([\d,.]+ to [\d,.]+\)|[\d.]+%", "#", line)
    return re.sub(r"\s+", " ", line).strip()


@pytest.mark.slow
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="the example runs on two cores")
def test_every_command_prints_what_the_page_shows(tmp_path: Path) -> None:
    """Run in order in one folder, like a reader would; throughputs and times may differ."""
    reader = Reader(PAGE, tmp_path, COLUMNS="80")
    assert len(commands(PAGE)) == 8
    for command, shown in commands(PAGE):
        code, lines = reader.runs(command)
        assert code == (3 if "audit" in command else 1 if "--cores-per-vm 48" in command else 0), lines
        printed = {fixed(line) for line in lines}
        for line in shown:
            assert line == "..." or fixed(line) in printed, f"{line!r} is not printed by {command}"


def test_the_table_of_formats_is_complete() -> None:
    """Each format has its row, with the system it is evaluated under."""
    rows = re.findall(r"^\| `([\w-]+)` \| .*? \| `(\w+)` \|", PAGE, re.MULTILINE)
    assert rows == [(name, form.systems[0]) for name, form in FORMATS.items()]


def test_scripts_named_on_the_page_exist() -> None:
    """The servers' scripts are where the page says."""
    for name in re.findall(r"benchmarks/servers/\w+\.py", PAGE):
        assert (ROOT / name).is_file()
