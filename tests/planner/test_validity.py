"""Plan, run and simulation: where they part, the plan says so."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.exact.formulas import collapse
from cerberus_plan.model.exact.solver import solve
from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.ticket_lock import TicketLock
from cerberus_plan.model.network import Instance
from cerberus_plan.model.simulation import Rules, simulate
from cerberus_plan.model.structure import Structure
from cerberus_plan.planner.plan import Candidate
from cerberus_plan.planner.splits.validity import bends, onset_of_collapse
from cerberus_plan.planner.verify.judge import AGREE, DISAGREE, judge
from cerberus_plan.planner.verify.rounds import Ratio, Sample

AMD, HISTOGRAM = catalog.machine("amd48"), catalog.workload("histogram")


def candidate(vms: int, threads: int, **ledger: float) -> Candidate:
    return Candidate(
        system="cerberus", split=(threads,) * vms, throughput=1.0, low=1.0, high=1.0, probability_best=0.0,
        regret=0.0, bottleneck="", ledger=ledger,
    )  # fmt: skip


@pytest.mark.slow
@given(st.floats(1.0, 100.0), st.floats(0.01, 1.0), st.floats(0.01, 1.0))
def test_the_onset_is_where_the_formula_puts_it(think: float, hold: float, handover: float) -> None:
    """The closed form in numbers is the derived one."""
    found = onset_of_collapse(TicketLock(hold, handover=handover), think)
    derived = collapse().value(think=think, hold=hold, handover=handover)
    assert found == pytest.approx(max(derived, 1.0), rel=1e-9)


def test_near_the_onset_fixed_holds_part_from_the_model_and_the_plan_says_so() -> None:
    """12 threads of think 5, hold 0.4, hand-over 0.1: fixed holds are far above; far away they are not."""
    lock = TicketLock(0.4, handover=0.1, name="lock")
    structure = Structure(local=(Delay(5.0), lock))

    def parted(threads: int) -> float:
        member = [Instance(threads=threads, stations=[Delay(5.0), lock])]
        found = simulate(instances=member, completions=200_000, seed=1, rules=Rules(holds="deterministic"))
        return found.throughput / solve(instances=member).throughput - 1.0

    for threads in (4, 12, 48):
        said = list(bends(structure, candidate(1, threads)))
        assert bool(said) == (parted(threads) > 0.05)
        assert all("onset of collapse of the lock" in sentence for sentence in said)


def test_busy_receivers_part_from_the_model_and_the_plan_says_so() -> None:
    """Messages that keep a receiving core busy queue there; a few do not."""
    quiet = Structure(local=(Delay(1.0),))
    assert not list(bends(quiet, candidate(4, 4, messages=0.02)))
    (said,) = bends(quiet, candidate(4, 4, messages=0.2))
    assert "answers queue there" in said
    assert not list(bends(quiet, candidate(1, 4, messages=0.2)))


@pytest.mark.parametrize(("ratio", "expected"), [(1.6, AGREE), (1.0, DISAGREE)])
def test_verify_says_whether_intervals_meet(ratio: float, expected: str) -> None:
    """A measured ratio beside the predicted one."""
    quiet = [Sample(round=1, split=1, seconds=2.0, rate=1.0)]
    found = Ratio(value=ratio, low=ratio * 0.98, high=ratio * 1.02)
    judged = judge(found, Ratio(value=1.7, low=1.5, high=1.9), quiet)
    assert judged is not None
    assert judged.verdict == expected


def test_numbers_of_a_plan_are_finite_when_a_lock_has_no_handover() -> None:
    """No onset, no warning, no division by nothing."""
    assert onset_of_collapse(TicketLock(1.0, handover=0.0), 5.0) == np.inf
    assert not list(bends(Structure(local=(Delay(5.0), TicketLock(1.0, handover=0.0))), candidate(1, 8)))
