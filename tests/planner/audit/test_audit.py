"""What the auditor reads, where it looks for what runs, and what it says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.model.errors import InputError
from cerberus_plan.planner.audit.deviation import Deviation, Verdict
from cerberus_plan.planner.audit.live import Host, find_live
from cerberus_plan.planner.audit.promised import read_promise
from cerberus_plan.planner.deploy.all_formats import read_files
from cerberus_plan.planner.deploy.formats.libvirt import libvirt_domain
from cerberus_plan.planner.deploy.seen import cpu_set
from cerberus_plan.reports.audit_words import verdict_sentence
from tests.planner.audit.deployed import AMD48, audited, deploy, fake_process


def test_libvirt_lists_take_out_what_is_marked() -> None:
    """1-4,^2 is 1, 3, 4."""
    assert cpu_set("1-4,^2", "here") == {1, 3, 4}
    with pytest.raises(InputError, match="here: 'x' is not a list"):
        cpu_set("x", "here")


def test_a_folder_without_a_plan_is_told(tmp_path: Path) -> None:
    """With what to give instead."""
    with pytest.raises(InputError, match=re.escape(f"{tmp_path} holds no plan.json; give a folder written by")):
        read_promise(tmp_path)


def test_documents_that_are_not_plans_or_domains_are_refused(tmp_path: Path) -> None:
    """The message says what to give instead; entity tricks are refused."""
    (tmp_path / "plan.json").write_text('{"format": "something else"}')
    with pytest.raises(InputError, match="is not a plan; give a folder"):
        read_promise(tmp_path)
    (tmp_path / "bad.xml").write_text("<network/>")
    with pytest.raises(InputError, match="is not a libvirt domain"):
        libvirt_domain(tmp_path / "bad.xml")
    (tmp_path / "bomb.xml").write_text('<!DOCTYPE d [<!ENTITY a "b">]><domain>&a;</domain>')
    with pytest.raises(InputError, match="a document type is not expected"):
        libvirt_domain(tmp_path / "bomb.xml")


def test_running_vms_are_found_by_command_line_and_thread_names(tmp_path: Path) -> None:
    """QEMU, Firecracker and Cloud Hypervisor threads become vCPUs; a doubly pinned one is reported."""
    folder = deploy("libvirt", tmp_path)
    proc = tmp_path / "proc"
    qemu = {10: ("qemu", "0-1"), 11: ("CPU 0/KVM", "0"), 12: ("CPU 1/KVM", "0")}
    fake_process(proc, 10, qemu, "qemu-system-x86_64 -name guest=dbench-00,debug=on")
    fake_process(
        proc, 20, {20: ("fc", "2-3"), 21: ("fc_vcpu 0", "2"), 22: ("fc_vcpu 1", "3")}, "firecracker --id dbench-01"
    )
    fake_process(
        proc, 30, {31: ("vcpu0", "4"), 32: ("vcpu1", "5")}, "cloud-hypervisor --api-socket /run/dbench-02.sock"
    )
    names = [each.name for each in read_promise(folder).instances]
    found = find_live(names, {}, Host(proc=proc, cgroup=tmp_path / "none"))
    assert [sight.name for sight in found] == ["dbench-00", "dbench-01", "dbench-02"]
    deviations = audited(folder, found, expect_all=False).deviations
    assert [(each.instance, each.kind) for each in deviations] == [("dbench-00", "cpus")]
    assert "CPU 0 given twice" in deviations[0].what


@pytest.mark.parametrize(
    ("limit", "quota"),
    [("50000 100000", 0.5), ("max 100000", None), ("200000 100000", None), ("", None), ("50000 0", None)],
)
def test_a_cgroups_limit_of_time_is_found(limit: str, quota: float | None, tmp_path: Path) -> None:
    """Half a CPU's time on the right CPUs is half an instance; ``max``, and as much as there is, are no limit."""
    folder = deploy("systemd", tmp_path)
    cpus = next(each.cpus for each in read_promise(folder).instances if each.name == "dbench-00")
    group = tmp_path / "cgroup" / "dbench.slice" / "dbench-00.slice"
    group.mkdir(parents=True)
    for name, text in {
        "cpuset.cpus.effective": cpu_list(cpus), "cpuset.mems.effective": "0", "cgroup.procs": "77", "cpu.max": limit,
    }.items():  # fmt: skip
        (group / name).write_text(f"{text}\n")
    fake_process(tmp_path / "proc", 77, {77: ("server", cpu_list(cpus))})
    found = find_live(["dbench-00"], {}, Host(proc=tmp_path / "proc", cgroup=tmp_path / "cgroup"))
    said = [each for each in audited(folder, found, expect_all=False).deviations if each.kind == "quota"]
    assert [each.what for each in said] == ([] if quota is None else ["time of 0.5 instead of 2 CPUs"])


def test_cgroups_are_found_by_name(tmp_path: Path) -> None:
    """A slice without processes tells its cpuset; one with processes their affinity."""
    folder = deploy("systemd", tmp_path)
    root = tmp_path / "cgroup" / "dbench.slice"
    for name, cpus in (("dbench-00.slice", "0-1"), ("dbench-01.slice", "2-5")):
        (root / name).mkdir(parents=True)
        (root / name / "cpuset.cpus.effective").write_text(cpus + "\n")
        (root / name / "cpuset.mems.effective").write_text("0\n")
        (root / name / "cgroup.procs").write_text("")
    (root / "dbench-00.slice" / "cgroup.procs").write_text("77\n")
    fake_process(tmp_path / "proc", 77, {77: ("server", "0-1"), 78: ("worker", "1")})
    found = find_live(["dbench-00", "dbench-01"], {}, Host(proc=tmp_path / "proc", cgroup=tmp_path / "cgroup"))
    deviations = audited(folder, found, expect_all=False).deviations
    assert [(each.instance, each.kind) for each in deviations] == [("dbench-01", "cpus")]


@pytest.mark.hardware
def test_a_real_process_is_read_from_proc(tmp_path: Path) -> None:
    """A child pinned to one CPU is seen there."""
    cpu = min(os.sched_getaffinity(0))
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        os.sched_setaffinity(child.pid, {cpu})
        (found,) = find_live(["x-00"], {"x-00": child.pid}, Host(cgroup=tmp_path))
    finally:
        child.communicate(b"\n", timeout=30)
    assert found.cpus == {cpu}
    with pytest.raises(InputError, match="there is no such process"):
        find_live(["x-00"], {"x-00": 2**22 + 7})


@pytest.mark.slow
def test_the_command_prints_deviations_and_exits_with_three(tmp_path: Path) -> None:
    """Exit code 0 when all is as planned, 3 with the deviation as JSON when not, 2 for what is no plan."""
    folder = deploy("xl", tmp_path)
    command = [sys.executable, "-m", "cerberus_plan", "audit", "--json"]
    good = subprocess.run([*command, folder], capture_output=True, text=True, check=False, timeout=60)
    assert (good.returncode, json.loads(good.stdout)["deviations"]) == (0, [])
    file = folder / "dbench-05.cfg"
    file.write_text(file.read_text().replace('cpus = ["10"', 'cpus = ["11"'))
    bad = subprocess.run([*command, folder], capture_output=True, text=True, check=False, timeout=60)
    assert bad.returncode == 3
    (deviation,) = json.loads(bad.stdout)["deviations"]
    assert (deviation["instance"], deviation["kind"]) == ("dbench-05", "cpus")
    (tmp_path / "plan.json").write_text("{}")
    assert subprocess.run([*command, folder], capture_output=True, check=False, timeout=60).returncode == 2


@pytest.mark.slow
def test_a_name_that_looks_like_marks_is_printed_as_it_is(tmp_path: Path) -> None:
    """The terminal's table shows what the file holds, and nothing in it is obeyed."""
    folder = deploy("libvirt", tmp_path)
    file = folder / "dbench-05.xml"
    file.write_text(file.read_text().replace("<name>dbench-05</name>", "<name>[/red]x</name>"))
    command = [sys.executable, "-m", "cerberus_plan", "audit", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 3, done.stderr
    assert "[/red]x" in done.stdout


def test_a_missing_instance_costs_its_share(tmp_path: Path) -> None:
    """One of 24 equal instances is a 24th of the throughput; all missing is all of it."""
    folder = deploy("libvirt", tmp_path)
    (folder / "dbench-09.xml").unlink()
    verdict = audited(folder)
    assert verdict.deviations[0].price == pytest.approx(1 / 24)
    assert verdict.total_price == pytest.approx(1 / 24)
    assert audited(folder, []).total_price == pytest.approx(1.0)


def test_emulated_vcpus_are_told_apart(tmp_path: Path) -> None:
    """Without KVM the threads of QEMU are called CPU n/TCG."""
    proc = tmp_path / "proc"
    threads = {10: ("qemu", "4"), 11: ("CPU 0/TCG", "0"), 12: ("CPU 1/TCG", "1")}
    fake_process(proc, 10, threads, "qemu-system-x86_64 -name guest=a-00")
    (found,) = find_live(["a-00"], {}, Host(proc=proc, cgroup=tmp_path / "none"))
    assert found.vcpus == (frozenset({0}), frozenset({1}))


def test_children_of_a_process_are_followed(tmp_path: Path) -> None:
    """A worker that a given server forked onto another CPU counts; a stranger does not."""
    proc = tmp_path / "proc"
    for pid, parent, cpu in ((10, 1, "0"), (11, 10, "1"), (12, 11, "2"), (13, 1, "7")):
        fake_process(proc, pid, {pid: ("server", cpu)})
        (proc / str(pid) / "status").write_text(f"Name:\tserver\nPPid:\t{parent}\n")
    (found,) = find_live(["a-00"], {"a-00": 10}, Host(proc=proc, cgroup=tmp_path / "none"))
    assert found.cpus == {0, 1, 2}


@pytest.mark.parametrize("cpus", [[0, 0], [2, 3]])
def test_a_plan_that_gives_a_cpu_twice_is_refused(cpus: list[int], tmp_path: Path) -> None:
    """To one instance or to two: such a plan has no price."""
    folder = deploy("xl", tmp_path)
    record = json.loads((folder / "plan.json").read_text())
    record["instances"][0]["cpus"] = cpus
    (folder / "plan.json").write_text(json.dumps(record))
    with pytest.raises(InputError, match=rf"plan\.json: CPU {cpus[0]} is given to 'dbench-00' and to"):
        read_promise(folder)


def test_a_vcpu_on_a_cpu_of_the_host_shares_it(tmp_path: Path) -> None:
    """Emulators and interrupts are there; what they take is not known, and so is the price."""
    folder = deploy("libvirt", tmp_path, host_cores=4)
    host = read_promise(folder).host_cpus[0]
    file = folder / "dbench-03.xml"
    file.write_text(re.sub(r'(vcpupin vcpu="0" cpuset=)"\d+"', rf'\1"{host}"', file.read_text()))
    (found,) = audited(folder).deviations
    assert re.fullmatch(rf"vCPU 0 on CPU {host} instead of CPU \d+; shared with the host", found.what)
    assert (found.price, found.cpus) == (None, (host,))


def test_a_place_that_the_machine_does_not_have_is_told_with_its_folder(tmp_path: Path) -> None:
    """Several deployments are read by one command: the name of the file alone is that of all of them."""
    folder = deploy("slurm", tmp_path)
    ranks = folder / "rankfile"
    ranks.write_text(ranks.read_text().replace("slot=6-7", "slot=6-70"))
    with pytest.raises(InputError, match=re.escape(f"{ranks}: place 48 of a machine of 48 CPUs")):
        [sight.on(AMD48.topology, folder=folder) for sight in read_files("slurm", folder)]


def _deviation(kind: str, price: float | None) -> Deviation:
    return Deviation(instance="a", kind=kind, what="", source="", price=price, cpus=(0,))


@pytest.mark.parametrize(
    ("checked", "total", "deviations", "sentence"),
    [
        (3, 0.0, [], "All 3 instances are as planned."),
        (1, 0.0, [], "The instance is as planned."),
        (1, 0.25, [("cpus", 0.25)], "1 deviation in 1 instance; wrong CPUs cost 25 % of 1,000 MB/s."),
        (2, 0.25, [("cpus", 0.2), ("overlap", 0.1)],
         "2 deviations in 2 instances; neighbours and wrong CPUs cost 25 % of 1,000 MB/s."),
        (0, 1.0, [("missing", 1.0)],
         "1 deviation, and no instance was seen; what is missing costs 100 % of 1,000 MB/s."),
        (1, 0.5, [("missing", 0.5)], "1 deviation in 1 instance; what is missing costs 50 % of 1,000 MB/s."),
        (9, 0.5, [("missing", 0.5), ("overlap", 0.1), ("count", 0.1)],
         "3 deviations in 9 instances; what is missing, neighbours and wrong CPUs cost 50 % of 1,000 MB/s."),
        (2, 0.0, [("memory", None)], "1 deviation in 2 instances; what that costs is not known."),
        (2, 0.0, [("cpus", 0.0)], "1 deviation in 2 instances; nothing is lost by that."),
        (2, 0.0, [("cpus", 0.1), ("cpus", 0.1), ("nodes", None)],
         "3 deviations in 2 instances; wrong CPUs cost nothing all together, each alone what its row says."),
    ],
)  # fmt: skip
def test_the_verdict_in_words(
    checked: int, total: float, deviations: list[tuple[str, float | None]], sentence: str, tmp_path: Path
) -> None:
    """One sentence, singular where there is one."""
    promise = read_promise(deploy("libvirt", tmp_path))
    found = tuple(_deviation(*each) for each in deviations)
    assert verdict_sentence(promise, Verdict(checked=checked, deviations=found, total_price=total)) == sentence
