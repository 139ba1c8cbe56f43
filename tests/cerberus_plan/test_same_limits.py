"""Limits and wishes are the same wherever a plan is asked for: recommended, explained, exported, from Python."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import cerberus_plan
from cerberus_plan import Objective, Prices, Slo
from cerberus_plan.cli.app import app
from cerberus_plan.cli.commands.explain import explain
from cerberus_plan.cli.commands.export import export
from cerberus_plan.cli.commands.plan import plan as main_command
from cerberus_plan.planner.deploy.all_formats import FORMATS
from cerberus_plan.planner.deploy.choice import Wish, choose_for
from cerberus_plan.planner.plan import Constraints

# Of the main command alone: what is done with the answer, and what asks for another one.
_ITS_OWN = {"ctx", "mix", "what_if", "version", "as_json", "report", "output", "workload"}
_BASE = ["--machine", "amd48", "--cores", "12", "--workload", "apache"]
_WISH = ["--rate", "9000/s", "--slo", "p99=5ms", "--max-cores-per-vm", "3", "--cost-per-instance", "2"]


def parameters(command: Any) -> dict[str, Any]:
    """Names and declarations of a command's options."""
    return {name: one.annotation for name, one in inspect.signature(command).parameters.items()}


@pytest.mark.parametrize("command", [explain, export])
def test_every_limit_of_the_main_command_is_an_option(command: Any) -> None:
    """Under the same name with the same declaration."""
    main = {name: said for name, said in parameters(main_command).items() if name not in _ITS_OWN}
    own = parameters(command)
    assert main == {name: own.get(name) for name in main}


def test_every_limit_of_the_constraints_is_an_argument_of_python() -> None:
    """Whatever bounds a plan; host and cores among them."""
    renamed = {"memory_per_instance_bytes": "memory_per_instance", "min_vms": "min_instances"}
    wanted = {renamed.get(name, name) for name in Constraints.__dataclass_fields__}
    assert wanted <= set(inspect.signature(cerberus_plan.plan).parameters)


def asked(*words: str) -> dict[str, Any]:
    """The main command's plan."""
    (found,) = json.loads(CliRunner().invoke(app, [*_BASE, *words, "--json"]).stdout)["plans"]
    return dict(found)


@pytest.mark.slow
def test_what_is_explained_is_what_was_recommended() -> None:
    """With a wish its choice, which leaves cores idle."""
    done = CliRunner().invoke(app, ["explain", *_BASE, *_WISH, "--json"])
    assert done.exit_code == 0, done.output
    first = json.loads(done.stdout)["plans"][0]["explanations"][0]["candidate"]
    best = asked(*_WISH)["best"]
    assert (first["system"], first["split"]) == (best["system"], best["split"])
    assert best["cores"] < 12


@pytest.mark.slow
def test_what_is_exported_is_what_was_recommended(tmp_path: Path) -> None:
    """Under the format's own system, which is the recommended one here, with what it carries."""
    words = [*_WISH, "--system", "kvm"]
    target = tmp_path / "out"
    done = CliRunner().invoke(app, ["export", *_BASE, *words, "--format", "libvirt", "--output", str(target)])
    assert done.exit_code == 0, done.output
    assert "9,000 requests/s are carried" in done.output
    assert json.loads((target / "plan.json").read_text())["split"] == asked(*words)["best"]["split"]


@pytest.mark.slow
def test_python_plans_the_same() -> None:
    """All limits and the objective at once."""
    found = cerberus_plan.plan(
        "apache",
        machine="amd48",
        cores=12,
        max_cores_per_vm=3,
        min_cores_per_vm=2,
        min_instances=2,
        memory_per_instance="2GiB",
        objective=Objective(
            kind="cost", rate=9000.0, slos=(Slo(name="p99", seconds=5e-3),), prices=Prices(per_instance=2.0)
        ),
    )
    more = ["--min-cores-per-vm", "2", "--min-instances", "2", "--memory-per-instance", "2GiB"]
    told = asked(*_WISH, *more)
    assert found.to_json()["best"] == told["best"]
    assert all(2 <= size <= 3 for one in found.candidates for size in one.split)


@pytest.mark.slow
def test_a_split_that_does_not_keep_the_objective_under_the_formats_system_is_replaced_and_told() -> None:
    """One kernel of processes is asked for what VMs of their own kernels would carry."""
    found = cerberus_plan.plan(
        "apache",
        machine="amd48",
        cores=12,
        systems=["kvm"],
        objective=Objective(kind="cost", rate=30_000.0, slos=(Slo(name="p99", seconds=5e-3),)),
    )
    assert found.best.meets
    choice = choose_for(FORMATS["systemd"], found, Wish())
    assert choice.candidate.system in {"processes", "linux"}
    if not choice.candidate.meets:
        assert any("not sure to be carried" in line for line in choice.lines)
    same = [c for c in choice.plan.candidates if c.split == found.best.split]
    if choice.candidate.split != found.best.split:
        assert not any(c.meets for c in same)
        assert "which the plan recommends" in choice.lines[0]


@pytest.mark.slow
def test_files_for_another_system_say_so_with_an_objective_too() -> None:
    """The Cerberus split that keeps the objective is deployed as KVM guests: what they do not share is said."""
    found = cerberus_plan.plan(
        "apache",
        machine="amd48",
        cores=12,
        systems=["cerberus"],
        objective=Objective(kind="cost", rate=5_000.0, slos=(Slo(name="p99", seconds=20e-3),)),
    )
    choice = choose_for(FORMATS["libvirt"], found, Wish())
    assert choice.candidate.system == "kvm"
    assert [line for line in choice.lines if line.startswith("These files run ")], choice.lines
