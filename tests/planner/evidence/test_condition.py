"""Plans pass through what was measured: laws of the conditioning, and programs whose law is known."""

from __future__ import annotations

import math
import random
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.measurement import Measurement
from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.plan import Candidate, Constraints, Plan
from cerberus_plan.planner.splits.choose import plan

MACHINE = catalog.machine("intel16")
DEPLOYABLE = [SYSTEMS["linux"], SYSTEMS["processes"]]
ONE_CORE = 1e5
COMPUTE = Quantity(value=1.0 / ONE_CORE, unit="s", provenance=Provenance.MEASURED)


def program(*runs: tuple[int, int, float]) -> Workload:
    """A program that only computes, by its demands; runs say what it really did."""
    return Workload(
        name="program", description="", unit="operations/s", units_per_cycle=1.0, operations={"compute": COMPUTE},
        measured=tuple(Measurement(instances=m, cores_per_instance=k, value=v) for m, k, v in runs),
    )  # fmt: skip


def planned(workload: Workload, cores: int = 2) -> Plan:
    """Its plan."""
    return plan(MACHINE, workload, DEPLOYABLE, Constraints(cores=cores))


def of(found: Plan, vms: int, threads: int) -> Candidate:
    """One candidate."""
    return next(c for c in found.candidates if c.split == (threads,) * vms)


def serial(share: float, cores: int) -> float:
    """Rate of one instance with a serial share of its work, by Amdahl (1967), as measured on a host with 2 % noise."""
    return ONE_CORE / (share + (1.0 - share) / cores)


shares = st.floats(0.0, 1.0)


@given(shares, st.floats(0.5, 1.5))
@settings(max_examples=5, deadline=None)
def test_a_system_alone_extends_the_runs_as_beside_those_they_are_runs_of(share: float, halves: float) -> None:
    """`--system kvm`, and `export` to a format of VMs, once left the runs out: 13,000 where all said 3,000."""
    runs = [(1, 1, ONE_CORE), (1, 2, serial(share, 2)), (2, 1, 2.0 * halves * serial(share, 1))]
    whole = plan(MACHINE, program(*runs), [*DEPLOYABLE, SYSTEMS["kvm"]], Constraints(cores=2))
    alone = plan(MACHINE, program(*runs), [SYSTEMS["kvm"]], Constraints(cores=2))
    beside = {c.split: c.throughput for c in whole.candidates if c.system == "kvm"}
    assert beside == pytest.approx({c.split: c.throughput for c in alone.candidates}, rel=0.03)


@pytest.mark.slow
@given(shares, st.floats(0.9, 1.05), st.floats(1e-3, 1e3))
@settings(max_examples=15, deadline=None)
def test_a_run_lies_in_its_interval_and_is_what_is_predicted(share: float, halves: float, unit: float) -> None:
    """Whatever was run, in whatever unit: predicted within the spread of a run."""
    runs = [(1, 1, ONE_CORE * unit), (1, 2, serial(share, 2) * unit), (2, 1, 2 * halves * ONE_CORE * unit)]
    found = planned(program(*runs))
    for m, k, value in runs:
        candidate = of(found, m, k)
        assert candidate.low <= value <= candidate.high
        assert candidate.throughput == pytest.approx(value, rel=0.02)


@pytest.mark.slow
@given(shares, st.integers(0, 1000))
@settings(max_examples=8, deadline=None)
def test_the_order_of_rows_does_not_matter_and_units_scale(share: float, seed: int) -> None:
    """Shuffled rows give the same plan; every rate times c gives every prediction times c."""
    runs = [(1, 1, ONE_CORE), (1, 2, serial(share, 2)), (2, 1, 1.9 * ONE_CORE), (1, 2, 1.02 * serial(share, 2))]
    shuffled = runs.copy()
    random.Random(seed).shuffle(shuffled)
    first, other = planned(program(*runs), 8), planned(program(*shuffled), 8)
    scaled = planned(program(*((m, k, 10.0 * v) for m, k, v in runs)), 8)
    assert [c.split for c in first.candidates] == [c.split for c in other.candidates]
    for m, k in ((1, 8), (8, 1), (2, 4)):
        assert of(other, m, k).throughput == pytest.approx(of(first, m, k).throughput)
        assert of(scaled, m, k).throughput == pytest.approx(10.0 * of(first, m, k).throughput, rel=1e-6)


def test_a_run_never_widens_its_own_interval() -> None:
    """Adding the run of a split narrows what is said of that split."""
    before = of(planned(program((1, 1, ONE_CORE), (1, 2, 1.1 * ONE_CORE))), 2, 1)
    after = of(planned(program((1, 1, ONE_CORE), (1, 2, 1.1 * ONE_CORE), (2, 1, 1.9 * ONE_CORE))), 2, 1)
    assert after.high / after.low <= before.high / before.low


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "two_cores", "halves", "law"),
    [
        ("threads of one interpreter", 1.05, 1.95, 1.3),
        ("a mutex over 20 % of the work", 1.0 / 0.6, 1.95, 5.0),
        ("a mutex over 80 % of the work", 1.0 / 0.9, 1.95, 1.25),
    ],
)
def test_one_process_is_promised_no_more_than_its_law_allows(
    name: str, two_cores: float, halves: float, law: float
) -> None:
    """Planned for 32 cores from runs on 2, with half to spare, or the plan says that it cannot tell."""
    runs = [(1, 1, ONE_CORE), (1, 2, two_cores * ONE_CORE), (2, 1, halves * ONE_CORE)]
    found = planned(program(*runs), 32)
    promised = max(c.throughput for c in found.candidates if c.vms == 1)
    assert promised <= 1.5 * law * ONE_CORE or "Cannot tell" in found.verdict, name
    assert any("follows the runs" in warning for warning in found.warnings)


@pytest.mark.slow
def test_an_unknown_owner_is_doubt_and_the_run_that_decides_is_named() -> None:
    """With a curve alone two halves are to be run; once they were, the owner is known and splits gain or do not."""
    curve = [(1, 1, ONE_CORE), (1, 2, 1.05 * ONE_CORE), (1, 4, 1.08 * ONE_CORE)]
    unknown = planned(program(*curve), 4)
    assert any("run 2 x 2 to decide" in warning for warning in unknown.warnings)
    split = of(planned(program(*curve, (2, 2, 2.1 * ONE_CORE)), 4), 4, 1)
    shared = of(planned(program(*curve, (2, 2, 1.07 * ONE_CORE)), 4), 4, 1)
    doubt = of(unknown, 4, 1)
    assert split.throughput > 2.5 * ONE_CORE
    assert shared.throughput < 1.6 * ONE_CORE
    assert doubt.high / doubt.low > max(split.high / split.low, shared.high / shared.low)


@pytest.mark.slow
def test_doubt_grows_with_the_distance_from_the_runs() -> None:
    """The same program planned further beyond what was run has wider intervals, and the plan says extrapolated."""
    runs = [(1, 1, ONE_CORE), (1, 2, 1.9 * ONE_CORE), (2, 1, 2.0 * ONE_CORE)]
    widths = [math.log(c.high / c.low) for n in (2, 4, 16) for c in [of(planned(program(*runs), n), 1, n)]]
    assert widths == sorted(widths)
    assert any("extrapolated: runs reach 2 cores" in warning for warning in planned(program(*runs), 16).warnings)


def test_ledgers_name_what_no_demand_explains_and_sum_to_one() -> None:
    """A lock of the program's own has a station, which is the bottleneck where it takes most."""
    found = planned(program((1, 1, ONE_CORE), (1, 2, 1.05 * ONE_CORE), (2, 1, 1.95 * ONE_CORE)), 8)
    for candidate in found.candidates:
        assert sum(candidate.ledger.values()) == pytest.approx(1.0)
    assert of(found, 1, 8).bottleneck == "contention beyond the demands"


@pytest.mark.slow
def test_without_runs_nothing_changes_and_nothing_more_is_imported() -> None:
    """The plan of a workload without runs never loads the inference."""
    script = (
        "import sys\nfrom cerberus_plan.choices import *\nfrom cerberus_plan.planner.plan import Constraints\n"
        "m = machine_for('intel16')\nplans_for(m, ['memcached'], systems_for(m, ['processes']), Constraints(cores=8))\n"
        "assert not [n for n in sys.modules if '.evidence' in n or '.calibration.splits' in n], sys.modules\n"
    )
    subprocess.run([sys.executable, "-P", "-c", script], check=True, timeout=60)


@pytest.mark.slow
@given(st.lists(st.floats(0.2, 5.0), min_size=2, max_size=4), st.floats(0.2, 5.0))
@settings(max_examples=10, deadline=None)
def test_no_split_is_known_better_than_one_that_was_run(repeats: list[float], halves: float) -> None:
    """However much runs contradict each other: a split between them is at least as uncertain as one more run."""
    rows = [*((1, 4, ONE_CORE * factor) for factor in repeats), (4, 1, ONE_CORE * halves)]
    found = planned(program(*rows), 4)
    run = of(found, 1, 4)
    assert of(found, 2, 2).high / of(found, 2, 2).low >= 0.98 * run.high / run.low


def test_of_splits_that_did_alike_the_simplest_is_recommended() -> None:
    """Splitting brought nothing: nobody is asked to run what was never run, nor several instances for one."""
    rows = [(1, 16, 16 * ONE_CORE), (4, 4, 16 * ONE_CORE), (16, 1, 16 * ONE_CORE)]
    found = planned(program(*rows), 16)
    assert (found.best.system, found.best.split) == ("linux", (16,))
    assert "of those that were run" in found.reason
    assert any("run 1 x 1 to decide" in warning for warning in found.warnings)  # 16 cores alone tell no loss


def test_a_run_that_was_made_is_not_asked_for_again() -> None:
    """Threads collapse beyond four: the best of them is known, what nobody knows is what processes do."""
    rows = [(1, 1, ONE_CORE), (1, 4, 3.0 * ONE_CORE), (1, 8, 2.0 * ONE_CORE), (1, 16, 0.9 * ONE_CORE)]
    found = planned(program(*rows), 16)
    asked = [text for text in (found.verdict, *found.warnings) if "measure" in text or "decides" in text]
    assert asked
    again = ("1 x 4 first", "first one Linux on 4", "first 1 x 4", "run of one Linux on 4", "--splits 1x4 ")
    assert not any(words in text for text in asked for words in again)
    if found.best.vms == 1:
        assert "Whether clustering helps is not known" in found.verdict


def test_time_that_goes_nowhere_has_no_name() -> None:
    """Where neither the best split nor the best single instance loses anything the reason names no loss."""
    rows = [(1, 16, ONE_CORE), (2, 8, 4.0 * ONE_CORE), (4, 4, 12.0 * ONE_CORE)]
    reason = planned(program(*rows), 16).reason
    assert "goes to the ;" not in reason
    assert "0% of the core time" not in reason


def test_runs_that_contradict_each_other_are_named() -> None:
    """Three times apart is no usual noise; 2 % is."""
    apart = planned(program((1, 4, 3.0 * ONE_CORE), (1, 4, ONE_CORE), (2, 2, 2.0 * ONE_CORE)), 4)
    assert any("runs of 1 x 4 contradict each other, 3.0 times" in warning for warning in apart.warnings)
    alike = planned(program((1, 4, 3.0 * ONE_CORE), (1, 4, 3.06 * ONE_CORE), (2, 2, 2.0 * ONE_CORE)), 4)
    assert not any("contradict" in warning for warning in alike.warnings)


@pytest.mark.parametrize(("factor", "said"), [(1.0, False), (1.3, False), (4.0, True), (1e6, True), (0.01, False)])
def test_runs_that_no_demand_allows_are_said_to_be_impossible(factor: float, said: bool) -> None:
    """A unit mixed up shows as a rate that a core cannot have; a slower program may have a lock."""
    rows = [(1, 1, factor * ONE_CORE), (1, 4, 3.0 * factor * ONE_CORE), (4, 1, 4.0 * factor * ONE_CORE)]
    found = planned(program(*rows), 4)
    assert any("more than the demands allow" in warning for warning in found.warnings) == said


@pytest.mark.parametrize(("high", "said"), [(1.05, False), (3.0, True)])
def test_rows_that_were_disturbed_are_said_to_be(high: float, said: bool) -> None:
    """Others took CPUs while it ran: the rows reach far up, so the plan is wide, and says why."""
    rows = tuple(
        Measurement(instances=m, cores_per_instance=k, value=v, low=v, high=high * v)
        for m, k, v in ((1, 4, 3.0 * ONE_CORE), (4, 1, 3.2 * ONE_CORE), (2, 2, 3.0 * ONE_CORE))
    )
    found = planned(replace(program(), measured=rows), 4)
    assert any("repeat them on a quiet host" in warning for warning in found.warnings) == said
