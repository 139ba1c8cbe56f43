"""What the documentation shows is what the program does: commands are run, their output compared, Python executed."""

from __future__ import annotations

import doctest
import importlib.util
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Pages whose examples need prepared files have a test of their own.
TESTED_ELSEWHERE = {"observe.md", "deploy.md", "fleet.md"}


def examples() -> list[tuple[str, str, str]]:
    """Page, command and shown output of every `$ cerberus-plan` line in a console block."""
    found = []
    for page in PAGES:
        if page.name in TESTED_ELSEWHERE:
            continue
        for block in CONSOLE.findall(page.read_text()):
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, shown = part.partition("\n")
                if command.startswith("cerberus-plan"):
                    found.append((page.name, command, shown))
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("page", "command", "shown"), examples())
def test_commands_print_what_the_documentation_shows(page: str, command: str, shown: str, tmp_path: Path) -> None:
    """Every line shown is printed, in order; `...` stands for lines left out."""
    environment = {**os.environ, "CERBERUS_PLAN_HOME": str(tmp_path), "COLUMNS": "100"}
    arguments = [sys.executable, "-m", "cerberus_plan", *shlex.split(command)[1:]]
    done = subprocess.run(
        arguments, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    printed = [line.rstrip() for line in done.stdout.splitlines()]
    pieces = [[line.rstrip() for line in piece.splitlines()] for piece in re.split(r"^\.\.\.\n", shown, flags=re.M)]
    if len(pieces) == 1:
        assert pieces[0] == printed
    for piece in pieces:
        assert piece == [line for line in printed if line in piece], f"{page}: {command}"


@pytest.mark.parametrize(("section", "count"), [("Set up", 2), ("Ask", 1), ("Test", 1)])
def test_four_commands_start_and_ci_runs_them(section: str, count: int) -> None:
    """On a fresh machine two set everything up, one asks, one tests: as CI does it, with the same environment."""
    text = (ROOT / "README.md").read_text().partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    commands = re.findall(r"^    (\S.*)$", CONSOLE.sub("", text), re.MULTILINE)
    assert len(commands) == count
    ran = re.sub(r" --quiet| {2,}#.*", "", (ROOT / ".ci" / "run").read_text())
    assert all(re.search(rf"^{re.escape(command)} *(#.*)?$", ran, re.MULTILINE) for command in commands)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_examples_run(page: Path) -> None:
    """Every Python block gives what it shows."""
    for block in PYTHON.findall(page.read_text()):
        if ">>>" in block:
            runner = doctest.DocTestRunner()
            runner.run(doctest.DocTestParser().get_doctest(block, {}, page.name, str(page), 0))
            assert runner.failures == 0


@pytest.mark.slow
def test_every_command_has_help_and_is_in_the_readme_or_the_help(tmp_path: Path) -> None:
    """Each command of the program explains itself."""
    listed = subprocess.run(
        [sys.executable, "-m", "cerberus_plan", "--help"],
        env={**os.environ},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    names = [file.stem.rstrip("_") for file in (ROOT / "cerberus_plan" / "cli" / "commands").glob("[a-z]*.py")]
    assert len(names) > 10
    for name in names:
        if name == "plan":  # the program itself
            continue
        assert f" {name} " in listed
        done = subprocess.run(
            [sys.executable, "-m", "cerberus_plan", name, "--help"],
            env={**os.environ, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=True,
        )
        usage, sentence = [line.strip() for line in done.stdout.splitlines() if line.strip()][:2]
        assert f" {name} " in usage
        assert re.fullmatch(r"[A-Z].{20,}", sentence)


@pytest.mark.slow
def test_the_front_door_is_light() -> None:
    """`import cerberus_plan` brings in none of the heavy packages, and neither does the main job."""
    heavy = "{'scipy', 'numba', 'sympy', 'altair', 'pandas', 'vl_convert', 'jinja2', 'llvmlite', 'pydantic'}"
    program = (
        "import sys; import cerberus_plan; assert 'numpy' not in sys.modules;"
        "sys.argv = ['cerberus-plan', '--cores', '8', '--machine', 'amd48'];"
        "from cerberus_plan.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"found = {heavy} & set(sys.modules)\n"
        "assert not found, found"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "CERBERUS_PLAN_HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


RUNS = """format = 1
name = "app"
unit = "requests/s"
units_per_cycle = 1.0
operations.compute = { value = 3, unit = "ms" }
measured = [
    { instances = 1, cores_per_instance = 2, value = 600 },
    { instances = 1, cores_per_instance = 2, value = 610 },
    { instances = 1, cores_per_instance = 4, value = 1100 },
    { instances = 2, cores_per_instance = 2, latency_rate = 500, latency_p99 = "9ms" },
]
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ["fit", "curve.csv"],
        ["--machine", "intel16", "--workload", "app.toml"],
        ["--machine", "intel16", "--workload", "app.toml", "--rate", "1000", "--slo", "p99=20ms"],
    ],
)
def test_masked_arrays_are_not_imported(arguments: list[str], tmp_path: Path) -> None:
    """A twentieth of a short command's time, which a median or distinct values of NumPy's would take."""
    (tmp_path / "app.toml").write_text(RUNS)
    (tmp_path / "curve.csv").write_text("n,value\n1,10\n1,10.2\n1,9.9\n2,19\n2,18.8\n2,19.2\n4,34\n8,55\n")
    program = (
        "import sys, numpy; assert 'numpy.ma' not in sys.modules;"
        f"sys.argv = {['cerberus-plan', *arguments]};"
        "from cerberus_plan.__main__ import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "assert 'numpy.ma' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=tmp_path,
        env={**os.environ, "CERBERUS_PLAN_HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    """Every relative link is a file."""
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_page_is_in_the_index() -> None:
    """No page is an orphan."""
    index = (ROOT / "docs" / "README.md").read_text()
    for page in (ROOT / "docs").rglob("*.md"):
        assert page.name == "README.md" or str(page.relative_to(ROOT / "docs")) in index


MENTIONED = sorted(
    {
        (file.relative_to(ROOT).as_posix(), module)
        for folder in ("model", "calibration", "planner", "reports", "cerberus_plan/cli", "docs")
        for file in (ROOT / folder).rglob("*")
        if file.suffix in {".py", ".md", ".toml", ".j2", ".json"}
        for module in re.findall(r"python -m ([a-z_][\w.]*\w)", file.read_text(encoding="utf-8"))
    }
)


@pytest.mark.parametrize("module", sorted({module for _, module in MENTIONED}))
def test_modules_that_are_said_to_run_exist(module: str) -> None:
    """Every `python -m NAME` in code, data and pages is a module that is installed."""
    assert importlib.util.find_spec(module) is not None, [file for file, name in MENTIONED if name == module]
