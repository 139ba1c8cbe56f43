"""Tables of lock users in the layouts of their tools' versions and options."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.programs.demand import Demand
from cerberus_plan.calibration.programs.imports.readers import parse
from cerberus_plan.calibration.programs.serial_locks import serial_locks

HEAD = " contended   total wait     max wait     avg wait"


def read(text: str) -> Demand:
    """The one demand of a text."""
    (demand,) = parse(text, name="made")[1].demands
    return demand


addresses = st.integers(0xFFFF888000000000, 0xFFFFFFFFFFFFFFFF)
microseconds = st.integers(1, 10**8).map(lambda hundredths: hundredths / 100)


@pytest.mark.slow
@given(
    st.dictionaries(addresses, st.tuples(microseconds, st.sampled_from(["", "text_mutex", "&task_struct"])), min_size=1)
)
def test_locks_at_two_addresses_are_never_added(locks: dict[int, tuple[float, str]]) -> None:
    """A lock without a name goes by its address; so does one of the many in objects of a kind (&)."""
    named = [address for address, (_, name) in locks.items() if name == "text_mutex"]
    for address in named[1:]:
        del locks[address]
    text = f"{HEAD}            address   symbol\n\n" + "".join(
        f"  1  {wait:.2f} us   1.00 us  1.00 us   {address:x}   {name} (mutex)\n"
        for address, (wait, name) in locks.items()
    )
    found = read(text).locks
    assert len({lock.name for lock in found}) == len(locks)
    assert sorted(round(lock.wait_s * 1e6, 2) for lock in found) == sorted(wait for wait, _ in locks.values())


@pytest.mark.parametrize(("column", "saying"), [("comm", "threads that waited"), ("owner", "threads that held")])
def test_threads_as_rows(column: str, saying: str) -> None:
    """-t and -o list threads; two of one name stay two."""
    text = (
        f"{HEAD}          pid   {column}\n\n    30   5.10 us   2.10 us   170 ns   4021   server\n"
        "     7   1.10 us   0.90 us   157 ns   -1   Unknown\n     1   1.00 us   1.00 us   1.00 us   4022   server\n"
        "=== owner stack trace ===\n\n    3  31.24 us  13.90 us  10.41 us   mutex   f+0x1\n"
    )
    demand = read(text)
    assert [(lock.name, lock.kind) for lock in demand.locks] == [
        ("server (4021)", "thread"),
        ("Unknown", "thread"),
        ("server (4022)", "thread"),
    ]
    assert saying in demand.notes[1]


def test_separated_owners_and_groups() -> None:
    """-x names its columns, whatever they are."""
    owners = read(
        "# output: contended, total wait, max wait, avg wait, pid, owner\n30, 5100, 2100, 170, 4021, server\n"
    )
    assert [(lock.name, lock.wait_s) for lock in owners.locks] == [("server", pytest.approx(5.1e-6))]
    groups = read(f"{HEAD}   cgroup\n\n 2   3.00 us   2.00 us   1.50 us   /system.slice/a.service\n")
    assert groups.locks[0].name == "/system.slice/a.service"


SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s ": 1.0, "m ": 60.0, "h ": 3600.0}
WAIT, HOLD = (
    f"                               Caller  Avg {what}    Count   Max {what}   Total {what}\n"
    for what in ("Wait", "Hold")
)
EXIT = "Exiting trace of mutex/sem locks\n"


@pytest.mark.slow
@given(
    st.dictionaries(
        st.from_regex(r"[a-z_]{1,12}\+0x[0-9a-f]{1,3}", fullmatch=True),
        st.tuples(st.integers(1, 10**6), st.integers(1, 9999), st.sampled_from(sorted(SECONDS))),
        min_size=1,
        max_size=5,
    ),
    st.booleans(),
)
def test_klockstat_with_units_stacks_and_its_last_line(rows: dict[str, tuple[int, int, str]], stacks: bool) -> None:
    """Totals come back from either kind of row, whatever stands between the rows."""
    text = "Tracing mutex/sem lock events...  Hit Ctrl-C to end\n\n12:00:01\n\n"
    below = "                         do_grow+0x10\n   Max PID 77, COMM my prog, Lock m_lock (0xffffffff91a0b0c0)\n"
    for header in (WAIT, HOLD):
        for i, (caller, (count, tenths, unit)) in enumerate(rows.items()):
            text += header if stacks or not i else ""
            text += f"{caller:>37} {'1.0 us':>9} {count:8d} {'2.0 us':>10} {tenths / 10:9.1f} {unit}\n"
            text += below if stacks else ""
    demand = read(text + EXIT)
    assert {k.name: (k.acquisitions, k.wait_s) for k in demand.locks} == {
        caller: (count, pytest.approx(tenths / 10 * SECONDS[unit])) for caller, (count, tenths, unit) in rows.items()
    }
    assert any("m_lock" in note for note in demand.notes) == stacks


def test_klockstat_by_thread() -> None:
    """-P lists threads, which are no locks and bound nothing."""
    head = "                Tid              Comm  Avg {0}    Count   Max {0}   Total {0}\n"
    row = "               1234       my worker 2      1.5 m         2     1.6 m        3.0 m \n"
    demand = read(head.format("Wait") + row + head.format("Hold") + row + EXIT)
    (lock,) = demand.locks
    assert (lock.name, lock.kind, lock.wait_s, lock.hold_s) == ("my worker 2 (1234)", "thread", 180.0, 180.0)
    assert demand.notes == ("rows are threads, not locks",)
    assert serial_locks(demand) == []


def test_lock_stat_of_kernels_before_3_14() -> None:
    """Version 0.3 has no averages: 10 columns, also where grep left only rows."""
    row = "    &queue->lock-W:  1200  1300  0.90  140.00  9800.00  610000  2018123  0.40  434.00  205111.00\n"
    for text in ("lock_stat version 0.3\n" + row, row):
        (lock,) = read(text).locks
        assert (lock.name, lock.kind, lock.acquisitions) == ("&queue->lock", "write", 2018123.0)
        assert (lock.wait_s, lock.hold_s) == (pytest.approx(9.8e-3), pytest.approx(0.205111))


def test_klockstat_of_older_versions_prints_names_as_bytes() -> None:
    """``b'name'`` of Python is the name."""
    head = "{:>40}   Avg {}  Count   Max {}  Total {}\n"
    row = "  b'flush_to_ldisc+0x22'       2833      2       4210       5667\n   b'process_one_work+0x1a7'\n"
    demand = read("".join(head.format("Caller", w, w.lower(), w.lower()) + row for w in ("Spin", "Hold")))
    (lock,) = demand.locks
    assert (lock.name, lock.acquisitions, lock.hold_s) == ("flush_to_ldisc+0x22", 2, pytest.approx(5.667e-6))
