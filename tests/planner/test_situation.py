"""How well a plan's model is known, and what follows: wider where less is known."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from example_profile import a_profile
from typer.testing import CliRunner

from cerberus_plan.calibration.paper.left_out import FITTED
from cerberus_plan.calibration.store import catalog
from cerberus_plan.calibration.store.profile import machine_of
from cerberus_plan.cli.app import app
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.topology import Topology
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.plan import Constraints
from cerberus_plan.planner.splits.choose import plan
from cerberus_plan.planner.splits.situation import Situation, discrepancy_of, situation_of
from cerberus_plan.reports.pages.plan_document import plan_document

AMD, HISTOGRAM = catalog.machine("amd48"), catalog.workload("histogram")
DEPLOYABLE = [SYSTEMS[name] for name in ("linux", "processes")]
# What `kvm` needs, and a host without a usable /dev/kvm leaves assumed.
NESTED = ("nested_paging", "nested_paging_user", "instance_overhead")


def measured_host(cores: int, unstable: str = "") -> Machine:
    """A calibrated host with known page fault costs."""
    costs = {
        "page_fault": Quantity(value=4e-7, unit="s", low=3.9e-7, high=4.1e-7, provenance=Provenance.MEASURED),
        "page_fault_parallel": Quantity(value=3e-7, unit="s", low=2.9e-7, high=3.1e-7, provenance=Provenance.MEASURED),
    }
    topology = Topology.regular(sockets=1, cores_per_l3=cores)
    return Machine(name="host", description="", topology=topology, quantities=costs, measured=True, unstable=unstable)


def observed() -> Workload:
    """A program whose demands were measured."""
    operations = {
        "compute": Quantity(value=5e-6, unit="s", low=4.9e-6, high=5.1e-6, provenance=Provenance.MEASURED),
        "page_faults": Quantity(value=1.0, unit="1", provenance=Provenance.MEASURED),
    }
    return Workload(name="mine", description="", unit="1/s", units_per_cycle=1.0, operations=operations)


def test_situations() -> None:
    """Fitted here, observed, carried over, assumed."""
    assert situation_of(AMD, HISTOGRAM) is Situation.FITTED
    assert situation_of(measured_host(4), observed()) is Situation.OBSERVED
    assert situation_of(measured_host(4), HISTOGRAM) is Situation.CARRIED
    assert situation_of(AMD, observed()) is Situation.CARRIED
    assert situation_of(AMD, catalog.workload("memcached")) is Situation.ASSUMED


def test_less_known_is_wider() -> None:
    """The model's error grows from fitted to observed, carried and assumed."""
    one = np.ones(1)
    pairs = [(AMD, HISTOGRAM), (measured_host(48), observed()), (measured_host(48), HISTOGRAM)]
    sizes = [float(discrepancy_of(m, w, {}).variance(["linux"], one, one)[0]) for m, w in pairs]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[1] < sizes[2]


def test_the_fitted_error_is_the_one_that_was_tested() -> None:
    """Plans use the error whose intervals hold left-out published numbers."""
    own = discrepancy_of(AMD, HISTOGRAM, {})
    for name in ("shared", "system", "size", "split"):
        assert getattr(own, name) == getattr(FITTED, name)


def test_two_cores_asked_for_64_are_at_least_threefold_wide() -> None:
    """Ends of the 90 % interval at 64 cores are a factor of three apart or more, under every split."""
    answer = plan(measured_host(2), observed(), DEPLOYABLE, Constraints(cores=64))
    for candidate in answer.candidates:
        if candidate.cores == 64:
            assert candidate.high / candidate.low >= 3.0
    assert answer.best.probability_best < 0.9


def test_within_the_measured_cores_nothing_is_added() -> None:
    """A host measured with 64 cores is as sure at 64 as at 2."""
    answer = plan(measured_host(64), observed(), DEPLOYABLE, Constraints(cores=64))
    widths = {c.cores: c.high / c.low for c in answer.candidates if c.system == "processes" and c.cores_per_vm == 1}
    assert widths[64] == pytest.approx(widths[2], rel=0.02)


def test_an_unstable_calibration_widens_and_is_said() -> None:
    """In warnings and in intervals."""
    calm = plan(measured_host(8), observed(), DEPLOYABLE, Constraints(cores=8))
    verdict = "unstable: 40% of the batches were disturbed, mostly switched: stop other jobs"
    shaky = plan(measured_host(8, verdict), observed(), DEPLOYABLE, Constraints(cores=8))
    assert shaky.best.high / shaky.best.low > 1.2 * calm.best.high / calm.best.low
    assert any("unstable: 40%" in warning for warning in shaky.warnings)
    assert not any("unstable" in warning for warning in calm.warnings)


def test_cannot_tell_is_a_verdict() -> None:
    """Where the best guess is expected to lose too much, the verdict says what to measure."""
    program = observed()
    unknown = replace(program.operations["compute"], provenance=Provenance.ASSUMED, low=1e-6, high=2.5e-5)
    faults = replace(program.operations["page_faults"], provenance=Provenance.ASSUMED, low=0.1, high=10.0)
    program = replace(program, operations={"compute": unknown, "page_faults": faults})
    answer = plan(measured_host(2), program, [SYSTEMS["linux"]], Constraints(cores=512))
    assert answer.verdict.startswith("Cannot tell") == (answer.best.regret > 0.15)
    assert "Cannot tell" in answer.verdict
    assert "measure on 512 cores" in answer.verdict


def test_a_system_with_assumed_costs_is_less_sure() -> None:
    """Nested paging was never measured on the paper's machine: its own error is larger than Linux's."""
    answer = plan(AMD, HISTOGRAM, [SYSTEMS["linux"], SYSTEMS["kvm"]], Constraints(cores=8))
    widths = {c.system: c.high / c.low for c in reversed(answer.candidates)}
    assert widths["kvm"] > 1.3 * widths["linux"]


def test_an_unstable_profile_says_so_as_a_machine() -> None:
    """What a calibration's verdict complains of is carried by the machine; a stable one and an import carry nothing."""
    profile = a_profile()
    for run, expected in [
        ({"verdict": "unstable: 3% of the time was stolen by the hypervisor"}, "unstable: 3% of the time was stolen"),
        ({"verdict": "stable: 11% of 144 batches disturbed"}, ""),
        ({"verdict": "imported, not measured here"}, ""),
        ({}, ""),
    ]:
        found = machine_of(replace(profile, run=run)).unstable
        assert found.startswith(expected)
        assert bool(found) == bool(expected)


def test_machines_and_the_document_name_an_unstable_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """`machines`, `machines --json` and the plan's JSON."""
    shaky = measured_host(2, "unstable: stop other jobs")
    monkeypatch.setattr(catalog, "shipped", lambda _: ("host",))
    monkeypatch.setattr("cerberus_plan.calibration.store.places.profiles", tuple)
    monkeypatch.setattr(catalog, "machine", lambda _: shaky)
    shown = CliRunner().invoke(app, ["machines"]).output
    assert "unstable" in shown
    listed = json.loads(CliRunner().invoke(app, ["machines", "--json"]).output)
    assert listed["machines"][0]["unstable"] == "unstable: stop other jobs"
    answer = plan(shaky, observed(), DEPLOYABLE, Constraints(cores=2))
    assert plan_document([answer])["machine"]["unstable"] == "unstable: stop other jobs"


def test_what_a_calibration_cannot_measure_is_not_asked_for() -> None:
    """`calibrate` leaves it assumed: then a run decides. VMs are no run of ours, so no command is named for them."""
    host = measured_host(2)
    left = {name: Quantity(value=1.5, unit="1", low=1.0, high=9.0, provenance=Provenance.ASSUMED) for name in NESTED}
    host = replace(host, quantities={**host.quantities, **left})
    asked = [
        text
        for cores in (2, 4, 8)
        for text in plan(host, observed(), [SYSTEMS["linux"], SYSTEMS["kvm"]], Constraints(cores=cores)).warnings
        if text.startswith("cannot rule out")
    ]
    assert any("(kvm) decides" in text for text in asked)
    for text in asked:
        assert "decides most between them" in text
        assert not any(f"measuring {name}" in text for name in NESTED)
        assert ("`cerberus-plan tune" in text) == ("a run of" in text and "(kvm) decides" not in text)
