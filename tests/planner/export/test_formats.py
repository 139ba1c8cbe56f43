"""Every format, read back by a reader that is not its writer, and by the target's own schema where it is installed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.model.topology import Topology
from cerberus_plan.planner.deploy.all_formats import FORMATS
from cerberus_plan.planner.deploy.bundle import bundle
from cerberus_plan.planner.deploy.deployment import Deployment, safe_name
from cerberus_plan.planner.placing.placement import place
from tests.needs import needed_programs

from .readers import READERS, numbers

AMD48 = Topology.regular(sockets=8, cores_per_l3=6, memory_bytes=128 * 2.0**30)
SMT = Topology.regular(sockets=2, l3_per_node=2, cores_per_l3=4, threads_per_core=2, memory_bytes=64 * 2.0**30)
LIBVIRT_SCHEMA = Path(os.environ.get("LIBVIRT_SCHEMAS", "/usr/share/libvirt/schemas")) / "domain.rng"
# machine and split: inside a chip, across chips, one wide, SMT pairs, host cores kept, unequal
SHAPES = {
    "24x2": (AMD48, [2] * 24, 0),
    "4x12": (AMD48, [12] * 4, 0),
    "1x32": (AMD48, [32], 4),
    "6x8": (AMD48, [8] * 6, 0),
    "smt": (SMT, [4] * 7, 2),
    "unequal": (AMD48, [2, 4, 12, 1, 16], 6),
}


def written(form: str, shape: str, folder: Path) -> tuple[Deployment, Path]:
    """The bundle of a shape, as files."""
    topology, split, host = SHAPES[shape]
    if FORMATS[form].needs_host_cpus and sum(split) + host == topology.n_cpus:
        split = split[:-1]
    deployment = Deployment(name="work", topology=topology, placement=place(topology, split, host_cores=host))
    for name, text in bundle(FORMATS[form], deployment, {"system": "kvm"}, ()).items():
        (folder / name).write_text(text)
    return deployment, folder


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("form", FORMATS)
def test_an_independent_reader_finds_the_placement(form: str, shape: str, tmp_path: Path) -> None:
    """Every instance has its CPUs, nodes and memory, and no CPU is given twice."""
    deployment, folder = written(form, shape, tmp_path)
    found = READERS[form](folder)
    assert sorted(found) == sorted(unit.name for unit in deployment.units)
    given: list[int] = []
    for unit in deployment.units:
        pins = found[unit.name]
        assert pins.vcpus == len(unit.cpus)
        if pins.cpus is not None:
            assert frozenset().union(*pins.cpus) == set(unit.cpus)
            given += [cpu for cpus in pins.cpus for cpu in cpus]
            if len(pins.cpus) > 1:  # one entry a vCPU: exactly one CPU each, in order
                assert pins.cpus == tuple(frozenset({cpu}) for cpu in unit.cpus)
        assert pins.nodes in (None, frozenset(unit.place.nodes))
        assert pins.memory_mib in (None, sum(unit.memory_mib))
    assert len(given) == len(set(given))


@pytest.mark.parametrize("form", FORMATS)
def test_readme_and_plan_are_beside_the_files(form: str, tmp_path: Path) -> None:
    """The README tells how to apply and undo; plan.json holds the same CPUs."""
    deployment, folder = written(form, "24x2", tmp_path)
    readme = (folder / "README.md").read_text()
    assert "## Apply" in readme
    assert "## Undo" in readme
    plan = json.loads((folder / "plan.json").read_text())
    assert [entry["cpus"] for entry in plan["instances"]] == [list(unit.cpus) for unit in deployment.units]


@pytest.mark.parametrize("shape", SHAPES)
def test_libvirt_accepts_the_domains(shape: str, tmp_path: Path) -> None:
    """The domains validate against libvirt's own schema."""
    if not LIBVIRT_SCHEMA.exists():
        pytest.skip(f"LIBVIRT'S SCHEMA IS NOT INSTALLED ({LIBVIRT_SCHEMA}; Debian: apt install libvirt0)")
    schema = etree.RelaxNG(etree.parse(LIBVIRT_SCHEMA))
    _, folder = written("libvirt", shape, tmp_path)
    for file in folder.glob("*.xml"):
        schema.assertValid(etree.parse(file))


def test_systemd_accepts_the_slices(tmp_path: Path) -> None:
    """systemd-analyze verify has nothing to say."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("SYSTEMD-ANALYZE IS NOT INSTALLED (Debian: apt install systemd)")
    _, folder = written("systemd", "unequal", tmp_path)
    files = [str(file) for file in sorted(folder.glob("*.slice"))]
    done = subprocess.run(
        ["systemd-analyze", "verify", *files], check=False, capture_output=True, text=True, timeout=60
    )
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "work" in line]
    assert not ours


def test_the_start_script_is_a_valid_shell_script(tmp_path: Path) -> None:
    """Firecracker's script names what it needs when it is not set."""
    _, folder = written("firecracker", "24x2", tmp_path)
    done = subprocess.run(
        ["sh", folder / "start.sh"], capture_output=True, text=True, env={"PATH": os.environ["PATH"]}, check=False
    )
    assert done.returncode != 0
    assert "set FIRECRACKER" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
def test_scripts_are_clean(form: str, tmp_path: Path) -> None:
    """Every script parses, and shellcheck has nothing to say beyond style (SC2013: thread numbers are words)."""
    _, folder = written(form, "smt", tmp_path)
    scripts = sorted(folder.glob("*.sh"))
    for script in scripts:
        assert subprocess.run(["sh", "-n", script], check=False).returncode == 0
    if scripts:
        needed_programs("shellcheck")
        done = subprocess.run(
            ["shellcheck", "--severity=info", "--exclude=SC2013", *scripts],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.stdout == ""


FIRECRACKER_SCHEMA = {
    # Firecracker's API description, MachineConfiguration, BootSource, Drive
    "type": "object",
    "required": ["machine-config", "boot-source", "drives"],
    "additionalProperties": False,
    "properties": {
        "machine-config": {
            "type": "object",
            "required": ["vcpu_count", "mem_size_mib"],
            "additionalProperties": False,
            "properties": {
                "vcpu_count": {"type": "integer", "minimum": 1, "maximum": 32},
                "mem_size_mib": {"type": "integer", "minimum": 1},
                "smt": {"type": "boolean"},
                "huge_pages": {"enum": ["None", "2M"]},
                "track_dirty_pages": {"type": "boolean"},
                "cpu_template": {"type": "string"},
            },
        },
        "boot-source": {
            "type": "object",
            "required": ["kernel_image_path"],
            "additionalProperties": False,
            "properties": {"kernel_image_path": {"type": "string"}, "boot_args": {"type": "string"}},
        },
        "drives": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["drive_id", "is_root_device"],
                "properties": {
                    "drive_id": {"type": "string"},
                    "path_on_host": {"type": "string"},
                    "is_root_device": {"type": "boolean"},
                    "is_read_only": {"type": "boolean"},
                },
            },
        },
    },
}
COUNT = {"type": "integer", "minimum": 1}
CLOUD_HYPERVISOR_SCHEMA = {
    # Cloud Hypervisor's API description: VmConfig, CpusConfig, MemoryZoneConfig, NumaConfig
    "type": "object",
    "required": ["payload"],
    "properties": {
        "cpus": {
            "type": "object",
            "required": ["boot_vcpus", "max_vcpus"],
            "additionalProperties": False,
            "properties": {
                "boot_vcpus": COUNT,
                "max_vcpus": COUNT,
                "topology": {
                    "type": "object",
                    "required": ["threads_per_core", "cores_per_die", "dies_per_package", "packages"],
                    "additionalProperties": {**COUNT},
                },
                "affinity": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["vcpu", "host_cpus"],
                        "additionalProperties": False,
                        "properties": {
                            "vcpu": {"type": "integer", "minimum": 0},
                            "host_cpus": {"type": "array", "items": {"type": "integer"}, "minItems": 1},
                        },
                    },
                },
            },
        },
        "memory": {
            "type": "object",
            "required": ["size"],
            "properties": {
                "size": {"type": "integer"},
                "zones": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["id", "size"],
                        "additionalProperties": False,
                        "properties": {
                            "id": {"type": "string"},
                            "size": COUNT,
                            "host_numa_node": {"type": "integer", "minimum": 0},
                        },
                    },
                },
            },
        },
        "numa": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["guest_numa_id"],
                "additionalProperties": False,
                "properties": {
                    "guest_numa_id": {"type": "integer"},
                    "cpus": {"type": "array", "items": {"type": "integer"}},
                    "memory_zones": {"type": "array", "items": {"type": "string"}},
                    "distances": {
                        "type": "array",
                        "items": {"type": "object", "required": ["destination", "distance"]},
                    },
                },
            },
        },
        "payload": {"type": "object", "required": ["kernel"]},
        "disks": {"type": "array", "items": {"type": "object", "required": ["path"]}},
    },
    "additionalProperties": False,
}


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["24x2", "4x12", "1x32", "smt"])
@pytest.mark.parametrize(
    ("form", "schema"), [("firecracker", FIRECRACKER_SCHEMA), ("cloud-hypervisor", CLOUD_HYPERVISOR_SCHEMA)]
)
def test_machine_files_fit_the_published_api(form: str, schema: dict[str, object], shape: str, tmp_path: Path) -> None:
    """JSON schemas written from the projects' public API descriptions accept every file."""
    _, folder = written(form, shape, tmp_path)
    files = list(folder.glob("*-*.json"))
    assert files
    for file in files:
        jsonschema.validate(json.loads(file.read_text()), schema)


def test_the_kubelet_reserves_the_host_cpus(tmp_path: Path) -> None:
    """Host CPUs go to reservedSystemCPUs; a plan that leaves none is refused, for its kubelet would not start."""
    deployment, folder = written("kubevirt", "smt", tmp_path)
    kubelet = yaml.safe_load((folder / "kubelet.yaml").read_text())
    assert kubelet["cpuManagerPolicy"] == "static"
    assert numbers(kubelet["reservedSystemCPUs"]) == set(deployment.host_cpus)
    full = Deployment(name="work", topology=AMD48, placement=place(AMD48, [2] * 24))
    with pytest.raises(CannotAnswerError, match="--host-cores 1"):
        bundle(FORMATS["kubevirt"], full, {}, ())


@pytest.mark.parametrize("shape", ["smt", "unequal"])
def test_the_memory_manager_starts(shape: str, tmp_path: Path) -> None:
    """The kubelet's condition: reservedMemory sums to systemReserved plus the hard eviction threshold."""
    _, folder = written("kubevirt", shape, tmp_path)
    kubelet = yaml.safe_load((folder / "kubelet.yaml").read_text())
    assert kubelet["memoryManagerPolicy"] == "Static"
    mib = [int(entry["limits"]["memory"].removesuffix("Mi")) for entry in kubelet["reservedMemory"]]
    parts = (kubelet["systemReserved"]["memory"], kubelet["evictionHard"]["memory.available"])
    assert sum(mib) == sum(int(part.removesuffix("Mi")) for part in parts)


def uneven() -> st.SearchStrategy[Deployment]:
    """Deployments whose instances may be spread unevenly over nodes."""
    sizes = st.lists(st.integers(1, 20), min_size=1, max_size=4)
    machines = st.sampled_from([AMD48, SMT])
    fitting = st.tuples(machines, sizes).filter(lambda pair: sum(pair[1]) <= pair[0].n_cpus)
    return fitting.map(
        lambda pair: Deployment(name="work", topology=pair[0], placement=place(pair[0], pair[1], exact=False))
    )


@pytest.mark.slow
@given(uneven())
@settings(deadline=None, max_examples=60)
def test_no_guest_socket_spans_two_cells(deployment: Deployment) -> None:
    """vCPUs fill sockets in order: all vCPUs of one socket are in one cell, as the guest's kernel demands."""
    for unit in deployment.units:
        sockets, cores, threads = deployment.guest_topology(unit)
        assert sockets * cores * threads == len(unit.cpus)
        cell_of = {vcpu: node for node, vcpus in deployment.vcpus_by_node(unit).items() for vcpu in vcpus}
        for socket in range(sockets):
            mine = range(socket * cores * threads, (socket + 1) * cores * threads)
            assert len({cell_of[vcpu] for vcpu in mine}) == 1


def test_domains_have_what_x86_guests_start_their_cpus_from(tmp_path: Path) -> None:
    """ACPI and APIC tables are on, and a name has one uuid for ever: defining again replaces."""
    _, folder = written("libvirt", "6x8", tmp_path)
    domains = [etree.parse(file).getroot() for file in sorted(folder.glob("*.xml"))]
    assert all({child.tag for child in domain.find("features")} == {"acpi", "apic"} for domain in domains)
    uuids = [domain.findtext("uuid") for domain in domains]
    assert len(set(uuids)) == 6
    assert uuids[0] == "6d5d49de-a7c4-5cd0-a88c-17938d370bd8"


def test_xen_pools_leave_domain_0_its_cpus(tmp_path: Path) -> None:
    """A pool is made only where CPUs are left for Domain-0, and holds exactly the guests' CPUs."""
    deployment, folder = written("xl", "smt", tmp_path)
    assert (folder / "work.cpupool").exists()
    text = (folder / "work.cpupool").read_text()
    assert {int(word) for word in text.split("cpus = [")[1].rstrip("]\n").replace('"', "").split(",")} == set(
        deployment.instance_cpus
    )
    assert not set(deployment.host_cpus) & set(deployment.instance_cpus)


@pytest.mark.parametrize(("vcpus", "reason"), [(3, "even number"), (33, "at most 32"), (48, "at most 32")])
def test_firecracker_refuses_what_it_cannot_run(vcpus: int, reason: str) -> None:
    """Odd counts where cores have siblings, and more than 32 vCPUs are refused with the reason; 1 and 32 are fine."""
    refused = FORMATS["firecracker"].refuse(vcpus, True)
    assert refused is not None
    assert reason in refused
    assert FORMATS["firecracker"].refuse(1, True) is None
    assert FORMATS["firecracker"].refuse(3, False) is None
    assert FORMATS["firecracker"].refuse(32, True) is None


@pytest.mark.parametrize("form", ["kubernetes", "kubevirt"])
def test_the_kubelet_refuses_odd_counts_on_smt_machines_only(form: str) -> None:
    """full-pcpus-only aligns to whole cores."""
    assert "even number" in (FORMATS[form].refuse(3, True) or "")
    assert FORMATS[form].refuse(2, True) is None
    assert FORMATS[form].refuse(3, False) is None


@pytest.mark.slow
@given(st.sets(st.integers(0, 600), min_size=1))
@settings(deadline=None)
def test_cpu_lists_round_trip(cpus: set[int]) -> None:
    """A list reads back as the same CPUs and is never longer than naming each."""
    text = cpu_list(cpus)
    assert numbers(text) == cpus
    assert len(text) <= len(",".join(map(str, cpus)))


@given(st.text())
def test_names_are_safe_everywhere(text: str) -> None:
    """Lower-case letters and digits, a letter first, and a text for YAML: every format's own rule at once."""
    name = safe_name(text)
    assert re.fullmatch(r"[a-z][a-z0-9]{0,39}", name)
    assert yaml.safe_load(f"{name}:")[name] is None
    assert type(yaml.safe_load(name)) is str


@pytest.mark.parametrize(
    "text", ["system", "user", "machine", "init", "-", "", "null", "true", "on", "off", "y", "123", "2020-01-01", "1e5",
             "0x1f", ".", "..", "../../etc", "a b", "a-b", "A", "ünïcode", "名", "x" * 300, "\ud800", "-.slice"],
)  # fmt: skip
def test_reserved_and_odd_names_are_replaced(text: str) -> None:
    """What an init system, YAML or a shell would misread is another name, with the text's digest."""
    assert re.fullmatch(r"[a-z][a-z0-9]*x[0-9a-f]{8}", safe_name(text))
    assert safe_name(text) == safe_name(text)


def test_plain_names_stay() -> None:
    """The shipped workloads keep theirs."""
    for name in ("histogram", "dbench", "apache", "memcached", "web2"):
        assert safe_name(name) == name


@pytest.mark.slow
@given(st.lists(st.text(alphabet="ab-_ AxX0f", max_size=12), unique=True, max_size=40))
def test_names_do_not_collide(texts: list[str]) -> None:
    """Different texts have different names, also those made to look like a replaced one."""
    texts = list(dict.fromkeys(texts + [safe_name(text) for text in texts]))
    assert len({safe_name(text) for text in texts}) == len(texts)
