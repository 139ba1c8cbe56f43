"""What is kept of an observation, and how it is called."""

from dataclasses import replace
from pathlib import Path

import pytest

from cerberus_plan.calibration.programs.observe import fault_cost, keep, served
from cerberus_plan.calibration.programs.observe.naming import program_name
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.measurement import Measurement
from cerberus_plan.model.quantity import Quantity
from cerberus_plan.model.topology import Topology
from tests.example_observation import made, observed


def test_a_calibrated_host_gives_its_costs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stored profile's page fault and packet are subtracted from kernel time; without one a quick look's."""
    monkeypatch.setattr(keep, "this_host_profile", lambda: None)
    monkeypatch.setattr(keep, "page_fault_cost", lambda: 3e-7)
    assert keep.costs_here() == {"page_fault": 3e-7}
    quantities = {"page_fault": Quantity(value=5e-7, unit="s"), "syscall": Quantity(value=1e-7, unit="s")}
    machine = Machine(
        name="here", description="", topology=Topology.regular(sockets=1, cores_per_l3=1), quantities=quantities
    )
    monkeypatch.setattr(keep, "this_host_profile", lambda: tmp_path)
    monkeypatch.setattr(keep, "profile_to_machine", lambda _path: machine)
    assert keep.costs_here() == {"page_fault": 5e-7}


@pytest.mark.hardware
def test_a_page_fault_costs_something() -> None:
    """A quick look finds more than nothing and less than a millisecond."""
    assert 1e-9 < fault_cost.page_fault_cost() < 1e-3


def test_a_program_without_processor_time_has_no_workload(tmp_path: Path) -> None:
    """Curve and demand are written; a workload of nothing would only be refused later."""
    files = keep.files_for(f"{tmp_path}/")
    seen = observed(made(1, 1.0, user_s=0.0, cpu_s=0.0))
    made_of = keep.workload_from(seen, None)
    assert [Path(name).name for name in keep.write(seen, files, made=made_of)] == ["curve.csv", "demand.json"]


@pytest.mark.parametrize(("server", "shards"), [("db -p {port}", True), ("pool -w {instances} -p {port}", False)])
def test_a_servers_plan_says_what_several_of_it_mean(server: str, shards: bool) -> None:
    """Two databases are two shards, which no rate tells; a server that divides itself stays one."""
    seen = observed(made(1, 1.0))
    seen = replace(seen, plan=replace(seen.plan, command=served.command(server, "load {port}")))
    rows = tuple(Measurement(instances=m, cores_per_instance=2 // m, value=1.0) for m in (1, 2))
    for measured in (rows, rows[:1]):
        kept = keep.workload_from(seen, None, measured)
        assert kept is not None
        assert ("sharded" in kept.note) == (shards and measured == rows)


@pytest.mark.parametrize(
    ("output", "names"),
    [
        ("mine.toml", ["mine.curve.csv", "mine.demand.json", "mine.toml"]),
        ("mine", ["mine.curve.csv", "mine.demand.json", "mine.workload.toml"]),
        ("v1.2", ["v1.2.curve.csv", "v1.2.demand.json", "v1.2.workload.toml"]),
        ("kept/", ["curve.csv", "demand.json", "workload.toml"]),
    ],
)
def test_the_name_of_a_workload_is_kept(output: str, names: list[str], tmp_path: Path) -> None:
    """What ends in .toml is what the main command is given next; anything else starts three names."""
    assert [path.name for path in keep.files_for(f"{tmp_path}/{output}")] == names


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["python3", "-O", "/opt/app/serve.py", "--threads", "4"], "serve"),
        (["./build/sort", "big.txt"], "sort"),
        (["env", "OMP_NUM_THREADS={cores}", "taskset", "0-3", "./kernel-2"], "kernel-2"),
        (["numactl", "--membind=0", "redis-server"], "redis-server"),
        (["sh", "-c", "make -j{cores}"], "sh"),
        (["/usr/bin/python3.11", "-c", "print(1)"], "python3"),
    ],
)
def test_names_of_programs(command: list[str], name: str) -> None:
    """A workload is called after the program, not its interpreter or launcher."""
    assert program_name(command) == name
