"""Which CPUs runs get, how many a container allows, and how busy others keep them."""

import os
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.programs.observe import cpus, quota
from cerberus_plan.calibration.programs.observe import run_plan as observe_plan
from cerberus_plan.model.errors import InputError


def sysfs(folder: Path, places: dict[int, tuple[int, int]]) -> Path:
    """A made-up /sys/devices/system/cpu with (package, core) of each CPU."""
    for cpu, (package, core) in places.items():
        topology = folder / f"cpu{cpu}" / "topology"
        topology.mkdir(parents=True)
        (topology / "physical_package_id").write_text(f"{package}\n")
        (topology / "core_id").write_text(f"{core}\n")
    return folder


def test_cores_come_before_their_second_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two packages of two cores of two threads are filled core by core, package by package."""
    places = {0: (0, 0), 1: (1, 0), 2: (0, 1), 3: (1, 1), 4: (0, 0), 5: (1, 0), 6: (0, 1), 7: (1, 1)}
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(places))
    order = cpus.order(sysfs(tmp_path, places))
    assert order == [0, 2, 1, 3, 4, 6, 5, 7]
    assert cpus.boundaries(order, tmp_path) == [2, 4, 6]
    assert cpus.boundaries(order[:2], tmp_path) == []


def test_without_topology_plain_numbers_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where /sys says nothing, CPUs are taken in order."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {3, 1, 2})
    assert cpus.order(tmp_path) == [1, 2, 3]
    assert cpus.boundaries([1, 2, 3], tmp_path) == []


@given(st.integers(1, 4096))
def test_default_counts_double_up_to_all(available: int) -> None:
    """By default 1, 2, 4, ... and all CPUs are measured."""
    counts = cpus.default_counts(available)
    assert (counts[0], counts[-1]) == (1, available)
    assert counts == sorted(set(counts))
    assert all(later <= 2 * before for before, later in pairwise(counts))


@pytest.mark.parametrize("counts", [[], [0], [5], [-1, 2]])
def test_counts_that_the_host_cannot_give(counts: list[int]) -> None:
    """Core counts must be there and within the CPUs this process may use."""
    with pytest.raises(InputError, match=r"at least one number of cores|may use 1 to 4 CPUs here"):
        cpus.check_counts(counts, 4)


def groups(folder: Path, lines: str, files: dict[str, str]) -> float | None:
    """The quota of a made-up hierarchy of control groups."""
    (folder / "membership").write_text(lines)
    for name, text in files.items():
        path = folder / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return quota.cpu_quota(folder / "membership", folder / "root")


@pytest.mark.parametrize(
    ("lines", "files", "expected"),
    [
        ("0::/a/b\n", {"a/b/cpu.max": "250000 100000\n"}, 2.5),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "400000 100000\n"}, 4.0),
        ("0::/a/b\n", {"a/b/cpu.max": "800000 100000\n", "a/cpu.max": "400000 100000\n"}, 4.0),
        ("0::/\n", {"cpu.max": "50000 100000\n"}, 0.5),
        ("0::/a\n", {"a/cpu.max": "max 100000\n"}, None),
        (
            "4:memory:/m\n1:cpu,cpuacct:/d\n0::/\n",
            {"cpu,cpuacct/d/cpu.cfs_quota_us": "300000\n", "cpu,cpuacct/d/cpu.cfs_period_us": "100000\n"},
            3.0,
        ),
        ("1:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ("0::/gone\n", {"x": ""}, None),
    ],
)
def test_the_tightest_limit_of_a_container_is_found(
    tmp_path: Path, lines: str, files: dict[str, str], expected: float | None
) -> None:
    """Limits of both versions of control groups, at any level, bound the processor time."""
    assert groups(tmp_path, lines, files) == expected


def test_a_system_without_control_groups_has_no_limit(tmp_path: Path) -> None:
    """No membership file means no quota."""
    assert quota.cpu_quota(tmp_path / "none", tmp_path) is None


def test_default_counts_stop_at_the_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container of two and a half CPUs on a big host, 1 and 2 are measured; more only on demand."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(64)))
    monkeypatch.setattr(observe_plan, "cpu_quota", lambda: 2.5)
    assert observe_plan.available(None).counts == (1, 2)
    assert observe_plan.available([4]).counts == (4,)
    monkeypatch.setattr(observe_plan, "cpu_quota", lambda: 0.5)
    assert observe_plan.available(None).counts == (1,)


def test_busy_reads_the_given_cpus_only(tmp_path: Path) -> None:
    """Working time leaves out idle and waiting; stolen time stands apart; old kernels print fewer columns."""
    stat = tmp_path / "stat"
    stat.write_text("cpu 9 9 9 9 9 9 9 9 9 9\ncpu0 100 10 20 999 99 1 2 50 0 0\ncpu1 7 0 0 9\nintr 1\n")
    look = cpus.busy([0], stat)
    assert (look.working_s, look.stolen_s) == (133 * cpus.TICK_S, 50 * cpus.TICK_S)
    assert cpus.busy([1], stat).working_s == 7 * cpus.TICK_S
    assert look.since(look) == cpus.Busy(0.0, 0.0)
    assert cpus.busy([0], tmp_path / "hidden") == cpus.Busy(0.0, 0.0)
