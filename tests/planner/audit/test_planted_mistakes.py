"""The auditor finds every planted mistake, prices it, and is silent about what is right."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.audit.price import Pricer
from cerberus_plan.planner.deploy.all_formats import FORMATS
from cerberus_plan.planner.placing.distance import Distances
from tests.planner.audit.deployed import AMD48, audited, deploy


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
    ("libvirt", "dbench-03.xml", lambda t: t.replace('nodeset="1"', 'nodeset="5"'), "nodes", "node 5 instead of 1"),
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
    ("proxmox", "dbench-03.conf", lambda t: t.replace("hostnodes=1", "hostnodes=5"), "nodes", "node 5 instead of 1"),
    ("proxmox", "dbench-03.conf", lambda t: t.replace("numa: 1", "numa: 0"), "nodes", "any node instead of 1"),
    ("proxmox", "dbench-03.conf", lambda t: t.replace("policy=bind", "policy=preferred"), "nodes", "memory preferred"),
    ("proxmox", "dbench-03.conf", lambda t: t.replace("cores: 2", "cores: 4"), "count", "4 vCPUs instead of 2"),
    ("proxmox", "dbench-03.conf", lambda t: t.replace("memory: 4915", "memory: 512"), "memory", "512 MiB"),
    ("incus", "dbench-03.yaml", lambda t: t.replace('cpu: "6-7"', 'cpu: "6-8"'), "cpus", "shared with dbench-04"),
    ("incus", "dbench-03.yaml", lambda t: t.replace('cpu: "6-7"', 'cpu: "2"'), "cpus", "may use CPU 0-47"),
    ("incus", "dbench-03.yaml", lambda t: t.replace('nodes: "1"', 'nodes: "0"'), "nodes", "node 0 instead of 1"),
    ("incus", "dbench-03.yaml", lambda t: re.sub(r"\d+MiB", "1GiB", t), "memory", "1024 MiB"),
    ("slurm", "job.sh", lambda t: t.replace("0xc,", "0x30,", 1), "cpus", "may use CPU 4-5 instead of CPU 2-3"),
    ("slurm", "job.sh", lambda t: re.sub("mask_mem:0x1,", "mask_mem:0x4,", t), "nodes", "node 2 instead of 0"),
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
    ("firecracker", "start.sh", lambda t: t.replace("dbench-03 6-7 1 6 7", "dbench-03 6-7 4 6 7"), "nodes", "node 4"),
    ("firecracker", "dbench-03.json", lambda t: t.replace('"vcpu_count": 2', '"vcpu_count": 4'), "count", "4 vCPUs"),
    (
        "cloud-hypervisor", "dbench-02.json", lambda t: re.sub(r"\[\s*4\s*\]", "[30]", t, count=1),
        "cpus", "vCPU 0 on CPU 30 instead of CPU 4; shared with dbench-15",
    ),
    (
        "cloud-hypervisor", "dbench-02.json", lambda t: t.replace('"host_numa_node": 0', '"host_numa_node": 3'),
        "nodes", "node 3 instead of 0",
    ),
    (
        "systemd", "dbench-07.slice", lambda t: t.replace("AllowedCPUs=14-15", "AllowedCPUs=14-16"),
        "cpus", "may use CPU 14-16 instead of CPU 14-15; shared with dbench-08",
    ),
    ("systemd", "dbench-07.slice", lambda t: re.sub("AllowedCPUs.*\n", "", t), "cpus", "may use CPU 0-47"),
    ("systemd", "dbench-07.slice", lambda t: t.replace("Nodes=2", "Nodes=6"), "nodes", "node 6 instead of 2"),
    (
        "script", "instances.txt", lambda t: t.replace("dbench-07 14-15", "dbench-07 14-16"),
        "cpus", "may use CPU 14-16 instead of CPU 14-15; shared with dbench-08",
    ),
    ("script", "instances.txt", lambda t: t.replace("dbench-07 14-15 2", "dbench-07 14-15 6"), "nodes", "node 6 inst"),
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
    *[
        (form, file, edit, "quota", "time of 0.5 instead of 2 CPUs")
        for form, file, edit in (
            ("libvirt", "dbench-03.xml", lambda t: t.replace("</cputune>", "<quota>25000</quota></cputune>")),
            ("libvirt", "dbench-03.xml", lambda t: t.replace(
                "</cputune>", "<global_period>50000</global_period><global_quota>25000</global_quota></cputune>")),
            ("systemd", "dbench-03.slice", lambda t: f"{t}CPUQuota=90%\nCPUQuota=50%\n"),
            ("compose", "compose.yaml", lambda t: t.replace("    cpuset:", "    cpus: 0.5\n    cpuset:", 1)),
            ("compose", "compose.yaml", lambda t: t.replace(
                "    cpuset:", "    cpu_period: 50000\n    cpu_quota: 25000\n    cpuset:", 1)),
            ("compose", "compose.yaml", lambda t: t.replace(
                "    cpuset:", "    cpu_period: 0\n    cpu_quota: 50000\n    cpuset:", 1)),
            ("compose", "compose.yaml", lambda t: t.replace(
                "    cpuset:", "    cpu_quota: -1\n    cpus: 0.5\n    cpuset:", 1)),
            ("compose", "compose.yaml", lambda t: t.replace(
                "    cpuset:",
                "    deploy:\n      resources:\n        limits:\n          cpus: '0.50'\n        reservations:\n"
                "          cpus: '0.25'\n    cpuset:", 1)),
            ("xl", "dbench-03.cfg", lambda t: f"{t}cap = 50\n"),
            ("incus", "dbench-03.yaml", lambda t: f"{t}  limits.cpu.allowance: 50ms/100ms\n"),
            ("kubernetes", "dbench-02.yaml", lambda t: t.replace('cpu: "2"', "cpu: 500m")),
        )
    ],
    ("proxmox", "dbench-03.conf", lambda t: f"{t}cpulimit: 0.5\n", "quota", "time of 0.5 instead of"),
    ("kubernetes", "dbench-02.yaml", lambda t: re.sub(r"\d+Mi", "8Gi", t), "memory", "8192 MiB"),
    ("kubevirt", "dbench-02.yaml", lambda t: re.sub(r"\d+Mi", "8Gi", t), "memory", "8192 MiB"),
    ("proxmox", "dbench-03.conf", lambda t: f"{t}balloon: 1024\n", "memory", "1024 MiB of memory instead"),
    ("firecracker", "dbench-03.json",
     lambda t: t.replace('"boot-source"', '"balloon": {"amount_mib": 2048}, "boot-source"'), "memory", "MiB of memory"),
    ("slurm", "job.sh", lambda t: re.sub("mask_cpu:[0-9a-fx,]+", "map_cpu:" + ",".join(map(str, range(24))), t),
     "cpus", "may use CPU 0 instead of CPU 0-1"),
    ("slurm", "job.sh", lambda t: re.sub("mask_mem:[0-9a-fx,]+", "map_mem:0", t), "nodes", "node 0 inst"),
    ("cloud-hypervisor", "dbench-03.json",
     lambda t: f'{{"config": {t.replace("7", "9", 1)}, "state": "Running"}}', "cpus", "vCPU"),
    *[
        (form, "kubelet.yaml", edit, kind, words)
        for form in ("kubernetes", "kubevirt")
        for edit, kind, words in (
            (lambda t: t.replace("cpuManagerPolicy: static", "cpuManagerPolicy: none"), "cpus", "CPU 0-47"),
            (lambda t: t.replace("cpuManagerPolicy: static", '"cpuManagerPolicy": "none",'), "cpus", "CPU 0-47"),
            (lambda t: re.sub("cpuManagerPolicy: .*", "# the default", t), "cpus", "CPU 0-47 instead of CPU"),
            (lambda t: re.sub("memoryManagerPolicy: .*", "", t), "nodes", "memory from any node instead of"),
            (lambda t: re.sub("(topologyManagerPolicy): .*", r"\1: none", t), "nodes", "memory from any node"),
            (lambda t: re.sub("(reservedSystemCPUs): .*", r"\1: '0-7'", t), "host", "CPU 0-7 kept for the host"),
            (lambda t: re.sub("reservedSystemCPUs: .*", "", t), "host", "no CPU kept by its number for the host"),
        )
    ],
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


@pytest.mark.parametrize("form", ["kubernetes", "kubevirt"])
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "cpuManagerPolicy: static\n",
            "cpuManagerPolicy: statc\n",
            "use one of none, static",
        ),
        (
            "cpuManagerPolicy: static\n",
            "cpuManagerPolicy: none\ncpuManagerPolicy: static\n",
            "cpuManagerPolicy is given 2",
        ),
        ("memoryManagerPolicy: Static\n", "memoryManagerPolicy: static\n", "use one of None, Static"),
        ('reservedSystemCPUs: "', 'reservedSystemCPUs: "x', "reservedSystemCPUs: .*is not a list of CPUs"),
    ],
)
def test_what_the_kubelet_would_refuse_is_refused(form: str, old: str, new: str, message: str, tmp_path: Path) -> None:
    """With its file and field: such a node starts no kubelet."""
    file = deploy(form, tmp_path, host_cores=2) / "kubelet.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    with pytest.raises(InputError, match=message) as told:
        audited(tmp_path)
    assert str(told.value).startswith(str(file))


@pytest.mark.parametrize("form", ["kubernetes", "kubevirt"])
def test_where_the_kubelet_is_not_told_of_the_pods_are_believed(form: str, tmp_path: Path) -> None:
    """No kubelet.yaml beside them: what it would give cannot be told."""
    (deploy(form, tmp_path, host_cores=2) / "kubelet.yaml").unlink()
    assert audited(tmp_path).deviations == ()


def test_a_kubelet_of_no_policy_is_priced_once_for_all(tmp_path: Path) -> None:
    """Each pod alone would crowd those planned; all on every CPU leave each other room, and the host is told once."""
    folder = deploy("kubernetes", tmp_path, host_cores=4)
    file = folder / "kubelet.yaml"
    file.write_text(re.sub("reservedSystemCPUs: .*", "", file.read_text().replace("Policy: static", "Policy: none")))
    verdict = audited(folder)
    kinds = [each.kind for each in verdict.deviations]
    assert kinds.count("cpus") == verdict.checked == 22
    assert kinds.count("host") == 1
    assert all(each.price and each.price > 0 for each in verdict.deviations if each.kind == "cpus")
    assert all("kubelet.yaml" in each.source for each in verdict.deviations)


ALIKE: list[tuple[str, str, Edit]] = [
    ("libvirt", "dbench-03.xml", lambda t: t.replace("</cputune>", "<quota>-1</quota></cputune>")),
    ("libvirt", "dbench-03.xml", lambda t: t.replace("</cputune>", "<emulator_quota>5</emulator_quota></cputune>")),
    ("libvirt", "dbench-03.xml", lambda t: t.replace("</cputune>", "<quota>100000</quota></cputune>")),
    ("systemd", "dbench-03.slice", lambda t: f"{t}CPUQuota=50%\nCPUQuota=\nCPUWeight=10\n"),
    ("systemd", "dbench-03.slice", lambda t: f"{t}CPUQuota=200%\n"),
    ("compose", "compose.yaml", lambda t: t.replace("    cpuset:", "    cpus: 0\n    cpu_quota: -1\n    cpuset:", 1)),
    ("compose", "compose.yaml", lambda t: t.replace(
        "    cpuset:", "    deploy:\n      resources:\n        reservations:\n          cpus: '0.5'\n    cpuset:", 1)),
    ("xl", "dbench-03.cfg", lambda t: f"{t}cap = 0\n"),
    ("proxmox", "dbench-03.conf", lambda t: f"{t}balloon: 0\n"),
    ("cloud-hypervisor", "dbench-03.json", lambda t: f'{{"config": {t}, "state": "Running"}}'),
    ("slurm", "job.sh", lambda t: re.sub("mask_mem:[0-9a-fx,]+", lambda m: "map_mem:" + ",".join(
        str(int(word, 16).bit_length() - 1) for word in m[0].partition(":")[2].split(",")), t)),
    ("incus", "dbench-03.yaml", lambda t: f"{t}  limits.cpu.allowance: 50%\n"),
    ("kubernetes", "dbench-02.yaml", lambda t: t.replace('cpu: "2"', "cpu: 2000m", 1)),
    ("kubernetes", "dbench-02.yaml", lambda t: re.sub(r"(\d+)Mi", lambda m: str(int(m[1]) * 2**20), t)),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("form", "file", "edit"), ALIKE)
def test_what_limits_nothing_is_as_planned(form: str, file: str, edit: Edit, tmp_path: Path) -> None:
    """No limit, one of other threads, as much as there is, a reservation, the same amount in other words."""
    folder = deploy(form, tmp_path, host_cores=2 if FORMATS[form].needs_host_cpus else 0)
    before = (folder / file).read_text()
    assert edit(before) != before
    (folder / file).write_text(edit(before))
    assert audited(folder).deviations == ()


def test_nobody_loses_more_than_all(tmp_path: Path) -> None:
    """All on one CPU, and a tenth of its time each: wrong CPUs and limits together cost no more than there was."""
    folder = deploy("systemd", tmp_path)
    for path in folder.glob("*.slice"):
        text = re.sub("AllowedCPUs=.*", "AllowedCPUs=0", path.read_text())
        path.write_text(f"{text}CPUQuota=10%\n")
    verdict = audited(folder)
    kinds = {
        kind: [each.price or 0.0 for each in verdict.deviations if each.kind == kind] for kind in ("cpus", "quota")
    }
    assert sum(kinds["quota"]) > 0.89
    assert max(kinds["cpus"]) > 0.0
    assert sum(kinds["quota"]) <= verdict.total_price <= 1.0


@pytest.mark.parametrize(
    ("form", "file", "added", "message"),
    [
        ("systemd", "dbench-03.slice", "CPUQuota=half\n", "CPUQuota = 'half' must be a share of one CPU's time"),
        ("compose", "compose.yaml", "    cpus: few\n", "dbench-23: cpus = 'few' must be a number"),
        ("compose", "compose.yaml", "    cpus: -1\n", "dbench-23: cpus = '-1' must be a number"),
        ("compose", "compose.yaml", "    cpu_quota: -x\n", "dbench-23: cpu_quota = '-x' must be a number"),
        ("compose", "compose.yaml", "    cpu_quota: 50000\n    cpu_period: x\n", "dbench-23: cpu_period = 'x' must be"),
        ("compose", "compose.yaml", "\tcpus: 1\n", "line \\d+: indented by a tab; YAML takes blanks only"),
        ("xl", "dbench-03.cfg", "cap = 'x'\n", "cap = 'x' must be a whole number"),
        ("incus", "dbench-03.yaml", "  limits.cpu.allowance: 1s\n", "allowance = '1s' must be a share such as 50%"),
        ("proxmox", "dbench-03.conf", "cpulimit: -1\n", "cpulimit = '-1' must be a number of at least 0"),
    ],
)
def test_a_limit_of_time_that_is_none_is_refused(
    form: str, file: str, added: str, message: str, tmp_path: Path
) -> None:
    """With its file and field."""
    path = deploy(form, tmp_path) / file
    path.write_text(path.read_text() + added)
    with pytest.raises(InputError, match=message) as told:
        audited(tmp_path)
    assert str(told.value).startswith(str(path))
