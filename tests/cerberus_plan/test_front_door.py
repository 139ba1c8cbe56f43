"""Every public name is there, is what its module has, and an unknown one is refused with the list."""

from __future__ import annotations

import importlib

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


def test_simulation_agrees_with_the_solver() -> None:
    """The two answers of the front door to one question."""
    from cerberus_plan import Delay, Instance, Queue, TicketLock, simulate, solve

    vm = Instance(threads=2, stations=[Delay(8.0), TicketLock(0.6, handover=0.3)])
    exact = solve(instances=[vm] * 4, shared=[Queue(0.15)]).throughput
    found = simulate(instances=[vm] * 4, shared=[Queue(0.15)], completions=200_000, seed=1).throughput
    assert found == pytest.approx(exact, rel=0.02)
