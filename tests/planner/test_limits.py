"""What bounds instances: options, files and memory; each named where it binds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.store import catalog
from cerberus_plan.choices import bytes_of, constraints_for
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.quantity import Quantity
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.topology import Topology
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.plan import Constraints, Plan
from cerberus_plan.planner.splits.candidates import even_splits
from cerberus_plan.planner.splits.choose import plan

AMD = catalog.machine("amd48")
HISTOGRAM = catalog.workload("histogram")
GIB = 2.0**30


def stream(**operations: tuple[float, str]) -> Workload:
    given = {name: Quantity(value=value, unit=unit) for name, (value, unit) in operations.items()}
    return replace(HISTOGRAM, name="stream", unit="MB/s", units_per_cycle=1.0, job_units=None, operations=given)


def planned(workload: Workload, constraints: Constraints, *systems: str) -> Plan:
    return plan(AMD, workload, [SYSTEMS[name] for name in systems], constraints)


@settings(max_examples=40)
@given(
    st.sampled_from(sorted(SYSTEMS)),
    st.integers(1, 200),
    st.integers(1, 16),
    st.integers(0, 16),
    st.floats(0.1 * GIB, 300 * GIB),
)
def test_every_candidate_keeps_every_limit(system: str, cores: int, least: int, more: int, memory: float) -> None:
    """Sizes within the user's bounds; together within the memory, which grows with cores beyond the machine."""
    bounds = Constraints(
        cores=cores, min_cores_per_vm=least, max_cores_per_vm=least + more, memory_per_instance_bytes=memory
    )
    splits = even_splits(SYSTEMS[system], AMD, HISTOGRAM, bounds)
    if splits is None:
        assert least > cores or SYSTEMS[system].least_instances * least > cores or memory > 32 * GIB
        return
    assert (splits.threads >= least).all()
    assert (splits.threads <= least + more).all()
    if SYSTEMS[system].clustered:
        assert (splits.vms * memory <= 128 * GIB * max(1.0, cores / 48)).all()


@pytest.mark.parametrize(
    ("limit", "constraints"),
    [
        ("memory", Constraints(cores=48, memory_per_instance_bytes=32 * GIB)),
        ("max-vms", Constraints(cores=48, max_vms=4)),
        ("max-cores-per-vm", Constraints(cores=48, max_cores_per_vm=3, max_vms=4)),
        ("min-cores-per-vm", Constraints(cores=48, min_cores_per_vm=6)),
    ],
)
def test_a_limit_that_binds_is_named(limit: str, constraints: Constraints) -> None:
    """In the candidate, in JSON and among the plan's warnings."""
    found = planned(HISTOGRAM, constraints, "kvm")
    assert any(limit in candidate.limits for candidate in found.candidates)
    assert list(found.best.limits) == found.best.to_json()["limits"]
    if found.best.limits:
        assert any(found.best.limits[0] in warning for warning in found.warnings)


def test_without_limits_nothing_binds() -> None:
    """All cores in one process each, of a program that only computes."""
    free = replace(AMD, limits={})
    found = plan(free, stream(compute=(1e-4, "s")), [SYSTEMS["processes"]], Constraints(cores=8))
    assert all(candidate.limits == () for candidate in found.candidates)


@pytest.mark.slow
def test_a_stream_on_more_cores_than_were_measured_stays_within_what_was() -> None:
    """From a host of two cores to 512: no split moves more than 20 GB/s, and the plan says that memory is the limit."""
    memory = {
        "memory_bandwidth": Quantity(value=2e10, unit="B/s"),
        "memory_bandwidth_core": Quantity(value=1.1e10, unit="B/s"),
    }
    host = replace(AMD, topology=Topology.regular(sockets=1, cores_per_l3=2), quantities=AMD.quantities | memory)
    program = stream(memory_bytes=(1e6, "B"))
    found = plan(host, program, [SYSTEMS[n] for n in ("linux", "processes", "kvm")], Constraints(cores=512))
    assert max(c.throughput for c in found.candidates) * 1e6 <= 2e10 * (1 + 1e-9)
    assert "memory_bandwidth" in found.best.limits
    assert any("memory_bandwidth" in warning for warning in found.warnings)


def test_unknown_memory_demand_far_beyond_the_machine_is_said() -> None:
    """And a known demand on a machine of unknown bandwidth."""
    far = planned(stream(compute=(1e-4, "s")), Constraints(cores=200), "linux")
    assert any("how many bytes stream moves" in warning for warning in far.warnings)
    near = planned(stream(compute=(1e-4, "s")), Constraints(cores=48), "linux")
    assert not any("how many bytes" in warning for warning in near.warnings)
    without = {name: q for name, q in AMD.quantities.items() if name != "memory_bandwidth"}
    program = stream(compute=(1e-4, "s"), memory_bytes=(1e3, "B"))
    unknown = plan(replace(AMD, quantities=without), program, [SYSTEMS["linux"]], Constraints(cores=8))
    assert any("has no memory_bandwidth" in warning for warning in unknown.warnings)


def test_siblings_in_use_are_said() -> None:
    """The plan tells what a second thread counts as."""
    machine = replace(AMD, topology=Topology.regular(sockets=1, cores_per_l3=8, threads_per_core=2))
    machine = replace(machine, quantities=AMD.quantities)
    found = plan(machine, stream(compute=(1e-4, "s")), [SYSTEMS["linux"]], Constraints(cores=16))
    assert any("8 cores of 16 CPUs" in warning for warning in found.warnings) == (found.best.cores > 8)
    assert found.candidates[0].throughput < 1.4 * 8 / 1e-4


@pytest.mark.parametrize(("text", "value"), [("8GiB", 8 * GIB), ("512 MiB", 2.0**29), ("1.5GB", 1.5e9), ("7B", 7.0)])
def test_amounts_of_memory_are_read(text: str, value: float) -> None:
    """A number and a unit."""
    assert bytes_of(text, "--memory-per-instance") == value


@pytest.mark.parametrize("text", ["8", "GiB", "-1GiB", "0B", "8Gi", "nanGiB", "eight GiB", "1e999GiB"])
def test_other_amounts_are_refused(text: str) -> None:
    """With what is allowed."""
    with pytest.raises(InputError, match=r"--memory-per-instance .* such as 8GiB"):
        bytes_of(text, "--memory-per-instance")


def test_bounds_that_exclude_each_other_are_refused() -> None:
    """The least above the most."""
    with pytest.raises(InputError, match="--min-cores-per-vm 8 is above"):
        constraints_for(AMD, cores=48, host_cores=0, max_vms=None, max_cores_per_vm=4, min_cores_per_vm=8)
