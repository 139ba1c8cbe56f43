"""Every public name is there, is what its module has, and an unknown one is refused with the list."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

import cerberus_plan


@pytest.mark.parametrize("name", cerberus_plan.__all__)
def test_public_names_load(name: str) -> None:
    """The name is what ``api`` has."""
    assert getattr(cerberus_plan, name) is getattr(importlib.import_module("cerberus_plan.api"), name)


def test_the_list_of_names_is_what_star_and_dir_give() -> None:
    """Nothing is promised that is not offered, and the other way round."""
    star: dict[str, object] = {}
    exec("from cerberus_plan import *", star)
    assert set(cerberus_plan.__all__) == set(star) - {"__builtins__"}
    assert sorted(["__version__", *cerberus_plan.__all__]) == sorted(dir(cerberus_plan))


def test_unknown_names_are_refused_with_the_list() -> None:
    """The message says what there is."""
    with pytest.raises(AttributeError, match=r"it offers .*TicketLock"):
        cerberus_plan.Spinlock  # noqa: B018


@pytest.mark.slow
def test_simulation_agrees_with_the_solver() -> None:
    """The two answers of the front door to one question."""
    from cerberus_plan import Delay, Instance, Queue, TicketLock, simulate, solve

    vm = Instance(threads=2, stations=[Delay(8.0), TicketLock(0.6, handover=0.3)])
    exact = solve(instances=[vm] * 4, shared=[Queue(0.15)]).throughput
    found = simulate(instances=[vm] * 4, shared=[Queue(0.15)], completions=200_000, seed=1).throughput
    assert found == pytest.approx(exact, rel=0.02)


def test_answers_are_told_in_a_line() -> None:
    """What a prompt prints of a plan, a fit and a profile is short and names what it is about."""
    from example_profile import a_profile

    shown = [
        repr(cerberus_plan.plan("dbench", machine="amd48", cores=6)),
        repr(cerberus_plan.fit([1, 2, 4, 8], [10.0, 19.5, 37.0, 64.0])),
        repr(a_profile()),
    ]
    assert all(len(text) < 400 for text in shown)
    assert "dbench on amd48" in shown[0]
    assert "4 counts" in shown[1]


def test_fit_takes_a_file(tmp_path: Path) -> None:
    """The path of a curve gives what its points give."""
    path = tmp_path / "curve.csv"
    path.write_text("n,value\n1,10\n2,19.5\n4,37\n8,64\n")
    from_file, from_points = cerberus_plan.fit(path), cerberus_plan.fit([1, 2, 4, 8], [10.0, 19.5, 37.0, 64.0])
    assert [p.value for p in from_file.predictions] == [p.value for p in from_points.predictions]


@pytest.mark.parametrize("words", [([1, 2, 4],), ("curve.csv", [1.0])], ids=["no-values", "file-and-values"])
def test_fit_refuses_half_a_question(words: Any) -> None:
    """Counts need values, a file has its own."""
    with pytest.raises(cerberus_plan.InputError, match="value"):
        cerberus_plan.fit(*words)
