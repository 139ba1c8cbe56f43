"""What `tune` and `verify` keep of their runs in a workload file."""

from __future__ import annotations

from pathlib import Path

import pytest

from cerberus_plan.calibration.store.catalog import workload
from cerberus_plan.planner.tune.record import keep


def test_a_run_beside_others_keeps_the_doubt_that_they_bring(tmp_path: Path) -> None:
    """Half the cores' time in other hands: alone it may have done twice as much. An undisturbed run has no interval."""
    path = tmp_path / "mine.toml"
    keep(path, [((1, 2), 10.0, 0.5), ((2, 1), 12.0, 0.0)], unit="runs/s")
    busy, quiet = workload(str(path)).measured
    assert (busy.value, busy.low, busy.high) == (10.0, 10.0, pytest.approx(20.0))
    assert (quiet.value, quiet.low, quiet.high) == (12.0, None, None)
    keep(path, [((2, 1), 11.0, 0.9)], unit="runs/s")
    assert workload(str(path)).measured[2].high == pytest.approx(110.0)


def test_what_several_instances_mean_is_kept_for_the_plan(tmp_path: Path) -> None:
    """A new file's note says so; a file of the user's own is only added to."""
    path = tmp_path / "db.toml"
    keep(path, [((2, 1), 12.0, 0.0)], unit="runs/s", caution="each was a shard")
    assert workload(str(path)).note.endswith("Of its splits each was a shard.")
    keep(path, [((2, 1), 12.0, 0.0)], unit="runs/s", caution="another")
    assert "another" not in workload(str(path)).note
