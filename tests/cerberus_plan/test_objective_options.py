"""The options of rate, limits, losses and cost: what is answered, what is refused and how."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cerberus_plan.cli.app import app

_BASE = ["--cores", "8", "--machine", "amd48", "--workload", "apache"]
_WISH = ["--rate", "10000/s", "--slo", "p99=5ms"]


def run(*arguments: str) -> Any:
    """The command in this process."""
    return CliRunner().invoke(app, [*_BASE, *arguments])


def document(*arguments: str) -> dict[str, Any]:
    """What it prints as JSON."""
    found = run(*arguments, "--json")
    assert found.exit_code == 0, found.output
    (plan,) = json.loads(found.stdout)["plans"]
    return plan


@pytest.mark.slow
def test_a_rate_is_carried_at_the_least_cost() -> None:
    """No other split that carries it uses fewer cores."""
    plan = document(*_WISH)
    assert plan["objective"]["kind"] == "cost"
    assert plan["best"]["meets"] is True
    assert plan["best"]["latency"]["p99"] <= 5e-3
    carrying = [c["cores"] for c in plan["candidates"] if c["meets"]]
    assert plan["best"]["cores"] == min(carrying)
    assert all(c["meets"] == (c["headroom_low"] >= 10_000) for c in plan["candidates"])


@pytest.mark.slow
def test_prices_change_the_choice() -> None:
    """Where an instance costs as much as the machine there is one; where cores do, there are few."""
    dear = document("--objective", "throughput", "--slo", "p99=5ms", "--cost-per-instance", "1000")
    assert dear["best"]["cost"] == 1000.0 * dear["best"]["vms"]
    single = document("--rate", "5000", "--cost-per-instance", "1000")
    assert single["best"]["vms"] == 1


def test_at_least_so_many_instances() -> None:
    """Availability as a limit."""
    plan = document("--rate", "5000", "--min-instances", "3")
    assert all(c["vms"] >= 3 for c in plan["candidates"])


@pytest.mark.slow
def test_the_text_says_what_the_json_says() -> None:
    """Verdict, what binds, the frontier."""
    told = run(*_WISH)
    assert told.exit_code == 0
    words = " ".join(told.stdout.split())
    assert document(*_WISH)["verdict"] in words
    assert "What binds:" in words
    assert "per cost" in told.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--rate", "fast"], "--rate 'fast' must be a positive rate"),
        (["--rate", "-3/s"], "must be a positive rate"),
        (["--rate", "inf"], "must be a positive rate"),
        (["--slo", "p99"], "such as p99=10ms"),
        (["--slo", "p99=nanms"], "such as p99=10ms"),
        (["--slo", "p0=1ms"], "percentile up to"),
        (["--slo", "p99=1ms", "--slo", "p99=2ms"], "may be given once"),
        (["--objective", "speed"], "throughput, latency, cost"),
        (["--objective", "latency"], "--rate"),
        (["--rate", "1", "--survive", "war"], "instance, socket"),
        (["--min-instances", "9"], "--min-instances 9 is above"),
        (["--workload", "histogram", "--rate", "1"], "finite job"),
    ],
)
def test_bad_wishes_are_refused_in_one_sentence(arguments: list[str], says: str) -> None:
    """Exit code 2, and what to do instead."""
    from cerberus_plan.model.errors import InputError

    found = run(*arguments)
    assert isinstance(found.exception, InputError)
    assert says in str(found.exception)


def test_a_mixture_has_no_rate() -> None:
    """One rate of several programs is none; what to do instead is named."""
    found = CliRunner().invoke(app, ["--cores", "4", "--machine", "amd48", "--mix", "apache=1,dbench=1", "--rate", "5"])
    assert "of which program" in str(found.exception)
    assert "cerberus-plan fleet" in str(found.exception)


@pytest.mark.slow
def test_a_refined_kernel_is_asked_for_the_same_objective() -> None:
    """Each change is answered with the rate it carries within the limits, at its cost, in JSON and in the terminal."""
    asked = ["--rate", "12000", "--slo", "p99=5ms", "--what-if", "per-core-network", "--what-if", "queue-lock"]
    (plan,) = json.loads(run(*asked, "--json").stdout)["plans"]
    changes = {one["name"]: one for one in plan["what_if"]}
    assert {one["gain_of"] for one in changes.values()} == {"headroom"}
    network = changes["per-core-network"]
    assert network["gain"] == pytest.approx(network["best"]["headroom"] / plan["best"]["headroom"])
    assert network["best"]["meets"]
    assert network["best"]["cost"] <= plan["best"]["cost"]  # a refinement never makes the same rate dearer
    text = run(*asked).output
    assert "apache: if the system were refined" in text
    assert "carries requests/s" in text


def test_a_workload_file_may_hold_the_wish(tmp_path: Path) -> None:
    """And an option replaces what it says."""
    file = tmp_path / "web.toml"
    file.write_text(
        'format = 1\nname = "web"\nunit = "requests/s"\nunits_per_cycle = 1.0\n'
        '[operations]\ncompute = { value = 100, unit = "us" }\n'
        '[objective]\nrate = 9000\nslo = { p99 = "5ms" }\n[limits]\nmax_cores_per_vm = 2\n'
    )
    base = ["--cores", "8", "--machine", "amd48", "--system", "kvm", "--workload", str(file), "--json"]
    (plan,) = json.loads(CliRunner().invoke(app, base).stdout)["plans"]
    assert plan["objective"]["rate"] == 9000
    assert all(c["cores_per_vm"] <= 2 for c in plan["candidates"])
    (other,) = json.loads(CliRunner().invoke(app, [*base, "--rate", "500"]).stdout)["plans"]
    assert other["objective"]["rate"] == 500
    assert other["objective"]["slos"] == plan["objective"]["slos"]
    assert other["best"]["cores"] < plan["best"]["cores"]


def test_a_saved_answer_shows_the_same(tmp_path: Path) -> None:
    """Objective, latency and frontier are in the file."""
    file = tmp_path / "plan.json"
    asked = run(*_WISH, "--output", str(file))
    assert asked.exit_code == 0, asked.output
    shown = CliRunner().invoke(app, ["show", str(file)])
    assert shown.exit_code == 0, shown.exception
    assert shown.stdout == asked.stdout


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        (["--rate", "90000000", "--slo", "p99=5ms"], "No split is sure to carry"),
        (["--slo", "p99=5ns"], "No split keeps"),
        (["--rate", "10", "--survive", "instance", "--max-vms", "1"], "No split has an instance left"),
    ],
)
def test_an_objective_that_no_split_keeps_ends_with_one(tmp_path: Path, wish: list[str], says: str) -> None:
    """The closest split is shown and saved all the same; scripts read the code, or `kept`."""
    file = tmp_path / "plan.json"
    asked = run(*wish, "--output", str(file))
    assert asked.exit_code == 1
    assert says in " ".join(asked.stdout.split())
    shown = CliRunner().invoke(app, ["show", str(file)])
    assert (shown.exit_code, shown.stdout) == (1, asked.stdout)
    again = CliRunner().invoke(app, ["show", str(file), "--json"])
    assert again.exit_code == 1
    assert json.loads(again.stdout)["plans"][0]["kept"] is False


def test_export_writes_the_closest_split_all_the_same_and_says_what_it_does_not_carry(tmp_path: Path) -> None:
    """Who asks for files gets them, with the sentence and without a code."""
    wish = ["--rate", "90000000", "--slo", "p99=5ms", "--format", "compose", "--output", str(tmp_path / "files")]
    asked = CliRunner().invoke(app, ["export", *_BASE, *wish])
    assert (asked.exit_code, asked.exception) == (0, None)
    assert "90,000,000 requests/s are not sure to be carried" in " ".join(asked.stdout.split())
    assert (tmp_path / "files" / "README.md").is_file()


def test_an_objective_that_a_split_keeps_ends_with_nought() -> None:
    """And says so in JSON; without an objective there is nothing to keep."""
    kept = run(*_WISH, "--json")
    assert (kept.exit_code, json.loads(kept.stdout)["plans"][0]["kept"]) == (0, True)
    assert "kept" not in json.loads(run("--json").stdout)["plans"][0]
