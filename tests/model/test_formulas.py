"""Each derived formula against the exact solver."""

from __future__ import annotations

import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cerberus_plan.model.exact import formulas
from cerberus_plan.model.exact.solver import solve
from cerberus_plan.model.laws.allocator_search import AllocatorSearch
from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.queue_lock import QueueLock
from cerberus_plan.model.laws.reader_writer import ReaderWriterLock
from cerberus_plan.model.laws.servers import Servers
from cerberus_plan.model.laws.single_server import Queue
from cerberus_plan.model.laws.station import Station
from cerberus_plan.model.laws.test_and_set import TestAndSetLock
from cerberus_plan.model.laws.ticket_lock import TicketLock
from cerberus_plan.model.network import Instance

THINK = st.floats(1, 50)
STATIONS = st.one_of(
    st.builds(Queue, st.floats(0.1, 5)),
    st.builds(Servers, st.floats(0.5, 5), st.integers(1, 4).map(float)),
    st.builds(QueueLock, st.floats(0.1, 3), handover=st.floats(0, 2)),
    st.builds(AllocatorSearch, st.floats(0.1, 3), search=st.floats(0, 3), width=st.floats(1, 5)),
    st.builds(ReaderWriterLock, st.floats(0.1, 3), line=st.floats(0.1, 1), writes=st.floats(0.01, 1)),
)
COLLAPSING = (TicketLock, TestAndSetLock)


def numbers(station: Station) -> dict[str, float]:
    """Parameters of a station by name."""
    return {name: float(getattr(station, name)) for name in station.parameter_names}


def throughput(think: float, station: Station, threads: int) -> float:
    """Exact throughput of threads that think and visit one station."""
    return solve(instances=[Instance(threads=threads, stations=[Delay(think), station])]).throughput


@pytest.mark.slow
@settings(max_examples=25)
@given(think=THINK, station=STATIONS)
def test_ceiling_and_saturation(think: float, station: Station) -> None:
    """No throughput exceeds either asymptote, many threads reach the ceiling, and they meet at saturation."""
    top = formulas.ceiling(type(station)).value(**numbers(station))
    meeting = formulas.saturation(type(station)).value(think=think, **numbers(station))
    alone = throughput(think, station, 1)
    assert meeting == pytest.approx(top / alone, rel=1e-9)
    for threads in (2, 5, 20):
        bound = threads * alone if _slows_with_company(station) else min(threads * alone, top)
        assert throughput(think, station, threads) <= bound * (1 + 1e-9)
    assert throughput(think, station, 4000) == pytest.approx(top, rel=0.01)


def _slows_with_company(station: Station) -> bool:
    """Whether the law is faster for few, so that few may exceed the ceiling for many."""
    return isinstance(station, AllocatorSearch | QueueLock | ReaderWriterLock)


@pytest.mark.parametrize("law", COLLAPSING)
def test_collapsing_locks_have_no_ceiling(law: type[Station]) -> None:
    """Their throughput goes to nothing."""
    assert formulas.ceiling(law).expression == 0


@pytest.mark.slow
@settings(max_examples=40)
@given(think=st.floats(5, 3000), hold=st.floats(0.05, 5), handover=st.floats(0.2, 10))
def test_throughput_peaks_at_collapse(think: float, hold: float, handover: float) -> None:
    """The exact peak lies within 40 % and one core of the predicted collapse."""
    assume(think > 1.5 * formulas.collapse_threshold().value(hold=hold, handover=handover))
    predicted = formulas.collapse().value(think=think, hold=hold, handover=handover)
    assume(3 <= predicted <= 80)
    lock = TicketLock(hold, handover=handover)
    rates = [throughput(think, lock, threads) for threads in range(1, int(2 * predicted) + 4)]
    peak = 1 + rates.index(max(rates))
    assert 0.6 * predicted - 1 <= peak <= 1.4 * predicted + 1


@pytest.mark.slow
@given(hold=st.floats(0.05, 50), handover=st.floats(0.05, 50))
def test_collapse_begins_where_waiting_begins_at_the_threshold(hold: float, handover: float) -> None:
    """At the threshold both formulas give the same cores."""
    lock = {"hold": hold, "handover": handover}
    think = formulas.collapse_threshold().value(**lock)
    sudden = formulas.collapse().value(think=think, **lock)
    assert sudden == pytest.approx(formulas.onset(TicketLock).value(think=think, **lock), rel=1e-6)


@pytest.mark.slow
def test_sensitivity_identity_is_derived() -> None:
    """Both sides are the same expression."""
    for population in (2, 3, 4):
        left, right = formulas.sensitivity_identity(population)
        assert sympy.simplify(left - right) == 0


def test_hypervisor_ceiling_and_its_elasticities() -> None:
    """Inverse in its cost; larger VMs and more cores lower it."""
    formula = formulas.hypervisor_ceiling()
    assert formulas.elasticity(formula, "hypervisor_operation") == -1
    held = {
        "operations": 1.0, "hypervisor_operation": 7e-7, "hypervisor_per_core": 0.1, "cores_per_chip": 6.0,
        "chip_distance": 0.1,
    }  # fmt: skip
    assert formula.value(m=2, n=48, **held) > formula.value(m=4, n=48, **held)
    assert formula.value(m=2, n=12, **held) > formula.value(m=2, n=48, **held)
    step = 1e-6
    more = formula.value(m=8, n=48, **{**held, "hypervisor_per_core": 0.1 * (1 + step)})
    known = sympy.Symbol("hypervisor_per_core", positive=True)
    slope = formulas.elasticity(formula, "hypervisor_per_core").subs({known: 0.1, sympy.Symbol("m", positive=True): 8})
    assert (more / formula.value(m=8, n=48, **held) - 1) / step == pytest.approx(float(slope), rel=1e-3)


@pytest.mark.slow
@given(think=THINK, hold=st.floats(0.1, 5), calls=st.floats(0.01, 1), trip=st.floats(0.01, 1), n=st.integers(2, 500))
def test_most_useful_vms_balance_locks_and_broadcasts(
    think: float, hold: float, calls: float, trip: float, n: int
) -> None:
    """At that number of VMs both bounds on throughput are the same."""
    vms = formulas.instances_bound().value(
        think=think, hold=hold, address_space_calls=calls, round_trip=trip, n=float(n)
    )
    assume(vms >= 1)
    assert vms / hold == pytest.approx(n / (think + calls * (vms - 1) * trip), rel=1e-6)


def test_formulas_say_what_is_missing() -> None:
    """A symbol without a number is named."""
    with pytest.raises(ValueError, match="no number for hold"):
        formulas.collapse().value(think=1.0, handover=1.0)
    with pytest.raises(ValueError, match="does not contain"):
        formulas.elasticity(formulas.collapse(), "width")
