"""Laws of the call of the solver: the best point, and nothing printed by the solver itself."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.planner.integer_program import solve_integer_program

# A machine that carries 1.84 of a rate, where two are asked for and one may be lost: the solver of scipy 1.17 repairs
# its answer and prints a line of C, which a pipe keeps until the process ends.
_CHATTY = """
import ctypes
import numpy as np
from cerberus_plan.planner.fleet.choice import Program
from cerberus_plan.planner.fleet.solve import Goal, solve

none = np.zeros((1, 1))
program = Program(
    counts=(1,), prices=(7.0,), whole=none + 1.84, part=none, parts=1, survive=(1,), least=(2,), groups=(0,)
)
print("before")
assert solve(program, Goal(aim="short", level=(1.0, 1.0)), seconds=20.0).lack.tolist() == [1]
print("after")
"""
_C_GOES_ON = "ctypes.CDLL(None).printf(b'C again\\n')\n"


def printed(program: str) -> list[str]:
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return sorted(done.stdout.splitlines())


def test_what_the_solver_prints_never_stands_beside_an_answer() -> None:
    """And what others print, before and after, in Python and in C, does."""
    assert printed(_CHATTY) == ["after", "before"]
    assert printed(_CHATTY + _C_GOES_ON) == ["C again", "after", "before"]


_THREADS = """
import ctypes, threading
from cerberus_plan.planner.integer_program import _SILENCE
first, second = threading.Event(), threading.Event()

def stays():
    with _SILENCE:
        first.set()
        second.wait()

thread = threading.Thread(target=stays)
with _SILENCE:
    thread.start()
    first.wait()
    ctypes.CDLL(None).printf(b"never\\n")
ctypes.CDLL(None).printf(b"nor this\\n")
second.set()
thread.join()
"""


def test_threads_that_solve_together_leave_c_as_it_was() -> None:
    """Whoever leaves first leaves the silence to the other, and the last one ends it."""
    assert printed(_THREADS + _C_GOES_ON) == ["C again"]


@given(
    values=st.lists(st.integers(1, 9), min_size=1, max_size=6),
    weights=st.lists(st.integers(1, 9), min_size=6, max_size=6),
    room=st.integers(0, 20),
)
def test_a_knapsack_is_packed_as_trying_everything_packs_it(values: list[int], weights: list[int], room: int) -> None:
    """The same best value as the sum over all subsets."""
    from scipy.optimize import Bounds, LinearConstraint

    count = len(values)
    found = solve_integer_program(
        -np.array(values, dtype=np.float64),
        LinearConstraint(np.array([weights[:count]], dtype=np.float64), -np.inf, room),
        integrality=np.ones(count),
        bounds=Bounds(0, 1),
        seconds=20.0,
    )
    subsets = (np.arange(2**count)[:, None] >> np.arange(count)) & 1
    fitting = subsets[subsets @ np.array(weights[:count]) <= room]
    assert -found.fun == pytest.approx((fitting @ np.array(values)).max())
