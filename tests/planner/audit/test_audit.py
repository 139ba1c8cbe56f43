"""The auditor finds every planted mistake, prices it, and is silent about what is right."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.audit.compare import compare, planned_pins
from cerberus_plan.planner.audit.deviation import Deviation, Verdict
from cerberus_plan.planner.audit.live import Host, find_live
from cerberus_plan.planner.audit.price import Pricer
from cerberus_plan.planner.audit.promised import read_promise
from cerberus_plan.planner.deploy.all_formats import FORMATS, read_files
from cerberus_plan.planner.deploy.bundle import bundle
from cerberus_plan.planner.deploy.deployment import Deployment
from cerberus_plan.planner.deploy.formats.libvirt import libvirt_domain
from cerberus_plan.planner.deploy.seen import Seen, cpu_set
from cerberus_plan.planner.placing.distance import Distances, distances_of
from cerberus_plan.planner.placing.placement import place
from cerberus_plan.reports.audit_words import verdict_sentence

AMD48 = catalog.machine("amd48")


def deploy(form: str, folder: Path, *, size: int = 2, host_cores: int = 0) -> Path:
    """A deployment of the paper's machine, written to a folder."""
    split = [size] * ((48 - host_cores) // size)
    placement = place(AMD48.topology, split, host_cores=host_cores)
    deployment = Deployment(name="dbench", topology=AMD48.topology, placement=placement)
    system = FORMATS[form].systems[0]
    facts = {"machine": "amd48", "workload": "dbench", "system": system, "throughput": 1000.0, "unit": "MB/s"}
    for name, text in bundle(FORMATS[form], deployment, facts, ()).items():
        (folder / name).write_text(text)
    return folder


def audited(folder: Path, found: list[Seen] | None = None, *, expect_all: bool = True) -> Verdict:
    """The verdict on a folder's files, or on what was found elsewhere."""
    promise = read_promise(folder)
    pricer = Pricer(
        AMD48, catalog.workload(promise.workload), SYSTEMS[promise.system], planned_pins(promise), distances_of(AMD48)
    )
    sights = [sight.on(AMD48.topology) for sight in (read_files(promise.files, folder) if found is None else found)]
    return compare(promise, sights, pricer, topology=AMD48.topology, expect_all=expect_all)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(("size", "host_cores"), [(2, 0), (12, 0), (4, 8)])
def test_untouched_files_have_no_deviation(form: str, size: int, host_cores: int, tmp_path: Path) -> None:
    """What the exporter wrote is what was planned."""
    if FORMATS[form].needs_host_cpus:
        host_cores = host_cores or size
    verdict = audited(deploy(form, tmp_path, size=size, host_cores=host_cores))
    assert verdict.deviations == ()
    assert verdict.checked == (48 - host_cores) // size
    assert verdict.total_price == pytest.approx(0.0, abs=1e-12)


Edit = Callable[[str], str]
# format, file, edit, kind expected, words expected
MISTAKES: list[tuple[str, str, Edit, str, str]] = [
    (
        "libvirt", "dbench-03.xml", lambda t: t.replace('vcpu="0" cpuset="6"', 'vcpu="0" cpuset="7"'),
        "cpus", r"vCPU 0 on CPU 7 instead of CPU 6; CPU 7 given twice",
    ),
    (
        "libvirt", "dbench-03.xml", lambda t: t.replace('vcpu="0" cpuset="6"', 'vcpu="0" cpuset="40"'),
        "cpus", r"vCPU 0 on CPU 40 instead of CPU 6; shared with dbench-20",
    ),
    (
        "libvirt", "dbench-03.xml",
        lambda t: re.sub(r' *<vcpupin vcpu="1"[^>]*>\n', "", t).replace(' cpuset="6-7">2', ">2"),
        "cpus", r"vCPU 1 on CPU 0-47 instead of CPU 7",
    ),
    ("libvirt", "dbench-03.xml", lambda t: t.replace('nodeset="1"', 'nodeset="5"'), "nodes", "nodes 5 instead of 1"),
    ("libvirt", "dbench-03.xml", lambda t: re.sub(r" *<memory mode.*\n", "", t), "nodes", "any node instead of 1"),
    (
        "libvirt", "dbench-03.xml", lambda t: re.sub(r">\d+</memory>", ">1024</memory>", t),
        "memory", "1024 MiB of memory instead of 4915",
    ),
    (
        "libvirt", "dbench-03.xml", lambda t: t.replace('emulatorpin cpuset="6-7"', 'emulatorpin cpuset="0-1"'),
        "emulator", "on CPUs of dbench-00",
    ),
    (
        "libvirt", "dbench-03.xml",
        lambda t: re.sub(r" *<emulatorpin.*\n", "", t).replace(' cpuset="6-7">2', ">2"),
        "emulator", "not pinned",
    ),
    (
        "libvirt", "dbench-03.xml",
        lambda t: t.replace(">2</vcpu>", ">3</vcpu>").replace(
            "<emulatorpin", '<vcpupin vcpu="2" cpuset="9"/><emulatorpin'
        ),
        "count", "3 vCPUs instead of 2",
    ),
    ("libvirt", "dbench-03.xml", lambda t: t.replace("dbench-03", "other"), "unplanned", "CPUs of dbench-03"),
    (
        "proxmox", "dbench-03.conf", lambda t: t.replace("affinity: 6-7", "affinity: 6,40"),
        "cpus", "may use CPU 6,40 instead of CPU 6-7; shared with dbench-20",
    ),
    ("proxmox", "dbench-03.conf", lambda t: re.sub("affinity.*\n", "", t), "cpus", "may use CPU 0-47"),
    ("proxmox", "dbench-03.conf", lambda t: t.replace("hostnodes=1", "hostnodes=5"), "nodes", "nodes 5 instead of 1"),
    ("proxmox", "dbench-03.conf", lambda t: t.replace("numa: 1", "numa: 0"), "nodes", "any node instead of 1"),
    ("proxmox", "dbench-03.conf", lambda t: t.replace("policy=bind", "policy=preferred"), "nodes", "memory preferred"),
    ("proxmox", "dbench-03.conf", lambda t: t.replace("cores: 2", "cores: 4"), "count", "4 vCPUs instead of 2"),
    ("proxmox", "dbench-03.conf", lambda t: t.replace("memory: 4915", "memory: 512"), "memory", "512 MiB"),
    ("incus", "dbench-03.yaml", lambda t: t.replace('cpu: "6-7"', 'cpu: "6-8"'), "cpus", "shared with dbench-04"),
    ("incus", "dbench-03.yaml", lambda t: t.replace('cpu: "6-7"', 'cpu: "2"'), "cpus", "may use CPU 0-47"),
    ("incus", "dbench-03.yaml", lambda t: t.replace('nodes: "1"', 'nodes: "0"'), "nodes", "nodes 0 instead of 1"),
    ("incus", "dbench-03.yaml", lambda t: re.sub(r"\d+MiB", "1GiB", t), "memory", "1024 MiB"),
    ("slurm", "job.sh", lambda t: t.replace("0xc,", "0x30,", 1), "cpus", "may use CPU 4-5 instead of CPU 2-3"),
    ("slurm", "job.sh", lambda t: re.sub("mask_mem:0x1,", "mask_mem:0x4,", t), "nodes", "nodes 2 instead of 0"),
    ("slurm", "job.sh", lambda t: t.replace('SIZES="2 2', 'SIZES="2 3'), "count", "3 threads instead of 2"),
    ("slurm", "rankfile", lambda t: t.replace("slot=2-3", "slot=2,40"), "cpus", "may use CPU 2,40 instead of CPU 2-3"),
    ("slurm", "rankfile", lambda t: t.replace("rank 3=", "rank 99="), "unplanned", "uses CPUs of dbench-03"),
    ("slurm", "rankfile", lambda t: re.sub("rank 3=.*\n", "", t), "cpus", "may use CPU 0-47 instead of CPU 6-7"),
    ("slurm", "job.sh", lambda t: t.replace("ntasks=24", "ntasks=23"), "missing", "not found"),
    ("xl", "dbench-05.cfg", lambda t: t.replace('cpus = ["10"', 'cpus = ["11"'), "cpus", "CPU 11 given twice"),
    ("xl", "dbench-05.cfg", lambda t: re.sub(r"cpus = \[.*\n", "", t, count=1), "cpus", "vCPU 0 on CPU 0-47"),
    ("xl", "dbench-05.cfg", lambda t: t.replace("memory = 4915", "memory = 512"), "memory", "512 MiB"),
    (
        "firecracker", "start.sh",
        lambda t: t.replace("dbench-01 2-3 0 2 3", "dbench-01 2-3 0 2 2"),
        "cpus", "CPU 2 given twice",
    ),
    ("firecracker", "start.sh", lambda t: t.replace("dbench-03 6-7 1 6 7", "dbench-03 6-7 4 6 7"), "nodes", "nodes 4"),
    ("firecracker", "dbench-03.json", lambda t: t.replace('"vcpu_count": 2', '"vcpu_count": 4'), "count", "4 vCPUs"),
    (
        "cloud-hypervisor", "dbench-02.json", lambda t: re.sub(r"\[\s*4\s*\]", "[30]", t, count=1),
        "cpus", "vCPU 0 on CPU 30 instead of CPU 4; shared with dbench-15",
    ),
    (
        "cloud-hypervisor", "dbench-02.json", lambda t: t.replace('"host_numa_node": 0', '"host_numa_node": 3'),
        "nodes", "nodes 3 instead of 0",
    ),
    (
        "systemd", "dbench-07.slice", lambda t: t.replace("AllowedCPUs=14-15", "AllowedCPUs=14-16"),
        "cpus", "may use CPU 14-16 instead of CPU 14-15; shared with dbench-08",
    ),
    ("systemd", "dbench-07.slice", lambda t: re.sub("AllowedCPUs.*\n", "", t), "cpus", "may use CPU 0-47"),
    ("systemd", "dbench-07.slice", lambda t: t.replace("Nodes=2", "Nodes=6"), "nodes", "nodes 6 instead of 2"),
    (
        "script", "instances.txt", lambda t: t.replace("dbench-07 14-15", "dbench-07 14-16"),
        "cpus", "may use CPU 14-16 instead of CPU 14-15; shared with dbench-08",
    ),
    ("script", "instances.txt", lambda t: t.replace("dbench-07 14-15 2", "dbench-07 14-15 6"), "nodes", "nodes 6 inst"),
    ("script", "instances.txt", lambda t: t.replace("dbench-07 14-15 2 2", "dbench-07 14-15 2 3"), "count", "3 thread"),
    ("script", "instances.txt", lambda t: t.replace("dbench-07", "other"), "unplanned", "CPUs of dbench-07"),
    ("script", "instances.txt", lambda t: re.sub("dbench-07.*", "", t), "missing", "not found"),
    ("compose", "compose.yaml", lambda t: t.replace('"8-9"', '"9-10"'), "cpus", "shared with dbench-05"),
    ("compose", "compose.yaml", lambda t: t.replace('    cpuset: "8-9"\n', ""), "cpus", "may use CPU 0-47"),
    ("kubernetes", "dbench-02.yaml", lambda t: t.replace('cpu: "2"', 'cpu: "4"'), "count", "4 threads instead of 2"),
    ("kubernetes", "dbench-02.yaml", lambda t: t.replace('cpu: "2"', 'cpu: "1"', 1), "cpus", "may use CPU 0-47"),
    ("kubernetes", "dbench-02.yaml", lambda t: t.replace('cpu: "2"', "cpu: 1500m"), "cpus", "may use CPU 0-47"),
    ("kubernetes", "dbench-02.yaml", lambda t: re.sub(" *limits:(.|\n)*", "", t), "cpus", "may use CPU 0-47"),
    ("kubernetes", "dbench-02.yaml", lambda t: re.sub(r"\d+Mi", "512Mi", t), "memory", "512 MiB"),
    ("kubevirt", "dbench-02.yaml", lambda t: t.replace("sockets: 2", "sockets: 4"), "count", "4 vCPUs instead of 2"),
    ("kubevirt", "dbench-02.yaml", lambda t: re.sub(" *dedicatedCpu.*\n", "", t), "cpus", "vCPU 0 on CPU 0-47"),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_planted_mistake_is_found(mistake: tuple[str, str, Edit, str, str], tmp_path: Path) -> None:
    """One edit, at least that deviation, in that instance's words."""
    form, file, edit, kind, words = mistake
    folder = deploy(form, tmp_path, host_cores=2 if FORMATS[form].needs_host_cpus else 0)
    before = (folder / file).read_text()
    after = edit(before)
    assert after != before
    (folder / file).write_text(after)
    hits = [each for each in audited(folder).deviations if each.kind == kind and re.search(words, each.what)]
    assert hits
    if kind == "cpus":
        assert hits[0].price is not None
        assert hits[0].price >= 0.0


def test_a_missing_file_is_a_missing_instance(tmp_path: Path) -> None:
    """A domain that is not there is named."""
    folder = deploy("libvirt", tmp_path)
    (folder / "dbench-09.xml").unlink()
    assert [(each.instance, each.kind) for each in audited(folder).deviations] == [("dbench-09", "missing")]


def test_two_vcpus_on_one_cpu_halve_their_instance(tmp_path: Path) -> None:
    """One of 24 VMs doubly pinned costs half of a 24th; Kata Containers issue 13539 saw 0.53 of the speed."""
    folder = deploy("libvirt", tmp_path)
    file = folder / "dbench-03.xml"
    file.write_text(file.read_text().replace('vcpu="0" cpuset="6"', 'vcpu="0" cpuset="7"'))
    (found,) = [each for each in audited(folder).deviations if each.kind == "cpus"]
    assert found.price == pytest.approx(0.5 / 24, rel=0.15)


def test_taking_somebody_elses_cpu_costs_both(tmp_path: Path) -> None:
    """A vCPU that moves onto a busy CPU slows itself and its victim: two vCPUs at half speed."""
    folder = deploy("libvirt", tmp_path)
    file = folder / "dbench-03.xml"
    file.write_text(file.read_text().replace('vcpu="0" cpuset="6"', 'vcpu="0" cpuset="40"'))
    (found,) = [each for each in audited(folder).deviations if each.kind == "cpus"]
    assert found.price == pytest.approx(2 * 0.25 / 24, rel=0.15)


def test_crossing_caches_costs_where_hand_overs_do() -> None:
    """Two idle CPUs on another chip cost nothing when distance is free, something when it is not."""
    workload, system = catalog.workload("memcached"), SYSTEMS["kvm"]
    planned = {"a": (frozenset({0}), frozenset({1}), frozenset({2}))}
    changed = {"a": (frozenset({0}), frozenset({6}), frozenset({12}))}
    far = Distances(same_node=3.0, same_socket=3.0, other_socket=3.0, source="test")
    assert Pricer(AMD48, workload, system, planned, Distances()).loss(changed) == pytest.approx(0.0, abs=1e-12)
    assert Pricer(AMD48, workload, system, planned, far).loss(changed) > 0.001


def test_libvirt_lists_take_out_what_is_marked() -> None:
    """1-4,^2 is 1, 3, 4."""
    assert cpu_set("1-4,^2", "here") == {1, 3, 4}
    with pytest.raises(InputError, match="here: 'x' is not a list"):
        cpu_set("x", "here")


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


def fake_process(proc: Path, pid: int, tasks: dict[int, tuple[str, str]], command: str = "") -> None:
    """A process with these threads: name and CPUs allowed."""
    for tid, (name, cpus) in tasks.items():
        task = proc / str(pid) / "task" / str(tid)
        task.mkdir(parents=True)
        (task / "comm").write_text(name + "\n")
        (task / "status").write_text(f"Name:\t{name}\nCpus_allowed_list:\t{cpus}\nMems_allowed_list:\t0\n")
    (proc / str(pid) / "cmdline").write_text(command.replace(" ", "\0"))


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
        (1, 0.5, [("missing", 0.5)], "1 deviation in 1 instance; what is missing costs 50 % of 1,000 MB/s."),
        (9, 0.5, [("missing", 0.5), ("overlap", 0.1), ("count", 0.1)],
         "3 deviations in 9 instances; what is missing, neighbours and wrong CPUs cost 50 % of 1,000 MB/s."),
        (2, 0.0, [("memory", None)], "1 deviation in 2 instances; what that costs is not known."),
        (2, 0.0, [("cpus", 0.0)], "1 deviation in 2 instances; nothing is lost by that."),
    ],
)  # fmt: skip
def test_the_verdict_in_words(
    checked: int, total: float, deviations: list[tuple[str, float | None]], sentence: str, tmp_path: Path
) -> None:
    """One sentence, singular where there is one."""
    promise = read_promise(deploy("libvirt", tmp_path))
    found = tuple(_deviation(*each) for each in deviations)
    assert verdict_sentence(promise, Verdict(checked=checked, deviations=found, total_price=total)) == sentence
