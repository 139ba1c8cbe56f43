"""System calls are told by family, and none is lost or counted twice."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.programs.call_families import FAMILIES, call_mix
from cerberus_plan.calibration.programs.demand import Demand, SystemCall
from cerberus_plan.calibration.programs.demand_to_workload import CALLS

names = st.sampled_from([*(name for calls in FAMILIES.values() for name in calls), "ioctl", "getpid"])


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
    assert set(CALLS["address_space_calls"]) <= FAMILIES["memory"]
    assert {*CALLS["packets_sent"], *CALLS["packets_received"]} <= FAMILIES["network"]
