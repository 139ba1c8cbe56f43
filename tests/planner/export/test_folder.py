"""A folder is written whole, never over somebody's files."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cerberus_plan.model.errors import CannotAnswerError, InputError
from cerberus_plan.planner.deploy import exchange as exchange_module
from cerberus_plan.planner.deploy.bundle import PLAN_FILE, PLAN_FORMAT, PLAN_VERSION
from cerberus_plan.planner.deploy.exchange import restore
from cerberus_plan.planner.deploy.folder import write_folder


def test_an_empty_or_absent_folder_is_written(tmp_path: Path) -> None:
    """Both end with exactly the files given."""
    (tmp_path / "empty").mkdir()
    for name in ("empty", "absent"):
        write_folder(tmp_path / name, {"a": "1", "b": "2"})
        assert {file.name: file.read_text() for file in (tmp_path / name).iterdir()} == {"a": "1", "b": "2"}


def test_a_full_folder_is_left_alone_without_force(tmp_path: Path) -> None:
    """The user's file survives, and the message says how to replace it."""
    (tmp_path / "mine").write_text("keep")
    with pytest.raises(InputError, match=r"is not empty.*--force"):
        write_folder(tmp_path, {"a": "1"})
    assert [file.name for file in tmp_path.iterdir()] == ["mine"]


def plan_of(*written: str) -> str:
    """A plan.json that lists these files beside itself."""
    return json.dumps(
        {
            "format": PLAN_FORMAT, "version": PLAN_VERSION, "files": "xl", "machine": "amd48", "workload": "dbench",
            "system": "kvm", "throughput": 1.0, "unit": "MB/s", "host_cpus": [], "written": [PLAN_FILE, *written],
            "instances": [{"name": "dbench-00", "cpus": [0], "nodes": [0], "memory_bytes": [1]}],
        }
    )  # fmt: skip


def test_force_replaces_a_deployment_of_ours_whole(tmp_path: Path) -> None:
    """Old files do not mix with new ones, and nothing temporary stays."""
    target = tmp_path / "out"
    write_folder(target, {PLAN_FILE: plan_of("old"), "old": "1"})
    write_folder(target, {PLAN_FILE: plan_of("new"), "new": "2"}, replace=True)
    assert {file.name for file in target.iterdir()} == {PLAN_FILE, "new"}
    assert [file.name for file in tmp_path.iterdir()] == ["out"]


def test_force_replaces_what_exports_without_a_list_wrote(tmp_path: Path) -> None:
    """An old plan.json names its instances: their files are ours."""
    document = json.loads(plan_of())
    del document["written"]
    files = {PLAN_FILE: json.dumps(document), "dbench-00.cfg": "1", "dbench.cpupool": "2", "README.md": "3"}
    write_folder(tmp_path / "out", files)
    write_folder(tmp_path / "out", {"new": "2"}, replace=True)
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["new"]


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"thesis.txt": "keep"}, "holds no plan.json"),
        ({"thesis.txt": "keep", PLAN_FILE: "{}"}, "is not a plan"),
        ({"thesis.txt": "keep", PLAN_FILE: plan_of("old"), "old": "1"}, "also holds thesis.txt"),
        ({"disk.raw": "keep", PLAN_FILE: plan_of()}, "also holds disk.raw"),
    ],
)
def test_force_never_takes_a_strangers_file(tmp_path: Path, files: dict[str, str], complaint: str) -> None:
    """Whatever is in the folder besides our own files makes it a folder that stays."""
    target = tmp_path / "out"
    target.mkdir()
    for name, text in files.items():
        (target / name).write_text(text)
    with pytest.raises(InputError, match=complaint):
        write_folder(target, {"new": "2"}, replace=True)
    assert {file.name: file.read_text() for file in target.iterdir()} == files


def test_force_leaves_the_places_one_stands_in_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working folder, those above it, home and the root are refused even if they look like ours."""
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (inner / PLAN_FILE).write_text(plan_of())
    monkeypatch.chdir(inner)
    for name in (".", "..", "../..", str(tmp_path), "/"):
        with pytest.raises(InputError, match="the folder you are in"):
            write_folder(Path(name), {"new": "2"}, replace=True)
    monkeypatch.chdir("/")
    monkeypatch.setenv("HOME", str(inner))
    with pytest.raises(InputError, match="your home folder"):
        write_folder(inner, {"new": "2"}, replace=True)
    with pytest.raises(InputError, match="file system is mounted"):
        write_folder(Path("/proc"), {"new": "2"}, replace=True)


def test_a_link_is_no_folder_of_ours(tmp_path: Path) -> None:
    """Neither the target nor a file in it may be a link to somewhere else."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(InputError, match="is not a folder"):
        write_folder(tmp_path / "link", {"new": "2"}, replace=True)


KILLED = """
import os, signal, sys
from pathlib import Path
from cerberus_plan.planner.deploy import exchange, folder
real, at = exchange.exchange, sys.argv[2]
if at == "fallback":
    exchange._exchanged = lambda first, second: False
    renames = Path.rename
    Path.rename = lambda self, to: (renames(self, to), os.kill(os.getpid(), signal.SIGKILL))
elif at == "before":
    folder.exchange = lambda fresh, target: os.kill(os.getpid(), signal.SIGKILL)
else:
    folder.exchange = lambda fresh, target: (real(fresh, target), os.kill(os.getpid(), signal.SIGKILL))
folder.write_folder(Path(sys.argv[1]), {"plan.json": sys.argv[3], "new": "2"}, replace=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("at", ["before", "after", "fallback"])
def test_a_kill_leaves_old_or_new_and_the_next_export_cleans_up(tmp_path: Path, at: str) -> None:
    """Killed around the exchange: the folder is whole after the next run at the latest, and nothing else stays."""
    target = tmp_path / "out"
    write_folder(target, {PLAN_FILE: plan_of("old"), "old": "1"})
    command = [sys.executable, "-P", "-c", KILLED, str(target), at, plan_of("new")]
    assert subprocess.run(command, check=False, timeout=60).returncode == -signal.SIGKILL
    if at != "fallback":
        assert {file.name for file in target.iterdir()} == {PLAN_FILE, "old" if at == "before" else "new"}
    restore(target)
    assert {file.name for file in target.iterdir()} == {PLAN_FILE, "new" if at == "after" else "old"}
    assert [file.name for file in tmp_path.iterdir()] == ["out"]


def test_without_exchange_the_folder_is_still_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """File systems that know no exchange get two renames."""
    monkeypatch.setattr(exchange_module, "_exchanged", lambda first, second: False)
    test_force_replaces_a_deployment_of_ours_whole(tmp_path)


def test_two_exports_at_once_leave_one_whole_folder(tmp_path: Path) -> None:
    """Ten threads replace one folder at the same time."""
    write_folder(tmp_path / "out", {PLAN_FILE: plan_of("x"), "x": "0"})
    with ThreadPoolExecutor(10) as pool:
        for _ in pool.map(
            lambda i: write_folder(tmp_path / "out", {PLAN_FILE: plan_of("x"), "x": str(i)}, replace=True), range(10)
        ):
            pass
    assert {file.name for file in (tmp_path / "out").iterdir()} == {PLAN_FILE, "x"}
    assert [file.name for file in tmp_path.iterdir()] == ["out"]


def test_a_failure_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the second file cannot be written, the target does not exist and no temporary folder stays."""
    from cerberus_plan.planner.deploy import folder as module

    written: list[Path] = []

    def fail(path: Path, text: str) -> None:
        if written:
            raise CannotAnswerError("disk full")
        written.append(path)

    monkeypatch.setattr(module, "write_atomically", fail)
    with pytest.raises(CannotAnswerError, match="disk full"):
        write_folder(tmp_path / "out", {"a": "1", "b": "2"})
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    """A file or a missing parent is named."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="is not a folder"):
        write_folder(tmp_path / "file", {"a": "1"})
    with pytest.raises(InputError, match="does not exist; create it first"):
        write_folder(tmp_path / "no" / "out", {"a": "1"})


_ENDED_WHILE_REMOVING = """
import os, shutil, signal, sys
from pathlib import Path
from cerberus_plan.planner.deploy import folder

removes = shutil.rmtree

def ended(path, **options):
    os.kill(os.getpid(), int(sys.argv[2]))  # at the worst moment: the old folder stands beside the new one
    removes(path, **options)

folder.shutil.rmtree = ended
folder._write(Path(sys.argv[1]), {"a": "new"})
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_who_is_ended_while_the_old_folder_goes_leaves_none_of_it(tmp_path: Path, number: signal.Signals) -> None:
    """The new folder is in place, the program ends by the signal, and only then."""
    target = tmp_path / "deployed"
    target.mkdir()
    (target / "a").write_text("old")
    done = subprocess.run([sys.executable, "-c", _ENDED_WHILE_REMOVING, str(target), str(int(number))], check=False)
    assert done.returncode != 0
    assert [path.name for path in tmp_path.iterdir()] == ["deployed"]
    assert (target / "a").read_text() == "new"
