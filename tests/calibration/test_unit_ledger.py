"""Where a unit's core-seconds go: all of them, whatever was measured."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.programs.demand import Demand, SystemCall
from cerberus_plan.calibration.programs.demand_to_workload import smallest, workload_of
from cerberus_plan.calibration.programs.observe.meter import Meter
from cerberus_plan.calibration.programs.observe.observation import Observation
from cerberus_plan.calibration.programs.observe.run_plan import Plan
from cerberus_plan.calibration.programs.observe.runs import Extras, Run
from cerberus_plan.calibration.programs.unit_ledger import (
    COMPUTE,
    KERNEL,
    LOAD,
    OTHERS,
    SYSTEM_GROWTH,
    USER_GROWTH,
    WAITING,
    UnitLedger,
    unit_ledgers,
)
from cerberus_plan.model.quantity import Provenance

COSTS = {"page_fault": 1e-3, "packet": 2e-3}


def run(cores: int, *, elapsed: float = 1.0, user: float = 0.8, system: float = 0.2, faults: float = 0.0,
        others: float = 0.0, load: float = 0.0) -> Run:  # fmt: skip
    demand = Demand(cores=cores, elapsed_s=elapsed, user_s=user, system_s=system, cpu_s=user + system,
                    page_faults=faults, major_faults=0.0)  # fmt: skip
    return Run(cores=cores, throughput=1.0 / elapsed, demand=demand, elapsed_s=elapsed, watched_s=elapsed,
               others_s=others, stolen_s=0.0, left_behind=0, load_s=load, load_on_cores_s=load)  # fmt: skip


def observed(*runs: Run, calls: tuple[SystemCall, ...] = ()) -> tuple[UnitLedger, ...]:
    counts = tuple(sorted({one.cores for one in runs}))
    plan = Plan(command=("p",), counts=counts, repeats=1, timeout_s=None, meter=Meter(), cpus=tuple(range(counts[-1])))
    seen = Observation(plan=plan, runs=runs, extras=Extras(calls=Demand(system_calls=calls) if calls else None))
    return unit_ledgers(seen, workload_of(smallest(seen.demands), name="p", costs=COSTS), COSTS)


times = st.floats(0.0, 3.0)
runs = st.builds(run, st.sampled_from([1, 2, 4]), elapsed=st.floats(0.1, 5.0), user=st.floats(0.01, 3.0), system=times,
                 faults=st.floats(0.0, 5000.0), others=times, load=times)  # fmt: skip


@given(st.lists(runs, min_size=1, max_size=8))
def test_every_core_second_is_accounted_for(made: list[Run]) -> None:
    """Shares sum to 1, none is negative, each lies in its interval, and core-seconds are cores times time or more."""
    for ledger in observed(*made):
        assert math.fsum(part.share for part in ledger.parts) == pytest.approx(1.0, abs=1e-9)
        own = [one for one in made if one.cores == ledger.cores]
        at_least = math.fsum(one.cores * one.elapsed_s for one in own) / len(own)
        assert ledger.core_seconds >= at_least * (1 - 1e-9)
        for part in ledger.parts:
            assert part.seconds > 0.0
            assert (part.low is None) == (len(own) == 1)
            assert part.low is None or part.high is None or 0.0 <= part.low <= part.share <= part.high <= 1.0 + 1e-12


@given(st.lists(runs, min_size=1, max_size=6), st.floats(1e-3, 1e3))
def test_shares_do_not_depend_on_the_unit_of_work(made: list[Run], scale: float) -> None:
    """A unit that is so many times larger takes so many times the time of each part, and the same shares."""

    def larger(one: Run) -> Run:
        names = ("elapsed_s", "user_s", "system_s", "cpu_s", "page_faults")
        return replace(one, demand=replace(one.demand, work=one.demand.work / scale, **{
            name: (getattr(one.demand, name) or 0.0) * scale for name in names}))  # fmt: skip

    for ours, theirs in zip(observed(*made), observed(*map(larger, made)), strict=True):
        for name in (COMPUTE, KERNEL, USER_GROWTH, SYSTEM_GROWTH, LOAD, OTHERS, WAITING, "page_fault"):
            assert theirs.seconds(name) == pytest.approx(scale * ours.seconds(name), rel=1e-6, abs=1e-9 * scale)


def test_the_parts_of_a_known_program() -> None:
    """User and kernel time as on one core, what grew, others, the rest; faults at what they cost here."""
    one, two = observed(run(1, elapsed=1.0, user=0.7, system=0.3, faults=100.0),
                        run(2, elapsed=1.0, user=0.9, system=0.5, others=0.2))  # fmt: skip
    assert {part.name: pytest.approx(part.seconds) for part in one.parts} == {
        COMPUTE: 0.7, "page_fault": 0.1, KERNEL: 0.2,
    }  # fmt: skip
    assert {part.name: pytest.approx(part.seconds) for part in two.parts} == {
        COMPUTE: 0.7, "page_fault": 0.1, KERNEL: 0.2, USER_GROWTH: 0.2, SYSTEM_GROWTH: 0.2, OTHERS: 0.2, WAITING: 0.4,
    }  # fmt: skip


def test_what_is_assumed_says_so() -> None:
    """A packet a call is an assumption; times are measured; parts dearer than all system time shrink alike."""
    (ledger,) = observed(run(1, user=0.7, system=0.3, faults=600.0), calls=(SystemCall(name="sendto", calls=300.0),))
    kinds = {part.name: part.provenance for part in ledger.parts}
    assert (kinds[COMPUTE], kinds["packet"]) == (Provenance.MEASURED, Provenance.ASSUMED)
    assert ledger.seconds("packet") == pytest.approx(0.15)
    assert ledger.seconds("page_fault") == pytest.approx(0.15)
    assert KERNEL not in kinds


def test_counts_are_written_as_people_write_them() -> None:
    """Thousands of faults are no power of ten: the page shows this beside other numbers."""
    (ledger,) = observed(run(1, user=0.7, system=6.0, faults=4050.0))
    (faults,) = (part for part in ledger.parts if part.name == "page_fault")
    assert faults.source == "4,050 of them, 1,000 µs each on this host"
