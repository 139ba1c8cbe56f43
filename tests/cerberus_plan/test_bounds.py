"""Bounds of a plan from Python and from the command line: one check, one message, before anything is planned."""

from __future__ import annotations

from typing import Any

import pytest
from typer.testing import CliRunner

import cerberus_plan
from cerberus_plan import InputError, choices
from cerberus_plan.cli import plan_options
from cerberus_plan.cli.app import app
from cerberus_plan.planner import plan as nouns
from cerberus_plan.planner.fleet import fleet_file
from cerberus_plan.planner.saved import answer

_BASE = ["--machine", "amd48", "--workload", "apache"]


@pytest.mark.parametrize(
    ("name", "wrong", "allowed"),
    [
        ("cores", 0, "from 1 to 4096"),
        ("cores", 4097, "from 1 to 4096"),
        ("host_cores", -1, "from 0 to 1000000"),
        ("max_vms", -1, "from 1 to 1000000"),
        ("max_vms", 0, "from 1 to 1000000"),
        ("min_instances", 0, "from 1 to 1000000"),
        ("max_cores_per_vm", 0, "from 1 to 1000000"),
        ("min_cores_per_vm", -3, "from 1 to 1000000"),
    ],
)
def test_python_and_the_command_line_say_the_same_of_a_bound(name: str, wrong: int, allowed: str) -> None:
    """The option as it was typed (an argument in Python), what was given, what is allowed."""
    option = f"--{name.replace('_', '-')}"
    given: dict[str, Any] = {"cores": 8, name: wrong}
    with pytest.raises(InputError) as refused:
        cerberus_plan.plan("apache", machine="amd48", **given)
    assert str(refused.value) == f"{name} = {wrong} must be a whole number {allowed}"
    typed = [word for key, value in given.items() for word in (f"--{key.replace('_', '-')}", str(value))]
    done = CliRunner().invoke(app, [*_BASE, *typed])
    assert isinstance(done.exception, InputError)  # exit code 2 in a process of its own
    assert str(done.exception) == str(refused.value).replace(name, option)


def test_what_is_allowed_is_one_number_wherever_it_is_said() -> None:
    """Help, options, fleets and saved answers; the help has it as text, for a start imports no plan."""
    assert all(vars(room)["MOST_CORES"] is nouns.MOST_CORES for room in (choices, fleet_file, answer))
    assert all(vars(room)["MOST_OVERCOMMIT"] is nouns.MOST_OVERCOMMIT for room in (choices, answer))
    (cores,), (overcommit,) = plan_options.Cores.__metadata__, plan_options.Overcommit.__metadata__
    assert cores.help.endswith(f"1 to {nouns.MOST_CORES}.")
    assert overcommit.help.endswith(f"1 to {nouns.MOST_OVERCOMMIT:g}.")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"cores": 4.5}, "^cores = 4.5 must be a whole number"),
        ({"max_vms": True}, "^max_vms = True must be a whole number"),
        ({"max_vms": "2"}, "^max_vms = '2' must be a whole number"),
        ({"overcommit": "2"}, "^overcommit '2' must be from 1"),
        ({"overcommit": None}, "^overcommit None must be from 1"),
        ({"memory_per_instance": 8}, "^memory_per_instance 8 must be a text with its unit"),
        ({"objective": "cost"}, "objective = 'cost' must be an Objective"),
        ({"systems": "linux"}, r"systems = 'linux' must be a list of names, such as \['linux'\]"),
    ],
)
def test_what_is_of_another_kind_is_refused_by_name(given: dict[str, Any], said: str) -> None:
    """A text in the place of a number is no mistake of the program."""
    with pytest.raises(InputError, match=said):
        cerberus_plan.plan("apache", machine="amd48", **({"cores": 8} | given))


def test_a_whole_number_written_as_a_decimal_is_one() -> None:
    """As in files."""
    found = cerberus_plan.plan("apache", machine="amd48", cores=8, max_vms=2.0)  # type: ignore[arg-type]
    assert isinstance(found, nouns.Plan)
    assert found.constraints.max_vms == 2
