"""What is known of a program's memory traffic, in words: counted, measured beside streams, or unknown and why."""

from __future__ import annotations

import pytest

from cerberus_plan.calibration.programs.demand import Demand
from cerberus_plan.calibration.programs.observe.displaced import Traffic
from cerberus_plan.calibration.programs.observe.meter import Meter
from cerberus_plan.calibration.programs.observe.run_plan import Plan
from cerberus_plan.calibration.programs.observe.runs import Extras
from cerberus_plan.calibration.programs.observe.signals import Signals
from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.planner.verify import beside_streams

PLAN = Plan(command=("p",), counts=(1,), repeats=1, timeout_s=None, meter=Meter(unit="run"), cpus=(0, 1))


def told(monkeypatch: pytest.MonkeyPatch, found: Traffic | Exception, known: Extras | None = None) -> Extras:
    """What is known afterwards, if running beside streams ends so."""

    def measure(*_: object) -> Traffic:
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(beside_streams, "measure", measure)
    return beside_streams.with_memory(PLAN, Signals(), known or Extras(notes=("perf is absent",)), lambda _: None)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (2.5e12, "2.5 TB (2.0 to 3.0)"),
        (2.5e9, "2.5 GB (2.0 to 3.0)"),
        (64e6, "64 MB (51 to 77)"),
        (5e3, "5.0 kB (4.0 to 6.0)"),
        (3.0, "3.0 B (2.4 to"),
    ],
)
def test_what_was_measured_is_kept_and_told(monkeypatch: pytest.MonkeyPatch, value: float, words: str) -> None:
    """In a unit that suits its size, with its interval; earlier notes stay."""
    moved = Quantity(
        value=value, unit="B", low=0.8 * value, high=1.2 * value, provenance=Provenance.MEASURED, source=""
    )
    after = told(monkeypatch, Traffic(memory_bytes=moved))
    assert after.memory_bytes == moved
    assert after.notes[0] == "perf is absent"
    assert f"one run moves {words}" in after.notes[1]


@pytest.mark.parametrize("found", [Traffic(why="no room"), CannotAnswerError("no room")])
def test_what_is_not_known_says_why(monkeypatch: pytest.MonkeyPatch, found: Traffic | Exception) -> None:
    """Whether it could not be told or the run failed: the observation goes on."""
    after = told(monkeypatch, found)
    assert after.memory_bytes is None
    assert after.notes == ("perf is absent", "what it asks of memory is not known: no room")


def test_counts_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where perf counts misses nothing is run beside streams."""
    counted = Extras(counters=Demand(counters={"cache-misses": 5.0}))
    after = told(monkeypatch, AssertionError("ran"), counted)
    assert after.notes == ("--memory was left out: perf counts cache misses here",)
