"""System calls are told by family, and none is lost or counted twice."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.programs.call_families import call_mix
from cerberus_plan.calibration.programs.demand import Demand, SystemCall
from cerberus_plan.model.mechanisms import syscalls
from cerberus_plan.model.system_calls import CALLS_OF, CATEGORY_OF, FAMILIES, GROUPS, Category

names = st.sampled_from([*(name for calls in FAMILIES.values() for name in calls), "ioctl", "getpid"])


@pytest.mark.slow
@given(st.dictionaries(names, st.integers(1, 1000)))
def test_every_call_is_in_one_family(counts: dict[str, int]) -> None:
    """The mix adds up to all calls, most frequent first."""
    calls = tuple(SystemCall(name=name, calls=float(count)) for name, count in counts.items())
    mix = call_mix(Demand(system_calls=calls))
    assert sum(mix.values()) == sum(counts.values())
    assert list(mix.values()) == sorted(mix.values(), reverse=True)


def test_families_do_not_overlap() -> None:
    """A call belongs to one family, and those that become operations are in the family of their name."""
    assert max(Counter(name for calls in FAMILIES.values() for name in calls).values()) == 1
    assert set(CALLS_OF["address_space_calls"]) <= FAMILIES["memory"]
    assert {*CALLS_OF["packets_sent"], *CALLS_OF["packets_received"]} <= FAMILIES["network"]


def test_a_call_is_in_one_group_and_all_tables_agree() -> None:
    """What people see, what a workload counts and what a cluster intercepts follow from one table."""
    calls = [call for group in GROUPS for call in group.calls]
    assert len(calls) == len(set(calls))
    for call in ("sendmmsg", "recvmmsg"):
        assert CATEGORY_OF[call] is Category.NETWORK
    assert CATEGORY_OF["mmap2"] is Category.MEMORY
    for operation, names in CALLS_OF.items():
        assert len({CATEGORY_OF[name] for name in names}) == 1, operation


@given(st.sampled_from(CALLS_OF["address_space_calls"]), st.integers(1, 1000))
def test_every_call_of_an_address_space_is_one_in_the_cluster(call: str, count: int) -> None:
    """The mix of calls and the demand of a program count the same calls."""
    assert syscalls.operations({call: float(count)}) == {"address_space_calls": float(count)}
