"""Runs of real commands in the planned order."""

from dataclasses import replace

import pytest

from cerberus_plan.calibration.programs.observe import runs as session
from cerberus_plan.calibration.programs.observe.meter import Meter
from cerberus_plan.calibration.programs.observe.signals import Signals
from cerberus_plan.model.errors import CannotAnswerError
from tests.example_observation import PYTHON, plan


@pytest.mark.slow
def test_measuring_gives_runs_in_the_planned_order() -> None:
    """Every run has the demand of its own work."""
    command = plan(*PYTHON, "print('rate', 10 * {cores})", counts=(1, 2), repeats=2, meter=Meter.of(rate=r"rate (\d+)"))
    with Signals() as signals:
        session.trial(command, signals)
        runs = list(session.measure(command, signals))
    assert [run.cores for run in runs] == command.schedule()
    assert all(run.throughput == 10.0 * run.cores for run in runs)
    assert all(run.demand.page_faults is not None and run.demand.work == 10 * run.cores * run.elapsed_s for run in runs)


def test_a_failing_command_is_shown_with_its_last_words() -> None:
    """The message holds the command as run, its exit code and the end of its output."""
    failing = plan(*PYTHON, "import sys; print('no licence'); sys.exit({cores} + 6)")
    with Signals() as signals, pytest.raises(CannotAnswerError, match=r"exit code 7 on 1 core; .*\n    no licence"):
        session.trial(failing, signals)


def test_a_command_over_its_time_is_shown_with_advice() -> None:
    """The way out of a timeout is named."""
    slow = replace(plan("sleep", "60"), timeout_s=0.1)
    with Signals() as signals, pytest.raises(CannotAnswerError, match="time limit on 1 core; give more with --timeout"):
        list(session.measure(slow, signals))
