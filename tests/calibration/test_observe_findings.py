"""What is concluded from the runs."""

from dataclasses import replace

import pytest

from cerberus_plan.calibration.programs.demand import Demand, SystemCall
from cerberus_plan.calibration.programs.observe.meter import Meter
from cerberus_plan.calibration.programs.observe.runs import Extras, Run
from tests.example_observation import made, observed


def test_the_curve_and_demands_keep_every_core_count() -> None:
    """Repeats stay apart in the curve and meet in the median of the demand."""
    seen = observed(made(1, 1.0), made(2, 1.9), made(1, 1.2, user_s=3.0), made(1, 1.1, user_s=1.1), repeats=3)
    assert [(point.n, point.values) for point in seen.curve.points] == [(1, (1.0, 1.2, 1.1)), (2, (1.9,))]
    assert [(d.cores, d.user_s) for d in seen.demands] == [(1, 1.1), (2, 2.0)]
    assert not seen.complete
    assert "cut short: 4 of 6 runs were made" in seen.findings


@pytest.mark.parametrize(
    ("many", "said"),
    [
        ({"elapsed_s": 2.05, "cpu_s": 8.0}, True),  # as long, on all cores: it works until its time is up
        ({"elapsed_s": 0.5, "cpu_s": 2.0}, False),  # four times as fast
        ({"elapsed_s": 2.0, "cpu_s": 2.1}, False),  # as long, on one core: nothing to share out
        ({"elapsed_s": 3.0, "cpu_s": 8.0}, False),  # slower
    ],
)
def test_a_program_of_fixed_time_says_nothing_by_the_clock(many: dict[str, float], said: bool) -> None:
    """Its runs last as long on any number of cores, and use all of them; where its rate is read, that is no matter."""
    runs = (made(1, 0.5, elapsed_s=2.0, cpu_s=2.0), made(4, 1.0 / many["elapsed_s"], **many))
    seen = observed(*runs)
    assert any("works for a fixed time" in sentence for sentence in seen.findings) == said
    printed = replace(seen, plan=replace(seen.plan, meter=Meter.of(rate="x ([0-9])")))
    assert not any("works for a fixed time" in sentence for sentence in printed.findings)


def test_probes_are_added_to_the_smallest_count() -> None:
    """System calls and counters stand with the demand at the fewest cores, notes among the findings."""
    extras = Extras(
        counters=Demand(counters={"cycles": 5.0}, notes=("scaled",)),
        calls=Demand(system_calls=(SystemCall(name="read", calls=2.0),)),
        notes=("not collected: x",),
    )
    first, second = observed(made(1, 1.0), made(2, 2.0), extras=extras).demands
    assert (first.counters, first.system_calls[0].calls, first.notes) == ({"cycles": 5.0}, 2.0, ("scaled",))
    assert not second.system_calls
    assert "not collected: x" in observed(made(1, 1.0), extras=extras).findings


@pytest.mark.parametrize(
    ("runs", "command", "finding"),
    [
        (
            [made(1, 1.0), made(4, 1.0, user_s=2.0)],
            "r {cores}",
            "user time per run grows x2.00 from 1 core to 4: cores slow",
        ),
        (
            [made(1, 1.0), made(4, 1.0, user_s=1.0, system_s=0.5)],
            "r {cores}",
            "system time per run grows from nearly nothing",
        ),
        ([made(4, 1.0, cpu_s=1.0)], "r {cores}", "on 4 cores it keeps 1.0 busy"),
        ([made(1, 1.0), made(2, 1.0)], "r", "the command has no {cores}"),
        ([made(1, 1.0, elapsed_s=0.01)], "r", "runs take 0.01 s at most"),
        ([made(1, 1.0, others_s=0.5)], "r", "other programs took up to 50 % of the cores in 1 of 1 runs"),
        ([made(1, 1.0, left_behind=2)], "r", "2 processes outlived their run"),
        ([made(1, 1.0, left_behind=1)], "r", "1 process outlived its run and was ended"),
        ([made(1, 1.0), made(1, 1.5)], "r", "repeats differ by up to 40 % (at 1 core)"),
    ],
)
def test_findings(runs: list[Run], command: str, finding: str) -> None:
    """Each sentence appears when its cause is there."""
    found = observed(*runs, command=command, repeats=len(runs) // len({r.cores for r in runs})).findings
    assert any(finding in sentence for sentence in found), found


def test_what_bends_a_curve_for_reasons_of_the_host_is_told() -> None:
    """A quota below the largest count, and the counts after which other kinds of CPUs are used, are findings."""
    seen = observed(made(1, 1.0), made(4, 2.0))
    limited = replace(seen, plan=replace(seen.plan, quota=2.0, boundaries=(2,)))
    assert any("may use 2 CPUs' worth of time" in sentence for sentence in limited.findings)
    assert any(sentence.startswith("beyond 2 cores runs spread to") for sentence in limited.findings)


def test_a_quiet_scaling_program_needs_no_comment() -> None:
    """Where nothing is wrong, nothing is said."""
    assert observed(made(1, 1.0, user_s=1.0), made(2, 2.0, user_s=1.0)).findings == []
