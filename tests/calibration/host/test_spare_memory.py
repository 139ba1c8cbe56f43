"""What a measurement may take is bounded by the system and by every control group above it."""

import pytest

from cerberus_plan.calibration.host.spare_memory import spare_bytes


def system(tmp_path, cgroup, files, available_kb=8_000_000):
    proc, control = tmp_path / "proc", tmp_path / "cgroup"
    (proc / "self").mkdir(parents=True)
    (proc / "meminfo").write_text(f"MemTotal: 16000000 kB\nMemAvailable: {available_kb} kB\n")
    (proc / "self" / "cgroup").write_text(cgroup)
    for name, text in files.items():
        (control / name).parent.mkdir(parents=True, exist_ok=True)
        (control / name).write_text(text)
    return spare_bytes(proc=proc, control=control)


@pytest.mark.parametrize(
    ("cgroup", "files", "expected"),
    [
        ("0::/\n", {}, 8_000_000 * 1024),
        ("0::/a/b\n", {"a/b/memory.max": "max\n", "a/b/memory.current": "5\n"}, 8_000_000 * 1024),
        ("0::/a/b\n", {"a/memory.max": "1000\n", "a/memory.current": "400\n"}, 600),
        ("0::/a\n", {"memory.max": "100\n", "memory.current": "400\n"}, 0),
        (
            "9:name=systemd:/\n4:memory:/c\n0::/\n",
            {"memory/c/memory.limit_in_bytes": "5000\n", "memory/c/memory.usage_in_bytes": "1000\n"},
            4000,
        ),
    ],
)
def test_the_tightest_bound_counts(tmp_path, cgroup, files, expected):
    """MemAvailable, or the limit of a group less its use, own or above, version 1 or 2."""
    assert system(tmp_path, cgroup, files) == expected


def test_this_system_says_something():
    """On a real host there is memory, and not more than an exabyte."""
    assert 0 < spare_bytes() < 2**60
