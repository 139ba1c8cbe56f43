"""The measuring process goes on after a refusal and leaves out what it is told to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from cerberus_plan.calibration.harness.case import Batch
from cerberus_plan.calibration.kvm import child
from cerberus_plan.calibration.kvm.probes import Lab
from cerberus_plan.calibration.kvm.vm import KvmRefusedError

if TYPE_CHECKING:
    from cerberus_plan.calibration.kvm.vm import Kvm

LAB = Lab(kvm=cast("Kvm", None), cpus=(0,))


def good(_: Lab) -> list[Batch]:
    """A phase that yields one batch."""
    return [Batch(case="good", round=0, count=1, seconds=1e-6, wall_s=1e-6, operations=(1,))]


def bad(_: Lab) -> list[Batch]:
    """A phase whose guest dies."""
    raise KvmRefusedError("the guest stopped: triple fault")


def refuse_counting(_: Lab) -> dict[str, int]:
    """Counters that do not exist."""
    raise KvmRefusedError("KVM_GET_STATS_FD refused")


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Lines of a run with one good and one bad phase, two rounds."""
    table = {"good": (good, ("good",)), "bad": (bad, ("bad",)), "left out": (bad, ("x",))}
    monkeypatch.setattr(child, "phases", lambda _: table)
    monkeypatch.setattr(child, "count_page_table_events", refuse_counting)
    lines: list[dict[str, Any]] = []
    child.measure(LAB, rounds=2, process=3, skip=["left out"], say=lines.append)
    return lines


def test_batches_carry_round_and_process(said: list[dict[str, Any]]) -> None:
    """Each round of the good phase arrives, labelled."""
    assert [(line["batch"]["round"], line["batch"]["process"]) for line in said if "batch" in line] == [(0, 3), (1, 3)]


def test_a_refused_phase_is_told_once_and_not_repeated(said: list[dict[str, Any]]) -> None:
    """After its refusal a phase is not begun again; phases to skip are never begun."""
    assert {"refused": "bad", "reason": "the guest stopped: triple fault"} in said
    assert [line["begin"] for line in said if "begin" in line].count("bad") == 1
    assert {"begin": "left out"} not in said


def test_counters_that_refuse_do_not_stop_the_rest(said: list[dict[str, Any]]) -> None:
    """Counting is tried first, refused with its reason, and the end is reached."""
    assert said[:2] == [
        {"begin": child.COUNTING},
        {"refused": child.COUNTING, "reason": "KVM_GET_STATS_FD refused"},
    ]
    assert said[-1] == {"end": True}
