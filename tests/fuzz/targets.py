"""What is fuzzed: every reader of the program, with a valid document and the command that reads it.

The command is the whole path a stranger's file takes: reader, model and answer. Documents are those of the tests and
those that the program writes itself: a new import is a target once it has a fixture, a deployment format at once.
"""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from cerberus_plan.calibration.programs.imports.readers import FORMATS as IMPORTS
from cerberus_plan.calibration.programs.imports.readers import recognise
from cerberus_plan.calibration.store.profile import write_profile
from cerberus_plan.model.topology import Topology
from cerberus_plan.planner.deploy.all_formats import FORMATS
from cerberus_plan.planner.deploy.bundle import bundle
from cerberus_plan.planner.deploy.deployment import Deployment
from cerberus_plan.planner.placing.placement import place
from tests.example_profile import a_profile

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "calibration" / "imports" / "fixtures"
DATA = ROOT / "model" / "data"
_SMALL = ("--cores", "4", "--json")
_SIZE, _HOST = 2, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One reader.

    Attributes:
        name: For people.
        file: Name of the file that is damaged, in a folder of its own.
        text: A valid content of it.
        command: Arguments of the program; ``{file}`` and ``{folder}`` stand for the paths.
        kind: How it can be damaged: ``json``, ``toml``, ``xml`` or ``lines``.
        beside: Other files of the folder.
        answers: Exit codes of a valid document.
    """

    name: str
    file: str
    text: str
    command: tuple[str, ...]
    kind: str
    beside: Mapping[str, str] = field(default_factory=dict)
    answers: tuple[int, ...] = (0,)

    def arguments(self, folder: Path) -> list[str]:
        """The command with its paths."""
        return [word.format(file=folder / self.file, folder=folder) for word in self.command]

    def write(self, folder: Path, content: bytes | None = None) -> None:
        """The folder as the command finds it, the file valid or as given."""
        for name, text in self.beside.items():
            (folder / name).write_text(text)
        (folder / self.file).write_bytes(self.text.encode() if content is None else content)


def targets() -> list[Target]:
    """All of them; their names are unique."""
    return [*_own_files(), *_curves(), *_imports(), *_machines(), *_deployments()]


NETWORK = """format = 1
[[instances]]
count = 3
threads = 2
stations = [{law = "delay", demand = 8.0}, {law = "ticket_lock", hold = 0.6, handover = 0.3, name = "lock"}]
[[shared]]
law = "queue"
demand = 0.15
[rules]
holds = "deterministic"
off_core = ["think"]
cores = 2
messages = [{station = "lock", demand = 0.1, to = "one"}]
"""


FLEET = (
    'format = 1\nname = "shop"\n[[machine]]\nname = "m"\nmachine = "amd48"\ncount = 2\ncores = 8\nprice = 7\n'
    '[[workload]]\nworkload = "apache"\nrate = 1000\n'
)


def _own_files() -> Iterator[Target]:
    """Machine, workload, mixture, profile and network files."""
    amd48 = ("--machine", "amd48")
    workload = (DATA / "workloads" / "dbench.toml").read_text()
    measured = "[[measured]]\ninstances = {}\ncores_per_instance = {}\nvalue = {}\nlow = 90.0\nhigh = 1000.0\n"
    rows = "".join(measured.format(*row) for row in ((1, 4, 200.0), (2, 2, 300.0), (4, 1, 400.0)))
    machine = (DATA / "machines" / "amd48.toml").read_text()
    yield Target(
        name="workload", file="w.toml", text=workload, kind="toml", command=(*amd48, "--workload", "{file}", *_SMALL)
    )
    yield Target(
        name="measured rows", file="w.toml", text=workload + rows, kind="toml",
        command=(*amd48, "--workload", "{file}", *_SMALL),
    )  # fmt: skip
    yield Target(
        name="mixture", file="w.toml", text=workload, kind="toml",
        command=(*amd48, "--mix", "{file}=2,histogram=1", *_SMALL),
    )  # fmt: skip
    yield Target(
        name="explain", file="w.toml", text=workload, kind="toml",
        command=("explain", *amd48, "--workload", "{file}", *_SMALL),
    )  # fmt: skip
    planned = ("--workload", "histogram", *_SMALL)
    yield Target(name="machine", file="m.toml", text=machine, kind="toml", command=("--machine", "{file}", *planned))
    catalog = (DATA / "machines" / "graviton3.toml").read_text()
    yield Target(
        name="catalog machine", file="m.toml", text=catalog, kind="toml", command=("--machine", "{file}", *planned)
    )
    profile = _profile()
    yield Target(name="profile", file="p.json", text=profile, kind="json", command=("--machine", "{file}", *planned))
    yield Target(
        name="made machine", file="p.json", text=profile, kind="json",
        command=("machines", "make", "other", "--like", "{file}", "--sockets", "2", "--cores-per-l3", "4", "--output",
                 "{folder}/other.json"),
    )  # fmt: skip
    simulate = ("simulate", "{file}", "--completions", "64", "--replications", "1", "--json")
    yield Target(name="network", file="n.toml", text=NETWORK, kind="toml", command=simulate)
    yield Target(
        name="fleet", file="f.toml", text=FLEET, kind="toml", command=("fleet", "{file}", "--seconds", "2", "--json"),
        answers=(0, 1),
    )  # fmt: skip
    saved = _saved()
    yield Target(name="saved answer", file="a.json", text=saved, kind="json", command=("{file}", "--json"))
    yield Target(
        name="compare", file="a.json", text=saved, kind="json", beside={"b.json": saved},
        command=("compare", "{file}", "{folder}/b.json", "--json"),
    )  # fmt: skip


def _saved() -> str:
    """An answer as the program saves it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.json"
        question = ["--machine", "amd48", "--workload", "histogram", "--cores", "4", "--output", str(path)]
        command = [sys.executable, "-m", "cerberus_plan", *question]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        return path.read_text()


def _profile() -> str:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "p.json"
        write_profile(a_profile(cache_groups=2), path)
        return path.read_text()


def _curves() -> Iterator[Target]:
    curve = "n,value\n1,100\n2,190\n4,340\n8,500\n16,560\n"
    splits = "instances,cores_per_instance,value\n1,16,100\n4,4,180\n16,1,240\n"
    yield Target(
        name="curve", file="c.csv", text=curve, kind="lines", command=("fit", "{file}", "--json", "--predict", "32")
    )
    yield Target(name="splits", file="s.csv", text=splits, kind="lines", command=("fit", "{file}", "--json"))


def _imports() -> Iterator[Target]:
    """Every fixture, recognised and, where damage may hide what it is, with its format told."""
    for path in sorted(FIXTURES.iterdir()):
        text = path.read_text()
        form = recognise(text)
        kind = "json" if path.suffix == ".json" else "lines"
        for told in ((), ("--format", form or next(iter(IMPORTS)))):
            yield Target(
                name=f"import {path.name}{' as told' if told else ''}", file=path.name, text=text, kind=kind,
                command=("import", "{file}", *told, "--json"),
            )  # fmt: skip


def _machines() -> Iterator[Target]:
    """Descriptions of machines that a profile is made of."""
    topology = Topology.regular(sockets=2, l3_per_node=2, cores_per_l3=2, threads_per_core=2)
    read = ("calibrate", "--import", "{file}", "--output", "{folder}/made.json")
    for name, (file, text) in _descriptions(topology).items():
        kind = {".xml": "xml", ".json": "json"}.get(Path(file).suffix, "lines")
        yield Target(name=name, file=file, text=text, kind=kind, command=read)
    costs = (FIXTURES / "will_it_scale.csv").read_text()
    yield Target(
        name="will-it-scale of a machine", file="page_fault1.csv", text=costs, kind="lines",
        beside={"lscpu.txt": _descriptions(topology)["lscpu -e"][1]},
        command=("calibrate", "--import", "{folder}/lscpu.txt", *read[1:]),
    )  # fmt: skip


def _descriptions(topology: Topology) -> dict[str, tuple[str, str]]:
    rows = list(
        zip(topology.cpus, topology.numa_nodes, topology.sockets, topology.cores, topology.l3_groups, strict=True)
    )
    table = "CPU NODE SOCKET CORE L1d:L1i:L2:L3 ONLINE\n" + "".join(
        f"{c:3} {n:4} {s:6} {k:4} {k}:{k}:{k}:{g} yes\n" for c, n, s, k, g in rows
    )
    parsable = "# CPU,Core,Socket,Node,,L1d,L1i,L2,L3\n" + "".join(
        f"{c},{k},{s},{n},,{k},{k},{k},{g}\n" for c, n, s, k, g in rows
    )
    cells = [
        {"cpu": c, "node": n, "socket": s, "core": k, "l1d:l1i:l2:l3": f"{k}:{k}:{k}:{g}", "online": True}
        for c, n, s, k, g in rows
    ]
    fields = {
        "Architecture": "x86_64", "CPU(s)": "16", "On-line CPU(s) list": "0-15", "Model name": "Example 9000",
        "Thread(s) per core": "2", "Core(s) per socket": "4", "Socket(s)": "2", "NUMA node(s)": "2",
        "L3": "128 MiB (4 instances)", "NUMA node0 CPU(s)": "0-3,8-11", "NUMA node1 CPU(s)": "4-7,12-15",
    }  # fmt: skip
    listed = [{"field": f"{name}:", "data": value} for name, value in fields.items()]
    return {
        "lscpu -e": ("lscpu.txt", table),
        "lscpu -p": ("lscpu.csv", parsable),
        "lscpu -e -J": ("lscpu.json", json.dumps({"cpus": cells})),
        "lscpu": ("lscpu.txt", "".join(f"{name + ':':<25}{value}\n" for name, value in fields.items())),
        "lscpu -J": ("lscpu.json", json.dumps({"lscpu": listed})),
        "lstopo": ("lstopo.xml", _lstopo(topology)),
        "latency matrix": ("matrix.csv", _matrix(topology)),
    }


def _lstopo(topology: Topology) -> str:
    """A machine as hwloc 2 writes it, node beside caches."""

    def mask(cpus: list[int]) -> str:
        return f"0x{sum(1 << cpu for cpu in cpus):08x}"

    def tag(kind: str, cpus: list[int], inside: str, more: str = "") -> str:
        return f'<object type="{kind}" cpuset="{mask(cpus)}" {more}>{inside}</object>\n'

    def where(level: tuple[int, ...], number: int) -> list[int]:
        return [cpu for cpu, its in zip(topology.cpus, level, strict=True) if its == number]

    def groups(level: tuple[int, ...], within: list[int]) -> list[tuple[int, list[int]]]:
        return [(n, cpus) for n in sorted(set(level)) if set(cpus := where(level, n)) <= set(within)]

    def cores(within: list[int]) -> str:
        return "".join(
            tag("Core", cpus, "".join(tag("PU", [cpu], "", f'os_index="{cpu}"') for cpu in cpus), f'os_index="{n}"')
            for n, cpus in groups(topology.cores, within)
        )

    packages = "".join(
        tag(
            "Package", cpus,
            tag("NUMANode", cpus, "", f'nodeset="0x{1 << n:08x}" os_index="{n}" local_memory="8589934592"')
            + "".join(tag("L3Cache", its, cores(its), 'depth="3" cache_size="33554432"')
                      for _, its in groups(topology.l3_groups, cpus)),
            f'os_index="{n}"',
        )
        for n, cpus in groups(topology.sockets, list(topology.cpus))
    )  # fmt: skip
    machine = tag("Machine", list(topology.cpus), packages, 'os_index="0"')
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<topology version="2.0">{machine}</topology>\n'


def _matrix(topology: Topology) -> str:
    out = io.StringIO()
    near = {True: 25.0, False: 110.0}
    cpus = range(len(topology.cpus))
    csv.writer(out).writerows(
        ["" if a == b else near[topology.l3_groups[a] == topology.l3_groups[b]] + (a * b) % 5 for b in cpus]
        for a in cpus
    )
    return out.getvalue()


def _deployments() -> Iterator[Target]:
    """One file of each kind in a deployment of each format, and its plan."""
    topology = Topology.regular(sockets=2, cores_per_l3=4, threads_per_core=1, memory_bytes=2.0**34)
    deployment = Deployment(name="work", topology=topology, placement=place(topology, [_SIZE] * 3, host_cores=_HOST))
    for form in FORMATS.values():
        facts = {
            "machine": "amd48",
            "workload": "dbench",
            "system": form.systems[0],
            "throughput": 900.0,
            "unit": "MB/s",
        }
        files = bundle(form, deployment, facts, ())
        seen = set()
        for name, text in sorted(files.items()):
            suffix = Path(name).suffix
            if name in ("README.md", "undo.sh", "apply.sh") or suffix in seen:
                continue
            seen.add(suffix)
            kind = suffix[1:] if suffix in (".json", ".xml") else "lines"
            yield Target(
                name=f"audit {form.name} {name}", file=name, text=text, kind=kind, answers=(0, 3),
                beside={other: its for other, its in files.items() if other != name},
                command=("audit", "{folder}", "--json"),
            )  # fmt: skip
    files = bundle(FORMATS["libvirt"], deployment, {**facts, "system": "kvm"}, ())
    yield Target(
        name="audit --libvirt", file="live.xml", text=files["work-01.xml"], kind="xml", answers=(0, 3), beside=files,
        command=("audit", "{folder}", "--libvirt", "{file}", "--json"),
    )  # fmt: skip
    yield Target(
        name="audit --beside", file="other.json", text=files["plan.json"], kind="json", answers=(0, 3), beside=files,
        command=("audit", "{folder}", "--beside", "{file}", "--json"),
    )  # fmt: skip
