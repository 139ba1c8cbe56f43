"""Two structures for shadow paging: alike where runs were published, apart where none was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cerberus_plan.calibration.paper import second_opinion
from cerberus_plan.calibration.paper.second_costs import second_costs
from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.quantity import Provenance
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.plan import Candidate, Constraints
from cerberus_plan.planner.splits.choose import plan
from cerberus_plan.planner.splits.doubt import doubts, second_over_first


def candidate(vms: int, threads: int) -> Candidate:
    """A Cerberus split to compare under both structures."""
    return Candidate(
        system="cerberus", split=(threads,) * vms, throughput=1.0, low=1.0, high=1.0, probability_best=0.0,
        regret=0.0, bottleneck="", ledger={},
    )  # fmt: skip


MACHINE, HISTOGRAM = catalog.machine("amd48"), catalog.workload("histogram")


@pytest.mark.parametrize(("vms", "threads"), [(24, 2), (12, 4), (6, 8), (24, 1)])
def test_both_agree_on_published_layouts(vms: int, threads: int) -> None:
    """Within 20 % on the runs both were fitted to."""
    assert second_over_first(MACHINE, HISTOGRAM, candidate(vms, threads)) == pytest.approx(1, abs=0.2)


def test_they_part_on_few_cores() -> None:
    """One VM of 4 cores on an otherwise idle machine: a factor of three."""
    assert second_over_first(MACHINE, HISTOGRAM, candidate(1, 4)) > 2
    (warning,) = doubts(MACHINE, HISTOGRAM, [candidate(1, 4), candidate(24, 2), candidate(1, 4)], cores=48)
    assert "measure this first" in warning


def test_no_doubt_without_faults_or_with_measured_costs() -> None:
    """dbench does not fault; a measured lock is not in doubt."""
    assert not list(doubts(MACHINE, catalog.workload("dbench"), [candidate(1, 4)], cores=48))
    lock = replace(MACHINE.quantities["shadow_lock_handover"], provenance=Provenance.MEASURED)
    measured = replace(MACHINE, quantities={**MACHINE.quantities, "shadow_lock_handover": lock})
    assert not list(doubts(measured, HISTOGRAM, [candidate(1, 4)], cores=48))


def test_rivals_that_would_win_are_named() -> None:
    """A split that only the second structure puts first is mentioned; one that stays behind is not."""
    best = replace(candidate(1, 8), system="linux", throughput=1.0)
    behind, ahead = replace(candidate(2, 2), throughput=0.1), replace(candidate(2, 2), throughput=0.9)
    assert not list(doubts(MACHINE, HISTOGRAM, [best], [best, behind], cores=48))
    (warning,) = doubts(MACHINE, HISTOGRAM, [best], [best, ahead], cores=48)
    assert "more than the best's" in warning


@pytest.mark.parametrize(
    ("vms", "threads", "cores", "says"),
    [
        (1, 4, 48, "one run with 4 busy cores and one with all cores busy tell them apart"),
        (1, 1, 48, "one run with 1 busy core and one with all cores busy tell them apart"),
        (2, 4, 8, "one run with all 8 cores busy and one of a single such VM tell them apart"),
        (1, 4, 4, "one run with all 4 cores busy and one with half of them busy tell them apart"),
    ],
)
def test_the_runs_that_tell_are_two(vms: int, threads: int, cores: int, says: str) -> None:
    """A split of all cores is beside fewer, not beside itself; and the second structure parts from the first there."""
    (warning,) = doubts(MACHINE, HISTOGRAM, [candidate(vms, threads)], cores=cores)
    assert warning.endswith(says)
    other = candidate(48 // threads, threads) if vms * threads < cores else candidate(1, max(threads // 2, 1))
    here, there = (second_over_first(MACHINE, HISTOGRAM, each) for each in (candidate(vms, threads), other))
    assert abs(here / there - 1.0) > 0.1


def test_plans_carry_the_warning() -> None:
    """A plan for few cores of the paper's machine says what to measure."""
    found = plan(MACHINE, HISTOGRAM, [SYSTEMS["cerberus"]], Constraints(cores=8))
    assert any("measure this first" in warning for warning in found.warnings)


@pytest.mark.slow
def test_stored_costs_are_the_fit() -> None:
    """Fitting the second structure again gives what is stored."""
    kept = {name: value for name, value in second_costs().items() if name != "page_fault_shadow"}
    assert second_opinion.fit() == pytest.approx(kept, rel=5e-3)
