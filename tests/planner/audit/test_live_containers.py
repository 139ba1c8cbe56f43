"""Containers are found by the identity that their program tells; memory policies are those of most pages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.planner.audit.containers import containers, identity_of
from cerberus_plan.planner.audit.live import Host, find_live
from cerberus_plan.planner.audit.memory_policy import policy_of
from tests.needs import needed_programs
from tests.planner.audit.deployed import fake_process

ONE, TWO = "ab" * 32, "cd" * 32


# As Docker 28 and Podman 4.3 print them.
LABELS = {
    "docker": '"com.docker.compose.project=project,com.docker.compose.service=work-01,x=a=b"',
    "podman": '{"com.docker.compose.project":"project","com.docker.compose.service":"work-01"}',
}


@pytest.fixture(params=LABELS)
def runtime(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program called docker that lists two containers, one of them a Compose service."""
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    service = LABELS[request.param]
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{ONE}\twork-00\tnull\n{TWO}\tproject-work-01-1\t{service}\nEND\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return program


@pytest.mark.parametrize("form", ["docker-{}.scope", "{}", "libpod-{}.scope"])
def test_containers_are_found_by_identity(tmp_path: Path, runtime: Path, form: str) -> None:
    """By name and by Compose service, in each way that control groups are named."""
    root = tmp_path / "cgroup" / "system.slice"
    for identity, cpus, pid in ((ONE, "0-1", 10), (TWO, "2-5", 20)):
        group = root / form.format(identity)
        group.mkdir(parents=True)
        (group / "cpuset.cpus.effective").write_text(cpus + "\n")
        (group / "cgroup.procs").write_text(f"{pid}\n")
        fake_process(tmp_path / "proc", pid, {pid: ("server", cpus)})
    host = Host(proc=tmp_path / "proc", cgroup=tmp_path / "cgroup", runtimes=("docker",))
    assert {each.name: each.cpus for each in find_live(["work-00", "work-01", "work-02"], {}, host)} == {
        "work-00": {0, 1},
        "work-01": {2, 3, 4, 5},
    }


def test_a_daemon_that_is_not_there_has_no_containers(runtime: Path) -> None:
    """Neither has a program that is not installed."""
    runtime.write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n")
    assert containers(["work-00"], ("docker", "no-such-runtime")) == {}


@given(st.text(max_size=80))
def test_only_identities_are_identities(text: str) -> None:
    """A control group of any other name holds no container."""
    assert identity_of(text) == ""
    assert identity_of(f"docker-{ONE}.scope") == ONE


MAPS = [
    ("7f00 bind:1 anon=900 dirty=900 N1=900 kernelpagesize_kB=4\n7f10 default file=/lib/c.so mapped=5000 N0=5000\n",
     "bind", {1}),
    ("7f00 default anon=9 N0=9 kernelpagesize_kB=4\n7f10 bind=static:0-1 anon=5 N0=3 N1=2 kernelpagesize_kB=2048\n",
     "bind", {0, 1}),
    ("7f00 prefer:2 anon=9 N2=9\n", "preferred", {2}),
    ("7f00 interleave:0-3 anon=9 N0=3 N1=6\n", "interleave", {0, 1, 2, 3}),
    ("7f00 default anon=9 N0=9\n", "", set()),
]  # fmt: skip


@pytest.mark.parametrize(("text", "name", "nodes"), MAPS)
def test_the_policy_of_most_pages_counts(tmp_path: Path, text: str, name: str, nodes: set[int]) -> None:
    """Files' pages do not count, large pages by their size."""
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "numa_maps").write_text(text)
    assert policy_of(tmp_path, [7, 8]) == (name, nodes)


@pytest.mark.hardware
def test_what_numactl_binds_is_read(tmp_path: Path) -> None:
    """A real process under numactl: its policy is seen, and that of one without is not."""
    needed_programs("numactl")
    code = "input()"
    for prefix, policy in ((["numactl", "--membind=0"], "bind"), (["numactl", "--preferred=0"], "preferred"), ([], "")):
        child = subprocess.Popen(
            [*prefix, sys.executable, "-c", f"print(flush=True); {code}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        try:
            assert child.stdout is not None
            child.stdout.readline()
            found = policy_of(Path("/proc"), [child.pid])
            (seen,) = find_live(["x-00"], {"x-00": child.pid}, Host(cgroup=tmp_path, runtimes=()))
        finally:
            child.communicate(b"\n", timeout=30)
        assert found == (policy, {0} if policy else set())
        assert seen.policy == ("preferred" if policy == "preferred" else "")
        assert seen.nodes == {0} or not policy
