"""Who else is pinned to a deployment's CPUs is found, priced, and never confused with what may run anywhere."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.audit.beside import neighbours
from cerberus_plan.planner.audit.compare import compare, planned_pins
from cerberus_plan.planner.audit.deviation import Verdict
from cerberus_plan.planner.audit.live import Host, find_live
from cerberus_plan.planner.audit.neighbours import Neighbour, running
from cerberus_plan.planner.audit.price import Pricer
from cerberus_plan.planner.audit.promised import Promise, read_promise
from cerberus_plan.planner.deploy.all_formats import read_files
from cerberus_plan.planner.deploy.seen import Seen
from cerberus_plan.planner.placing.distance import distances_of
from tests.planner.audit.deployed import AMD48, deploy, fake_process


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 VMs of two CPUs on the paper's machine."""
    return deploy("libvirt", tmp_path_factory.mktemp("plan"))


@cache
def plan_of(folder: Path) -> tuple[Promise, tuple[Seen, ...], Pricer]:
    """Promise, files and prices of a folder."""
    promise = read_promise(folder)
    system, workload = SYSTEMS[promise.system], catalog.workload(promise.workload)
    pricer = Pricer(AMD48, workload, system, planned_pins(promise), distances_of(AMD48))
    return promise, tuple(read_files(promise.files, folder)), pricer


def audited_beside(folder: Path, beside: Sequence[Neighbour]) -> Verdict:
    """The verdict on a folder's files with these neighbours."""
    promise, found, pricer = plan_of(folder)
    return compare(promise, found, pricer, topology=AMD48.topology, neighbours=beside)


def neighbour(*pins: Sequence[int]) -> Neighbour:
    """Somebody with a busy thread on each of these sets of CPUs."""
    return Neighbour(name="somebody", source="process 7", pins=tuple(frozenset(pin) for pin in pins))


def test_a_busy_thread_on_each_cpu_halves_an_instance(folder: Path) -> None:
    """Half of one of 24 equal instances; the deviation names the CPUs and who is there."""
    verdict = audited_beside(folder, [neighbour([2], [3])])
    (deviation,) = verdict.deviations
    assert (deviation.instance, deviation.kind) == ("dbench-01", "overlap")
    assert deviation.what == "CPU 2-3 also used by somebody"
    assert deviation.price == pytest.approx(0.5 / 24)
    assert verdict.total_price == pytest.approx(0.5 / 24)


@given(st.lists(st.sets(st.integers(0, 63), min_size=1, max_size=6), max_size=5), st.integers(0, 63))
def test_more_neighbours_never_cost_less(folder: Path, pins: list[set[int]], more: int) -> None:
    """Prices are between nothing and all, grow with every thread, and are those of instances with a neighbour."""
    promise = read_promise(folder)
    fewer = audited_beside(folder, [neighbour(*map(sorted, pins))] if pins else [])
    after = audited_beside(folder, [neighbour(*map(sorted, pins), [more])])
    assert 0.0 <= fewer.total_price <= after.total_price + 1e-12 <= 1.0
    taken = {cpu for pin in [*pins, {more}] for cpu in pin}
    hit = {each.name for each in promise.instances if taken & {*each.cpus}}
    assert {each.instance for each in after.deviations if each.kind == "overlap"} == hit
    assert all(each.price is not None and 0.0 < each.price <= after.total_price + 1e-12 for each in after.deviations)


def test_one_plan_deployed_twice_is_half_a_machine_each(folder: Path, tmp_path: Path) -> None:
    """Every CPU serves two, every node's memory is promised twice, every name is given twice."""
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    promise = read_promise(folder)
    beside = neighbours([copy], promise, [], AMD48.topology, live=False)
    verdict = audited_beside(folder, beside)
    assert verdict.total_price == pytest.approx(0.5)
    kinds = {kind: [each for each in verdict.deviations if each.kind == kind] for kind in ("overlap", "memory")}
    assert len(kinds["overlap"]) == 24 + 1
    assert any(each.what.startswith("this and 23 other names are given in") for each in kinds["overlap"])
    assert {each.instance for each in kinds["memory"]} == {f"node {node}" for node in range(8)}
    assert "14.4 GiB here and 14.4 GiB of others of 16.0 GiB" in kinds["memory"][0].what


def test_deployments_on_other_cpus_are_no_neighbours(folder: Path, tmp_path: Path) -> None:
    """Of two plans of half the machine each, written to different CPUs, neither says anything."""
    halves = []
    for name, keep in (("low", range(12)), ("high", range(12, 24))):
        half = tmp_path / name
        shutil.copytree(folder, half)
        record = json.loads((half / "plan.json").read_text())
        record["instances"] = [record["instances"][i] for i in keep]
        (half / "plan.json").write_text(json.dumps(record))
        for i in {*range(24)} - {*keep}:
            (half / f"dbench-{i:02d}.xml").unlink()
        halves.append(half)
    low = read_promise(halves[0])
    assert audited_beside(halves[0], neighbours([halves[1]], low, [], AMD48.topology, live=False)).deviations == ()


def test_what_is_no_other_deployment_here_is_refused(folder: Path, tmp_path: Path) -> None:
    """The deployment itself, one of another machine, and what is no deployment at all."""
    promise = read_promise(folder)
    with pytest.raises(InputError, match="is the deployment that is audited"):
        neighbours([folder / "plan.json"], promise, [], AMD48.topology, live=False)
    record = json.loads((folder / "plan.json").read_text()) | {"machine": "intel16"}
    (tmp_path / "plan.json").write_text(json.dumps(record))
    with pytest.raises(InputError, match="was planned for intel16, whose CPUs are not those of amd48"):
        neighbours([tmp_path], promise, [], AMD48.topology, live=False)
    (tmp_path / "plan.json").write_text("[]")
    with pytest.raises(InputError, match="is not a plan"):
        neighbours([tmp_path], promise, [], AMD48.topology, live=False)


def test_an_instance_with_two_files_is_one_neighbour(tmp_path: Path) -> None:
    """Job script and rank file of Slurm start the same instance: one of them runs, as many threads as it has CPUs."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for folder in (ours, theirs):
        folder.mkdir()
        deploy("slurm", folder)
    promise = read_promise(ours)
    beside = neighbours([theirs], promise, [], AMD48.topology, live=False)
    assert sorted(each.twin for each in beside) == [f"dbench-{i:02d}" for i in range(24)]
    assert all(len(each.pins) == 2 for each in beside)
    verdict = audited_beside(ours, beside)
    assert verdict.total_price == pytest.approx(0.5)  # it was two thirds when each file counted
    (twins,) = [each for each in verdict.deviations if "given in" in each.what]
    assert twins.what.startswith("this and 23 other names")


def test_of_two_files_that_differ_the_worse_one_counts(tmp_path: Path) -> None:
    """Who starts the neighbour is not known: what takes more of this deployment's CPUs is told."""
    folder, other = tmp_path / "ours", tmp_path / "other"
    for each in (folder, other):
        each.mkdir()
    halves(deploy("slurm", folder), range(12))
    halves(deploy("slurm", other), range(12, 24))
    ranks = other / "rankfile"
    ranks.write_text(ranks.read_text().replace("rank 13=+n0 slot=26-27", "rank 13=+n0 slot=3"))
    beside = neighbours([other], read_promise(folder), [], AMD48.topology, live=False)
    assert {cpu for each in beside for cpu in each.cpus if cpu < 24} == {3}
    assert len({each.name for each in beside}) == len(beside)


def halves(folder: Path, keep: range) -> None:
    """Only these instances in plan and files of a Slurm job; the others run nowhere."""
    record = json.loads((folder / "plan.json").read_text())
    record["instances"] = [record["instances"][i] for i in keep]
    (folder / "plan.json").write_text(json.dumps(record))
    idle = 47 if keep.start else 24
    job = (folder / "job.sh").read_text()
    masks = [hex(3 << (2 * i)) if i in keep else hex(1 << idle) for i in range(24)]
    (folder / "job.sh").write_text(re.sub(r"mask_cpu:\S+", "mask_cpu:" + ",".join(masks), job))
    lines = [f"rank {i}=+n0 slot={f'{2 * i}-{2 * i + 1}' if i in keep else idle}" for i in range(24)]
    (folder / "rankfile").write_text("\n".join(lines) + "\n")


def test_a_folder_given_twice_is_one_deployment(folder: Path, tmp_path: Path) -> None:
    """By the same name, by its plan, by a link: nobody is on a CPU twice."""
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (tmp_path / "link").symlink_to(copy)
    promise = read_promise(folder)
    once = neighbours([copy], promise, [], AMD48.topology, live=False)
    again = [copy, copy, copy / "plan.json", tmp_path / "link", copy / ".." / "copy"]
    assert neighbours(again, promise, [], AMD48.topology, live=False) == once


@pytest.mark.parametrize("system", ["hurd", "KVM", "linux "])
def test_a_system_that_nobody_knows_is_refused_where_the_plan_is_read(
    system: str, folder: Path, tmp_path: Path
) -> None:
    """A neighbour whose system is unknown was taken for one without memory of its own."""
    record = json.loads((folder / "plan.json").read_text()) | {"system": system}
    (tmp_path / "plan.json").write_text(json.dumps(record))
    expected = rf"plan\.json: system = '{system}' is unknown.*use one of .*kvm"
    with pytest.raises(InputError, match=expected):
        read_promise(tmp_path)
    with pytest.raises(InputError, match=expected):
        neighbours([tmp_path], read_promise(folder), [], AMD48.topology, live=False)


def test_emulator_threads_where_they_were_planned_are_no_deviation(tmp_path: Path) -> None:
    """A neighbour on the host's CPUs takes nothing that was promised; on an instance's, or elsewhere, it is told."""
    folder = deploy("libvirt", tmp_path, host_cores=4)
    host = read_promise(folder).host_cpus
    assert audited_beside(folder, [neighbour(host)]).deviations == ()
    (overlap,) = audited_beside(folder, [neighbour(host), neighbour([20])]).deviations
    assert (overlap.kind, overlap.cpus) == ("overlap", (20,))


def test_emulator_threads_on_a_neighbours_cpus_are_told(tmp_path: Path) -> None:
    """Where nothing was planned, neither for instances nor for the host: a CPU of a neighbour's only."""
    folder = deploy("libvirt", tmp_path, host_cores=4)
    record = json.loads((folder / "plan.json").read_text())
    away = record["host_cpus"].pop()
    (folder / "plan.json").write_text(json.dumps(record))
    found = audited_beside(folder, [neighbour([away])]).deviations
    assert {(each.kind, each.instance) for each in found} == {("emulator", f"dbench-{i:02d}") for i in range(22)}
    assert all("of somebody" in each.what for each in found)


def placed(proc: Path, pid: int, threads: list[tuple[str, str]], *, parent: int = 1, command: str = "") -> None:
    """A process whose threads have these names and CPUs."""
    fake_process(proc, pid, {pid + i: thread for i, thread in enumerate(threads)}, command)
    (proc / str(pid) / "status").write_text(f"Name:\t{threads[0][0]}\nPPid:\t{parent}\n")
    (proc / str(pid) / "comm").write_text(threads[0][0] + "\n")


def test_only_what_is_pinned_is_a_neighbour(tmp_path: Path) -> None:
    """Not what may run anywhere, nor the kernel's threads, nor what is known; threads count up to their CPUs."""
    proc = tmp_path / "proc"
    placed(proc, 1, [("init", "0-7")], parent=0)
    placed(proc, 2, [("kthreadd", "0-7")], parent=0)
    placed(proc, 10, [("ksoftirqd/3", "3")], parent=2)
    placed(proc, 20, [("floating", "0-7"), ("wider", "0-63")])
    placed(proc, 30, [("ours", "4-5")])
    placed(proc, 40, [("many", "6-7")] * 9)
    placed(proc, 60, [("qemu", "0-1"), ("CPU 0/KVM", "2"), ("CPU 1/KVM", "3")], command="qemu -name guest=other")
    placed(proc, 70, [("one", "2")])
    (proc / "70" / "cgroup").write_text("0::/system.slice/one.service\n")
    found = {each.name: sorted(map(sorted, each.pins)) for each in running(proc, [30])}
    assert found == {"many (40)": [[6, 7], [6, 7]], "guest other": [[2], [3]], "cgroup one.service": [[2]]}


@pytest.mark.parametrize("name", ["a\x1b[2Jb", "x" * 500, "\u202e", "[/red]"])
def test_names_of_neighbours_move_no_terminal(name: str) -> None:
    """Whatever a process calls itself, what is shown is short and has no control characters."""
    shown = Neighbour(name=name, source="", pins=()).name
    assert len(shown) < 120
    assert shown.isprintable()


def test_processes_tell_their_instance_by_their_environment(tmp_path: Path) -> None:
    """All of them, children included, and no stranger whose instance has another name."""
    proc = tmp_path / "proc"
    for pid, name, cpu in ((10, "a-00", "0"), (11, "a-00", "1"), (12, "b-00", "5")):
        placed(proc, pid, [("server", cpu)])
        (proc / str(pid) / "environ").write_text(f"HOME=/\0CERBERUS_INSTANCE={name}\0")
    (found,) = find_live(["a-00", "a-01"], {}, Host(proc=proc, cgroup=tmp_path / "none"))
    assert (found.cpus, found.processes) == ({0, 1}, (10, 11))


@pytest.fixture
def pinned_program() -> Iterator[tuple[int, int]]:
    """A program on one of several CPUs: its number and its CPU."""
    if len(os.sched_getaffinity(1)) < 2:
        pytest.skip("one CPU: nothing can be pinned to a part")
    cpu = max(os.sched_getaffinity(1))
    child = subprocess.Popen([sys.executable, "-P", "-c", "input()"], stdin=subprocess.PIPE)
    os.sched_setaffinity(child.pid, {cpu})
    yield child.pid, cpu
    child.communicate(b"\n", timeout=30)


def test_a_real_program_is_seen(pinned_program: tuple[int, int]) -> None:
    """Where it may run, from the kernel; one that is known is left out."""
    pid, cpu = pinned_program
    called = [each for each in running(Path("/proc"), []) if each.source == f"process {pid}" or cpu in each.cpus]
    assert any(frozenset({cpu}) in each.pins for each in called)
    assert not any(each.source == f"process {pid}" for each in running(Path("/proc"), [pid]))


@pytest.mark.slow
def test_the_command_prices_what_is_beside(folder: Path, tmp_path: Path) -> None:
    """Exit code 3, neighbours named in headline and table, and the same in JSON."""
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    command = [sys.executable, "-P", "-m", "cerberus_plan", "audit", folder, "--beside", copy]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 3, done.stderr
    assert "neighbours cost 50 % of" in " ".join(done.stdout.split())
    document = json.loads(subprocess.run([*command, "--json"], capture_output=True, check=False, timeout=60).stdout)
    assert document["total_price"] == pytest.approx(0.5)
    assert {each["kind"] for each in document["deviations"]} == {"overlap", "memory"}
