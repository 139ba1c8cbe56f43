"""docs/observe.md: every command on the page runs, and prints what the page says apart from measured numbers."""

import json
import os
import re
import shlex
from pathlib import Path

import pytest

from cerberus_plan.calibration.programs.imports.readers import FORMATS
from cerberus_plan.calibration.programs.observe import served
from cerberus_plan.calibration.programs.observe.meter import Meter
from cerberus_plan.calibration.programs.observe.placeholders import fill, known
from cerberus_plan.cli.commands.observe import observe
from cerberus_plan.model.system_calls import CALLS_OF
from cerberus_plan.model.vocabulary import OPERATIONS
from tests.documented import Reader, commands

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "observe.md").read_text(encoding="utf-8")
REFUSED = "bad.csv"  # the one example that shows a refusal


def skeleton(line: str) -> str:
    """A line without its numbers, units of time, rules and spaces."""
    return re.sub(r"[\d.,]+|\b(?:ns|µs|ms|s|%)(?=\W|$)|[^\w{}/:'-]", "", line)


@pytest.mark.slow
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="the example measures on two cores")
def test_every_command_prints_what_the_page_shows(tmp_path: Path) -> None:
    """Run in order in one folder, like a reader would; shown lines are printed, with other numbers."""
    reader = Reader(PAGE, tmp_path)
    assert len(commands(PAGE)) == 5
    for command, shown in commands(PAGE):
        code, lines = reader.runs(command)
        assert code == (2 if REFUSED in command else 0), lines
        printed = {skeleton(line) for line in lines}
        for line in shown:
            assert line == "..." or skeleton(line) in printed, f"{line!r} is not printed by {command}"


def servers() -> list[list[str]]:
    """Words of each command of the section on servers."""
    section = PAGE.split("## Servers")[1].split("\n## ")[0]
    lines = re.findall(r"^    (cerberus-plan .*?[^\\])$", section, re.MULTILINE | re.DOTALL)
    return [shlex.split(line.replace("\\\n", " ")) for line in lines]


@pytest.mark.parametrize("words", servers(), ids=lambda words: words[3].split()[0])
def test_every_server_on_the_page_is_understood(words: list[str]) -> None:
    """Options that there are, a server with a port of its own, a load that asks it there, a pattern with a number."""
    given = dict(zip(words[2::2], words[3::2], strict=True))
    assert words[:2] == ["cerberus-plan", "observe"]
    assert {name[2:].replace("-", "_") for name in given} <= set(observe.__kwdefaults__ or {})
    values = known(instances=1, instance=0, cores=2, cpus=[0, 1])
    spec = json.loads(fill(served.command(given["--server"], given["--load"]), values)[-1])
    assert "{port}" in " ".join(spec["server"])
    assert "{port}" in " ".join(spec["load"])
    assert not re.search(r"\{(?!port)", " ".join([*spec["server"], *spec["load"]]))
    assert Meter.of(rate=given["--regex"]).unit == "operation"
    assert served.loads_unlike(served.command(given["--server"], given["--load"])) is None


def test_the_table_of_formats_is_complete() -> None:
    """Each format that can be read has its row, and no row is about anything else."""
    section = PAGE.split("## Files you have already")[1]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == sorted(
        FORMATS, key=lambda name: section.index(f"| `{name}`")
    )


def test_the_table_of_operations_names_real_operations() -> None:
    """Every operation on the page is one that a workload file may hold, and all that are derived are there."""
    section = PAGE.split("## From demand to workload")[1].split("## ")[0]
    named = {
        name for row in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    }
    assert named <= OPERATIONS.keys()
    assert CALLS_OF.keys() <= named


def test_options_on_the_page_exist() -> None:
    """Long options that the page gives to observe are parameters of the command."""
    options = {"--no-probe", "--seed", "--regex", "--time-regex", "--timeout", "--time"}
    assert all(f"`{option}" in PAGE for option in options)
    names = {"probe", "seed", "regex", "time_regex", "timeout", "by_time"}
    assert observe.__kwdefaults__ is not None
    assert names <= observe.__kwdefaults__.keys()
