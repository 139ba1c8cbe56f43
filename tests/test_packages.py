"""One package is installed: list, folders, links and wheel show the same tree, and meet nobody's names."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

import cerberus_plan

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("model", "calibration", "planner", "reports")
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
# What a user may have in the folder where the program is started; importing one of them is the failure looked for.
NEIGHBOURS = ("model.py", "planner.py", "calibration/__init__.py", "reports/__init__.py", "vl_convert.py", "altair.py")


def _folders() -> set[str]:
    found = {"cerberus_plan"}
    for folder in (*(ROOT / room for room in ROOMS), ROOT / "cerberus_plan" / "cli"):
        found |= {".".join(file.parent.relative_to(ROOT).parts) for file in folder.rglob("__init__.py")}
    return {name if name.startswith("cerberus_plan") else f"cerberus_plan.{name}" for name in found}


def test_the_list_of_packages_is_the_tree() -> None:
    """A new folder that is not listed would be missing from what is installed."""
    assert set(SETTINGS["packages"]) == _folders()
    assert SETTINGS["package-dir"] == {f"cerberus_plan.{room}": room for room in ROOMS}


def test_every_folder_with_code_is_a_package() -> None:
    """A folder without __init__.py would be installed by nobody."""
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            assert (file.parent / "__init__.py").is_file(), file


@pytest.mark.parametrize("room", ROOMS)
def test_links_show_tools_the_rooms(room: str) -> None:
    """Editors, type checkers and the import contract find ``cerberus_plan.model`` where it is imported from."""
    assert str((ROOT / "cerberus_plan" / room).readlink()) == f"../{room}"


def test_ci_tests_what_is_installed() -> None:
    """In CI the package comes from the wheel, not from the folder of the sources."""
    place = Path(cerberus_plan.__file__).resolve()
    if os.environ.get("CERBERUS_PLAN_CI"):
        assert place.is_relative_to(sysconfig.get_path("purelib")), place
    assert place.name == "__init__.py"


def _build(tmp_path: Path, what: str) -> Path:
    program = f"import sys; from setuptools import build_meta; print(build_meta.build_{what}(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return tmp_path / done.stdout.strip().splitlines()[-1]


def _tracked() -> set[str]:
    listed = subprocess.run(["git", "ls-files", *ROOMS], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("NOT TESTED: not a git checkout, so it cannot be told which files belong")
    return set(listed.stdout.split())


@pytest.mark.slow
def test_the_wheel_holds_every_file_under_one_name(tmp_path: Path) -> None:
    """site-packages gains exactly one import name, and data files come along."""
    names = zipfile.ZipFile(_build(tmp_path, "wheel")).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"cerberus_plan"}
    assert {f"cerberus_plan/{file}" for file in _tracked()} <= set(names)
    assert "cerberus_plan/py.typed" in names


@pytest.mark.slow
def test_after_uninstalling_nothing_is_left(tmp_path: Path) -> None:
    """Install, run, uninstall: site-packages is as before; compiled loops are in the user's cache folder."""
    wheel = _build(tmp_path, "wheel")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    site = Path(next((tmp_path / "venv" / "lib").glob("python*/site-packages")))
    ours = [path for path in sys.path if path.endswith("site-packages")]
    (site / "others.pth").write_text("".join(f"{path}\n" for path in ours))
    before = {str(path) for path in site.rglob("*") if "__pycache__" not in path.parts}
    pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "-q", "--no-deps", "--no-index", "--ignore-installed", str(wheel)], check=True)
    assert {Path(path).relative_to(site).parts[0] for path in _new(site, before)} == {
        "cerberus_plan", f"cerberus_plan-{cerberus_plan.__version__}.dist-info"
    }  # fmt: skip
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": ""}
    environment.pop("NUMBA_CACHE_DIR", None)
    words = ["simulate", "--machine", "amd48", "--workload", "dbench", "--cores", "2", "--completions", "2000"]
    subprocess.run(
        [str(python.parent / "cerberus-plan"), *words], cwd=tmp_path, env=environment, check=True, capture_output=True
    )
    assert any((tmp_path / "cache" / "cerberus-plan").rglob("*.nbi"))
    subprocess.run([*pip, "uninstall", "-q", "-y", "cerberus-plan"], check=True)
    assert _new(site, before) == set()


def _new(site: Path, before: set[str]) -> set[str]:
    return {str(path) for path in site.rglob("*") if "__pycache__" not in path.parts} - before


@pytest.fixture
def neighbours(tmp_path: Path) -> Path:
    """A working folder whose files have the names of our rooms and of what we import; each leaves a mark when run."""
    for name in NEIGHBOURS:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"open({str(tmp_path / 'RUN')!r}, 'a').write({name + chr(10)!r})\n")
    return tmp_path


def _started(neighbours: Path, *arguments: str) -> str:
    environment = {**os.environ, "CERBERUS_PLAN_HOME": str(neighbours / "home")}
    done = subprocess.run(
        arguments, cwd=neighbours, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    mark = neighbours / "RUN"
    return mark.read_text() if mark.exists() else ""


SCRIPT = str(Path(sys.executable).parent / "cerberus-plan")


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        (sys.executable, "-c", "import cerberus_plan; cerberus_plan.solve"),
        (sys.executable, "-m", "cerberus_plan", "--version"),
        (sys.executable, "-m", "cerberus_plan", "--machine", "amd48", "--workload", "histogram", "--cores", "4"),
        (SCRIPT, "--machine", "amd48", "--workload", "histogram", "--cores", "4", "--report", "r.html"),
        (SCRIPT, "simulate", "--machine", "amd48", "--workload", "dbench", "--cores", "2", "--completions", "2000"),
    ],
    ids=["import", "module", "main-job", "report", "simulate"],
)
def test_neighbours_with_our_names_are_not_run(arguments: tuple[str, ...], neighbours: Path) -> None:
    """Neither the program nor a child of it imports from the folder it is started in."""
    assert _started(neighbours, *arguments) == ""


@pytest.mark.slow
@pytest.mark.hardware
def test_calibration_does_not_run_neighbours(neighbours: Path) -> None:
    """The measuring processes see what is installed only."""
    assert _started(neighbours, SCRIPT, "calibrate", "--quick", "--only", "syscall", "--output", "p.json") == ""


def test_version_is_the_packages() -> None:
    """One home for the version."""
    done = subprocess.run([SCRIPT, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"cerberus-plan {cerberus_plan.__version__}\n"
