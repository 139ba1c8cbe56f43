"""Bytes a unit of work from cache misses: the right events, and the doubt that each deserves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.programs.demand import Demand
from cerberus_plan.calibration.programs.demand_to_workload import workload_of
from cerberus_plan.calibration.programs.memory_traffic import memory_traffic
from cerberus_plan.calibration.store.catalog import parse_workload
from cerberus_plan.calibration.store.workload_file import to_toml

counts = st.floats(1e-3, 1e12)


def traffic(**counters):
    return memory_traffic(Demand(user_s=1.0, counters={n.replace("_", "-"): v for n, v in counters.items()}))


@given(counts, counts, counts)
def test_the_truth_is_between_both_events(loads, stores, misses):
    """Where LLC misses and cache-misses are known, the interval ends at them."""
    found = traffic(LLC_load_misses=loads, LLC_store_misses=stores, cache_misses=misses)["memory_bytes"]
    assert (found.low, found.high) == pytest.approx(tuple(sorted((64 * (loads + stores), 64 * misses))))
    assert found.low <= found.value <= found.high


@given(counts)
def test_one_event_is_doubted_to_the_side_where_it_errs(misses):
    """LLC misses leave out prefetches; cache-misses may be those of the second level."""
    few, many = traffic(LLC_load_misses=misses)["memory_bytes"], traffic(cache_misses=misses)["memory_bytes"]
    assert few.value == few.low == pytest.approx(64 * misses)
    assert few.high > few.value
    assert many.value == many.high == pytest.approx(64 * misses)
    assert many.low < many.value


def test_no_counters_are_no_bytes():
    """Nothing counted is unknown, and the workload says so."""
    assert traffic() == traffic(cycles=1e9, cache_misses=0.0) == {}
    note = workload_of(Demand(user_s=1.0), name="w").note
    assert "What it asks of memory is not known: no cache misses were counted." in note


def test_the_workload_file_keeps_them():
    """Bytes with their interval, written and read back."""
    demand = Demand(user_s=1.0, counters={"LLC-load-misses": 1e6, "LLC-loads": 4e6})
    workload = workload_of(demand, name="w")
    read = parse_workload(to_toml(workload), "w.toml")
    assert read.operations["memory_bytes"].value == pytest.approx(64e6)
    assert read.operations["memory_bytes"].high == pytest.approx(256e6)
    assert read.operations["cache_bytes"].value == pytest.approx(256e6)
    assert "not known" not in read.note
