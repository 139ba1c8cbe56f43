"""A calibration that an earlier one of the same host contradicts is not sure of what it says."""

from dataclasses import replace

import pytest
from example_profile import a_profile
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.store.earlier import contradicts, held_with
from cerberus_plan.model.quantity import Provenance, Quantity


def found(value, spread=1.1, provenance=Provenance.MEASURED):
    return Quantity(
        value=value, unit="s", low=value / spread, high=value * spread, provenance=provenance, source="here"
    )


def profile(value, verdict="stable: quiet", **options):
    return replace(a_profile(), quantities={"handover": found(value, **options)}, run={"verdict": verdict})


values = st.floats(1e-9, 1e-3)
spreads = st.floats(1.0, 3.0)


@pytest.mark.slow
@given(values, spreads, values, spreads)
def test_afterwards_nothing_contradicts(first, wide, second, broad):
    """The value is the new one, and the interval holds its own and, if it did not meet it, the earlier one."""
    before, now = profile(first, spread=wide), profile(second, spread=broad)
    after = held_with(before, now).quantities["handover"]
    assert after.value == second
    assert not contradicts(before.quantities["handover"], after)
    if not contradicts(before.quantities["handover"], now.quantities["handover"]):
        assert after == now.quantities["handover"]


def test_503_and_106_nanoseconds_are_told():
    """Both in the interval, the earlier in the source, and a note for people."""
    after = held_with(profile(503e-9), profile(106e-9))
    quantity = after.quantities["handover"]
    assert quantity.low <= 106e-9
    assert quantity.high >= 503e-9
    assert "found 5.03e-07 s" in quantity.source
    assert "contradicts this one in handover: intervals hold both" in after.notes[-1]


@pytest.mark.parametrize(
    "earlier",
    [
        profile(503e-9, verdict="unstable: other jobs"),
        replace(profile(503e-9), host=replace(a_profile().host, kernel="Linux 5")),
        replace(profile(503e-9), tool={"cerberus-plan": "0.0.1"}),
        profile(503e-9, provenance=Provenance.ASSUMED),
    ],
    ids=["unstable", "another kernel", "another version", "assumed"],
)
def test_what_is_no_evidence_changes_nothing(earlier):
    """An earlier calibration that was disturbed, of another kernel, or no measurement."""
    now = profile(106e-9)
    assert held_with(earlier, now) == now
