"""What is run, and in which order."""

from collections import Counter
from contextlib import nullcontext
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.programs.observe.run_plan import check_timeout
from cerberus_plan.model.errors import InputError
from cerberus_plan.planner.verify.together import Order
from tests.example_observation import plan


@pytest.mark.slow
@given(st.lists(st.integers(1, 64), min_size=1, max_size=6, unique=True), st.integers(1, 8), st.integers(0, 2**31))
def test_every_round_holds_every_count_once(counts: list[int], repeats: int, seed: int) -> None:
    """Drift falls on all counts alike because each round measures each of them once."""
    made_plan = replace(plan(counts=tuple(sorted(counts)), repeats=repeats), seed=seed)
    order = made_plan.schedule()
    size = len(counts)
    assert all(Counter(order[i : i + size]) == Counter(counts) for i in range(0, len(order), size))
    assert len(order) == size * repeats
    assert order == made_plan.schedule()


def test_orders_differ_between_rounds_and_seeds() -> None:
    """The order is random, not the same ramp every time."""
    many = plan(counts=(1, 2, 4, 8), repeats=20)
    rounds = {tuple(many.schedule()[i : i + 4]) for i in range(0, 80, 4)}
    assert len(rounds) > 3
    assert replace(many, seed=1).schedule() != many.schedule()


def test_the_placeholder_is_filled_in_everywhere() -> None:
    """Every {cores} of every word becomes the count; other braces stay."""
    made_plan = plan("run", "-t{cores}", "{cores}", "{other}")
    assert made_plan.command_for(8) == ["run", "-t8", "8", "{other}"]
    assert made_plan.text == "run -t{cores} {cores} '{other}'"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"command": ()}, "give the command to observe after --"),
        ({"command": ("",)}, "give the command"),
        ({"repeats": 0}, "--repeats must be 1 to 1000, not 0"),
        ({"repeats": 10**9}, "--repeats must be 1 to 1000, not 1000000000"),
        ({"timeout_s": float("nan")}, "--timeout must be positive, not nan"),
        ({"timeout_s": -1.0}, "--timeout must be positive, not -1.0"),
    ],
)
def test_bad_plans(changes: dict[str, object], message: str) -> None:
    """A plan that cannot be carried out is refused before anything runs."""
    with pytest.raises(InputError, match=message):
        replace(plan(), **changes)  # type: ignore[arg-type]


@given(st.none() | st.floats())
def test_every_run_has_the_same_limits_of_time(seconds: float | None) -> None:
    """A plan, an order of instances and a runner of splits take a positive time or none, and refuse the same."""
    good = seconds is None or seconds > 0.0
    makers = (
        lambda: replace(plan(), timeout_s=seconds),
        lambda: Order(command=("true",), timeout_s=seconds),
        lambda: check_timeout(seconds),
    )
    for make in makers:
        with nullcontext() if good else pytest.raises(InputError, match="--timeout must be positive"):
            make()
